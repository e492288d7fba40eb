//! The rows drawn: headings that sort, a search, filters, and a page in words.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};

use super::Table;
use super::asked::Asked;
use super::column::Cell;
use crate::domain::unit::grouped;
use crate::frame::Frame;
use crate::panel::link::{self, Link};
use crate::panel::pager::Pager;
use crate::panel::{Drawing, Html, View, cells, drawing, words};

/// Text longer than this many characters may take several lines.
const WORDY: usize = 28;

#[derive(Template)]
#[template(path = "table/view.html")]
struct Body<'a> {
    title: &'a str,
    key: String,
    tools: Option<Tools<'a>>,
    headings: Vec<Heading<'a>>,
    rows: Vec<Vec<Placed>>,
    nothing: Option<String>,
    pager: Option<Pager>,
}

/// The form above the rows.
struct Tools<'a> {
    action: String,
    kept: Vec<&'a (String, String)>,
    search: Option<String>,
    filters: Vec<Filter<'a>>,
    /// How many filters are set.
    set: usize,
    clear: Option<Link>,
}

struct Filter<'a> {
    name: String,
    heading: &'a str,
    value: String,
}

struct Heading<'a> {
    text: &'a str,
    right: bool,
    /// `ascending` or `descending`, for the column it is sorted by.
    sorted: Option<&'static str>,
    link: Option<Link>,
}

struct Placed {
    cell: Cell,
    class: &'static str,
}

impl Table {
    pub(super) fn drawing(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        let asked = Asked::read(self, view);
        let none = Arc::new(Frame::default());
        let rows = frames.first().unwrap_or(&none);
        let count = frames.get(1).and_then(|frame| frame.column("count")?.number(0)).map(|count| count.max(0.0) as u64);
        let total = count.unwrap_or(rows.rows() as u64);
        if total == 0 && rows.is_empty() && !asked.narrows() {
            let empty = drawing::empty(&self.common, self.range(view), view);
            return Drawing { notices: asked.notices, ..empty };
        }
        let size = u64::from(self.page);
        let last = total.div_ceil(size).max(1);
        let mut notices = asked.notices.clone();
        if asked.page > last {
            notices.push(format!("There is no page {}; the last is page {last}.", asked.page));
        }
        notices.extend(drawing::cut_notice(rows));
        let nothing = (total == 0).then(|| self.nothing(view));
        if self.printed && total > size {
            notices.push(format!(
                "The first {} of {} rows are printed; a file holds all of them.",
                grouped(size as f64, 0),
                grouped(total as f64, 0)
            ));
        }
        let pager = (nothing.is_none() && !self.printed).then(|| Pager::new(asked.page, size, total, view));
        let summary = format!("{}: {}", self.common.title, words::plural(i64::try_from(total).unwrap_or(i64::MAX), "row"));
        let body = Html::of(&Body {
            title: &self.common.title,
            key: view.key.to_string(),
            tools: self.tools(&asked, view),
            headings: self.headings(&asked, rows, view),
            rows: self.rows(rows, view),
            nothing,
            pager,
        });
        let stale_since = drawing::stale_since(&self.common, self.newest(rows, &asked, total), view);
        let note = (self.time.is_some() && !self.follows).then(|| "whatever the range".to_owned());
        Drawing { body, stale_since, note, notices, summary, ..Drawing::default() }
    }

    /// When the newest row was, where these rows can tell: all there are, or the newest page of them.
    fn newest(&self, rows: &Frame, asked: &Asked, total: u64) -> Option<DateTime<Utc>> {
        let at = self.time?;
        let order = asked.sort.as_ref().or(self.default_sort.as_ref()).or(self.source.order.first());
        let newest_first = order.is_some_and(|order| order.descending && order.column == self.columns[at].name);
        let tells = asked.page == 1 && !asked.narrows() && (newest_first || total <= u64::from(self.page));
        cells::newest(&rows.columns.get(at).filter(|_| tells)?.values, self.times)
    }

    fn nothing(&self, view: &View) -> String {
        let range = self.range(view).map(|range| format!(" {}", words::between(range, view))).unwrap_or_default();
        format!("No row matches{range}.")
    }

    fn tools<'a>(&'a self, asked: &Asked, view: &'a View) -> Option<Tools<'a>> {
        if self.printed || (!self.search && !self.filters) {
            return None;
        }
        let of = |at: usize| asked.filters.iter().find(|(known, _)| *known == at).map(|(_, text)| text.clone());
        let filters = self.columns.iter().enumerate().filter(|_| self.filters).map(|(at, column)| Filter {
            name: format!("f.{}", column.name.as_str()),
            heading: &column.heading,
            value: of(at).unwrap_or_default(),
        });
        let own = |name: &str| matches!(name, "q" | "page") || name.starts_with("f.");
        let cleared: Vec<String> = asked.filters.iter().map(|(at, _)| format!("f.{}", self.columns[*at].name.as_str())).collect();
        let cleared: Vec<(&str, Option<&str>)> =
            cleared.iter().map(|name| (name.as_str(), None)).chain([("q", None), ("page", None)]).collect();
        Some(Tools {
            action: view.page.path.clone(),
            kept: link::kept(view, own),
            search: self.search.then(|| asked.search.clone().unwrap_or_default()),
            filters: filters.collect(),
            set: asked.filters.len(),
            clear: asked.narrows().then(|| link::to(view, &cleared)),
        })
    }

    fn headings<'a>(&'a self, asked: &Asked, rows: &Frame, view: &View) -> Vec<Heading<'a>> {
        let order = asked.sort.as_ref().or(self.default_sort.as_ref());
        let headings = self.columns.iter().enumerate().map(|(at, column)| {
            let now = order.filter(|order| order.column == column.name).map(|order| order.descending);
            let next = if now == Some(false) { "desc" } else { "asc" };
            let changes = [("sort", Some(column.name.as_str())), ("dir", Some(next)), ("page", None)];
            Heading {
                text: &column.heading,
                right: column.is_right(rows.columns.get(at).map(|c| &c.values)),
                sorted: now.map(|descending| if descending { "descending" } else { "ascending" }),
                link: (self.sortable && !self.printed).then(|| link::to(view, &changes)),
            }
        });
        headings.collect()
    }

    fn rows(&self, frame: &Frame, view: &View) -> Vec<Vec<Placed>> {
        let row = |i: usize| {
            let cells = self.columns.iter().zip(&frame.columns).map(|(column, answer)| {
                let cell = column.cell(&answer.values, i, self.times, view);
                let class = match (&cell, column.is_right(Some(&answer.values))) {
                    (Cell::Null, true) => "n null",
                    (Cell::Null, false) => "null",
                    (_, true) => "n",
                    (Cell::Text(text), false) if text.chars().count() > WORDY => "grow",
                    (_, false) => "",
                };
                Placed { cell, class }
            });
            cells.collect()
        };
        (0..frame.rows()).map(row).collect()
    }
}
