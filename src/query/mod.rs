//! What a panel asks, as data: becomes SQL with bound values, and runs only through a TenantScope.

use chrono::TimeDelta;
use chrono_tz::Tz;

use crate::domain::TimeRange;

/// An identifier from configuration: `^[A-Za-z_][A-Za-z0-9_]*$`, at most 63 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// # Errors
    /// What an identifier must look like.
    pub fn parse(_text: &str) -> Result<Name, String> {
        unimplemented!("QUERY helper")
    }

    /// The text, unquoted.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A `where` fragment that passed the guard.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(());

/// One term of an `order_by` fragment that passed the guard: a column and a direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The column.
    pub column: Name,
    /// Descending.
    pub descending: bool,
}

/// What the guard says of a fragment it refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentFault {
    /// Offset in the fragment, in characters, where it is known.
    pub at: usize,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl Condition {
    /// `where: "metric_type = 'cpu'"`.
    ///
    /// # Errors
    /// The place and the reason.
    pub fn parse(_text: &str) -> Result<Condition, FragmentFault> {
        unimplemented!("QUERY helper")
    }

    /// `order_by: "recorded_at DESC, name"`.
    ///
    /// # Errors
    /// The place and the reason.
    pub fn parse_order(_text: &str) -> Result<Vec<Order>, FragmentFault> {
        unimplemented!("QUERY helper")
    }

    /// The seed's one-string form: `cond ORDER BY a DESC LIMIT 1`, each part optional.
    ///
    /// # Errors
    /// The place and the reason.
    pub fn parse_whole(_text: &str) -> Result<(Option<Condition>, Vec<Order>, Option<u32>), FragmentFault> {
        unimplemented!("QUERY helper")
    }
}

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

/// The width of a bucket. Buckets of an hour and more follow the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Its length.
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
    /// Seed 003's rule: ≤ 8 h raw, ≤ 1 day per minute, ≤ 4 days per 10 minutes, longer per hour;
    /// beyond about 90 days wider ones (a day, a week …) so that a line keeps at most some 2,500 points.
    /// `grid`: a relative range snaps to max(bucket, refresh interval, 1 s) (DECISIONS 22).
    pub fn new(_range: TimeRange, _relative: bool, _refresh: TimeDelta, _zone: Tz, _aggregate: bool) -> Window {
        unimplemented!("QUERY helper")
    }
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
    /// One row, `count`: how many rows the set has.
    Count {
        /// The set.
        set: Set,
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
