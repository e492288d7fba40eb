//! Lines over time.

mod draw;
mod sample;
mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::TimeDelta;

pub(super) use sample::sample;
pub(super) use spec::Spec;
use spec::{Display, GapsWord};

use super::draft::{Draft, Times};
use super::export::Column;
use super::spec::RangeMode;
use super::{Common, Data, Drawing, Export, LineData, Panel, View};
use crate::chart::{Color, Gaps, Line, Svg, Threshold};
use crate::domain::Unit;
use crate::frame::Frame;
use crate::query::{Aggregate, Bound, Chosen, Name, Query, Set, Source, Window};

/// Columns and rows it takes when its dashboard does not say.
pub(super) const SIZE: (u16, u16) = (8, 2);
/// Series that can be told apart by hand.
const SERIES: u32 = 200;

/// Lines over time, checked.
#[derive(Debug)]
struct TimeSeries {
    common: Common,
    source: Source,
    times: Times,
    time: Name,
    value: Name,
    label: Option<Name>,
    aggregate: Aggregate,
    look: Look,
}

/// How it is drawn.
#[derive(Debug)]
struct Look {
    y_label: Option<String>,
    y_range: (Option<f64>, Option<f64>),
    line_color: Option<Color>,
    series_colors: Vec<(String, Color)>,
    fill: bool,
    unit: Unit,
    decimals: Option<u8>,
    gaps: Gaps,
    thresholds: Vec<Threshold>,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    let written = &spec.data_source;
    let source = draft.source(written, spec.query.as_ref());
    let times = draft.times(written.timezone.as_deref(), written.time_format);
    let time = draft.name("panel.data_source.columns.timestamp", &written.columns.timestamp);
    let value = draft.name("panel.data_source.columns.value", &written.columns.value);
    let label = draft.optional_name("panel.data_source.columns.series_label", written.columns.series_label.as_deref());
    if spec.range == Some(RangeMode::Ignore) {
        draft.fault("panel.range", "a time series always follows the page's range");
    }
    let look = look(&spec.display, draft);
    let aggregate = spec.aggregate.map(Into::into).unwrap_or_default();
    let panel = TimeSeries { common, source: source?, times, time: time?, value: value?, label: label?, aggregate, look };
    Some(Arc::new(panel))
}

fn look(display: &Display, draft: &mut Draft<'_>) -> Look {
    let y_range = display.y_axis_range.unwrap_or_default();
    if let (Some(low), Some(high)) = y_range
        && low >= high
    {
        draft.fault("panel.display.y_axis_range", format!("the first end, {low}, must be below the second, {high}"));
    }
    let colors = display.series_colors.iter().flat_map(|colors| &colors.0);
    let series_colors = colors.filter_map(|(label, color)| {
        let color = draft.color(&format!("panel.display.series_colors.{label}"), Some(color))?;
        Some((label.clone(), color))
    });
    let series_colors = series_colors.collect();
    let thresholds = display.thresholds.iter().enumerate().map(|(i, limit)| Threshold {
        value: limit.value,
        label: limit.label.clone(),
        color: draft.color(&format!("panel.display.thresholds[{i}].color"), limit.color.as_deref()),
    });
    let thresholds = thresholds.collect();
    Look {
        y_label: display.y_axis_label.clone(),
        y_range,
        line_color: draft.color("panel.display.line_color", display.line_color.as_deref()),
        series_colors,
        fill: display.fill_area,
        unit: display.unit.as_deref().map(Unit::parse).unwrap_or_default(),
        decimals: draft.decimals("panel.display.decimals", display.decimals),
        gaps: match display.gaps {
            None | Some(GapsWord::Break) => Gaps::Break,
            Some(GapsWord::Connect) => Gaps::Connect,
            Some(GapsWord::Interpolate) => Gaps::Interpolate,
        },
        thresholds,
    }
}

impl TimeSeries {
    fn window(&self, view: &View) -> Window {
        Window::new(view.range, view.spec.is_relative(), view.refresh, view.zone, view.aggregate)
    }

    /// The readings of the series that are asked for alone, else of all.
    fn of_series(&self, view: &View) -> Source {
        let mut source = self.source.clone();
        let wanted: Vec<String> = view.all("series").filter(|label| !label.is_empty()).map(str::to_owned).collect();
        if let (Some(label), false) = (&self.label, wanted.is_empty()) {
            source.filters.push(Bound { filter: None, column: label.clone(), chosen: Some(Chosen::OneOf(wanted)) });
        }
        source
    }

    /// The width of a bucket, or none for readings as they are.
    fn step(&self, view: &View) -> Option<TimeDelta> {
        self.window(view).bucket.map(|bucket| bucket.width)
    }
}

impl Panel for TimeSeries {
    fn common(&self) -> &Common {
        &self.common
    }

    fn follows_range(&self) -> bool {
        true
    }

    fn queries(&self, view: &View) -> Vec<Query> {
        vec![Query::Series {
            source: self.of_series(view),
            time: self.times.column(self.time.clone()),
            value: self.value.clone(),
            label: self.label.clone(),
            aggregate: self.aggregate,
            window: self.window(view),
        }]
    }

    /// The labels there are within the range.
    fn series(&self, view: &View) -> Option<Query> {
        let within = Some((self.times.column(self.time.clone()), self.window(view).range));
        Some(Query::Distinct { source: self.source.clone(), column: self.label.clone()?, within, limit: SERIES })
    }

    fn draw(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        self.drawing(frames, view)
    }

    fn data(&self, frames: &[Arc<Frame>], view: &View) -> Option<Data> {
        let frame = frames.first()?;
        let points = |line: Line| line.points.into_iter().map(|point| (point.at, point.value.filter(|value| value.is_finite())));
        let lines = self.lines(frame).into_iter().map(|line| (line.label.clone(), points(line).collect()));
        Some(Data::Lines(LineData { bucket: self.step(view), lines: lines.collect(), truncated: frame.truncated }))
    }

    /// A row for each reading, or for each bucket: line by line, as they are drawn.
    fn export(&self, view: &View) -> Option<Export> {
        let query = self.queries(view).pop()?;
        let time = Some(self.times.column(self.time.clone()));
        let range = Some(self.window(view).range);
        let set = Set { source: self.of_series(view), time, range, search: None, filters: Vec::new() };
        let count = self.step(view).is_none().then_some(Query::Count { set });
        let series = self.label.as_ref().map(|_| Column::new("label", "series").named("series"));
        let columns =
            std::iter::once(Column::new("time", "time").time(self.times)).chain(series).chain([Column::new("value", "value")]);
        Some(Export::new(query, count, columns.collect()))
    }

    fn picture(&self, frames: &[Arc<Frame>], view: &View) -> Option<Svg> {
        let lines = frames.first().map(|frame| self.lines(frame)).unwrap_or_default();
        Some(self.chart(lines, view).file())
    }
}
