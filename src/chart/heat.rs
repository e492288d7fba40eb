//! A heatmap: time from left to right, a row for each category or range of values, each cell as strong as its value.

use std::fmt::Write;

use chrono_tz::Tz;

use super::escape::{Esc, cut, percent};
use super::shades::Shades;
use super::{Drawn, Place, Series, Svg, Threshold, time_axis};
use crate::domain::{TimeRange, Unit};

/// The width of the canvas, in its own units.
pub(super) const ACROSS: f64 = 10_000.0;
/// The height of a row, and how much of it is drawn.
pub(super) const ROW: usize = 100;
const CELL: usize = 92;
/// Row names that fit: in a grid, and large.
const NAMED: (usize, usize) = (14, 40);

/// A heatmap, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Heat {
    /// Unique on its page.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// More about it, for those who cannot see it.
    pub description: Option<String>,
    /// The stretches of time, in order.
    pub columns: Vec<Place>,
    /// The rows from the top, each with one value a column; no value, no cell.
    pub rows: Vec<Series>,
    /// The time shown.
    pub range: TimeRange,
    /// The zone in which times are written.
    pub zone: Tz,
    /// The unit of all values.
    pub unit: Unit,
    /// Decimals as the author asked.
    pub decimals: Option<u8>,
    /// Ends of the scale as the author fixed them.
    pub ends: (Option<f64>, Option<f64>),
    /// Where the author's own steps begin; none: round steps.
    pub thresholds: Vec<Threshold>,
    /// What the rows are, written above them.
    pub y_label: Option<String>,
    /// Whether there is room for many row names.
    pub tall: bool,
}

/// Cells of one step side by side: columns from and to (exclusive), and the step.
pub(super) type Run = (usize, usize, usize);

impl Heat {
    /// Draws it. The same heatmap is the same bytes.
    pub fn draw(&self) -> Drawn {
        let shades = self.shades();
        let mut out = String::with_capacity(4096 + self.rows.len() * self.columns.len() * 8);
        self.write(&shades, &mut out);
        Drawn { svg: Svg(out), summary: self.summary(&shades), stats: Vec::new() }
    }

    pub(super) fn shades(&self) -> Shades {
        let values = self.rows.iter().flat_map(|row| &row.values).flatten().copied().filter(|value| value.is_finite());
        Shades::of(values, self.ends, &self.thresholds, &self.unit, self.decimals)
    }

