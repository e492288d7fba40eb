//! The scale of a heatmap: few steps, each with its words and its shade.

use super::value_axis::{Fit, ValueAxis};
use super::{Color, Threshold};
use crate::domain::Unit;

/// The shades of the page's palette, from weak to strong.
pub(super) const SHADES: usize = 7;
/// About how many round steps there are.
const STEPS: f64 = 6.0;

/// One step of the scale.
#[derive(Debug)]
pub(super) struct Step {
    /// The smallest value of it; everything below the second step is in the first.
    floor: f64,
    /// In words: "20–40 %".
    pub words: String,
    /// The author's colour.
    pub color: Option<Color>,
    /// Else the shade, from 1.
    pub shade: usize,
}

impl Step {
    /// Its colour as an attribute.
    pub fn paint(&self) -> String {
        match self.color {
            Some(color) => format!(" fill=\"{color}\""),
            None => format!(" class=\"q{}\"", self.shade),
        }
    }
}

/// The scale.
#[derive(Debug)]
pub(super) struct Shades {
    pub axis: ValueAxis,
    /// From the lowest; none where there is no value.
    pub steps: Vec<Step>,
}

impl Shades {
    pub fn of(
        values: impl Iterator<Item = f64> + Clone,
        ends: (Option<f64>, Option<f64>),
        thresholds: &[Threshold],
        unit: &Unit,
        decimals: Option<u8>,
    ) -> Shades {
        let extent =
            values.clone().fold(None, |ends: Option<(f64, f64)>, v| Some(ends.map_or((v, v), |(a, b)| (a.min(v), b.max(v)))));
        let whole = values.clone().all(|value| value.fract() == 0.0);
        let axis = ValueAxis::new(&Fit { extent, whole, limits: &[], fixed: ends, from_zero: false, unit, decimals });
        let steps = match (extent, thresholds) {
            (None, _) => Vec::new(),
            (Some(_), []) => round(&axis, whole),
            (Some((lowest, _)), thresholds) => own(&axis, thresholds, lowest, whole),
        };
        Shades { axis, steps }
    }

    /// Which step a value is in.
    pub fn step(&self, value: f64) -> usize {
        self.steps.iter().rposition(|step| step.floor <= value).unwrap_or(0)
    }
}

/// The shade of step `n` of `count`.
fn shade(n: usize, count: usize) -> usize {
    if count < 2 { SHADES.div_ceil(2) } else { 1 + (n * (SHADES - 1) + (count - 1) / 2) / (count - 1) }
}

/// Round steps.
fn round(axis: &ValueAxis, whole: bool) -> Vec<Step> {
    let edges = axis.steps(STEPS, whole);
    let count = edges.len() - 1;
    let step = |(n, ends): (usize, &[f64])| Step {
        floor: if n == 0 { f64::NEG_INFINITY } else { ends[0] },
        words: format!("{}–{}", axis.bare(ends[0]), axis.exact(ends[1])),
        color: None,
        shade: shade(n, count),
    };
    edges.windows(2).enumerate().map(step).collect()
}

/// Steps that begin where the author says.
fn own(axis: &ValueAxis, thresholds: &[Threshold], lowest: f64, whole: bool) -> Vec<Step> {
    let mut limits: Vec<&Threshold> = thresholds.iter().filter(|limit| limit.value.is_finite()).collect();
    limits.sort_by(|a, b| a.value.total_cmp(&b.value));
    let Some(first) = limits.first() else { return round(axis, whole) };
    let below = (lowest < first.value).then(|| (f64::NEG_INFINITY, format!("under {}", axis.exact(first.value)), None));
    let named = limits.iter().enumerate().map(|(n, limit)| {
        let words = match (&limit.label, limits.get(n + 1)) {
            (Some(label), _) => format!("{label} (from {})", axis.exact(limit.value)),
            (None, Some(next)) => format!("{}–{}", axis.bare(limit.value), axis.exact(next.value)),
            (None, None) => format!("from {}", axis.exact(limit.value)),
        };
        (limit.value, words, limit.color)
    });
    let steps: Vec<_> = below.into_iter().chain(named).collect();
    let count = steps.len();
    let step = |(n, (floor, words, color))| Step { floor, words, color, shade: shade(n, count) };
    steps.into_iter().enumerate().map(step).collect()
}
