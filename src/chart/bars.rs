//! Bars: a length for each category or stretch of time, beside or upon each other, upright or lying.

use std::fmt::Write;

use super::escape::{Esc, cut, percent};
use super::time_axis;
use super::value_axis::{Fit, ValueAxis};
use super::{Color, Drawn, LineStats, Svg};
use crate::domain::{TimeRange, Unit};
use chrono_tz::Tz;

/// Bars, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Bars {
    /// Unique on its page.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// More about it, for those who cannot see it.
    pub description: Option<String>,
    /// The places, in order: categories or stretches of time.
    pub places: Vec<Place>,
    /// The series: one bar or part of a bar in each place.
    pub series: Vec<Series>,
    /// The time shown, where places are stretches of it: the axis then has human times.
    pub time: Option<(TimeRange, Tz)>,
    /// The time that counts, told in a file.
    pub shown: Option<(TimeRange, Tz)>,
    /// Whether series stand upon each other.
    pub stacked: bool,
    /// Whether bars lie, each with its name before it.
    pub horizontal: bool,
    /// The unit of all values.
    pub unit: Unit,
    /// Decimals as the author asked.
    pub decimals: Option<u8>,
    /// What the value axis counts.
    pub y_label: Option<String>,
}

/// Where a bar stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name.
    pub label: String,
    /// Its stretch as shares of the axis, 0 to 1.
    pub from: f64,
    /// Its end.
    pub to: f64,
}

/// One value for each place.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name.
    pub label: String,
    /// The author's colour.
    pub color: Option<Color>,
    /// Its values, one a place; `None` draws nothing.
    pub values: Vec<Option<f64>>,
}

impl Bars {
    /// Draws them. The same bars are the same bytes.
    pub fn draw(&self) -> Drawn {
        let axis = self.axis();
        let mut out = String::with_capacity(4096);
        if self.horizontal {
            self.lying(&axis, &mut out)
        } else {
            self.upright(&axis, &mut out)
        }
        Drawn { svg: Svg(out), summary: self.summary(&axis), stats: self.stats() }
    }

    fn finite(&self) -> impl Iterator<Item = f64> {
        self.series.iter().flat_map(|series| &series.values).flatten().copied().filter(|value| value.is_finite())
    }

    pub(super) fn axis(&self) -> ValueAxis {
        let extent = match self.stacked {
            false => {
                self.finite().fold(None, |ends: Option<(f64, f64)>, v| Some(ends.map_or((v, v), |(a, b)| (a.min(v), b.max(v)))))
            }
            true => (0..self.places.len()).fold(None, |ends, place| {
                let values = self.series.iter().filter_map(|series| series.values.get(place).copied().flatten());
                let (below, above) = values
                    .filter(|v| v.is_finite())
                    .fold((0.0, 0.0), |(b, a): (f64, f64), v| if v < 0.0 { (b + v, a) } else { (b, a + v) });
                Some(ends.map_or((below, above), |(lo, hi): (f64, f64)| (lo.min(below), hi.max(above))))
            }),
        };
        ValueAxis::new(&Fit {
            extent,
            whole: self.finite().all(|value| value.fract() == 0.0),
            limits: &[],
            fixed: (None, None),
            from_zero: true,
            unit: &self.unit,
            decimals: self.decimals,
        })
    }

    /// Every part of every bar: place, series, and its two ends as shares of the value axis.
    pub(super) fn parts(&self, axis: &ValueAxis) -> Vec<(usize, usize, f64, f64)> {
        let mut parts = Vec::new();
        for place in 0..self.places.len() {
            let (mut above, mut below) = (0.0, 0.0);
            for (index, series) in self.series.iter().enumerate() {
                let Some(value) = series.values.get(place).copied().flatten().filter(|value| value.is_finite()) else { continue };
                let start = match (self.stacked, value < 0.0) {
                    (false, _) => axis.base(),
                    (true, true) => below,
                    (true, false) => above,
                };
                let end = if self.stacked { start + value } else { value };
                if value < 0.0 {
                    below = end
                } else {
                    above = end
                }
                let (a, b) = (axis.share(start).clamp(0.0, 1.0), axis.share(end).clamp(0.0, 1.0));
                parts.push((place, index, a.min(b), a.max(b)));
            }
        }
        parts
    }

