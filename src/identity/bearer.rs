use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::claims::{Claims, TenantClaims};
use super::machines::Machine;
use super::tokens::{API, INTERNAL, TRIAL, TRIAL_NAME};
use super::{Credential, Identities, Identity, Scope, Scopes, claims};
use crate::central::devices::{self, Device};
use crate::central::tenants::{self, Status, Tenant};
use crate::central::users::{self, User};
use crate::central::{Error, Table, machine_clients};
use crate::domain::{Actor, ActorKind, CorrelationId, Role, TenantId, UserId};

/// How long who bears a token, and for which tenant, is remembered without asking the central database again.
const FRESH: TimeDelta = TimeDelta::seconds(5);

/// For whom a token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The public API and the pages: `loggia:api`.
    Api,
    /// The internal API: `loggia:internal`.
    Internal,
    /// Where tokens are exchanged: what the public API takes, and machine clients' own tokens.
    Exchange,
}

impl Audience {
    fn takes(self, aud: &str) -> bool {
        match self {
            Audience::Api => aud == API,
            Audience::Internal => aud == INTERNAL,
            Audience::Exchange => aud == API || aud == INTERNAL,
        }
    }
}

/// Why a bearer token was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not good; the words are for the log, the caller learns no more than that.
    #[error("{0}")]
    Bad(String),
    /// The central database could not be asked.
    #[error(transparent)]
    Unavailable(#[from] Error),
}

/// A token of ours that is good, and who brings it.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    pub(crate) identity: Identity,
    claims: Claims,
}

/// Who bears a token and, where it is good for one, the tenant: as the central database knows them.
#[derive(Clone)]
pub(super) struct Bearer {
    subject: Option<Subject>,
    tenant: Option<Tenant>,
    at: DateTime<Utc>,
    epoch: u64,
}

#[derive(Clone)]
enum Subject {
    User(Box<User>),
    Machine(Box<Machine>),
    Device(Box<Device>),
}

