//! Time columns: bounds that an index can serve, instants, and what is shown of them.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::Sql;
use crate::datastore::{Bind, Dialect};
use crate::domain::TimeRange;
use crate::query::zone::{Segment, offsets, twice};
use crate::query::{Bucket, TimeColumn, TimeFormat};

/// ` AND …` so that only rows within the range are left.
pub(super) fn within(sql: &mut Sql, time: &TimeColumn, range: TimeRange) {
    match (time.format, sql.dialect) {
        (TimeFormat::EpochSeconds, _) => bounds(sql, time, range, "", seconds),
        (TimeFormat::EpochMillis, _) => bounds(sql, time, range, "bigint", |at| Bind::Int(ceil_millis(at))),
        (TimeFormat::Iso, Dialect::Postgres) if time.zone == Tz::UTC => {
            bounds(sql, time, range, "timestamptz", Bind::Instant);
        }
        (TimeFormat::Iso, Dialect::Postgres) => {
            bounds(sql, time, around(range), "timestamptz", Bind::Instant); // for the index; what follows is exact
            exactly(sql, time, range, Bind::Instant);
        }
        (TimeFormat::Iso, Dialect::Sqlite) => {
            bounds(sql, time, around(range), "", |at| Bind::Text(at.format("%Y-%m-%d").to_string()));
            exactly(sql, time, range, seconds);
        }
    }
}

fn bounds(sql: &mut Sql, time: &TimeColumn, range: TimeRange, postgres: &str, bind: impl Fn(DateTime<Utc>) -> Bind) {
    for (sign, at) in [(" >= ", range.from()), (" < ", range.to())] {
        sql.push(" AND ");
        sql.column(&time.column);
        sql.push(sign);
        match (postgres, bind(at)) {
            ("", value @ Bind::Float(_)) => sql.bind_as(value, "float8"),
            ("", value @ Bind::Int(_)) => sql.bind_as(value, "bigint"),
            ("", value) => sql.bind(value),
            (name, value) => sql.bind_as(value, name),
        }
    }
}

fn exactly(sql: &mut Sql, time: &TimeColumn, range: TimeRange, bind: impl Fn(DateTime<Utc>) -> Bind) {
    for (sign, at) in [(" >= ", range.from()), (" < ", range.to())] {
        sql.push(" AND ");
        let fine = at.timestamp_subsec_nanos() > 0;
        moment(sql, time, range, fine);
        sql.push(sign);
        sql.bind_as(bind(at), "timestamptz");
    }
}

/// Wide enough that every way of writing an instant of the range sorts inside, whatever its offset.
fn around(range: TimeRange) -> TimeRange {
    TimeRange::new(range.from() - TimeDelta::hours(26), range.to() + TimeDelta::hours(50)).unwrap_or(range)
}

fn seconds(at: DateTime<Utc>) -> Bind {
    if at.timestamp_subsec_nanos() == 0 {
        return Bind::Int(at.timestamp());
    }
    #[allow(clippy::cast_precision_loss)] // epoch microseconds stay exact in 53 bits until the year 2255
    Bind::Float(at.timestamp_micros() as f64 / 1e6)
}

fn ceil_millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis() + i64::from(!at.timestamp_subsec_nanos().is_multiple_of(1_000_000))
}

/// The column as an instant: timestamptz on PostgreSQL, epoch seconds on SQLite (with their fraction if `fine`).
/// `range` is where the values lie, for zones.
pub(super) fn moment(sql: &mut Sql, time: &TimeColumn, range: TimeRange, fine: bool) {
    match sql.dialect {
        Dialect::Postgres => moment_postgres(sql, time),
        Dialect::Sqlite => moment_sqlite(sql, time, range, fine),
    }
}

fn moment_postgres(sql: &mut Sql, time: &TimeColumn) {
    match time.format {
        TimeFormat::EpochSeconds => wrapped(sql, "to_timestamp(CAST(", time, " AS float8))"),
        TimeFormat::EpochMillis => wrapped(sql, "to_timestamp(CAST(", time, " AS float8) / 1000)"),
        TimeFormat::Iso if time.zone == Tz::UTC => wrapped(sql, "CAST(", time, " AS timestamptz)"),
        TimeFormat::Iso => {
            // The column may or may not carry a zone; only the database knows.
            wrapped(sql, "(CASE WHEN pg_typeof(", time, ") = CAST('timestamptz' AS regtype)");
            wrapped(sql, " THEN CAST(", time, " AS timestamptz)");
            sql.push(" ELSE timezone(");
            sql.bind_as(Bind::Text(time.zone.name().to_owned()), "text");
            wrapped(sql, ", CAST(", time, " AS timestamp)) END)");
        }
    }
}

