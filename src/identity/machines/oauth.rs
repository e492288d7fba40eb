use std::fmt;
use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::{Machine, hash};
use crate::central::Error;
use crate::central::audit::{About, Action};
use crate::central::machine_clients::{self, Stored};
use crate::domain::{Actor, ActorKind, CorrelationId};
use crate::identity::keys::KeyFault;
use crate::identity::{Credential, Identities, Identity, Scopes};

/// What a client brings to `POST /oauth/token` (RFC 6749, section 4.4).
#[derive(Clone, Copy, Default)]
pub struct ClientCredentials<'a> {
    /// The name it gives; none when its certificate alone tells who it is.
    pub client_id: Option<&'a str>,
    /// Its secret, if it brought one.
    pub secret: Option<&'a str>,
    /// The SHA-256 of the certificate it brought, in hex (RFC 8705), if it brought one.
    pub certificate: Option<&'a str>,
    /// The scopes it asks for, with spaces between; all it has when it asks for none.
    pub scope: Option<&'a str>,
}

impl fmt::Debug for ClientCredentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// A machine client's token.
#[derive(Clone)]
pub struct Granted {
    /// The token.
    pub access_token: String,
    /// For how many seconds it is good.
    pub expires_in: i64,
    /// What it may do.
    pub scopes: Scopes,
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// Why a machine client got no token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OAuthFault {
    /// `invalid_client`, 401: no such client, not its secret or certificate, or switched off. Which is for the log alone.
    #[error("invalid_client")]
    InvalidClient,
    /// `invalid_scope`, 400: it asked for a scope that it does not have, or that is none.
    #[error("invalid_scope")]
    InvalidScope(String),
    /// 503: the central database, or the place of the keys, does not answer.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<Error> for OAuthFault {
    fn from(error: Error) -> OAuthFault {
        OAuthFault::Unavailable(error.to_string())
    }
}

impl From<KeyFault> for OAuthFault {
    fn from(fault: KeyFault) -> OAuthFault {
        OAuthFault::Unavailable(fault.to_string())
    }
}

impl Identities {
    /// Gives a machine client its token for the internal API, ten minutes long. Audited as `sign_in` or `sign_in_failed`.
    ///
    /// # Errors
    /// See [`OAuthFault`].
    pub async fn client_credentials(
        &self,
        given: ClientCredentials<'_>,
        from: Option<IpAddr>,
        correlation: CorrelationId,
    ) -> Result<Granted, OAuthFault> {
        let Some(machine) = self.proven(&given).await? else {
            let label: String = given.client_id.unwrap_or("a certificate").chars().take(64).collect();
            tracing::info!(client_id = label, correlation_id = %correlation, "a machine client was turned away");
            let nobody = Actor::issue(ActorKind::Nobody, None, label, from, correlation);
            self.audit().sign_in_failed(&nobody, "client");
            return Err(OAuthFault::InvalidClient);
        };
        let scopes = wanted(&machine.scopes, given.scope)?;
        let minted = self.mint_for_machine(machine.id, &machine.client_id, &scopes).await?;
        self.note_use(&machine).await?;
        let credential = Credential::Machine { scopes: scopes.clone(), jti: minted.jti.clone() };
        let identity = Identity::machine(&machine, credential, correlation).seen_from(from);
        let about = About::target(&machine.client_id).with("scopes", scopes.to_string()).with("jti", minted.jti);
        self.audit().push(identity.actor(), Action::SignIn, about);
        Ok(Granted { access_token: minted.token, expires_in: minted.lasts.num_seconds(), scopes })
    }

    /// The machine client with this certificate (its SHA-256, in hex): what a connection with mutual TLS proves.
    /// None when nobody active has it.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn machine_by_certificate(&self, fingerprint: &str, correlation: CorrelationId) -> Result<Option<Identity>, Error> {
        let Some(machine) = self.certified(fingerprint).await?.filter(|machine| machine.active) else { return Ok(None) };
        self.note_use(&machine).await?;
        let jti = format!("certificate {}", fingerprint.chars().take(16).collect::<String>());
        let credential = Credential::Machine { scopes: machine.scopes.clone(), jti };
        Ok(Some(Identity::machine(&machine, credential, correlation)))
    }

    async fn certified(&self, fingerprint: &str) -> Result<Option<Machine>, Error> {
        let Ok(hex) = super::fingerprint(fingerprint) else { return Ok(None) };
        machine_clients::find_by_certificate(self.central(), &hex).await?.map(Machine::try_from).transpose()
    }

    /// The active client that proved who it is. An unknown one takes the same work as a wrong secret.
    async fn proven(&self, given: &ClientCredentials<'_>) -> Result<Option<Machine>, Error> {
        let by_certificate = match given.certificate {
            Some(fingerprint) if given.secret.is_none() => self.certified(fingerprint).await?,
            _ => None,
        };
        let machine = match (given.client_id, given.secret) {
            (Some(client_id), Some(secret)) => {
                let row = machine_clients::find_by_name(self.central(), client_id).await?;
                let fits = fits(row.as_ref(), secret, self.central().clock().now());
                row.filter(|_| fits).map(Machine::try_from).transpose()?
            }
            (Some(client_id), None) => by_certificate.filter(|machine| machine.client_id == client_id),
            (None, _) => by_certificate,
        };
        Ok(machine.filter(|machine| machine.active))
    }

    async fn note_use(&self, machine: &Machine) -> Result<(), Error> {
        let now = self.central().clock().now();
        let touch = machine_clients::touch(self.central(), machine.id, now);
        self.uses().note(&machine.id.to_string(), machine.last_used_at, now, touch).await?;
        Ok(())
    }
}

/// The scopes that are asked for, if the client has them all.
fn wanted(has: &Scopes, asked: Option<&str>) -> Result<Scopes, OAuthFault> {
    let Some(asked) = asked.filter(|text| !text.trim().is_empty()) else { return Ok(has.clone()) };
    let asked: Scopes = asked.parse().map_err(OAuthFault::InvalidScope)?;
    if let Some(scope) = asked.iter().find(|scope| !has.allow(scope)) {
        return Err(OAuthFault::InvalidScope(format!("the client does not have the scope {scope}")));
    }
    Ok(asked)
}

/// Whether this is the client's secret, or the one before while that is still good. The secrets are 256 random bits: a fast
/// hash keeps them, and comparing hashes gives nothing away that guessing could use.
fn fits(row: Option<&Stored>, secret: &str, now: DateTime<Utc>) -> bool {
    let given = hash(secret);
    let is = |hash: Option<&String>| hash.is_some_and(|hash| same(hash, &given));
    let before = |row: &Stored| row.previous_until.is_some_and(|until| now < until) && is(row.previous_secret_hash.as_ref());
    row.is_some_and(|row| is(row.secret_hash.as_ref()) | before(row))
}

/// Compares in the same time wherever they differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn hashes_are_compared_whole() {
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab") && same("", ""));
    }
}
