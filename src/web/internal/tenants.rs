use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{Example, MaybeUndefined};
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use uuid::Uuid;

use super::{Administration, Group, TenantReading, said};
use crate::apps::Verdict;
use crate::domain::{Finding, Rollout};
use crate::error::{Error, FieldFault, Result};
use crate::tenancy::tenants::{Listing, NewTenant, Record, Sort, TenantEdit};
use crate::tenancy::{Refused, Status, Step};
use crate::web::openapi::{Body, By};
use crate::web::{Parts, limits};

pub struct Tenants;

/// How a tenant's pages look.
#[derive(Clone, Debug, Default, Object)]
#[oai(example = true)]
struct Branding {
    /// The accent colour, like `#3B82F6`; empty for none.
    accent: Option<String>,
    /// A picture file in the tenant's folder; empty for none.
    logo: Option<String>,
}

impl Example for Branding {
    fn example() -> Branding {
        Branding { accent: Some("#3B82F6".to_owned()), logo: None }
    }
}

/// Where a tenant's files lie in the storage that pipelines fill. Custom endpoints and apps are given both.
#[derive(Clone, Debug, Default, Object)]
#[oai(example = true)]
struct Storage {
    /// What was made for it; `/processed/{id}/` unless set.
    processed: Option<String>,
    /// What it sent in; `/uploads/{id}/` unless set.
    uploads: Option<String>,
}

impl Example for Storage {
    fn example() -> Storage {
        Storage { processed: Some("/processed/acme-corp/".to_owned()), uploads: Some("/uploads/acme-corp/".to_owned()) }
    }
}

/// A tenant.
#[derive(Debug, Object)]
#[oai(example = true)]
pub struct Tenant {
    /// Its id.
    id: Uuid,
    /// Its short name, as it stands in addresses.
    slug: String,
    /// Its name.
    name: String,
    /// `draft`, `provisioning`, `active`, `suspended`, `deleting`, `failed` or `missing` (its folder is gone).
    status: String,
    /// By which flow its hosted apps are reached: `legacy`, `canary` or `current`.
    rollout: String,
    /// Its time zone; UTC where there is none.
    timezone: Option<String>,
    /// How its pages look.
    branding: Branding,
    /// The shared dashboards it sees: those its file names, and those assigned to it.
    dashboards: Vec<String>,
    /// Those of them that are assigned.
    assigned_dashboards: Vec<String>,
    /// What filters are set to for who has saved nothing, by the filter's id.
    filters: BTreeMap<String, Vec<String>>,
    /// The panels it sees; null for all of them.
    visible_components: Option<Vec<String>>,
    /// Where its files lie.
    storage: Storage,
    /// The fields that its file sets; they are changed there alone.
    set_by_file: Vec<String>,
    /// Since when it is known.
    created_at: DateTime<Utc>,
    /// When it was changed last.
    updated_at: DateTime<Utc>,
}

impl Tenant {
    pub fn of(record: Record) -> Tenant {
        let Record { tenant, created_at, updated_at } = record;
        let (dashboards, config) = (tenant.config.shown(), tenant.config);
        Tenant {
            id: tenant.id.0,
            slug: tenant.slug.to_string(),
            name: tenant.name,
            status: tenant.status.as_str().to_owned(),
            rollout: tenant.rollout.as_str().to_owned(),
            timezone: config.zone,
            branding: Branding { accent: config.brand.accent, logo: config.brand.logo },
            dashboards,
            assigned_dashboards: config.assigned,
            filters: config.filters,
            visible_components: config.components,
            storage: Storage {
                processed: Some(config.storage.processed(tenant.id)),
                uploads: Some(config.storage.uploads(tenant.id)),
            },
            set_by_file: config.owned,
            created_at,
            updated_at,
        }
    }
}

impl Example for Tenant {
    fn example() -> Tenant {
        let at = DateTime::from_timestamp(1_795_600_000, 0).unwrap_or_default();
        Tenant {
            id: Uuid::from_u128(0x0191_f2b4_6c1e_7d2a_9f60_1c2f_5a7e_8b90),
            slug: "acme-corp".to_owned(),
            name: "Acme Corp".to_owned(),
            status: "active".to_owned(),
            rollout: "current".to_owned(),
            timezone: Some("America/New_York".to_owned()),
            branding: Branding::example(),
            dashboards: vec!["customer-ltv".to_owned()],
            assigned_dashboards: vec!["customer-ltv".to_owned()],
            filters: BTreeMap::from([("region".to_owned(), vec!["emea".to_owned()])]),
            visible_components: None,
            storage: Storage::example(),
            set_by_file: Vec::new(),
            created_at: at,
            updated_at: at,
        }
    }
}

