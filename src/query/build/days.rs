//! Days and weeks on SQLite, which knows no zones.

use super::Sql;
use super::time::{cases, floor_to};
use crate::datastore::Dialect;
use crate::domain::TimeRange;
use crate::query::Bucket;
use crate::query::zone::{midnights, offsets};

/// The day or week of a zone in steps: the instant `e` by the clock on the wall, the midnight
/// before that, the instant of that midnight. Each is a column of its own, because every step names the one before as often
/// as its zone changed its clock, and a century of that inside one another is megabytes of SQL.
pub(super) struct Days {
    bucket: Bucket,
    range: TimeRange,
}

impl Days {
    /// The steps, where these buckets need them.
    pub(super) fn of(dialect: Dialect, bucket: Bucket, range: TimeRange) -> Option<Days> {
        let calendar = matches!(bucket.width.num_seconds(), 86_400 | 604_800);
        (dialect == Dialect::Sqlite && calendar).then_some(Days { bucket, range })
    }

    /// From `e` to local seconds.
    pub(super) fn wall(&self, sql: &mut Sql) {
        sql.push("e + ");
        cases(sql, &offsets(self.range, self.bucket.zone), |sql| sql.push("e"));
    }

    /// From the local seconds `d` to the midnight that the bucket begins at.
    pub(super) fn midnight(&self, sql: &mut Sql) {
        let seconds = self.bucket.width.num_seconds();
        let monday = if seconds == 604_800 { 345_600 } else { 0 };
        floor_to(sql, seconds, monday, |sql| sql.push("d"));
    }

    /// From the midnight `m` to the instant that its day begins at.
    pub(super) fn start(&self, sql: &mut Sql) {
        sql.push("m - ");
        cases(sql, &midnights(self.range, self.bucket.zone), |sql| sql.push("m"));
    }
}
