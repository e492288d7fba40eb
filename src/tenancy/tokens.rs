//! Tokens for one tenant: made only from a [`TenantScope`], so that nobody holds one for a tenant they may not read.
//!
//! | to | call |
//! |---|---|
//! | answer `POST /api/token/exchange` | [`Tenancy::exchange`] → [`Exchanged`] or [`NotExchanged`] |
//! | give a hosted app its token | [`Tenancy::app_token`] |
//! | tell another server for whom it makes what a panel shows | [`Tenancy::endpoint_token`] |
//! | answer `POST /api/token/introspect` (RFC 7662) | [`Tenancy::introspect`] → [`Told`], or none for `{"active": false}` |

use std::fmt;

use super::{Denied, Tenancy, TenantScope};
use crate::central::audit::{About, Action};
use crate::central::tenants::{self, Tenant};
use crate::central::{self, Change};
use crate::domain::{CorrelationId, Key, Role, Slug, TenantId};
use crate::identity::{Credential, Grant, Identities, Identity, KeyFault, Minted, Refusal, Scope, Told};

use super::standing::{id, searchable};

/// A token that is good for one tenant.
#[derive(Clone)]
pub struct Exchanged {
    /// The token.
    pub access_token: String,
    /// For how many seconds it is good.
    pub expires_in: i64,
    /// The tenant.
    pub tenant: TenantId,
    /// The tenant's slug.
    pub slug: Slug,
}

impl fmt::Debug for Exchanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanged").field("tenant", &self.slug).field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Why nothing was exchanged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotExchanged {
    /// What was brought is good for one tenant already, and for no other: 403.
    #[error("credentials that are good for one tenant are not exchanged")]
    Bound,
    /// The caller may not open that tenant: 403 as everywhere.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No key signs at this moment: 503.
    #[error(transparent)]
    Keys(#[from] KeyFault),
}

impl From<central::Error> for NotExchanged {
    fn from(error: central::Error) -> NotExchanged {
        NotExchanged::Denied(Denied::Unavailable(error))
    }
}

impl Tenancy {
    /// Exchanges a session, an access token of the identity provider or a machine client's own token for a token that is good
    /// for the tenant of this slug or id alone. It is in the audit before it is handed out.
    ///
    /// # Errors
    /// See [`NotExchanged`].
    pub async fn exchange(
        &self,
        identities: &Identities,
        identity: &Identity,
        tenant: &str,
        correlation: CorrelationId,
    ) -> Result<Exchanged, NotExchanged> {
        let scope = match identity.credential() {
            Credential::Tenant { .. } | Credential::Device { .. } => {
                self.audit().denied(identity.actor(), tenant);
                return Err(NotExchanged::Bound);
            }
            Credential::Machine { .. } => self.scope_of_machine(identity, tenant, correlation).await?,
            Credential::Session(_) | Credential::Provider { .. } => {
                TenantScope::authorize(self, identity, tenant, correlation).await?
            }
        };
        let Minted { token, jti, lasts } = identities.mint_for_tenant(identity, &self.grant(&scope)).await?;
        let change = Change::open(self.central(), identity.actor()).await?;
        let about = About::target(scope.slug()).in_tenant(scope.tenant()).with("jti", jti).with("seconds", lasts.num_seconds());
        change.commit(Action::TokenExchange, about).await?;
        Ok(Exchanged { access_token: token, expires_in: lasts.num_seconds(), tenant: scope.tenant(), slug: scope.slug().clone() })
    }

    /// The token that a hosted app is called with (`aud = dash:{app}`), made anew when half its life is over. It never
    /// reaches a browser.
    ///
    /// # Errors
    /// [`KeyFault`] when no key signs at this moment.
    pub async fn app_token(&self, identities: &Identities, scope: &TenantScope, app: &Key) -> Result<String, KeyFault> {
        Ok(identities.mint_for_app(scope.identity(), &self.grant(scope), app).await?.token)
    }

    /// The token that another server is called with when it makes what a panel shows (`aud = endpoint:{host}`), made anew
    /// when half its life is over. It never reaches a browser.
    ///
    /// # Errors
    /// [`KeyFault`] when no key signs at this moment.
    pub async fn endpoint_token(&self, identities: &Identities, scope: &TenantScope, host: &str) -> Result<String, KeyFault> {
        Ok(identities.mint_for_endpoint(scope.identity(), &self.grant(scope), host).await?.token)
    }

    /// A token for a hosted app that the installation itself tries it with: as a viewer of the tenant would bring it, and
    /// nobody's. It is for the upstream alone; no route hands it to a caller.
    ///
    /// # Errors
    /// [`KeyFault`] when no key signs at this moment.
    pub(crate) async fn trial_token(
        &self,
        identities: &Identities,
        tenant: &Tenant,
        catalog: Option<String>,
        app: &Key,
    ) -> Result<String, KeyFault> {
        let env = self.0.house.env.as_str().to_owned();
        let grant = Grant { tenant: tenant.id, slug: tenant.slug.clone(), role: Role::Viewer, env, catalog };
        Ok(identities.mint_trial(&grant, app).await?.token)
    }

    /// Whether a token of ours is still good, and what it says: its signature, its time, its bearer and tenant, and that the
    /// bearer may still open the tenant. None when it is not, for whatever reason.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer: whoever asks must then take it as not good.
    pub async fn introspect(
        &self,
        identities: &Identities,
        token: &str,
        correlation: CorrelationId,
    ) -> Result<Option<Told>, central::Error> {
        let examined = match identities.introspected(token, correlation).await {
            Ok(examined) => examined,
            Err(Refusal::Unavailable(error)) => return Err(error),
            Err(Refusal::Bad(reason)) => {
                tracing::info!(reason, correlation_id = %correlation, "a token was asked about that is not good");
                return Ok(None);
            }
        };
        let Credential::Tenant { tenant, role, .. } = examined.identity.credential() else {
            return Ok(Some(examined.told(Role::Viewer)));
        };
        let (tenant, role) = (*tenant, *role);
        let standing = self.standing(&examined.identity, &tenant.to_string()).await?;
        Ok(standing.map(|standing| examined.told(standing.role.min(role))))
    }

    /// A machine has no membership: its scope names the tenant, and it comes as a viewer.
    async fn scope_of_machine(
        &self,
        identity: &Identity,
        tenant: &str,
        correlation: CorrelationId,
    ) -> Result<TenantScope, NotExchanged> {
        let found = tenants::standing(self.central(), identity.user(), &searchable(tenant), id(tenant)).await?;
        let Credential::Machine { scopes, .. } = identity.credential() else { return Err(NotExchanged::Bound) };
        let Some((tenant, _)) = found.filter(|(tenant, _)| scopes.allow(&Scope::Read(tenant.slug.clone()))) else {
            self.audit().denied(identity.actor(), tenant);
            return Err(Denied::NotYours.into());
        };
        let viewer = identity.as_viewer_of(tenant.id);
        Ok(TenantScope::authorize(self, &viewer, tenant.slug.as_str(), correlation).await?)
    }

    fn grant(&self, scope: &TenantScope) -> Grant {
        Grant {
            tenant: scope.tenant(),
            slug: scope.slug().clone(),
            role: scope.role(),
            env: self.0.house.env.as_str().to_owned(),
            catalog: scope.catalog().map(str::to_owned),
        }
    }
}
