//! A dashboard: heading, range, notices, and its panels in their grid.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures_util::future::join_all;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use tokio::time::Instant;

use super::heading::{Heading, Next};
use super::{Chrome, Link, PanelFrame};
use crate::config::Dashboard;
use crate::domain::{Key, RangeSpec, Slug};
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::panel::Address;
use crate::tenancy::TenantScope;
use crate::web::filters;
use crate::web::guards::Person;
use crate::web::panels::{self, Stand};
use crate::web::view::{PageView, dashboard_path};
use crate::web::{Parts, around, cookie, limits};

/// Both ends of a range as an address writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The value of `from`.
    pub from: String,
    /// The value of `to`.
    pub to: String,
}

impl Reach {
    /// A range from two texts.
    pub fn new(from: impl Into<String>, to: impl Into<String>) -> Reach {
        Reach { from: from.into(), to: to.into() }
    }

    fn of(&self, page: &Address) -> String {
        page.with("from", Some(&self.from)).with("to", Some(&self.to)).href()
    }
}

/// Where the steps beside the range lead.
#[derive(Clone, Debug)]
pub struct Steps {
    /// One length earlier.
    pub back: Reach,
    /// One length later; `None` where that is the future.
    pub forward: Option<Reach>,
    /// Twice as long.
    pub out: Reach,
}

/// The ranges people ask for, from the shortest.
const PRESETS: &[(&str, &str, &str)] = &[
    ("Last hour", "now-1h", "now"),
    ("Last 6 hours", "now-6h", "now"),
    ("Last 24 hours", "now-24h", "now"),
    ("Last 48 hours", "now-48h", "now"),
    ("Last 7 days", "now-7d", "now"),
    ("Last 30 days", "now-30d", "now"),
    ("Last 90 days", "now-90d", "now"),
    ("Today", "now/d", "now/d"),
    ("Yesterday", "now-1d/d", "now-1d/d"),
    ("This week", "now/w", "now/w"),
    ("This month", "now/M", "now/M"),
    ("Last month", "now-1M/M", "now-1M/M"),
];

/// The controls of the range: links and one form, each keeping the whole view.
#[derive(Clone, Debug)]
pub struct RangeControls {
    /// The range in words: "Last 24 hours".
    pub words: String,
    /// Both ends, with nothing left to guess; empty where they are not known.
    pub exact: String,
    /// The zone's name for a computer: `America/New_York`.
    pub zone: String,
    /// The zone in words: "New York".
    pub zone_words: String,
    /// The value of `from`.
    pub from: String,
    /// The value of `to`.
    pub to: String,
    /// Where the form leads.
    pub action: String,
    /// The rest of the view, for the form.
    pub keep: Vec<(String, String)>,
    /// The ranges people ask for.
    pub presets: Vec<Link>,
    /// One length earlier.
    pub back: String,
    /// One length later.
    pub forward: Option<String>,
    /// Twice as long.
    pub out: String,
    /// This page, its data asked for anew.
    pub refresh: String,
    /// This page without its bar.
    pub kiosk: String,
    /// This page on paper.
    pub print: Option<String>,
}

impl RangeControls {
    /// All controls of `page`, which shows `now`: `words` in `zone`, which people call `zone_words`.
    pub fn new(page: &Address, now: Reach, words: String, zone: String, zone_words: String, steps: &Steps) -> RangeControls {
        let preset = |(name, from, to): &(&str, &str, &str)| {
            let reach = Reach::new(*from, *to);
            Link { name: (*name).to_owned(), href: reach.of(page), current: reach == now }
        };
        RangeControls {
            presets: PRESETS.iter().map(preset).collect(),
            back: steps.back.of(page),
            forward: steps.forward.as_ref().map(|reach| reach.of(page)),
            out: steps.out.of(page),
            refresh: page.with("fresh", Some("1")).href(),
            kiosk: page.with("kiosk", Some("1")).href(),
            print: None,
            action: page.path.clone(),
            keep: page.query.iter().filter(|(name, _)| name != "from" && name != "to").cloned().collect(),
            from: now.from,
            to: now.to,
            words,
            exact: String::new(),
            zone,
            zone_words,
        }
    }
}

