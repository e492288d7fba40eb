//! The outside: every page and every answer, and the order in which a request passes our checks.

mod accept;
pub mod api;
mod around;
mod assets;
mod browser;
mod catch;
mod compress;
mod cookie;
mod csrf;
mod exports;
mod filters;
mod form;
mod guards;
mod hosted;
mod headers;
mod ledger;
pub mod internal;
mod jwks;
mod limits;
mod listing;
mod openapi;
mod paced;
pub mod pages;
mod panels;
mod probes;
pub mod routes;
mod scheme;
mod tls;
mod trail;
mod view;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use http::StatusCode;
use poem::{Endpoint, IntoResponse, PathPattern, Request, Response, Route};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};

pub use accept::{Door, Entrance, Gate};
pub use limits::Rates;
pub use paced::{Paced, Seats};
pub use tls::{Encrypted, Stream};

use self::trail::Trail;
use crate::apps::{Apps, Lane, Preflight};
use crate::central::Central;
use crate::central::audit::{ChainWatch, Queue};
use crate::config::Live;
use crate::domain::Clock;
use crate::error::Error;
use crate::identity::oidc::Provider;
use crate::identity::{Identities, Sealer};
use crate::observe::Metrics;
use crate::panel::Endpoints;
use crate::query::Cache;
use crate::settings::Settings;
use crate::tenancy::Tenancy;

/// What the server is made of, for the handlers to take what they use.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Parts {
    pub settings: Settings,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub central: Central,
    pub audit: Queue,
    pub chain: ChainWatch,
    pub sealer: Sealer,
    pub identities: Identities,
    pub tenancy: Tenancy,
    pub catalog: Arc<Live>,
    pub cache: Cache,
    pub endpoints: Endpoints,
    pub apps: Apps,
    pub rates: Rates,
}

impl Parts {
    /// The look before a tenant goes over to the new flow of its hosted apps.
    pub fn preflight(&self) -> Preflight<'_> {
        Preflight {
            client: self.apps.client(),
            tenancy: &self.tenancy,
            identities: &self.identities,
            catalog: self.catalog.now(),
            settings: &self.settings,
        }
    }
}

/// The tenant that stands in a path.
#[derive(Debug, Deserialize)]
pub struct TenantInPath {
    /// Its slug, unchecked.
    pub tenant: String,
}

/// One listener's answers: its routes, and what every request passes on the way to them.
#[derive(Clone)]
pub struct Site {
    desk: Arc<Desk>,
    /// Where connections are served by threads of their own: which one this is, and where the work is done.
    lane: Option<(Lane, Handle)>,
}

impl Site {
    /// What visitors meet.
    pub fn public(parts: Arc<Parts>) -> Site {
        Site::new(parts, api::mount(routes::public()), true)
    }

    /// What operators' tools meet, on the private network.
    pub fn internal(parts: Arc<Parts>) -> Site {
        Site::new(parts, internal::mount(routes::internal()), false)
    }

    fn new(parts: Arc<Parts>, routes: Route, is_public: bool) -> Site {
        let trusted = parts.settings.trusted_proxies.clone().into();
        Site { desk: Arc::new(Desk { parts, trusted, routes, is_public }), lane: None }
    }

    /// The same for the connections of one lane, whose work is done by `workers`.
    #[must_use]
    pub fn on(&self, lane: Lane, workers: Handle) -> Site {
        Site { desk: self.desk.clone(), lane: Some((lane, workers)) }
    }
}

impl Endpoint for Site {
    type Output = Response;

    /// What goes on to an app stays on its lane from end to end; everything else is work, which whichever worker is free does,
    /// so that a page that takes long keeps none of its lane waiting.
    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let Some((lane, workers)) = &self.lane else { return Ok(self.desk.serve(request).await) };
        if hosted::is_asked(&request) {
            request.set_data(*lane);
            return Ok(self.desk.serve(request).await);
        }
        let desk = self.desk.clone();
        let work = Errand(workers.spawn(async move { desk.serve(request).await }));
        Ok(work.await.unwrap_or_else(|fault| {
            tracing::error!("an answer was not finished: {fault}");
            StatusCode::INTERNAL_SERVER_ERROR.into()
        }))
    }
}

