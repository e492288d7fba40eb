//! The door to hosted apps, `/dash/{app}/…`: whose request it is, whether they may see the app, and what is noted of it.

use std::sync::Arc;
use std::time::Instant;

use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use poem::{Endpoint, Request, Response};
use tokio::time::Instant as TokioInstant;
use url::Url;

use super::guards::{self, parts};
use super::trail::Trail;
use super::{Parts, around, cookie, limits};
use crate::apps::{self, Answer, Ask, Belongs, DASH, FRAME, Output, Place, Target, Trace, Trick};
use crate::central::frames::Frame;
use crate::config::App;
use crate::domain::Key;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::observe::CallbackLabels;
use crate::settings::Settings;
use crate::tenancy::TenantScope;

/// What the origin of hosted apps answers beside them: what their error pages are dressed in, and probes.
const ALSO: &[&str] = &["/assets/", "/favicon.ico", "/health", "/ready"];

/// On which of our origins a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The only one there is, or ours where apps have another.
    Ours {
        /// Whether apps are on another.
        alone: bool,
    },
    /// The one that is the apps' own.
    Apps,
}

/// Whether a request is meant for this origin, by the host it names.
pub fn is_at(request: &Request, origin: &Url) -> bool {
    let Some(name) = origin.host_str() else { return false };
    let host = host(request);
    let (said, port) = match host.rsplit_once(':') {
        Some((said, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (said, port.parse().ok()),
        _ => (host, None),
    };
    // behind a proxy the port is the proxy's own affair
    said.trim_end_matches('.').eq_ignore_ascii_case(name)
        && port.is_none_or(|port: u16| origin.port_or_known_default() == Some(port))
}

fn host(request: &Request) -> &str {
    request.uri().authority().map(http::uri::Authority::as_str).or_else(|| request.header("host")).unwrap_or_default()
}

/// On which of our origins a request came in.
pub fn place_of(request: &Request, settings: &Settings) -> Side {
    match &settings.apps.origin {
        Some(origin) if is_at(request, origin) => Side::Apps,
        other => Side::Ours { alone: other.is_some() },
    }
}

impl Side {
    /// Refuses, on the apps' own origin, everything that is not theirs: an app's scripts would reach it with its viewer's rights.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn check(self, request: &Request) -> Result<()> {
        let path = request.uri().path();
        let theirs = path.starts_with(DASH) || ALSO.iter().any(|also| path.starts_with(also));
        if self == Side::Apps && !theirs { Err(Error::NotFound("page on the address of the apps")) } else { Ok(()) }
    }

    /// The address this origin is known by, where that is said.
    pub fn url(self, settings: &Settings) -> Option<&Url> {
        match self {
            Side::Apps => settings.apps.origin.as_ref(),
            Side::Ours { .. } => settings.public_url.as_ref(),
        }
    }
}

/// Whether something of an app is asked for.
pub fn is_asked(request: &Request) -> bool {
    request.uri().path().starts_with(DASH)
}

/// Whether a page is asked for, not a part of one: only then an error is a page, too.
pub fn is_document(request: &Request) -> bool {
    match request.header("sec-fetch-dest") {
        Some(dest) => matches!(dest, "document" | "iframe" | "frame" | "embed" | "object"),
        None => *request.method() == Method::GET && request.header("accept").is_some_and(|accept| accept.contains("text/html")),
    }
}

/// Where an app is shown, as the browser that asks knows it.
pub fn shown_at(request: &Request, parts: &Parts) -> Place {
    let settings = &parts.settings;
    match (&settings.apps.origin, &settings.public_url) {
        (Some(apps), Some(public)) => {
            Place { origin: apps.origin().ascii_serialization(), framed_by: public.origin().ascii_serialization() }
        }
        _ => Place { origin: around::origin(parts, request), framed_by: "'self'".to_owned() },
    }
}

/// `/dash/{app}/…`, any verb: the app's answer, streamed.
#[derive(Clone, Copy, Debug)]
pub struct Pass;

impl Endpoint for Pass {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        Ok(pass(request).await?)
    }
}

