//! The kinds of values that stand in the files, each with its rule and the rule's schema.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use chrono::TimeDelta;
use chrono_tz::Tz;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Unexpected, Visitor};

use crate::config::Secret;
use crate::domain::{Key, Moment, Slug};
use crate::yaml::nearest;

/// Something written as one word of text.
pub trait Written: Sized {
    /// Reads it, or says in the author's words what is wrong.
    ///
    /// # Errors
    /// A sentence about the text.
    fn read(text: &str) -> Result<Self, String>;

    /// Its schema.
    fn schema() -> Schema;
}

/// A value of type `T` as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<T>(pub T);

impl<'de, T: Written> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Word<T>, D::Error> {
        struct Text<T>(PhantomData<T>);
        impl<T: Written> Visitor<'_> for Text<T> {
            type Value = Word<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Word<T>, E> {
                T::read(text).map(Word).map_err(E::custom)
            }
        }
        from.deserialize_str(Text(PhantomData))
    }
}

impl<T: Written> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        "Word".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        T::schema()
    }
}

impl Written for Key {
    fn read(text: &str) -> Result<Key, String> {
        text.parse()
    }
    fn schema() -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,63}$", "not": {"const": "dashboard"}})
    }
}

impl Written for Slug {
    fn read(text: &str) -> Result<Slug, String> {
        text.parse()
    }
    fn schema() -> Schema {
        json_schema!({"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 63})
    }
}

impl Written for Tz {
    fn read(text: &str) -> Result<Tz, String> {
        text.parse().map_err(|_| match nearest(text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(meant) => format!("unknown time zone “{text}”; did you mean “{meant}”?"),
            None => format!("unknown time zone “{text}”; expected a name like Europe/Berlin or UTC"),
        })
    }
    fn schema() -> Schema {
        json_schema!({"type": "string", "examples": ["UTC", "America/New_York", "Europe/Berlin"]})
    }
}

impl Written for Moment {
    fn read(text: &str) -> Result<Moment, String> {
        Moment::parse(text)
    }
    fn schema() -> Schema {
        json_schema!({"type": "string", "examples": ["now-24h", "now/d", "2026-01-01"]})
    }
}

/// A title: some text, at most 200 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(pub String);

impl Written for Title {
    fn read(text: &str) -> Result<Title, String> {
        match text.trim() {
            "" => Err("this text is empty".to_owned()),
            long if long.chars().count() > 200 => Err("this text has more than 200 characters".to_owned()),
            text => Ok(Title(text.to_owned())),
        }
    }
    fn schema() -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": 200})
    }
}

/// A colour like `#3B82F6`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colour(pub String);

impl Written for Colour {
    fn read(text: &str) -> Result<Colour, String> {
        let digits = text.strip_prefix('#').unwrap_or_default();
        let good = matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if good { Ok(Colour(text.to_owned())) } else { Err(format!("“{text}” is not a colour like #3B82F6")) }
    }
    fn schema() -> Schema {
        json_schema!({"type": "string", "pattern": "^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$"})
    }
}

/// An address that begins with `http://` or `https://`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAddress(pub url::Url);

impl Written for WebAddress {
    fn read(text: &str) -> Result<WebAddress, String> {
        match url::Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(WebAddress(url)),
            _ => Err(format!("“{text}” is not an address like http://127.0.0.1:8050")),
        }
    }
    fn schema() -> Schema {
        json_schema!({"type": "string", "pattern": "^https?://."})
    }
}

/// An origin as a content security policy names it: `https://cdn.plot.ly`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(pub String);

impl Written for Source {
    fn read(text: &str) -> Result<Source, String> {
        let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "ws" | "wss"));
        let url = url.filter(|url| url.has_host() && url.path() == "/" && url.query().is_none() && url.username().is_empty());
        match url.filter(|url| url.password().is_none() && url.fragment().is_none()) {
            Some(url) => Ok(Source(url.as_str().trim_end_matches('/').to_owned())),
            None => Err(format!("“{text}” is not an origin like https://cdn.plot.ly")),
        }
    }
    fn schema() -> Schema {
        json_schema!({"type": "string", "pattern": "^(https?|wss?)://[^/]+/?$"})
    }
}

/// The name of a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieName(pub String);

impl Written for CookieName {
    fn read(text: &str) -> Result<CookieName, String> {
        let good = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if !text.is_empty() && text.len() <= 128 && text.bytes().all(good) {
            Ok(CookieName(text.to_owned()))
        } else {
            Err(format!("“{text}” is not a cookie’s name"))
        }
    }
    fn schema() -> Schema {
        json_schema!({"type": "string", "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$"})
    }
}

/// A number of bytes between `MIN` and `MAX`: `500kB`, `64MB`, `1GB`, or a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size<const MIN: u64, const MAX: u64>(pub u64);

/// The units of a size, in bytes.
const SIZES: [(&str, u64); 7] =
    [("b", 1), ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30)];

fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_lowercase();
    let unit = SIZES.iter().find(|(name, _)| *name == unit)?.1;
    digits.trim_end().parse::<u64>().ok()?.checked_mul(unit)
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Size<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Amount<const MIN: u64, const MAX: u64>;
        impl<const MIN: u64, const MAX: u64> Visitor<'_> for Amount<MIN, MAX> {
            type Value = Size<MIN, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a size like 500kB, 64MB or 1GB, from {MIN} to {MAX} bytes")
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                let inside = Some(value).filter(|value| (MIN..=MAX).contains(value));
                inside.map(Size).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                match u64::try_from(value) {
                    Ok(value) => self.visit_u64(value),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
                }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let inside = bytes(text).filter(|value| (MIN..=MAX).contains(value));
                inside.map(Size).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        from.deserialize_any(Amount)
    }
}

