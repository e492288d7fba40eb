//! A chart, put together: axes and labels placed by percentage around a plot that stretches.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::escape::{Esc, LONGEST_LABEL, cut, percent};
use super::labels::spread;
use super::legend::Legend;
use super::limits::{self, Place};
use super::plot::{Canvas, Paths};
use super::runs::{COLUMNS, Cut, Runs, readings};
use super::style::Style;
use super::time_axis::{self, Tick};
use super::value_axis::{Fit, ValueAxis};
use super::{Chart, Drawn, LineStats, Svg, Threshold, stats};

/// The most lines one chart draws; more cannot be told apart.
const MOST_LINES: usize = 50;
/// The most lines that are named beside their ends.
const MOST_DIRECT: usize = 4;

/// Everything that is known before the first byte is written.
pub(super) struct Layout<'a> {
    pub chart: &'a Chart,
    id: String,
    pub axis: ValueAxis,
    width: u32,
    pub ticks: Vec<Tick>,
    paths: Vec<Paths>,
    pub styles: Vec<Style>,
    pub stats: Vec<LineStats>,
    pub summary: String,
    /// Where the names of the limits stand.
    names: Vec<Place>,
}

pub(super) fn draw(chart: &Chart) -> Drawn {
    let layout = Layout::of(chart);
    let mut out = String::with_capacity(4096 + layout.paths.iter().map(|p| p.line.len() + p.area.len() + 256).sum::<usize>());
    layout.write(&mut out);
    Drawn { svg: Svg(out), summary: layout.summary, stats: layout.stats }
}

impl Chart {
    /// Whether the last value is of a bucket that has not ended.
    fn filling(&self, readings: &[(DateTime<Utc>, Option<f64>)]) -> bool {
        let last = readings.iter().rev().find(|(_, value)| value.is_some());
        last.zip(self.step).is_some_and(|((at, _), step)| *at <= self.now && self.now - *at < step)
    }
}