/// A dashboard.
#[derive(Clone, Debug, Template)]
#[template(path = "dashboard.html")]
pub struct DashboardPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// What stands above the panels.
    pub heading: Heading,
    /// The panels, in reading order.
    pub panels: Vec<PanelFrame>,
}

/// Without script a page waits for all its panels, but not for ever: the statement timeout of a tenant is below this.
const PATIENCE: Duration = Duration::from_secs(30);

/// `GET /tenant/{tenant}`: leads to the tenant's first dashboard, keeping the range.
#[handler]
pub async fn first(scope: TenantScope, Data(parts): Data<&Arc<Parts>>, request: &Request) -> Result<Response> {
    let titles = parts.catalog.now().dashboards(&scope);
    let title = titles.first().ok_or(Error::NotFound("dashboard: this tenant has none yet"))?;
    let path = dashboard_path(scope.slug().as_str(), title.key.as_str());
    Ok(around::see_other(&with_view(path, request)))
}

/// `GET /dashboard/{dashboard}`: leads to the active tenant's, the only one or the one last seen.
#[handler]
pub async fn of_active_tenant(
    Person(identity): Person,
    Path(dashboard): Path<String>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let key: Key = dashboard.parse().map_err(|_| Error::NotFound("dashboard"))?;
    let Some(slug) = seen_last(parts, &identity, request).await? else { return Ok(around::see_other("/?all=1")) };
    Ok(around::see_other(&with_view(dashboard_path(slug.as_str(), key.as_str()), request)))
}

/// The tenant last seen, or the only one.
pub async fn seen_last(parts: &Parts, identity: &Identity, request: &Request) -> Result<Option<Slug>> {
    let mine = limits::in_time(parts.tenancy.mine(identity, None, 1)).await?;
    let last = cookie::plain(request, around::LAST).unwrap_or_default();
    let seen = last.split('/').nth(2).and_then(|slug| mine.items.iter().find(|card| card.slug.as_str() == slug));
    let only = if mine.items.len() == 1 { mine.items.first() } else { None };
    Ok(seen.or(only).map(|card| card.slug.clone()))
}

/// A path with the whole view that was asked for.
fn with_view(path: String, request: &Request) -> String {
    match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    }
}

/// `GET /tenant/{tenant}/dashboard/{dashboard}`: all panels in one answer; with script, those not ready within the budget follow.
#[handler]
pub async fn show(
    scope: TenantScope,
    Path((_, dashboard)): Path<(String, String)>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let dashboard = find(parts, &scope, &dashboard)?;
    let query = request.uri().query().unwrap_or_default();
    let mut view = PageView::read(query, &dashboard, &scope, parts.clock.now());
    let own = filters::saved(parts, &scope, &dashboard).await?;
    let initial = own.clone().or_else(|| filters::preset(&scope, &dashboard));
    if let Some(saved) = initial.as_ref().filter(|_| !names_a_filter(query)) {
        // Spelled out, so that a copied link shows a colleague the same (DECISIONS 29).
        let mut address = view.page(&scope, &dashboard);
        address.query.extend(saved.iter().cloned());
        return Ok(around::see_other(&address.href()));
    }
    let offered = filters::settle(parts, &scope, &dashboard, &mut view).await;
    let next = next(parts, &scope, &dashboard, &mut view);
    let bar = filters::bar(&dashboard, &view.page(&scope, &dashboard), &view, &offered, own.is_some()).filter(|_| !view.kiosk);
    if let Some(app) = &dashboard.app {
        return super::hosted::show(parts, request, &scope, &dashboard, app, &view, bar, next).await;
    }
    let budget = if around::has_script(request) { parts.settings.panel_budget } else { PATIENCE };
    let chrome = around::tenant(parts, request, &scope, &dashboard, &view);
    let (panels, chrome) = tokio::join!(all_panels(parts, &scope, &dashboard, &view, budget), chrome);
    let mut heading = Heading::of(parts, &scope, &dashboard, &view, bar, next.clone());
    heading.range.print = Some(super::report::of_dashboard(&scope, &dashboard, &view.query).href());
    let page = DashboardPage { chrome: chrome?, heading, panels };
    parts.tenancy.viewed(&scope, &dashboard.key);
    let mut response = around::page(&page)?;
    cookie::remember(&mut response, around::LAST, &view.page(&scope, &dashboard).path, &parts.settings);
    // With a script the page goes on by itself, once the next one answers.
    if let Some(next) = next.filter(|_| !around::has_script(request))
        && let Ok(value) = http::HeaderValue::from_str(&format!("{}; url={}", next.seconds, next.href))
    {
        response.headers_mut().insert("refresh", value);
    }
    Ok(response)
}

