//! What the files of several types of panel have in common, as it is written.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::domain::Role;
use crate::query;

/// The struct of a panel's file: the keys named, and before them those that every panel has.
macro_rules! spec {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($body:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
        $vis struct $name {
            /// The type of the panel.
            #[serde(rename = "type")]
            _kind: String,
            /// Its title.
            pub(in crate::panel) title: String,
            /// What it shows and how to read it: behind the title, and for those who cannot see a drawing.
            #[serde(default)]
            pub(in crate::panel) description: Option<String>,
            /// Seconds between two refreshes; without it the dashboard's.
            #[serde(default)]
            #[schemars(range(min = 1))]
            pub(in crate::panel) refresh_interval: Option<u32>,
            /// Seconds after which the newest row is too old and the panel says since when.
            #[serde(default)]
            #[schemars(range(min = 1))]
            pub(in crate::panel) stale_after: Option<u32>,
            /// Whether the page's time range narrows this panel; without it: where there is a time column.
            #[serde(default)]
            pub(in crate::panel) range: Option<$crate::panel::spec::RangeMode>,
            /// What opens when the panel is looked at closely.
            #[serde(default)]
            pub(in crate::panel) drill_down: Option<$crate::panel::spec::DrillDownSpec>,
            /// Who sees the panel: `viewer`, `admin` or `operator`, each with the roles above it; everybody, when it is left out.
            #[serde(default)]
            pub(in crate::panel) visible_to: Option<Vec<$crate::panel::spec::SeenBy>>,
            $($body)*
        }

        impl $name {
            /// The keys that every panel has, checked.
            pub(in crate::panel) fn common(&self, draft: &mut $crate::panel::draft::Draft<'_>) -> $crate::panel::Common {
                let common = draft.common(&self.title, self.description.as_deref(), self.refresh_interval, self.stale_after, self.drill_down);
                $crate::panel::Common { visible_to: draft.visible_to(self.visible_to.as_deref()), ..common }
            }
        }
    };
}
pub(super) use spec;

/// A role, where a file says who sees something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SeenBy {
    /// Everybody who may open the tenant.
    Viewer,
    /// Its administrators.
    Admin,
    /// Who runs the installation.
    Operator,
}

impl From<SeenBy> for Role {
    fn from(word: SeenBy) -> Role {
        match word {
            SeenBy::Viewer => Role::Viewer,
            SeenBy::Admin => Role::Admin,
            SeenBy::Operator => Role::Operator,
        }
    }
}

/// Whether the page's range narrows a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RangeMode {
    /// Rows of the page's range only.
    Follow,
    /// The same whatever the range.
    Ignore,
}

/// What opens when a panel is looked at closely.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub(super) struct DrillDownSpec {
    /// Whether the panel opens at all; it does unless this is false.
    #[serde(default)]
    pub(super) enabled: Option<bool>,
    /// Whether the rows behind the drawing stand below it; they do unless this is false.
    #[serde(default)]
    pub(super) show_table: Option<bool>,
    /// Whether every reading may be asked for in place of buckets; it may unless this is false.
    #[serde(default)]
    pub(super) disable_aggregation: Option<bool>,
}

/// Where a panel's rows come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(super) struct DataSource<C> {
    /// The table or view.
    pub(super) table: String,
    /// Which columns hold what.
    pub(super) columns: C,
    /// The zone of times that carry none, as `Europe/Berlin`; UTC without it.
    #[serde(default)]
    pub(super) timezone: Option<String>,
    /// How times are written in a column that has no type for them (SQLite).
    #[serde(default)]
    pub(super) time_format: Option<TimeFormat>,
    /// Which of the rows, and in which order; may stand beside `data_source` as well.
    #[serde(default)]
    pub(super) query: Option<QuerySpec>,
    /// Which filters of the dashboard act on which columns: `region: region_code`. An unset filter leaves every row.
    #[serde(default)]
    pub(super) filters: Ordered<String>,
}

