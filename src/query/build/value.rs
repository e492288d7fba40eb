//! One number.

use super::{Sql, call, from, order_of, plain_from, time};
use crate::datastore::Dialect;
use crate::domain::TimeRange;
use crate::query::{Aggregate, Name, Source, TimeColumn};

/// The first row in the source's order, else the newest.
pub(super) fn one(sql: &mut Sql, source: &Source, value: &Name, column: Option<&TimeColumn>, range: Option<TimeRange>) {
    sql.push("SELECT ");
    sql.column(value);
    sql.push(" AS \"value\"");
    if let Some(column) = column {
        sql.push(", ");
        time::shown(sql, column, range);
        sql.push(" AS \"time\"");
    }
    plain_from(sql, source, column, range);
    if let (true, None, Some(column)) = (source.order.is_empty(), range, column) {
        // PostgreSQL sorts nulls first when descending; a row without a time is not the newest.
        sql.push(" AND ");
        sql.column(&column.column);
        sql.push(" IS NOT NULL");
    }
    order_of(sql, source, column);
    sql.limit(1, 0);
}

pub(super) fn aggregate(
    sql: &mut Sql,
    source: &Source,
    value: &Name,
    column: Option<&TimeColumn>,
    aggregate: Aggregate,
    range: Option<TimeRange>,
) {
    if aggregate == Aggregate::Last {
        return last(sql, source, value, column, range);
    }
    sql.push("SELECT ");
    call(sql, aggregate, |sql| sql.column(value));
    sql.push(" AS \"value\"");
    if let Some(column) = column {
        sql.push(", max(");
        time::shown(sql, column, range);
        sql.push(") AS \"time\"");
    }
    from(sql, source, column, range);
}

/// The newest value that is not null, and nulls where there is none, so that there always is one row.
fn last(sql: &mut Sql, source: &Source, value: &Name, column: Option<&TimeColumn>, range: Option<TimeRange>) {
    sql.push("SELECT v AS \"value\"");
    sql.push(if column.is_some() { ", t AS \"time\"" } else { "" });
    sql.push(" FROM (SELECT 1 AS one) AS o LEFT JOIN (SELECT ");
    sql.column(value);
    sql.push(" AS v");
    if let Some(column) = column {
        sql.push(", ");
        time::shown(sql, column, range);
        sql.push(" AS t");
    }
    from(sql, source, column, range);
    sql.push(" AND ");
    sql.column(value);
    sql.push(" IS NOT NULL");
    if let Some(column) = column {
        sql.push(" AND ");
        sql.column(&column.column);
        sql.push(" IS NOT NULL ORDER BY ");
        sql.column(&column.column);
        sql.push(" DESC");
    } else {
        order_of(sql, source, None);
    }
    sql.limit(1, 0);
    sql.push(if sql.dialect == Dialect::Postgres { ") AS q ON TRUE" } else { ") AS q ON 1" });
}
