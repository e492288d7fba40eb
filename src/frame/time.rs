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
    let day = read_day(day.as_bytes())?;
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

/// `2026-03-01`.
fn read_day(day: &[u8]) -> Option<NaiveDate> {
    let [y @ .., b'-', m1, m2, b'-', d1, d2] = day else { return None };
    NaiveDate::from_ymd_opt(i32::try_from(number(y)?).ok()?, number(&[*m1, *m2])?, number(&[*d1, *d2])?)
}

/// `10:15`, `10:15:30` or `10:15:30.25`, by hand where it is written with two digits each: a page reads tens of thousands.
fn read_clock(clock: &str) -> Option<chrono::NaiveTime> {
    match clock.as_bytes() {
        [h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] if rest.is_empty() || rest.first() == Some(&b'.') => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            let read = || chrono::NaiveTime::from_hms_nano_opt(hours, minutes, number(&[*s1, *s2])?, nanos(rest)?);
            read().or_else(|| clock_in_words(clock, "%H:%M:%S%.f"))
        }
        bytes if bytes.iter().filter(|b| **b == b':').count() == 1 => clock_in_words(clock, "%H:%M"),
        _ => clock_in_words(clock, "%H:%M:%S%.f"),
    }
}

/// Every other spelling, leap seconds too.
fn clock_in_words(clock: &str, format: &str) -> Option<chrono::NaiveTime> {
    chrono::NaiveTime::parse_from_str(clock, format).ok()
}

/// `.25` as nanoseconds; nothing is none of them.
fn nanos(fraction: &[u8]) -> Option<u32> {
    let digits = match fraction {
        [] => return Some(0),
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => digits,
        _ => return None,
    };
    Some(number(digits)? * 10_u32.pow(u32::try_from(9 - digits.len()).ok()?))
}

/// Up to nine digits as a number.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
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
    fn a_fraction_counts_by_its_place_and_a_leap_second_is_a_time() {
        let read = |text| match parse(text) {
            Some(Moment::Local(local)) => local.format("%S%.9f").to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(read("2026-03-01 12:00:07.25"), "07.250000000");
        assert_eq!(read("2026-03-01 12:00:07.000000001"), "07.000000001");
        assert_eq!(read("2026-03-01 12:00:07.1234567891"), "07.123456789");
        assert_eq!(read("2016-12-31 23:59:60"), "60.000000000");
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
            "2026-03-01T12:00:0x",
            "2026-03-01T12:61:00",
            "2026-03-01T12:00:00.",
            "2026-02-30T12:00:00",
            "2026-03-0é 12:00",
            "2026-03-01T12:00+é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
