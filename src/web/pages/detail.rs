//! A panel looked at closely: large, with its legend, the rows behind it, and for authors the question itself.

use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use http::HeaderValue;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};

use super::dashboard::{find, zone_words};
use super::panel::answer;
use super::{Chrome, Link, PanelFrame, report};
use crate::config::{Dashboard, Placed};
use crate::datastore::{Bind, Dialect};
use crate::error::{Error, Result};
use crate::panel::{Address, View, rows_behind};
use crate::query::Query;
use crate::tenancy::TenantScope;
use crate::web::panels::{self, Answers, Stand};
use crate::web::view::PageView;
use crate::web::{Parts, around, filters};

/// The content of a detail: the same on a page of its own and in the dialog over the dashboard.
#[derive(Clone, Debug, Template)]
#[template(path = "partials/detail.html")]
pub struct Detail {
    /// The panel's id.
    pub key: String,
    /// The panel's title.
    pub title: String,
    /// What it shows.
    pub description: Option<String>,
    /// Range, zone and filters in words.
    pub words: String,
    /// The zone's name for a computer.
    pub zone: String,
    /// The drawing.
    pub drawing: PanelFrame,
    /// The rows behind it.
    pub rows: Option<PanelFrame>,
    /// Every reading, or buckets again; none where there is no choice.
    pub raw: Option<RawLink>,
    /// The series there are, to choose from.
    pub series: Option<SeriesForm>,
    /// The data on paper and as files.
    pub exports: Vec<Link>,
    /// The question, for authors alone.
    pub source: Option<SourceView>,
}

impl askama::filters::HtmlSafe for Detail {}

/// The way to every reading and back.
#[derive(Clone, Debug)]
pub struct RawLink {
    /// Where it leads.
    pub href: String,
    /// Whether every reading is shown now.
    pub on: bool,
}

/// Which series are drawn.
#[derive(Clone, Debug)]
pub struct SeriesForm {
    /// Where it leads.
    pub action: String,
    /// The rest of the view.
    pub keep: Vec<(String, String)>,
    /// The parameter's name.
    pub name: String,
    /// The series, and whether each is chosen.
    pub all: Vec<(String, bool)>,
    /// All of them again; none where all are shown.
    pub clear: Option<String>,
}

/// Where a panel's data comes from.
#[derive(Clone, Debug)]
pub struct SourceView {
    /// `file:line`.
    pub place: String,
    /// What was asked, in its order.
    pub questions: Vec<QuestionView>,
}

/// One question and how it went.
#[derive(Clone, Debug)]
pub struct QuestionView {
    /// The SQL.
    pub sql: String,
    /// Each bound value behind its mark.
    pub binds: Vec<(String, String)>,
    /// Rows, time, cache: "120 rows in 3.1 ms from the database".
    pub told: String,
}

/// A panel's detail on a page of its own.
#[derive(Clone, Debug, Template)]
#[template(path = "detail.html")]
pub struct DetailPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// Itself.
    pub detail: Detail,
    /// Back to its dashboard, with the same view.
    pub dashboard_href: String,
    /// The dashboard's name.
    pub dashboard_name: String,
    /// What the viewer should know.
    pub notices: Vec<String>,
}

/// What a detail is made from.
struct Closely<'a> {
    parts: &'a Parts,
    scope: &'a TenantScope,
    dashboard: &'a Dashboard,
    placed: &'a Placed,
    page: &'a PageView,
    view: View,
}

/// `GET …/panel/{panel}/detail`: a whole page for a browser; for the script its content, or with `part` one frame of it.
#[handler]
pub async fn show(
    scope: TenantScope,
    Path((_, dashboard, panel)): Path<(String, String, String)>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let dashboard = find(parts, &scope, &dashboard)?;
    let placed = dashboard.panels.iter().find(|p| p.key.as_str() == panel).ok_or(Error::NotFound("panel"))?;
    if !placed.panel.common().drill_down.enabled {
        return Err(Error::NotFound("detail of this panel"));
    }
    let query = request.uri().query().unwrap_or_default();
    let mut page = PageView::read(query, &dashboard, &scope, parts.clock.now());
    let script = request.header("hx-request").is_some();
    let part = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "part").map(|(_, part)| part.into_owned());
    if !script || part.is_none() {
        filters::settle(parts, &scope, &dashboard, &mut page).await;
    }
    let closely = Closely {
        parts,
        scope: &scope,
        dashboard: &dashboard,
        placed,
        view: close_view(&page, &scope, &dashboard, placed),
        page: &page,
    };
    let known = request.header("if-none-match");
    let mut response = match (script, part.as_deref()) {
        (true, Some("rows")) => answer(&closely.rows().await.ok_or(Error::NotFound("rows of this panel"))?, known)?,
        (true, Some(_)) => answer(&closely.drawing().await.0, known)?,
        (true, None) => around::page(&closely.whole().await)?,
        (false, _) => alone(closely, request).await?,
    };
    response.headers_mut().insert("vary", HeaderValue::from_static("hx-request, cookie"));
    Ok(response)
}