    /// A row's cells, neighbours of one step as one.
    pub(super) fn runs(row: &Series, shades: &Shades) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (column, value) in row.values.iter().enumerate() {
            let Some(step) = value.filter(|value| value.is_finite()).map(|value| shades.step(value)) else { continue };
            match runs.last_mut() {
                Some((_, to, last)) if *to == column && *last == step => *to = column + 1,
                _ => runs.push((column, column + 1, step)),
            }
        }
        runs
    }

    /// Whether a cell is missing somewhere.
    pub(super) fn has_gaps(&self) -> bool {
        self.rows.iter().any(|row| row.values.iter().any(|value| value.is_none_or(|value| !value.is_finite())))
    }

    fn write(&self, shades: &Shades, out: &mut String) {
        let id: String = self.id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
        let longest = self.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(2).clamp(2, 14);
        let _ = write!(out, "<div class=\"chart heat y{longest}\" id=\"{id}\"");
        self.data(shades, out);
        out.push('>');
        if let Some(label) = self.y_label.as_deref().filter(|label| !label.is_empty()) {
            let _ = write!(out, "<p class=\"of\">{}</p>", Esc(label));
        }
        out.push_str("<div class=\"area\"><svg class=\"y\" aria-hidden=\"true\">");
        let most = if self.tall { NAMED.1 } else { NAMED.0 };
        for (index, row) in self.rows.iter().enumerate().step_by(self.rows.len().div_ceil(most).max(1)) {
            let y = percent((index as f64 + 0.5) / self.rows.len() as f64);
            let _ = write!(out, "<text x=\"100%\" y=\"{y}\">{}</text>", Esc(&cut(&row.label, 14)));
        }
        let _ = write!(
            out,
            "</svg><svg class=\"plot\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}",
            Esc(&self.title),
            Esc(&self.summary(shades))
        );
        if let Some(description) = &self.description {
            let _ = write!(out, ". {}", Esc(description));
        }
        out.push_str("</desc>");
        self.cells(shades, out);
        if shades.steps.is_empty() {
            out.push_str("<text class=\"none\" x=\"50%\" y=\"50%\">No values in this range</text>");
        }
        out.push_str("</svg><svg class=\"x\" aria-hidden=\"true\">");
        for tick in &time_axis::ticks(self.range, self.zone) {
            let class = tick.class();
            let _ = write!(out, "<text{class} x=\"{}\" y=\"75%\">{}</text>", percent(self.share_of(tick.at)), Esc(&tick.label));
        }
        out.push_str("</svg></div>");
        self.legend(shades, out);
        out.push_str("</div>");
    }

    /// Where a time is, from the left.
    pub(super) fn share_of(&self, at: chrono::DateTime<chrono::Utc>) -> f64 {
        (at - self.range.from()).num_milliseconds() as f64 / self.range.length().num_milliseconds().max(1) as f64
    }

    /// What the script needs to read cells back.
    fn data(&self, shades: &Shades, out: &mut String) {
        let (from, to) = (self.range.from().timestamp_millis(), self.range.to().timestamp_millis());
        let edges: Vec<String> = self.columns.iter().map(|place| units(place.from).to_string()).collect();
        let _ =
            write!(out, " data-from=\"{from}\" data-to=\"{to}\" data-zone=\"{}\" data-edges=\"{}\"", self.zone, edges.join(" "));
        for (name, text) in [("unit", &shades.axis.scale.unit), ("prefix", &shades.axis.scale.prefix)] {
            if !text.is_empty() {
                let _ = write!(out, " data-{name}=\"{}\"", Esc(text));
            }
        }
    }

    fn cells(&self, shades: &Shades, out: &mut String) {
        let _ = write!(
            out,
            "<svg class=\"cells\" viewBox=\"0 0 {ACROSS} {}\" preserveAspectRatio=\"none\">",
            self.rows.len().max(1) * ROW
        );
        for (index, row) in self.rows.iter().enumerate() {
            let written = |value: &Option<f64>| {
                let value = value.filter(|value| value.is_finite());
                value.map_or("–".to_owned(), |value| shades.axis.scale.number(value, Some(shades.axis.decimals)))
            };
            let values: Vec<String> = row.values.iter().map(written).collect();
            let _ = write!(out, "<g data-name=\"{}\" data-v=\"{}\">", Esc(&row.label), Esc(&values.join(" ")));
            let runs = Heat::runs(row, shades);
            for (step, shade) in shades.steps.iter().enumerate() {
                let path = self.path(index, runs.iter().filter(|run| run.2 == step));
                if !path.is_empty() {
                    let _ = write!(out, "<path{} d=\"{path}\"/>", shade.paint());
                }
            }
            out.push_str("</g>");
        }
        out.push_str("</svg>");
    }

    /// Rectangles of one step in a row, as path data.
    pub(super) fn path<'a>(&self, row: usize, runs: impl Iterator<Item = &'a Run>) -> String {
        let mut path = String::new();
        for (from, to, _) in runs {
            let (left, right) = (units(self.columns[*from].from), units(self.columns[*to - 1].to));
            let width = (right - left).max(1);
            let _ = write!(path, "M{left} {}h{width}v{CELL}h-{width}z", row * ROW + (ROW - CELL) / 2);
        }
        path
    }

    fn legend(&self, shades: &Shades, out: &mut String) {
        if shades.steps.is_empty() {
            return;
        }
        out.push_str("<ul class=\"keys\">");
        for step in &shades.steps {
            let _ = write!(
                out,
                "<li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect{} width=\"10\" height=\"10\" rx=\"2\"/></svg>{}</li>",
                step.paint(),
                Esc(&cut(&step.words, 40))
            );
        }
        if self.has_gaps() {
            out.push_str("<li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"gap\" x=\".5\" y=\".5\" width=\"9\" height=\"9\" rx=\"2\"/></svg>no value</li>");
        }
        out.push_str("</ul>");
    }

    /// The heatmap in one sentence: how many rows, the highest cell and the lowest.
    pub(super) fn summary(&self, shades: &Shades) -> String {
        let cells = self.rows.iter().flat_map(|row| {
            row.values.iter().enumerate().filter_map(move |(column, value)| Some((value.filter(|v| v.is_finite())?, row, column)))
        });
        let mut highest: Option<(f64, &Series, usize)> = None;
        let mut lowest: Option<(f64, &Series, usize)> = None;
        for cell in cells {
            if highest.is_none_or(|highest| cell.0 > highest.0) {
                highest = Some(cell);
            }
            if lowest.is_none_or(|lowest| cell.0 < lowest.0) {
                lowest = Some(cell);
            }
        }
        let rows = match self.rows.len() {
            1 => "1 row".to_owned(),
            n => format!("{n} rows"),
        };
        let words = |(value, row, column): (f64, &Series, usize)| {
            let value = shades.axis.scale.format(value, Some(shades.axis.decimals));
            format!("{value} ({}, {})", row.label, self.columns[column].label)
        };
        match highest.zip(lowest) {
            Some((highest, lowest)) if highest.0 > lowest.0 => {
                format!("{}, {rows}, highest {}, lowest {}", self.title, words(highest), words(lowest))
            }
            Some((highest, _)) => format!("{}, {rows}, everywhere {}", self.title, words(highest)),
            None => format!("{}, no values", self.title),
        }
    }
}

