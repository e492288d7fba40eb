//! Why a query gave no frame, for the log and in the visitor's words.

use std::time::Duration;

/// Why a query gave no frame. `Display` is for the log and for authors; visitors get `words()`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection could be made.
    #[error("the tenant's database cannot be reached: {0}")]
    Unreachable(String),
    /// All connections were busy.
    #[error("all connections to the tenant's database are busy")]
    Busy,
    /// The statement ran into its time limit.
    #[error("the tenant's database did not answer within {0:?}")]
    TimedOut(Duration),
    /// The database refused the statement (no such table or column, no right, a wrong type).
    #[error("the tenant's database refused the query: {0}")]
    Refused(String),
    /// The breaker is open: it failed lately and is being left alone until then.
    #[error("the tenant's database failed lately; the next try is in {0:?}")]
    Resting(Duration),
}

impl Failure {
    /// What happened, in one sentence for a visitor; holds nothing internal.
    pub fn words(&self) -> String {
        match self {
            Failure::Unreachable(_) => "The tenant's database cannot be reached.".into(),
            Failure::Busy => "The tenant's database is busy. Try again in a moment.".into(),
            Failure::TimedOut(limit) => format!("The tenant's database did not answer within {}.", seconds(*limit)),
            Failure::Refused(_) => "The tenant's database refused the query of this panel.".into(),
            Failure::Resting(_) => "The tenant's database cannot be reached at the moment. It is tried again shortly.".into(),
        }
    }

    /// Whether the database itself is away, rather than this one query at fault.
    pub fn is_outage(&self) -> bool {
        matches!(self, Failure::Unreachable(_) | Failure::Resting(_))
    }
}

fn seconds(limit: Duration) -> String {
    if limit.subsec_millis() == 0 {
        return format!("{} s", limit.as_secs());
    }
    format!("{} ms", limit.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_reads_what_happened_and_nothing_internal() {
        assert_eq!(Failure::TimedOut(Duration::from_secs(5)).words(), "The tenant's database did not answer within 5 s.");
        assert_eq!(Failure::TimedOut(Duration::from_millis(300)).words(), "The tenant's database did not answer within 300 ms.");
        for failure in [Failure::Refused("relation \"secret\"".into()), Failure::Unreachable("10.0.0.7:5432 secret".into())] {
            assert!(!failure.words().contains("secret"));
        }
    }
}
