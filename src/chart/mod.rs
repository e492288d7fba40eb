//! Drawings: SVG that stretches while its text does not, in words for those who cannot see it.

mod bars;
mod bars_file;
mod color;
mod draw;
mod escape;
mod file;
#[cfg(test)]
mod gallery;
mod heat;
mod heat_file;
mod labels;
mod legend;
mod limits;
mod plot;
mod runs;
mod shades;
mod spark;
mod stats;
mod style;
#[cfg(test)]
mod tests;
mod time_axis;
mod value_axis;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

pub use bars::{Bars, Place, Series};
pub use color::Color;
pub use file::Card;
pub use heat::Heat;
pub use spark::spark;

use crate::domain::{TimeRange, Unit};

/// A finished drawing: the only text a template may print unescaped, and only this room makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Svg(String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Svg {}

/// Lines over time, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Unique on its page; letters, digits, `-` and `_` (anything else is left out).
    pub id: String,
    /// What it shows.
    pub title: String,
    /// More about it, for those who cannot see the lines.
    pub description: Option<String>,
    /// The lines, in the order of their colours.
    pub lines: Vec<Line>,
    /// The time shown; points outside it are left out.
    pub range: TimeRange,
    /// The zone in which times are written.
    pub zone: Tz,
    /// Now, marked when it is inside the range.
    pub now: DateTime<Utc>,
    /// The width of a bucket, so that a missing one is a gap; `None`: raw points.
    pub step: Option<TimeDelta>,
    /// The unit of all values.
    pub unit: Unit,
    /// Decimals as the author asked; `None`: what is sensible.
    pub decimals: Option<u8>,
    /// What the value axis counts, written above it.
    pub y_label: Option<String>,
    /// Ends of the value axis as the author fixed them; `None`: what fits the data.
    pub y_range: (Option<f64>, Option<f64>),
    /// Whether the area under the lines is tinted.
    pub fill: bool,
    /// What happens where values are missing.
    pub gaps: Gaps,
    /// Limits drawn across the plot.
    pub thresholds: Vec<Threshold>,
}

/// What happens where values are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gaps {
    /// The line stops and starts again.
    #[default]
    Break,
    /// The line goes on to the next value.
    Connect,
    /// The line goes on, thin and dashed, so that the guess can be told from the reading.
    Interpolate,
}

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name.
    pub label: String,
    /// The author's colour; `None`: the next of the eight.
    pub color: Option<Color>,
    /// Its points, in time order.
    pub points: Vec<Point>,
}

/// One reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When (a bucket's start).
    pub at: DateTime<Utc>,
    /// How much; `None` is a gap, and so is a number that is not finite.
    pub value: Option<f64>,
}

/// A limit drawn across the plot.
#[derive(Clone, Debug)]
pub struct Threshold {
    /// Where.
    pub value: f64,
    /// Its name.
    pub label: Option<String>,
    /// The author's colour; `None`: the warning colour.
    pub color: Option<Color>,
}

/// A chart as it goes out.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The whole `.chart` element: axes, plot, labels and legend.
    pub svg: Svg,
    /// In words: "CPU, 4 series, last 71 %, highest 93 % at 14:05".
    pub summary: String,
    /// The numbers of each line, in their order, from all its points.
    pub stats: Vec<LineStats>,
}

/// The numbers of one line; `None` where it has no value.
#[derive(Clone, Debug, PartialEq)]
pub struct LineStats {
    /// The line's name.
    pub label: String,
    /// How many values there are.
    pub count: usize,
    /// The newest value.
    pub last: Option<f64>,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// When it was largest, the first time.
    pub max_at: Option<DateTime<Utc>>,
    /// The mean.
    pub mean: Option<f64>,
}

impl Chart {
    /// Draws it. The same chart is the same bytes.
    pub fn draw(&self) -> Drawn {
        draw::draw(self)
    }
}
