//! Who may pass, as types: a handler that names one in its signature cannot run without it.

use std::sync::Arc;

use http::Method;
use poem::{FromRequest, Request, RequestBody};
use serde::de::DeserializeOwned;

use super::limits::{self, Rates};
use super::trail::Trail;
use super::{Parts, cookie, tls};
use crate::central;
use crate::domain::{CorrelationId, TenantId};
use crate::error::{Error, Result};
use crate::identity::{Audience, Identity, KeyFault, Refusal};
use crate::tenancy::{Denied, NotExchanged, Operator, TenantAdmin, TenantScope};

/// The parts of the server that a request may use.
pub fn parts(request: &Request) -> Result<&Arc<Parts>> {
    request.data::<Arc<Parts>>().ok_or_else(|| Error::Internal(anyhow::anyhow!("the server's parts are not in place")))
}

/// Whoever calls: signed in or not. A database that does not answer is an error, never "not signed in".
#[derive(Clone, Debug)]
pub struct Visitor(pub Option<Identity>);

/// The visitor behind a request's credentials, counted against their rate. Who brings a token is judged by it alone,
/// whatever cookie lies beside it.
pub(super) async fn visitor(request: &Request, audience: Audience) -> Result<Option<Identity>> {
    let parts = parts(request)?;
    let trail = Trail::of(request);
    let rates = &parts.rates;
    let identity = match bearer(request) {
        Brought::Nothing if audience == Audience::Internal => match tls::certificate(request) {
            Some(hash) => limits::in_time(Box::pin(parts.identities.machine_by_certificate(hash, trail.correlation))).await?,
            None => None,
        },
        Brought::Nothing => match cookie::token(request, parts.settings.is_https()) {
            Some(token) => limits::in_time(parts.identities.identify(&token, trail.correlation)).await?,
            None => None,
        },
        Brought::Token(token) => {
            rates.count_caller(&limits::network(trail.address))?;
            Some(limits::in_time(Box::pin(parts.identities.bearer(&token, audience, trail.correlation))).await?)
        }
        Brought::SomethingElse => {
            rates.count_caller(&limits::network(trail.address))?;
            return Err(Error::SignedOut);
        }
    };
    let Some(identity) = identity.map(|identity| identity.seen_from(trail.address)) else {
        rates.count_caller(&limits::network(trail.address))?;
        return Ok(None);
    };
    enter(request, parts, &trail, &identity, rates).await?;
    Ok(Some(identity))
}

/// What stands in `Authorization`.
enum Brought {
    Nothing,
    Token(String),
    SomethingElse,
}

fn bearer(request: &Request) -> Brought {
    let mut headers = request.headers().get_all(http::header::AUTHORIZATION).iter();
    let Some(header) = headers.next() else { return Brought::Nothing };
    let text = header.to_str().ok().filter(|_| headers.next().is_none()).unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Brought::Token(token.trim().to_owned())
        }
        _ => Brought::SomethingElse,
    }
}

/// What a caller came by, to be asked about again while an answer is on its way.
#[derive(Clone)]
pub enum Pass {
    /// The session's token.
    Session(String),
    /// A bearer's.
    Bearer(String),
    /// Neither.
    Nothing,
}

impl Pass {
    /// What this request brought.
    pub fn of(request: &Request, https: bool) -> Pass {
        match bearer(request) {
            Brought::Token(token) => Pass::Bearer(token),
            Brought::SomethingElse => Pass::Nothing,
            Brought::Nothing => cookie::token(request, https).map_or(Pass::Nothing, Pass::Session),
        }
    }

    /// Who that is now; nobody where it is not good any more, or nobody can tell.
    pub async fn again(&self, parts: &Parts, correlation: CorrelationId) -> Option<Identity> {
        match self {
            Pass::Session(token) => parts.identities.identify(token, correlation).await.ok().flatten(),
            Pass::Bearer(token) => parts.identities.bearer(token, Audience::Api, correlation).await.ok(),
            Pass::Nothing => None,
        }
    }
}

/// Whoever asks something of a hosted app: by the cookie where there is one, whatever the app's own scripts write into
/// `Authorization`; else by a token, or as a wall screen.
///
/// # Errors
/// Nobody's credentials, too often, or the central database does not answer.
pub(super) async fn of_app(request: &Request) -> Result<Identity> {
    let (parts, trail) = (parts(request)?, Trail::of(request));
    let Some(token) = cookie::token(request, parts.settings.is_https()) else {
        return match Box::pin(visitor(request, Audience::Api)).await? {
            Some(identity) => Ok(identity),
            None => Box::pin(screen(request)).await?.ok_or(Error::SignedOut),
        };
    };
    let identity = limits::in_time(parts.identities.identify(&token, trail.correlation)).await?;
    admitted(request, identity.map(|identity| identity.seen_from(trail.address))).await
}

