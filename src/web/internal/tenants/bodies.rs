//! What is sent and answered about tenants.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::types::{Example, MaybeUndefined};
use poem_openapi::{ApiResponse, Enum, Object};
use uuid::Uuid;

use crate::tenancy::Status;
use crate::tenancy::tenants::{Record, Sort};

/// How a tenant's pages look.
#[derive(Clone, Debug, Default, Object)]
#[oai(example = true)]
pub(super) struct Branding {
    /// The accent colour, like `#3B82F6`; empty for none.
    pub(super) accent: Option<String>,
    /// A picture file in the tenant's folder; empty for none.
    pub(super) logo: Option<String>,
}

impl Example for Branding {
    fn example() -> Branding {
        Branding { accent: Some("#3B82F6".to_owned()), logo: None }
    }
}

/// Where a tenant's files lie in the storage that pipelines fill. Custom endpoints and apps are given both.
#[derive(Clone, Debug, Default, Object)]
#[oai(example = true)]
pub(super) struct Storage {
    /// What was made for it; `/processed/{id}/` unless set.
    pub(super) processed: Option<String>,
    /// What it sent in; `/uploads/{id}/` unless set.
    pub(super) uploads: Option<String>,
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
pub(super) struct TenantList {
    /// The tenants on this page.
    pub(super) tenants: Vec<Tenant>,
    /// Which page this is, from 1.
    pub(super) page: u32,
    /// How many a page holds at most.
    pub(super) page_size: u32,
    /// How many there are in all.
    pub(super) total: u64,
}

impl Example for TenantList {
    fn example() -> TenantList {
        TenantList { tenants: vec![Tenant::example()], page: 1, page_size: 50, total: 1 }
    }
}

/// What the list is sorted by.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum SortBy {
    Name,
    Slug,
    Status,
    CreatedAt,
    UpdatedAt,
}

impl SortBy {
    pub(super) fn sort(self) -> Sort {
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
pub(super) enum Direction {
    Asc,
    Desc,
}

/// A tenant's state.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "lowercase")]
pub(super) enum StatusIs {
    Draft,
    Provisioning,
    Active,
    Suspended,
    Deleting,
    Failed,
    Missing,
}

impl StatusIs {
    pub(super) fn status(self) -> Status {
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
pub(super) struct CreateTenant {
    /// Its short name, for ever: small letters, digits and single hyphens, 2 to 40 characters, a letter first.
    pub(super) slug: String,
    /// Its name.
    pub(super) name: String,
    /// `active` unless said; `draft` or `suspended`.
    pub(super) status: Option<String>,
    /// Its time zone, like `America/New_York`.
    pub(super) timezone: Option<String>,
    /// How its pages look.
    pub(super) branding: Option<Branding>,
    /// The shared dashboards it is assigned.
    pub(super) dashboards: Option<Vec<String>>,
    /// Where its files lie.
    pub(super) storage: Option<Storage>,
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
pub(super) struct UpdateTenant {
    /// Its name.
    pub(super) name: Option<String>,
    /// `active` or `suspended`.
    pub(super) status: Option<String>,
    /// `legacy`, `canary` or `current`. Out of `legacy` its hosted apps are looked at first, and 409 says what stands against it;
    /// back to `legacy` it goes at once. It counts for the next page that is loaded.
    pub(super) rollout: Option<String>,
    /// Its time zone.
    pub(super) timezone: Option<String>,
    /// How its pages look.
    pub(super) branding: Option<Branding>,
    /// Where its files lie.
    pub(super) storage: Option<Storage>,
    /// `updated_at` as it was read: refused with 409 when somebody changed the tenant since.
    pub(super) updated_at: Option<DateTime<Utc>>,
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
pub(super) struct Metadata {
    /// How its pages look.
    pub(super) branding: Option<Branding>,
    /// Its time zone.
    pub(super) timezone: Option<String>,
    /// What filters are set to for who has saved nothing, by the filter's id: the whole map.
    pub(super) filters: Option<BTreeMap<String, Vec<String>>>,
    /// The panels it sees, by their ids: the whole list, or null for all of them.
    pub(super) visible_components: MaybeUndefined<Vec<String>>,
    /// The shared dashboards it is assigned: the whole list.
    pub(super) dashboards: Option<Vec<String>>,
    /// Where its files lie.
    pub(super) storage: Option<Storage>,
    /// `updated_at` as it was read: refused with 409 when somebody changed the tenant since.
    pub(super) updated_at: Option<DateTime<Utc>>,
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
pub(super) struct AssignDashboards {
    /// Their ids.
    pub(super) dashboards: Vec<String>,
}

impl Example for AssignDashboards {
    fn example() -> AssignDashboards {
        AssignDashboards { dashboards: vec!["customer-ltv".to_owned()] }
    }
}

/// A tenant was made.
#[derive(ApiResponse)]
pub(super) enum Made {
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
