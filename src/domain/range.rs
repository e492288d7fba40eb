//! A time range as people write it (`now-24h`, `now/d`, a date, epoch milliseconds) and as it resolves.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// A half-open stretch of time, `from` inclusive, `to` exclusive; `from < to` always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeRange {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl TimeRange {
    /// A range, if `from` is before `to`.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>) -> Option<TimeRange> {
        (from < to).then_some(TimeRange { from, to })
    }

    /// The first instant.
    pub fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// The first instant after it.
    pub fn to(&self) -> DateTime<Utc> {
        self.to
    }

    /// How long it is.
    pub fn length(&self) -> TimeDelta {
        self.to - self.from
    }
}

/// One end of a range as written: Grafana's grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment(String);

/// Both ends as written, so that a link tells them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeSpec {
    /// The text of `from`.
    pub from: Moment,
    /// The text of `to`.
    pub to: Moment,
}

impl Moment {
    /// Reads `now`, `now-24h`, `now/d`, `now-1M/M`, RFC 3339, a plain date or date-time (in the shown zone), or epoch milliseconds.
    ///
    /// # Errors
    /// What is wrong with the text, in the viewer's words.
    pub fn parse(_text: &str) -> Result<Moment, String> {
        unimplemented!("QUERY helper")
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it moves with the clock.
    pub fn is_relative(&self) -> bool {
        self.0.starts_with("now")
    }

    /// The instant it means. `round_up`: as an end, `now/d` is the end of the day.
    pub fn resolve(&self, _now: DateTime<Utc>, _zone: Tz, _round_up: bool) -> Option<DateTime<Utc>> {
        unimplemented!("QUERY helper")
    }
}

impl RangeSpec {
    /// The last 24 hours.
    pub fn last_day() -> RangeSpec {
        RangeSpec { from: Moment("now-24h".into()), to: Moment("now".into()) }
    }

    /// Reads both ends and checks that they can make a range.
    ///
    /// # Errors
    /// What is wrong, in the viewer's words.
    pub fn parse(_from: &str, _to: &str, _now: DateTime<Utc>, _zone: Tz) -> Result<RangeSpec, String> {
        unimplemented!("QUERY helper")
    }

    /// The range it means now.
    pub fn resolve(&self, _now: DateTime<Utc>, _zone: Tz) -> TimeRange {
        unimplemented!("QUERY helper")
    }

    /// Whether it moves with the clock.
    pub fn is_relative(&self) -> bool {
        self.from.is_relative() || self.to.is_relative()
    }

    /// In words: "Last 24 hours", "Today", "Apr 10, 00:00 – Apr 12, 00:00".
    pub fn words(&self, _now: DateTime<Utc>, _zone: Tz) -> String {
        unimplemented!("QUERY helper")
    }
}
