//! The value axis: ends that fit the data, about five round values, one scale for all of them.

use crate::domain::Unit;
use crate::domain::unit::{Scale, decimals_of};

/// Larger numbers are drawn as this one, so that no difference of two overflows.
pub(super) const LARGEST: f64 = 1e300;

/// The longest unit that stands beside the top value, in characters; a longer one stands above the axis.
const LONGEST_UNIT: usize = 7;

/// What an axis has to fit.
pub(super) struct Fit<'a> {
    /// The smallest and the largest value, if there is any.
    pub extent: Option<(f64, f64)>,
    /// Whether all values are whole numbers.
    pub whole: bool,
    /// Limits, shown where that does not squeeze the lines.
    pub limits: &'a [f64],
    /// Ends fixed by the author.
    pub fixed: (Option<f64>, Option<f64>),
    /// Whether zero has to be on it.
    pub from_zero: bool,
    pub unit: &'a Unit,
    pub decimals: Option<u8>,
}

/// The axis.
#[derive(Debug)]
pub(super) struct ValueAxis {
    pub lo: f64,
    pub hi: f64,
    pub scale: Scale,
    /// Values and what is written beside them, from below.
    pub ticks: Vec<(f64, String)>,
    /// Decimals of a value in legend and tooltip.
    pub decimals: u8,
    /// The height of the canvas in its own units: a unit is a power of ten of the scaled value where possible,
    /// so that a value read back from the drawing is the value that went in.
    pub units: u32,
}

impl ValueAxis {
    pub fn new(fit: &Fit<'_>) -> ValueAxis {
        let (lo, hi) = ends(fit);
        let scale = fit.unit.scale_for(lo.abs().max(hi.abs()));
        let (mut low, mut high) = (lo / scale.divisor, hi / scale.divisor);
        let mut step = nice((high - low) / 4.0);
        if fit.whole && scale.divisor == 1.0 {
            step = step.max(1.0);
        }
        let fixed = (fit.fixed.0.is_some_and(f64::is_finite), fit.fixed.1.is_some_and(f64::is_finite));
        if !fixed.0 {
            low = (low / step + 1e-9).floor() * step;
        }
        if !fixed.1 {
            high = (high / step - 1e-9).ceil() * step;
        }
        let tick_decimals = decimals_for(step);
        let largest = low.abs().max(high.abs());
        let known = fit.extent.is_some();
        let first = (low / step - 1e-9).ceil();
        let count = ((high / step + 1e-9).floor() - first).clamp(0.0, 12.0) as usize;
        let ticks = (0..=count)
            .filter(|_| known)
            .map(|k| {
                let value = (first + k as f64) * step * scale.divisor;
                let text = scale.number(value, Some(tick_decimals));
                (
                    value,
                    if k == count && (1..=LONGEST_UNIT).contains(&scale.unit.chars().count()) {
                        format!("{text} {}", scale.unit)
                    } else {
                        text
                    },
                )
            })
            .collect();
        let whole = fit.whole && scale.divisor == 1.0;
        let decimals = match fit.decimals {
            Some(decimals) => decimals,
            None if whole => 0,
            None => decimals_of(largest * 0.999, (0, 4)).max(tick_decimals),
        };
        let quantum = 10f64.powf(((high - low) / 2000.0).log10().floor());
        let units = ((high - low) / quantum).round();
        let units = if units.is_finite() { units.clamp(1000.0, 20_000.0) as u32 } else { 4000 };
        ValueAxis { lo: low * scale.divisor, hi: high * scale.divisor, scale, ticks, decimals, units }
    }

    /// Where a value is, 0 at the bottom, 1 at the top; outside of that when the author's ends cut it off.
    pub fn share(&self, value: f64) -> f64 {
        (value - self.lo) / (self.hi - self.lo)
    }

    /// The unit, if it is too long to stand beside the top value.
    pub fn long_unit(&self) -> Option<&str> {
        Some(self.scale.unit.as_str()).filter(|unit| unit.chars().count() > LONGEST_UNIT)
    }

