//! Rows as JSON objects: numbers exact, times with their offset, null as null.

use chrono_tz::Tz;
use serde_json::Value;

use super::instant;
use crate::frame::{Frame, Values};

pub(super) fn row(frame: &Frame, i: usize, zone: Tz, out: &mut Vec<u8>) {
    out.push(b'{');
    for (place, column) in frame.columns.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        string(&column.name, out);
        out.push(b':');
        value(&column.values, i, zone, out);
    }
    out.push(b'}');
}

fn value(values: &Values, i: usize, zone: Tz, out: &mut Vec<u8>) {
    if let Values::Json(all) = values {
        let shown = all.get(i).and_then(Option::as_ref).unwrap_or(&Value::Null);
        return out.extend_from_slice(shown.to_string().as_bytes());
    }
    let shown = instant(values, i, zone).map(Into::into).or_else(|| values.text(i));
    let Some(shown) = shown else { return out.extend_from_slice(b"null") };
    let bare = match values {
        Values::Bool(_) | Values::Int(_) => true,
        // Infinity and NaN are no JSON numbers; they stay readable as text. The digits of a decimal are kept as they are.
        Values::Float(_) | Values::Decimal(_) => is_number(&shown),
        _ => false,
    };
    if bare { out.extend_from_slice(shown.as_bytes()) } else { string(&shown, out) }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    plain(whole) && plain(rest) && (whole.len() == 1 || !whole.starts_with('0'))
}

fn string(text: &str, out: &mut Vec<u8>) {
    // Writing text into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}
