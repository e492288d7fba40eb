//! Why and where reading stopped, before it is put into words.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::tree::Id;
use super::words;

/// Where reading failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    Node(Id),
    /// At the stand-in for a key missing in a map.
    Added(Id, &'static str),
}

/// Why reading failed.
#[derive(Debug)]
pub(super) enum Reason {
    Wrong(String),
    Missing(&'static str),
    UnknownKey(String, &'static [&'static str]),
    UnknownWord(String, &'static [&'static str]),
    Said(String),
}

/// One failure; its place is that of the innermost value that was being read.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) target: Option<Target>,
    pub(super) reason: Reason,
}

impl Failure {
    pub(super) fn new(reason: Reason) -> Failure {
        Failure { target: None, reason }
    }

    /// At `target`, unless a value inside it was the one.
    pub(super) fn at(mut self, target: Target) -> Failure {
        self.target.get_or_insert(target);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Said(message) => f.write_str(message),
            Reason::Wrong(wanted) => write!(f, "expected {wanted}"),
            Reason::Missing(key) => f.write_str(&words::missing(key)),
            Reason::UnknownKey(key, known) => f.write_str(&words::unknown_key(key, known)),
            Reason::UnknownWord(word, known) => f.write_str(&words::unknown_word(word, known)),
        }
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Failure {
        Failure::new(Reason::Said(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, wanted: &dyn Expected) -> Failure {
        Failure::new(Reason::Wrong(wanted.to_string()))
    }

    fn invalid_value(_: Unexpected<'_>, wanted: &dyn Expected) -> Failure {
        Failure::new(Reason::Wrong(wanted.to_string()))
    }

    fn invalid_length(_: usize, wanted: &dyn Expected) -> Failure {
        Failure::new(Reason::Wrong(wanted.to_string()))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Failure {
        Failure::new(Reason::UnknownWord(word.to_owned(), known))
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Failure {
        Failure::new(Reason::UnknownKey(key.to_owned(), known))
    }

    fn missing_field(key: &'static str) -> Failure {
        Failure::new(Reason::Missing(key))
    }
}
