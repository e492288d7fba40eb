//! The grid drawn, or its numbers as a table.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::{CELLS, Heatmap, Rows};
use crate::chart::{Heat, Line, Place, Point, Series, Svg};
use crate::domain::Unit;
use crate::domain::unit::grouped;
use crate::frame::Frame;
use crate::panel::readings::{self, Readings};
use crate::panel::stretch::Stretches;
use crate::panel::{Drawing, Html, View, cells, drawing, turn, words};

impl Heatmap {
    pub(super) fn drawing(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        let window = self.window(view);
        let Some(frame) = frames.first().filter(|frame| !frame.is_empty()) else {
            return drawing::empty(&self.common, Some(window.range), view);
        };
        let mut notices = drawing::cut_notice(frame);
        let as_table = turn::as_table(view, &mut notices);
        let stretches = Stretches::of(&window);
        let heat = self.heat(Some(frame), &stretches, view, &mut notices);
        let (body, summary) = match as_table {
            true => (self.table(&heat, &stretches, view, &mut notices), format!("{}, as a table", self.common.title)),
            false => {
                let drawn = heat.draw();
                (Html::from(drawn.svg), drawn.summary)
            }
        };
        let newest = frame.column("time").and_then(|times| cells::newest(times, self.times));
        let width = window.bucket.map_or(TimeDelta::zero(), |bucket| bucket.width);
        let stale_since = drawing::stale_since(&self.common, newest.map(|newest| newest + width), view);
        let turn = turn::link(&self.common.title, as_table, view);
        Drawing { body, stale_since, note: Some(self.note(width)), turn, notices, summary, ..Drawing::default() }
    }

    /// The same as a file.
    pub(super) fn file(&self, frames: &[Arc<Frame>], view: &View) -> Svg {
        let stretches = Stretches::of(&self.window(view));
        self.heat(frames.first(), &stretches, view, &mut Vec::new()).file()
    }

    fn heat(&self, frame: Option<&Arc<Frame>>, stretches: &Stretches, view: &View, notices: &mut Vec<String>) -> Heat {
        let window = self.window(view);
        if stretches.shares.last().is_some_and(|last| last.1 < 1.0) {
            let count = grouped(stretches.shares.len() as f64, 0);
            notices.push(format!("The range is longer than can be drawn; these are its first {count} stretches."));
        }
        let place = |(start, (from, to)): (&_, &(f64, f64))| Place { label: words::moment(*start, view), from: *from, to: *to };
        let rows = match (frame, &self.rows) {
            (None, _) => Vec::new(),
            (Some(frame), Rows::Category(..)) => self.by_category(frame, stretches, notices),
            (Some(frame), Rows::Values(edges)) => self.by_value(frame, edges, stretches),
        };
        let counts = matches!(self.rows, Rows::Values(_));
        Heat {
            id: turn::id(view),
            title: self.common.title.clone(),
            description: self.common.description.clone(),
            columns: stretches.starts().iter().zip(&stretches.shares).map(place).collect(),
            rows,
            range: window.range,
            zone: view.zone,
            // The unit is the value's; how many there are has none.
            unit: if counts { Unit::Short } else { self.look.unit.clone() },
            decimals: self.look.decimals.filter(|_| !counts),
            ends: self.look.ends,
            thresholds: self.look.thresholds.clone(),
            y_label: self.look.y_label.clone(),
            tall: view.close,
        }
    }

