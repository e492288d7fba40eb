mod bodies;

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

use super::{Administration, Group, TenantReading, said};
use crate::apps::Verdict;
use crate::domain::{Finding, Rollout};
use crate::error::{Error, FieldFault, Result};
use crate::tenancy::tenants::{Listing, NewTenant, TenantEdit};
use crate::tenancy::{Refused, Step};
use crate::web::openapi::{Body, By};
use crate::web::{Parts, limits};

use bodies::{
    AssignDashboards, Branding, CreateTenant, Direction, Made, Metadata, SortBy, StatusIs, Storage, TenantList, UpdateTenant,
};
pub use bodies::{Gone, Tenant};

pub struct Tenants;

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
