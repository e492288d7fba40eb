//! Local days, weeks, months and years as instants, through days of 23 and 25 hours.

use chrono::{DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Which of two instants a local time means when the clock passes it twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// The first time.
    Earlier,
    /// The second time.
    Later,
}

/// The instant of a local time. A local time that the clock jumps over is read with the offset before the jump,
/// so that the start of a day without midnight is its first instant.
pub fn instant(local: NaiveDateTime, zone: Tz, fold: Fold) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Some(at.to_utc()),
        LocalResult::Ambiguous(first, second) => Some(if fold == Fold::Earlier { first.to_utc() } else { second.to_utc() }),
        LocalResult::None => {
            let before = local.checked_sub_signed(TimeDelta::hours(15))?;
            Some((local.checked_sub_signed(TimeDelta::seconds(offset_at(before.and_utc(), zone)))?).and_utc())
        }
    }
}

/// Seconds that `zone` is ahead of UTC at `at`.
pub fn offset_at(at: DateTime<Utc>, zone: Tz) -> i64 {
    use chrono::Offset;
    i64::from(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
}

/// The first instant of a local day.
pub fn start_of_day(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    instant(day.and_time(NaiveTime::MIN), zone, Fold::Earlier)
}

/// The local date and time of an instant.
pub fn local(at: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    at.with_timezone(&zone).naive_local()
}

/// A unit of the range grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    /// Reads `s m h d w M Q y`.
    pub fn of(letter: char) -> Option<Unit> {
        Some(match letter {
            's' => Unit::Second,
            'm' => Unit::Minute,
            'h' => Unit::Hour,
            'd' => Unit::Day,
            'w' => Unit::Week,
            'M' => Unit::Month,
            'Q' => Unit::Quarter,
            'y' => Unit::Year,
            _ => return None,
        })
    }

    /// Its name, for one.
    pub fn word(self) -> &'static str {
        match self {
            Unit::Second => "second",
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Quarter => "quarter",
            Unit::Year => "year",
        }
    }

    /// `at` moved by `count` units: up to hours by the clock, days and longer by the local calendar.
    pub fn shift(self, at: DateTime<Utc>, count: i64, zone: Tz) -> Option<DateTime<Utc>> {
        let clock = |unit: i64| TimeDelta::try_seconds(count.checked_mul(unit)?).and_then(|by| at.checked_add_signed(by));
        match self {
            Unit::Second => clock(1),
            Unit::Minute => clock(60),
            Unit::Hour => clock(3600),
            Unit::Day => shift_days(at, count, zone),
            Unit::Week => shift_days(at, count.checked_mul(7)?, zone),
            Unit::Month => shift_months(at, count, zone),
            Unit::Quarter => shift_months(at, count.checked_mul(3)?, zone),
            Unit::Year => shift_months(at, count.checked_mul(12)?, zone),
        }
    }

    /// The start of the unit that `at` lies in, or with `up` the start of the next one. Weeks begin on Monday.
    pub fn round(self, at: DateTime<Utc>, zone: Tz, up: bool) -> Option<DateTime<Utc>> {
        let local = local(at, zone);
        let day = local.date();
        let (first, months) = match self {
            Unit::Second | Unit::Minute => {
                let width = if self == Unit::Second { 1 } else { 60 };
                return round_clock(at, width, 0, up);
            }
            Unit::Hour => return round_clock(at, 3600, offset_at(at, zone).rem_euclid(3600), up),
            Unit::Day | Unit::Week => {
                let into = if self == Unit::Day { 0 } else { u64::from(day.weekday().num_days_from_monday()) };
                let width = if self == Unit::Day { 1 } else { 7 };
                let first = day.checked_sub_days(Days::new(into))?;
                return start_of_day(if up { first.checked_add_days(Days::new(width))? } else { first }, zone);
            }
            Unit::Month => (day.with_day(1)?, 1),
            Unit::Quarter => (day.with_day(1)?.with_month0(day.month0() / 3 * 3)?, 3),
            Unit::Year => (day.with_day(1)?.with_month0(0)?, 12),
        };
        start_of_day(if up { first.checked_add_months(Months::new(months))? } else { first }, zone)
    }
}

/// Rounds to a grid of `width` seconds that is `phase` seconds ahead of the UTC one.
fn round_clock(at: DateTime<Utc>, width: i64, phase: i64, up: bool) -> Option<DateTime<Utc>> {
    let into = (at.timestamp() + phase).rem_euclid(width);
    let start = at.timestamp() - into;
    DateTime::from_timestamp(if up { start + width } else { start }, 0)
}

fn shift_days(at: DateTime<Utc>, days: i64, zone: Tz) -> Option<DateTime<Utc>> {
    let local = local(at, zone);
    instant(local.checked_add_signed(TimeDelta::try_days(days)?)?, zone, fold_of(at, local, zone))
}

fn shift_months(at: DateTime<Utc>, months: i64, zone: Tz) -> Option<DateTime<Utc>> {
    let local = local(at, zone);
    let by = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    let moved = if months < 0 { local.checked_sub_months(by)? } else { local.checked_add_months(by)? };
    instant(moved, zone, fold_of(at, local, zone))
}

/// Which of the two passes of an ambiguous local time `at` itself is; the earlier when it is not ambiguous.
fn fold_of(at: DateTime<Utc>, local: NaiveDateTime, zone: Tz) -> Fold {
    match instant(local, zone, Fold::Earlier) {
        Some(first) if first < at && instant(local, zone, Fold::Later) == Some(at) => Fold::Later,
        _ => Fold::Earlier,
    }
}
