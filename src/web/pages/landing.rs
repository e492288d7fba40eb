//! All my tenants.

use askama::Template;

use super::Chrome;

/// From this many tenants on there is a search field.
const SEARCHABLE: usize = 12;

/// One tenant of mine.
#[derive(Clone, Debug)]
pub struct TenantCard {
    /// Its name.
    pub name: String,
    /// Its first dashboard.
    pub href: String,
    /// How many dashboards, in words: "3 dashboards".
    pub dashboards: String,
    /// What I am there, in words: "You may look".
    pub role: String,
}

/// All my tenants, a page at a time.
#[derive(Clone, Debug, Template)]
#[template(path = "landing.html")]
pub struct LandingPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// What was searched for; empty for all.
    pub q: String,
    /// How many there are in all that match.
    pub total: usize,
    /// Those of this page.
    pub tenants: Vec<TenantCard>,
    /// This page's number, from 1.
    pub page: usize,
    /// How many pages there are.
    pub pages: usize,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
}

impl LandingPage {
    fn searchable(&self) -> bool {
        !self.q.is_empty() || self.total > SEARCHABLE
    }

    fn words(&self) -> String {
        let count = match self.total {
            1 => "One tenant".to_owned(),
            n => format!("{n} tenants"),
        };
        if self.q.is_empty() { count } else { format!("{count} found for “{}”", self.q) }
    }
}
