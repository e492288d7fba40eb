//! A grid of cells: time from left to right, a row for each category or range of values.

mod data;
mod draw;
mod sample;
mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(super) use sample::sample;
pub(super) use spec::Spec;

use super::draft::{Draft, Times};
use super::export::{self, Column};
use super::spec::RangeMode;
use super::{Common, Data, Drawing, Export, Panel, View, stretch};
use crate::chart::{Svg, Threshold};
use crate::domain::Unit;
use crate::frame::Frame;
use crate::query::{Aggregate, Bound, Bucket, Chosen, Name, Query, Source, Window};

/// Columns and rows it takes when its dashboard does not say.
pub(super) const SIZE: (u16, u16) = (8, 2);
/// Stretches of time side by side: as cells that can be told apart, and as many as can be drawn.
const FIT: (i64, i64) = (170, 400);
/// The most cells.
const CELLS: usize = 12_000;
/// Rows at most, by category or by range.
const ROWS: usize = 60;
/// Categories that can be told apart by hand.
const SERIES: u32 = 200;

/// What the rows are.
#[derive(Debug)]
enum Rows {
    /// A category each, its cells an aggregate.
    Category(Name, Aggregate),
    /// A range of values each, its cells a count.
    Values(Vec<f64>),
}

/// A heatmap, checked.
#[derive(Debug)]
struct Heatmap {
    common: Common,
    source: Source,
    times: Times,
    time: Name,
    value: Name,
    rows: Rows,
    look: Look,
}

/// How it is drawn.
#[derive(Debug)]
struct Look {
    y_label: Option<String>,
    most: usize,
    ends: (Option<f64>, Option<f64>),
    thresholds: Vec<Threshold>,
    unit: Unit,
    decimals: Option<u8>,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    let written = &spec.data_source;
    let source = draft.source(written, spec.query.as_ref());
    let times = draft.times(written.timezone.as_deref(), written.time_format);
    let time = draft.name("panel.data_source.columns.timestamp", &written.columns.timestamp);
    let value = draft.name("panel.data_source.columns.value", &written.columns.value);
    if spec.range == Some(RangeMode::Ignore) {
        draft.fault("panel.range", "a heatmap always follows the page's range");
    }
    let rows = rows(&spec, draft);
    let look = look(&spec.display, draft);
    Some(Arc::new(Heatmap { common, source: source?, times, time: time?, value: value?, rows: rows?, look }))
}

fn rows(spec: &Spec, draft: &mut Draft<'_>) -> Option<Rows> {
    let category = draft.optional_name("panel.data_source.columns.category", spec.data_source.columns.category.as_deref());
    match (category?, &spec.value_buckets) {
        (Some(category), None) => Some(Rows::Category(category, spec.aggregate.map(Into::into).unwrap_or_default())),
        (None, Some(edges)) => {
            let ascending = edges.windows(2).all(|pair| pair[0] < pair[1]);
            if !(1..ROWS).contains(&edges.len()) || !ascending || edges.iter().any(|edge| !edge.is_finite()) {
                draft.fault("panel.value_buckets", format!("say where ranges begin: 1 to {} numbers, ascending", ROWS - 1));
                return None;
            }
            if spec.aggregate.is_some_and(|word| Aggregate::from(word) != Aggregate::Count) {
                draft.fault("panel.aggregate", "the cells of ranges of values count readings; leave this out");
            }
            Some(Rows::Values(edges.clone()))
        }
        (Some(_), Some(_)) => {
            draft.fault("panel.value_buckets", "the rows are categories already; keep one of both");
            None
        }
        (None, None) => {
            draft.fault("panel.data_source.columns", "name a category, or value_buckets: what are the rows?");
            None
        }
    }
}

fn look(display: &spec::Display, draft: &mut Draft<'_>) -> Look {
    let ends = display.scale_range.unwrap_or_default();
    if let (Some(low), Some(high)) = ends
        && low >= high
    {
        draft.fault("panel.display.scale_range", format!("the first end, {low}, must be below the second, {high}"));
    }
    if display.most.is_some_and(|most| !(1..=ROWS).contains(&most)) {
        draft.fault("panel.display.most", format!("must be 1 to {ROWS}"));
    }
    let thresholds = display.thresholds.iter().enumerate().map(|(i, limit)| Threshold {
        value: limit.value,
        label: limit.label.clone(),
        color: draft.color(&format!("panel.display.thresholds[{i}].color"), limit.color.as_deref()),
    });
    let thresholds = thresholds.collect();
    Look {
        y_label: display.y_axis_label.clone(),
        most: display.most.unwrap_or(20).clamp(1, ROWS),
        ends,
        thresholds,
        unit: display.unit.as_deref().map(Unit::parse).unwrap_or_default(),
        decimals: draft.decimals("panel.display.decimals", display.decimals),
    }
}

