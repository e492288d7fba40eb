//! Lines over time: raw rows, or one value per bucket and line.

use super::days::Days;
use super::{Sql, call, from, time};
use crate::datastore::{Bind, Dialect};
use crate::domain::TimeRange;
use crate::query::{Aggregate, Bucket, Name, Source, TimeColumn, Window};

/// What tells one line of an answer from another.
#[derive(Clone, Copy)]
enum Told<'a> {
    /// A column.
    By(&'a Name),
    /// Which range of the value's it lies in, told by where they begin.
    Within(&'a [f64]),
}

impl Told<'_> {
    fn write(self, sql: &mut Sql, value: &Name) {
        let edges = match self {
            Told::By(name) => return sql.column(name),
            Told::Within(edges) => edges,
        };
        // To PostgreSQL NaN, to SQLite any text is larger than all numbers: neither lies in a range of them.
        let (open, close) = match sql.dialect {
            Dialect::Postgres => ("CASE WHEN CAST(", " AS float8) = 'NaN' THEN NULL WHEN "),
            Dialect::Sqlite => ("CASE WHEN typeof(", ") NOT IN ('integer', 'real') THEN NULL WHEN "),
        };
        sql.push(open);
        sql.column(value);
        sql.push(close);
        sql.column(value);
        sql.push(" IS NULL THEN NULL");
        for (row, edge) in edges.iter().enumerate() {
            sql.push(" WHEN ");
            sql.column(value);
            sql.push(" < ");
            sql.bind_as(Bind::Float(*edge), "float8");
            sql.push(&format!(" THEN {row}"));
        }
        sql.push(&format!(" ELSE {} END", edges.len()));
    }
}

/// How many readings lie in each range of values, bucket by bucket.
pub(super) fn spread(
    sql: &mut Sql,
    source: &Source,
    column: &TimeColumn,
    value: &Name,
    edges: &[f64],
    (bucket, range): (Bucket, TimeRange),
) {
    let window = Window { range, bucket: Some(bucket) };
    sql.push("SELECT ");
    time::shown_bucket(sql);
    sql.push(" AS \"time\", l AS \"row\", v AS \"value\" FROM (");
    grouped(sql, source, column, value, Some(Told::Within(edges)), Aggregate::Count, window);
    sql.push(") AS g WHERE l IS NOT NULL ORDER BY l, t");
}

pub(super) fn write(
    sql: &mut Sql,
    source: &Source,
    column: &TimeColumn,
    value: &Name,
    label: Option<&Name>,
    aggregate: Aggregate,
    window: Window,
) {
    match window.bucket {
        None => raw(sql, source, column, value, label, window),
        Some(_) => {
            sql.push("SELECT ");
            time::shown_bucket(sql);
            sql.push(" AS \"time\", v AS \"value\"");
            sql.push(if label.is_some() { ", l AS \"label\"" } else { "" });
            sql.push(" FROM (");
            if aggregate == Aggregate::Last {
                last(sql, source, column, value, label.map(Told::By), window);
            } else {
                grouped(sql, source, column, value, label.map(Told::By), aggregate, window);
            }
            sql.push(if label.is_some() { ") AS g ORDER BY l, t" } else { ") AS g ORDER BY t" });
        }
    }
}

fn raw(sql: &mut Sql, source: &Source, column: &TimeColumn, value: &Name, label: Option<&Name>, window: Window) {
    sql.push("SELECT ");
    time::shown(sql, column, Some(window.range));
    sql.push(" AS \"time\", ");
    sql.column(value);
    sql.push(" AS \"value\"");
    if let Some(label) = label {
        sql.push(", ");
        sql.column(label);
        sql.push(" AS \"label\"");
    }
    from(sql, source, Some(column), Some(window.range));
    sql.push(" ORDER BY ");
    if let Some(label) = label {
        sql.column(label);
        sql.push(", ");
    }
    sql.column(&column.column);
}

fn grouped(
    sql: &mut Sql,
    source: &Source,
    column: &TimeColumn,
    value: &Name,
    label: Option<Told<'_>>,
    aggregate: Aggregate,
    window: Window,
) {
    sql.push(if label.is_some() { "SELECT t, l, " } else { "SELECT t, " });
    call(sql, aggregate, |sql| sql.push("v"));
    sql.push(" AS v FROM (");
    bucketed(sql, source, column, value, label, window);
    sql.push(if label.is_some() { ") AS q GROUP BY t, l" } else { ") AS q GROUP BY t" });
}

/// The newest value that is not null, of every bucket and line.
fn last(sql: &mut Sql, source: &Source, column: &TimeColumn, value: &Name, label: Option<Told<'_>>, window: Window) {
    sql.push(if label.is_some() { "SELECT t, l, v" } else { "SELECT t, v" });
    sql.push(" FROM (SELECT q.*, row_number() OVER (PARTITION BY t");
    sql.push(if label.is_some() { ", l" } else { "" });
    sql.push(" ORDER BY (v IS NULL), e DESC) AS n FROM (");
    bucketed(sql, source, column, value, label, window);
    sql.push(") AS q) AS r WHERE n = 1");
}

/// Every row with the start of its bucket `t`, its instant `e`, line `l` and value `v`, behind a fence.
fn bucketed(sql: &mut Sql, source: &Source, column: &TimeColumn, value: &Name, label: Option<Told<'_>>, window: Window) {
    let Some(bucket) = window.bucket else { return };
    let kept = if label.is_some() { "e, l, v" } else { "e, v" };
    let days = Days::of(bucket, window.range);
    match &days {
        None => {
            sql.push("SELECT ");
            time::bucket(sql, bucket, window.range, |sql| sql.push("e"));
            sql.push(&format!(" AS t, {kept} FROM ("));
        }
        Some(days) => {
            sql.push("SELECT ");
            days.start(sql);
            sql.push(&format!(" AS t, {kept} FROM (SELECT "));
            days.midnight(sql);
            sql.push(&format!(" AS m, {kept} FROM (SELECT "));
            days.wall(sql);
            sql.push(&format!(" AS d, {kept} FROM ("));
        }
    }
    readings(sql, source, column, value, label, window);
    sql.push(") AS p");
    sql.fence();
    if days.is_some() {
        sql.push(") AS o");
        sql.fence();
        sql.push(") AS n");
        sql.fence();
    }
}

/// Every row of the range: its instant `e`, line `l` and value `v`.
fn readings(sql: &mut Sql, source: &Source, column: &TimeColumn, value: &Name, label: Option<Told<'_>>, window: Window) {
    sql.push("SELECT ");
    time::moment(sql, column, window.range, false);
    sql.push(" AS e, ");
    if let Some(label) = label {
        label.write(sql, value);
        sql.push(" AS l, ");
    }
    sql.column(value);
    sql.push(" AS v");
    from(sql, source, Some(column), Some(window.range));
}