async fn pass(request: Request) -> Result<Response> {
    let parts = parts(&request)?.clone();
    let side = place_of(&request, &parts.settings);
    let target = Target::read(request.uri());
    if let (Side::Apps, Ok(Some(target))) = (side, &target)
        && let Some(ticket) = &target.ticket
    {
        return Box::pin(let_in(&parts, &request, target, ticket)).await;
    }
    let identity = match side {
        Side::Apps => guards::of_app_elsewhere(&request).await?,
        Side::Ours { .. } => guards::of_app(&request).await?,
    };
    if !parts.settings.serves_apps() {
        return Err(Error::NotFound("page: apps are switched off here"));
    }
    let target = match target {
        Ok(Some(target)) => target,
        Ok(None) => return Err(Error::NotFound("app")),
        Err(Trick) => {
            parts.audit.denied(identity.actor(), "an app's address that leads out of it");
            return Err(Error::Malformed("The address leads out of the app"));
        }
    };
    if apps::is_forged(request.headers()) {
        parts.audit.denied(identity.actor(), "headers that say who somebody is");
    }
    if target.rest.is_empty() {
        return Ok(with_slash(&target));
    }
    let traced = trace(&parts, &request, &identity, &target, side).await?;
    let (scope, frame) = match traced {
        Traced::Page(scope, frame) => (scope, frame),
        Traced::Elsewhere(response) => return Ok(response),
    };
    let app = parts.catalog.now().app(&scope, &target.app).ok_or_else(|| {
        parts.audit.denied(identity.actor(), &format!("app {}", target.app));
        Error::NotYours
    })?;
    send(&parts, request, &scope, &frame, &app, &target, side).await
}

