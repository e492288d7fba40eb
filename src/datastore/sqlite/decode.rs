//! From SQLite's loosely typed values to columns.

use sqlx::sqlite::{SqliteRow, SqliteValueRef};
use sqlx::{Decode, Row, Sqlite, TypeInfo, ValueRef};

use crate::frame::{Cell, Mixed, Values, cut};

/// Collects one column.
pub(super) struct Sink {
    declared: Declared,
    mixed: Mixed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Declared {
    Bool,
    Time,
    Other,
}

impl Sink {
    pub(super) fn new(declared: &str) -> Sink {
        let declared = match declared.to_ascii_uppercase().as_str() {
            "BOOLEAN" | "BOOL" => Declared::Bool,
            "DATE" | "DATETIME" | "TIMESTAMP" => Declared::Time,
            _ => Declared::Other,
        };
        Sink { declared, mixed: Mixed::default() }
    }

    /// Adds a row's value and says how many bytes of text it had.
    pub(super) fn push(&mut self, row: &SqliteRow, i: usize) -> Result<usize, sqlx::Error> {
        let cell = cell(row.try_get_raw(i)?).map_err(sqlx::Error::Decode)?;
        let bytes = if let Cell::Text(text) = &cell { text.len() } else { 0 };
        self.mixed.push(cell);
        Ok(bytes)
    }

    pub(super) fn finish(self) -> Values {
        match self.declared {
            Declared::Bool => self.mixed.finish_as_bool(),
            Declared::Time => self.mixed.finish_as_time(),
            Declared::Other => self.mixed.finish(),
        }
    }
}

fn cell(value: SqliteValueRef<'_>) -> Result<Cell, sqlx::error::BoxDynError> {
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let class = value.type_info().into_owned();
    Ok(match class.name() {
        "INTEGER" | "BOOLEAN" => Cell::Int(<i64 as Decode<Sqlite>>::decode(value)?),
        "REAL" => Cell::Float(<f64 as Decode<Sqlite>>::decode(value)?),
        "BLOB" => Cell::Text(cut(&hex::encode(<&[u8] as Decode<Sqlite>>::decode(value)?))),
        // A file may hold text that is not UTF-8; what can be read of it is shown.
        _ => Cell::Text(cut(&String::from_utf8_lossy(<&[u8] as Decode<Sqlite>>::decode(value)?))),
    })
}
