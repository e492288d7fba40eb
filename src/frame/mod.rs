//! A small table in memory: typed columns with nulls, all that stands between data and drawing.

mod build;
mod read;
mod time;
pub mod write;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use uuid::Uuid;

pub use build::{Cell, Mixed, cut};
pub use time::{Moment, parse as parse_time};

/// Columns of equal length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// The columns, in the order the query named them.
    pub columns: Vec<Column>,
    /// Whether rows beyond the cap were left out.
    pub truncated: bool,
}

/// One named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name in the answer.
    pub name: Box<str>,
    /// Its values, one a row.
    pub values: Values,
}

/// The values of a column; `None` is SQL's NULL, never zero.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Values {
    Bool(Vec<Option<bool>>),
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    /// Exact decimal text, as the database has it (`NaN` and 40 digits included).
    Decimal(Vec<Option<Box<str>>>),
    Text(Vec<Option<Box<str>>>),
    Date(Vec<Option<NaiveDate>>),
    /// A timestamp without a zone.
    Local(Vec<Option<NaiveDateTime>>),
    /// A timestamp with a zone, held in UTC.
    Instant(Vec<Option<DateTime<Utc>>>),
    Uuid(Vec<Option<Uuid>>),
    Json(Vec<Option<serde_json::Value>>),
}

impl Frame {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.values.len())
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Values> {
        self.columns.iter().find(|c| &*c.name == name).map(|c| &c.values)
    }

    /// The most bytes of text a frame takes from a database: many rows of long text would otherwise fill the memory.
    pub const BYTES: usize = 64 << 20;

    /// About how many bytes it holds, for the cache's weight.
    pub fn bytes(&self) -> usize {
        let columns = self.columns.iter();
        size_of::<Frame>() + columns.map(|c| size_of::<Column>() + c.name.len() + c.values.bytes()).sum::<usize>()
    }
}

impl Values {
    /// How many values.
    pub fn len(&self) -> usize {
        match self {
            Values::Bool(v) => v.len(),
            Values::Int(v) => v.len(),
            Values::Float(v) => v.len(),
            Values::Decimal(v) | Values::Text(v) => v.len(),
            Values::Date(v) => v.len(),
            Values::Local(v) => v.len(),
            Values::Instant(v) => v.len(),
            Values::Uuid(v) => v.len(),
            Values::Json(v) => v.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