    /// A row for each category: those with the highest mean, by name.
    fn by_category(&self, frame: &Frame, stretches: &Stretches, notices: &mut Vec<String>) -> Vec<Series> {
        let (times, values, labels) = (frame.column("time"), frame.column("value"), frame.column("label"));
        let (Some(times), Some(values), Some(labels)) = (times, values, labels) else { return Vec::new() };
        let count = stretches.shares.len();
        let most = (CELLS / count.max(1)).clamp(1, self.look.most);
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut found: Vec<(String, f64, usize)> = Vec::new();
        let mut of_row = Vec::with_capacity(frame.rows());
        for i in 0..frame.rows() {
            let name = labels.text(i).map_or_else(|| "no name".to_owned(), |label| words::cut(&label, 80));
            let row = *known.entry(name).or_insert_with_key(|name| {
                found.push((name.clone(), 0.0, 0));
                found.len() - 1
            });
            if let Some(value) = values.number(i).filter(|value| value.is_finite()) {
                found[row].1 += value;
                found[row].2 += 1;
            }
            of_row.push(row);
        }
        let mean = |(_, sum, count): &(String, f64, usize)| if *count == 0 { f64::NEG_INFINITY } else { sum / *count as f64 };
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by(|a, b| mean(&found[*b]).total_cmp(&mean(&found[*a])).then_with(|| found[*a].0.cmp(&found[*b].0)));
        if order.len() > most {
            let all = grouped(order.len() as f64, 0);
            notices.push(format!("The {most} of {all} rows with the highest values are shown."));
            order.truncate(most);
        }
        order.sort_by(|a, b| found[*a].0.cmp(&found[*b].0));
        let mut places: Vec<Option<usize>> = vec![None; found.len()];
        order.iter().enumerate().for_each(|(place, row)| places[*row] = Some(place));
        let row = |row: &usize| Series { label: found[*row].0.clone(), color: None, values: vec![None; count] };
        let mut rows: Vec<Series> = order.iter().map(row).collect();
        for (i, row) in of_row.into_iter().enumerate() {
            let column = cells::instant(times, i, self.times).and_then(|at| stretches.place(at));
            if let (Some(row), Some(column)) = (places[row], column.filter(|column| *column < count)) {
                rows[row].values[column] = values.number(i);
            }
        }
        rows
    }

    /// A row for each range of values, the highest on top. Where there are readings, a range without one has none of them: that
    /// is a zero, and not the gap that a time without any reading is.
    fn by_value(&self, frame: &Frame, edges: &[f64], stretches: &Stretches) -> Vec<Series> {
        let (times, values, places) = (frame.column("time"), frame.column("value"), frame.column("row"));
        let (Some(times), Some(values), Some(places)) = (times, values, places) else { return Vec::new() };
        let count = stretches.shares.len();
        let mut cells: Vec<Vec<Option<f64>>> = vec![vec![None; count]; edges.len() + 1];
        for i in 0..frame.rows() {
            let column = cells::instant(times, i, self.times).and_then(|at| stretches.place(at));
            let row = places.number(i).map(|row| row as usize);
            if let (Some(column), Some(row)) = (column, row)
                && let Some(cell) = cells.get_mut(row).and_then(|row| row.get_mut(column))
            {
                *cell = values.number(i);
            }
        }
        for column in 0..count {
            if cells.iter().any(|row| row[column].is_some()) {
                cells.iter_mut().for_each(|row| row[column] = Some(row[column].unwrap_or(0.0)));
            }
        }
        let named = self.ranges(edges).into_iter().zip(cells);
        named.map(|(label, values)| Series { label, color: None, values }).rev().collect()
    }

    /// `under 50 ms`, `50–100 ms`, `from 500 ms`.
    fn ranges(&self, edges: &[f64]) -> Vec<String> {
        let largest = edges.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        let scale = self.look.unit.scale_for(largest);
        let full = |edge: f64| scale.format(edge, self.look.decimals).to_string();
        let bare = |edge: f64| scale.number(edge, self.look.decimals);
        let first = edges.first().map(|edge| format!("under {}", full(*edge)));
        let last = edges.last().map(|edge| format!("from {}", full(*edge)));
        let between = edges.windows(2).map(|pair| format!("{}–{}", bare(pair[0]), full(pair[1])));
        first.into_iter().chain(between).chain(last).collect()
    }

    fn table(&self, heat: &Heat, stretches: &Stretches, view: &View, notices: &mut Vec<String>) -> Html {
        let line = |row: &Series| Line {
            label: row.label.clone(),
            color: None,
            points: stretches.starts().iter().zip(&row.values).map(|(at, value)| Point { at: *at, value: *value }).collect(),
        };
        let lines: Vec<Line> = heat.rows.iter().map(line).collect();
        let readings = Readings { title: &heat.title, unit: &heat.unit, decimals: heat.decimals, lines: &lines };
        readings::body(&readings, view, notices)
    }

    /// `mean per hour`, `readings per day`.
    fn note(&self, width: TimeDelta) -> String {
        let what = match &self.rows {
            Rows::Values(_) => "readings",
            Rows::Category(_, aggregate) => words::made(*aggregate),
        };
        format!("{what} per {}", words::width(width))
    }
}