/// Whoever asks something of a hosted app on the origin that is the apps' own, by the cookie that stands for them there.
///
/// # Errors
/// Nobody's cookie, too often, or the central database does not answer.
pub(super) async fn of_app_elsewhere(request: &Request) -> Result<Identity> {
    let (parts, trail) = (parts(request)?, Trail::of(request));
    let token = cookie::visit(request, parts.settings.is_https());
    let visit = match &token {
        Some(token) => limits::in_time(parts.apps.frames().admitted(token)).await?,
        None => None,
    };
    let identity = match &visit {
        Some(visit) => limits::in_time(parts.identities.admitted(visit, trail.correlation)).await?,
        None => None,
    };
    admitted(request, identity.map(|identity| identity.seen_from(trail.address))).await
}

async fn admitted(request: &Request, identity: Option<Identity>) -> Result<Identity> {
    let (parts, trail) = (parts(request)?, Trail::of(request));
    let Some(identity) = identity else {
        parts.rates.count_caller(&limits::network(trail.address))?;
        return Err(Error::SignedOut);
    };
    enter(request, parts, &trail, &identity, &parts.rates).await?;
    Ok(identity)
}

/// Whether somebody goes somewhere: a page that is opened, and no part of one that asks by itself.
fn is_navigation(request: &Request) -> bool {
    let by_itself = request.header("hx-request").is_some()
        || (request.uri().path().starts_with(crate::apps::DASH) && request.header("sec-fetch-mode") != Some("navigate"));
    request.method() == Method::GET && !by_itself
}

async fn enter(request: &Request, parts: &Parts, trail: &Trail, identity: &Identity, rates: &Rates) -> Result<()> {
    rates.count_caller(&identity.user().to_string())?;
    {
        let mut caller = trail.caller();
        caller.sub = identity.user().to_string();
        caller.email = identity.email().to_owned();
    }
    // Only navigation keeps a session alive: a forgotten tab that polls does not.
    if is_navigation(request) {
        limits::in_time(parts.identities.touch(identity)).await?;
    }
    Ok(())
}

impl<'a> FromRequest<'a> for Visitor {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Visitor(visitor(request, Audience::Api).await?))
    }
}

/// Somebody with an account: by a session, or by a token made for one.
#[derive(Clone, Debug)]
pub struct Person(pub Identity);

impl<'a> FromRequest<'a> for Person {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let identity = visitor(request, Audience::Api).await?.ok_or(Error::SignedOut)?;
        // a machine or a wall screen has credentials, and nothing that is a person's own
        if identity.is_person() { Ok(Person(identity)) } else { Err(Error::Forbidden.into()) }
    }
}

impl<'a> FromRequest<'a> for Operator {
    /// A person who runs the installation; everybody else learns only that it is not theirs.
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let Person(identity) = Person::from_request(request, body).await?;
        let Some(operator) = Operator::prove(&identity) else {
            parts(request)?.audit.denied(identity.actor(), "operators");
            return Err(Error::Forbidden.into());
        };
        Ok(operator)
    }
}

impl<'a> FromRequest<'a> for TenantAdmin {
    /// Who may change the tenant in the path.
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let scope = TenantScope::from_request(request, body).await?;
        let Some(admin) = TenantAdmin::prove(&scope) else {
            parts(request)?.audit.denied(scope.identity().actor(), scope.slug().as_str());
            return Err(Error::Forbidden.into());
        };
        Ok(admin)
    }
}

/// Whoever may exchange what they bring for a token: beside those whom the public API takes, machine clients.
#[derive(Clone, Debug)]
pub struct Exchanging(pub Identity);

impl<'a> FromRequest<'a> for Exchanging {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Exchanging(visitor(request, Audience::Exchange).await?.ok_or(Error::SignedOut)?))
    }
}

/// The tenant that an API call means: the token's, else the one last selected, else the only one (DECISIONS 10).
#[derive(Clone, Debug)]
pub struct ActiveTenant(pub TenantScope);

impl<'a> FromRequest<'a> for ActiveTenant {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let identity = visitor(request, Audience::Api).await?.ok_or(Error::SignedOut)?;
        let parts = parts(request)?;
        let named = match identity.bound_to().or(identity.selected()) {
            Some(tenant) => tenant,
            None => only_tenant(parts, &identity).await?,
        };
        Ok(ActiveTenant(scope(request, parts, &identity, &named.to_string()).await?))
    }
}

