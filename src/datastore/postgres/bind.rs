//! Values for PostgreSQL, in the type it expects of a parameter.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, PgTypeKind};
use sqlx::{Arguments, Encode, Postgres, Type};

use super::number;
use crate::datastore::Bind;
use crate::frame::{Moment, parse_time};

const TEXT: u32 = 25;

/// A value as its bytes on the wire; none for null.
struct Wire {
    info: PgTypeInfo,
    bytes: Option<Vec<u8>>,
}

impl Type<Postgres> for Wire {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(TEXT))
    }
}

impl Encode<'_, Postgres> for Wire {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let Some(bytes) = &self.bytes else { return Ok(IsNull::Yes) };
        buffer.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.info.clone())
    }
}

/// The values in the types PostgreSQL inferred; nothing where one does not fit.
pub(super) fn inferred(binds: &[Bind], types: &[PgTypeInfo]) -> Option<PgArguments> {
    if binds.len() != types.len() {
        return None;
    }
    let mut arguments = PgArguments::default();
    for (bind, info) in binds.iter().zip(types) {
        let bytes = if *bind == Bind::Null { None } else { Some(convert(bind, info)?) };
        arguments.add(Wire { info: info.clone(), bytes }).ok()?;
    }
    Some(arguments)
}

/// The values in their own types.
pub(super) fn own(binds: &[Bind], parameters: usize) -> Option<PgArguments> {
    let types = types(binds);
    (binds.len() == parameters).then(|| inferred(binds, &types)).flatten()
}

/// The values' own types.
pub(super) fn types(binds: &[Bind]) -> Vec<PgTypeInfo> {
    let oid = |bind: &Bind| match bind {
        Bind::Bool(_) => 16,
        Bind::Int(_) => 20,
        Bind::Float(_) => 701,
        Bind::Null | Bind::Text(_) => TEXT,
        Bind::Instant(_) => 1184,
        Bind::Local(_) => 1114,
    };
    binds.iter().map(|b| PgTypeInfo::with_oid(Oid(oid(b)))).collect()
}

/// Blanks that tell statements of different value types apart where they are remembered by text.
pub(super) fn signature(binds: &[Bind]) -> String {
    let mark = |bind: &Bind| match bind {
        Bind::Null | Bind::Text(_) => "  ",
        Bind::Bool(_) => " \t",
        Bind::Int(_) => " \n",
        Bind::Float(_) => "\t ",
        Bind::Instant(_) => "\n ",
        Bind::Local(_) => "\t\t",
    };
    binds.iter().map(mark).collect()
}

fn convert(bind: &Bind, info: &PgTypeInfo) -> Option<Vec<u8>> {
    let oid = info.oid()?.0;
    match bind {
        Bind::Null => None,
        Bind::Bool(b) => match oid {
            16 => Some(vec![u8::from(*b)]),
            _ => None,
        },
        Bind::Int(i) => int(*i, oid),
        Bind::Float(f) => float(*f, oid),
        Bind::Text(text) => from_text(text, oid, info),
        Bind::Instant(t) => match oid {
            1184 | 1114 => Some(micros(t.naive_utc())?),
            _ => None,
        },
        Bind::Local(t) => match oid {
            1114 => Some(micros(*t)?),
            _ => None,
        },
    }
}

fn int(value: i64, oid: u32) -> Option<Vec<u8>> {
    match oid {
        20 => Some(value.to_be_bytes().into()),
        21 => Some(i16::try_from(value).ok()?.to_be_bytes().into()),
        23 => Some(i32::try_from(value).ok()?.to_be_bytes().into()),
        700 | 701 if value.unsigned_abs() <= 1 << 53 => float(value as f64, oid),
        1700 => number::bytes(&value.to_string()),
        TEXT | 1042 | 1043 => Some(value.to_string().into()),
        _ => None,
    }
}

fn float(value: f64, oid: u32) -> Option<Vec<u8>> {
    match oid {
        701 => Some(value.to_be_bytes().into()),
        // A bound between two single floats must stay where it is.
        700 if f64::from(value as f32) == value => Some((value as f32).to_be_bytes().into()),
        1700 => number::bytes(&value.to_string()),
        _ => None,
    }
}

fn from_text(text: &str, oid: u32, info: &PgTypeInfo) -> Option<Vec<u8>> {
    match oid {
        TEXT | 18 | 19 | 114 | 1042 | 1043 => Some(text.into()),
        16 => Some(vec![u8::from(text.parse::<bool>().ok()?)]),
        20 | 21 | 23 => int(text.parse().ok()?, oid),
        700 | 701 => float(text.parse().ok()?, oid),
        1700 => number::bytes(text),
        2950 => Some(text.parse::<uuid::Uuid>().ok()?.as_bytes().to_vec()),
        1082 => match parse_time(text)? {
            Moment::Date(day) => Some(days(day)?),
            _ => None,
        },
        1114 | 1184 => match parse_time(text)? {
            Moment::Date(day) => micros(day.and_hms_opt(0, 0, 0)?),
            Moment::Local(t) => micros(t),
            Moment::Instant(t) => micros(t.naive_utc()),
        },
        // An enum and citext travel as their text.
        _ if matches!(info.kind(), PgTypeKind::Enum(_)) || sqlx::TypeInfo::name(info).eq_ignore_ascii_case("citext") => {
            Some(text.into())
        }
        _ => None,
    }
}

fn epoch() -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2000, 1, 1)
}

fn days(day: NaiveDate) -> Option<Vec<u8>> {
    let days = (day - epoch()?).num_days();
    Some(i32::try_from(days).ok()?.to_be_bytes().into())
}

fn micros(t: NaiveDateTime) -> Option<Vec<u8>> {
    let since: DateTime<Utc> = epoch()?.and_hms_opt(0, 0, 0)?.and_utc();
    Some((t.and_utc() - since).num_microseconds()?.to_be_bytes().into())
}
