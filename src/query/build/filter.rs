//! A dashboard's filters as conditions, and what there is to choose from.

use super::{Sql, plain_from};
use crate::datastore::{Bind, Dialect};
use crate::domain::TimeRange;
use crate::query::{Bound, Chosen, Name, Source, TimeColumn};

/// ` AND …` so that only rows are left that the filter names; nothing where it is unset.
pub(super) fn write(sql: &mut Sql, bound: &Bound) {
    match &bound.chosen {
        Some(Chosen::OneOf(values)) if !values.is_empty() => one_of(sql, &bound.column, values),
        Some(Chosen::Contains(text)) if !text.is_empty() => {
            sql.push(" AND ");
            contains(sql, &bound.column, text);
        }
        _ => {}
    }
}

/// PostgreSQL compares texts, so that no value can be of the wrong type (on a column of text the cast is none, and an
/// index serves it); SQLite turns the value into the column's own kind by itself.
fn one_of(sql: &mut Sql, column: &Name, values: &[String]) {
    sql.push(if sql.dialect == Dialect::Postgres { " AND CAST(" } else { " AND " });
    sql.column(column);
    sql.push(if sql.dialect == Dialect::Postgres { " AS text) IN (" } else { " IN (" });
    for (i, value) in values.iter().enumerate() {
        sql.push(if i > 0 { ", " } else { "" });
        sql.bind_as(Bind::Text(storable(value)), "text");
    }
    sql.push(")");
}

/// Whether the text of a column contains `text`, whatever its case (on SQLite: of ASCII letters).
pub(super) fn contains(sql: &mut Sql, column: &Name, text: &str) {
    sql.push("CAST(");
    sql.column(column);
    sql.push(if sql.dialect == Dialect::Postgres { " AS text) ILIKE " } else { " AS text) LIKE " });
    let escaped = storable(text).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    sql.bind_as(Bind::Text(format!("%{escaped}%")), "text");
    sql.push(" ESCAPE '\\'");
}

/// A NUL cannot be part of any stored text, and PostgreSQL refuses it as a value.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(super) fn distinct(sql: &mut Sql, source: &Source, column: &Name, within: Option<&(TimeColumn, TimeRange)>, limit: u32) {
    sql.push("SELECT DISTINCT CAST(");
    sql.column(column);
    sql.push(" AS text) AS \"value\"");
    plain_from(sql, source, within.map(|(time, _)| time), within.map(|(_, range)| *range));
    sql.push(" AND ");
    sql.column(column);
    sql.push(" IS NOT NULL ORDER BY 1");
    sql.limit(u64::from(limit), 0);
}
