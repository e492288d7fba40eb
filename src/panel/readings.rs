//! Readings as a table, a row for each time: what a chart says to those who cannot see it, without script.

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, Utc};

use super::pager::{self, Pager};
use super::{Html, View, words};
use crate::chart::Line;
use crate::domain::Unit;
use crate::domain::unit::grouped;

/// Rows on a page.
const PAGE: u64 = 100;
/// The most series, each a column.
const COLUMNS: usize = 50;

#[derive(Template)]
#[template(path = "readings.html")]
struct Body<'a> {
    title: &'a str,
    labels: Vec<&'a str>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    machine: String,
    time: String,
    values: Vec<Option<String>>,
}

/// What is read.
pub(super) struct Readings<'a> {
    pub(super) title: &'a str,
    pub(super) unit: &'a Unit,
    pub(super) decimals: Option<u8>,
    /// A column each.
    pub(super) lines: &'a [Line],
}

/// One page of them, the newest first.
pub(super) fn body(readings: &Readings<'_>, view: &View, notices: &mut Vec<String>) -> Html {
    let lines = readings.lines;
    if lines.len() > COLUMNS {
        notices.push(format!("There are {} series; these are the first {COLUMNS}.", grouped(lines.len() as f64, 0)));
    }
    // A cell for every series at every time: thousands of them would fill the memory, and nobody reads so many.
    let lines = &lines[..lines.len().min(COLUMNS)];
    let times = by_time(lines);
    let total = times.len() as u64;
    let wanted = pager::page(view, notices);
    let page = wanted.min(total.div_ceil(PAGE).max(1));
    if page < wanted {
        notices.push(format!("There is no page {wanted}; this is the last, page {page}."));
    }
    let skipped = usize::try_from((page - 1) * PAGE).unwrap_or(usize::MAX);
    // One scale for all, so that neighbouring numbers can be compared.
    let largest =
        lines.iter().flat_map(|line| &line.points).filter_map(|point| point.value).fold(0.0, |a: f64, b| a.max(b.abs()));
    let scale = readings.unit.scale_for(largest);
    let written = |value: f64| scale.format(value, readings.decimals).to_string();
    let rows = times.iter().rev().skip(skipped).take(PAGE as usize).map(|((at, _), values)| Row {
        machine: words::machine(*at),
        time: words::second(*at, view),
        values: values.iter().map(|value| value.map(written)).collect(),
    });
    Html::of(&Body {
        title: readings.title,
        labels: lines.iter().map(|line| line.label.as_str()).collect(),
        rows: rows.collect(),
        pager: Pager::new(page, PAGE, total, view),
    })
}

type ByTime = BTreeMap<(DateTime<Utc>, usize), Vec<Option<f64>>>;

/// A row for each time; a second reading of one line at the same time has a row of its own.
fn by_time(lines: &[Line]) -> ByTime {
    let mut rows = ByTime::new();
    for (column, line) in lines.iter().enumerate() {
        let mut before: Option<(DateTime<Utc>, usize)> = None;
        for point in &line.points {
            let again = before.filter(|(at, _)| *at == point.at).map_or(0, |(_, count)| count + 1);
            before = Some((point.at, again));
            let row = rows.entry((point.at, again)).or_insert_with(|| vec![None; lines.len()]);
            row[column] = point.value.filter(|value| value.is_finite());
        }
    }
    rows
}
