//! Values as a reader wants them: digits kept as the database has them, times in the shown zone.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::draft::Times;
use crate::frame::Values;
use crate::query::TimeFormat;

/// Row `i` as an instant, as the source writes its times.
pub(super) fn instant(values: &Values, i: usize, times: Times) -> Option<DateTime<Utc>> {
    match (values, times.format) {
        (Values::Int(_) | Values::Float(_) | Values::Decimal(_), TimeFormat::EpochSeconds) => {
            DateTime::from_timestamp_micros((values.number(i)? * 1e6) as i64)
        }
        (Values::Int(_) | Values::Float(_) | Values::Decimal(_), TimeFormat::EpochMillis) => {
            DateTime::from_timestamp_micros((values.number(i)? * 1e3) as i64)
        }
        _ => values.instant(i, times.zone),
    }
}

/// The newest instant of a column.
pub(super) fn newest(values: &Values, times: Times) -> Option<DateTime<Utc>> {
    (0..values.len()).filter_map(|i| instant(values, i, times)).max()
}

/// Decimal text with separators and, where asked, so many decimals: never through a float, so that 40 digits stay 40 digits.
/// `None`: it is no plain decimal number.
pub(super) fn grouped(text: &str, decimals: Option<u8>) -> Option<String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(rest) {
        return None;
    }
    let (whole, rest) = match decimals {
        Some(decimals) => rounded(whole, rest, usize::from(decimals)),
        None => (Cow::Borrowed(whole), Cow::Borrowed(rest)),
    };
    let mut out = String::with_capacity(text.len() * 4 / 3 + 3);
    if negative && (whole.bytes().any(|b| b != b'0') || rest.bytes().any(|b| b != b'0')) {
        out.push('\u{2212}');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !rest.is_empty() {
        out.push('.');
        out.push_str(&rest);
    }
    Some(out)
}

/// Half away from zero, digit by digit.
fn rounded<'a>(whole: &'a str, rest: &'a str, decimals: usize) -> (Cow<'a, str>, Cow<'a, str>) {
    if rest.len() <= decimals {
        return (Cow::Borrowed(whole), Cow::Owned(format!("{rest:0<decimals$}")));
    }
    let kept = whole.len() + decimals;
    let up = rest.as_bytes()[decimals] >= b'5';
    let mut digits: Vec<u8> = whole.bytes().chain(rest.bytes()).take(kept).collect();
    if up {
        let nines = digits.iter().rev().take_while(|digit| **digit == b'9').count();
        let from = kept - nines;
        digits[from..].fill(b'0');
        match from.checked_sub(1) {
            Some(at) => digits[at] += 1,
            None => digits.insert(0, b'1'),
        }
    }
    let text = String::from_utf8(digits).unwrap_or_default();
    let (whole, rest) = text.split_at(text.len() - decimals);
    (Cow::Owned(whole.to_owned()), Cow::Owned(rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_stay_what_the_database_said() {
        let exact = |text: &str| grouped(text, None);
        assert_eq!(exact("1234567.10").as_deref(), Some("1,234,567.10"));
        assert_eq!(exact("-1000").as_deref(), Some("\u{2212}1,000"));
        assert_eq!(exact("999").as_deref(), Some("999"));
        let long = "1234567890123456789012345678901234567890.000000000000000000001";
        assert_eq!(exact(long).map(|text| text.replace(',', "")).as_deref(), Some(long));
        for none in ["NaN", "", "1e5", "-", "1.2.3", ".5", "twelve", "Infinity"] {
            assert_eq!(exact(none), None, "{none}");
        }
    }

    #[test]
    fn rounding_carries_and_pads() {
        let two = |text: &str| grouped(text, Some(2)).unwrap();
        assert_eq!(two("0.005"), "0.01");
        assert_eq!(two("999.995"), "1,000.00");
        assert_eq!(two("1.004"), "1.00");
        assert_eq!(two("7"), "7.00");
        assert_eq!(two("-0.001"), "0.00", "a minus sign before nothing is noise");
        assert_eq!(grouped("9.5", Some(0)).as_deref(), Some("10"));
    }
}
