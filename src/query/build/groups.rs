//! One value for each kind of row: by category, or by category and label.

use super::{Sql, call, from};
use crate::domain::TimeRange;
use crate::query::{Aggregate, Name, Source, TimeColumn};

/// The names of the keys in the answer.
const KEYS: [&str; 2] = ["key", "label"];

pub(super) fn write(
    sql: &mut Sql,
    source: &Source,
    keys: &[Name],
    value: &Name,
    aggregate: Aggregate,
    time: Option<&TimeColumn>,
    range: Option<TimeRange>,
) {
    sql.push("SELECT ");
    for (key, name) in keys.iter().zip(KEYS) {
        sql.column(key);
        sql.push(" AS ");
        sql.quoted(name);
        sql.push(", ");
    }
    call(sql, aggregate, |sql| sql.column(value));
    sql.push(" AS \"value\"");
    from(sql, source, time, range);
    let mut between = " GROUP BY ";
    for key in keys.iter().take(KEYS.len()) {
        sql.push(between);
        sql.column(key);
        between = ", ";
    }
    sql.push(" ORDER BY 1");
    sql.push(if keys.len() > 1 { ", 2" } else { "" });
}
