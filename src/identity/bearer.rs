use super::{Identities, Identity};
use crate::central::Error;
use crate::domain::CorrelationId;

/// For whom a token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The public API and the pages: `loggia:api`.
    Api,
    /// The internal API: `loggia:internal`.
    Internal,
}

/// Why a bearer token was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not good; the words are for the log, the caller learns no more than that.
    #[error("{0}")]
    Bad(String),
    /// The central database could not be asked.
    #[error(transparent)]
    Unavailable(#[from] Error),
}

impl Identities {
    /// Who brings this token.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn bearer(&self, token: &str, audience: Audience, correlation: CorrelationId) -> Result<Identity, Refusal> {
        if let Some(identity) = self.provider_bearer(token, audience, correlation).await? {
            return Ok(identity);
        }
        Err(Refusal::Bad("no kind of token is known yet".to_owned()))
    }
}
