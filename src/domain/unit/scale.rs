//! A unit at one size (MB/s rather than B/s), so that neighbouring numbers can be compared.

use std::fmt;

use super::Unit;
use super::number::{decimals_of, grouped};

/// A number in words a reader knows: the unit stands apart so that it can be drawn small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formatted {
    /// The digits, with sign and, for money, its symbol.
    pub number: String,
    /// What stands behind them; may be empty.
    pub unit: String,
}

impl fmt::Display for Formatted {
    /// Number and unit with a no-break space between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit.is_empty() {
            true => f.write_str(&self.number),
            false => write!(f, "{}\u{a0}{}", self.number, self.unit),
        }
    }
}

/// A unit at one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// What a value is divided by before it is written.
    pub divisor: f64,
    /// What stands before the digits: a currency's symbol, else nothing.
    pub prefix: String,
    /// What stands behind them: `MB/s`, `%`; may be empty.
    pub unit: String,
    /// The least and the most decimals when the author says nothing.
    decimals: (u8, u8),
}

type Steps = &'static [(f64, &'static str)];

const COUNT: Steps = &[(1e12, "tn"), (1e9, "bn"), (1e6, "M"), (1e3, "k"), (1.0, "")];
const BYTES: Steps = &[(1e18, "EB"), (1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")];
const SECONDS: Steps = &[(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")];

/// The first step that `max_abs` reaches; a hair of tolerance, since 0.1 + 0.2 is what it is.
fn step(steps: Steps, max_abs: f64, nothing: (f64, &'static str)) -> (f64, &'static str) {
    if !(max_abs.is_finite() && max_abs > 0.0) {
        return nothing;
    }
    steps.iter().copied().find(|(size, _)| max_abs >= size * (1.0 - 1e-12)).or(steps.last().copied()).unwrap_or(nothing)
}

impl Scale {
    pub(super) fn of(unit: &Unit, max_abs: f64) -> Scale {
        let plain = |divisor, unit: &str, decimals| Scale { divisor, prefix: String::new(), unit: unit.to_owned(), decimals };
        match unit {
            Unit::None => plain(1.0, "", (0, 4)),
            Unit::Suffix(text) => plain(1.0, text, (0, 4)),
            Unit::Percent => plain(1.0, "%", (1, 2)),
            Unit::Ratio => plain(0.01, "%", (1, 2)),
            Unit::Bytes => {
                let (size, name) = step(BYTES, max_abs, (1.0, "B"));
                plain(size, name, (0, 2))
            }
            Unit::BytesPerSecond => {
                let (size, name) = step(BYTES, max_abs, (1.0, "B"));
                plain(size, &format!("{name}/s"), (0, 2))
            }
            Unit::Seconds => {
                let (size, name) = step(SECONDS, max_abs, (1.0, "s"));
                plain(size, name, (0, 2))
            }
            Unit::Millis => {
                let (size, name) = step(SECONDS, max_abs / 1e3, (1e-3, "ms"));
                plain(size * 1e3, name, (0, 2))
            }
            Unit::Short => {
                let (size, name) = step(COUNT, max_abs, (1.0, ""));
                plain(size, name, (0, 2))
            }
            Unit::Currency(code) => {
                // up to six digits of money are read as they are; whole books are shortened
                let (size, name) = if max_abs >= 1e6 { step(COUNT, max_abs, (1.0, "")) } else { (1.0, "") };
                Scale { divisor: size, prefix: symbol(code), unit: name.to_owned(), decimals: (0, 2) }
            }
        }
    }

    /// A value at this scale.
    pub fn format(&self, value: f64, decimals: Option<u8>) -> Formatted {
        Formatted { number: self.number(value, decimals), unit: self.unit.clone() }
    }

    /// Only the digits: where the unit is said once for all.
    pub fn number(&self, value: f64, decimals: Option<u8>) -> String {
        if !value.is_finite() {
            return "–".into();
        }
        let scaled = value / self.divisor;
        let text = grouped(scaled, decimals.unwrap_or_else(|| decimals_of(scaled, self.decimals)));
        match text.strip_prefix('\u{2212}') {
            _ if self.prefix.is_empty() => text,
            Some(digits) => format!("\u{2212}{}{digits}", self.prefix),
            None => format!("{}{text}", self.prefix),
        }
    }
}

/// The sign of a currency where everybody knows it, else its code.
fn symbol(code: &str) -> String {
    match code {
        "EUR" => "€".into(),
        "USD" => "$".into(),
        "GBP" => "£".into(),
        "JPY" | "CNY" => "¥".into(),
        "INR" => "₹".into(),
        _ => format!("{code}\u{a0}"),
    }
}
