//! Bars as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::panel::spec::{AggregateWord, DataSource, Ordered, QuerySpec, spec};

spec! {
    /// Bars: one for each category, or for each stretch of time.
    pub(in crate::panel) struct Spec {
        /// Where the rows come from.
        pub(super) data_source: DataSource<Columns>,
        /// Which of the rows; may stand inside `data_source` as well.
        #[serde(default)]
        pub(super) query: Option<QuerySpec>,
        /// What is done with the values of one bar: their sum unless said.
        #[serde(default)]
        pub(super) aggregate: Option<AggregateWord>,
        /// How it is drawn.
        #[serde(default)]
        pub(super) display: Display,
    }
}

/// Which columns hold what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(in crate::panel) struct Columns {
    /// What each bar stands for; without it a bar is a stretch of time.
    #[serde(default)]
    pub(super) category: Option<String>,
    /// When: the page's range then narrows the bars.
    #[serde(default)]
    pub(super) timestamp: Option<String>,
    /// How much.
    pub(super) value: String,
    /// What parts a bar has, each in its colour.
    #[serde(default)]
    pub(super) series_label: Option<String>,
}

/// How bars are drawn.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(in crate::panel) struct Display {
    /// Whether the parts of a bar stand upon each other; else side by side.
    #[serde(default)]
    pub(super) stacked: bool,
    /// Whether bars lie: better for long names.
    #[serde(default)]
    pub(super) horizontal: bool,
    /// The most categories, the largest first; the others are counted below.
    #[serde(default)]
    #[schemars(range(min = 1, max = 60))]
    pub(super) most: Option<usize>,
    /// What the value axis counts.
    #[serde(default)]
    pub(super) y_axis_label: Option<String>,
    /// The colour of the first series, `#RRGGBB`.
    #[serde(default)]
    pub(super) line_color: Option<String>,
    /// The colour of single series by their label.
    #[serde(default)]
    pub(super) series_colors: Option<Ordered<String>>,
    /// The unit: `percent`, `bytes`, `s`, `ms`, `short`, `currency:EUR`, or any text.
    #[serde(default)]
    pub(super) unit: Option<String>,
    /// Decimals; without it what is sensible.
    #[serde(default)]
    #[schemars(range(max = 12))]
    pub(super) decimals: Option<u8>,
}
