//! Days and weeks of a zone that changes its clock. Both databases are told the offsets, PostgreSQL too: what it knows of zones
//! may be older or newer than what the page is drawn with, and a country that changes its mind would be one hour apart from itself.

use super::Sql;
use super::time::{DAY, MONDAY, WEEK, ahead, floor_to, instant, origin, wall};
use crate::datastore::Dialect;
use crate::domain::TimeRange;
use crate::query::Bucket;
use crate::query::zone::midnights;

/// The day or week of a zone in steps: the instant `e` by the clock on the wall, the midnight
/// before that, the instant of that midnight. Each is a column of its own, because every step names the one before as often
/// as its zone changed its clock, and a century of that inside one another is megabytes of SQL.
pub(super) struct Days {
    bucket: Bucket,
    range: TimeRange,
}

impl Days {
    /// The steps, where these buckets need them.
    pub(super) fn of(bucket: Bucket, range: TimeRange) -> Option<Days> {
        (bucket.width.num_seconds() >= DAY && origin(bucket, range).is_none()).then_some(Days { bucket, range })
    }

    /// From `e` to the clock on the wall.
    pub(super) fn wall(&self, sql: &mut Sql) {
        wall(sql, self.bucket.zone, self.range, |sql| sql.push("e"));
    }

    /// From the clock on the wall `d` to the midnight that the bucket begins at.
    pub(super) fn midnight(&self, sql: &mut Sql) {
        let weeks = self.bucket.width.num_seconds() == WEEK;
        match sql.dialect {
            Dialect::Postgres => sql.push(if weeks { "date_trunc('week', d)" } else { "date_trunc('day', d)" }),
            Dialect::Sqlite if weeks => floor_to(sql, WEEK, MONDAY, |sql| sql.push("d")),
            Dialect::Sqlite => floor_to(sql, DAY, 0, |sql| sql.push("d")),
        }
    }

    /// From the midnight `m` to the instant that its day begins at.
    pub(super) fn start(&self, sql: &mut Sql) {
        instant(sql, |sql| {
            sql.push("m - ");
            ahead(sql, &midnights(self.range, self.bucket.zone), true, |sql| sql.push("m"));
        });
    }
}
