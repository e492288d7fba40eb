//! A step back, a step on, a look from further away.

use chrono::{DateTime, Datelike, NaiveTime, Utc};
use chrono_tz::Tz;

use super::calendar::{Unit, local, start_of_day};
use super::moment::{Step, is_sane};
use super::{LONGEST_DAYS, Moment, RangeSpec, TimeRange};

pub(super) fn earlier(spec: &RangeSpec, now: DateTime<Utc>, zone: Tz) -> RangeSpec {
    stepped(spec.resolve(now, zone), -1, zone).map_or_else(|| spec.clone(), fixed)
}

pub(super) fn later(spec: &RangeSpec, now: DateTime<Utc>, zone: Tz) -> RangeSpec {
    let range = spec.resolve(now, zone);
    let Some(next) = stepped(range, 1, zone) else { return spec.clone() };
    if next.to() <= now || range.to() > now {
        return fixed(next);
    }
    if range.to() == now {
        return spec.clone();
    }
    TimeRange::new(now - range.length(), now).map_or_else(|| spec.clone(), fixed)
}

pub(super) fn zoom_out(spec: &RangeSpec, now: DateTime<Utc>, zone: Tz) -> RangeSpec {
    let range = spec.resolve(now, zone);
    if range.length().num_days() * 2 > LONGEST_DAYS {
        return spec.clone();
    }
    if let Some(doubled) = doubled(spec) {
        return doubled;
    }
    let half = range.length() / 2;
    let wide = TimeRange::new(range.from() - half, range.to() + half).unwrap_or(range);
    if wide.to() <= now || range.to() > now {
        return checked(spec, wide);
    }
    checked(spec, TimeRange::new(now - range.length() * 2, now).unwrap_or(wide))
}

/// `now-24h` to `now` becomes `now-48h` to `now`: what moves with the clock goes on moving.
fn doubled(spec: &RangeSpec) -> Option<RangeSpec> {
    let (Some([Step::By(count, _)]), Some([])) = (spec.from.steps(), spec.to.steps()) else { return None };
    let letter = spec.from.as_str().chars().last()?;
    (*count < 0).then(|| RangeSpec { from: Moment::now_less(count.checked_mul(-2).unwrap_or(1), letter), to: Moment::now() })
}

fn fixed(range: TimeRange) -> RangeSpec {
    RangeSpec { from: Moment::fixed(range.from()), to: Moment::fixed(range.to()) }
}

/// `range`, unless it reaches beyond the years that can be written.
fn checked(spec: &RangeSpec, range: TimeRange) -> RangeSpec {
    inside(range).map_or_else(|| spec.clone(), fixed)
}

/// The neighbouring stretch. Whole local months and days move by the calendar, anything else by the clock.
fn stepped(range: TimeRange, direction: i64, zone: Tz) -> Option<TimeRange> {
    let (from, to) = (local(range.from(), zone).date(), local(range.to(), zone).date());
    let whole = start_of_day(from, zone) == Some(range.from()) && start_of_day(to, zone) == Some(range.to());
    let (unit, count) = if whole && from.day() == 1 && to.day() == 1 {
        let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
        (Unit::Month, months)
    } else if whole {
        (Unit::Day, (to - from).num_days())
    } else {
        let by = range.length() * i32::try_from(direction).ok()?;
        return inside(TimeRange::new(range.from().checked_add_signed(by)?, range.to().checked_add_signed(by)?)?);
    };
    let moved = |day: chrono::NaiveDate| {
        let noon = day.and_time(NaiveTime::MIN).and_utc();
        start_of_day(unit.shift(noon, count * direction, Tz::UTC)?.date_naive(), zone)
    };
    inside(TimeRange::new(moved(from)?, moved(to)?)?)
}

fn inside(range: TimeRange) -> Option<TimeRange> {
    (is_sane(&range.from()) && is_sane(&range.to())).then_some(range)
}
