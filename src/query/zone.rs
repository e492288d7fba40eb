//! A zone's offsets over a stretch of time: no database is asked what it knows of zones.

use chrono::{DateTime, Days, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::domain::TimeRange;
use crate::domain::range::calendar::{local, offset_at, start_of_day};

/// From this point on (exclusive of what is before the first entry) an offset holds, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it begins: epoch seconds, or local seconds where the function says so.
    pub from: i64,
    /// Seconds ahead of UTC.
    pub offset: i64,
}

/// The offsets that hold in a range, oldest first, from instants in epoch seconds. Never empty.
pub fn offsets(range: TimeRange, zone: Tz) -> Vec<Segment> {
    let mut segments = vec![Segment { from: range.from().timestamp(), offset: offset_at(range.from(), zone) }];
    let mut at = range.from();
    while at < range.to() {
        let next = (at + TimeDelta::hours(24)).min(range.to());
        let offset = offset_at(next, zone);
        if segments.last().is_some_and(|last| last.offset != offset) {
            segments.push(Segment { from: turn(at, next, zone), offset });
        }
        at = next;
    }
    segments
}

/// The second between `before` and `after` at which the offset changes.
fn turn(before: DateTime<Utc>, after: DateTime<Utc>, zone: Tz) -> i64 {
    let (mut low, mut high, old) = (before.timestamp(), after.timestamp(), offset_at(before, zone));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let offset = DateTime::from_timestamp(middle, 0).map_or(old, |at| offset_at(at, zone));
        if offset == old { low = middle } else { high = middle }
    }
    high
}

/// For local midnights (in local seconds) of the days of a range: how far each is ahead of the instant its day begins at.
pub fn midnights(range: TimeRange, zone: Tz) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for_days(range, zone, |midnight, start| {
        let offset = midnight - start.timestamp();
        if segments.last().is_none_or(|last| last.offset != offset) {
            segments.push(Segment { from: midnight, offset });
        }
    });
    segments
}

/// Calls `each` with the local midnight of every day that touches the range (a week before it too), and the day's first instant.
fn for_days(range: TimeRange, zone: Tz, mut each: impl FnMut(i64, DateTime<Utc>)) {
    let last = local(range.to(), zone).date();
    let mut day = local(range.from(), zone).date();
    day = day.checked_sub_days(Days::new(7)).unwrap_or(day);
    while day <= last {
        if let Some(start) = start_of_day(day, zone) {
            each(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp(), start);
        }
        match day.succ_opt() {
            Some(next) => day = next,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Segment, midnights, offsets};
    use crate::domain::TimeRange;
    use chrono::DateTime;
    use chrono_tz::Tz;

    fn range(from: &str, to: &str) -> TimeRange {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        TimeRange::new(at(from), at(to)).unwrap()
    }

    #[test]
    fn a_year_in_new_york_has_three_stretches() {
        let year = range("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let found: Vec<_> = offsets(year, Tz::America__New_York).iter().map(|s| s.offset).collect();
        assert_eq!(found, [-18_000, -14_400, -18_000]);
        let spring = offsets(year, Tz::America__New_York)[1];
        assert_eq!(DateTime::from_timestamp(spring.from, 0).unwrap().to_rfc3339(), "2026-03-08T07:00:00+00:00");
        assert_eq!(offsets(year, Tz::Asia__Kolkata), [Segment { from: 1_767_225_600, offset: 19_800 }]);
    }

    #[test]
    fn a_day_begins_at_the_first_of_two_midnights_and_an_hour_late_where_there_is_none() {
        let year = range("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        assert_eq!(midnights(year, Tz::America__New_York).len(), 3);
        let start = |day: &str| {
            let midnight = DateTime::parse_from_rfc3339(&format!("{day}T00:00:00Z")).unwrap().timestamp();
            let ahead = midnights(year, Tz::America__Havana).into_iter().rfind(|s| s.from <= midnight).unwrap().offset;
            DateTime::from_timestamp(midnight - ahead, 0).unwrap().to_rfc3339()
        };
        assert_eq!(start("2026-03-08"), "2026-03-08T05:00:00+00:00");
        assert_eq!(start("2026-11-01"), "2026-11-01T04:00:00+00:00");
        assert_eq!(start("2026-11-02"), "2026-11-02T05:00:00+00:00");
    }
}