impl<const MIN: u64, const MAX: u64> JsonSchema for Size<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"oneOf": [
            {"type": "integer", "minimum": MIN, "maximum": MAX, "description": "bytes"},
            {"type": "string", "pattern": "^[0-9]+ ?([kKmMgG][iI]?)?[bB]$"}
        ]})
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounded<const MIN: u16, const MAX: u16>(pub u16);

impl<'de, const MIN: u16, const MAX: u16> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Whole<const MIN: u16, const MAX: u16>;
        impl<const MIN: u16, const MAX: u16> Visitor<'_> for Whole<MIN, MAX> {
            type Value = Bounded<MIN, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if MIN == MAX { write!(f, "{MIN}") } else { write!(f, "a whole number from {MIN} to {MAX}") }
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                let small = u16::try_from(value).ok().filter(|value| (MIN..=MAX).contains(value));
                small.map(Bounded).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                match u64::try_from(value) {
                    Ok(value) => self.visit_u64(value),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
                }
            }
        }
        from.deserialize_any(Whole)
    }
}

impl<const MIN: u16, const MAX: u16> JsonSchema for Bounded<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        "Bounded".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": MIN, "maximum": MAX})
    }
}

/// A length of time between `MIN` and `MAX` milliseconds: `500ms`, `5s`, `10m`, `6h`, `1d`, or whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period<const MIN: u64, const MAX: u64>(pub TimeDelta);

/// The units of a period, in milliseconds.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = UNITS.iter().find(|(unit, _)| *unit == &text[digits.len()..])?.1;
    digits.trim_end().parse::<u64>().ok()?.checked_mul(unit)
}

fn shown(milliseconds: u64) -> String {
    let unit = UNITS.iter().rev().find(|(_, length)| milliseconds.is_multiple_of(*length));
    unit.map_or_else(|| format!("{milliseconds}ms"), |(unit, length)| format!("{}{unit}", milliseconds / length))
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Period<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Length<const MIN: u64, const MAX: u64>;
        impl<const MIN: u64, const MAX: u64> Visitor<'_> for Length<MIN, MAX> {
            type Value = Period<MIN, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "whole seconds or a time like 30s, 5m or 6h, from {} to {}", shown(MIN), shown(MAX))
            }
            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Self::Value, E> {
                let inside = seconds.checked_mul(1_000).filter(|length| (MIN..=MAX).contains(length));
                let length = inside.and_then(|length| i64::try_from(length).ok()).map(TimeDelta::milliseconds);
                length.map(Period).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(seconds), &self))
            }
            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Self::Value, E> {
                match u64::try_from(seconds) {
                    Ok(seconds) => self.visit_u64(seconds),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(seconds), &self)),
                }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let inside = milliseconds(text).filter(|length| (MIN..=MAX).contains(length));
                let length = inside.and_then(|length| i64::try_from(length).ok()).map(TimeDelta::milliseconds);
                length.map(Period).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        from.deserialize_any(Length)
    }
}

impl<const MIN: u64, const MAX: u64> JsonSchema for Period<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"oneOf": [
            {"type": "integer", "minimum": MIN.div_ceil(1_000), "maximum": MAX / 1_000, "description": "seconds"},
            {"type": "string", "pattern": "^[0-9]+ ?(ms|s|m|h|d)$"}
        ]})
    }
}

/// A value that is plain text or comes from the environment or a file: `{ env: NAME }`, `{ file: PATH }`.
#[derive(Clone, Debug)]
pub struct SecretSpec(pub Secret);

const PLACES: &[&str] = &["env", "file"];

impl<'de> Deserialize<'de> for SecretSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<SecretSpec, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = SecretSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, { env: NAME } or { file: PATH }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretSpec, E> {
                Ok(SecretSpec(Secret::Plain(text.to_owned())))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSpec, A::Error> {
                let mut found = None;
                while let Some(key) = map.next_key::<String>()? {
                    found = match (key.as_str(), found) {
                        ("env", None) => Some(Secret::Env(map.next_value()?)),
                        ("file", None) => Some(Secret::File(map.next_value::<String>()?.into())),
                        ("env" | "file", Some(_)) => return Err(de::Error::custom("either `env` or `file`, not both")),
                        _ => return Err(de::Error::unknown_field(&key, PLACES)),
                    };
                }
                found.map(SecretSpec).ok_or_else(|| de::Error::custom("expected { env: NAME } or { file: PATH }"))
            }
        }
        from.deserialize_any(Either)
    }
}

impl JsonSchema for SecretSpec {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = |key: &str, description: &str| {
            serde_json::json!({
                "type": "object", "required": [key], "additionalProperties": false,
                "properties": {key: {"type": "string", "description": description}}
            })
        };
        let env = one("env", "The environment variable that holds it.");
        let file = one("file", "The file that holds it.");
        json_schema!({"oneOf": [{"type": "string"}, env, file]})
    }
}

/// A value that is read elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Anything, D::Error> {
        IgnoredAny::deserialize(from).map(|_| Anything)
    }
}

impl JsonSchema for Anything {
    fn schema_name() -> Cow<'static, str> {
        "Panel".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}
