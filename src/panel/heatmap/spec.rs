//! A heatmap as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::panel::spec::{AggregateWord, DataSource, QuerySpec, ThresholdSpec, spec};

spec! {
    /// A grid of cells: time from left to right, a row for each category or for each range of values.
    pub(in crate::panel) struct Spec {
        /// Where the readings come from.
        pub(super) data_source: DataSource<Columns>,
        /// Which of the rows; may stand inside `data_source` as well.
        #[serde(default)]
        pub(super) query: Option<QuerySpec>,
        /// What is done with the values of one cell: their mean unless said. Rows that are ranges of values count.
        #[serde(default)]
        pub(super) aggregate: Option<AggregateWord>,
        /// In place of a category: where ranges of the value begin, ascending. Each is a row, whose cells count readings.
        #[serde(default)]
        pub(super) value_buckets: Option<Vec<f64>>,
        /// How it is drawn.
        #[serde(default)]
        pub(super) display: Display,
    }
}

/// Which columns hold what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(in crate::panel) struct Columns {
    /// When.
    pub(super) timestamp: String,
    /// How much.
    pub(super) value: String,
    /// Whose reading it is: one row for each.
    #[serde(default)]
    pub(super) category: Option<String>,
}

/// How a heatmap is drawn.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(in crate::panel) struct Display {
    /// What the rows are.
    #[serde(default)]
    pub(super) y_axis_label: Option<String>,
    /// The most categories, those with the highest values first.
    #[serde(default)]
    #[schemars(range(min = 1, max = 60))]
    pub(super) most: Option<usize>,
    /// Ends of the scale, lowest first; `null` for an end that follows the data.
    #[serde(default)]
    pub(super) scale_range: Option<(Option<f64>, Option<f64>)>,
    /// Where the steps of the scale begin, in words and colours of your own; without them the steps are round.
    #[serde(default)]
    pub(super) thresholds: Vec<ThresholdSpec>,
    /// The unit of the values: `percent`, `bytes`, `bytes/s`, `s`, `ms`, `short`, `ratio`, `currency:EUR`, or any text.
    #[serde(default)]
    pub(super) unit: Option<String>,
    /// Decimals; without it what is sensible.
    #[serde(default)]
    #[schemars(range(max = 12))]
    pub(super) decimals: Option<u8>,
}
