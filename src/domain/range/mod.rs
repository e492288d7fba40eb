//! A time range as people write it (`now-24h`, `now/d`, a date, epoch milliseconds) and as it resolves.

pub mod calendar;
mod moment;
mod steps;
#[cfg(test)]
mod tests;
mod words;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

pub use moment::Moment;
pub use words::{PRESETS, Preset};

/// The longest range that is answered, in days: about a hundred years.
const LONGEST_DAYS: i64 = 36_525;

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

/// Both ends as written, so that a link tells them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeSpec {
    /// The text of `from`.
    pub from: Moment,
    /// The text of `to`.
    pub to: Moment,
}

impl RangeSpec {
    /// The last 24 hours.
    pub fn last_day() -> RangeSpec {
        RangeSpec { from: Moment::now_less(24, 'h'), to: Moment::now() }
    }

    /// Reads both ends and checks that they can make a range.
    ///
    /// # Errors
    /// What is wrong, in the viewer's words.
    pub fn parse(from: &str, to: &str, now: DateTime<Utc>, zone: Tz) -> Result<RangeSpec, String> {
        let spec = RangeSpec { from: Moment::parse(from)?, to: Moment::parse(to)? };
        let beyond = |moment: &Moment| format!("“{}” lies outside the years 1900 to 2200", moment.as_str());
        let start = spec.from.resolve(now, zone, false).ok_or_else(|| beyond(&spec.from))?;
        let end = spec.to.resolve(now, zone, true).ok_or_else(|| beyond(&spec.to))?;
        if start >= end {
            return Err(format!("the range must begin before it ends: “{}” is not before “{}”", from.trim(), to.trim()));
        }
        if (end - start).num_days() > LONGEST_DAYS {
            return Err("the range is longer than 100 years, the most that is shown".to_owned());
        }
        Ok(spec)
    }

    /// The range it means now. A spec that has become none (an absolute start that `to` has not reached)
    /// means the last 24 hours.
    pub fn resolve(&self, now: DateTime<Utc>, zone: Tz) -> TimeRange {
        let ends = self.from.resolve(now, zone, false).zip(self.to.resolve(now, zone, true));
        ends.and_then(|(from, to)| TimeRange::new(from, to)).unwrap_or(TimeRange { from: now - TimeDelta::hours(24), to: now })
    }

    /// Whether it moves with the clock.
    pub fn is_relative(&self) -> bool {
        self.from.is_relative() || self.to.is_relative()
    }

    /// In words: "Last 24 hours", "Today", "Apr 10, 00:00 – Apr 12, 00:00".
    pub fn words(&self, now: DateTime<Utc>, zone: Tz) -> String {
        words::of(self, now, zone)
    }

    /// The stretch of the same length just before it; whole days and months move by whole days and months.
    #[must_use]
    pub fn earlier(&self, now: DateTime<Utc>, zone: Tz) -> RangeSpec {
        steps::earlier(self, now, zone)
    }

    /// The stretch of the same length just after it, never beyond now unless it already reached beyond.
    #[must_use]
    pub fn later(&self, now: DateTime<Utc>, zone: Tz) -> RangeSpec {
        steps::later(self, now, zone)
    }

    /// Twice as long, around the same middle, never beyond now unless it already reached beyond.
    #[must_use]
    pub fn zoom_out(&self, now: DateTime<Utc>, zone: Tz) -> RangeSpec {
        steps::zoom_out(self, now, zone)
    }
}
