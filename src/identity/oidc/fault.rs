use openidconnect::{ClaimsVerificationError, RequestTokenError, StandardErrorResponse, core::CoreErrorResponseType};

use super::wire::Silence;
use crate::central::Error;

/// Why nobody was signed in by the provider. `Display` is for the log.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OidcError {
    /// The browser does not remember having been sent there, or that was too long ago.
    #[error("no sign-in was begun in this browser, or it took too long")]
    Stale,
    /// The person, or the provider, said no.
    #[error("the provider said no: {0}")]
    Declined(String),
    /// What came is not what this provider gave for this sign-in.
    #[error("not verified: {0}")]
    Unverified(String),
    /// The provider does not answer.
    #[error("the identity provider is silent: {0}")]
    Unreachable(String),
    /// It vouches for no e-mail address, and the person has no account yet.
    #[error("no verified e-mail address for the subject “{0}”")]
    NoAddress(String),
    /// There is an account with this address that is not theirs to take over.
    #[error("the address {0} belongs to another account")]
    Taken(String),
    /// Their account is switched off.
    #[error("the account {0} is inactive")]
    Inactive(String),
    /// The central database could not be asked.
    #[error(transparent)]
    Unavailable(Error),
}

impl From<Silence> for OidcError {
    fn from(silence: Silence) -> OidcError {
        OidcError::Unreachable(silence.0)
    }
}

impl From<Error> for OidcError {
    fn from(error: Error) -> OidcError {
        OidcError::Unavailable(error)
    }
}

impl From<ClaimsVerificationError> for OidcError {
    fn from(error: ClaimsVerificationError) -> OidcError {
        let text = match &error {
            ClaimsVerificationError::SignatureVerification(cause) => format!("the signature: {cause}"),
            other => other.to_string(),
        };
        OidcError::Unverified(text)
    }
}

/// What the token endpoint answers instead of tokens.
pub(super) type TokenFault = RequestTokenError<Silence, StandardErrorResponse<CoreErrorResponseType>>;

impl From<TokenFault> for OidcError {
    fn from(fault: TokenFault) -> OidcError {
        match fault {
            RequestTokenError::ServerResponse(said) => match said.error() {
                CoreErrorResponseType::InvalidGrant => OidcError::Declined(said.to_string()),
                // our own id or secret is wrong: that ends nobody's session, and says nothing of the visitor
                _ => OidcError::Unreachable(format!("the token endpoint refuses this installation: {said}")),
            },
            RequestTokenError::Request(silence) => silence.into(),
            RequestTokenError::Parse(cause, _) => OidcError::Unverified(format!("the token answer cannot be read: {cause}")),
            RequestTokenError::Other(cause) => OidcError::Unverified(cause),
        }
    }
}
