//! What stands above the body of a dashboard, whatever its body is: title, range, filters, faults and notices.

use askama::Template;

use super::dashboard::{RangeControls, controls};
use crate::config::{Dashboard, FilterKind, Version};
use crate::tenancy::TenantScope;
use crate::web::Parts;
use crate::web::filters::{self, FilterBar};
use crate::web::view::PageView;
use crate::yaml::Fault;

/// The heading of a dashboard's page.
#[derive(Clone, Debug, Template)]
#[template(path = "partials/heading.html")]
pub struct Heading {
    /// The dashboard's title.
    pub name: String,
    /// A sentence below the title.
    pub description: Option<String>,
    /// Whether the page has no bar.
    pub kiosk: bool,
    /// The range and its controls.
    pub range: RangeControls,
    /// Faults of the tenant's files, filled for authors alone.
    pub faults: Vec<FaultLine>,
    /// What the viewer should know: a bad parameter and what is shown instead.
    pub notices: Vec<String>,
    /// The filters and their controls.
    pub filters: Option<FilterBar>,
    /// What is set, for those who have no controls: “Service: api”.
    pub set: Vec<String>,
    /// The dashboard that has its turn after this one.
    pub next: Option<Next>,
}

/// A fault of the tenant's files, for authors.
#[derive(Clone, Debug)]
pub struct FaultLine {
    /// `file:line:column`.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl From<Fault> for FaultLine {
    fn from(fault: Fault) -> FaultLine {
        FaultLine { place: format!("{}:{}:{}", fault.file, fault.line, fault.column), message: fault.message }
    }
}

/// The dashboard that has its turn after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// Where it is.
    pub href: String,
    /// Seconds until then.
    pub seconds: i64,
}

impl askama::filters::HtmlSafe for Heading {}

impl Heading {
    /// The heading of `dashboard` as it is seen here.
    pub fn of(
        parts: &Parts,
        scope: &TenantScope,
        dashboard: &Dashboard,
        view: &PageView,
        bar: Option<FilterBar>,
        next: Option<Next>,
    ) -> Heading {
        Heading {
            name: dashboard.name.clone(),
            description: dashboard.description.clone(),
            kiosk: view.kiosk,
            range: controls(&view.page(scope, dashboard), view),
            faults: faults(parts, scope),
            notices: view.notices.iter().cloned().chain(told_to_authors(scope, dashboard)).collect(),
            filters: bar,
            set: filters::words(dashboard, view),
            next,
        }
    }

    fn faults_words(&self) -> String {
        match self.faults.len() {
            1 => "One fault in this tenant's files; what was good last is shown.".to_owned(),
            n => format!("{n} faults in this tenant's files; what was good last is shown."),
        }
    }
}

/// The faults of the tenant's files, for those whose business they are.
fn faults(parts: &Parts, scope: &TenantScope) -> Vec<FaultLine> {
    if !scope.role().is_author() {
        return Vec::new();
    }
    let faults = parts.catalog.now().faults(scope).into_iter().filter(|fault| !fault.warning);
    faults.take(20).map(FaultLine::from).collect()
}

/// That the dashboard is not what its file says.
fn told_to_authors(scope: &TenantScope, dashboard: &Dashboard) -> Option<String> {
    let shown = match dashboard.version {
        Version::Current => return None,
        Version::LastGood => "this is its last good version",
        Version::Faulty => "this is what could be read of it",
    };
    scope.role().is_author().then(|| format!("{} has a fault: {shown}.", dashboard.file))
}
