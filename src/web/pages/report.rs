//! A panel or a dashboard on paper, and everything that leaves from the same address as a file.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};

use super::dashboard::{find, seen_last, zone_words};
use super::{Assets, Link, PanelFrame};
use crate::config::{Dashboard, Placed};
use crate::domain::Key;
use crate::error::{Error, Result};
use crate::frame::write::Format;
use crate::panel::Address;
use crate::tenancy::TenantScope;
use crate::web::exports::{self, Wanted};
use crate::web::guards::Person;
use crate::web::panels::{self, Stand};
use crate::web::view::PageView;
use crate::web::{Parts, around, filters};

/// A panel or a dashboard on paper.
#[derive(Clone, Debug, Template)]
#[template(path = "report.html")]
pub struct ReportPage {
    /// What the page loads: its style alone.
    pub assets: Assets,
    /// What it is.
    pub title: String,
    /// What it is about: tenant, dashboard, range, filters.
    pub cover: Vec<String>,
    /// When it was made and by whom.
    pub made: String,
    /// What the reader should know.
    pub notices: Vec<String>,
    /// The panels, one after the other.
    pub panels: Vec<PanelFrame>,
    /// The same as files, and back; not on paper.
    pub links: Vec<Link>,
    /// The zone's name for a computer.
    pub zone: String,
}

/// `GET /tenant/{tenant}/report/{panel}` and, with an ending, the panel as a file.
#[handler]
pub async fn show_panel(
    scope: TenantScope,
    Path((_, file)): Path<(String, String)>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (name, ending) = file.rsplit_once('.').map_or((file.as_str(), None), |(name, ending)| (name, Some(ending)));
    let dashboard = holding(parts, &scope, name, named(request).as_deref())?;
    let wanted = wanted(parts, scope, dashboard, request).await;
    let placed = wanted.dashboard.panels.iter().find(|p| p.key.as_str() == name).ok_or(Error::NotFound("panel"))?;
    match ending {
        None => {
            let title = placed.panel.common().title.clone();
            let drawn = drawn(parts, &wanted, placed).await;
            let links = panel_links(&wanted, placed);
            parts.tenancy.reported(&wanted.scope, &placed.key);
            around::page(&page(&wanted, title, vec![drawn], links))
        }
        Some(ending @ ("svg" | "png")) => exports::picture(parts, &wanted, placed, ending).await,
        Some(ending) => {
            let format = Format::of_ending(ending).ok_or(Error::NotFound("format; there are csv, json, ndjson, svg and png"))?;
            exports::rows(parts, &wanted, placed, format).await
        }
    }
}

/// `GET /tenant/{tenant}/report/dashboard/{dashboard}` and, with `.zip`, its panels' files in one.
#[handler]
pub async fn show_dashboard(
    scope: TenantScope,
    Path((_, file)): Path<(String, String)>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (name, zip) = file.strip_suffix(".zip").map_or((file.as_str(), false), |name| (name, true));
    let dashboard = find(parts, &scope, name)?;
    let wanted = wanted(parts, scope, dashboard, request).await;
    if zip {
        return exports::bundle(parts, &wanted).await;
    }
    let drawn = join_all(wanted.dashboard.panels.iter().map(|placed| drawn(parts, &wanted, placed))).await;
    let links = dashboard_links(&wanted);
    parts.tenancy.reported(&wanted.scope, &wanted.dashboard.key);
    around::page(&page(&wanted, wanted.dashboard.name.clone(), drawn, links))
}

/// `GET /reports/{panel}`: leads to the active tenant's, the only one or the one last seen.
#[handler]
pub async fn of_active_tenant(
    Person(identity): Person,
    Path(panel): Path<String>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let name = panel.split('.').next().unwrap_or_default();
    name.parse::<Key>().map_err(|_| Error::NotFound("panel"))?;
    let Some(slug) = seen_last(parts, &identity, request).await? else { return Ok(around::see_other("/?all=1")) };
    let path = Address {
        path: format!("/tenant/{slug}/report/{name}{}", &panel[name.len()..].replace(['/', '?', '#'], "")),
        query: Vec::new(),
    };
    Ok(around::see_other(&match request.uri().query() {
        Some(query) => format!("{}?{query}", path.href()),
        None => path.href(),
    }))
}

/// The dashboard that the address names.
fn named(request: &Request) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "dashboard").map(|(_, value)| value.into_owned())
}

/// The dashboard whose filters and range a panel is looked at with: the one named, else the first that holds the panel.
fn holding(parts: &Parts, scope: &TenantScope, panel: &str, named: Option<&str>) -> Result<Arc<Dashboard>> {
    if let Some(named) = named {
        return find(parts, scope, named);
    }
    let catalog = parts.catalog.now();
    let dashboards = catalog.dashboards(scope).into_iter().filter_map(|title| catalog.dashboard(scope, &title.key));
    let mut holding = dashboards.filter(|dashboard| dashboard.panels.iter().any(|placed| placed.key.as_str() == panel));
    holding.next().ok_or(Error::NotFound("panel"))
}

