//! How everything is now, and since when.

use super::{Sql, from, time};
use crate::datastore::Dialect;
use crate::query::{Name, Source, TimeColumn};

pub(super) fn write(
    sql: &mut Sql,
    source: &Source,
    key: &Name,
    status: &Name,
    column: Option<&TimeColumn>,
    message: Option<&Name>,
) {
    match column {
        Some(column) => with_time(sql, source, key, status, column, message),
        None => without_time(sql, source, key, status, message),
    }
}

/// `n` numbers the rows of each key from the newest; `b` counts the rows so far whose status is another than the newest's,
/// so that the run is where it is still zero.
fn with_time(sql: &mut Sql, source: &Source, key: &Name, status: &Name, column: &TimeColumn, message: Option<&Name>) {
    sql.push("SELECT k AS \"key\", x AS \"status\", c AS \"time\", m AS \"message\", g AS \"since\" FROM (");
    sql.push("SELECT k, x, c, m, n, min(c) OVER (PARTITION BY k) AS g FROM (");
    sql.push("SELECT k, x, c, m, n, sum(CASE WHEN x IS DISTINCT FROM f THEN 1 ELSE 0 END) OVER ");
    sql.push("(PARTITION BY k ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS b FROM (");
    sql.push("SELECT k, x, c, m, row_number() OVER w AS n, first_value(x) OVER w AS f FROM (SELECT ");
    fields(sql, key, status, message);
    sql.push(", ");
    time::shown(sql, column, None);
    sql.push(" AS c");
    from(sql, source, Some(column), None);
    sql.push(
        ") AS p WINDOW w AS (PARTITION BY k ORDER BY (c IS NULL), c DESC, x DESC)) AS r) AS q WHERE b = 0) AS u WHERE n = 1 ORDER BY k",
    );
}

fn without_time(sql: &mut Sql, source: &Source, key: &Name, status: &Name, message: Option<&Name>) {
    sql.push("SELECT k AS \"key\", x AS \"status\", m AS \"message\" FROM (SELECT ");
    fields(sql, key, status, message);
    sql.push(", row_number() OVER (PARTITION BY ");
    sql.column(key);
    sql.push(" ORDER BY ");
    for order in &source.order {
        sql.column(&order.column);
        sql.push(if order.descending { " DESC, " } else { " ASC, " });
    }
    sql.column(status);
    sql.push(" DESC) AS n");
    from(sql, source, None, None);
    sql.push(") AS q WHERE n = 1 ORDER BY k");
}

fn fields(sql: &mut Sql, key: &Name, status: &Name, message: Option<&Name>) {
    sql.column(key);
    sql.push(" AS k, ");
    sql.column(status);
    sql.push(" AS x, ");
    match message {
        Some(message) => {
            sql.push("CAST(");
            sql.column(message);
            sql.push(" AS text) AS m");
        }
        None => sql.push(if sql.dialect == Dialect::Postgres { "CAST(NULL AS text) AS m" } else { "NULL AS m" }),
    }
}
