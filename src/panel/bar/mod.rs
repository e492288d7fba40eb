//! Bars: one for each category, or for each stretch of time.

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
use crate::chart::{Color, Svg};
use crate::domain::{TimeRange, Unit};
use crate::frame::Frame;
use crate::query::{Aggregate, Name, Query, Source, Window};

/// Columns and rows it takes when its dashboard does not say.
pub(super) const SIZE: (u16, u16) = (6, 2);

/// What each bar stands for.
#[derive(Debug)]
enum Axis {
    /// A category, within the range where there is a time column that follows it.
    Categories(Name, Option<Name>),
    /// A stretch of time.
    Time(Name),
}

/// Bars, checked.
#[derive(Debug)]
struct Bar {
    common: Common,
    source: Source,
    times: Times,
    axis: Axis,
    value: Name,
    label: Option<Name>,
    aggregate: Aggregate,
    look: Look,
}

/// How they are drawn.
#[derive(Debug)]
struct Look {
    stacked: bool,
    horizontal: bool,
    most: usize,
    y_label: Option<String>,
    first: Option<Color>,
    colors: Vec<(String, Color)>,
    unit: Unit,
    decimals: Option<u8>,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    let written = &spec.data_source;
    let columns = &written.columns;
    let source = draft.source(written, spec.query.as_ref());
    let times = draft.times(written.timezone.as_deref(), written.time_format);
    let category = draft.optional_name("panel.data_source.columns.category", columns.category.as_deref());
    let time = draft.optional_name("panel.data_source.columns.timestamp", columns.timestamp.as_deref());
    let value = draft.name("panel.data_source.columns.value", &columns.value);
    let label = draft.optional_name("panel.data_source.columns.series_label", columns.series_label.as_deref());
    let aggregate = spec.aggregate.map_or(Aggregate::Sum, Into::into);
    let look = look(&spec, draft);
    let follows = spec.range != Some(RangeMode::Ignore);
    let axis = match (category?, time?) {
        (Some(category), time) => {
            if aggregate == Aggregate::Last {
                draft.fault("panel.aggregate", "a bar of a category is a sum, avg, min, max or count");
            }
            if time.is_none() && spec.range == Some(RangeMode::Follow) {
                draft.fault("panel.range", "this needs a time column: name it in data_source.columns.timestamp");
            }
            Axis::Categories(category, time.filter(|_| follows))
        }
        (None, Some(time)) => {
            if !follows {
                draft.fault("panel.range", "bars over time always follow the page's range");
            }
            Axis::Time(time)
        }
        (None, None) => {
            draft.fault("panel.data_source.columns", "name a category or a timestamp: what does a bar stand for?");
            return None;
        }
    };
    Some(Arc::new(Bar { common, source: source?, times, axis, value: value?, label: label?, aggregate, look }))
}

fn look(spec: &Spec, draft: &mut Draft<'_>) -> Look {
    let display = &spec.display;
    let colors = display.series_colors.iter().flat_map(|colors| &colors.0);
    let colors = colors.filter_map(|(label, color)| {
        let color = draft.color(&format!("panel.display.series_colors.{label}"), Some(color))?;
        Some((label.clone(), color))
    });
    let colors = colors.collect();
    if display.most.is_some_and(|most| !(1..=60).contains(&most)) {
        draft.fault("panel.display.most", "must be 1 to 60");
    }
    if display.horizontal && spec.data_source.columns.category.is_none() {
        draft.fault("panel.display.horizontal", "time runs from left to right; only categories can lie");
    }
    Look {
        stacked: display.stacked,
        horizontal: display.horizontal,
        most: display.most.unwrap_or(20).clamp(1, 60),
        y_label: display.y_axis_label.clone(),
        first: draft.color("panel.display.line_color", display.line_color.as_deref()),
        colors,
        unit: display.unit.as_deref().map(Unit::parse).unwrap_or_default(),
        decimals: draft.decimals("panel.display.decimals", display.decimals),
    }
}

/// About how many bars fit.
const FIT: i64 = 60;

impl Bar {
    fn window(&self, view: &View) -> Window {
        stretch::window(view, FIT)
    }

    /// The range on its grid.
    fn range(&self, view: &View) -> TimeRange {
        Window::new(view.range, view.spec.is_relative(), view.refresh, view.zone, false).range
    }
}

impl Panel for Bar {
    fn common(&self) -> &Common {
        &self.common
    }

    fn follows_range(&self) -> bool {
        !matches!(self.axis, Axis::Categories(_, None))
    }

    fn queries(&self, view: &View) -> Vec<Query> {
        vec![match &self.axis {
            Axis::Categories(category, time) => Query::Groups {
                source: self.source.clone(),
                keys: std::iter::once(category.clone()).chain(self.label.clone()).collect(),
                value: self.value.clone(),
                aggregate: self.aggregate,
                time: time.clone().map(|time| self.times.column(time)),
                range: time.as_ref().map(|_| self.range(view)),
            },
            Axis::Time(time) => Query::Series {
                source: self.source.clone(),
                time: self.times.column(time.clone()),
                value: self.value.clone(),
                label: self.label.clone(),
                aggregate: self.aggregate,
                window: self.window(view),
            },
        }]
    }

    fn draw(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        self.drawing(frames, view)
    }

    /// A row for each part of a bar, also of those that there is no room for; without aggregation, the rows behind them.
    fn export(&self, view: &View) -> Option<Export> {
        let series = self.label.as_ref().map(|_| Column::new("label", "series").named("series"));
        if view.aggregate {
            let first = match &self.axis {
                Axis::Categories(..) => Column::new("key", "category").named("category"),
                Axis::Time(_) => Column::new("time", "time").time(self.times),
            };
            let columns = std::iter::once(first).chain(series).chain([Column::new("value", "value")]);
            return Some(Export::new(self.queries(view).pop()?, None, columns.collect()));
        }
        let (category, time, range) = match &self.axis {
            Axis::Categories(category, time) => (Some(category), time.as_ref(), time.as_ref().map(|_| self.range(view))),
            Axis::Time(time) => (None, Some(time), Some(self.window(view).range)),
        };
        let named = [(time, "time"), (category, "category"), (self.label.as_ref(), "series"), (Some(&self.value), "value")];
        let column = |(name, heading): &(Option<&Name>, &'static str)| {
            let column = Column::new((*name)?.as_str(), heading).named(heading);
            Some(if *heading == "time" { column.time(self.times) } else { column })
        };
        let columns = named.iter().filter_map(column).collect();
        let names = export::distinct(named.iter().filter_map(|(name, _)| *name));
        Some(Export::rows(&self.source, time.cloned().map(|time| self.times.column(time)), range, names, columns))
    }

    fn picture(&self, frames: &[Arc<Frame>], view: &View) -> Option<Svg> {
        Some(self.file(frames, view))
    }

    fn data(&self, frames: &[Arc<Frame>], view: &View) -> Option<Data> {
        Some(Data::Bars(self.bar_data(frames.first()?, view)))
    }
}