    /// A round value as it was written: with the decimals it needs, three at most.
    pub fn exact(&self, value: f64) -> String {
        let scaled = (value / self.scale.divisor).abs();
        self.scale.format(value, Some(if scaled == 0.0 { 0 } else { decimals_for(scaled).min(3) })).to_string()
    }

    /// Where about `count` round steps between its ends begin and end.
    pub fn steps(&self, count: f64, whole: bool) -> Vec<f64> {
        let (low, high) = (self.lo / self.scale.divisor, self.hi / self.scale.divisor);
        let mut step = nice((high - low) / count);
        if whole && self.scale.divisor == 1.0 {
            step = step.ceil().max(1.0);
        }
        let first = (low / step + 1e-9).floor() + 1.0;
        let inside = (0..16).map(|n| (first + f64::from(n)) * step * self.scale.divisor);
        let inside = inside.filter(|edge| *edge > self.lo && self.share(*edge) < 1.0 - 1e-9);
        std::iter::once(self.lo).chain(inside).chain([self.hi]).collect()
    }

    /// The same without its unit.
    pub fn bare(&self, value: f64) -> String {
        let scaled = (value / self.scale.divisor).abs();
        self.scale.number(value, Some(if scaled == 0.0 { 0 } else { decimals_for(scaled).min(3) }))
    }

    /// Where areas end: zero, or the end next to it.
    pub fn base(&self) -> f64 {
        0f64.clamp(self.lo, self.hi)
    }
}

/// Whether two ends are too close to be an axis.
fn same(lo: f64, hi: f64) -> bool {
    hi - lo <= (lo.abs().max(hi.abs()) * 1e-9).max(1e-290)
}

fn ends(fit: &Fit<'_>) -> (f64, f64) {
    let (mut lo, mut hi) = fit.extent.map_or((0.0, 1.0), |(lo, hi)| (lo.clamp(-LARGEST, LARGEST), hi.clamp(-LARGEST, LARGEST)));
    if same(lo, hi) {
        // one value only: from zero to a little beyond it
        let room = if fit.unit == &Unit::Percent && hi == 100.0 { 1.0 } else { 1.25 };
        (lo, hi) = match hi {
            v if v.abs() < 1e-290 => (0.0, 1.0),
            v if v > 0.0 => (0.0, (v * room).min(LARGEST * 1.25)),
            v => (v * room, 0.0),
        };
    }
    if lo > 0.0 && (fit.from_zero || lo < 0.4 * hi) {
        lo = 0.0;
    }
    if hi < 0.0 && (fit.from_zero || hi > 0.4 * lo) {
        hi = 0.0;
    }
    for limit in fit.limits.iter().copied().filter(|limit| limit.is_finite()) {
        let (low, high) = (lo.min(limit), hi.max(limit));
        if (hi - lo) >= 0.25 * (high - low) {
            (lo, hi) = (low, high);
        }
    }
    let finite = |end: Option<f64>| end.filter(|v| v.is_finite()).map(|v| v.clamp(-LARGEST, LARGEST));
    let (low, high) = (finite(fit.fixed.0), finite(fit.fixed.1));
    (lo, hi) = (low.unwrap_or(lo), high.unwrap_or(hi));
    if same(lo, hi) {
        let room = lo.abs().max(hi.abs()).max(1.0) * 0.5;
        return if high.is_some() && low.is_none() { (hi - room, hi) } else { (lo, lo + room) };
    }
    (lo, hi)
}

/// The next of 1, 2, 2.5, 5, 10 … at or above `raw`.
fn nice(raw: f64) -> f64 {
    let power = 10f64.powf(raw.log10().floor());
    if !(power.is_finite() && power > 0.0) {
        return 1.0;
    }
    let share = raw / power;
    power * [1.0, 2.0, 2.5, 5.0].into_iter().find(|s| share <= s + 1e-9).unwrap_or(10.0)
}

