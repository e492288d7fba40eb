//! What the address asks of a table. Bad values: the default, and a notice that says so.

use super::Table;
use crate::error::FieldFault;
use crate::panel::{View, pager, words};
use crate::query::Order;

/// Longer than anybody types.
const LONGEST_SEARCH: usize = 200;

/// What is asked of a table.
#[derive(Debug)]
pub(super) struct Asked {
    /// Where it is not the table's own.
    pub(super) sort: Option<Order>,
    /// From 1.
    pub(super) page: u64,
    pub(super) search: Option<String>,
    /// Which column, and the text looked for in it.
    pub(super) filters: Vec<(usize, String)>,
    pub(super) notices: Vec<String>,
}

impl Asked {
    pub(super) fn read(table: &Table, view: &View) -> Asked {
        let mut notices = Vec::new();
        Asked {
            sort: sort(table, view, &mut notices),
            page: if table.printed { 1 } else { pager::page(view, &mut notices) },
            search: given(view, "q").filter(|_| table.search).map(|text| short(text, &mut notices)),
            filters: filters(table, view, &mut notices),
            notices,
        }
    }

    /// Whether anything narrows the set.
    pub(super) fn narrows(&self) -> bool {
        self.search.is_some() || !self.filters.is_empty()
    }
}

fn given<'a>(view: &'a View, name: &str) -> Option<&'a str> {
    view.param(name).map(str::trim).filter(|text| !text.is_empty())
}

fn short(text: &str, notices: &mut Vec<String>) -> String {
    if text.chars().count() <= LONGEST_SEARCH {
        return text.to_owned();
    }
    notices.push(format!("Only the first {LONGEST_SEARCH} characters were looked for."));
    text.chars().take(LONGEST_SEARCH).collect()
}

/// What is wrong with the order asked for.
pub(super) fn sort_faults(table: &Table, view: &View) -> Vec<FieldFault> {
    let mut notices = Vec::new();
    sort(table, view, &mut notices);
    notices.into_iter().map(|message| FieldFault { field: "sort".to_owned(), message }).collect()
}

fn sort(table: &Table, view: &View, notices: &mut Vec<String>) -> Option<Order> {
    let descending = match given(view, "dir") {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(other) => {
            notices.push(format!("“{}” is no direction; it is asc or desc.", words::cut(other, 40)));
            false
        }
    };
    let name = given(view, "sort")?;
    if !table.sortable {
        notices.push("This table keeps its own order.".to_owned());
        return None;
    }
    let column = table.columns.iter().find(|column| column.name.as_str() == name);
    if column.is_none() {
        notices.push(format!("There is no column “{}” to sort by.", words::cut(name, 40)));
    }
    column.map(|column| Order { column: column.name.clone(), descending })
}

fn filters(table: &Table, view: &View, notices: &mut Vec<String>) -> Vec<(usize, String)> {
    let mut filters: Vec<(usize, String)> = Vec::new();
    for (name, text) in &view.params {
        let (Some(name), text) = (name.strip_prefix("f."), text.trim()) else { continue };
        if text.is_empty() {
            continue;
        }
        let at = table.columns.iter().position(|column| column.name.as_str() == name);
        match at.filter(|_| table.filters) {
            Some(at) if filters.iter().all(|(known, _)| *known != at) => filters.push((at, short(text, notices))),
            Some(_) => {}
            None => notices.push(format!("There is no filter for “{}”.", words::cut(name, 40))),
        }
    }
    filters
}
