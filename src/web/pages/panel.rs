//! A panel in its frame: the same markup on a dashboard, as a fragment, and alone on a page.

use std::fmt;
use std::sync::Arc;

use askama::Template;
use http::{HeaderMap, HeaderValue, StatusCode};
use poem::web::{Data, Path};
use poem::{Request, Response, handler};

use super::dashboard::{find, zone_words};
use super::{Chrome, Link, report};
use crate::config::{Dashboard, Placed};
use crate::error::{Error, Result};
use crate::panel::{Badge, Html};
use crate::tenancy::TenantScope;
use crate::web::panels::{self, Stand};
use crate::web::view::PageView;
use crate::web::{Parts, around, filters};

/// Where a panel stands in the grid; prints the classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The first column, 1 to 12.
    pub col: u16,
    /// The first row, from 1.
    pub row: u16,
    /// Columns, 1 to 12.
    pub width: u16,
    /// Rows, 1 to 12.
    pub height: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{} w{} r{} h{}", self.col, self.width, self.row, self.height)
    }
}

/// When the data was read.
#[derive(Clone, Debug)]
pub struct Updated {
    /// Milliseconds since 1970, for the script.
    pub ms: i64,
    /// RFC 3339.
    pub iso: String,
    /// In the shown zone: "14:05".
    pub words: String,
}

/// What there is to see. Nothing missing ever looks like a value.
#[derive(Clone, Debug)]
pub enum PanelState {
    /// Not ready within the page's budget: a place is kept, the script asks at once.
    Loading,
    /// The drawing.
    Ready(Html),
    /// No rows: the body says what would be here and for which range.
    Empty(Html),
    /// The last good drawing, dimmed.
    Stale {
        /// It.
        body: Html,
        /// Since when: "13:20".
        since: String,
        /// Why, in the visitor's words.
        reason: String,
    },
    /// No drawing, and why.
    Failed {
        /// Why, in the visitor's words.
        reason: String,
        /// The id that stands in the log as well.
        correlation: Option<String>,
        /// When the script asks again; `None` where asking again would not help.
        retry_seconds: Option<u32>,
    },
    /// The session has ended.
    SignedOut {
        /// The sign-in page that leads back here.
        sign_in: String,
    },
}

impl PanelState {
    /// The word the script compares: also the value of `X-Loggia-State`.
    pub fn word(&self) -> &'static str {
        match self {
            PanelState::Loading => "loading",
            PanelState::Ready(_) => "ready",
            PanelState::Empty(_) => "empty",
            PanelState::Stale { .. } => "stale",
            PanelState::Failed { .. } => "failed",
            PanelState::SignedOut { .. } => "signed-out",
        }
    }

    /// What stands beside the title.
    fn why(&self) -> Option<String> {
        match self {
            PanelState::Stale { since, .. } => Some(format!("stale since {since}")),
            PanelState::Failed { .. } => Some("failed".to_owned()),
            PanelState::SignedOut { .. } => Some("signed out".to_owned()),
            PanelState::Loading | PanelState::Ready(_) | PanelState::Empty(_) => None,
        }
    }

    /// The reason, in a sentence of its own, of a drawing that is kept.
    fn because(&self) -> Option<&str> {
        match self {
            PanelState::Stale { reason, .. } => Some(reason),
            _ => None,
        }
    }

    fn is_loading(&self) -> bool {
        matches!(self, PanelState::Loading)
    }

    fn is_signed_out(&self) -> bool {
        matches!(self, PanelState::SignedOut { .. })
    }
}

/// A panel in its frame.
#[derive(Clone, Debug, Template)]
#[template(path = "partials/panel.html")]
pub struct PanelFrame {
    /// The panel's id in its dashboard.
    pub key: String,
    /// The panel's type: `timeseries`, `kpi`, …
    pub kind: &'static str,
    /// Where it stands.
    pub place: Place,
    /// Its title.
    pub title: String,
    /// Shown behind the title.
    pub description: Option<String>,
    /// This panel's detail, behind the title; `None` where it has none, or this is it.
    pub detail: Option<String>,
    /// A few words beside the title.
    pub note: Option<String>,
    /// A state beside the title.
    pub badge: Option<Badge>,
    /// A link beside the title to the same data seen otherwise.
    pub turn: Option<Html>,
    /// What the viewer should know about this drawing.
    pub notices: Vec<String>,
    /// Whether a cap cut rows off, which a notice says and a header too.
    pub truncated: bool,
    /// The whole in a sentence, for those who do not see it.
    pub summary: String,
    /// When the data was read; `None` leaves it to the script, so that the bytes name no clock.
    pub updated: Option<Updated>,
    /// How often the script asks again, in seconds; `None` for never.
    pub refresh_seconds: Option<u64>,
    /// What the script asks for: this panel with the same view.
    pub fragment: String,
    /// Where "refresh" leads without a script.
    pub again: String,
    /// The fragment's `ETag` as it stands in the header, with its quotes.
    pub etag: Option<String>,
    /// What there is to see.
    pub state: PanelState,
}

