//! How a panel is being looked at: range, zone, and its own parameters.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::Address;
use crate::domain::{Key, RangeSpec, TimeRange};
use crate::query::Chosen;

/// How a panel is being looked at.
#[derive(Clone, Debug)]
pub struct View {
    /// The panel's id in its dashboard.
    pub key: Key,
    /// Now.
    pub now: DateTime<Utc>,
    /// The shown zone.
    pub zone: Tz,
    /// The range as written.
    pub spec: RangeSpec,
    /// The range as it resolves.
    pub range: TimeRange,
    /// The panel's refresh interval (its own, else its dashboard's).
    pub refresh: TimeDelta,
    /// Whether long ranges are put into buckets.
    pub aggregate: bool,
    /// The filters that are set, each with its value.
    pub filters: Vec<(Key, Chosen)>,
    /// Whether it is looked at closely: large, with its legend, the rows below.
    pub close: bool,
    /// This panel's own parameters, from `{panel}.sort`, `.dir`, `.page`, `.q`, `.f.{column}`: the part behind the dot, and the value.
    pub params: Vec<(String, String)>,
    /// The page this is drawn on: links keep the whole view.
    pub page: Address,
    /// This panel alone, with the same view: what htmx asks for.
    pub fragment: Address,
}

impl View {
    /// One of the panel's own parameters.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    /// All values of one of the panel's own parameters.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.params.iter().filter(move |(k, _)| k == name).map(|(_, v)| v.as_str())
    }
}
