//! Whose data: a tenant, and the proof that this caller may read it.

use crate::datastore::Datastore;
use crate::domain::{CorrelationId, Role, Slug, TenantId};
use crate::identity::Identity;
use chrono_tz::Tz;

/// Proof that this identity may read this tenant. Its fields are private; `TenantScope::authorize` is the only way in.
#[derive(Clone, Debug)]
pub struct TenantScope {
    tenant: TenantId,
    slug: Slug,
    name: String,
    zone: Tz,
    role: Role,
    datastore: Option<Datastore>,
    correlation: CorrelationId,
    identity: Identity,
}

impl TenantScope {
    /// The tenant's id.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
    /// The tenant's slug.
    pub fn slug(&self) -> &Slug {
        &self.slug
    }
    /// The tenant's name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The tenant's zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }
    /// What the caller may do here.
    pub fn role(&self) -> Role {
        self.role
    }
    /// The tenant's primary datastore in this environment, if it has one.
    pub fn datastore(&self) -> Option<&Datastore> {
        self.datastore.as_ref()
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