async fn only_tenant(parts: &Parts, identity: &Identity) -> Result<TenantId> {
    let mine = limits::in_time(parts.tenancy.mine(identity, None, 1)).await?;
    match mine.items.as_slice() {
        [only] => Ok(only.id),
        _ => Err(Error::Conflict("No tenant is selected: choose one with POST /api/v1/tenants/{id}/select.".to_owned())),
    }
}

/// The proof for one tenant, noted in the trail and counted against the tenant's rate.
///
/// # Errors
/// Not the caller's, suspended, too often, or the central database does not answer.
pub async fn scope(request: &Request, parts: &Parts, identity: &Identity, tenant: &str) -> Result<TenantScope> {
    let trail = Trail::of(request);
    let scope = limits::in_time(TenantScope::authorize(&parts.tenancy, identity, tenant, trail.correlation)).await?;
    {
        let mut caller = trail.caller();
        caller.tenant_id = scope.tenant().to_string();
        caller.tenant = scope.slug().to_string();
    }
    parts.metrics.tenant_known(scope.tenant().to_string(), scope.slug().to_string());
    parts.rates.count_tenant(scope.tenant())?;
    Ok(scope)
}

fn is_callback(request: &Request) -> bool {
    crate::apps::Target::read(request.uri()).ok().flatten().is_some_and(|target| target.is_callback())
}

/// The wall screen behind a request's cookie, where nobody is signed in. It looks and never sends anything.
async fn screen(request: &Request) -> Result<Option<Identity>> {
    let (parts, trail) = (parts(request)?, Trail::of(request));
    let token = cookie::device(request, parts.settings.is_https());
    // the callbacks of an app are what it shows
    let looks = matches!(*request.method(), Method::GET | Method::HEAD) || is_callback(request);
    let Some(token) = token.filter(|_| looks) else { return Ok(None) };
    let found = limits::in_time(parts.identities.device(&token, trail.correlation)).await?;
    let Some((identity, _)) = found else { return Ok(None) };
    let identity = identity.seen_from(trail.address);
    enter(request, parts, &trail, &identity, &parts.rates).await?;
    Ok(Some(identity))
}

impl<'a> FromRequest<'a> for TenantScope {
    /// The tenant in the path, for the one behind the credentials.
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let identity = match visitor(request, Audience::Api).await? {
            Some(identity) => identity,
            None => Box::pin(screen(request)).await?.ok_or(Error::SignedOut)?,
        };
        let parts = parts(request)?;
        let slug: String = request.path_params::<super::TenantInPath>().map_err(|_| Error::NotYours)?.tenant;
        Ok(scope(request, parts, &identity, &slug).await?)
    }
}

impl From<central::Error> for Error {
    /// While a request is being let in, whatever the central database fails at is an outage, never "not signed in".
    fn from(cause: central::Error) -> Error {
        Error::unavailable(cause)
    }
}

impl From<Refusal> for Error {
    /// The reason stands in the log: the caller learns only that the token is not taken.
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::Bad(_) => Error::SignedOut,
            Refusal::Unavailable(cause) => Error::unavailable(cause),
        }
    }
}

impl From<KeyFault> for Error {
    /// While no key signs nobody gets a token; who asked to rotate learns what to do.
    fn from(fault: KeyFault) -> Error {
        match fault {
            KeyFault::NoNewKey(words) => Error::Conflict(words),
            other => Error::unavailable(other),
        }
    }
}

impl From<NotExchanged> for Error {
    fn from(fault: NotExchanged) -> Error {
        match fault {
            NotExchanged::Bound => Error::Forbidden,
            NotExchanged::Denied(denied) => denied.into(),
            NotExchanged::Keys(fault) => fault.into(),
        }
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Error {
        match denied {
            Denied::NotYours => Error::NotYours,
            Denied::Suspended { name } => Error::Suspended(name),
            Denied::Unavailable(cause) => Error::unavailable(cause),
        }
    }
}

/// A form's fields, read within limits.
#[derive(Debug)]
pub struct Sent<T>(Option<T>);

impl<T: Default> Sent<T> {
    /// The fields, once.
    pub fn take(&mut self) -> T {
        self.0.take().unwrap_or_default()
    }
}

impl<'a, T: DeserializeOwned + Send> FromRequest<'a> for Sent<T> {
    async fn from_request(_: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Sent(Some(limits::read_form(body).await?)))
    }
}
