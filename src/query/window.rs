//! Which stretch of time is asked for, and in how wide buckets.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::domain::TimeRange;
use crate::domain::range::calendar::{Unit, local};

/// The width of a bucket. Buckets of an hour and more follow the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Its length: whole minutes under an hour, an hour, a day or a week.
    pub width: TimeDelta,
    /// Whose hours and days.
    pub zone: Tz,
}

/// A range made ready for one panel: put on its grid, widened to whole buckets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// What is asked for.
    pub range: TimeRange,
    /// The bucket, or none for raw rows.
    pub bucket: Option<Bucket>,
}

impl Window {
    /// Seed 003's rule: ≤ 8 h raw, ≤ 1 day per minute, ≤ 4 days per 10 minutes, longer per hour; beyond 92 days per day,
    /// beyond 2,500 days per week, so that a line keeps at most some 2,500 points. Days are the zone's days: one of 25 hours is one day.
    ///
    /// A relative range snaps outward to max(bucket, refresh interval, 1 s); the refresh interval counts for at most a 24th of
    /// the range, lest a panel that is asked every six hours showed its last hour as seven.
    pub fn new(range: TimeRange, relative: bool, refresh: TimeDelta, zone: Tz, aggregate: bool) -> Window {
        let bucket = width(range, zone).filter(|_| aggregate).map(|width| Bucket { width, zone });
        let mut range = range;
        if relative {
            let grid = refresh.min(range.length() / 24).max(TimeDelta::seconds(1));
            range = widened(range, |at, up| snap(at, grid.num_seconds(), up));
        }
        if let Some(bucket) = bucket {
            range = widened(range, |at, up| bucket.edge(at, up));
        }
        Window { range, bucket }
    }
}

impl Bucket {
    /// The start of the bucket that `at` lies in; with `up` the first start that is not before `at`.
    pub fn edge(&self, at: DateTime<Utc>, up: bool) -> Option<DateTime<Utc>> {
        let unit = match self.width.num_seconds() {
            3600 => Unit::Hour,
            86_400 => Unit::Day,
            604_800 => Unit::Week,
            seconds => return snap(at, seconds, up),
        };
        let start = unit.round(at, self.zone, false)?;
        if !up || start == at { Some(start) } else { unit.round(at, self.zone, true) }
    }
}

/// The width for a range, none for raw rows.
fn width(range: TimeRange, zone: Tz) -> Option<TimeDelta> {
    // What the clock on the wall says, where a day has 23 or 25 hours.
    let length = range.length().min(local(range.to(), zone) - local(range.from(), zone)).max(TimeDelta::zero());
    if range.length() <= TimeDelta::hours(8) {
        return None;
    }
    Some(match length {
        l if l <= TimeDelta::days(1) => TimeDelta::minutes(1),
        l if l <= TimeDelta::days(4) => TimeDelta::minutes(10),
        l if l <= TimeDelta::days(92) => TimeDelta::hours(1),
        l if l <= TimeDelta::days(2500) => TimeDelta::days(1),
        _ => TimeDelta::weeks(1),
    })
}

fn widened(range: TimeRange, edge: impl Fn(DateTime<Utc>, bool) -> Option<DateTime<Utc>>) -> TimeRange {
    let ends = edge(range.from(), false).zip(edge(range.to(), true));
    ends.and_then(|(from, to)| TimeRange::new(from, to)).unwrap_or(range)
}

fn snap(at: DateTime<Utc>, seconds: i64, up: bool) -> Option<DateTime<Utc>> {
    let seconds = seconds.max(1);
    let whole = at.timestamp() - at.timestamp().rem_euclid(seconds);
    let exact = whole == at.timestamp() && at.timestamp_subsec_nanos() == 0;
    DateTime::from_timestamp(if up && !exact { whole + seconds } else { whole }, 0)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use chrono_tz::Tz;

    use super::Window;
    use crate::domain::TimeRange;

    const NEW_YORK: Tz = Tz::America__New_York;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn window(from: &str, to: &str, relative: bool, refresh: i64, zone: Tz) -> Window {
        Window::new(TimeRange::new(at(from), at(to)).unwrap(), relative, TimeDelta::seconds(refresh), zone, true)
    }

    #[test]
    fn the_width_follows_the_length() {
        let end = at("2026-04-15T00:00:00Z");
        for (hours, seconds) in [
            (1, None),
            (8, None),
            (9, Some(60)),
            (24, Some(60)),
            (25, Some(600)),
            (96, Some(600)),
            (97, Some(3600)),
            (92 * 24, Some(3600)),
            (93 * 24, Some(86_400)),
            (2500 * 24, Some(86_400)),
            (2501 * 24, Some(604_800)),
        ] {
            let range = TimeRange::new(end - TimeDelta::hours(hours), end).unwrap();
            let made = Window::new(range, false, TimeDelta::zero(), Tz::UTC, true);
            assert_eq!(made.bucket.map(|b| b.width.num_seconds()), seconds, "{hours} h");
            let points = made.bucket.map_or(0, |b| made.range.length().num_seconds() / b.width.num_seconds());
            assert!(points <= 5300, "{hours} h make {points} points");
            assert_eq!(Window::new(range, false, TimeDelta::zero(), Tz::UTC, false).bucket, None);
        }
    }

    #[test]
    fn a_day_of_25_hours_is_still_one_day() {
        let day = window("2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", false, 0, NEW_YORK);
        assert_eq!(day.bucket.map(|b| b.width), Some(TimeDelta::minutes(1)));
        assert_eq!(day.range.length(), TimeDelta::hours(25));
    }

    #[test]
    fn a_relative_range_snaps_outward_to_its_grid() {
        let raw = window("2026-04-15T11:34:56.7Z", "2026-04-15T12:34:56.7Z", true, 60, Tz::UTC);
        assert_eq!((raw.range.from(), raw.range.to()), (at("2026-04-15T11:34:00Z"), at("2026-04-15T12:35:00Z")));
        // A slow refresh may not stretch a short range.
        let slow = window("2026-04-15T11:34:56Z", "2026-04-15T12:34:56Z", true, 21_600, Tz::UTC);
        assert!(slow.range.length() <= TimeDelta::minutes(66));
        // An absolute raw range stays as it is.
        let fixed = window("2026-04-15T11:34:56.7Z", "2026-04-15T12:34:56.7Z", false, 60, Tz::UTC);
        assert_eq!(fixed.range.from(), at("2026-04-15T11:34:56.7Z"));
    }

    #[test]
    fn an_aggregated_range_is_widened_to_whole_buckets_of_the_zone() {
        let hours = window("2026-04-01T00:10:00Z", "2026-04-15T12:10:00Z", false, 0, Tz::Asia__Kolkata);
        assert_eq!((hours.range.from(), hours.range.to()), (at("2026-03-31T23:30:00Z"), at("2026-04-15T12:30:00Z")));
        let days = window("2026-01-01T12:00:00Z", "2026-06-01T04:00:00Z", false, 0, NEW_YORK);
        assert_eq!((days.range.from(), days.range.to()), (at("2026-01-01T05:00:00Z"), at("2026-06-01T04:00:00Z")));
    }
}