impl<'a> Layout<'a> {
    pub fn of(chart: &'a Chart) -> Layout<'a> {
        let readings: Vec<_> = chart.lines.iter().map(|line| readings(&line.points, chart.range)).collect();
        let stats: Vec<_> = chart.lines.iter().zip(&readings).map(|(line, readings)| stats::of(&line.label, readings)).collect();
        let drawn = chart.lines.len().min(MOST_LINES);
        let limits: Vec<f64> = chart.thresholds.iter().map(|limit| limit.value).collect();
        let axis = ValueAxis::new(&Fit {
            extent: stats::extent(&stats[..drawn]),
            whole: readings.iter().flatten().all(|(_, value)| value.is_none_or(|v| v.fract() == 0.0)),
            limits: &limits,
            fixed: chart.y_range,
            from_zero: chart.fill,
            unit: &chart.unit,
            decimals: chart.decimals,
        });
        let width = time_axis::units(chart.range, chart.step);
        let cut = Cut { range: chart.range, step: chart.step, gaps: chart.gaps, units: width, columns: COLUMNS };
        let runs: Vec<_> =
            readings[..drawn].iter().map(|readings| Runs { open: chart.filling(readings), ..cut.runs(readings) }).collect();
        let canvas = Canvas { width, height: axis.units, lo: axis.lo, hi: axis.hi, base: chart.fill.then(|| axis.base()) };
        let named: Vec<_> =
            chart.thresholds.iter().map(|limit| (axis.share(limit.value), limit_name(limit, &axis).chars().count())).collect();
        let names = limits::places(&named, &runs, |(x, value)| (x / f64::from(width), axis.share(value)));
        let summary = stats::summary(chart, &stats, &axis.scale, axis.decimals);
        Layout {
            id: chart.id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect(),
            ticks: time_axis::ticks(chart.range, chart.zone),
            paths: canvas.draw(&runs),
            styles: chart.lines[..drawn].iter().enumerate().map(|(index, line)| Style::of(index, line.color)).collect(),
            chart,
            axis,
            width,
            stats,
            summary,
            names,
        }
    }

    pub fn direct(&self) -> bool {
        self.chart.lines.len() <= MOST_DIRECT
    }

    /// Whether names stand beside the plot: a single line is named by the title, unless it has a name of its own that differs.
    pub fn named(&self) -> bool {
        self.direct()
            && (self.chart.lines.len() > 1
                || self.chart.lines.first().is_some_and(|line| !line.label.is_empty() && line.label != self.chart.title))
    }

    fn write(&self, out: &mut String) {
        let y_chars = self.axis.ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(2).clamp(2, 14);
        let names = self.chart.lines.iter().map(|line| line.label.chars().count().min(LONGEST_LABEL)).max().unwrap_or(0);
        let ends = if self.named() { names.div_ceil(2) * 2 } else { 0 };
        let long = if ends > 12 { " long" } else { "" };
        let _ = write!(out, "<div class=\"chart y{y_chars} e{ends}{long}\" id=\"{}\"", self.id);
        self.data(out);
        out.push('>');
        let counts: Vec<&str> =
            self.chart.y_label.as_deref().into_iter().chain(self.axis.long_unit()).filter(|text| !text.is_empty()).collect();
        if !counts.is_empty() {
            let _ = write!(out, "<p class=\"of\">{}</p>", Esc(&counts.join(", ")));
        }
        out.push_str("<div class=\"area\">");
        self.value_labels(out);
        self.plot(out);
        self.end_labels(out);
        self.time_labels(out);
        out.push_str("</div>");
        let lines: Vec<_> = self.stats.iter().zip(self.styles.iter().copied()).collect();
        if !lines.is_empty() {
            let legend = Legend {
                title: &self.chart.title,
                lines: &lines,
                of: self.stats.len(),
                scale: &self.axis.scale,
                decimals: self.axis.decimals,
            };
            legend.write(self.direct(), out);
        }
        out.push_str("</div>");
    }

    /// What the script needs to read values and times back from the drawing.
    fn data(&self, out: &mut String) {
        let axis = &self.axis;
        let (from, to) = (self.chart.range.from().timestamp_millis(), self.chart.range.to().timestamp_millis());
        let _ = write!(
            out,
            " data-from=\"{from}\" data-to=\"{to}\" data-zone=\"{}\" data-min=\"{:e}\" data-max=\"{:e}\"",
            self.chart.zone, axis.lo, axis.hi
        );
        let _ = write!(out, " data-per=\"{:e}\" data-decimals=\"{}\"", axis.scale.divisor, axis.decimals);
        if let Some(step) = self.chart.step {
            let _ = write!(out, " data-step=\"{}\"", step.num_milliseconds());
        }
        if !axis.scale.unit.is_empty() {
            let _ = write!(out, " data-unit=\"{}\"", Esc(&axis.scale.unit));
        }
        if !axis.scale.prefix.is_empty() {
            let _ = write!(out, " data-prefix=\"{}\"", Esc(&axis.scale.prefix));
        }
    }

    fn value_labels(&self, out: &mut String) {
        out.push_str("<svg class=\"y\" aria-hidden=\"true\">");
        for (value, text) in &self.axis.ticks {
            let _ = write!(out, "<text x=\"100%\" y=\"{}\">{}</text>", self.height(*value), Esc(text));
        }
        out.push_str("</svg>");
    }

    fn plot(&self, out: &mut String) {
        let (id, chart) = (&self.id, self.chart);
        let _ = write!(
            out,
            "<svg class=\"plot\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}",
            Esc(&chart.title),
            Esc(&self.summary)
        );
        if let Some(description) = &chart.description {
            let _ = write!(out, ". {}", Esc(description));
        }
        for limit in &chart.thresholds {
            let _ = write!(out, ". {}", Esc(&self.limit_words(limit)));
        }
        out.push_str("</desc>");
        let base = self.axis.base();
        for (value, _) in &self.axis.ticks {
            let class = if *value == base { " class=\"base\"" } else { "" };
            let y = self.height(*value);
            let _ = write!(out, "<line{class} x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>");
        }
        self.now(out);
        self.lines(out);
        chart.thresholds.iter().zip(&self.names).for_each(|(limit, place)| self.limit(limit, *place, out));
        if self.stats.iter().all(|line| line.count == 0) {
            out.push_str("<text class=\"none\" x=\"50%\" y=\"50%\">No values in this range</text>");
        }
        out.push_str("</svg>");
    }

    fn lines(&self, out: &mut String) {
        let cut = if self.cut_off() { " cut" } else { "" };
        let _ = write!(
            out,
            "<svg class=\"lines{cut}\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\">",
            self.width, self.axis.units
        );
        for (paths, style) in self.paths.iter().zip(&self.styles) {
            let _ = write!(out, "<g class=\"l{}\"{}>", style.classes(), style.attributes());
            for (class, data) in [
                (" class=\"a\"", &paths.area),
                (" class=\"b\"", &paths.bridges),
                ("", &paths.line),
                (" class=\"n\"", &paths.open),
                (" class=\"o\"", &paths.dots),
            ] {
                if !data.is_empty() {
                    let _ = write!(out, "<path{class} d=\"{data}\"/>");
                }
            }
            out.push_str("</g>");
        }
        out.push_str("</svg>");
    }

    /// Whether the author's ends leave something out.
    pub fn cut_off(&self) -> bool {
        stats::extent(&self.stats[..self.styles.len()]).is_some_and(|(lo, hi)| lo < self.axis.lo || hi > self.axis.hi)
    }

    fn now(&self, out: &mut String) {
        // In steps too small to see: the same readings a moment later are the same drawing.
        let share = (self.share_of(self.chart.now) * 500.0).floor() / 500.0;
        if (0.0..0.995).contains(&share) {
            let x = percent(share);
            let _ = write!(
                out,
                "<line class=\"now\" x1=\"{x}\" x2=\"{x}\" y2=\"100%\"/><text class=\"now\" x=\"{x}\" y=\"-4\">now</text>"
            );
        }
    }

    fn limit(&self, limit: &Threshold, place: Place, out: &mut String) {
        if !(0.0..=1.0).contains(&self.axis.share(limit.value)) {
            return;
        }
        let y = self.height(limit.value);
        let color = limit.color.map_or(String::new(), |color| format!(" stroke=\"{color}\""));
        let class = if limit.color.is_some() { "limit own" } else { "limit" };
        let (at, x) = if place.left { ("limit left", "0") } else { ("limit", "100%") };
        let away = if place.below { "1.15em" } else { "-.35em" };
        let _ = write!(
            out,
            "<line class=\"{class}\"{color} x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/><text class=\"{at}\" x=\"{x}\" y=\"{y}\" dy=\"{away}\">{}</text>",
            Esc(&limit_name(limit, &self.axis))
        );
    }

    fn limit_words(&self, limit: &Threshold) -> String {
        let value = self.axis.exact(limit.value);
        match &limit.label {
            Some(label) => format!("Limit {label}: {value}"),
            None => format!("Limit {value}"),
        }
    }

    fn end_labels(&self, out: &mut String) {
        if !self.named() {
            return;
        }
        let ends: Vec<_> = self
            .stats
            .iter()
            .zip(&self.styles)
            .enumerate()
            .filter_map(|(index, (line, style))| Some((index, line, style, 1.0 - self.axis.share(line.last?).clamp(0.0, 1.0))))
            .collect();
        let places = spread(&ends.iter().map(|end| end.3).collect::<Vec<_>>());
        out.push_str("<svg class=\"end\" aria-hidden=\"true\">");
        for ((index, line, style, _), place) in ends.into_iter().zip(places) {
            let y = percent(place);
            let mut x = 8;
            if let Some(color) = style.color() {
                let _ = write!(out, "<line x1=\"8\" x2=\"18\" y1=\"{y}\" y2=\"{y}\" stroke=\"{color}\"/>");
                x = 23;
            }
            let _ = write!(
                out,
                "<text class=\"{}\" data-line=\"{index}\" x=\"{x}\" y=\"{y}\">{}</text>",
                style.text_class(),
                Esc(&cut(&line.label, LONGEST_LABEL))
            );
        }
        out.push_str("</svg>");
    }

    fn time_labels(&self, out: &mut String) {
        out.push_str("<svg class=\"x\" aria-hidden=\"true\">");
        for tick in &self.ticks {
            let share = self.share_of(tick.at);
            let class = tick.class();
            let _ = write!(out, "<text{class} x=\"{}\" y=\"75%\">{}</text>", percent(share), Esc(&tick.label));
        }
        out.push_str("</svg>");
    }

    /// Where a value is, from the top.
    fn height(&self, value: f64) -> String {
        percent(1.0 - self.axis.share(value))
    }

    /// Where a time is, from the left.
    pub fn share_of(&self, at: DateTime<Utc>) -> f64 {
        (at - self.chart.range.from()).num_milliseconds() as f64 / self.chart.range.length().num_milliseconds().max(1) as f64
    }
}

/// A limit without a name is called by its value.
fn limit_name(limit: &Threshold, axis: &ValueAxis) -> String {
    cut(&limit.label.clone().unwrap_or_else(|| axis.exact(limit.value)), 40).to_string()
}