fn moment_sqlite(sql: &mut Sql, time: &TimeColumn, range: TimeRange, fine: bool) {
    let iso = if fine { (("unixepoch("), ", 'subsec')") } else { ("unixepoch(", ")") };
    match time.format {
        TimeFormat::EpochSeconds if fine => wrapped(sql, "", time, ""),
        TimeFormat::EpochSeconds => floored(sql, time, 1),
        TimeFormat::EpochMillis if fine => wrapped(sql, "(", time, " / 1000.0)"),
        TimeFormat::EpochMillis => floored(sql, time, 1000),
        TimeFormat::Iso if time.zone == Tz::UTC => wrapped(sql, iso.0, time, iso.1),
        TimeFormat::Iso => {
            sql.push("(");
            wrapped(sql, iso.0, time, iso.1);
            sql.push(" - CASE WHEN ");
            carries_zone(sql, time);
            sql.push(" THEN 0 ELSE ");
            let local = local_offsets(around(range), time.zone);
            cases(sql, &local, |sql| wrapped(sql, "unixepoch(", time, ")"));
            sql.push(" END)");
        }
    }
}

/// The whole number of `unit`s at or below the column, which may be negative.
fn floored(sql: &mut Sql, time: &TimeColumn, unit: i64) {
    wrapped(sql, "(CAST(", time, " AS INTEGER)");
    if unit > 1 {
        sql.push(&format!(" / {unit} - ("));
        wrapped(sql, "CAST(", time, &format!(" AS INTEGER) % {unit} < 0)"));
    }
    sql.push(")");
}

/// Whether an ISO text ends in Z or an offset.
fn carries_zone(sql: &mut Sql, time: &TimeColumn) {
    wrapped(sql, "(", time, " GLOB '*[Zz]' OR ");
    sql.column(&time.column);
    sql.push(" GLOB '????-??-??[ T]*[+-]??:??')");
}

/// Offsets by local seconds: what a text without a zone is ahead of UTC. A time that comes twice is its second coming,
/// one that never comes is read with the offset before the jump, as PostgreSQL does it.
fn local_offsets(range: TimeRange, zone: Tz) -> Vec<Segment> {
    let instants = offsets(range, zone);
    let mut before = instants.first().map_or(0, |s| s.offset);
    let local = instants.iter().map(|s| {
        let ahead = if s.offset < before { s.offset } else { before.max(s.offset) };
        before = s.offset;
        Segment { from: s.from + ahead, offset: s.offset }
    });
    local.collect()
}

/// `CASE WHEN e >= … THEN offset … END` over segments, the newest first, since most rows are recent.
pub(super) fn cases(sql: &mut Sql, segments: &[Segment], expr: impl Fn(&mut Sql)) {
    let Some((first, later)) = segments.split_first() else { return sql.push("0") };
    if later.is_empty() {
        return sql.push(&first.offset.to_string());
    }
    sql.push("CASE");
    for segment in later.iter().rev() {
        sql.push(" WHEN ");
        expr(sql);
        sql.push(&format!(" >= {} THEN {}", segment.from, segment.offset));
    }
    sql.push(&format!(" ELSE {} END", first.offset));
}

/// The column as it is shown: timestamptz on PostgreSQL, RFC 3339 text to the millisecond on SQLite.
pub(super) fn shown(sql: &mut Sql, time: &TimeColumn, range: Option<TimeRange>) {
    let everything = || {
        let end = |year: i64| DateTime::from_timestamp((year - 1970) * 31_556_952, 0).unwrap_or_default();
        TimeRange::new(end(1970), end(2100))
    };
    match (sql.dialect, time.format, range.or_else(everything)) {
        (Dialect::Postgres, _, _) | (_, _, None) => moment_postgres(sql, time),
        (Dialect::Sqlite, TimeFormat::EpochMillis, _) => {
            sql.push("strftime('%Y-%m-%dT%H:%M:%S', ");
            floored(sql, time, 1000);
            wrapped(sql, ", 'unixepoch') || printf('.%03dZ', ((CAST(", time, " AS INTEGER) % 1000) + 1000) % 1000)");
        }
        (Dialect::Sqlite, _, Some(range)) => {
            sql.push("strftime('%Y-%m-%dT%H:%M:%fZ', ");
            moment(sql, time, range, true);
            sql.push(", 'unixepoch')");
        }
    }
}

