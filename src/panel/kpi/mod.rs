//! One number that matters: large, with its state, its change and its history.

mod draw;
mod sample;
mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::TimeDelta;

pub(super) use sample::sample;
pub(super) use spec::Spec;

use super::draft::{Draft, Times};
use super::export::Column;
use super::spec::RangeMode;
use super::status::Thresholds;
use super::{Common, Data, Drawing, Export, Panel, View};
use crate::chart::Svg;
use crate::domain::{TimeRange, Unit};
use crate::frame::Frame;
use crate::query::{Aggregate, Name, Query, Source, Window};

/// Columns and rows it takes when its dashboard does not say.
pub(super) const SIZE: (u16, u16) = (4, 1);

/// One number, checked.
#[derive(Debug)]
struct Kpi {
    common: Common,
    source: Source,
    times: Times,
    value: Name,
    time: Option<Name>,
    aggregate: Option<Aggregate>,
    follows: bool,
    trend: Option<Trend>,
    spark: bool,
    unit: Unit,
    /// The unit as written.
    unit_word: Option<String>,
    decimals: Option<u8>,
    thresholds: Thresholds,
}

/// What the number is compared with.
#[derive(Clone, Copy, Debug)]
struct Trend {
    /// How long ago; `None`: as long as the page's range.
    period: Option<TimeDelta>,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    let written = &spec.data_source;
    let source = draft.source(written, spec.query.as_ref());
    let times = draft.times(written.timezone.as_deref(), written.time_format);
    let value = draft.name("panel.data_source.columns.value", &written.columns.value);
    let time = draft.optional_name("panel.data_source.columns.timestamp", written.columns.timestamp.as_deref());
    let timed = written.columns.timestamp.is_some();
    if !timed {
        needs_time(&spec, draft);
    }
    let follows = timed && spec.range != Some(RangeMode::Ignore);
    let trend = spec.trend.as_ref().map(|trend| Trend { period: period(trend, draft) });
    if timed && !follows {
        match &trend {
            Some(_) if spec.aggregate.is_some() => {
                draft.fault("panel.trend", "a number over all time has no time before it; let it follow the range");
            }
            Some(Trend { period: None }) => {
                draft.fault("panel.trend", "with “range: ignore” say how long ago: period: 1d");
            }
            _ => {}
        }
    }
    let thresholds = Thresholds::build(&spec.display.thresholds, "panel.display.thresholds", draft);
    let decimals = draft.decimals("panel.display.decimals", spec.display.decimals);
    Some(Arc::new(Kpi {
        common,
        source: source?,
        times,
        value: value?,
        time: time?,
        aggregate: spec.aggregate.map(Into::into),
        follows,
        trend,
        spark: timed && spec.spark.unwrap_or(follows),
        unit: spec.display.unit.as_deref().map(Unit::parse).unwrap_or_default(),
        unit_word: spec.display.unit.filter(|text| !text.trim().is_empty()),
        decimals,
        thresholds,
    }))
}

/// What cannot be had without a time column.
fn needs_time(spec: &Spec, draft: &mut Draft<'_>) {
    let wants = [
        ("panel.trend", spec.trend.is_some()),
        ("panel.spark", spec.spark == Some(true)),
        ("panel.range", spec.range == Some(RangeMode::Follow)),
        ("panel.stale_after", spec.stale_after.is_some()),
    ];
    for (path, _) in wants.iter().filter(|(_, wanted)| *wanted) {
        draft.fault(path, "this needs a time column: name it in data_source.columns.timestamp");
    }
}

fn period(trend: &spec::Trend, draft: &mut Draft<'_>) -> Option<TimeDelta> {
    let text = trend.period.as_deref()?;
    draft.check("panel.trend.period", length(text))
}

