//! Who may use the internal API: a machine client by its scopes, and whoever runs the installation by the identity
//! provider's own token.

use poem::{FromRequest, Request, RequestBody};

use super::super::guards::{self, visitor};
use super::super::openapi::{Guard, Scheme};
use crate::domain::Actor;
use crate::error::{Error, Result};
use crate::identity::{Audience, Credential, Identity, Scope};
use crate::web::limits;

/// Who may change the installation.
#[derive(Clone, Debug)]
pub struct Administration(Identity);

impl Administration {
    /// As the audit names this caller.
    pub fn actor(&self) -> &Actor {
        self.0.actor()
    }
}

/// Who may read what is kept of the tenant in the path: the installation's, and the reader of that one tenant.
#[derive(Clone, Debug)]
pub struct TenantReading(());

fn may(identity: &Identity, scope: &Scope) -> bool {
    match identity.credential() {
        Credential::Machine { scopes, .. } => scopes.allow(scope),
        Credential::Provider { .. } => identity.is_operator(),
        Credential::Session(_) | Credential::Tenant { .. } | Credential::Device { .. } => false,
    }
}

async fn caller(request: &Request) -> Result<Identity> {
    visitor(request, Audience::Internal).await?.ok_or(Error::SignedOut)
}

fn refused(request: &Request, identity: &Identity) -> Error {
    match guards::parts(request) {
        Ok(parts) => parts.audit.denied(identity.actor(), "internal API"),
        Err(fault) => return fault,
    }
    Error::Forbidden
}

impl<'a> FromRequest<'a> for Administration {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let identity = caller(request).await?;
        if may(&identity, &Scope::Admin) { Ok(Administration(identity)) } else { Err(refused(request, &identity).into()) }
    }
}

impl<'a> FromRequest<'a> for TenantReading {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let identity = caller(request).await?;
        if may(&identity, &Scope::Admin) {
            return Ok(TenantReading(()));
        }
        let name = request.raw_path_param("param0").unwrap_or_default();
        let tenancy = &guards::parts(request)?.tenancy;
        // The same answer whether there is no such tenant or it is another's.
        match limits::in_time(tenancy.record(name)).await {
            Ok(record) if may(&identity, &Scope::Read(record.tenant.slug.clone())) => Ok(TenantReading(())),
            Ok(_) | Err(Error::NotFound(_)) => Err(refused(request, &identity).into()),
            Err(fault) => Err(fault.into()),
        }
    }
}

impl Guard for Administration {
    const SCHEMES: &'static [Scheme] = &[Scheme::Machine];
}

impl Guard for TenantReading {
    const SCHEMES: &'static [Scheme] = &[Scheme::Machine];
}
