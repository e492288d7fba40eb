//! From PostgreSQL's binary values to columns; the reader is chosen once a column.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use uuid::Uuid;

use super::number;
use crate::frame::{Values, cut};

/// How a column's values are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    Date,
    Time,
    Local,
    Instant,
    Uuid,
    Json,
    Jsonb,
    /// Not known here: PostgreSQL is asked for its text.
    Cast,
    /// PostgreSQL is asked for it as JSON.
    Array,
}

impl Kind {
    /// By the fixed numbers of PostgreSQL's own types.
    pub(super) fn of(oid: u32) -> Kind {
        match oid {
            16 => Kind::Bool,
            20 => Kind::Int8,
            21 => Kind::Int2,
            23 => Kind::Int4,
            26 => Kind::Oid,
            700 => Kind::Float4,
            701 => Kind::Float8,
            1700 => Kind::Numeric,
            18 | 19 | 25 | 1042 | 1043 => Kind::Text,
            1082 => Kind::Date,
            1083 => Kind::Time,
            1114 => Kind::Local,
            1184 => Kind::Instant,
            2950 => Kind::Uuid,
            114 => Kind::Json,
            3802 => Kind::Jsonb,
            _ => Kind::Cast,
        }
    }
}

/// Collects one column.
pub(super) struct Sink {
    kind: Kind,
    pub(super) values: Values,
}

impl Sink {
    pub(super) fn new(kind: Kind) -> Sink {
        let values = match kind {
            Kind::Bool => Values::Bool(Vec::new()),
            Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid => Values::Int(Vec::new()),
            Kind::Float4 | Kind::Float8 => Values::Float(Vec::new()),
            Kind::Numeric => Values::Decimal(Vec::new()),
            Kind::Text | Kind::Time | Kind::Cast => Values::Text(Vec::new()),
            Kind::Date => Values::Date(Vec::new()),
            Kind::Local => Values::Local(Vec::new()),
            Kind::Instant => Values::Instant(Vec::new()),
            Kind::Uuid => Values::Uuid(Vec::new()),
            Kind::Json | Kind::Jsonb | Kind::Array => Values::Json(Vec::new()),
        };
        Sink { kind, values }
    }

    /// Adds a row's value; nothing when its bytes are not what its type promises.
    pub(super) fn push(&mut self, bytes: Option<&[u8]>) -> Option<()> {
        let kind = self.kind;
        match &mut self.values {
            Values::Bool(v) => v.push(read(bytes, |b| Some(*b.first()? != 0))?),
            Values::Int(v) => v.push(read(bytes, |b| int(kind, b))?),
            Values::Float(v) => v.push(read(bytes, |b| float(kind, b))?),
            Values::Decimal(v) => v.push(read(bytes, number::text)?),
            Values::Text(v) => v.push(read(bytes, |b| text(kind, b))?),
            Values::Date(v) => v.push(read(bytes, date)?),
            Values::Local(v) => v.push(read(bytes, local)?),
            Values::Instant(v) => v.push(read(bytes, instant)?),
            Values::Uuid(v) => v.push(read(bytes, |b| Uuid::from_slice(b).ok())?),
            Values::Json(v) => v.push(read(bytes, |b| json(kind, b))?),
        }
        Some(())
    }
}

/// A null stays a null; the outer `None` says that the bytes could not be read.
fn read<T>(bytes: Option<&[u8]>, decode: impl FnOnce(&[u8]) -> Option<T>) -> Option<Option<T>> {
    match bytes {
        None => Some(None),
        Some(bytes) => decode(bytes).map(Some),
    }
}

fn int(kind: Kind, bytes: &[u8]) -> Option<i64> {
    Some(match kind {
        Kind::Int2 => i16::from_be_bytes(bytes.try_into().ok()?).into(),
        Kind::Int4 => i32::from_be_bytes(bytes.try_into().ok()?).into(),
        Kind::Oid => u32::from_be_bytes(bytes.try_into().ok()?).into(),
        _ => i64::from_be_bytes(bytes.try_into().ok()?),
    })
}

fn float(kind: Kind, bytes: &[u8]) -> Option<f64> {
    if kind == Kind::Float8 {
        return Some(f64::from_be_bytes(bytes.try_into().ok()?));
    }
    // Through its shortest text, so that 0.1 stays 0.1 and does not grow a tail.
    f32::from_be_bytes(bytes.try_into().ok()?).to_string().parse().ok()
}

