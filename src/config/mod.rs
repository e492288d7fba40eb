//! The tenants folder, read whole: dashboards and panels ready to draw, and every fault with its place.

use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Tz;

use crate::domain::Key;
use crate::panel::Panel;

/// Where a panel stands: columns 1–12, rows from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Position {
    pub row: u16,
    pub col: u16,
    pub width: u16,
    pub height: u16,
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
    /// Itself; `Err` is the fault a viewer is told of without its place.
    pub panel: Arc<dyn Panel>,
    /// The file it was read from, for authors.
    pub file: String,
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
    /// Its panels, in reading order.
    pub panels: Vec<Placed>,
}
