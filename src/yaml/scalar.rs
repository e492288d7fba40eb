//! What a plain word means: the core schema of YAML 1.2, so `no`, `on` and `y` stay text.

use saphyr_parser::ScalarStyle;

/// A scalar as it was written.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) style: ScalarStyle,
    /// `!!str` was written in front of it.
    pub(super) forced_text: bool,
    /// One character past its end in the source.
    pub(super) end: usize,
}

/// What a scalar means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Large(u64),
    Float(f64),
    Text(&'a str),
}

impl Scalar {
    /// Quotes and blocks are always text.
    pub(super) fn meaning(&self) -> Meaning<'_> {
        if self.forced_text || self.style != ScalarStyle::Plain { Meaning::Text(&self.text) } else { plain(&self.text) }
    }

    /// An empty value, as in `key:` with nothing behind it.
    pub(super) fn is_nothing(&self) -> bool {
        self.meaning() == Meaning::Null
    }
}

/// What a plain scalar means. Infinities and NaN stay text: no setting wants one.
pub(super) fn plain(text: &str) -> Meaning<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Meaning::Null,
        "true" | "True" | "TRUE" => return Meaning::Bool(true),
        "false" | "False" | "FALSE" => return Meaning::Bool(false),
        _ => {}
    }
    whole(text).or_else(|| fraction(text)).unwrap_or(Meaning::Text(text))
}

/// Digits with a leading zero (`010`, a postcode) are text: one reader takes them for eight, another for ten.
fn whole(text: &str) -> Option<Meaning<'static>> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) || has_leading_zero(digits) {
        return None;
    }
    let small = text.parse().ok().map(Meaning::Int);
    small.or_else(|| text.parse().ok().map(Meaning::Large))
}

fn radix(digits: &str, radix: u32) -> Option<Meaning<'static>> {
    let digits_only = digits.chars().all(|c| c.is_digit(radix));
    digits_only.then(|| i64::from_str_radix(digits, radix).ok().map(Meaning::Int)).flatten()
}

fn has_leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0') && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
}

fn fraction(text: &str) -> Option<Meaning<'static>> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let shape = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.bytes().any(|b| b.is_ascii_digit())
        && !has_leading_zero(digits);
    let number = shape.then(|| text.parse::<f64>().ok()).flatten()?;
    number.is_finite().then_some(Meaning::Float(number))
}

#[cfg(test)]
mod tests {
    use super::{Meaning, plain};

    #[test]
    fn words_that_other_readers_take_for_booleans_stay_text() {
        for word in [
            "no", "on", "off", "yes", "y", "n", "No", "tRUE", "010", "1_000", "0x", "0b1", "12:30", ".inf", ".nan", "-", "+",
            "e", "1e999", "-.", "0x-5",
        ] {
            assert_eq!(plain(word), Meaning::Text(word), "{word}");
        }
    }

    #[test]
    fn numbers_booleans_and_nothing_are_what_they_look_like() {
        assert_eq!(plain("0"), Meaning::Int(0));
        assert_eq!(plain("-12"), Meaning::Int(-12));
        assert_eq!(plain("+3"), Meaning::Int(3));
        assert_eq!(plain("0x1F"), Meaning::Int(31));
        assert_eq!(plain("0o17"), Meaning::Int(15));
        assert_eq!(plain("18446744073709551615"), Meaning::Large(u64::MAX));
        assert_eq!(plain("0.5"), Meaning::Float(0.5));
        assert_eq!(plain(".5"), Meaning::Float(0.5));
        assert_eq!(plain("1e3"), Meaning::Float(1000.0));
        assert_eq!(plain("True"), Meaning::Bool(true));
        for nothing in ["", "~", "null"] {
            assert_eq!(plain(nothing), Meaning::Null);
        }
    }
}
