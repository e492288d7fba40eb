//! A time series as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::panel::spec::{AggregateWord, DataSource, Ordered, QuerySpec, ThresholdSpec, spec};

spec! {
    /// Lines over time.
    pub(in crate::panel) struct Spec {
        /// Where the readings come from.
        pub(super) data_source: DataSource<Columns>,
        /// Which of the rows; may stand inside `data_source` as well.
        #[serde(default)]
        pub(super) query: Option<QuerySpec>,
        /// What a bucket of a longer range holds: their mean unless said.
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
    /// When.
    pub(super) timestamp: String,
    /// How much.
    pub(super) value: String,
    /// Whose reading it is: one line for each.
    #[serde(default)]
    pub(super) series_label: Option<String>,
}

/// How a time series is drawn.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(in crate::panel) struct Display {
    /// What the value axis counts.
    #[serde(default)]
    pub(super) y_axis_label: Option<String>,
    /// Ends of the value axis, lowest first; `null` for an end that follows the data.
    #[serde(default)]
    pub(super) y_axis_range: Option<(Option<f64>, Option<f64>)>,
    /// The colour of the first line, `#RRGGBB`.
    #[serde(default)]
    pub(super) line_color: Option<String>,
    /// The colour of single lines by their label.
    #[serde(default)]
    pub(super) series_colors: Option<Ordered<String>>,
    /// Whether the area under a line is tinted.
    #[serde(default)]
    pub(super) fill_area: bool,
    /// The unit: `percent`, `bytes`, `bytes/s`, `s`, `ms`, `short`, `ratio`, `currency:EUR`, or any text.
    #[serde(default)]
    pub(super) unit: Option<String>,
    /// Decimals; without it what is sensible.
    #[serde(default)]
    #[schemars(range(max = 12))]
    pub(super) decimals: Option<u8>,
    /// What happens where values are missing.
    #[serde(default)]
    pub(super) gaps: Option<GapsWord>,
    /// Limits drawn across the plot.
    #[serde(default)]
    pub(super) thresholds: Vec<ThresholdSpec>,
}

/// What happens where values are missing.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::panel) enum GapsWord {
    /// The line stops and starts again.
    Break,
    /// The line goes on to the next value.
    Connect,
    /// The line goes on, thin and dashed.
    Interpolate,
}