/// How times are written where the database has no type for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TimeFormat {
    /// `2026-11-21T14:05:07Z`, `2026-11-21 14:05:07`, a plain date.
    Iso,
    /// Seconds since 1970.
    EpochS,
    /// Milliseconds since 1970.
    EpochMs,
}

impl From<TimeFormat> for query::TimeFormat {
    fn from(word: TimeFormat) -> query::TimeFormat {
        match word {
            TimeFormat::Iso => query::TimeFormat::Iso,
            TimeFormat::EpochS => query::TimeFormat::EpochSeconds,
            TimeFormat::EpochMs => query::TimeFormat::EpochMillis,
        }
    }
}

/// What is done with the values of one bucket, or of the whole range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum AggregateWord {
    /// Their mean.
    Avg,
    /// Their sum.
    Sum,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// How many there are.
    Count,
    /// The newest.
    Last,
}

impl From<AggregateWord> for query::Aggregate {
    fn from(word: AggregateWord) -> query::Aggregate {
        match word {
            AggregateWord::Avg => query::Aggregate::Avg,
            AggregateWord::Sum => query::Aggregate::Sum,
            AggregateWord::Min => query::Aggregate::Min,
            AggregateWord::Max => query::Aggregate::Max,
            AggregateWord::Count => query::Aggregate::Count,
            AggregateWord::Last => query::Aggregate::Last,
        }
    }
}

/// A limit that means something.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(super) struct ThresholdSpec {
    /// From this value on.
    pub(super) value: f64,
    /// Its colour, `#RRGGBB`.
    #[serde(default)]
    pub(super) color: Option<String>,
    /// Its word.
    #[serde(default)]
    pub(super) label: Option<String>,
    /// How serious it is; without it told from the colour, else from its place in the list.
    #[serde(default)]
    pub(super) level: Option<LevelWord>,
}

/// How serious something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum LevelWord {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Needs somebody.
    Bad,
}

/// What a code means.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(super) struct StatusSpec {
    /// Its word.
    pub(super) label: String,
    /// Its colour, `#RRGGBB`.
    #[serde(default)]
    pub(super) color: Option<String>,
    /// How serious it is; without it told from the colour, else from its place in the list.
    #[serde(default)]
    pub(super) level: Option<LevelWord>,
}

/// Which rows: a condition, an order, a limit.
#[derive(Clone, Debug)]
pub(super) enum QuerySpec {
    /// `cond ORDER BY a DESC LIMIT 1`, each part optional.
    Whole(String),
    /// The same in parts.
    Parts(QueryParts),
}

/// A query in parts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryParts {
    /// A condition over the table's columns: `severity IN ('ERROR', 'CRITICAL')`.
    #[serde(default, rename = "where")]
    pub(super) condition: Option<String>,
    /// Columns, each with `ASC` or `DESC`: `timestamp DESC, id`.
    #[serde(default)]
    pub(super) order_by: Option<String>,
    /// How many rows at most.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(super) limit: Option<u32>,
}

impl<'de> Deserialize<'de> for QuerySpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<QuerySpec, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = QuerySpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a condition as text, or a map of where, order_by and limit")
            }

            fn visit_str<E>(self, text: &str) -> Result<QuerySpec, E> {
                Ok(QuerySpec::Whole(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<QuerySpec, A::Error> {
                QueryParts::deserialize(MapAccessDeserializer::new(map)).map(QuerySpec::Parts)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for QuerySpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Query".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let parts = generator.subschema_for::<QueryParts>();
        json_schema!({
            "description": "Which rows: a map of where, order_by and limit, or one text `cond ORDER BY … LIMIT n`.",
            "anyOf": [{ "type": "string" }, parts],
        })
    }
}

/// A map whose order means something.
#[derive(Clone, Debug)]
pub(super) struct Ordered<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ordered<T>, D::Error> {
        struct InOrder<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Ordered<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}
