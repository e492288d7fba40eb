//! The bars drawn, or their numbers as a table.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Axis, Bar};
use crate::chart::{Bars, Place, Series, Svg};
use crate::domain::TimeRange;
use crate::frame::Frame;
use crate::panel::data::Lengths;
use crate::panel::stretch::Stretches;
use crate::panel::{BarData, Drawing, Html, View, cells, data, drawing, turn, words};

#[derive(askama::Template)]
#[template(path = "bar/table.html")]
struct Numbers<'a> {
    title: &'a str,
    what: &'a str,
    labels: Vec<&'a str>,
    rows: Vec<(String, Vec<Option<String>>)>,
}

/// Parts of a bar that can be told apart.
const PARTS: usize = 50;

fn too_many(all: bool, notices: &mut Vec<String>) {
    if !all {
        notices.push(format!("There are more than {PARTS} series; the first {PARTS} are drawn."));
    }
}

impl Bar {
    pub(super) fn drawing(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        let Some(frame) = frames.first().filter(|frame| !frame.is_empty()) else {
            return drawing::empty(&self.common, self.shown(view), view);
        };
        let mut notices = drawing::cut_notice(frame);
        let as_table = turn::as_table(view, &mut notices);
        let bars = self.made(Some(frame), view, &mut notices);
        let note = match &self.axis {
            Axis::Time(_) => self.window(view).bucket.map(|bucket| format!("per {}", words::width(bucket.width))),
            Axis::Categories(..) => None,
        };
        let (body, summary) = match as_table {
            true => (self.table(&bars), format!("{}, as a table", self.common.title)),
            false => {
                let drawn = bars.draw();
                (Html::from(drawn.svg), drawn.summary)
            }
        };
        let turn = turn::link(&self.common.title, as_table, view);
        Drawing { body, note, turn, notices, summary, ..Drawing::default() }
    }

    /// The same as a file.
    pub(super) fn file(&self, frames: &[Arc<Frame>], view: &View) -> Svg {
        self.made(frames.first(), view, &mut Vec::new()).file()
    }

    /// The time that counts.
    fn shown(&self, view: &View) -> Option<TimeRange> {
        match &self.axis {
            Axis::Time(_) => Some(self.window(view).range),
            Axis::Categories(_, Some(_)) => Some(self.range(view)),
            Axis::Categories(_, None) => None,
        }
    }

    fn made(&self, frame: Option<&Arc<Frame>>, view: &View, notices: &mut Vec<String>) -> Bars {
        let Some(frame) = frame else { return self.bars(view) };
        match &self.axis {
            Axis::Time(_) => self.over_time(frame, view, notices),
            Axis::Categories(..) => self.by_category(frame, view, notices),
        }
    }

    fn bars(&self, view: &View) -> Bars {
        Bars {
            id: turn::id(view),
            title: self.common.title.clone(),
            description: self.common.description.clone(),
            places: Vec::new(),
            series: Vec::new(),
            time: None,
            shown: self.shown(view).map(|range| (range, view.zone)),
            stacked: self.look.stacked,
            horizontal: self.look.horizontal,
            unit: self.look.unit.clone(),
            decimals: self.look.decimals,
            y_label: self.look.y_label.clone(),
        }
    }

    /// Puts a value where it belongs; its series is made where there is none yet. False: there are too many.
    fn put(&self, bars: &mut Bars, label: &str, place: usize, value: Option<f64>) -> bool {
        let known = bars.series.iter().position(|known| known.label == label);
        let index = match known {
            Some(index) => index,
            None if bars.series.len() >= PARTS => return false,
            None => {
                let own = self.look.colors.iter().find(|(name, _)| name == label).map(|(_, color)| *color);
                let color = own.or(self.look.first.filter(|_| bars.series.is_empty()));
                bars.series.push(Series { label: label.to_owned(), color, values: vec![None; bars.places.len()] });
                bars.series.len() - 1
            }
        };
        bars.series[index].values[place] = value;
        true
    }

