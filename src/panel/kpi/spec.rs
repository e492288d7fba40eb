//! A single number as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::panel::spec::{AggregateWord, DataSource, QuerySpec, ThresholdSpec, spec};

spec! {
    /// One number that matters.
    pub(in crate::panel) struct Spec {
        /// Where the number comes from.
        pub(super) data_source: DataSource<Columns>,
        /// Which of the rows; may stand inside `data_source` as well.
        #[serde(default)]
        pub(super) query: Option<QuerySpec>,
        /// What is done with all the values; without it the first row's is shown (the newest, with a timestamp).
        #[serde(default)]
        pub(super) aggregate: Option<AggregateWord>,
        /// The change against an earlier time, in words; needs a timestamp column.
        #[serde(default)]
        pub(super) trend: Option<Trend>,
        /// A small line beside the number; needs a timestamp column, and is drawn unless this is false where there is one.
        #[serde(default)]
        pub(super) spark: Option<bool>,
        /// How it is drawn.
        #[serde(default)]
        pub(super) display: Display,
    }
}

/// Which columns hold what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(in crate::panel) struct Columns {
    /// How much.
    pub(super) value: String,
    /// When: the number then follows the page's range.
    #[serde(default)]
    pub(super) timestamp: Option<String>,
}

/// What a number is compared with.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(in crate::panel) struct Trend {
    /// How long ago: `30m`, `6h`, `1d`, `1w`; without it as long as the page's range.
    #[serde(default)]
    pub(super) period: Option<String>,
}

/// How a number is drawn.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(in crate::panel) struct Display {
    /// The unit: `percent`, `bytes`, `bytes/s`, `s`, `ms`, `short`, `ratio`, `currency:EUR`, or any text.
    #[serde(default)]
    pub(super) unit: Option<String>,
    /// Decimals; without it what is sensible.
    #[serde(default)]
    #[schemars(range(max = 12))]
    pub(super) decimals: Option<u8>,
    /// States: the highest value that the number reaches gives its word and colour.
    #[serde(default)]
    pub(super) thresholds: Vec<ThresholdSpec>,
}