impl PanelFrame {
    /// The condition sent with the next request, as JSON.
    fn condition(&self) -> Option<String> {
        let etag = self.etag.as_deref()?;
        Some(serde_json::json!({ "If-None-Match": etag }).to_string())
    }
}

impl askama::filters::HtmlSafe for PanelFrame {}

/// One panel alone in a browser.
#[derive(Clone, Debug, Template)]
#[template(path = "panel.html")]
pub struct PanelPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The panel.
    pub panel: PanelFrame,
    /// Back to its dashboard, with the same view.
    pub dashboard_href: String,
    /// The dashboard's name.
    pub dashboard_name: String,
    /// The range: "Last 24 hours".
    pub range_words: String,
    /// The zone: "New York".
    pub zone_words: String,
    /// The zone's name for a computer: `America/New_York`.
    pub zone: String,
    /// The panel on paper, and as files.
    pub files: Vec<Link>,
}

/// `GET …/panel/{panel}`: the frame alone for htmx, a whole page for a browser.
#[handler]
pub async fn show(
    scope: TenantScope,
    Path((_, dashboard, panel)): Path<(String, String, String)>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let dashboard = find(parts, &scope, &dashboard)?;
    let placed = dashboard.panels.iter().find(|p| p.key.as_str() == panel).ok_or(Error::NotFound("panel"))?;
    let mut view = PageView::read(request.uri().query().unwrap_or_default(), &dashboard, &scope, parts.clock.now());
    if request.header("hx-request").is_some() {
        return fragment(parts, &scope, &dashboard, placed, &view, request.header("if-none-match")).await;
    }
    filters::settle(parts, &scope, &dashboard, &mut view).await;
    whole(parts, &scope, &dashboard, placed, &view, request).await
}

async fn fragment(
    parts: &Parts,
    scope: &TenantScope,
    dashboard: &Dashboard,
    placed: &Placed,
    view: &PageView,
    known: Option<&str>,
) -> Result<Response> {
    let frame = panels::draw(parts, scope, dashboard, placed, view, Stand::Grid).await;
    answer(&frame, known)
}

/// A frame as the script asks for it: whole, or 304 when it would be the same (DECISIONS 27).
pub fn answer(frame: &PanelFrame, known: Option<&str>) -> Result<Response> {
    let etag = frame.etag.clone().unwrap_or_default();
    let mut response = if known == Some(etag.as_str()) {
        Response::builder().status(StatusCode::NOT_MODIFIED).finish()
    } else {
        around::page(frame)?
    };
    let headers = response.headers_mut();
    headers.insert("cache-control", HeaderValue::from_static("private, no-cache"));
    headers.insert("vary", HeaderValue::from_static("hx-request, cookie"));
    mark(headers, frame);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert("etag", etag);
    }
    Ok(response)
}

async fn whole(
    parts: &Parts,
    scope: &TenantScope,
    dashboard: &Dashboard,
    placed: &Placed,
    view: &PageView,
    request: &Request,
) -> Result<Response> {
    let panel = panels::draw(parts, scope, dashboard, placed, view, Stand::Alone).await;
    let mut chrome = around::tenant(parts, request, scope, dashboard, view).await?;
    chrome.title = format!("{} · {}", panel.title, chrome.title);
    chrome.page.path = format!("{}/panel/{}", chrome.page.path, placed.key);
    let page = PanelPage {
        chrome,
        panel,
        dashboard_href: view.page(scope, dashboard).href(),
        dashboard_name: dashboard.name.clone(),
        range_words: view.spec.words(view.now, view.zone),
        zone_words: zone_words(view.zone),
        zone: view.zone.name().to_owned(),
        files: files(scope, dashboard, placed, view),
    };
    parts.tenancy.viewed(scope, &dashboard.key);
    let mut response = around::page(&page)?;
    mark(response.headers_mut(), &page.panel);
    Ok(response)
}

fn files(scope: &TenantScope, dashboard: &Dashboard, placed: &Placed, view: &PageView) -> Vec<Link> {
    let print = report::address(scope, dashboard, placed, &view.query, "");
    let rows = placed.panel.export(&view.of_panel(scope, dashboard, placed)).is_some();
    let print = Link { name: "Print".to_owned(), href: print, current: false };
    std::iter::once(print).chain(report::files(scope, dashboard, placed, &view.query, rows, false)).collect()
}

/// Which of the states is drawn, and whether rows were cut off, for programs.
fn mark(headers: &mut HeaderMap, frame: &PanelFrame) {
    headers.insert("x-loggia-state", HeaderValue::from_static(frame.state.word()));
    if frame.truncated {
        headers.insert("x-loggia-truncated", HeaderValue::from_static("true"));
    }
}