async fn wanted<'a>(parts: &Arc<Parts>, scope: TenantScope, dashboard: Arc<Dashboard>, request: &'a Request) -> Wanted<'a> {
    let mut view = PageView::read(request.uri().query().unwrap_or_default(), &dashboard, &scope, parts.clock.now());
    filters::settle(parts, &scope, &dashboard, &mut view).await;
    Wanted { scope, dashboard, view, request }
}

/// The panel as paper wants it: whole, and never asked for again.
async fn drawn(parts: &Parts, wanted: &Wanted<'_>, placed: &Placed) -> PanelFrame {
    let panel = placed.panel.on_paper().unwrap_or_else(|| placed.panel.clone());
    let paper = Placed { panel, ..placed.clone() };
    let frame = panels::draw(parts, &wanted.scope, &wanted.dashboard, &paper, &wanted.view, Stand::Alone).await;
    PanelFrame { refresh_seconds: None, etag: None, ..frame }
}

fn page(wanted: &Wanted<'_>, title: String, panels: Vec<PanelFrame>, links: Vec<Link>) -> ReportPage {
    let (scope, view) = (&wanted.scope, &wanted.view);
    let at = |at: DateTime<Utc>| at.with_timezone(&view.zone).format("%b %-d, %Y, %H:%M").to_string();
    let range = format!("{} to {} ({})", at(view.range.from()), at(view.range.to()), zone_words(view.zone));
    let filters = narrowed(&wanted.dashboard, view);
    let dashboard = (title != wanted.dashboard.name).then(|| wanted.dashboard.name.clone());
    let made = view.now.with_timezone(&view.zone).format("%b %-d, %Y, %H:%M %Z");
    ReportPage {
        assets: around::loaded(super::brand::url(scope)),
        title,
        cover: std::iter::once(scope.name().to_owned()).chain(dashboard).chain([range]).chain(filters).collect(),
        made: format!("Made {made} by {}", scope.identity().name()),
        notices: view.notices.clone(),
        panels,
        links,
        zone: view.zone.name().to_owned(),
    }
}

/// What narrows the view, in words.
fn narrowed(dashboard: &Dashboard, view: &PageView) -> Option<String> {
    let own = view.query.iter().filter_map(|(key, value)| {
        let name = key.split_once(".f.").map(|(_, column)| column).or_else(|| key.ends_with(".q").then_some("search"))?;
        Some(format!("{name}: {value}"))
    });
    let told: Vec<String> = filters::words(dashboard, view).into_iter().chain(own).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn panel_links(wanted: &Wanted<'_>, placed: &Placed) -> Vec<Link> {
    let view = wanted.view.of_panel(&wanted.scope, &wanted.dashboard, placed);
    let rows = placed.panel.export(&view).is_some();
    let drawn = placed.panel.picture(&[], &view).is_some();
    let back = Link { name: "Back to the panel".to_owned(), href: view.fragment.href(), current: false };
    std::iter::once(back).chain(files(&wanted.scope, &wanted.dashboard, placed, &wanted.view.query, rows, drawn)).collect()
}

/// Where a panel leaves as a file.
pub fn files(
    scope: &TenantScope,
    dashboard: &Dashboard,
    placed: &Placed,
    query: &[(String, String)],
    rows: bool,
    drawn: bool,
) -> Vec<Link> {
    let link = |ending: &&str| Link {
        name: ending.to_uppercase(),
        href: address(scope, dashboard, placed, query, ending),
        current: false,
    };
    let rows: &[&str] = if rows { &["csv", "json", "ndjson"] } else { &[] };
    let drawn: &[&str] = if drawn { &["svg", "png"] } else { &[] };
    rows.iter().chain(drawn).map(link).collect()
}

/// The report of a panel or, with an ending, its file: with the same view.
pub fn address(scope: &TenantScope, dashboard: &Dashboard, placed: &Placed, query: &[(String, String)], ending: &str) -> String {
    let dot = if ending.is_empty() { "" } else { "." };
    let path = format!("/tenant/{}/report/{}{dot}{ending}", scope.slug(), placed.key);
    Address { path, query: query.to_vec() }.with("dashboard", Some(dashboard.key.as_str())).href()
}

/// The report of a dashboard, with the same view.
pub fn of_dashboard(scope: &TenantScope, dashboard: &Dashboard, query: &[(String, String)]) -> Address {
    Address { path: format!("/tenant/{}/report/dashboard/{}", scope.slug(), dashboard.key), query: query.to_vec() }
}

fn dashboard_links(wanted: &Wanted<'_>) -> Vec<Link> {
    let report = of_dashboard(&wanted.scope, &wanted.dashboard, &wanted.view.query);
    let zip = Address { path: format!("{}.zip", report.path), query: report.query };
    let back = wanted.view.page(&wanted.scope, &wanted.dashboard).href();
    vec![
        Link { name: "Back to the dashboard".to_owned(), href: back, current: false },
        Link { name: "All rows (zip)".to_owned(), href: zip.href(), current: false },
    ]
}
