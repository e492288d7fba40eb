//! The grid's numbers for callers that draw it themselves.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{Heatmap, Rows};
use crate::frame::{Frame, Values};
use crate::panel::data::{CellData, CellRow, Points};
use crate::panel::{View, cells};

impl Heatmap {
    /// Every cell there is, also of rows that do not fit a drawing.
    pub(super) fn cells(&self, frame: &Frame, view: &View) -> CellData {
        let rows = match (frame.column("time"), frame.column("value"), &self.rows) {
            (Some(times), Some(values), Rows::Category(..)) => self.of_categories(frame, times, values),
            (Some(times), Some(values), Rows::Values(edges)) => self.of_ranges(frame, times, values, edges),
            _ => Vec::new(),
        };
        CellData { bucket: self.bucket(view).width, rows, truncated: frame.truncated }
    }

    /// By name; a cell without a reading is none.
    fn of_categories(&self, frame: &Frame, times: &Values, values: &Values) -> Vec<CellRow> {
        let labels = frame.column("label");
        let mut rows: BTreeMap<Option<String>, Points> = BTreeMap::new();
        for i in 0..frame.rows() {
            let Some(at) = cells::instant(times, i, self.times) else { continue };
            let label = labels.and_then(|labels| labels.text(i)).map(|label| label.into_owned());
            rows.entry(label).or_default().push((at, values.number(i).filter(|value| value.is_finite())));
        }
        rows.into_iter().map(|(label, cells)| CellRow { label, from: None, below: None, cells }).collect()
    }

    /// From the lowest range to the highest. Where there are readings, a range without one has zero of them.
    fn of_ranges(&self, frame: &Frame, times: &Values, values: &Values, edges: &[f64]) -> Vec<CellRow> {
        let mut counts: Vec<BTreeMap<DateTime<Utc>, f64>> = vec![BTreeMap::new(); edges.len() + 1];
        let mut read = BTreeSet::new();
        for i in 0..frame.rows() {
            let row = frame.column("row").and_then(|rows| rows.number(i)).map(|row| row as usize);
            let (Some(at), Some(row)) = (cells::instant(times, i, self.times), row) else { continue };
            if let Some(counts) = counts.get_mut(row) {
                counts.insert(at, values.number(i).unwrap_or(0.0));
                read.insert(at);
            }
        }
        let row = |(place, counts): (usize, BTreeMap<DateTime<Utc>, f64>)| CellRow {
            label: None,
            from: place.checked_sub(1).and_then(|before| edges.get(before)).copied(),
            below: edges.get(place).copied(),
            cells: read.iter().map(|at| (*at, Some(counts.get(at).copied().unwrap_or(0.0)))).collect(),
        };
        counts.into_iter().enumerate().map(row).collect()
    }
}
