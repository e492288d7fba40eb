//! RFC 4180, and harmless to spreadsheets.

use chrono_tz::Tz;

use super::instant;
use crate::frame::{Frame, Values};

pub(super) fn headings(names: &[&str], out: &mut Vec<u8>) {
    for (i, name) in names.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        text(name, out);
    }
    out.extend_from_slice(b"\r\n");
}

pub(super) fn row(frame: &Frame, i: usize, zone: Tz, out: &mut Vec<u8>) {
    for (place, column) in frame.columns.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        cell(&column.values, i, zone, out);
    }
    out.extend_from_slice(b"\r\n");
}

/// Null is an empty cell; an empty text is `""`, so that the two can be told apart.
fn cell(values: &Values, i: usize, zone: Tz, out: &mut Vec<u8>) {
    if let Some(time) = instant(values, i, zone) {
        return out.extend_from_slice(time.as_bytes());
    }
    let Some(shown) = values.text(i) else { return };
    match values {
        Values::Text(_) | Values::Json(_) => text(&shown, out),
        _ => out.extend_from_slice(shown.as_bytes()),
    }
}

/// Text of somebody's data. What a spreadsheet would take for a formula gets an apostrophe in front.
fn text(text: &str, out: &mut Vec<u8>) {
    let formula = is_formula(text);
    let quoted =
        text.is_empty() || formula || text.contains(['"', ',', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ');
    if !quoted {
        return out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
    if formula {
        out.push(b'\'');
    }
    for part in text.split_inclusive('"') {
        out.extend_from_slice(part.as_bytes());
        if part.ends_with('"') {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

/// Whether a spreadsheet may run it: by its first sign, also behind blanks and in its wide form. A negative number is none.
fn is_formula(text: &str) -> bool {
    let first = text.trim_start_matches(' ').chars().next();
    let suspect = matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '\u{2212}'));
    suspect && !is_negative_number(text)
}

fn is_negative_number(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('-') else { return false };
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    plain(whole) && plain(rest)
}