impl Heatmap {
    /// Without aggregation as fine as can be drawn.
    fn window(&self, view: &View) -> Window {
        stretch::window(view, if view.aggregate { FIT.0 } else { FIT.1 })
    }

    fn bucket(&self, view: &View) -> Bucket {
        let hour = Bucket { width: chrono::TimeDelta::hours(1), zone: view.zone };
        self.window(view).bucket.unwrap_or(hour)
    }

    /// The readings of the categories that are asked for alone, else of all.
    fn of_rows(&self, view: &View) -> Source {
        let mut source = self.source.clone();
        let wanted: Vec<String> = view.all("series").filter(|label| !label.is_empty()).map(str::to_owned).collect();
        if let (Rows::Category(category, _), false) = (&self.rows, wanted.is_empty()) {
            source.filters.push(Bound { filter: None, column: category.clone(), chosen: Some(Chosen::OneOf(wanted)) });
        }
        source
    }
}

impl Panel for Heatmap {
    fn common(&self) -> &Common {
        &self.common
    }

    fn follows_range(&self) -> bool {
        true
    }

    fn queries(&self, view: &View) -> Vec<Query> {
        let (source, time, value) = (self.of_rows(view), self.times.column(self.time.clone()), self.value.clone());
        let window = self.window(view);
        vec![match &self.rows {
            Rows::Category(category, aggregate) => {
                Query::Series { source, time, value, label: Some(category.clone()), aggregate: *aggregate, window }
            }
            Rows::Values(edges) => {
                Query::Spread { source, time, value, edges: edges.clone(), bucket: self.bucket(view), range: window.range }
            }
        }]
    }

    /// The categories there are within the range.
    fn series(&self, view: &View) -> Option<Query> {
        let Rows::Category(category, _) = &self.rows else { return None };
        let within = Some((self.times.column(self.time.clone()), self.window(view).range));
        Some(Query::Distinct { source: self.source.clone(), column: category.clone(), within, limit: SERIES })
    }

    fn draw(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        self.drawing(frames, view)
    }

    /// A row for each cell, also of rows that there is no room for; without aggregation, every reading.
    fn export(&self, view: &View) -> Option<Export> {
        let time = Column::new("time", "time").time(self.times);
        let value = Column::new("value", "value");
        match (&self.rows, view.aggregate) {
            (Rows::Category(..), true) => {
                let columns = vec![time, Column::new("label", "category").named("category"), value];
                Some(Export::new(self.queries(view).pop()?, None, columns))
            }
            (Rows::Values(edges), true) => {
                let ends = |first: bool| {
                    let edges = edges.iter().copied().map(Some);
                    if first { std::iter::once(None).chain(edges).collect() } else { edges.chain([None]).collect() }
                };
                let from = Column::new("row", "from").named("from").numbers(ends(true));
                let to = Column::new("row", "to").named("to").numbers(ends(false));
                Some(Export::new(self.queries(view).pop()?, None, vec![time, from, to, value.headed("count")]))
            }
            (rows, false) => {
                let category = if let Rows::Category(category, _) = rows { Some(category) } else { None };
                let named = |name: &Name, heading: &'static str| Column::new(name.as_str(), heading).named(heading);
                let columns = std::iter::once(named(&self.time, "time").time(self.times))
                    .chain(category.map(|category| named(category, "category")))
                    .chain([named(&self.value, "value")]);
                let names = export::distinct([Some(&self.time), category, Some(&self.value)].into_iter().flatten());
                let range = Some(self.window(view).range);
                let time = Some(self.times.column(self.time.clone()));
                Some(Export::rows(&self.of_rows(view), time, range, names, columns.collect()))
            }
        }
    }

    fn picture(&self, frames: &[Arc<Frame>], view: &View) -> Option<Svg> {
        Some(self.file(frames, view))
    }

    fn data(&self, frames: &[Arc<Frame>], view: &View) -> Option<Data> {
        Some(Data::Cells(self.cells(frames.first()?, view)))
    }
}
