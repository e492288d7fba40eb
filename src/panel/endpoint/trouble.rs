//! Why an endpoint gave nothing to show: for the log, and in the visitor's words.

use std::time::Duration;

use crate::datastore::Failure;

/// Why there is nothing to show. `Display` is for the log; visitors get `words()`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The tenant's database gave no answer.
    #[error(transparent)]
    Query(#[from] Failure),
    /// The endpoint says so itself, in the visitor's words.
    #[error("the endpoint says: {0}")]
    Says(String),
    /// There is no endpoint of that name.
    #[error("the endpoint “{0}” is not registered")]
    Unregistered(String),
    /// It took longer than it may.
    #[error("the endpoint did not answer within {0:?}")]
    TooSlow(Duration),
    /// It said more than it may, in bytes.
    #[error("the endpoint answered more than {0} bytes")]
    TooLarge(usize),
    /// It panicked.
    #[error("the endpoint panicked")]
    Panicked,
    /// Too many of them run already.
    #[error("too many endpoints are running")]
    Busy,
    /// The host is not on the list of the settings, or its address is a private one.
    #[error("{0} is no host that may be asked: {1}")]
    NotAllowed(String, &'static str),
    /// The other server could not be asked.
    #[error("{0} could not be asked: {1}")]
    Unreachable(String, String),
    /// The other server could not be told for whom it is asked: no key signs.
    #[error("there is no token for {0}: {1}")]
    NoToken(String, String),
    /// What came is not what the panel draws.
    #[error("the answer is not {0}: {1}")]
    NotThat(&'static str, String),
    /// The template cannot be filled with this answer.
    #[error("the template: {0}")]
    Template(String),
    /// The panel's own code failed.
    #[error("the panel could not be drawn")]
    Undrawn,
}

impl Trouble {
    /// What happened, in one sentence for a visitor; holds nothing internal.
    pub fn words(&self) -> String {
        match self {
            Trouble::Query(failure) => failure.words(),
            Trouble::Says(words) => words.clone(),
            Trouble::Unregistered(name) => format!("The endpoint “{name}” is not registered."),
            Trouble::TooSlow(limit) => format!("The endpoint of this panel did not answer within {} s.", limit.as_secs().max(1)),
            Trouble::TooLarge(_) => "The endpoint of this panel answered more than can be shown.".to_owned(),
            Trouble::Panicked => "The endpoint of this panel failed.".to_owned(),
            Trouble::Busy => "The server is busy with other panels of this kind. Try again in a moment.".to_owned(),
            Trouble::NotAllowed(host, _) => format!("{host} is not among the hosts this server may ask."),
            Trouble::Unreachable(host, _) => format!("{host} gave no answer."),
            Trouble::NoToken(host, _) => format!("{host} cannot be asked at this moment: this server has no token for it."),
            Trouble::NotThat(what, _) => format!("The endpoint of this panel answered something that is not {what}."),
            Trouble::Template(words) => format!("The template of this panel cannot be filled: {words}."),
            Trouble::Undrawn => "This panel could not be drawn.".to_owned(),
        }
    }
}
