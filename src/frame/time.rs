//! Times as text: the ISO spellings that databases without a time type hold.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// What a text time says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A day alone.
    Date(NaiveDate),
    /// A clock reading without a zone.
    Local(NaiveDateTime),
    /// With `Z` or an offset.
    Instant(DateTime<Utc>),
}

/// Reads `2026-03-01`, `2026-03-01 10:15`, `2026-03-01T10:15:30.25+01:00` and the like.
pub fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    // Cheap refusal first: this runs over whole columns of ordinary text.
    let bytes = text.as_bytes();
    if bytes.len() < 10 || !bytes[0].is_ascii_digit() || bytes[4] != b'-' || !text.is_char_boundary(10) {
        return None;
    }
    let (day, rest) = text.split_at(10);
    let day: NaiveDate = day.parse().ok()?;
    if rest.is_empty() {
        return Some(Moment::Date(day));
    }
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = split_offset(clock.trim_end());
    let local = day.and_time(read_clock(clock.trim_end())?);
    match offset {
        None => Some(Moment::Local(local)),
        Some(offset) => {
            let shift = chrono::TimeDelta::minutes(read_offset(offset)?);
            Some(Moment::Instant(local.checked_sub_signed(shift)?.and_utc()))
        }
    }
}

fn split_offset(clock: &str) -> (&str, Option<&str>) {
    match clock.find(['Z', 'z', '+', '-']) {
        Some(at) => (&clock[..at], Some(&clock[at..])),
        None => (clock, None),
    }
}

fn read_clock(clock: &str) -> Option<chrono::NaiveTime> {
    let format = match clock.bytes().filter(|b| *b == b':').count() {
        1 => "%H:%M",
        _ => "%H:%M:%S%.f",
    };
    chrono::NaiveTime::parse_from_str(clock, format).ok()
}

/// Minutes east of Greenwich, from `Z`, `+01`, `+0100` or `+01:00`.
fn read_offset(offset: &str) -> Option<i64> {
    if matches!(offset, "Z" | "z") {
        return Some(0);
    }
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let digits = offset.get(1..)?.replace(':', "");
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i64>().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    Some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_spelling_is_one_moment() {
        let noon = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap().and_hms_opt(12, 0, 0).unwrap();
        for local in ["2026-03-01 12:00", "2026-03-01T12:00:00", "2026-03-01 12:00:00.000", " 2026-03-01t12:00 "] {
            assert_eq!(parse(local), Some(Moment::Local(noon)), "{local}");
        }
        for instant in ["2026-03-01T12:00:00Z", "2026-03-01 13:00:00.0+01", "2026-03-01T06:30:00-0530", "2026-03-01 12:00 +00:00"]
        {
            assert_eq!(parse(instant), Some(Moment::Instant(noon.and_utc())), "{instant}");
        }
        assert_eq!(parse("2026-03-01"), Some(Moment::Date(noon.date())));
    }

    #[test]
    fn what_is_no_time_is_refused_without_panic() {
        for text in [
            "",
            "server-1",
            "2026-13-01",
            "2026-03-01x",
            "2026-03-01T",
            "2026-03-01T25:00",
            "2026-03-0é 12:00",
            "2026-03-01T12:00+é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