/// `30m`, `6h`, `1d`, `1w`.
fn length(text: &str) -> Result<TimeDelta, String> {
    let fault = || format!("“{text}” is no length of time; write one like 30m, 6h, 1d or 1w");
    let unit = text.chars().last().ok_or_else(fault)?;
    let count: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| fault())?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(fault()),
    };
    // Ten years, so that no date is ever out of reach.
    let within = (1..=315_360_000 / seconds).contains(&count);
    if within { Ok(TimeDelta::seconds(count * seconds)) } else { Err(fault()) }
}

/// A range as it is asked for: the same for a while, so that the answer can be remembered.
fn on_grid(range: TimeRange, view: &View) -> TimeRange {
    Window::new(range, view.spec.is_relative(), view.refresh, view.zone, false).range
}

impl Kpi {
    /// The page's range, put on its grid.
    fn range(&self, view: &View) -> TimeRange {
        on_grid(view.range, view)
    }

    /// The earlier stretch that the trend looks at, and how long ago it was.
    fn earlier(&self, view: &View) -> Option<(TimeRange, TimeDelta)> {
        let trend = self.trend?;
        let period = trend.period.unwrap_or(view.range.length());
        let from = match self.follows {
            true => view.range.from() - period,
            // The newest row at that time, wherever the page's range is: look back as far again.
            false => view.range.to() - period - period,
        };
        // On its own grid: the length of a range like now/d until now changes all the time.
        TimeRange::new(from, view.range.to() - period).map(|range| (on_grid(range, view), period))
    }

    fn ask(&self, range: Option<TimeRange>) -> Query {
        Query::Value {
            source: self.source.clone(),
            value: self.value.clone(),
            time: self.time.clone().map(|column| self.times.column(column)),
            aggregate: self.aggregate,
            range,
        }
    }

    fn history(&self, view: &View) -> Option<Query> {
        let time = self.times.column(self.time.clone()?);
        self.spark.then(|| Query::Series {
            source: Source { order: Vec::new(), limit: None, ..self.source.clone() },
            time,
            value: self.value.clone(),
            label: None,
            aggregate: self.aggregate.unwrap_or_default(),
            window: self.window(view),
        })
    }

    fn window(&self, view: &View) -> Window {
        Window::new(view.range, view.spec.is_relative(), view.refresh, view.zone, true)
    }
}

impl Panel for Kpi {
    fn common(&self) -> &Common {
        &self.common
    }

    fn follows_range(&self) -> bool {
        self.follows
    }

    /// The number; then, where they are wanted, the earlier number and the history.
    fn queries(&self, view: &View) -> Vec<Query> {
        let number = self.ask(self.follows.then(|| self.range(view)));
        let earlier = self.earlier(view).map(|(range, _)| self.ask(Some(range)));
        std::iter::once(number).chain(earlier).chain(self.history(view)).collect()
    }

    fn draw(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        self.drawing(frames, view)
    }

    fn data(&self, frames: &[Arc<Frame>], view: &View) -> Option<Data> {
        Some(Data::Number(self.number_data(frames, view)))
    }

    /// The number; without aggregation, the rows that it stands for.
    fn export(&self, view: &View) -> Option<Export> {
        let range = self.follows.then(|| self.range(view));
        let time = self.time.clone().map(|column| self.times.column(column));
        if !view.aggregate {
            let shown = self.time.as_ref().map(|name| Column::new(name.as_str(), "time").named("time").time(self.times));
            let columns = shown.into_iter().chain([Column::new(self.value.as_str(), "value").named("value")]);
            let names = self.time.iter().chain([&self.value]).cloned().collect();
            return Some(Export::rows(&self.source, time, range, names, columns.collect()));
        }
        let shown = time.as_ref().map(|_| Column::new("time", "time").time(self.times));
        let columns = shown.into_iter().chain([Column::new("value", "value")]);
        Some(Export::new(self.ask(range), None, columns.collect()))
    }

    fn picture(&self, frames: &[Arc<Frame>], view: &View) -> Option<Svg> {
        Some(self.card(frames, view))
    }
}
