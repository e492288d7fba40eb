//! The health of services as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::panel::spec::{DataSource, Ordered, QuerySpec, StatusSpec, spec};

spec! {
    /// How each service is, the worst first.
    pub(in crate::panel) struct Spec {
        /// Where the checks come from.
        pub(super) data_source: DataSource<Columns>,
        /// Which of the rows; may stand inside `data_source` as well.
        #[serde(default)]
        pub(super) query: Option<QuerySpec>,
        /// How it is drawn.
        pub(super) display: Display,
    }
}

/// Which columns hold what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(in crate::panel) struct Columns {
    /// Who.
    pub(super) service_name: String,
    /// How it is: a code of `status_mapping`.
    pub(super) status_value: String,
    /// When that was seen: the newest row of a service counts.
    #[serde(default)]
    pub(super) timestamp: Option<String>,
    /// What was wrong, shown on hover and focus.
    #[serde(default)]
    pub(super) error_message: Option<String>,
}

/// How health is drawn.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(in crate::panel) struct Display {
    /// What each code means, the best first: a later one is worse.
    pub(super) status_mapping: Ordered<StatusSpec>,
}
