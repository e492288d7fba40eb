//! A small table in memory: typed columns with nulls, all that stands between data and drawing.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use uuid::Uuid;

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

    /// About how many bytes it holds, for the cache's weight.
    pub fn bytes(&self) -> usize {
        unimplemented!("STORE helper")
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

    /// Whether row `i` is null (or beyond the end).
    pub fn is_null(&self, _i: usize) -> bool {
        unimplemented!("STORE helper")
    }

    /// Row `i` as a number: ints, floats, decimals, booleans (0/1), numeric text; finite only.
    pub fn number(&self, _i: usize) -> Option<f64> {
        unimplemented!("STORE helper")
    }

    /// Row `i` as text a reader can read; exact for decimals, RFC 3339 for instants.
    pub fn text(&self, _i: usize) -> Option<std::borrow::Cow<'_, str>> {
        unimplemented!("STORE helper")
    }

    /// Row `i` as an instant: timestamps with a zone as they are, without one read in `zone`,
    /// dates at their midnight, ISO text parsed (SQLite).
    pub fn instant(&self, _i: usize, _zone: chrono_tz::Tz) -> Option<DateTime<Utc>> {
        unimplemented!("STORE helper")
    }
}
