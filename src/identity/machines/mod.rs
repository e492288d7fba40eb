//! Machine clients: programs with credentials of their own. An operator makes them; each has scopes, and a secret that is
//! shown once, or a certificate, or both.
//!
//! | to | call |
//! |---|---|
//! | make, list, change them | [`create`], [`list`], [`find`], [`update`], [`rotate_secret`], [`set_active`], [`remove`] |
//! | answer `POST /oauth/token` | [`super::Identities::client_credentials`] → [`Granted`] or an [`OAuthFault`] with its RFC 6749 word |
//! | know a caller by its certificate | [`super::Identities::machine_by_certificate`] |
//! | know a caller by its token | [`super::Identities::bearer`] with [`super::Audience::Internal`] |

mod oauth;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Scopes;
use crate::central::audit::{About, Action};
use crate::central::machine_clients::{self, Stored};
use crate::central::{Central, Change, Error, Page};
use crate::domain::Actor;

pub use oauth::{ClientCredentials, Granted, OAuthFault};

/// What every client id begins with.
const PREFIX: &str = "mc_";
/// What every secret begins with, so that a scanner of leaked secrets knows it.
const SECRET: &str = "lgs_";
/// The longest name.
const NAME: usize = 100;
/// How long the old secret is good after a rotation, unless the operator says otherwise.
pub const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// The longest it may be.
pub const LONGEST_OVERLAP: TimeDelta = TimeDelta::days(30);

/// A machine client, without what it proves itself by.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// The id.
    pub id: Uuid,
    /// The name it gives when it asks for a token.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The SHA-256 of its certificate, in hex, if it has one.
    pub certificate: Option<String>,
    /// Whether it has a secret.
    pub has_secret: bool,
    /// Until when the secret before the last rotation is good.
    pub previous_until: Option<DateTime<Utc>>,
    /// Whether it may do anything at all.
    pub active: bool,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
    /// When it was last changed: what [`update`] is given back.
    pub updated_at: DateTime<Utc>,
    /// When it last came, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl TryFrom<Stored> for Machine {
    type Error = Error;

    fn try_from(row: Stored) -> Result<Machine, Error> {
        Ok(Machine {
            id: row.id,
            client_id: row.client_id,
            name: row.name,
            scopes: row.scopes.parse().map_err(Error::Internal)?,
            certificate: row.certificate,
            has_secret: row.secret_hash.is_some(),
            previous_until: row.previous_until,
            active: row.active,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_used_at: row.last_used_at,
        })
    }
}

/// What an operator says of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The SHA-256 of its certificate, in hex or in pairs with colons; none or empty when it has none.
    pub certificate: Option<String>,
}

/// A secret that was just made: shown once, stored nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// The text to show.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// Why a client was not made or changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MachineFault {
    /// A field is not as it must be: which, and why.
    #[error("{field}: {why}")]
    Field {
        /// `name`, `scopes`, `certificate` or `overlap`.
        field: &'static str,
        /// What is wrong, in the words of the form.
        why: String,
    },
    /// Somebody else changed it since it was read; this is what it is now.
    #[error("somebody else changed it meanwhile")]
    Stale(Box<Machine>),
    /// There is no such client (any more).
    #[error("there is no such client")]
    Unknown,
    /// The central database did not do it.
    #[error(transparent)]
    Central(Error),
}

impl From<Error> for MachineFault {
    fn from(error: Error) -> MachineFault {
        match error {
            Error::Conflict { .. } => field("certificate", "another client has this certificate"),
            Error::NotFound(_) => MachineFault::Unknown,
            other => MachineFault::Central(other),
        }
    }
}

fn field(field: &'static str, why: impl Into<String>) -> MachineFault {
    MachineFault::Field { field, why: why.into() }
}

impl Draft {
    fn checked(self) -> Result<Draft, MachineFault> {
        let name: String = self.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
            return Err(field("name", format!("give it a name of at most {NAME} characters")));
        }
        if self.scopes.is_empty() {
            return Err(field("scopes", "a client without a scope may do nothing: choose one"));
        }
        let given = self.certificate.filter(|text| !text.trim().is_empty());
        let certificate = given.map(|text| fingerprint(&text)).transpose().map_err(|why| field("certificate", why))?;
        Ok(Draft { name, certificate, ..self })
    }
}

/// A certificate's SHA-256 as it is stored: 64 lower-case hex digits, whatever colons and capitals it was written with.
///
/// # Errors
/// When it is no SHA-256.
pub fn fingerprint(text: &str) -> Result<String, String> {
    let hex: String = text.trim().chars().filter(|c| *c != ':').map(|c| c.to_ascii_lowercase()).collect();
    if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(hex);
    }
    Err("it is the certificate's SHA-256: 64 hex digits (openssl x509 -fingerprint -sha256 -noout -in CERT)".to_owned())
}

/// Makes a client with a secret.
///
/// # Errors
/// See [`MachineFault`].
pub async fn create(central: &Central, actor: &Actor, draft: Draft) -> Result<(Machine, ClientSecret), MachineFault> {
    let draft = draft.checked()?;
    let secret = ClientSecret(random(SECRET, 32)?);
    let change = Change::open(central, actor).await?;
    let row = Stored {
        id: Uuid::now_v7(),
        client_id: random(PREFIX, 12)?,
        name: draft.name,
        secret_hash: Some(hash(&secret.0)),
        previous_secret_hash: None,
        previous_until: None,
        certificate: draft.certificate,
        scopes: draft.scopes.to_string(),
        active: true,
        created_at: change.at(),
        updated_at: change.at(),
        last_used_at: None,
    };
    machine_clients::create(&change, &row).await?;
    let about = About::target(&row.client_id).with("name", row.name.as_str()).with("scopes", row.scopes.as_str());
    change.commit(Action::CreateMachine, about).await?;
    Ok((row.try_into()?, secret))
}

