//! A dashboard whose body is a hosted app: our heading and range around its frame, and how it fares inside.

use std::sync::Arc;

use askama::Template;
use chrono_tz::Tz;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};

use super::heading::{Heading, Next};
use super::{Chrome, Theme};
use crate::apps::{FRAME, TICKET};
use crate::central::frames::{Failing, Frame};
use crate::config::Dashboard;
use crate::domain::Key;
use crate::error::{Error, Result};
use crate::panel::Address;
use crate::tenancy::TenantScope;
use crate::web::filters::FilterBar;
use crate::web::headers::Frames;
use crate::web::view::{PageView, dashboard_path};
use crate::web::{Parts, around, cookie, limits};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "hosted.html")]
pub struct HostedPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// What stands above the frame.
    pub heading: Heading,
    /// The frame; none where the app cannot be shown.
    pub frame: Option<FrameView>,
}

/// The frame of an app.
#[derive(Clone, Debug)]
pub struct FrameView {
    /// What it is called for those who hear it: the app, and the tenant.
    pub title: String,
    /// What is opened in it.
    pub src: String,
    /// Where it is told how the app fares; none on the legacy flow.
    pub watch: Option<String>,
    /// Where it is told that the page is gone.
    pub close: String,
}

/// How the app fares, above its frame.
#[derive(Clone, Debug, Template)]
#[template(path = "partials/watch.html")]
struct WatchBanner {
    /// Since when its callbacks fail, in the tenant's zone; none when they do not.
    failing: Option<Told>,
    /// The page around the frame.
    again: String,
}

#[derive(Clone, Debug)]
struct Told {
    since: String,
    iso: String,
    reason: &'static str,
    reference: String,
}

/// Draws the page of a dashboard whose body is `app`, and opens its frame.
///
/// # Errors
/// When the central database does not answer.
#[allow(clippy::too_many_arguments)] // each is a part of the view that was read already
pub async fn show(
    parts: &Arc<Parts>,
    request: &Request,
    scope: &TenantScope,
    dashboard: &Arc<Dashboard>,
    app: &Key,
    view: &PageView,
    bar: Option<FilterBar>,
    next: Option<Next>,
) -> Result<Response> {
    let chrome = around::tenant(parts, request, scope, dashboard, view).await?;
    let mut heading = Heading::of(parts, scope, dashboard, view, bar, next);
    let frame = match parts.catalog.now().app(scope, app) {
        Some(_) if !parts.settings.serves_apps() => {
            heading.notices.push(switched_off(scope));
            None
        }
        Some(app) => Some(open(parts, scope, dashboard, &app, view, chrome.theme).await?),
        None => {
            heading.notices.push(format!("The app “{app}” is not there for this tenant."));
            None
        }
    };
    let page = HostedPage { chrome, heading, frame };
    parts.tenancy.viewed(scope, &dashboard.key);
    let mut response = around::page(&page)?;
    cookie::remember(&mut response, around::LAST, &view.page(scope, dashboard).path, &parts.settings);
    let origin = parts.settings.apps.origin.as_ref().map(|origin| origin.origin().ascii_serialization());
    response.set_data(Frames::Of(origin.unwrap_or_else(|| "'self'".to_owned())));
    Ok(response)
}

fn switched_off(scope: &TenantScope) -> String {
    match scope.role().is_author() {
        true => "Apps are switched off in this installation: its operator chooses LOGGIA_APPS__ORIGIN (an address of their own) \
                 or LOGGIA_APPS__TRUSTED=true."
            .to_owned(),
        false => "This app is switched off here. Ask your operator.".to_owned(),
    }
}

