//! What of a panel leaves as a file: a question, and how each column of its answer is written.

use chrono::{DateTime, Utc};

use super::cells;
use super::draft::Times;
use super::status::Statuses;
use crate::domain::{Key, TimeRange};
use crate::frame::{self, Frame, Values};
use crate::query::{Chosen, Name, Query, Set, Source, TimeColumn};

/// What of a panel leaves as a file.
#[derive(Clone, Debug)]
pub struct Export {
    /// All of it, in the order shown.
    pub query: Query,
    count: Option<Query>,
    columns: Vec<Column>,
}

/// A column of the file.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// The column of the answer it is made from.
    from: String,
    /// Its key in JSON.
    name: String,
    /// Its heading in CSV.
    heading: String,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    AsIs,
    Time(Times),
    Timely(Times),
    Status(Statuses),
    Numbers(Vec<Option<f64>>),
}

impl Column {
    pub(super) fn new(from: &str, heading: &str) -> Column {
        Column { from: from.to_owned(), name: from.to_owned(), heading: heading.to_owned(), how: How::AsIs }
    }

    /// The same under another key.
    pub(super) fn named(self, name: &str) -> Column {
        Column { name: name.to_owned(), ..self }
    }

    /// The same under another key and heading.
    pub(super) fn headed(self, name: &str) -> Column {
        Column { name: name.to_owned(), heading: name.to_owned(), ..self }
    }

    /// Written as times with their offset.
    pub(super) fn time(self, times: Times) -> Column {
        Column { how: How::Time(times), ..self }
    }

    /// Written as times where the database itself says that they are.
    pub(super) fn timely(self, times: Times) -> Column {
        Column { how: How::Timely(times), ..self }
    }

    /// Written as the words of its codes.
    pub(super) fn status(self, statuses: Statuses) -> Column {
        Column { how: How::Status(statuses), ..self }
    }

    /// Written as the number that stands at this place of a list.
    pub(super) fn numbers(self, list: Vec<Option<f64>>) -> Column {
        Column { how: How::Numbers(list), ..self }
    }

    fn values(&self, frame: &Frame) -> Values {
        let Some(values) = frame.column(&self.from) else { return Values::Text(vec![None; frame.rows()]) };
        match &self.how {
            How::AsIs => values.clone(),
            How::Timely(times) if matches!(values, Values::Local(_)) => {
                instants(values, *times).unwrap_or_else(|| values.clone())
            }
            How::Timely(_) => values.clone(),
            How::Time(times) => instants(values, *times).unwrap_or_else(|| values.clone()),
            How::Numbers(list) => {
                let number = |i: usize| list.get(values.number(i)? as usize).copied().flatten();
                Values::Float((0..values.len()).map(number).collect())
            }
            How::Status(statuses) => {
                let word = |i: usize| (!values.is_null(i)).then(|| statuses.of(values, i).1.label.into());
                Values::Text((0..values.len()).map(word).collect())
            }
        }
    }
}

/// The column as instants; `None` where a value is no time, or all are days, which have no zone.
fn instants(values: &Values, times: Times) -> Option<Values> {
    if matches!(values, Values::Date(_)) {
        return None;
    }
    let instant = |i: usize| match cells::instant(values, i, times) {
        Some(at) => Some(Some(at)),
        None if values.is_null(i) => Some(None),
        None => match values.text(i)?.as_ref() {
            "infinity" => Some(Some(DateTime::<Utc>::MAX_UTC)),
            "-infinity" => Some(Some(DateTime::<Utc>::MIN_UTC)),
            _ => None,
        },
    };
    (0..values.len()).map(instant).collect::<Option<Vec<_>>>().map(Values::Instant)
}

/// Each name once, in their order: no column is read twice.
pub(super) fn distinct<'a>(names: impl Iterator<Item = &'a Name>) -> Vec<Name> {
    let mut distinct: Vec<Name> = Vec::new();
    for name in names {
        if !distinct.contains(name) {
            distinct.push(name.clone());
        }
    }
    distinct
}

impl Export {
    pub(super) fn new(query: Query, count: Option<Query>, columns: Vec<Column>) -> Export {
        Export { query, count, columns }
    }

    /// All rows of a set: newest first where there is a time, each of `columns` as it is stored.
    pub(super) fn rows(
        source: &Source,
        time: Option<TimeColumn>,
        range: Option<TimeRange>,
        names: Vec<Name>,
        columns: Vec<Column>,
    ) -> Export {
        let set = Set { source: source.clone(), time, range, search: None, filters: Vec::new() };
        Export::new(Query::all_rows(set.clone(), names, None), Some(Query::Count { set }), columns)
    }

    /// The same under the filters that are set.
    #[must_use]
    pub fn filtered(self, filters: &[(Key, Chosen)]) -> Export {
        Export { query: self.query.filtered(filters), count: self.count.map(|count| count.filtered(filters)), ..self }
    }

    /// The question whether there are more rows than this, where there may be: their `count` is then one more.
    pub fn more_than(&self, rows: u64) -> Option<Query> {
        let Some(Query::Count { set }) = &self.count else { return None };
        Some(Query::CountTo { set: set.clone(), most: rows + 1 })
    }

    /// The headings of a CSV.
    pub fn headings(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.heading.as_str()).collect()
    }

    /// An answer's frame as the file has it.
    pub fn shape(&self, frame: &Frame) -> Frame {
        let columns =
            self.columns.iter().map(|column| frame::Column { name: column.name.as_str().into(), values: column.values(frame) });
        Frame { columns: columns.collect(), truncated: frame.truncated }
    }
}