fn wrapped(sql: &mut Sql, before: &str, time: &TimeColumn, after: &str) {
    sql.push(before);
    sql.column(&time.column);
    sql.push(after);
}

/// The start of the bucket an instant (written by `inner`) lies in: timestamptz, or epoch seconds on SQLite, whose days and
/// weeks are [`super::days::Days`].
pub(super) fn bucket(sql: &mut Sql, bucket: Bucket, range: TimeRange, inner: impl Fn(&mut Sql)) {
    let seconds = bucket.width.num_seconds().max(1);
    match (sql.dialect, seconds) {
        (Dialect::Postgres, 86_400) => truncated(sql, "day", bucket.zone, inner),
        (Dialect::Postgres, 604_800) => truncated(sql, "week", bucket.zone, inner),
        (Dialect::Postgres, _) => match phase(bucket, range) {
            Some(phase) => {
                sql.push(&format!("date_bin(interval '{seconds} seconds', "));
                inner(sql);
                sql.push(&format!(", to_timestamp({}))", (seconds - phase) % seconds));
            }
            None => truncated(sql, "hour", bucket.zone, inner),
        },
        (Dialect::Sqlite, _) => match phase(bucket, range) {
            Some(phase) => floor_to(sql, seconds, (seconds - phase) % seconds, inner),
            None => {
                let offset = |sql: &mut Sql| cases(sql, &offsets(range, bucket.zone), &inner);
                sql.push("(");
                floor_to(sql, seconds, 0, |sql| {
                    inner(sql);
                    sql.push(" + ");
                    offset(sql);
                });
                sql.push(" - ");
                offset(sql);
                sql.push(")");
            }
        },
    }
}

/// How far local hours are ahead of UTC's, where that stays the same over the range; buckets under an hour are UTC's.
fn phase(bucket: Bucket, range: TimeRange) -> Option<i64> {
    let seconds = bucket.width.num_seconds().max(1);
    if seconds < 3600 {
        return Some(0);
    }
    let mut phases = offsets(range, bucket.zone).into_iter().map(|s| s.offset.rem_euclid(seconds.min(3600)));
    let first = phases.next()?;
    phases.all(|phase| phase == first).then_some(first)
}

fn truncated(sql: &mut Sql, unit: &str, zone: Tz, inner: impl Fn(&mut Sql)) {
    sql.push(&format!("date_trunc('{unit}', "));
    inner(sql);
    sql.push(", ");
    sql.bind_as(Bind::Text(zone.name().to_owned()), "text");
    sql.push(")");
}

/// `e` down to the grid of `width` that has a line at `origin`.
pub(super) fn floor_to(sql: &mut Sql, width: i64, origin: i64, e: impl Fn(&mut Sql)) {
    sql.push("((");
    e(sql);
    sql.push(") - (((");
    e(sql);
    sql.push(&format!(" - {origin}) % {width} + {width}) % {width}))"));
}

/// The start of a bucket (in column `t`) as it is shown.
pub(super) fn shown_bucket(sql: &mut Sql, bucket: Bucket, range: TimeRange) {
    if sql.dialect == Dialect::Sqlite {
        sql.push("strftime('%Y-%m-%dT%H:%M:%SZ', t, 'unixepoch')");
        return;
    }
    let moved = if bucket.width < TimeDelta::days(1) { Vec::new() } else { twice(range, bucket.zone) };
    if moved.is_empty() {
        sql.push("t");
        return;
    }
    // PostgreSQL takes the second of two midnights for the start of the day.
    sql.push("CASE t");
    for (second, first) in moved {
        sql.push(&format!(" WHEN to_timestamp({second}) THEN to_timestamp({first})"));
    }
    sql.push(" ELSE t END");
}