impl Identities {
    /// Who brings this token. Why one is refused stands in the log; the caller is told no more than that it is.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn bearer(&self, token: &str, audience: Audience, correlation: CorrelationId) -> Result<Identity, Refusal> {
        let brought = self.brought(token, audience, correlation).await;
        if let Err(Refusal::Bad(reason)) = &brought {
            tracing::info!(reason, correlation_id = %correlation, "a bearer token was refused");
        }
        brought
    }

    async fn brought(&self, token: &str, audience: Audience, correlation: CorrelationId) -> Result<Identity, Refusal> {
        let outside = claims::look(token);
        if outside.as_ref().is_ok_and(|outside| outside.iss == self.issuer()) {
            return self.ours(token, audience, correlation).await;
        }
        if let Some(identity) = self.provider_bearer(token, audience, correlation).await? {
            return Ok(identity);
        }
        Err(Refusal::Bad(outside.err().unwrap_or_else(|| "the token comes from another issuer".to_owned())))
    }

    async fn ours(&self, token: &str, audience: Audience, correlation: CorrelationId) -> Result<Identity, Refusal> {
        let claims = self.tokens().read(token, self.central().clock().now()).await?;
        if !audience.takes(&claims.basics().aud) {
            return Err(Refusal::Bad("the token was made for another audience".to_owned()));
        }
        Ok(self.examine(claims, correlation).await?.identity)
    }

    /// Reads a token of ours whoever it was made for, a hosted app among them: whether it is good, and who would bring it.
    pub(crate) async fn introspected(&self, token: &str, correlation: CorrelationId) -> Result<Examined, Refusal> {
        let claims = self.tokens().read(token, self.central().clock().now()).await?;
        match &claims {
            Claims::Tenant(trial) if trial.basics.sub == TRIAL => {
                let bearer = self.bearer_of(TRIAL, Some(trial.tenant_id)).await?;
                let credential = for_tenant(trial, bearer.tenant, None)?;
                Ok(Examined { identity: Identity::trial(credential, correlation), claims })
            }
            _ => self.examine(claims, correlation).await,
        }
    }

    /// Holds what a token says against what the central database says now.
    async fn examine(&self, claims: Claims, correlation: CorrelationId) -> Result<Examined, Refusal> {
        let tenant = match &claims {
            Claims::Tenant(claims) => Some(claims.tenant_id),
            Claims::Machine(_) => None,
        };
        let bearer = self.bearer_of(claims.basics().sub, tenant).await?;
        let subject = bearer.subject.filter(Subject::is_active);
        let subject = subject.ok_or_else(|| Refusal::Bad("its bearer is gone, or may not sign in".to_owned()))?;
        let credential = match &claims {
            Claims::Tenant(claims) => for_tenant(claims, bearer.tenant, Some(&subject))?,
            Claims::Machine(claims) => {
                let Subject::Machine(machine) = &subject else {
                    return Err(Refusal::Bad("a person brings a machine's token".to_owned()));
                };
                let granted: Scopes = claims.scope.parse().map_err(Refusal::Bad)?;
                Credential::Machine { scopes: granted.both(&machine.scopes), jti: claims.basics.jti.clone() }
            }
        };
        let identity = match subject {
            Subject::User(user) => Identity::bearing(*user, credential, correlation),
            Subject::Machine(machine) => Identity::machine(&machine, credential, correlation),
            Subject::Device(device) => Identity::screen(&device, credential, correlation),
        };
        Ok(Examined { identity, claims })
    }

    async fn bearer_of(&self, sub: Uuid, tenant: Option<Uuid>) -> Result<Bearer, Error> {
        let central = self.central();
        let read: &[Table] = match tenant {
            Some(_) => &[Table::Users, Table::Machines, Table::Devices, Table::Tenants],
            None => &[Table::Users, Table::Machines, Table::Devices],
        };
        let (at, epoch) = (central.clock().now(), central.epoch(read));
        let asked = (sub, tenant.unwrap_or_default());
        if let Some(known) = self.bearers().get(&asked).filter(|known| known.epoch == epoch && at - known.at < FRESH) {
            return Ok(known);
        }
        let subject = match users::find(central, UserId(sub)).await? {
            Some(user) => Some(Subject::User(Box::new(user))),
            None => match machine_clients::find(central, sub).await? {
                Some(row) => Some(Subject::Machine(Box::new(row.try_into()?))),
                None => devices::by_id(central, sub).await?.map(Box::new).map(Subject::Device),
            },
        };
        let tenant = match tenant {
            Some(id) => tenants::standing(central, UserId(sub), "", id).await?.map(|(tenant, _)| tenant),
            None => None,
        };
        let bearer = Bearer { subject, tenant, at, epoch };
        self.bearers().insert(asked, bearer.clone());
        Ok(bearer)
    }
}

fn for_tenant(claims: &TenantClaims, tenant: Option<Tenant>, subject: Option<&Subject>) -> Result<Credential, Refusal> {
    let tenant = tenant.ok_or_else(|| Refusal::Bad("the tenant it is good for is gone".to_owned()))?;
    if tenant.status != Status::Active {
        return Err(Refusal::Bad(format!("the tenant it is good for is {}", tenant.status)));
    }
    if let Some(Subject::Machine(machine)) = subject
        && !machine.scopes.allow(&Scope::Read(tenant.slug))
    {
        return Err(Refusal::Bad("the machine may not read this tenant any more".to_owned()));
    }
    // A screen looks at its own dashboards; what it is given is for what they show, and never for the API beside them.
    if let Some(Subject::Device(device)) = subject
        && (device.tenant != tenant.id || claims.basics.aud == API)
    {
        return Err(Refusal::Bad("no such token is given to a wall screen".to_owned()));
    }
    let role: Role = claims.role.parse().map_err(Refusal::Bad)?;
    Ok(Credential::Tenant { tenant: TenantId(claims.tenant_id), role, jti: claims.basics.jti.clone() })
}

