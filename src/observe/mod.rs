//! What operators see: one JSON line an event, and every metric by name.

mod log;
mod metrics;

pub use log::{redacted, start_logging};
pub use metrics::{CallbackLabels, HttpLabels, Metrics, PanelLabels};
