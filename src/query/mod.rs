//! What a panel asks, as data: becomes SQL with bound values, and runs only through a TenantScope.

mod build;
mod cache;
mod filter;
pub mod guard;
mod name;
mod shape;
mod stream;
mod window;
mod zone;

use chrono_tz::Tz;

use crate::domain::TimeRange;

pub use cache::{Answer, Cache};
pub use filter::{Bound, Chosen};
pub use guard::{Condition, FragmentFault, Order};
pub use name::Name;
pub use stream::FILE_CAP;
pub use window::{Bucket, Window};

/// The most rows a panel's frame holds.
pub const ROW_CAP: usize = 50_000;

/// How the database writes times in a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum TimeFormat {
    #[default]
    Iso,
    EpochSeconds,
    EpochMillis,
}

/// A column that holds times.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeColumn {
    /// Its name.
    pub column: Name,
    /// The zone of values that carry none.
    pub zone: Tz,
    /// How they are written (SQLite).
    pub format: TimeFormat,
}

/// Where rows come from: a table and what narrows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The table or view.
    pub table: Name,
    /// The author's `where`.
    pub condition: Option<Condition>,
    /// The author's `order_by`.
    pub order: Vec<Order>,
    /// The author's `limit`.
    pub limit: Option<u32>,
    /// What acts on it beside: the dashboard's filters, a choice of series.
    pub filters: Vec<Bound>,
}

/// What is done with the values of a bucket or a whole range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Aggregate {
    #[default]
    Avg,
    Sum,
    Min,
    Max,
    Count,
    /// The newest value, by the time column.
    Last,
}

/// One question. What each answers (the columns of its frame) is part of the contract.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// `time` (Instant, start of the bucket), `value`, and `label` when there is a label column;
    /// ordered by label, time.
    Series {
        /// Where from.
        source: Source,
        /// The time column.
        time: TimeColumn,
        /// The value column.
        value: Name,
        /// The column that tells the lines apart.
        label: Option<Name>,
        /// What a bucket holds.
        aggregate: Aggregate,
        /// Range and bucket.
        window: Window,
    },
    /// `time` (Instant, start of the bucket), `row` (which range of values, from 0: below the first edge), and `value`, how many
    /// numbers lie in it; ordered by row, time.
    Spread {
        /// Where from.
        source: Source,
        /// The time column.
        time: TimeColumn,
        /// The value column.
        value: Name,
        /// Where the ranges of values begin, ascending; what equals an edge lies above it.
        edges: Vec<f64>,
        /// The bucket.
        bucket: Bucket,
        /// The range, in whole buckets.
        range: TimeRange,
    },
    /// One row: `value`, and `time` when there is a time column. Without `aggregate` the first row in the
    /// source's order (or the newest by `time`); with it, the aggregate over the range.
    Value {
        /// Where from.
        source: Source,
        /// The value column.
        value: Name,
        /// The time column, if the panel names one.
        time: Option<TimeColumn>,
        /// None: the value of one row.
        aggregate: Option<Aggregate>,
        /// None: whatever the range.
        range: Option<TimeRange>,
    },
    /// The latest row of each `key`: `key`, `status`, `time`, `message` (null when no column), and `since`:
    /// the time of the oldest row of the unbroken run of the same status that ends in the latest row.
    Latest {
        /// Where from.
        source: Source,
        /// Who.
        key: Name,
        /// How it is.
        status: Name,
        /// When that was seen. Without it there is one row per key and no `time`/`since`.
        time: Option<TimeColumn>,
        /// What was wrong.
        message: Option<Name>,
    },
    /// One row a combination of `keys` (one or two): `key`, with two also `label`, and `value`, the aggregate of its rows
    /// (`Last` counts as `Avg`); ordered by the keys.
    Groups {
        /// Where from.
        source: Source,
        /// What tells the groups apart.
        keys: Vec<Name>,
        /// The value column.
        value: Name,
        /// What is done with a group's values.
        aggregate: Aggregate,
        /// The time column the range acts on.
        time: Option<TimeColumn>,
        /// None: whatever the range.
        range: Option<TimeRange>,
    },
    /// The named columns of one page of the set that `source` (where, order, limit), `range`, `search` and `filters` define.
    Rows {
        /// The set.
        set: Set,
        /// What is shown.
        columns: Vec<Name>,
        /// The order, before the source's own.
        sort: Option<Order>,
        /// Rows to pass over.
        offset: u64,
        /// Rows to give.
        limit: u32,
    },
    /// The distinct texts of a column, `value`, in their order: what there is to choose from. No nulls.
    Distinct {
        /// Where from; its order and limit play no part.
        source: Source,
        /// The column.
        column: Name,
        /// Only values of rows within this range.
        within: Option<(TimeColumn, TimeRange)>,
        /// How many at most.
        limit: u32,
    },
    /// One row, `count`: how many rows the set has.
    Count {
        /// The set.
        set: Set,
    },
    /// The same, but counting ends at `most`: whether there are more of them need not be told by reading them all.
    CountTo {
        /// The set.
        set: Set,
        /// Where counting ends.
        most: u64,
    },
}

/// The rows a table stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Where from: its where, order and limit make the set; search and filters act within it.
    pub source: Source,
    /// The time column the range acts on.
    pub time: Option<TimeColumn>,
    /// The range, where it follows one.
    pub range: Option<TimeRange>,
    /// Text looked for in any of these columns, whatever its case.
    pub search: Option<(String, Vec<Name>)>,
    /// Text looked for in one column each.
    pub filters: Vec<(Name, String)>,
}
