//! The tenants folder, read whole: dashboards and panels ready to draw, and every fault with its place.

mod app;
mod catalog;
pub mod check;
mod dashboard;
mod files;
mod filters;
mod layout;
mod live;
mod panels;
pub mod schema;
pub mod spec;
mod tenant;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Tz;

pub use app::{App, Upstream};
pub use catalog::{AppUse, Catalog};
pub use filters::{CHOICES, Choices, Filter, FilterKind, LONGEST, Use};
pub use live::Live;
pub use tenant::{Brand, DatastoreDecl, Secret, TenantFile};

use crate::domain::{Key, Role, VisibleTo};
use crate::panel::Panel;
use crate::yaml::Fault;

/// Where a panel stands: columns 1–12, rows from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Position {
    pub row: u16,
    pub col: u16,
    pub width: u16,
    pub height: u16,
}

/// How what is shown stands to what is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// It is what the file says.
    #[default]
    Current,
    /// The file has a fault: this is the last version without one.
    LastGood,
    /// The file has a fault and there never was a version without one.
    Faulty,
}

/// A panel on a dashboard.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its id.
    pub key: Key,
    /// Its type's name.
    pub kind: &'static str,
    /// Where it stands.
    pub position: Position,
    /// Itself; where its file has a fault and no last good version, one that says so.
    pub panel: Arc<dyn Panel>,
    /// The file it was read from, for authors.
    pub file: String,
    /// The line its panel begins on.
    pub line: usize,
    /// The filters it names, each with its place.
    pub uses: Vec<Use>,
    /// Whether it is what its file says.
    pub version: Version,
}

/// A dashboard, ready to draw.
#[derive(Clone, Debug)]
pub struct Dashboard {
    /// Its name in addresses: the file's name without `.yaml`.
    pub key: Key,
    /// Its title.
    pub name: String,
    /// A sentence below the title.
    pub description: Option<String>,
    /// The refresh interval of panels that have none of their own.
    pub refresh: Option<TimeDelta>,
    /// Its own zone, before the tenant's.
    pub zone: Option<Tz>,
    /// The range when the address names none.
    pub range: Option<(String, String)>,
    /// Who sees it.
    pub visible_to: VisibleTo,
    /// Its filters, each behind those its choices depend on.
    pub filters: Vec<Filter>,
    /// The app that is its body; it has no panels then.
    pub app: Option<Key>,
    /// Its panels, in reading order.
    pub panels: Vec<Placed>,
    /// Its file, for authors.
    pub file: String,
    /// Whether it is what its file says.
    pub version: Version,
    /// What is wrong in its file and its panels' files, for authors.
    pub faults: Vec<Fault>,
    /// What it was read from.
    pub sources: Sources,
}

/// The files something was read from, and those looked for in vain, with what they held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(Vec<(String, Option<u64>)>);

impl Dashboard {
    /// The dashboard as somebody of this role sees it, with those panels alone that the tenant has (`has`: the metadata's
    /// visible components); none when they do not see it.
    pub(super) fn seen_by(self: &Arc<Dashboard>, role: Role, has: impl Fn(&Key) -> bool) -> Option<Arc<Dashboard>> {
        let shown = |placed: &Placed| placed.panel.common().visible_to.includes(role) && has(&placed.key);
        if !self.visible_to.includes(role) {
            return None;
        }
        if self.panels.iter().all(shown) {
            return Some(Arc::clone(self));
        }
        let mut panels: Vec<Placed> = self.panels.iter().filter(|placed| shown(placed)).cloned().collect();
        let mut positions: Vec<Position> = panels.iter().map(|placed| placed.position).collect();
        layout::close_up(&mut positions, &self.panels.iter().map(|placed| placed.position).collect::<Vec<_>>());
        for (placed, position) in panels.iter_mut().zip(positions) {
            placed.position = position;
        }
        Some(Arc::new(Dashboard { panels, ..(**self).clone() }))
    }

    /// Whether this is the tenant's front page.
    pub fn is_default(&self) -> bool {
        self.key.as_str() == DEFAULT
    }
}

/// The key of the dashboard every tenant has.
const DEFAULT: &str = "default";

/// A dashboard in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardTitle {
    /// Its name in addresses.
    pub key: Key,
    /// Its title.
    pub name: String,
    /// A sentence about it.
    pub description: Option<String>,
}
