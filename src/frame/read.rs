//! Reading single values out of a column, whatever its type.

use std::borrow::Cow;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::{Moment, Values, time};

impl Values {
    /// Whether row `i` is null (or beyond the end).
    pub fn is_null(&self, i: usize) -> bool {
        fn none<T>(values: &[Option<T>], i: usize) -> bool {
            values.get(i).is_none_or(Option::is_none)
        }
        match self {
            Values::Bool(v) => none(v, i),
            Values::Int(v) => none(v, i),
            Values::Float(v) => none(v, i),
            Values::Decimal(v) | Values::Text(v) => none(v, i),
            Values::Date(v) => none(v, i),
            Values::Local(v) => none(v, i),
            Values::Instant(v) => none(v, i),
            Values::Uuid(v) => none(v, i),
            Values::Json(v) => none(v, i),
        }
    }

    /// Row `i` as a number: ints, floats, decimals, booleans (0/1), numeric text; finite only.
    pub fn number(&self, i: usize) -> Option<f64> {
        let number = match self {
            Values::Bool(v) => f64::from(u8::from(at(v, i)?)),
            Values::Int(v) => at(v, i)? as f64,
            Values::Float(v) => at(v, i)?,
            Values::Decimal(v) | Values::Text(v) => v.get(i)?.as_ref()?.trim().parse().ok()?,
            Values::Json(v) => v.get(i)?.as_ref()?.as_f64()?,
            Values::Date(_) | Values::Local(_) | Values::Instant(_) | Values::Uuid(_) => return None,
        };
        number.is_finite().then_some(number)
    }

    /// Row `i` as text a reader can read; exact for decimals, RFC 3339 for instants.
    pub fn text(&self, i: usize) -> Option<Cow<'_, str>> {
        Some(match self {
            Values::Bool(v) => Cow::Borrowed(if at(v, i)? { "true" } else { "false" }),
            Values::Int(v) => at(v, i)?.to_string().into(),
            Values::Float(v) => at(v, i)?.to_string().into(),
            Values::Decimal(v) | Values::Text(v) => Cow::Borrowed(v.get(i)?.as_deref()?),
            Values::Date(v) => date_text(at(v, i)?),
            Values::Local(v) => local_text(at(v, i)?),
            Values::Instant(v) => instant_text(at(v, i)?),
            Values::Uuid(v) => at(v, i)?.to_string().into(),
            Values::Json(v) => match v.get(i)?.as_ref()? {
                Value::String(text) => Cow::Borrowed(text),
                other => other.to_string().into(),
            },
        })
    }

    /// Row `i` as an instant: timestamps with a zone as they are, without one read in `zone`,
    /// dates at their midnight, ISO text parsed (SQLite). An infinite time is none.
    pub fn instant(&self, i: usize, zone: Tz) -> Option<DateTime<Utc>> {
        match self {
            Values::Instant(v) => at(v, i).filter(|t| *t != DateTime::<Utc>::MAX_UTC && *t != DateTime::<Utc>::MIN_UTC),
            Values::Local(v) => read_in(at(v, i)?, zone),
            Values::Date(v) => read_in(at(v, i)?.and_hms_opt(0, 0, 0)?, zone),
            Values::Text(v) => match time::parse(v.get(i)?.as_deref()?)? {
                Moment::Instant(t) => Some(t),
                Moment::Local(t) => read_in(t, zone),
                Moment::Date(d) => read_in(d.and_hms_opt(0, 0, 0)?, zone),
            },
            _ => None,
        }
    }

    /// About how many bytes the values hold.
    pub(super) fn bytes(&self) -> usize {
        fn flat<T>(values: &[Option<T>]) -> usize {
            size_of_val(values)
        }
        match self {
            Values::Bool(v) => flat(v),
            Values::Int(v) => flat(v),
            Values::Float(v) => flat(v),
            Values::Decimal(v) | Values::Text(v) => flat(v) + v.iter().flatten().map(|t| t.len()).sum::<usize>(),
            Values::Date(v) => flat(v),
            Values::Local(v) => flat(v),
            Values::Instant(v) => flat(v),
            Values::Uuid(v) => flat(v),
            Values::Json(v) => flat(v) + v.iter().flatten().map(json_bytes).sum::<usize>(),
        }
    }
}

fn at<T: Copy>(values: &[Option<T>], i: usize) -> Option<T> {
    values.get(i).copied().flatten()
}

