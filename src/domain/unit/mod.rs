//! Units: how a number is written for a reader, scaled once for a whole axis.

mod number;
mod scale;
#[cfg(test)]
mod tests;

pub use number::{decimals_of, grouped};
pub use scale::{Formatted, Scale};

/// The unit of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    #[default]
    None,
    /// Text behind the number, as the author wrote it (`req`, `°C`).
    Suffix(String),
    /// A share that is already in hundredths: 0–100.
    Percent,
    /// A share of one: 0.42 is written 42 %.
    Ratio,
    /// Bytes, in powers of a thousand: kB, MB, GB.
    Bytes,
    /// Bytes in a second.
    BytesPerSecond,
    /// Seconds, from nanoseconds to days.
    Seconds,
    /// Milliseconds; written like seconds.
    Millis,
    /// A count, shortened: 1.2 k, 3.4 M.
    Short,
    /// Money, by its ISO 4217 code in capitals.
    Currency(String),
}

impl Unit {
    /// Reads a unit as authors write it; any text that is not a known word is a suffix.
    pub fn parse(text: &str) -> Unit {
        let text = text.trim();
        if let Some(code) = text.strip_prefix("currency:") {
            return Unit::Currency(code.trim().to_ascii_uppercase());
        }
        match text {
            "" | "none" => Unit::None,
            "percent" | "%" => Unit::Percent,
            "ratio" | "percentunit" => Unit::Ratio,
            "bytes" | "B" => Unit::Bytes,
            "bytes/s" | "B/s" | "Bps" => Unit::BytesPerSecond,
            "s" | "seconds" => Unit::Seconds,
            "ms" | "milliseconds" => Unit::Millis,
            "short" => Unit::Short,
            _ => Unit::Suffix(text.to_owned()),
        }
    }

    /// One value for a reader, scaled for itself: `0.24` and `MB/s`. `decimals`: as the author asked, else what is sensible.
    pub fn format(&self, value: f64, decimals: Option<u8>) -> Formatted {
        self.scale_for(value.abs()).format(value, decimals)
    }

    /// One scale for all the values of an axis or a column, by the largest of them without its sign.
    pub fn scale_for(&self, max_abs: f64) -> Scale {
        Scale::of(self, max_abs)
    }
}
