//! What can go wrong between us and an app, in words for its viewer; the cause is for the log.

use crate::error::{AppFault, Error};
use crate::identity::KeyFault;

/// Why there is no answer of the app.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be reached, or it broke off.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It took too long to begin.
    #[error("no answer in time")]
    Late,
    /// It answered a document with a failure of its own.
    #[error("answered {0}")]
    Failed(u16),
    /// It refuses the token we made.
    #[error("refused our token with {0}")]
    RefusedToken(u16),
    /// It leads out of itself.
    #[error("leads to {0}, which is not in the app")]
    Astray(String),
    /// It leads round in circles.
    #[error("leads round in circles")]
    Circles,
    /// Too many requests to it are under way.
    #[error("too many requests are under way")]
    Busy,
    /// More was sent than it takes.
    #[error("a request larger than {0} bytes")]
    TooLarge(u64),
    /// No key signs at this moment.
    #[error(transparent)]
    Keys(#[from] KeyFault),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        let cause = fault.to_string();
        let what = match fault {
            Fault::Unreachable(_) => AppFault::Unreachable,
            Fault::Late => AppFault::Late,
            Fault::Failed(_) => AppFault::Failed,
            Fault::RefusedToken(_) => AppFault::RefusedToken,
            Fault::Astray(_) => AppFault::Astray,
            Fault::Circles => AppFault::Circles,
            Fault::Busy => AppFault::Busy,
            Fault::TooLarge(_) => return Error::TooLarge("The request is larger than this app takes"),
            Fault::Keys(_) => return Error::unavailable(cause),
        };
        Error::App { what, cause }
    }
}
