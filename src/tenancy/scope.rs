use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Tz;

use crate::central::audit::{About, Action};
use crate::central::tenants::{Brand, Status};
use crate::central::{self, Change, sessions};
use crate::datastore::Datastore;
use crate::domain::{CorrelationId, Key, Role, Rollout, Slug, TenantId};
use crate::identity::{Credential, Identity};

use super::Tenancy;
use super::standing::Standing;

/// How often one person's look at one dashboard is noted.
const VIEW: TimeDelta = TimeDelta::minutes(5);
/// The header in which another server is told where lies what pipelines made for the tenant, see [`TenantScope::storage`].
pub const STORAGE_PROCESSED: &str = "x-tenant-storage-processed";
/// And where lies what it sent in.
pub const STORAGE_UPLOADS: &str = "x-tenant-storage-uploads";
/// Longer than any session lasts.
const SESSION: TimeDelta = TimeDelta::days(30);

/// Proof that this identity may read this tenant. Its fields are private; [`TenantScope::authorize`] is the only way in:
///
/// ```compile_fail
/// use loggia::domain::Role;
/// use loggia::tenancy::TenantScope;
/// fn promote(scope: TenantScope) -> TenantScope {
///     TenantScope { role: Role::Admin, ..scope }
/// }
/// ```
///
/// Reading what it proves is everybody's:
///
/// ```
/// use loggia::domain::Role;
/// use loggia::tenancy::TenantScope;
/// fn promoted(scope: TenantScope) -> bool {
///     scope.role() == Role::Admin
/// }
/// ```
#[derive(Clone, Debug)]
pub struct TenantScope {
    standing: Arc<Standing>,
    role: Role,
    zone: Tz,
    correlation: CorrelationId,
    identity: Identity,
}

/// Why a tenant was not opened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Denied {
    /// The caller is no member, or there is no such tenant: which of them is told to nobody.
    #[error("no tenant of this caller")]
    NotYours,
    /// The caller is a member, and the tenant is not active.
    #[error("{name} is not active")]
    Suspended {
        /// The tenant's name.
        name: String,
    },
    /// The central database could not be asked.
    #[error(transparent)]
    Unavailable(#[from] central::Error),
}