/// One page of tenants.
#[derive(Debug, Object)]
#[oai(example = true)]
struct TenantList {
    /// The tenants on this page.
    tenants: Vec<Tenant>,
    /// Which page this is, from 1.
    page: u32,
    /// How many a page holds at most.
    page_size: u32,
    /// How many there are in all.
    total: u64,
}

impl Example for TenantList {
    fn example() -> TenantList {
        TenantList { tenants: vec![Tenant::example()], page: 1, page_size: 50, total: 1 }
    }
}

/// What the list is sorted by.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "snake_case")]
enum SortBy {
    Name,
    Slug,
    Status,
    CreatedAt,
    UpdatedAt,
}

impl SortBy {
    fn sort(self) -> Sort {
        match self {
            SortBy::Name => Sort::Name,
            SortBy::Slug => Sort::Slug,
            SortBy::Status => Sort::Status,
            SortBy::CreatedAt => Sort::CreatedAt,
            SortBy::UpdatedAt => Sort::UpdatedAt,
        }
    }
}

/// Which end of the list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum Direction {
    Asc,
    Desc,
}

/// A tenant's state.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "lowercase")]
enum StatusIs {
    Draft,
    Provisioning,
    Active,
    Suspended,
    Deleting,
    Failed,
    Missing,
}

impl StatusIs {
    fn status(self) -> Status {
        match self {
            StatusIs::Draft => Status::Draft,
            StatusIs::Provisioning => Status::Provisioning,
            StatusIs::Active => Status::Active,
            StatusIs::Suspended => Status::Suspended,
            StatusIs::Deleting => Status::Deleting,
            StatusIs::Failed => Status::Failed,
            StatusIs::Missing => Status::Missing,
        }
    }
}

/// A tenant to make.
#[derive(Debug, Object)]
#[oai(example = true)]
struct CreateTenant {
    /// Its short name, for ever: small letters, digits and single hyphens, 2 to 40 characters, a letter first.
    slug: String,
    /// Its name.
    name: String,
    /// `active` unless said; `draft` or `suspended`.
    status: Option<String>,
    /// Its time zone, like `America/New_York`.
    timezone: Option<String>,
    /// How its pages look.
    branding: Option<Branding>,
    /// The shared dashboards it is assigned.
    dashboards: Option<Vec<String>>,
    /// Where its files lie.
    storage: Option<Storage>,
}

impl Example for CreateTenant {
    fn example() -> CreateTenant {
        CreateTenant {
            slug: "acme-corp".to_owned(),
            name: "Acme Corp".to_owned(),
            status: None,
            timezone: Some("America/New_York".to_owned()),
            branding: None,
            dashboards: None,
            storage: None,
        }
    }
}

/// What is to be changed of a tenant; what is not sent stays, an empty text takes away.
#[derive(Debug, Object)]
#[oai(example = true)]
struct UpdateTenant {
    /// Its name.
    name: Option<String>,
    /// `active` or `suspended`.
    status: Option<String>,
    /// `legacy`, `canary` or `current`. Out of `legacy` its hosted apps are looked at first, and 409 says what stands against it;
    /// back to `legacy` it goes at once. It counts for the next page that is loaded.
    rollout: Option<String>,
    /// Its time zone.
    timezone: Option<String>,
    /// How its pages look.
    branding: Option<Branding>,
    /// Where its files lie.
    storage: Option<Storage>,
    /// `updated_at` as it was read: refused with 409 when somebody changed the tenant since.
    updated_at: Option<DateTime<Utc>>,
}

impl Example for UpdateTenant {
    fn example() -> UpdateTenant {
        UpdateTenant {
            name: Some("Acme Corporation".to_owned()),
            status: None,
            rollout: None,
            timezone: None,
            branding: None,
            storage: None,
            updated_at: None,
        }
    }
}

/// What is known of a tenant beside its name and state; what is not sent stays.
#[derive(Debug, Object)]
#[oai(example = true)]
struct Metadata {
    /// How its pages look.
    branding: Option<Branding>,
    /// Its time zone.
    timezone: Option<String>,
    /// What filters are set to for who has saved nothing, by the filter's id: the whole map.
    filters: Option<BTreeMap<String, Vec<String>>>,
    /// The panels it sees, by their ids: the whole list, or null for all of them.
    visible_components: MaybeUndefined<Vec<String>>,
    /// The shared dashboards it is assigned: the whole list.
    dashboards: Option<Vec<String>>,
    /// Where its files lie.
    storage: Option<Storage>,
    /// `updated_at` as it was read: refused with 409 when somebody changed the tenant since.
    updated_at: Option<DateTime<Utc>>,
}

