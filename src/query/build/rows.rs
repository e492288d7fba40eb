//! A page of a table, and how many rows the table has.

use super::filter::contains;
use super::{Sql, from};
use crate::query::{Name, Order, ROW_CAP, Set};

pub(super) fn page(sql: &mut Sql, set: &Set, columns: &[Name], sort: Option<&Order>, offset: u64, limit: u32) {
    sql.push("SELECT ");
    for (i, column) in columns.iter().enumerate() {
        sql.push(if i > 0 { ", " } else { "" });
        sql.column(column);
        sql.push(" AS ");
        sql.quoted(column.as_str());
    }
    sql.push(if columns.is_empty() { "1 AS \"row\"" } else { "" });
    from(sql, &set.source, set.time.as_ref(), set.range);
    narrowed(sql, set);
    // What is read whole has no pages that could overlap: sorting a million rows by all they hold would cost seconds.
    let whole = u64::from(limit) > ROW_CAP as u64;
    ordered(sql, set, if whole && is_ordered(set, sort) { &[] } else { columns }, sort);
    sql.limit(u64::from(limit), offset);
}

pub(super) fn count(sql: &mut Sql, set: &Set) {
    sql.push("SELECT count(*) AS \"count\"");
    from(sql, &set.source, set.time.as_ref(), set.range);
    narrowed(sql, set);
}

pub(super) fn count_to(sql: &mut Sql, set: &Set, most: u64) {
    sql.push("SELECT count(*) AS \"count\" FROM (SELECT 1");
    from(sql, &set.source, set.time.as_ref(), set.range);
    narrowed(sql, set);
    sql.limit(most, 0);
    sql.push(") AS counted");
}

fn narrowed(sql: &mut Sql, set: &Set) {
    if let Some((text, columns)) = set.search.as_ref().filter(|(text, columns)| !text.is_empty() && !columns.is_empty()) {
        for (i, column) in columns.iter().enumerate() {
            sql.push(if i > 0 { " OR " } else { " AND (" });
            contains(sql, column, text);
        }
        sql.push(")");
    }
    for (column, text) in set.filters.iter().filter(|(_, text)| !text.is_empty()) {
        sql.push(" AND ");
        contains(sql, column, text);
    }
}

fn is_ordered(set: &Set, sort: Option<&Order>) -> bool {
    sort.is_some() || !set.source.order.is_empty() || set.time.is_some()
}

/// The viewer's order, then the author's, then the newest first, then everything shown: so that pages never overlap.
fn ordered(sql: &mut Sql, set: &Set, columns: &[Name], sort: Option<&Order>) {
    let mut seen: Vec<&Name> = Vec::new();
    let mut between = " ORDER BY ";
    let time = set.time.as_ref().map(|time| &time.column);
    let mut term = |sql: &mut Sql, column: &Name, descending: bool, nulls_last: bool| {
        sql.push(between);
        between = ", ";
        sql.column(column);
        sql.push(if descending { " DESC" } else { " ASC" });
        sql.push(if nulls_last { " NULLS LAST" } else { "" });
    };
    if let Some(sort) = sort {
        // Nulls last is what a reader expects, but no index serves it; a time column has none worth it.
        term(sql, &sort.column, sort.descending, time != Some(&sort.column));
        seen.push(&sort.column);
    }
    for order in &set.source.order {
        if !seen.contains(&&order.column) {
            term(sql, &order.column, order.descending, false);
            seen.push(&order.column);
        }
    }
    if let Some(time) = time.filter(|time| set.source.order.is_empty() && !seen.contains(time)) {
        term(sql, time, true, false);
        seen.push(time);
    }
    for column in columns.iter().filter(|column| !seen.contains(column)) {
        sql.push(between);
        between = ", ";
        sql.push("CAST("); // some types (json) have no order of their own
        sql.column(column);
        sql.push(" AS text)");
    }
}
