//! What our tokens say, and reading it back.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// So much may the clocks of two replicas differ.
const SKEW: TimeDelta = TimeDelta::seconds(5);
/// Longer than any token we make.
const LONGEST: usize = 8 * 1_024;

/// What every token of ours says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Basics {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: Uuid,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
}

/// What a token says that is good for one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TenantClaims {
    #[serde(flatten)]
    pub(super) basics: Basics,
    /// The address of a person; none for a machine.
    pub(super) email: Option<String>,
    pub(super) role: String,
    pub(super) tenant_id: Uuid,
    pub(super) tenant: String,
    pub(super) env: Option<String>,
    pub(super) uc_catalog: Option<String>,
    /// Of a machine, the name it signs in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
}

/// What a machine client's own token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MachineClaims {
    #[serde(flatten)]
    pub(super) basics: Basics,
    pub(super) client_id: String,
    pub(super) scope: String,
}

/// Any of them: by its audience and what else it says.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Claims {
    Tenant(Box<TenantClaims>),
    Machine(Box<MachineClaims>),
}

impl Claims {
    pub(super) fn basics(&self) -> &Basics {
        match self {
            Claims::Tenant(claims) => &claims.basics,
            Claims::Machine(claims) => &claims.basics,
        }
    }
}

/// What can be told of a token before its signature is looked at: none of it is to be believed.
pub(super) struct Outside {
    /// Which key it says it was signed with.
    pub(super) kid: String,
    /// Who it says made it.
    pub(super) iss: String,
}

#[derive(Deserialize)]
struct Issuer {
    #[serde(default)]
    iss: String,
}

/// Looks at a token from outside.
///
/// # Errors
/// Why it cannot be one of ours or of any provider, in a few words for the log.
pub(super) fn look(token: &str) -> Result<Outside, String> {
    if token.len() > LONGEST {
        return Err("the token is too long".to_owned());
    }
    let header = jsonwebtoken::decode_header(token).map_err(|e| reason(&e))?;
    let Issuer { iss } = jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|e| reason(&e))?;
    Ok(Outside { kid: header.kid.ok_or("the token names no key")?, iss })
}

/// Reads a token: signature, issuer and time. For whom it was made is the caller's to check.
///
/// # Errors
/// What is wrong with it, in a few words for the log.
pub(super) fn read<T: DeserializeOwned>(token: &str, key: &DecodingKey, issuer: &str) -> Result<T, String> {
    let mut wanted = Validation::new(Algorithm::RS256);
    wanted.set_issuer(&[issuer]);
    wanted.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
    // times are told by our own clock, audiences by the caller
    (wanted.validate_exp, wanted.validate_nbf, wanted.validate_aud) = (false, false, false);
    Ok(jsonwebtoken::decode(token, key, &wanted).map_err(|e| reason(&e))?.claims)
}

impl Basics {
    /// Whether it is good at this moment.
    ///
    /// # Errors
    /// Why it is not.
    pub(super) fn good_at(&self, now: DateTime<Utc>) -> Result<(), String> {
        if now.timestamp() >= self.exp {
            return Err("the token has expired".to_owned());
        }
        if (now + SKEW).timestamp() < self.nbf.max(self.iat) {
            return Err("the token is not good yet".to_owned());
        }
        Ok(())
    }
}

fn reason(error: &jsonwebtoken::errors::Error) -> String {
    match error.kind() {
        ErrorKind::InvalidSignature => "the signature is not good".to_owned(),
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::UnsupportedAlgorithm => {
            "the token is not signed with RS256".to_owned()
        }
        ErrorKind::InvalidIssuer => "the token comes from another issuer".to_owned(),
        ErrorKind::MissingRequiredClaim(claim) => format!("the token lacks {claim}"),
        ErrorKind::Json(_) | ErrorKind::Base64(_) | ErrorKind::Utf8(_) | ErrorKind::InvalidToken => {
            "the token cannot be read".to_owned()
        }
        _ => "the token is not good".to_owned(),
    }
}
