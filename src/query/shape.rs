//! What of a question stays the same while its range moves with the clock.

use chrono::DateTime;

use super::Query;
use crate::domain::TimeRange;

impl Query {
    /// The range it asks for.
    pub fn range(&self) -> Option<TimeRange> {
        match self {
            Query::Series { window, .. } => Some(window.range),
            Query::Spread { range, .. } => Some(*range),
            Query::Value { range, .. } | Query::Groups { range, .. } => *range,
            Query::Latest { .. } => None,
            Query::Distinct { within, .. } => within.as_ref().map(|(_, range)| *range),
            Query::Rows { set, .. } | Query::Count { set } | Query::CountTo { set, .. } => set.range,
        }
    }

    /// The question with its range moved to a fixed place: equal for the same panel a minute later.
    pub(super) fn shape(&self) -> String {
        let mut shape = self.clone();
        let moved = |range: TimeRange| {
            let minutes = range.length().num_minutes().max(1);
            let start = DateTime::UNIX_EPOCH;
            TimeRange::new(start, start + chrono::TimeDelta::minutes(minutes)).unwrap_or(range)
        };
        match &mut shape {
            Query::Series { window, .. } => window.range = moved(window.range),
            Query::Spread { range, .. } => *range = moved(*range),
            Query::Value { range, .. } | Query::Groups { range, .. } => *range = range.map(moved),
            Query::Latest { .. } => {}
            Query::Distinct { within, .. } => {
                if let Some((_, range)) = within {
                    *range = moved(*range);
                }
            }
            Query::Rows { set, .. } | Query::Count { set } | Query::CountTo { set, .. } => set.range = set.range.map(moved),
        }
        format!("{shape:?}")
    }
}