fn names_a_filter(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name.starts_with("var-"))
}

/// Which of the dashboards that take turns comes after this one.
fn next(parts: &Parts, scope: &TenantScope, dashboard: &Dashboard, view: &mut PageView) -> Option<Next> {
    let turns = view.turns.clone()?;
    let catalog = parts.catalog.now();
    let (known, strange): (Vec<Key>, Vec<Key>) = turns.keys.into_iter().partition(|key| catalog.dashboard(scope, key).is_some());
    view.notices.extend(strange.iter().take(3).map(|key| format!("There is no dashboard “{key}” to take a turn.")));
    let here = known.iter().position(|key| *key == dashboard.key);
    let key = known.get(here.map_or(0, |at| (at + 1) % known.len())).filter(|key| **key != dashboard.key)?;
    let query = around::shared(&view.query);
    let href = Address { path: dashboard_path(scope.slug().as_str(), key.as_str()), query }.href();
    Some(Next { href, seconds: turns.every.num_seconds() })
}

/// The dashboard of that name in the caller's tenant.
pub fn find(parts: &Parts, scope: &TenantScope, name: &str) -> Result<Arc<Dashboard>> {
    let key: Key = name.parse().map_err(|_| Error::NotFound("dashboard"))?;
    parts.catalog.now().dashboard(scope, &key).ok_or(Error::NotFound("dashboard"))
}

/// All panels at once; one that is late goes on by itself, and what it finds is there when it is asked for.
async fn all_panels(
    parts: &Arc<Parts>,
    scope: &TenantScope,
    dashboard: &Arc<Dashboard>,
    view: &PageView,
    budget: Duration,
) -> Vec<PanelFrame> {
    let until = Instant::now() + budget;
    let ask = |at: usize| {
        let (parts, scope, dashboard, view) = (parts.clone(), scope.clone(), dashboard.clone(), view.clone());
        tokio::spawn(async move { panels::draw(&parts, &scope, &dashboard, &dashboard.panels[at], &view, Stand::Grid).await })
    };
    let asked = (0..dashboard.panels.len()).map(|at| (at, ask(at)));
    join_all(asked.map(|(at, task)| async move {
        match tokio::time::timeout_at(until, task).await {
            Ok(Ok(frame)) => frame,
            Ok(Err(_)) | Err(_) => panels::late(scope, dashboard, &dashboard.panels[at], view),
        }
    }))
    .await
}

pub(super) fn controls(page: &Address, view: &PageView) -> RangeControls {
    let (now, zone) = (view.now, view.zone);
    let reach = |spec: &RangeSpec| Reach::new(spec.from.as_str(), spec.to.as_str());
    let later = view.spec.later(now, zone);
    let steps = Steps {
        back: reach(&view.spec.earlier(now, zone)),
        forward: (later != view.spec && view.range.to() < now).then(|| reach(&later)),
        out: reach(&view.spec.zoom_out(now, zone)),
    };
    let moment = |at: DateTime<Utc>| at.with_timezone(&zone).format("%b %-d, %Y, %H:%M").to_string();
    RangeControls {
        exact: format!("{} – {}", moment(view.range.from()), moment(view.range.to())),
        ..RangeControls::new(
            page,
            reach(&view.spec),
            view.spec.words(now, zone),
            zone.name().to_owned(),
            zone_words(zone),
            &steps,
        )
    }
}

/// A zone as people say it: `America/New_York` is “New York”.
pub fn zone_words(zone: Tz) -> String {
    zone.name().rsplit('/').next().unwrap_or("UTC").replace('_', " ")
}