    /// Where a part stands across its place: a little air, and the series side by side unless they are stacked.
    pub(super) fn across(&self, place: &Place, series: usize) -> (f64, f64) {
        let width = place.to - place.from;
        let (from, width) = (place.from + width * 0.11, width * 0.78);
        let lanes = if self.stacked { 1 } else { self.series.len().max(1) };
        let lane = if self.stacked { 0 } else { series };
        (from + width * lane as f64 / lanes as f64, width / lanes as f64)
    }

    fn class(&self, series: usize) -> String {
        match self.series[series].color {
            Some(color) => format!(" fill=\"{color}\""),
            None => format!(" class=\"s{}\"", series % 8 + 1),
        }
    }

    pub(super) fn words(&self, axis: &ValueAxis, place: usize, series: usize) -> String {
        let value = self.series[series].values.get(place).copied().flatten().unwrap_or_default();
        let value = axis.scale.format(value, Some(axis.decimals));
        match self.series.len() {
            1 => format!("{}: {value}", self.places[place].label),
            _ => format!("{}, {}: {value}", self.places[place].label, self.series[series].label),
        }
    }

    fn begin(&self, class: &str, out: &mut String) {
        let id = self.id();
        let _ = write!(out, "<div class=\"chart bars{class}\" id=\"{id}\">");
        if let Some(label) = self.y_label.as_deref().filter(|label| !label.is_empty()) {
            let _ = write!(out, "<p class=\"of\">{}</p>", Esc(label));
        }
    }

    fn id(&self) -> String {
        self.id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
    }

    fn head(&self, axis: &ValueAxis, out: &mut String) {
        let id = self.id();
        let _ = write!(
            out,
            "<svg class=\"plot\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}",
            Esc(&self.title),
            Esc(&self.summary(axis))
        );
        if let Some(description) = &self.description {
            let _ = write!(out, ". {}", Esc(description));
        }
        out.push_str("</desc>");
    }

    fn upright(&self, axis: &ValueAxis, out: &mut String) {
        let y_chars = axis.ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(2).clamp(2, 14);
        self.begin(&format!(" y{y_chars}"), out);
        out.push_str("<div class=\"area\"><svg class=\"y\" aria-hidden=\"true\">");
        for (value, text) in &axis.ticks {
            let _ = write!(out, "<text x=\"100%\" y=\"{}\">{}</text>", percent(1.0 - axis.share(*value)), Esc(text));
        }
        out.push_str("</svg>");
        self.head(axis, out);
        for (value, _) in &axis.ticks {
            let class = if *value == axis.base() { " class=\"base\"" } else { "" };
            let y = percent(1.0 - axis.share(*value));
            let _ = write!(out, "<line{class} x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>");
        }
        out.push_str("<g class=\"b\">");
        for (place, series, low, high) in self.parts(axis) {
            let (x, width) = self.across(&self.places[place], series);
            let _ = write!(
                out,
                "<rect{} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>",
                self.class(series),
                percent(x),
                percent(1.0 - high),
                percent(width),
                percent(high - low),
                Esc(&self.words(axis, place, series))
            );
        }
        out.push_str("</g></svg>");
        self.below(out);
        out.push_str("</div>");
        self.legend(out);
        out.push_str("</div>");
    }

