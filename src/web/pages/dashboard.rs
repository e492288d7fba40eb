//! A dashboard: heading, range, notices, and its panels in their grid.

use askama::Template;

use super::{Chrome, Link, PanelFrame};
use crate::panel::Address;

/// A fault of the tenant's files, for authors.
#[derive(Clone, Debug)]
pub struct FaultLine {
    /// `file:line:column`.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

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
            action: page.path.clone(),
            keep: page.query.iter().filter(|(name, _)| name != "from" && name != "to").cloned().collect(),
            from: now.from,
            to: now.to,
            words,
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
    /// Its title.
    pub name: String,
    /// A sentence below the title.
    pub description: Option<String>,
    /// The range and its controls.
    pub range: RangeControls,
    /// Faults of the tenant's files, filled for authors alone.
    pub faults: Vec<FaultLine>,
    /// What the viewer should know: a bad parameter and what is shown instead.
    pub notices: Vec<String>,
    /// The panels, in reading order.
    pub panels: Vec<PanelFrame>,
}

impl DashboardPage {
    fn faults_words(&self) -> String {
        match self.faults.len() {
            1 => "One fault in this tenant's files; what was good last is shown.".to_owned(),
            n => format!("{n} faults in this tenant's files; what was good last is shown."),
        }
    }
}