    fn by_category(&self, frame: &Frame, view: &View, notices: &mut Vec<String>) -> Bars {
        let (keys, values, labels) = (frame.column("key"), frame.column("value"), frame.column("label"));
        let (Some(keys), Some(values)) = (keys, values) else { return self.bars(view) };
        let name = |i| keys.text(i).map_or_else(|| "no name".to_owned(), |name| words::cut(&name, 80));
        let mut totals: Vec<(String, f64)> = Vec::new();
        for i in 0..frame.rows() {
            let (name, value) = (name(i), values.number(i).unwrap_or(0.0));
            match totals.last_mut().filter(|(last, _)| *last == name) {
                Some((_, total)) => *total += value,
                None => totals.push((name, value)),
            }
        }
        totals.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        if totals.len() > self.look.most {
            notices.push(format!("The {} largest of {} are shown.", self.look.most, totals.len()));
            totals.truncate(self.look.most);
        }
        let count = totals.len();
        let share = |n: usize| n as f64 / count.max(1) as f64;
        let (mut bars, mut all) = (self.bars(view), true);
        bars.places = totals
            .iter()
            .enumerate()
            .map(|(n, (label, _))| Place { label: label.clone(), from: share(n), to: share(n + 1) })
            .collect();
        for i in 0..frame.rows() {
            let name = name(i);
            let Some(place) = totals.iter().position(|(known, _)| *known == name) else { continue };
            let label =
                labels.and_then(|labels| labels.text(i)).map_or_else(|| self.unnamed(labels.is_some()), |l| l.into_owned());
            all &= self.put(&mut bars, &label, place, values.number(i));
        }
        too_many(all, notices);
        bars
    }

    fn unnamed(&self, labelled: bool) -> String {
        if labelled { "no name".to_owned() } else { self.common.title.clone() }
    }

    fn over_time(&self, frame: &Frame, view: &View, notices: &mut Vec<String>) -> Bars {
        let mut bars = self.bars(view);
        let window = self.window(view);
        let (times, values, labels) = (frame.column("time"), frame.column("value"), frame.column("label"));
        let (Some(times), Some(values)) = (times, values) else { return bars };
        let stretches = Stretches::of(&window);
        let place = |(start, (from, to)): (&_, &(f64, f64))| Place { label: words::moment(*start, view), from: *from, to: *to };
        bars.places = stretches.starts().iter().zip(&stretches.shares).map(place).collect();
        let mut all = true;
        for i in 0..frame.rows() {
            let Some(at) = cells::instant(times, i, self.times) else { continue };
            let Some(place) = stretches.place(at) else { continue };
            let label =
                labels.and_then(|labels| labels.text(i)).map_or_else(|| self.unnamed(labels.is_some()), |l| l.into_owned());
            all &= self.put(&mut bars, &label, place, values.number(i));
        }
        too_many(all, notices);
        bars.time = Some((window.range, view.zone));
        bars
    }

    /// Every bar there is, also those that do not fit a drawing.
    pub(super) fn bar_data(&self, frame: &Frame, view: &View) -> BarData {
        let (key, times, bucket) = match &self.axis {
            Axis::Time(_) => ("time", Some(self.times), self.window(view).bucket.map(|bucket| bucket.width)),
            Axis::Categories(..) => ("key", None, None),
        };
        let mut series: Vec<(String, Lengths)> = Vec::new();
        let (keys, values, labels) = (frame.column(key), frame.column("value"), frame.column("label"));
        if let (Some(keys), Some(values)) = (keys, values) {
            let mut known: HashMap<String, usize> = HashMap::new();
            for i in 0..frame.rows() {
                let label =
                    labels.and_then(|labels| labels.text(i)).map_or_else(|| self.unnamed(labels.is_some()), |l| l.into_owned());
                let index = *known.entry(label.clone()).or_insert_with(|| {
                    series.push((label, Vec::new()));
                    series.len() - 1
                });
                let value = values.number(i).filter(|value| value.is_finite());
                series[index].1.push((data::value(keys, i, times), value));
            }
        }
        BarData { bucket, series, truncated: frame.truncated }
    }

    fn table(&self, bars: &Bars) -> Html {
        let largest = bars.series.iter().flat_map(|series| &series.values).flatten().fold(0.0, |a: f64, b| a.max(b.abs()));
        let scale = self.look.unit.scale_for(largest);
        let written = |value: f64| scale.format(value, self.look.decimals).to_string();
        let row = |place: usize| {
            let values = bars.series.iter().map(|series| series.values.get(place).copied().flatten().map(written));
            (bars.places[place].label.clone(), values.collect())
        };
        Html::of(&Numbers {
            title: &self.common.title,
            what: if bars.time.is_some() { "From" } else { "Category" },
            labels: bars.series.iter().map(|series| series.label.as_str()).collect(),
            rows: (0..bars.places.len()).map(row).collect(),
        })
    }
}