fn text(kind: Kind, bytes: &[u8]) -> Option<Box<str>> {
    if kind == Kind::Time {
        let micros = u64::try_from(i64::from_be_bytes(bytes.try_into().ok()?)).ok()?;
        let (seconds, rest) = (u32::try_from(micros / 1_000_000).ok()?, u32::try_from(micros % 1_000_000).ok()? * 1000);
        // 24:00 is a time of day in PostgreSQL alone.
        return match NaiveTime::from_num_seconds_from_midnight_opt(seconds, rest) {
            Some(time) => Some(time.format("%H:%M:%S%.f").to_string().into()),
            None => Some("24:00:00".into()),
        };
    }
    Some(cut(&String::from_utf8_lossy(bytes)))
}

/// Days since 2000; what lies beyond the calendar (infinity) is its end.
fn date(bytes: &[u8]) -> Option<NaiveDate> {
    let days = i32::from_be_bytes(bytes.try_into().ok()?);
    let epoch = NaiveDate::from_ymd_opt(2000, 1, 1)?;
    let end = if days > 0 { NaiveDate::MAX } else { NaiveDate::MIN };
    Some(epoch.checked_add_signed(TimeDelta::days(days.into())).unwrap_or(end))
}

/// Microseconds since 2000; what lies beyond the calendar (infinity) is its end.
fn local(bytes: &[u8]) -> Option<NaiveDateTime> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?);
    let epoch = NaiveDate::from_ymd_opt(2000, 1, 1)?.and_hms_opt(0, 0, 0)?;
    let end = if micros > 0 { NaiveDateTime::MAX } else { NaiveDateTime::MIN };
    if micros == i64::MAX || micros == i64::MIN {
        return Some(end);
    }
    Some(epoch.checked_add_signed(TimeDelta::microseconds(micros)).unwrap_or(end))
}

fn instant(bytes: &[u8]) -> Option<DateTime<Utc>> {
    local(bytes).map(|local| match local {
        NaiveDateTime::MAX => DateTime::<Utc>::MAX_UTC,
        NaiveDateTime::MIN => DateTime::<Utc>::MIN_UTC,
        local => local.and_utc(),
    })
}

fn json(kind: Kind, bytes: &[u8]) -> Option<serde_json::Value> {
    let bytes = if kind == Kind::Jsonb { bytes.split_first().filter(|(v, _)| **v == 1)?.1 } else { bytes };
    let text = String::from_utf8_lossy(bytes);
    // Deeper than the parser goes, or too large to keep: shown as its text.
    match serde_json::from_slice(bytes) {
        Ok(value) if bytes.len() <= 1 << 20 => Some(value),
        _ => Some(serde_json::Value::String(cut(&text).into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 16] = [
        Kind::Bool,
        Kind::Int2,
        Kind::Int4,
        Kind::Int8,
        Kind::Oid,
        Kind::Float4,
        Kind::Float8,
        Kind::Numeric,
        Kind::Text,
        Kind::Date,
        Kind::Time,
        Kind::Local,
        Kind::Instant,
        Kind::Uuid,
        Kind::Json,
        Kind::Jsonb,
    ];

    proptest::proptest! {
        #[test]
        fn no_bytes_on_the_wire_make_a_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..24)) {
            for kind in KINDS {
                let mut sink = Sink::new(kind);
                let read = sink.push(Some(&bytes)).is_some();
                assert_eq!(sink.values.len(), usize::from(read));
                let _ = sink.values.text(0);
                let _ = sink.values.instant(0, chrono_tz::America::New_York);
            }
        }
    }

    #[test]
    fn infinite_times_are_the_ends_of_the_calendar() {
        assert_eq!(date(&i32::MAX.to_be_bytes()), Some(NaiveDate::MAX));
        assert_eq!(local(&i64::MIN.to_be_bytes()), Some(NaiveDateTime::MIN));
        assert_eq!(instant(&i64::MAX.to_be_bytes()), Some(DateTime::<Utc>::MAX_UTC));
    }

    #[test]
    fn a_short_float_grows_no_tail() {
        assert_eq!(float(Kind::Float4, &0.1f32.to_be_bytes()), Some(0.1));
    }
}
