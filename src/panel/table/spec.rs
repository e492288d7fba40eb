//! A table as it is written.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use crate::panel::spec::{DataSource, Ordered, QuerySpec, StatusSpec, spec};

spec! {
    /// Rows.
    pub(in crate::panel) struct Spec {
        /// Where the rows come from.
        pub(super) data_source: DataSource<Columns>,
        /// Which of the rows; may stand inside `data_source` as well.
        #[serde(default)]
        pub(super) query: Option<QuerySpec>,
        /// How it is drawn.
        #[serde(default)]
        pub(super) display: Display,
    }
}

/// The columns shown, in their order.
#[derive(Clone, Debug)]
pub(in crate::panel) enum Columns {
    /// A list of columns, each with its name.
    List(Vec<ListedColumn>),
    /// A map from a column's name to how it is shown.
    Map(Ordered<Shown>),
}

/// A column in a list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(in crate::panel) struct ListedColumn {
    /// The column.
    pub(super) name: String,
    /// Its heading.
    #[serde(default)]
    pub(super) display: Option<String>,
    /// How its values are written: `text`, `number`, `datetime`, `date`, `time`, `percent`, `ratio`, `bytes`, `bytes/s`, `s`, `ms`, `short`, `currency:EUR`.
    #[serde(default)]
    pub(super) format: Option<String>,
    /// Text behind each number.
    #[serde(default)]
    pub(super) unit: Option<String>,
    /// Decimals; without it as the database has them.
    #[serde(default)]
    #[schemars(range(max = 12))]
    pub(super) decimals: Option<u8>,
    /// Where its values stand; numbers at the end, all else at the start unless said.
    #[serde(default)]
    pub(super) align: Option<AlignWord>,
    /// What its codes mean, the best first.
    #[serde(default)]
    pub(super) status_mapping: Option<Ordered<StatusSpec>>,
}

/// How a column in a map is shown.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::panel) struct ShownParts {
    /// Its heading.
    #[serde(default)]
    pub(super) display: Option<String>,
    /// How its values are written.
    #[serde(default)]
    pub(super) format: Option<String>,
    /// Text behind each number.
    #[serde(default)]
    pub(super) unit: Option<String>,
    /// Decimals; without it as the database has them.
    #[serde(default)]
    #[schemars(range(max = 12))]
    pub(super) decimals: Option<u8>,
    /// Where its values stand.
    #[serde(default)]
    pub(super) align: Option<AlignWord>,
    /// What its codes mean, the best first.
    #[serde(default)]
    pub(super) status_mapping: Option<Ordered<StatusSpec>>,
}

/// How a column in a map is shown: its heading alone, or more.
#[derive(Clone, Debug)]
pub(in crate::panel) struct Shown(ShownParts);

/// Where values stand in their column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::panel) enum AlignWord {
    /// At the start of the line.
    Left,
    /// At its end.
    Right,
}

/// How a table is drawn.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(in crate::panel) struct Display {
    /// Whether headings are links that sort; they are unless this is false.
    #[serde(default)]
    pub(super) sortable: Option<bool>,
    /// The column it is sorted by at first; without it the query's own order.
    #[serde(default)]
    pub(super) default_sort: Option<String>,
    /// Which way.
    #[serde(default)]
    pub(super) default_sort_order: Option<Direction>,
    /// Rows on a page; 25 unless said.
    #[serde(default)]
    #[schemars(range(min = 1, max = 500))]
    pub(super) pagination: Option<u32>,
    /// Whether there is a search over all columns; there is unless this is false.
    #[serde(default)]
    pub(super) search: Option<bool>,
    /// Whether there is a filter for each column; there is unless this is false.
    #[serde(default)]
    pub(super) filters: Option<bool>,
}

/// Which way rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::panel) enum Direction {
    /// The smallest first.
    Asc,
    /// The largest first.
    Desc,
}

impl Columns {
    /// The columns, each with the place where it is written.
    pub(super) fn into_list(self) -> Vec<(String, ListedColumn)> {
        match self {
            Columns::List(columns) => {
                let placed = columns.into_iter().enumerate();
                placed.map(|(i, column)| (format!("panel.data_source.columns[{i}]"), column)).collect()
            }
            Columns::Map(Ordered(columns)) => {
                let placed = columns.into_iter();
                placed.map(|(name, shown)| (format!("panel.data_source.columns.{name}"), shown.named(name))).collect()
            }
        }
    }
}

impl Shown {
    fn named(self, name: String) -> ListedColumn {
        let ShownParts { display, format, unit, decimals, align, status_mapping } = self.0;
        ListedColumn { name, display, format, unit, decimals, align, status_mapping }
    }
}

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Columns, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Columns;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of columns")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, columns: A) -> Result<Columns, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(columns)).map(Columns::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, columns: A) -> Result<Columns, A::Error> {
                Ordered::deserialize(MapAccessDeserializer::new(columns)).map(Columns::Map)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Columns {
    fn schema_name() -> Cow<'static, str> {
        "TableColumns".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = generator.subschema_for::<Vec<ListedColumn>>();
        let map = generator.subschema_for::<Ordered<Shown>>();
        json_schema!({ "anyOf": [list, map] })
    }
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shown, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Shown;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a heading as text, or a map of display, format and more")
            }

            fn visit_str<E>(self, heading: &str) -> Result<Shown, E> {
                Ok(Shown(ShownParts { display: Some(heading.to_owned()), ..ShownParts::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shown, A::Error> {
                ShownParts::deserialize(MapAccessDeserializer::new(map)).map(Shown)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Shown {
    fn schema_name() -> Cow<'static, str> {
        "ShownColumn".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let parts = generator.subschema_for::<ShownParts>();
        json_schema!({ "anyOf": [{ "type": "string" }, parts] })
    }
}
