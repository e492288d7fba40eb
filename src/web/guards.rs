//! Who may pass, as types: a handler that names one in its signature cannot run without it.

use std::sync::Arc;

use http::Method;
use poem::{FromRequest, Request, RequestBody};
use serde::de::DeserializeOwned;

use super::limits::{self, Rates};
use super::trail::Trail;
use super::{Parts, cookie};
use crate::central;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::tenancy::{Denied, TenantScope};

/// The parts of the server that a request may use.
pub fn parts(request: &Request) -> Result<&Arc<Parts>> {
    request.data::<Arc<Parts>>().ok_or_else(|| Error::Internal(anyhow::anyhow!("the server's parts are not in place")))
}

/// Whoever calls: signed in or not. A database that does not answer is an error, never "not signed in".
#[derive(Clone, Debug)]
pub struct Visitor(pub Option<Identity>);

/// The visitor behind a request's cookie, counted against their rate.
async fn visitor(request: &Request) -> Result<Option<Identity>> {
    let parts = parts(request)?;
    let trail = Trail::of(request);
    if request.headers().contains_key(http::header::AUTHORIZATION) {
        // A caller who brings credentials is judged by them alone; no bearer is known yet, so none is good.
        return Err(Error::SignedOut);
    }
    let token = cookie::token(request, parts.settings.is_https());
    let rates = &parts.rates;
    let Some(token) = token else {
        rates.count_caller(&limits::network(trail.address))?;
        return Ok(None);
    };
    let identity = limits::in_time(parts.identities.identify(&token, trail.correlation)).await?;
    let identity = identity.map(|identity| identity.seen_from(trail.address));
    match &identity {
        Some(identity) => enter(request, parts, &trail, identity, rates).await?,
        None => rates.count_caller(&limits::network(trail.address))?,
    }
    Ok(identity)
}

async fn enter(request: &Request, parts: &Parts, trail: &Trail, identity: &Identity, rates: &Rates) -> Result<()> {
    rates.count_caller(&identity.user().to_string())?;
    {
        let mut caller = trail.caller();
        caller.sub = identity.user().to_string();
        caller.email = identity.email().to_string();
    }
    // Only navigation keeps a session alive: a forgotten tab that polls does not.
    if request.method() == Method::GET && request.header("hx-request").is_none() {
        limits::in_time(parts.identities.touch(identity)).await?;
    }
    Ok(())
}

impl<'a> FromRequest<'a> for Visitor {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Visitor(visitor(request).await?))
    }
}

/// A signed-in person.
#[derive(Clone, Debug)]
pub struct Person(pub Identity);

impl<'a> FromRequest<'a> for Person {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Person(visitor(request).await?.ok_or(Error::SignedOut)?))
    }
}

impl<'a> FromRequest<'a> for TenantScope {
    /// The tenant in the path, for the person behind the cookie.
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let identity = visitor(request).await?.ok_or(Error::SignedOut)?;
        let parts = parts(request)?;
        let trail = Trail::of(request);
        let slug: String = request.path_params::<super::TenantInPath>().map_err(|_| Error::NotYours)?.tenant;
        let scope = limits::in_time(TenantScope::authorize(&parts.tenancy, &identity, &slug, trail.correlation)).await?;
        {
            let mut caller = trail.caller();
            caller.tenant_id = scope.tenant().to_string();
            caller.tenant = scope.slug().to_string();
        }
        parts.metrics.tenant_known(scope.tenant().to_string(), scope.slug().to_string());
        parts.rates.count_tenant(scope.tenant())?;
        Ok(scope)
    }
}

impl From<central::Error> for Error {
    /// While a request is being let in, whatever the central database fails at is an outage, never "not signed in".
    fn from(cause: central::Error) -> Error {
        Error::unavailable(cause)
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