async fn alone(closely: Closely<'_>, request: &Request) -> Result<Response> {
    let (scope, dashboard, page) = (closely.scope, closely.dashboard, closely.page);
    let mut chrome = around::tenant(closely.parts, request, scope, dashboard, page).await?;
    chrome.title = format!("{} · {}", closely.placed.panel.common().title, chrome.title);
    chrome.page = closely.view.page.clone();
    around::page(&DetailPage {
        chrome,
        detail: closely.whole().await,
        dashboard_href: closely.back().href(),
        dashboard_name: dashboard.name.clone(),
        notices: page.notices.clone(),
    })
}

/// The panel's view with the detail as its page.
fn close_view(page: &PageView, scope: &TenantScope, dashboard: &Dashboard, placed: &Placed) -> View {
    let view = page.of_panel(scope, dashboard, placed);
    let detail = panels::detail(&view.fragment);
    View { close: true, fragment: detail.with("part", Some("drawing")), page: detail, ..view }
}

impl Closely<'_> {
    fn parameter(&self, name: &str) -> String {
        format!("{}.{name}", self.placed.key)
    }

    /// The dashboard again, without what only the detail is asked for.
    fn back(&self) -> Address {
        let prefix = self.parameter("");
        let mut page = self.page.page(self.scope, self.dashboard);
        page.query.retain(|(name, _)| !name.starts_with(&prefix));
        page
    }

    /// The large drawing, and what it was drawn from.
    async fn drawing(&self) -> (PanelFrame, Answers) {
        let began = Instant::now();
        if self.placed.panel.endpoint().is_some() {
            // Made by an endpoint: there are no rows of a query behind it.
            let stand = Stand::Close;
            let frame = panels::draw(self.parts, self.scope, self.dashboard, self.placed, self.page, stand).await;
            return (PanelFrame { key: format!("{}-close", self.placed.key), description: None, ..frame }, Ok(Vec::new()));
        }
        let answers = panels::ask(self.parts, self.scope, self.placed, self.page, &self.view).await;
        let frame = self.frame(self.placed, &self.view, began, answers.clone());
        (PanelFrame { key: format!("{}-close", self.placed.key), description: None, ..frame }, answers)
    }

    fn frame(&self, placed: &Placed, view: &View, began: Instant, answers: Answers) -> PanelFrame {
        let stand = (Stand::Close, began);
        panels::drawn(self.parts, self.scope, self.dashboard, placed, self.page, view, stand, answers)
    }

    /// The rows behind it, where its author lets them be seen.
    async fn rows(&self) -> Option<PanelFrame> {
        if !self.placed.panel.common().drill_down.show_table {
            return None;
        }
        let panel = rows_behind(self.placed.panel.as_ref(), &self.view)?;
        let placed = Placed { panel, kind: "table", ..self.placed.clone() };
        let view = View { fragment: self.view.page.with("part", Some("rows")), ..self.view.clone() };
        let began = Instant::now();
        let answers = panels::ask(self.parts, self.scope, &placed, self.page, &view).await;
        let frame = self.frame(&placed, &view, began, answers);
        Some(PanelFrame { key: format!("{}-rows", self.placed.key), ..frame })
    }

    async fn whole(&self) -> Detail {
        let ((drawing, answers), rows, series) = tokio::join!(self.drawing(), self.rows(), self.series());
        let common = self.placed.panel.common();
        let set = filters::words(self.dashboard, self.page);
        let mut words = vec![self.page.spec.words(self.page.now, self.page.zone), zone_words(self.page.zone)];
        words.extend(set);
        Detail {
            key: self.placed.key.to_string(),
            title: common.title.clone(),
            description: common.description.clone(),
            words: words.join(" · "),
            zone: self.page.zone.name().to_owned(),
            drawing,
            rows,
            raw: self.raw(),
            series,
            exports: self.exports(),
            source: self.source(&answers),
        }
    }

    /// Every reading in place of buckets, where that would be another drawing.
    fn raw(&self) -> Option<RawLink> {
        let on = !self.view.aggregate;
        let other = View { aggregate: on, ..self.view.clone() };
        let offered = self.placed.panel.common().drill_down.disable_aggregation
            && (on || self.placed.panel.asks(&self.view) != self.placed.panel.asks(&other));
        let name = self.parameter("raw");
        offered.then(|| RawLink { href: self.view.page.with(&name, (!on).then_some("1")).href(), on })
    }

    async fn series(&self) -> Option<SeriesForm> {
        let query = self.placed.panel.series(&self.view)?.filtered(&self.view.filters);
        let fresh_for = self.view.refresh.to_std().unwrap_or_default();
        let answer = query.run(self.scope, &self.parts.cache, self.placed.key.as_str(), fresh_for).await.ok()?;
        let labels = filters::texts(&answer.frame);
        let name = self.parameter("series");
        let chosen: Vec<&str> = self.view.all("series").collect();
        let all: Vec<(String, bool)> =
            labels.into_iter().map(|label| (label.clone(), chosen.contains(&label.as_str()))).collect();
        let bare = self.view.page.with(&name, None);
        (all.len() > 1 || !chosen.is_empty()).then(|| SeriesForm {
            action: bare.path.clone(),
            clear: (!chosen.is_empty()).then(|| bare.href()),
            keep: bare.query,
            name,
            all,
        })
    }

    /// The data on paper and as files, as it is shown here.
    fn exports(&self) -> Vec<Link> {
        let (scope, dashboard, placed, query) = (self.scope, self.dashboard, self.placed, &self.page.query);
        let print = report::address(scope, dashboard, placed, query, "");
        let rows = placed.panel.export(&self.view).is_some();
        let print = Link { name: "Print".to_owned(), href: print, current: false };
        std::iter::once(print).chain(report::files(scope, dashboard, placed, query, rows, false)).collect()
    }

    /// File and question: for those who write them, and nobody else.
    fn source(&self, answers: &Answers) -> Option<SourceView> {
        if !self.scope.role().is_author() {
            return None;
        }
        let questions = self.placed.panel.asks(&self.view);
        let questions = questions.iter().enumerate().filter_map(|(at, query)| self.question(query, at, answers));
        Some(SourceView { place: format!("{}:{}", self.placed.file, self.placed.line), questions: questions.collect() })
    }

    fn question(&self, query: &Query, at: usize, answers: &Answers) -> Option<QuestionView> {
        let datastore = self.scope.datastore()?;
        let statement = query.statement(datastore.dialect(), datastore.schema());
        let mark = if datastore.dialect() == Dialect::Postgres { '$' } else { '?' };
        let binds = statement.binds.iter().enumerate().map(|(i, bind)| (format!("{mark}{}", i + 1), written(bind)));
        let told = match answers {
            Ok(answers) => answers.get(at).map(told).unwrap_or_default(),
            Err(failure) => format!("failed: {}", failure.words()),
        };
        Some(QuestionView { binds: binds.collect(), sql: statement.sql, told })
    }
}

fn told(answer: &crate::query::Answer) -> String {
    let rows = match answer.frame.rows() {
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    };
    match answer.hit {
        true => format!("{rows}, from the cache (hit)"),
        false => format!("{rows} in {:.1} ms, from the database (miss)", answer.elapsed.as_secs_f64() * 1e3),
    }
}

fn written(bind: &Bind) -> String {
    match bind {
        Bind::Null => "null".to_owned(),
        Bind::Bool(value) => value.to_string(),
        Bind::Int(value) => value.to_string(),
        Bind::Float(value) => value.to_string(),
        Bind::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Bind::Instant(at) => at.to_rfc3339(),
        Bind::Local(at) => at.to_string(),
    }
}