impl TenantScope {
    /// Proves that the caller may read the tenant of this slug (or id). A denial is noted in the audit, with the same
    /// record whether or not there is such a tenant.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn authorize(
        tenancy: &Tenancy,
        identity: &Identity,
        slug: &str,
        correlation: CorrelationId,
    ) -> Result<TenantScope, Denied> {
        let standing = tenancy.standing(identity, slug).await?;
        // credentials for one tenant open no other, whatever their bearer could open without them
        let bound = |standing: &Arc<Standing>| identity.bound_to().is_none_or(|tenant| tenant == standing.tenant.id);
        let Some(standing) = standing.filter(bound) else {
            tenancy.audit().denied(identity.actor(), slug);
            return Err(Denied::NotYours);
        };
        let tenant = &standing.tenant;
        if tenant.status != Status::Active {
            return Err(Denied::Suspended { name: tenant.name.clone() });
        }
        if standing.role == Role::Operator {
            let key = format!("operator {} {}", identity.credential().name(), tenant.id);
            let about = About::target(&tenant.slug).in_tenant(tenant.id);
            tenancy.audit().once(key, SESSION, identity.actor(), Action::OperatorAccess, about);
        }
        let zone = tenant.config.zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC);
        let role = match identity.credential() {
            Credential::Tenant { role, .. } => standing.role.min(*role),
            _ => standing.role,
        };
        Ok(TenantScope { role, zone, correlation, identity: identity.clone(), standing })
    }

    /// The tenant's id.
    pub fn tenant(&self) -> TenantId {
        self.standing.tenant.id
    }

    /// The tenant's slug.
    pub fn slug(&self) -> &Slug {
        &self.standing.tenant.slug
    }

    /// The tenant's name.
    pub fn name(&self) -> &str {
        &self.standing.tenant.name
    }

    /// The tenant's zone; UTC when it has none.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// What the tenant looks like.
    pub fn brand(&self) -> &Brand {
        &self.standing.tenant.config.brand
    }

    /// The shared dashboards the tenant uses.
    pub fn dashboards(&self) -> &[String] {
        &self.standing.dashboards
    }

    /// The apps the tenant's file names.
    pub fn apps(&self) -> &[String] {
        &self.standing.tenant.config.apps
    }

    /// By which flow the tenant's hosted apps are reached.
    pub fn rollout(&self) -> Rollout {
        self.standing.tenant.rollout
    }

    /// Whether the caller sees apps that no dashboard shows: a wall screen sees its list of dashboards alone.
    pub fn shows_apps(&self) -> bool {
        !matches!(self.identity.credential(), Credential::Device { .. })
    }

    /// What a filter is set to for who has saved nothing of their own.
    pub fn preset(&self, filter: &Key) -> Option<&[String]> {
        self.standing.tenant.config.filters.get(filter.as_str()).map(Vec::as_slice)
    }

    /// Whether the tenant sees this panel.
    pub fn has_component(&self, panel: &Key) -> bool {
        let list = self.standing.tenant.config.components.as_ref();
        list.is_none_or(|list| list.iter().any(|id| id == panel.as_str()))
    }

    /// Where the tenant's files lie in the storage that pipelines fill: what was made for it, and what it sent in.
    pub fn storage(&self) -> (String, String) {
        let storage = &self.standing.tenant.config.storage;
        (storage.processed(self.tenant()), storage.uploads(self.tenant()))
    }

    /// Whether this dashboard may be shown to the caller: a wall screen was given a list, everybody else sees all.
    pub fn shows(&self, dashboard: &Key) -> bool {
        match self.identity.credential() {
            Credential::Device { dashboards, .. } => dashboards.contains(dashboard),
            _ => true,
        }
    }

    /// What the caller may do here.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The tenant's primary datastore in this environment, if it has one that can be opened.
    pub fn datastore(&self) -> Option<&Datastore> {
        self.standing.datastore.as_ref()
    }

    /// The catalog of the tenant's primary datastore (`uc_catalog`), whether or not it can be opened.
    pub fn catalog(&self) -> Option<&str> {
        self.standing.catalog.as_deref()
    }

    /// Why the tenant's datastore cannot be opened, for authors and the log.
    pub fn datastore_fault(&self) -> Option<&str> {
        self.standing.fault.as_deref()
    }

    /// The request.
    pub fn correlation(&self) -> CorrelationId {
        self.correlation
    }

    /// The caller.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl Tenancy {
    /// Notes that somebody looks at a dashboard: once in five minutes per session.
    pub fn viewed(&self, scope: &TenantScope, dashboard: &Key) {
        let identity = scope.identity();
        let key = format!("view {} {} {dashboard}", identity.credential().name(), scope.tenant());
        let about = About::target(dashboard).in_tenant(scope.tenant());
        self.audit().once(key, VIEW, identity.actor(), Action::ViewDashboard, about);
    }

    /// Notes that somebody read a report.
    pub fn reported(&self, scope: &TenantScope, what: &Key) {
        let about = About::target(what).in_tenant(scope.tenant());
        self.audit().push(scope.identity().actor(), Action::ViewReport, about);
    }

    /// Notes that somebody took data away, and in which format.
    pub fn exported(&self, scope: &TenantScope, what: &Key, format: &str) {
        let about = About::target(what).in_tenant(scope.tenant()).with("format", format);
        self.audit().push(scope.identity().actor(), Action::Export, about);
    }

    /// Makes this tenant the one that `/api/v1` calls of the session mean. Only a session can be told; false for a caller
    /// that came by anything else.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn select(&self, scope: &TenantScope) -> Result<bool, central::Error> {
        let identity = scope.identity();
        let Some(session) = identity.session() else { return Ok(false) };
        let change = Change::open(self.central(), identity.actor()).await?;
        sessions::select(&change, session.as_str(), scope.tenant()).await?;
        change.commit(Action::SelectTenant, About::target(scope.slug()).in_tenant(scope.tenant())).await?;
        Ok(true)
    }
}
