//! `filters:` of a dashboard, as it is written.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::words::{Title, Word};
use crate::domain::Key;

/// One filter of a dashboard.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterSpec {
    /// Its name in addresses, behind `var-`, and in the panels' `data_source.filters`.
    pub id: Word<Key>,
    /// What it is called; without it, its id.
    pub label: Option<Word<Title>>,
    /// One value, several, or any text.
    #[serde(rename = "type")]
    pub kind: KindWord,
    /// What there is to choose from: a list, or a column's values.
    pub choices: Option<ChoicesSpec>,
    /// What is chosen at first: one value, or a list.
    #[serde(rename = "default")]
    pub initial: Option<Several>,
}

/// The types of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[allow(missing_docs)]
pub enum KindWord {
    Select,
    Multi,
    Text,
}

/// What there is to choose from.
#[derive(Debug)]
pub enum ChoicesSpec {
    /// These.
    Listed(Vec<String>),
    /// The values of a column.
    Column(ColumnSpec),
}

/// A column whose values are chosen from.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// The table or view.
    pub table: String,
    /// The column.
    pub column: String,
    /// Which rows: a condition over the table's columns.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// Filters that narrow the choices, each with its column here: `region: region_code`. A name alone is filter and column.
    pub depends_on: Option<DependsSpec>,
}

/// Filters that narrow the choices, each with its column.
#[derive(Debug)]
pub struct DependsSpec(pub Vec<(String, String)>);

/// One text, or a list of texts.
#[derive(Debug)]
pub struct Several(pub Vec<String>);

impl<'de> Deserialize<'de> for ChoicesSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<ChoicesSpec, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = ChoicesSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts, or a map of table and column")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<ChoicesSpec, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(ChoicesSpec::Listed)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ChoicesSpec, A::Error> {
                ColumnSpec::deserialize(MapAccessDeserializer::new(map)).map(ChoicesSpec::Column)
            }
        }
        from.deserialize_any(Either)
    }
}

impl JsonSchema for ChoicesSpec {
    fn schema_name() -> Cow<'static, str> {
        "Choices".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let column = generator.subschema_for::<ColumnSpec>();
        json_schema!({"anyOf": [{"type": "array", "items": {"type": "string"}, "minItems": 1}, column]})
    }
}

impl<'de> Deserialize<'de> for DependsSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<DependsSpec, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = DependsSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the id of a filter, or a map from filters to columns")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<DependsSpec, E> {
                Ok(DependsSpec(vec![(text.to_owned(), text.to_owned())]))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DependsSpec, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(DependsSpec(entries))
            }
        }
        from.deserialize_any(Either)
    }
}

impl JsonSchema for DependsSpec {
    fn schema_name() -> Cow<'static, str> {
        "DependsOn".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]})
    }
}

impl<'de> Deserialize<'de> for Several {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Several, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Several;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, or a list of texts")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Several, E> {
                Ok(Several(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Several, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Several)
            }
        }
        from.deserialize_any(Either)
    }
}

impl JsonSchema for Several {
    fn schema_name() -> Cow<'static, str> {
        "Several".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
    }
}
