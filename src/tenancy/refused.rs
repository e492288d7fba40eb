use crate::central;
use crate::error::{Error, FieldFault};

/// Why a change of the installation was not made.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What was sent has faults, each at its field.
    #[error("input with {} faults", .0.len())]
    Faults(Vec<FieldFault>),
    /// The tenant's file sets this, so only the file changes it.
    #[error("{field} is set by {file}")]
    Owned {
        /// The field.
        field: String,
        /// The file, relative to the tenants folder.
        file: String,
    },
    /// Somebody else has that.
    #[error("{field} is taken")]
    Taken {
        /// The field.
        field: &'static str,
        /// What is taken, in a sentence.
        why: String,
    },
    /// It was changed after the caller last saw it.
    #[error("changed meanwhile")]
    Stale,
    /// As things stand it cannot be done; the sentence says why.
    #[error("{0}")]
    NotNow(String),
    /// There is no such thing.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The central database did not do it.
    #[error(transparent)]
    Central(#[from] central::Error),
}

impl Refused {
    /// One fault.
    pub fn fault(field: impl Into<String>, message: impl Into<String>) -> Refused {
        Refused::Faults(vec![FieldFault { field: field.into(), message: message.into() }])
    }

    /// The sentence for who asked, where it is about what is there and not about what was sent.
    pub fn sentence(&self) -> Option<String> {
        match self {
            Refused::Owned { field, file } => Some(format!("“{field}” is set by the file {file}: change it there.")),
            Refused::Taken { why, .. } | Refused::NotNow(why) => Some(why.clone()),
            Refused::Stale => Some("Somebody changed it meanwhile: read it anew and try again.".to_owned()),
            _ => None,
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        match refused {
            Refused::Faults(faults) => Error::Invalid(faults),
            Refused::NotFound(what) => Error::NotFound(what),
            Refused::Central(cause) if cause.is_outage() => Error::unavailable(cause),
            Refused::Central(cause) => Error::Internal(anyhow::anyhow!("{cause}")),
            other => Error::Conflict(other.sentence().unwrap_or_default()),
        }
    }
}
