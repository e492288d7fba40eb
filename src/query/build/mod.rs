//! From a question to one SELECT: names quoted, values bound, the shape that each database answers fast.

mod days;
mod filter;
mod groups;
mod latest;
mod rows;
mod series;
mod sql;
#[cfg(test)]
mod tests;
mod time;
mod value;

use super::{Aggregate, Query, Source, TimeColumn};
use crate::datastore::{Dialect, Statement};
use crate::domain::TimeRange;
pub(super) use sql::Sql;

impl Query {
    /// The question as one SELECT. `schema` qualifies the table's name where it is given.
    pub fn statement(&self, dialect: Dialect, schema: Option<&str>) -> Statement {
        let mut sql = Sql::new(dialect, schema);
        match self {
            Query::Series { source, time, value, label, aggregate, window } => {
                series::write(&mut sql, source, time, value, label.as_ref(), *aggregate, *window);
            }
            Query::Spread { source, time, value, edges, bucket, range } => {
                series::spread(&mut sql, source, time, value, edges, (*bucket, *range));
            }
            Query::Value { source, value, time, aggregate: None, range } => {
                value::one(&mut sql, source, value, time.as_ref(), *range);
            }
            Query::Value { source, value, time, aggregate: Some(aggregate), range } => {
                value::aggregate(&mut sql, source, value, time.as_ref(), *aggregate, *range);
            }
            Query::Latest { source, key, status, time, message } => {
                latest::write(&mut sql, source, key, status, time.as_ref(), message.as_ref());
            }
            Query::Groups { source, keys, value, aggregate, time, range } => {
                groups::write(&mut sql, source, keys, value, *aggregate, time.as_ref(), *range);
            }
            Query::Rows { set, columns, sort, offset, limit } => {
                rows::page(&mut sql, set, columns, sort.as_ref(), *offset, *limit);
            }
            Query::Count { set } => rows::count(&mut sql, set),
            Query::CountTo { set, most } => rows::count_to(&mut sql, set, *most),
            Query::Distinct { source, column, within, limit } => {
                filter::distinct(&mut sql, source, column, within.as_ref(), *limit);
            }
        }
        sql.done()
    }
}

/// ` FROM "table" AS s WHERE …`: the rows of a source within a range; its order and limit make a set of them first.
fn from(sql: &mut Sql, source: &Source, time: Option<&TimeColumn>, range: Option<TimeRange>) {
    match source.limit {
        None => plain_from(sql, source, time, range),
        Some(limit) => {
            sql.push(" FROM (SELECT s.*");
            plain_from(sql, source, time, range);
            order_of(sql, source, time);
            sql.limit(u64::from(limit), 0);
            sql.push(") AS s WHERE TRUE");
        }
    }
}

fn plain_from(sql: &mut Sql, source: &Source, time: Option<&TimeColumn>, range: Option<TimeRange>) {
    sql.push(" FROM ");
    sql.table(&source.table);
    sql.push(" AS s WHERE TRUE");
    if let Some(condition) = &source.condition {
        sql.push(" AND (\n");
        condition.write(sql);
        sql.push("\n)");
    }
    for bound in &source.filters {
        filter::write(sql, bound);
    }
    if let Some((time, range)) = time.zip(range) {
        time::within(sql, time, range);
    }
}

/// ` ORDER BY …`: the source's own order, else the newest first.
fn order_of(sql: &mut Sql, source: &Source, time: Option<&TimeColumn>) {
    let mut between = " ORDER BY ";
    for order in &source.order {
        sql.push(between);
        sql.column(&order.column);
        sql.push(if order.descending { " DESC" } else { " ASC" });
        between = ", ";
    }
    if let (true, Some(time)) = (source.order.is_empty(), time) {
        sql.push(between);
        sql.column(&time.column);
        sql.push(" DESC");
    }
}

/// `avg(` … the call that an aggregate other than `Last` is, of what `inner` writes.
fn call(sql: &mut Sql, aggregate: Aggregate, inner: impl FnOnce(&mut Sql)) {
    let (open, close) = match (aggregate, sql.dialect) {
        (Aggregate::Avg | Aggregate::Last, Dialect::Postgres) => ("CAST(avg(", ") AS float8)"),
        (Aggregate::Avg | Aggregate::Last, Dialect::Sqlite) => ("avg(", ")"),
        (Aggregate::Sum, _) => ("sum(", ")"),
        (Aggregate::Min, _) => ("min(", ")"),
        (Aggregate::Max, _) => ("max(", ")"),
        (Aggregate::Count, _) => ("count(", ")"),
    };
    sql.push(open);
    inner(sql);
    sql.push(close);
}