/// Work that ends with whoever waits for it: a visitor who has left is not answered.
struct Errand<T>(JoinHandle<T>);

impl<T> Future for Errand<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for Errand<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where requests are answered.
struct Desk {
    parts: Arc<Parts>,
    trusted: Arc<[ipnet::IpNet]>,
    routes: Route,
    /// Whether people come here; elsewhere programs alone do, and every error is one for programs.
    is_public: bool,
}

impl Desk {
    /// From the outside in: the trail first, so that whatever happens further in has an id and leaves a line; then the
    /// dress, so that errors wear it too; compression last, since it needs the finished body.
    async fn serve(&self, mut request: Request) -> Response {
        let begun = trail::begin(&mut request, &self.trusted);
        let accepts_gzip = compress::is_accepted(&request);
        request.set_data(self.parts.clone());
        let mut response = self.answer(request, &begun.trail).await;
        let leads_to = self.parts.identities.provider().map(Provider::farewell_origin);
        let frames = response.data::<headers::Frames>().cloned();
        let page = headers::Page { forms_lead_to: leads_to.as_deref(), frames: frames.as_ref() };
        headers::dress(response.headers_mut(), self.parts.settings.is_https(), page);
        let response = compress::pack(response, accepts_gzip).await;
        begun.end(response, &self.parts.metrics)
    }

    /// The checks that need no handler, cheapest first, then the handler.
    async fn pass(&self, mut request: Request) -> poem::Result<Response> {
        limits::check_head(&request)?;
        limits::check_address(&request)?;
        scheme::check_host(&request, &self.parts.settings)?;
        let place = hosted::place_of(&request, &self.parts.settings);
        if self.is_public {
            place.check(&request)?;
        }
        // what an app is sent streams through, and is held to what the app takes
        if !hosted::is_asked(&request) {
            limits::bound_body(&mut request, &self.parts.settings.limits)?;
        }
        csrf::check(&request, place.url(&self.parts.settings))?;
        Ok(self.routes.call(request).await?.into_response())
    }

    /// The answer, whatever happens: an error becomes a drawing, a panic becomes an error.
    async fn answer(&self, request: Request, trail: &Arc<Trail>) -> Response {
        if let Some(led) = scheme::lead_from_astray(&request, &self.parts.settings, self.is_public) {
            return led;
        }
        if self.is_public
            && let Some(led) = scheme::lead_to_https(&request, &self.parts.settings)
        {
            return led;
        }
        let mut asked = catch::Question::of(&request, &self.parts);
        if !self.is_public {
            asked.asked = catch::Asked::Api;
        }
        let error = match AssertUnwindSafe(self.pass(request)).catch_unwind().await {
            Ok(Ok(response)) => return response,
            Ok(Err(error)) => error,
            Err(_) => Error::Internal(anyhow::anyhow!("a handler panicked")).into(),
        };
        let pattern = error.data::<PathPattern>().cloned();
        let verbs = error.data::<openapi::Verbs>().cloned();
        let error = catch::ours(error);
        catch::log(&error, trail);
        let mut response = Box::pin(pages::error::draw(&error, &asked, trail, &self.parts)).await;
        catch::mark(&error, &asked, &mut response);
        if let Some(pattern) = pattern {
            let verbs = verbs.map(|verbs| verbs.0.to_string()).or_else(|| routes::allowed(&pattern.0));
            catch::allow(&error, verbs, &mut response);
            response.set_data(pattern);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::Errand;
    use std::sync::Arc;
    use std::time::Duration;

    #[tokio::test]
    async fn work_ends_with_whoever_waits_for_it() {
        let held = Arc::new(());
        let working = held.clone();
        let errand = Errand(tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            drop(working);
        }));
        tokio::task::yield_now().await;
        assert_eq!(Arc::strong_count(&held), 2);
        drop(errand);
        let ended = async {
            while Arc::strong_count(&held) > 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), ended).await.expect("it ended");
        assert_eq!(Errand(tokio::spawn(async { 7 })).await.expect("done"), 7);
    }
}