/// `/dash/{app}` is a folder: without the slash its own links would lead beside it.
fn with_slash(target: &Target) -> Response {
    let mut parts = vec![];
    parts.extend(target.frame.iter().map(|key| format!("{FRAME}={key}")));
    parts.extend(target.query.clone());
    let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
    let mut response = Response::builder().status(StatusCode::PERMANENT_REDIRECT).finish();
    if let Ok(value) = HeaderValue::from_str(&format!("{}/{query}", target.prefix())) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// A ticket lets the browser of the page it was made for in, once; the address goes on without it.
async fn let_in(parts: &Parts, request: &Request, target: &Target, ticket: &str) -> Result<Response> {
    let https = parts.settings.is_https();
    let key = target.frame.as_deref().unwrap_or_default();
    let here = cookie::visit(request, https);
    let known = match &here {
        Some(token) => limits::in_time(parts.apps.frames().admitted(token)).await?,
        None => None,
    };
    let query = target.query.as_deref().map(|query| format!("&{query}")).unwrap_or_default();
    let on = format!("{}{}?{FRAME}={key}{query}", target.prefix(), if target.rest.is_empty() { "/" } else { &target.rest });
    let frame = limits::in_time(parts.apps.frames().redeem(ticket)).await?;
    let frame = frame.filter(|frame| apps::Frames::is_key(frame, key) && frame.app == target.app);
    let mut response = around::see_other(&on);
    match (frame, known) {
        (Some(frame), known) => {
            if known.is_none_or(|known| known.bearer() != frame.bearer) {
                let visit = limits::in_time(parts.apps.frames().admit(&frame)).await?;
                cookie::give_visit(&mut response, &visit, &parts.settings);
            }
            Ok(response)
        }
        // the page is loaded anew: its ticket is used up, and its browser is in already
        (None, Some(_)) => Ok(response),
        (None, None) => Err(Error::SignedOut),
    }
}

/// To whose page a request belongs.
enum Traced {
    Page(TenantScope, Arc<Frame>),
    /// The app is opened alone on our origin, and it has another.
    Elsewhere(Response),
}

async fn trace(parts: &Parts, request: &Request, identity: &Identity, target: &Target, side: Side) -> Result<Traced> {
    if let Some(tenant) = identity.bound_to().filter(|_| identity.kind() != crate::domain::ActorKind::Device) {
        let scope = guards::scope(request, parts, identity, &tenant.to_string()).await?;
        let frame = Arc::new(unrecorded(&scope, &target.app));
        return Ok(Traced::Page(scope, frame));
    }
    if side == (Side::Ours { alone: true }) {
        return match is_document(request) {
            true => Box::pin(open_alone(parts, request, identity, target, true)).await,
            false => Err(Error::NotFound("app on this address: it is on the address of the apps")),
        };
    }
    let host = host(request);
    let referer = request.header("referer").and_then(|referer| apps::referred(referer, host, &target.app));
    let key = target.frame.as_deref().or(referer.as_deref());
    let alone = is_document(request) && target.is_index() && key.is_none();
    let by = Trace { key, end: target.parameter("endId") };
    let belongs = match alone {
        true => Belongs::Unopened,
        false => limits::in_time(parts.apps.frames().trace(identity, &target.app, by)).await?,
    };
    match belongs {
        Belongs::To(frame) => {
            let scope = guards::scope(request, parts, identity, &frame.tenant.to_string()).await?;
            Ok(Traced::Page(scope, frame))
        }
        Belongs::Nowhere => {
            parts.audit.denied(identity.actor(), &format!("somebody else's page of app {}", target.app));
            Err(Error::NotYours)
        }
        Belongs::Unclear => Err(unclear()),
        Belongs::Unopened => Box::pin(open_alone(parts, request, identity, target, false)).await,
    }
}

fn unclear() -> Error {
    Error::Conflict(
        "This app is open for several tenants, and nothing tells which of them is meant here. Open it from a tenant's dashboard."
            .to_owned(),
    )
}

/// An app that is asked for by no page of ours: for the only tenant it could mean.
async fn open_alone(parts: &Parts, request: &Request, identity: &Identity, target: &Target, elsewhere: bool) -> Result<Traced> {
    let slug = match identity.bound_to() {
        Some(tenant) => tenant.to_string(),
        None => only_tenant(parts, identity, &target.app).await?,
    };
    let scope = guards::scope(request, parts, identity, &slug).await?;
    if !is_document(request) {
        let frame = unrecorded(&scope, &target.app);
        return Ok(Traced::Page(scope, Arc::new(frame)));
    }
    if parts.catalog.now().app(&scope, &target.app).is_none() {
        parts.audit.denied(identity.actor(), &format!("app {}", target.app));
        return Err(Error::NotYours);
    }
    let opened = limits::in_time(parts.apps.frames().open(&scope, &target.app, None, elsewhere)).await?;
    let Some((ticket, origin)) = opened.ticket.zip(parts.settings.apps.origin.as_ref()) else {
        return Ok(Traced::Page(scope, opened.frame));
    };
    let query = target.query.as_deref().map(|query| format!("&{query}")).unwrap_or_default();
    let origin = origin.origin().ascii_serialization();
    let on = format!("{origin}{}{}?{FRAME}={}&{}={ticket}{query}", target.prefix(), target.rest, opened.key, apps::TICKET);
    Ok(Traced::Elsewhere(around::see_other(&on)))
}

/// The only one of somebody's tenants that has the app.
async fn only_tenant(parts: &Parts, identity: &Identity, app: &Key) -> Result<String> {
    let mut page = 1;
    let mut having: Vec<String> = Vec::new();
    loop {
        let mine = limits::in_time(parts.tenancy.mine(identity, None, page)).await?;
        let catalog = parts.catalog.now();
        let has = |card: &&crate::tenancy::TenantCard| catalog.offers(&card.slug, &card.dashboards, app, card.role);
        having.extend(mine.items.iter().filter(has).map(|card| card.slug.to_string()));
        if having.len() > 1 {
            return Err(unclear());
        }
        if mine.items.is_empty() || u64::from(mine.number) * u64::from(mine.size) >= mine.total {
            break;
        }
        page += 1;
    }
    having.pop().ok_or_else(|| {
        parts.audit.denied(identity.actor(), &format!("app {app}"));
        Error::NotYours
    })
}

/// A request that is no page's: a program's, with a token for one tenant.
fn unrecorded(scope: &TenantScope, app: &Key) -> Frame {
    Frame {
        id: String::new(),
        bearer: scope.identity().credential().name(),
        tenant: scope.tenant(),
        app: app.clone(),
        dashboard: None,
        legacy: scope.rollout().is_legacy(),
        opened_at: chrono::DateTime::UNIX_EPOCH,
    }
}

#[allow(clippy::too_many_arguments)] // each is a proof or a place of its own
async fn send(
    parts: &Arc<Parts>,
    request: Request,
    scope: &TenantScope,
    frame: &Arc<Frame>,
    app: &Arc<App>,
    target: &Target,
    side: Side,
) -> Result<Response> {
    let trail = Trail::of(&request);
    let injects = app.jwt_injection && parts.settings.apps.jwt_injection && !frame.legacy;
    let token = match injects {
        true => Some(parts.tenancy.app_token(&parts.identities, scope, &app.key).await?),
        false => None,
    };
    let place = shown_at(&request, parts);
    let host = match side.url(&parts.settings) {
        // behind a proxy that names its own host, the app still learns the one in the browser
        Some(url) => url[url::Position::BeforeHost..url::Position::AfterPort].to_owned(),
        None => host(&request).to_owned(),
    };
    let ask = Ask {
        app,
        frame,
        target,
        place: &place,
        storage: token.as_ref().map(|_| scope.storage()),
        token,
        host: &host,
        https: parts.settings.is_https(),
        address: trail.address,
        correlation: trail.correlation,
        is_document: is_document(&request),
    };
    tracing::debug!(app = app.key.as_str(), legacy = frame.legacy, correlation_id = %trail.correlation, "passed to an app");
    if apps::wants_any(&request) {
        return Box::pin(socket(parts, &request, &ask, scope)).await;
    }
    let is_callback = target.is_callback() && *request.method() == Method::POST;
    let (tap, output) = if is_callback { crate::apps::Tap::new() } else { return plain(parts, request, &ask).await };
    let began = Instant::now();
    let answered = parts.apps.forward(request, &ask, Some(tap)).await;
    Box::pin(note(parts, scope, &ask, output, began, &answered)).await;
    Ok(answered?.response)
}

async fn plain(parts: &Parts, request: Request, ask: &Ask<'_>) -> Result<Response> {
    let Answer { response, end_id } = parts.apps.forward(request, ask, None).await?;
    if let Some(end) = end_id.filter(|_| !ask.frame.id.is_empty()) {
        limits::in_time(Box::pin(parts.apps.frames().ends_with(ask.frame, &end))).await?;
    }
    Ok(response)
}

/// Counts a callback, and notes where it failed inside a page that is watched.
async fn note(
    parts: &Parts,
    scope: &TenantScope,
    ask: &Ask<'_>,
    output: Output,
    began: Instant,
    answered: &std::result::Result<Answer, apps::Fault>,
) {
    let status = match answered {
        Ok(answer) => answer.response.status().as_u16(),
        Err(_) => 502,
    };
    let callback = parts.apps.names().of(scope.tenant(), &ask.app.key, output.get());
    let labels =
        CallbackLabels { tenant_id: scope.tenant().to_string(), app_slug: ask.app.key.to_string(), callback: callback.clone() };
    parts.metrics.called_back(&labels, began.elapsed(), status >= 400);
    if !ask.frame.id.is_empty() && !ask.frame.legacy {
        let reference = ask.correlation.to_string();
        parts.apps.watch().answered(ask.frame, &callback, status, reference, parts.clock.now()).await;
    }
}

/// A web socket, where the app's file allows it and the page that opens it is the app's own: no other origin's page can ask
/// for one with its visitor's cookies.
async fn socket(parts: &Arc<Parts>, request: &Request, ask: &Ask<'_>, scope: &TenantScope) -> Result<Response> {
    let from = request.header("origin");
    if !ask.app.allow_websocket || !apps::wants(request) || from != Some(ask.place.origin.as_str()) {
        return Err(Error::Forbidden);
    }
    let until = ask.token.as_ref().map(|_| TokioInstant::now() + parts.settings.token.app_ttl);
    let (held, identity, tenant) = (parts.clone(), scope.identity().clone(), scope.tenant());
    let correlation = ask.correlation;
    let good = move || {
        let (parts, identity) = (held.clone(), identity.clone());
        async move {
            let still = parts.identities.still(&identity, correlation).await.ok().flatten();
            let Some(identity) = still else { return false };
            TenantScope::authorize(&parts.tenancy, &identity, &tenant.to_string(), correlation).await.is_ok()
        }
    };
    Ok(parts.apps.tunnel(request, ask, until, good).await?)
}