impl Subject {
    fn is_active(&self) -> bool {
        match self {
            Subject::User(user) => user.active,
            Subject::Machine(machine) => machine.active,
            // its row is gone with its link
            Subject::Device(_) => true,
        }
    }
}

impl Identity {
    /// A person behind a token.
    pub(super) fn bearing(user: User, credential: Credential, correlation: CorrelationId) -> Identity {
        let actor = Actor::issue(ActorKind::Bearer, Some(user.id), user.email.as_str(), None, correlation);
        Identity {
            user: user.id,
            name: user.name.unwrap_or_else(|| user.email.to_string()),
            label: user.email.to_string(),
            operator: user.operator,
            credential,
            selected: None,
            actor,
        }
    }

    /// A program with credentials of its own.
    pub(super) fn machine(machine: &Machine, credential: Credential, correlation: CorrelationId) -> Identity {
        let user = UserId(machine.id);
        Identity {
            user,
            name: machine.name.clone(),
            label: machine.client_id.clone(),
            operator: false,
            credential,
            selected: None,
            actor: Actor::issue(ActorKind::Machine, Some(user), machine.client_id.as_str(), None, correlation),
        }
    }

    /// The installation itself, trying an app: known to introspection alone, so that the app may ask after the token.
    fn trial(credential: Credential, correlation: CorrelationId) -> Identity {
        Identity {
            user: UserId(TRIAL),
            name: TRIAL_NAME.to_owned(),
            label: TRIAL_NAME.to_owned(),
            operator: false,
            credential,
            selected: None,
            actor: Actor::issue(ActorKind::System, None, TRIAL_NAME, None, correlation),
        }
    }

    /// The same caller, for one tenant alone, as a viewer: what a machine that may read a tenant becomes there.
    pub(crate) fn as_viewer_of(&self, tenant: TenantId) -> Identity {
        let jti = self.credential.name();
        Identity { credential: Credential::Tenant { tenant, role: Role::Viewer, jti }, ..self.clone() }
    }
}

/// What RFC 7662 lets the bearer of a token know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // they are the claims of the same names
pub struct Told {
    pub iss: String,
    pub aud: String,
    pub sub: Uuid,
    pub jti: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub email: Option<String>,
    pub client_id: Option<String>,
    pub scope: Option<String>,
    /// Of a token that is good for one tenant.
    pub tenant: Option<ToldTenant>,
}

/// The tenant of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // as above
pub struct ToldTenant {
    pub tenant_id: TenantId,
    pub tenant: String,
    /// What the bearer may do there now: the weaker of token and membership.
    pub role: Role,
    pub env: Option<String>,
    pub uc_catalog: Option<String>,
}

impl Examined {
    /// What may be told; `role` is what the bearer may do in the token's tenant now.
    pub(crate) fn told(self, role: Role) -> Told {
        let basics = self.claims.basics().clone();
        let scope = match self.identity.credential() {
            Credential::Machine { scopes, .. } => Some(scopes.to_string()),
            _ => None,
        };
        let (email, client_id, tenant) = match self.claims {
            Claims::Machine(claims) => (None, Some(claims.client_id), None),
            Claims::Tenant(claims) => {
                let tenant = ToldTenant {
                    tenant_id: TenantId(claims.tenant_id),
                    tenant: claims.tenant,
                    role,
                    env: claims.env,
                    uc_catalog: claims.uc_catalog,
                };
                (claims.email, claims.client_id, Some(tenant))
            }
        };
        Told {
            iss: basics.iss,
            aud: basics.aud,
            sub: basics.sub,
            jti: basics.jti,
            iat: basics.iat,
            nbf: basics.nbf,
            exp: basics.exp,
            email,
            client_id,
            scope,
            tenant,
        }
    }
}