    fn below(&self, out: &mut String) {
        out.push_str("<svg class=\"x\" aria-hidden=\"true\">");
        if let Some((range, zone)) = self.time {
            for tick in &time_axis::ticks(range, zone) {
                let share = (tick.at - range.from()).num_milliseconds() as f64 / range.length().num_milliseconds().max(1) as f64;
                let class = tick.class();
                let _ = write!(out, "<text{class} x=\"{}\" y=\"75%\">{}</text>", percent(share), Esc(&tick.label));
            }
        } else {
            let most = (72 / self.places.len().max(1)).clamp(3, 24);
            let every = self.places.len().div_ceil(24).max(1);
            for place in self.places.iter().step_by(every) {
                let x = percent((place.from + place.to) / 2.0);
                let _ = write!(out, "<text x=\"{x}\" y=\"75%\">{}</text>", Esc(&cut(&place.label, most)));
            }
        }
        out.push_str("</svg>");
    }

    fn lying(&self, axis: &ValueAxis, out: &mut String) {
        let longest = self.places.iter().map(|place| place.label.chars().count()).max().unwrap_or(2).clamp(2, 14);
        self.begin(&format!(" lying y{longest}"), out);
        out.push_str("<div class=\"area\"><svg class=\"y\" aria-hidden=\"true\">");
        for place in &self.places {
            let y = percent((place.from + place.to) / 2.0);
            let _ = write!(out, "<text x=\"100%\" y=\"{y}\">{}</text>", Esc(&cut(&place.label, 16)));
        }
        out.push_str("</svg>");
        self.head(axis, out);
        for (value, _) in &axis.ticks {
            let class = if *value == axis.base() { " class=\"base\"" } else { "" };
            let x = percent(axis.share(*value));
            let _ = write!(out, "<line{class} y2=\"100%\" x1=\"{x}\" x2=\"{x}\"/>");
        }
        out.push_str("<g class=\"b\">");
        for (place, series, low, high) in self.parts(axis) {
            let (y, height) = self.across(&self.places[place], series);
            let _ = write!(
                out,
                "<rect{} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>",
                self.class(series),
                percent(low),
                percent(y),
                percent(high - low),
                percent(height),
                Esc(&self.words(axis, place, series))
            );
        }
        out.push_str("</g></svg><svg class=\"x\" aria-hidden=\"true\">");
        for (value, text) in &axis.ticks {
            let _ = write!(out, "<text x=\"{}\" y=\"75%\">{}</text>", percent(axis.share(*value)), Esc(text));
        }
        out.push_str("</svg></div>");
        self.legend(out);
        out.push_str("</div>");
    }

    /// Names of the series; a single one is named by the title.
    fn legend(&self, out: &mut String) {
        if self.series.len() < 2 {
            return;
        }
        out.push_str("<ul class=\"keys\">");
        for (index, series) in self.series.iter().enumerate() {
            let _ = write!(
                out,
                "<li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect{} width=\"10\" height=\"10\" rx=\"2\"/></svg>{}</li>",
                self.class(index),
                Esc(&cut(&series.label, 40))
            );
        }
        out.push_str("</ul>");
    }

    fn stats(&self) -> Vec<LineStats> {
        let of = |series: &Series| {
            let known: Vec<f64> = series.values.iter().flatten().copied().filter(|value| value.is_finite()).collect();
            LineStats {
                label: series.label.clone(),
                count: known.len(),
                last: known.last().copied(),
                min: known.iter().copied().reduce(f64::min),
                max: known.iter().copied().reduce(f64::max),
                max_at: None,
                mean: (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64).filter(|mean| mean.is_finite()),
            }
        };
        self.series.iter().map(of).collect()
    }

    /// The chart in one sentence: how many bars, and the longest.
    pub(super) fn summary(&self, axis: &ValueAxis) -> String {
        let longest = self.series.iter().enumerate().flat_map(|(index, series)| {
            series
                .values
                .iter()
                .enumerate()
                .filter_map(move |(place, value)| Some((value.filter(|v| v.is_finite())?, place, index)))
        });
        let longest = longest.reduce(|a, b| if b.0 > a.0 { b } else { a });
        let bars = match self.places.len() {
            1 => "1 bar".to_owned(),
            n => format!("{n} bars"),
        };
        match longest {
            Some((_, place, series)) => format!("{}, {bars}, highest {}", self.title, self.words(axis, place, series)),
            None => format!("{}, no values", self.title),
        }
    }
}