async fn open(
    parts: &Parts,
    scope: &TenantScope,
    dashboard: &Dashboard,
    app: &crate::config::App,
    view: &PageView,
    theme: Theme,
) -> Result<FrameView> {
    let elsewhere = parts.settings.apps.origin.as_ref();
    let opened = limits::in_time(parts.apps.frames().open(scope, &app.key, Some(&dashboard.key), elsewhere.is_some())).await?;
    let mut query = vec![(FRAME.to_owned(), opened.key.clone())];
    query.extend(opened.ticket.map(|ticket| (TICKET.to_owned(), ticket)));
    query.extend(told(view, theme));
    let src = Address { path: format!("/dash/{}/", app.key), query }.href();
    let origin = elsewhere.map(|origin| origin.origin().ascii_serialization()).unwrap_or_default();
    let here = dashboard_path(scope.slug().as_str(), dashboard.key.as_str());
    Ok(FrameView {
        title: format!("{}, {}", app.title, scope.name()),
        src: format!("{origin}{src}"),
        watch: (!opened.frame.legacy).then(|| format!("{here}/frame/{}", opened.key)),
        close: format!("{here}/frame/{}/close", opened.key),
    })
}

/// What the app is told of the view: the theme, the range with nothing left to guess, the zone, and the filters.
fn told(view: &PageView, theme: Theme) -> Vec<(String, String)> {
    let exact = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let mut told = vec![
        ("theme".to_owned(), theme.word().to_owned()),
        ("from".to_owned(), exact(view.range.from())),
        ("to".to_owned(), exact(view.range.to())),
        ("tz".to_owned(), view.zone.name().to_owned()),
    ];
    for (filter, values) in &view.filters {
        told.extend(values.iter().map(|value| (format!("var-{filter}"), value.clone())));
    }
    told
}

/// The page of this key, of the caller and in this dashboard.
async fn frame(parts: &Parts, scope: &TenantScope, dashboard: &str, key: &str) -> Result<(Arc<Frame>, Arc<Dashboard>)> {
    let dashboard = super::dashboard::find(parts, scope, dashboard)?;
    let frame = limits::in_time(parts.apps.frames().of_key(scope.identity(), key)).await?;
    let here = |frame: &Arc<Frame>| frame.tenant == scope.tenant() && frame.dashboard.as_ref() == Some(&dashboard.key);
    let frame = frame.filter(here).ok_or(Error::NotFound("page of an app"))?;
    Ok((frame, dashboard))
}

/// `GET /tenant/{tenant}/dashboard/{dashboard}/frame/{key}`: how the app inside fares; empty while it fares well.
#[handler]
pub async fn fares(
    scope: TenantScope,
    Path((_, dashboard, key)): Path<(String, String, String)>,
    Data(parts): Data<&Arc<Parts>>,
) -> Result<Response> {
    let (frame, dashboard) = frame(parts, &scope, &dashboard, &key).await?;
    limits::in_time(parts.apps.frames().see(&frame)).await?;
    let failing = limits::in_time(parts.apps.watch().failing(&frame)).await?.filter(|_| !frame.legacy);
    let again = dashboard_path(scope.slug().as_str(), dashboard.key.as_str());
    let zone = dashboard.zone.unwrap_or(scope.zone());
    let banner = WatchBanner { failing: failing.map(|failing| words(zone, failing)), again };
    around::page(&banner)
}

fn words(zone: Tz, failing: Failing) -> Told {
    let reason = match failing.status {
        401 | 403 => "the app refuses its requests",
        404 | 405 => "the app does not know what it is asked",
        _ => "the app does not answer",
    };
    Told {
        since: failing.since.with_timezone(&zone).format("%H:%M").to_string(),
        iso: failing.since.to_rfc3339(),
        reason,
        reference: failing.reference,
    }
}

/// `POST /tenant/{tenant}/dashboard/{dashboard}/frame/{key}/close`: the page is gone; what it left open counts no longer.
#[handler]
pub async fn gone(
    scope: TenantScope,
    Path((_, dashboard, key)): Path<(String, String, String)>,
    Data(parts): Data<&Arc<Parts>>,
) -> Result<Response> {
    let (frame, _) = frame(parts, &scope, &dashboard, &key).await?;
    limits::in_time(parts.apps.frames().close(&frame)).await?;
    Ok(Response::builder().status(http::StatusCode::NO_CONTENT).finish())
}
