//! Time columns: bounds that an index can serve, instants, and what is shown of them.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::Sql;
use crate::datastore::{Bind, Dialect};
use crate::domain::TimeRange;
use crate::query::zone::{Segment, midnights, offsets};
use crate::query::{Bucket, TimeColumn, TimeFormat};

/// A day by the clock on the wall, in seconds.
pub(super) const DAY: i64 = 86_400;
/// A week by the clock on the wall, in seconds.
pub(super) const WEEK: i64 = 7 * DAY;
/// The first Monday's midnight by the clock on the wall, in local seconds.
pub(super) const MONDAY: i64 = 4 * DAY;

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
            ahead(sql, &local, true, |sql| wrapped(sql, "unixepoch(", time, ")"));
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

/// How far the wall is ahead of UTC at `expr`, from segments, the newest first, since most rows are recent:
/// `CASE WHEN e >= … THEN offset … END`. Seconds on SQLite; on PostgreSQL an interval, and `expr` is an instant, or what the clock
/// on the wall says where `local`.
pub(super) fn ahead(sql: &mut Sql, segments: &[Segment], local: bool, expr: impl Fn(&mut Sql)) {
    let postgres = sql.dialect == Dialect::Postgres;
    let from = |at: i64| match (postgres, local) {
        (false, _) => at.to_string(),
        (true, false) => format!("to_timestamp({at})"),
        (true, true) => format!("timezone('UTC', to_timestamp({at}))"),
    };
    let offset = |seconds: i64| if postgres { format!("interval '{seconds} seconds'") } else { seconds.to_string() };
    let Some((first, later)) = segments.split_first() else { return sql.push(&offset(0)) };
    if later.is_empty() {
        return sql.push(&offset(first.offset));
    }
    sql.push("CASE");
    for segment in later.iter().rev() {
        sql.push(" WHEN ");
        expr(sql);
        sql.push(&format!(" >= {} THEN {}", from(segment.from), offset(segment.offset)));
    }
    sql.push(&format!(" ELSE {} END", offset(first.offset)));
}

/// What the clock on the wall of a zone says at the instant `e`: a timestamp, or local seconds on SQLite.
pub(super) fn wall(sql: &mut Sql, zone: Tz, range: TimeRange, e: impl Fn(&mut Sql)) {
    let postgres = sql.dialect == Dialect::Postgres;
    sql.push(if postgres { "timezone('UTC', " } else { "" });
    e(sql);
    sql.push(if postgres { ") + " } else { " + " });
    ahead(sql, &offsets(range, zone), false, e);
}

/// The instant at which the clock of UTC says `wall`.
pub(super) fn instant(sql: &mut Sql, wall: impl Fn(&mut Sql)) {
    let (open, close) = if sql.dialect == Dialect::Postgres { ("timezone('UTC', ", ")") } else { ("(", ")") };
    sql.push(open);
    wall(sql);
    sql.push(close);
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

/// The start of the bucket an instant (written by `inner`) lies in: timestamptz, or epoch seconds on SQLite. Days and weeks of a
/// zone that changes its clock are [`super::days::Days`].
pub(super) fn bucket(sql: &mut Sql, bucket: Bucket, range: TimeRange, inner: impl Fn(&mut Sql)) {
    let seconds = bucket.width.num_seconds().max(1);
    let at = origin(bucket, range);
    match (sql.dialect, at) {
        (Dialect::Sqlite, Some(at)) => floor_to(sql, seconds, at, inner),
        (Dialect::Postgres, Some(at)) => {
            sql.push(&format!("date_bin(interval '{seconds} seconds', "));
            inner(sql);
            sql.push(&format!(", to_timestamp({at}))"));
        }
        // an hour, where the minutes at which hours begin change
        (dialect, None) => instant(sql, |sql| {
            match dialect {
                Dialect::Sqlite => floor_to(sql, seconds, 0, |sql| wall(sql, bucket.zone, range, &inner)),
                Dialect::Postgres => {
                    sql.push("date_trunc('hour', ");
                    wall(sql, bucket.zone, range, &inner);
                    sql.push(")");
                }
            }
            sql.push(" - ");
            ahead(sql, &offsets(range, bucket.zone), false, &inner);
        }),
    }
}

/// Where the grid of a bucket has a line, in epoch seconds, if it is the same grid over the whole range. Buckets under an hour
/// are UTC's.
pub(super) fn origin(bucket: Bucket, range: TimeRange) -> Option<i64> {
    let seconds = bucket.width.num_seconds().max(1);
    let same = |segments: Vec<Segment>, of: fn(i64) -> i64| {
        let mut offsets = segments.into_iter().map(|s| of(s.offset));
        let first = offsets.next()?;
        offsets.all(|offset| offset == first).then_some(first)
    };
    match seconds {
        ..3600 => Some(0),
        3600..DAY => same(offsets(range, bucket.zone), |ahead| ahead.rem_euclid(3600)).map(|ahead| (seconds - ahead) % seconds),
        _ => {
            let ahead = same(offsets(range, bucket.zone), |ahead| ahead)?;
            let midnight = same(midnights(range, bucket.zone), |ahead| ahead)?;
            let line = if seconds == WEEK { MONDAY } else { 0 };
            (midnight == ahead).then(|| (line - ahead).rem_euclid(seconds))
        }
    }
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
pub(super) fn shown_bucket(sql: &mut Sql) {
    sql.push(match sql.dialect {
        Dialect::Postgres => "t",
        Dialect::Sqlite => "strftime('%Y-%m-%dT%H:%M:%SZ', t, 'unixepoch')",
    });
}