/// The decimals that tell neighbouring ticks apart.
fn decimals_for(step: f64) -> u8 {
    (0..12u8)
        .find(|d| {
            let s = step * 10f64.powi(i32::from(*d));
            (s - s.round()).abs() < 1e-6 * s.max(1e-300) && s >= 0.5
        })
        .unwrap_or(12)
}

#[cfg(test)]
mod tests {
    use super::{Fit, ValueAxis};
    use crate::domain::Unit;

    fn fit(extent: (f64, f64), unit: &Unit) -> Fit<'_> {
        Fit { extent: Some(extent), whole: false, limits: &[], fixed: (None, None), from_zero: false, unit, decimals: None }
    }

    fn labels(fit: &Fit<'_>) -> Vec<String> {
        ValueAxis::new(fit).ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn the_axis_has_about_five_round_values_and_its_unit_on_the_top_one() {
        assert_eq!(labels(&fit((2.0, 45.0), &Unit::Percent)), ["0", "20", "40", "60 %"]);
        assert_eq!(labels(&fit((0.0, 96.6), &Unit::Percent)), ["0", "25", "50", "75", "100 %"]);
        assert_eq!(labels(&fit((740e3, 1.21e6), &Unit::BytesPerSecond)), ["0.6", "0.8", "1.0", "1.2", "1.4 MB/s"]);
        assert_eq!(labels(&fit((-5.0, 5.0), &Unit::None)), ["\u{2212}5.0", "\u{2212}2.5", "0.0", "2.5", "5.0"]);
    }

    #[test]
    fn a_unit_too_long_for_the_axis_stands_above_it() {
        let unit = Unit::parse("requests per second");
        let axis = ValueAxis::new(&fit((0.0, 40.0), &unit));
        assert_eq!(axis.ticks.last().map(|tick| tick.1.as_str()), Some("40"));
        assert_eq!(axis.long_unit(), Some("requests per second"));
    }

    #[test]
    fn data_near_zero_starts_at_zero_and_far_data_fills_the_height() {
        assert_eq!(ValueAxis::new(&fit((3.0, 40.0), &Unit::None)).lo, 0.0);
        assert_eq!(ValueAxis::new(&fit((990.0, 1010.0), &Unit::None)).lo, 990.0);
        assert_eq!(ValueAxis::new(&Fit { from_zero: true, ..fit((990.0, 1010.0), &Unit::None) }).lo, 0.0);
    }

    #[test]
    fn a_limit_is_shown_unless_it_would_squeeze_the_lines() {
        assert_eq!(ValueAxis::new(&Fit { limits: &[70.0], ..fit((2.0, 45.0), &Unit::Percent) }).hi, 80.0);
        assert_eq!(ValueAxis::new(&Fit { limits: &[5000.0], ..fit((2.0, 45.0), &Unit::Percent) }).hi, 60.0);
    }

    #[test]
    fn no_numbers_whatever_make_it_fail() {
        let odd = [0.0, -0.0, 1.0, -1.0, 1e300, -1e300, f64::MAX, f64::MIN, 5e-324, 1e-300, 100.0, 1e15, 0.1 + 0.2];
        for unit in [Unit::None, Unit::Bytes, Unit::Ratio, Unit::Seconds, Unit::Millis, Unit::Currency("EUR".into())] {
            for a in odd {
                for b in odd {
                    for fixed in [
                        (None, None),
                        (Some(a), None),
                        (None, Some(b)),
                        (Some(b), Some(a)),
                        (Some(f64::NAN), Some(f64::INFINITY)),
                    ] {
                        let axis = ValueAxis::new(&Fit { limits: &[a, f64::NAN], fixed, ..fit((a.min(b), a.max(b)), &unit) });
                        assert!(
                            axis.lo.is_finite() && axis.hi.is_finite() && axis.hi > axis.lo,
                            "{unit:?} {a} {b} {fixed:?} {axis:?}"
                        );
                        assert!(axis.ticks.len() <= 13, "{a} {b} {axis:?}");
                    }
                }
            }
        }
    }
}
