//! The small line beside a number.

use std::fmt::Write;

use super::escape::Esc;
use super::plot::Canvas;
use super::runs::{Cut, readings};
use super::value_axis::{Fit, ValueAxis};
use super::{Gaps, Point, Svg, stats, time_axis};
use crate::domain::{TimeRange, Unit};

/// A small line is thinned to this many columns.
const COLUMNS: usize = 100;

/// A small line without axes, for beside a number. `title` says what it is to those who cannot see it.
pub fn spark(points: &[Point], range: TimeRange, title: &str) -> Svg {
    let readings = readings(points, range);
    let extent = stats::extent(&[stats::of("", &readings)]);
    let axis = ValueAxis::new(&Fit {
        extent,
        whole: false,
        limits: &[],
        fixed: (None, None),
        from_zero: false,
        unit: &Unit::None,
        decimals: None,
    });
    let width = time_axis::units(range, None).min(1000);
    let cut = Cut { range, step: None, gaps: Gaps::Break, units: width, columns: COLUMNS };
    let height = 400;
    let canvas = Canvas { width, height, lo: axis.lo, hi: axis.hi, base: Some(axis.base()) };
    let paths = canvas.draw(&[cut.runs(&readings)]).pop().unwrap_or_default();
    let mut out = format!(
        "<svg class=\"spark\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"none\">",
        Esc(title)
    );
    for (class, data) in [(" class=\"a\"", &paths.area), ("", &paths.line), (" class=\"o\"", &paths.dots)] {
        if !data.is_empty() {
            let _ = write!(out, "<path{class} d=\"{data}\"/>");
        }
    }
    out.push_str("</svg>");
    Svg(out)
}