/// The clients by name; `search` is looked for in names and client ids, pages count from 1 and hold at most 200.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn list(central: &Central, search: Option<&str>, page: u32, size: u32) -> Result<Page<Machine>, Error> {
    let page = machine_clients::list(central, search, page, size).await?;
    let items = page.items.into_iter().map(Machine::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, number: page.number, size: page.size, total: page.total })
}

/// One client.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(central: &Central, id: Uuid) -> Result<Option<Machine>, Error> {
    machine_clients::find(central, id).await?.map(Machine::try_from).transpose()
}

/// Changes name, scopes and certificate of a client that was read when it was last changed at `read`.
///
/// # Errors
/// [`MachineFault::Stale`] when somebody else changed it meanwhile; else see [`MachineFault`].
pub async fn update(
    central: &Central,
    actor: &Actor,
    id: Uuid,
    draft: Draft,
    read: DateTime<Utc>,
) -> Result<Machine, MachineFault> {
    let draft = draft.checked()?;
    let change = Change::open(central, actor).await?;
    let mut row = load(&change, id).await?;
    if row.updated_at != read {
        return Err(MachineFault::Stale(Box::new(row.try_into()?)));
    }
    (row.name, row.certificate, row.scopes) = (draft.name, draft.certificate, draft.scopes.to_string());
    machine_clients::update(&change, &row).await?;
    row.updated_at = change.at();
    let about = About::target(&row.client_id).with("name", row.name.as_str()).with("scopes", row.scopes.as_str());
    change.commit(Action::UpdateMachine, about).await?;
    Ok(row.try_into()?)
}

/// Gives a client another secret. The old one is good for `overlap` yet, so that a fleet can be moved over.
///
/// # Errors
/// See [`MachineFault`].
pub async fn rotate_secret(
    central: &Central,
    actor: &Actor,
    id: Uuid,
    overlap: TimeDelta,
) -> Result<(Machine, ClientSecret), MachineFault> {
    if overlap < TimeDelta::zero() || overlap > LONGEST_OVERLAP {
        return Err(field("overlap", format!("the old secret is good for at most {} days yet", LONGEST_OVERLAP.num_days())));
    }
    let secret = ClientSecret(random(SECRET, 32)?);
    let change = Change::open(central, actor).await?;
    let mut row = load(&change, id).await?;
    let keep = !overlap.is_zero() && row.secret_hash.is_some();
    row.previous_secret_hash = row.secret_hash.take().filter(|_| keep);
    row.previous_until = keep.then(|| change.at() + overlap);
    row.secret_hash = Some(hash(&secret.0));
    machine_clients::update(&change, &row).await?;
    row.updated_at = change.at();
    let about = About::target(&row.client_id).with("changed", "secret").with("overlap_minutes", overlap.num_minutes());
    change.commit(Action::UpdateMachine, about).await?;
    Ok((row.try_into()?, secret))
}

/// Lets a client do what it may, or nothing at all from this moment on.
///
/// # Errors
/// See [`MachineFault`].
pub async fn set_active(central: &Central, actor: &Actor, id: Uuid, active: bool) -> Result<Machine, MachineFault> {
    let change = Change::open(central, actor).await?;
    let mut row = load(&change, id).await?;
    row.active = active;
    machine_clients::update(&change, &row).await?;
    row.updated_at = change.at();
    change.commit(Action::UpdateMachine, About::target(&row.client_id).with("active", active)).await?;
    Ok(row.try_into()?)
}

/// Forgets a client; what it did stays in the audit.
///
/// # Errors
/// See [`MachineFault`].
pub async fn remove(central: &Central, actor: &Actor, id: Uuid) -> Result<(), MachineFault> {
    let change = Change::open(central, actor).await?;
    let row = load(&change, id).await?;
    machine_clients::delete(&change, id).await?;
    Ok(change.commit(Action::DeleteMachine, About::target(&row.client_id).with("name", row.name)).await?)
}

async fn load(change: &Change, id: Uuid) -> Result<Stored, MachineFault> {
    machine_clients::find(change, id).await?.ok_or(MachineFault::Unknown)
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

fn random(prefix: &str, bytes: usize) -> Result<String, Error> {
    let mut bits = vec![0_u8; bytes];
    OsRng.try_fill_bytes(&mut bits).map_err(|_| Error::Internal("the system has no randomness".to_owned()))?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits)))
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn a_fingerprint_is_taken_as_tools_print_it() {
        let hex = "ab".repeat(32);
        let pairs = vec!["AB"; 32].join(":");
        assert_eq!(fingerprint(&pairs), Ok(hex.clone()));
        assert_eq!(fingerprint(&format!(" {hex} ")), Ok(hex.clone()));
        for bad in ["", "ab", &hex[1..], &format!("{hex}0"), &"zz".repeat(32)] {
            assert!(fingerprint(bad).is_err(), "{bad}");
        }
    }
}