/// A share of the width on the canvas.
fn units(share: f64) -> i64 {
    (share.clamp(0.0, 1.0) * ACROSS).round() as i64
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use chrono_tz::Tz;

    use super::Heat;
    use crate::chart::{Place, Series, Threshold};
    use crate::domain::{TimeRange, Unit};

    fn row(label: &str, values: &[Option<f64>]) -> Series {
        Series { label: label.into(), color: None, values: values.to_vec() }
    }

    fn heat(rows: Vec<Series>) -> Heat {
        let from: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
        let count = rows.first().map_or(0, |row| row.values.len());
        let place =
            |n: usize| Place { label: format!("hour {n}"), from: n as f64 / count as f64, to: (n + 1) as f64 / count as f64 };
        Heat {
            id: "p-heat".into(),
            title: "Load".into(),
            description: None,
            columns: (0..count).map(place).collect(),
            rows,
            range: TimeRange::new(from, from + TimeDelta::hours(count.max(1) as i64)).unwrap(),
            zone: Tz::UTC,
            unit: Unit::Percent,
            decimals: None,
            ends: (None, None),
            thresholds: Vec::new(),
            y_label: None,
            tall: false,
        }
    }

    #[test]
    fn a_missing_value_is_no_cell_and_a_zero_is_one() {
        let drawn = heat(vec![row("a", &[Some(0.0), None, Some(80.0), Some(80.0)])]).draw();
        let svg = drawn.svg.to_string();
        assert!(svg.contains("<path class=\"q1\" d=\"M0 4h2500v92h-2500z\"/>"), "the zero: {svg}");
        assert!(svg.contains("d=\"M5000 4h5000v92h-5000z\""), "neighbours of one step are one shape: {svg}");
        assert_eq!(svg.matches("v92").count(), 2, "nothing between them");
        assert!(svg.contains("data-v=\"0 – 80 80\"") && svg.contains(">no value</li>"), "{svg}");
        assert!(!heat(vec![row("a", &[Some(0.0), Some(1.0)])]).draw().svg.to_string().contains("no value"));
    }

    #[test]
    fn it_says_in_words_what_it_shows_and_what_each_step_means() {
        let drawn = heat(vec![row("a", &[Some(5.0), Some(80.0)]), row("b", &[None, Some(20.0)])]).draw();
        assert_eq!(drawn.summary.replace('\u{a0}', " "), "Load, 2 rows, highest 80 % (a, hour 1), lowest 5 % (a, hour 0)");
        let svg = drawn.svg.to_string().replace('\u{a0}', " ");
        for words in ["0–20 %", "60–80 %", "role=\"img\" aria-labelledby=\"p-heat-t p-heat-d\""] {
            assert!(svg.contains(words), "{words}: {svg}");
        }
    }

    #[test]
    fn thresholds_are_the_steps_in_the_authors_words_and_colours() {
        let mut heat = heat(vec![row("a", &[Some(5.0), Some(70.0), Some(95.0)])]);
        let limit = |value, label: &str, color: &str| Threshold { value, label: Some(label.into()), color: color.parse().ok() };
        heat.thresholds = vec![limit(90.0, "full", "#dc2626"), limit(50.0, "busy", "#f59e0b")];
        let svg = heat.draw().svg.to_string().replace('\u{a0}', " ");
        for words in ["under 50 %", "busy (from 50 %)", "full (from 90 %)", "<path fill=\"#dc2626\"", "<path fill=\"#f59e0b\""] {
            assert!(svg.contains(words), "{words}: {svg}");
        }
    }

    #[test]
    fn text_from_outside_is_only_text_and_no_number_makes_it_fail() {
        let hostile = "</title><script>alert(1)</script>\" onload='x' \u{0}&";
        let odd = [0.0, -0.0, 1e300, -1e300, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY, 5e-324];
        for a in odd {
            for b in odd {
                let mut heat = heat(vec![row(hostile, &[Some(a), Some(b), None])]);
                heat.title = hostile.into();
                heat.y_label = Some(hostile.into());
                heat.unit = Unit::Suffix(hostile.into());
                heat.ends = (Some(b), Some(a));
                let svg = heat.draw().svg.to_string() + heat.file().as_str();
                assert!(
                    !svg.contains("<script") && !svg.contains("\" onload") && !svg.contains("NaN") && !svg.contains("style=")
                );
                heat.thresholds = vec![Threshold { value: a, label: Some(hostile.into()), color: None }];
                assert!(!heat.draw().svg.to_string().contains("<script"));
            }
        }
        let none = heat(vec![]).draw();
        assert_eq!(none.summary, "Load, no values");
        assert!(none.svg.to_string().contains("No values in this range"));
    }

    #[test]
    fn a_week_by_the_hour_of_twenty_rows_is_small() {
        let values: Vec<Option<f64>> = (0..168).map(|i| Some(50.0 + 40.0 * (f64::from(i) / 9.0).sin())).collect();
        let rows = (0..20).map(|n| row(&format!("server {n}"), &values)).collect();
        let bytes = heat(rows).draw().svg.to_string().len();
        assert!(bytes < 60_000, "{bytes}");
    }
}
