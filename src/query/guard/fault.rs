//! What the guard says of a fragment it refuses.

/// What is allowed, at the end of a refusal.
pub(super) const ALLOWED: &str = "use columns, literals, AND, OR, NOT, comparison, IN, BETWEEN, LIKE, ILIKE, IS NULL, + - * / %, \
     interval '…', and lower, upper, trim, length, substr, coalesce, nullif, abs, round, floor, ceil, now";

/// What the guard says of a fragment it refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentFault {
    /// Offset in the fragment, in characters; 0 where it is not known.
    pub at: usize,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl FragmentFault {
    pub(super) fn new(at: usize, message: impl Into<String>) -> FragmentFault {
        FragmentFault { at, message: message.into() }
    }

    /// `what` is not allowed; what is.
    pub(super) fn refused(at: usize, what: &str) -> FragmentFault {
        FragmentFault::new(at, format!("{what} not allowed; {ALLOWED}"))
    }
}

impl std::fmt::Display for FragmentFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (at character {})", self.message, self.at + 1)
    }
}

impl std::error::Error for FragmentFault {}
