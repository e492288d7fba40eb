//! The bars drawn, or their numbers as a table.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Axis, Bar};
use crate::chart::{Bars, Place, Series, Svg};
use crate::frame::Frame;
use crate::panel::link::{self, Link};
use crate::panel::{BarData, Drawing, Html, View, cells, data, drawing, words};

#[derive(askama::Template)]
#[template(path = "bar/view.html")]
struct Body {
    chart: Svg,
    data: Link,
}

#[derive(askama::Template)]
#[template(path = "bar/table.html")]
struct Numbers<'a> {
    title: &'a str,
    what: &'a str,
    labels: Vec<&'a str>,
    rows: Vec<(String, Vec<Option<String>>)>,
    chart: Link,
}

impl Bar {
    pub(super) fn drawing(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        let range = match &self.axis {
            Axis::Time(_) => Some(self.window(view).range),
            Axis::Categories(_, Some(_)) => Some(self.range(view)),
            Axis::Categories(_, None) => None,
        };
        let Some(frame) = frames.first().filter(|frame| !frame.is_empty()) else {
            return drawing::empty(&self.common, range, view);
        };
        let mut notices = drawing::cut_notice(frame);
        let bars = match &self.axis {
            Axis::Time(_) => self.over_time(frame, view),
            Axis::Categories(..) => self.by_category(frame, view, &mut notices),
        };
        let drawn = bars.draw();
        let note = match &self.axis {
            Axis::Time(_) => self.window(view).bucket.map(|bucket| format!("per {}", words::width(bucket.width))),
            Axis::Categories(..) => None,
        };
        let (body, summary) = match view.param("view") == Some("table") {
            true => (self.table(&bars, view), format!("{}, as a table", self.common.title)),
            false => (Html::of(&Body { chart: drawn.svg, data: link::to(view, &[("view", Some("table"))]) }), drawn.summary),
        };
        Drawing { body, note, notices, summary, ..Drawing::default() }
    }

    fn bars(&self, view: &View) -> Bars {
        Bars {
            id: view.key.to_string(),
            title: self.common.title.clone(),
            description: self.common.description.clone(),
            places: Vec::new(),
            series: Vec::new(),
            time: None,
            stacked: self.look.stacked,
            horizontal: self.look.horizontal,
            unit: self.look.unit.clone(),
            decimals: self.look.decimals,
            y_label: self.look.y_label.clone(),
        }
    }

    /// The series of that name, made where there is none yet.
    fn series<'a>(&self, series: &'a mut Vec<Series>, label: &str, places: usize) -> &'a mut Series {
        let index = series.iter().position(|known| known.label == label).unwrap_or_else(|| {
            let own = self.look.colors.iter().find(|(name, _)| name == label).map(|(_, color)| *color);
            let color = own.or(self.look.first.filter(|_| series.is_empty()));
            series.push(Series { label: label.to_owned(), color, values: vec![None; places] });
            series.len() - 1
        });
        &mut series[index]
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
        let mut bars = self.bars(view);
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
            self.series(&mut bars.series, &label, count).values[place] = values.number(i);
        }
        bars
    }

    fn unnamed(&self, labelled: bool) -> String {
        if labelled { "no name".to_owned() } else { self.common.title.clone() }
    }

    fn over_time(&self, frame: &Frame, view: &View) -> Bars {
        let mut bars = self.bars(view);
        let window = self.window(view);
        let (times, values, labels) = (frame.column("time"), frame.column("value"), frame.column("label"));
        let (Some(times), Some(values), Some(bucket)) = (times, values, window.bucket) else { return bars };
        let share = |at: chrono::DateTime<chrono::Utc>| {
            (at - window.range.from()).num_milliseconds() as f64 / window.range.length().num_milliseconds().max(1) as f64
        };
        let mut starts = Vec::new();
        let mut at = window.range.from();
        while at < window.range.to() && starts.len() < 2_000 {
            starts.push(at);
            let next = bucket.edge(at + chrono::TimeDelta::seconds(1), true).filter(|next| *next > at);
            let Some(next) = next else { break };
            bars.places.push(Place { label: words::moment(at, view), from: share(at), to: share(next) });
            at = next;
        }
        let count = bars.places.len();
        for i in 0..frame.rows() {
            let Some(at) = cells::instant(times, i, self.times) else { continue };
            let Some(place) = starts.partition_point(|start| *start <= at).checked_sub(1).filter(|place| *place < count) else {
                continue;
            };
            let label =
                labels.and_then(|labels| labels.text(i)).map_or_else(|| self.unnamed(labels.is_some()), |l| l.into_owned());
            self.series(&mut bars.series, &label, count).values[place] = values.number(i);
        }
        bars.time = Some((window.range, view.zone));
        bars
    }

    /// Every bar there is, also those that do not fit a drawing.
    pub(super) fn bar_data(&self, frame: &Frame, view: &View) -> BarData {
        let (key, times, bucket) = match &self.axis {
            Axis::Time(_) => ("time", Some(self.times), self.window(view).bucket.map(|bucket| bucket.width)),
            Axis::Categories(..) => ("key", None, None),
        };
        let mut series: Vec<(String, Vec<(serde_json::Value, Option<f64>)>)> = Vec::new();
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

    fn table(&self, bars: &Bars, view: &View) -> Html {
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
            chart: link::to(view, &[("view", None)]),
        })
    }
}
