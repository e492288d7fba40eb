//! Shapes that no derived type has: a value that may be null, a point of a line, a row of a table.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::panel::Stamp;

/// A value or null; the key is always there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nullable<T>(pub Option<T>);

impl<T> From<Option<T>> for Nullable<T> {
    fn from(value: Option<T>) -> Nullable<T> {
        Nullable(value)
    }
}

impl<T: Type> Type for Nullable<T> {
    const IS_REQUIRED: bool = true;
    type RawValueType = T::RawValueType;
    type RawElementValueType = T::RawElementValueType;

    fn name() -> Cow<'static, str> {
        format!("nullable_{}", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref().merge(MetaSchema { nullable: true, ..MetaSchema::ANY })
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&T::RawValueType> {
        self.0.as_ref().and_then(Type::as_raw_value)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a T::RawElementValueType> + 'a> {
        match &self.0 {
            Some(value) => value.raw_element_iter(),
            None => Box::new(std::iter::empty()),
        }
    }
}

impl<T: ParseFromJSON> ParseFromJSON for Nullable<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Option::<T>::parse_from_json(value).map(Nullable).map_err(ParseError::propagate)
    }
}

impl<T: ToJSON> ToJSON for Nullable<T> {
    fn to_json(&self) -> Option<Value> {
        self.0.to_json()
    }
}

macro_rules! typed {
    ($name:ident: $schema:expr) => {
        impl Type for $name {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new($schema))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(self.as_raw_value().into_iter())
            }
        }
    };
}

macro_rules! shaped {
    ($(#[$doc:meta])* $name:ident: $schema:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(pub Value);

        typed!($name: $schema);

        impl ParseFromJSON for $name {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                Ok($name(value.unwrap_or_default()))
            }
        }

        impl ToJSON for $name {
            fn to_json(&self) -> Option<Value> {
                Some(self.0.clone())
            }
        }
    };
}

fn of(kind: &'static str) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema::new(kind)))
}

fn pair(first: MetaSchema) -> MetaSchema {
    let second = MetaSchemaRef::Inline(Box::new(MetaSchema { nullable: true, ..MetaSchema::new("number") }));
    let either = MetaSchema { any_of: vec![MetaSchemaRef::Inline(Box::new(first)), second], ..MetaSchema::ANY };
    MetaSchema {
        items: Some(Box::new(MetaSchemaRef::Inline(Box::new(either)))),
        min_items: Some(2),
        max_items: Some(2),
        ..MetaSchema::new("array")
    }
}

/// A point of a line: when, and how much (null where nothing was measured).
#[derive(Clone, Debug, PartialEq)]
pub struct Point(pub DateTime<Utc>, pub Option<f64>);

typed! {
    Point: MetaSchema {
        description: Some("When (RFC 3339, UTC), and how much; null where nothing was measured."),
        example: Some(json!(["2026-11-20T14:05:00Z", 42.5])),
        ..pair(MetaSchema::new_with_format("string", "date-time"))
    }
}

impl ParseFromJSON for Point {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let (at, value) = serde_json::from_value(value.unwrap_or_default()).map_err(ParseError::custom)?;
        Ok(Point(at, value))
    }
}

impl ToJSON for Point {
    fn to_json(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }
}

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (Stamp::of(self.0).as_str(), self.1).serialize(to)
    }
}

impl<T: Serialize> Serialize for Nullable<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

shaped! {
    /// A bar: what it stands for (a category, or the start of its time), and how long it is.
    BarPoint: MetaSchema {
        description: Some("What the bar stands for (a category, or the start of its time), and its length."),
        example: Some(json!(["web-1", 12])),
        ..pair(scalar())
    }
}

shaped! {
    /// Any single value: a number, a text, true or false; null where the database has none.
    Scalar: scalar()
}

shaped! {
    /// A row of a table, by the names of its columns.
    Row: MetaSchema {
        description: Some("A row: each value under the name of its column. Times are RFC 3339 in UTC; a number that JSON's readers would round is text."),
        additional_properties: Some(Box::new(MetaSchemaRef::Inline(Box::new(MetaSchema::ANY)))),
        ..MetaSchema::new("object")
    }
}

shaped! {
    /// What a filter is set to: a text, or several.
    FilterValue: MetaSchema {
        any_of: vec![
            of("string"),
            MetaSchemaRef::Inline(Box::new(MetaSchema { items: Some(Box::new(of("string"))), ..MetaSchema::new("array") })),
        ],
        ..MetaSchema::ANY
    }
}

shaped! {
    /// Whatever a custom endpoint says.
    Words: MetaSchema { description: Some("What the endpoint says, as JSON."), ..MetaSchema::ANY }
}

fn scalar() -> MetaSchema {
    MetaSchema { nullable: true, any_of: vec![of("number"), of("string"), of("boolean")], ..MetaSchema::ANY }
}