impl Example for Metadata {
    fn example() -> Metadata {
        Metadata {
            branding: Some(Branding::example()),
            timezone: None,
            filters: Some(BTreeMap::from([("region".to_owned(), vec!["emea".to_owned()])])),
            visible_components: MaybeUndefined::Value(vec!["revenue".to_owned(), "customers".to_owned()]),
            dashboards: None,
            storage: None,
            updated_at: None,
        }
    }
}

/// The shared dashboards a tenant is assigned: the whole list.
#[derive(Debug, Object)]
#[oai(example = true)]
struct AssignDashboards {
    /// Their ids.
    dashboards: Vec<String>,
}

impl Example for AssignDashboards {
    fn example() -> AssignDashboards {
        AssignDashboards { dashboards: vec!["customer-ltv".to_owned()] }
    }
}

/// A tenant was made.
#[derive(ApiResponse)]
enum Made {
    /// The tenant.
    #[oai(status = 201)]
    Tenant(
        Json<Tenant>,
        /// Its address here.
        #[oai(header = "Location")]
        String,
    ),
}

/// It is gone.
#[derive(ApiResponse)]
pub enum Gone {
    /// It is gone.
    #[oai(status = 204)]
    Gone,
}

fn look(branding: Option<Branding>, storage: Option<Storage>) -> TenantEdit {
    let (branding, storage) = (branding.unwrap_or_default(), storage.unwrap_or_default());
    TenantEdit {
        accent: branding.accent,
        logo: branding.logo,
        processed: storage.processed,
        uploads: storage.uploads,
        ..TenantEdit::default()
    }
}

/// The step to the flow of this word; none where the tenant is on it. Apps are looked at only when the rest can be done.
async fn step(parts: &Parts, id: &str, word: &str, rest: &TenantEdit) -> Result<Option<Step>> {
    let fault = |message: String| FieldFault { field: "rollout".to_owned(), message };
    let mut faults = limits::in_time(parts.tenancy.faults(id, rest)).await?;
    let to: Option<Rollout> = word.parse().ok();
    if to.is_none() {
        faults.push(fault("a flow is legacy, canary or current".to_owned()));
    }
    let Some(to) = to.filter(|_| faults.is_empty()) else { return Err(Error::Invalid(faults)) };
    let record = limits::in_time(parts.tenancy.record(id)).await?;
    if record.tenant.rollout == to {
        return Ok(None);
    }
    match parts.preflight().step(&record, to).await.map_err(Refused::from)? {
        Verdict::Go(step, _) => Ok(Some(step)),
        Verdict::Stay(findings) => {
            let told = |finding: Finding| fault(format!("{}; {}", finding.what, finding.fix));
            let faults = findings.into_iter().filter(Finding::is_bad).map(told).collect();
            Err(Error::Unready { what: format!("{} stays on {}", record.tenant.slug, record.tenant.rollout), faults })
        }
    }
}

/// Assigned is only what there is to see.
fn known(parts: &Parts, keys: Option<&Vec<String>>) -> Result<()> {
    let catalog = parts.catalog.now();
    let shared: Vec<String> = catalog.shared().into_iter().map(|title| title.key.to_string()).collect();
    let Some(strange) = keys.into_iter().flatten().find(|key| !shared.contains(key)) else { return Ok(()) };
    let strange: String = strange.chars().filter(|c| !c.is_control()).take(60).collect();
    let message = format!("there is no shared dashboard “{strange}”; there are: {}", shared.join(", "));
    Err(Error::Invalid(vec![FieldFault { field: "dashboards".to_owned(), message }]))
}

#[OpenApi(tag = "Group::Tenants")]
impl Tenants {
    /// The tenants, in every state.
    #[oai(path = "/admin/tenants", method = "get", operation_id = "list_tenants")]
    #[allow(clippy::too_many_arguments)]
    async fn list(
        &self,
        _who: By<Administration>,
        Data(parts): Data<&Arc<Parts>>,
        /// Looked for in names and slugs.
        q: Query<Option<String>>,
        /// Only those in this state.
        status: Query<Option<StatusIs>>,
        /// What the list is sorted by; the name unless said.
        sort: Query<Option<SortBy>>,
        /// Which end comes first.
        dir: Query<Option<Direction>>,
        /// Which page, from 1.
        page: Query<Option<u32>>,
        /// How many a page holds: 50 unless said, at most 200.
        page_size: Query<Option<u32>>,
    ) -> Result<Json<TenantList>> {
        let listing = Listing {
            search: q.0.as_deref(),
            status: status.0.map(StatusIs::status),
            sort: sort.0.map(SortBy::sort).unwrap_or_default(),
            descending: dir.0 == Some(Direction::Desc),
            page: page.0.unwrap_or(1),
            size: page_size.0.unwrap_or(50),
        };
        let found = limits::in_time(parts.tenancy.records(listing)).await?;
        let (page, page_size, total) = (found.number, found.size, found.total);
        Ok(Json(TenantList { tenants: found.items.into_iter().map(Tenant::of).collect(), page, page_size, total }))
    }