/// A clock reading in `zone`; the first of two in autumn, the moment after the gap in spring.
fn read_in(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    // The ends of chrono's range stand for infinity, and zone arithmetic must not step over them.
    if local.date() >= NaiveDate::MAX.pred_opt()? || local.date() <= NaiveDate::MIN.succ_opt()? {
        return None;
    }
    match zone.from_local_datetime(&local) {
        LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => Some(t.to_utc()),
        LocalResult::None => {
            let before = zone.from_local_datetime(&(local - chrono::TimeDelta::hours(3))).earliest()?;
            Some(before.to_utc() + chrono::TimeDelta::hours(3))
        }
    }
}

fn date_text(date: NaiveDate) -> Cow<'static, str> {
    match date {
        NaiveDate::MAX => "infinity".into(),
        NaiveDate::MIN => "-infinity".into(),
        date => date.to_string().into(),
    }
}

fn local_text(local: NaiveDateTime) -> Cow<'static, str> {
    match local {
        NaiveDateTime::MAX => "infinity".into(),
        NaiveDateTime::MIN => "-infinity".into(),
        local => local.format("%Y-%m-%d %H:%M:%S%.f").to_string().into(),
    }
}

fn instant_text(instant: DateTime<Utc>) -> Cow<'static, str> {
    if instant == DateTime::<Utc>::MAX_UTC {
        return "infinity".into();
    }
    if instant == DateTime::<Utc>::MIN_UTC {
        return "-infinity".into();
    }
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()
}

fn json_bytes(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(json_bytes).sum(),
            Value::Object(fields) => fields.iter().map(|(k, v)| k.len() + json_bytes(v)).sum(),
            _ => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(values: &[&str]) -> Values {
        Values::Text(values.iter().map(|v| Some((*v).into())).collect())
    }

    #[test]
    fn a_null_and_a_row_beyond_the_end_are_null_and_never_zero() {
        let column = Values::Int(vec![Some(0), None]);
        assert_eq!([column.is_null(0), column.is_null(1), column.is_null(2)], [false, true, true]);
        assert_eq!([column.number(0), column.number(1), column.number(2)], [Some(0.0), None, None]);
        assert_eq!(column.text(1), None);
    }

    #[test]
    fn numbers_are_read_from_every_numeric_spelling_but_never_infinite() {
        assert_eq!(Values::Bool(vec![Some(true)]).number(0), Some(1.0));
        assert_eq!(text(&[" 12.5 "]).number(0), Some(12.5));
        let decimal = Values::Decimal(vec![Some("NaN".into()), Some("Infinity".into()), Some("1.10".into())]);
        assert_eq!([decimal.number(0), decimal.number(1), decimal.number(2)], [None, None, Some(1.1)]);
        assert_eq!(decimal.text(2).as_deref(), Some("1.10"));
    }

    #[test]
    fn a_clock_reading_is_read_in_the_zone_through_gap_and_fold() {
        let berlin = chrono_tz::Europe::Berlin;
        let column = text(&["2026-07-01 12:00:00", "2026-03-29 02:30:00", "2026-10-25T02:30", "2026-01-02", "2026-01-02T00:00Z"]);
        let read = |i| column.instant(i, berlin).map(|t| t.to_rfc3339_opts(SecondsFormat::Secs, true));
        assert_eq!(read(0).as_deref(), Some("2026-07-01T10:00:00Z"));
        assert_eq!(read(1).as_deref(), Some("2026-03-29T01:30:00Z"));
        assert_eq!(read(2).as_deref(), Some("2026-10-25T00:30:00Z"));
        assert_eq!(read(3).as_deref(), Some("2026-01-01T23:00:00Z"));
        assert_eq!(read(4).as_deref(), Some("2026-01-02T00:00:00Z"));
    }

    #[test]
    fn infinity_is_shown_as_such_and_is_no_instant() {
        let column = Values::Local(vec![Some(NaiveDateTime::MAX), Some(NaiveDateTime::MIN)]);
        assert_eq!(column.text(0).as_deref(), Some("infinity"));
        assert_eq!(column.text(1).as_deref(), Some("-infinity"));
        assert_eq!([column.instant(0, chrono_tz::UTC), column.instant(1, chrono_tz::UTC)], [None, None]);
        assert_eq!(Values::Date(vec![Some(NaiveDate::MAX)]).instant(0, chrono_tz::Asia::Tokyo), None);
    }
}
