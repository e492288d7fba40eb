//! One id for one request: in the answer's header, in the error shown, in the log line, in the audit row.

use std::fmt;

use uuid::Uuid;

/// The id by which a request is found again in the log. Lower-case, hyphenated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CorrelationId(Uuid);

impl CorrelationId {
    /// A new one.
    pub fn new() -> CorrelationId {
        CorrelationId(Uuid::new_v4())
    }
}

impl Default for CorrelationId {
    fn default() -> Self {
        CorrelationId::new()
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