    /// Make a tenant.
    ///
    /// It is a row of the central database; a folder of its slug in the tenants folder, made later, wins field by field.
    #[oai(path = "/admin/tenants", method = "post", operation_id = "create_tenant")]
    async fn create(&self, who: By<Administration>, Data(parts): Data<&Arc<Parts>>, tenant: Body<CreateTenant>) -> Result<Made> {
        let CreateTenant { slug, name, status, timezone, branding, dashboards, storage } = tenant.0;
        known(parts, dashboards.as_ref())?;
        let rest = TenantEdit { timezone, dashboards, ..look(branding, storage) };
        let record = limits::in_time(parts.tenancy.create(who.0.actor(), NewTenant { slug, name, status, rest })).await?;
        let at = format!("/admin/tenants/{}", record.tenant.id);
        Ok(Made::Tenant(Json(Tenant::of(record)), at))
    }

    /// One tenant.
    #[oai(path = "/admin/tenants/:id", method = "get", operation_id = "get_tenant")]
    async fn show(
        &self,
        _who: By<TenantReading>,
        Data(parts): Data<&Arc<Parts>>,
        /// Its id or slug.
        id: Path<String>,
    ) -> Result<Json<Tenant>> {
        Ok(Json(Tenant::of(limits::in_time(parts.tenancy.record(&id)).await?)))
    }

    /// Change a tenant.
    ///
    /// What is not sent stays. What the tenant's file sets is changed there alone: 409 names the file.
    #[oai(path = "/admin/tenants/:id", method = "put", operation_id = "update_tenant")]
    async fn update(
        &self,
        who: By<Administration>,
        Data(parts): Data<&Arc<Parts>>,
        /// Its id or slug.
        id: Path<String>,
        tenant: Body<UpdateTenant>,
    ) -> Result<Json<Tenant>> {
        let UpdateTenant { name, status, rollout, timezone, branding, storage, updated_at } = tenant.0;
        let mut edit = TenantEdit { name, status, timezone, seen: updated_at, ..look(branding, storage) };
        if let Some(word) = rollout {
            edit.rollout = step(parts, &id, &word, &edit).await?;
        }
        Ok(Json(Tenant::of(limits::in_time(parts.tenancy.edit(who.0.actor(), &id, &edit)).await?)))
    }

    /// Forget a tenant.
    ///
    /// Its own database and its folder are not touched, and its folder does not bring it back.
    #[oai(path = "/admin/tenants/:id", method = "delete", operation_id = "delete_tenant")]
    async fn delete(
        &self,
        who: By<Administration>,
        Data(parts): Data<&Arc<Parts>>,
        /// Its id or slug.
        id: Path<String>,
    ) -> Result<Gone> {
        limits::in_time(parts.tenancy.forget(who.0.actor(), &id)).await?;
        Ok(Gone::Gone)
    }

    /// Say what is known of a tenant: brand, filters, visible components, dashboards, storage.
    #[oai(path = "/admin/tenants/:id/metadata", method = "post", operation_id = "set_metadata")]
    async fn metadata(
        &self,
        who: By<Administration>,
        Data(parts): Data<&Arc<Parts>>,
        /// Its id or slug.
        id: Path<String>,
        metadata: Body<Metadata>,
    ) -> Result<Json<Tenant>> {
        let Metadata { branding, timezone, filters, visible_components, dashboards, storage, updated_at } = metadata.0;
        known(parts, dashboards.as_ref())?;
        let components = said(visible_components);
        let edit = TenantEdit { timezone, filters, components, dashboards, seen: updated_at, ..look(branding, storage) };
        Ok(Json(Tenant::of(limits::in_time(parts.tenancy.edit(who.0.actor(), &id, &edit)).await?)))
    }

    /// Assign shared dashboards to a tenant.
    ///
    /// The whole list: what it does not name is taken away. What the tenant's file names stays beside it.
    #[oai(path = "/admin/tenants/:id/dashboards", method = "post", operation_id = "assign_dashboards")]
    async fn dashboards(
        &self,
        who: By<Administration>,
        Data(parts): Data<&Arc<Parts>>,
        /// Its id or slug.
        id: Path<String>,
        list: Body<AssignDashboards>,
    ) -> Result<Json<Tenant>> {
        known(parts, Some(&list.0.dashboards))?;
        let edit = TenantEdit { dashboards: Some(list.0.dashboards), ..TenantEdit::default() };
        Ok(Json(Tenant::of(limits::in_time(parts.tenancy.edit(who.0.actor(), &id, &edit)).await?)))
    }
}
