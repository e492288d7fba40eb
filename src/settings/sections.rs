//! The sections that are whole or absent: what each holds once it is checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::keys::{InternalTlsKeys, Lenient, OidcKeys, ProviderKeys, TlsKeys, TokenKeys};
use super::words::{Issuer, Meanings, Secret};
use crate::domain::{Role, Slug};

/// The identity provider people sign in with.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// Its issuer, to the letter.
    pub issuer: Issuer,
    /// Where its metadata is, where that is not beside the issuer.
    pub metadata_url: Option<Url>,
    /// Under which id it knows this installation.
    pub client_id: String,
    /// What proves that; none for a public client.
    pub client_secret: Option<Secret>,
    /// What is asked for, `openid` among it.
    pub scopes: Vec<String>,
    /// What it is called on the sign-in page.
    pub label: String,
    /// The authority of its certificate, where that is one of the company's own (PEM).
    pub ca: Option<PathBuf>,
    /// The policy that must have made a token (`tfp`), where several share the issuer.
    pub policy: Option<String>,
    /// Whether it hands out verified addresses alone, without saying so.
    pub trust_emails: bool,
    /// The claim by which an account is known.
    pub subject_claim: String,
    /// The claim with roles; a name, or a path of names with dots between.
    pub roles_claim: String,
    /// The role of those who run the installation.
    pub operator_role: String,
    /// The role of programs that may use the internal API.
    pub machine_role: Option<String>,
    /// The claim with tenants; a name, or a path of names with dots between.
    pub tenants_claim: String,
    /// What values of that claim mean that are no slugs.
    pub tenants: BTreeMap<String, Vec<(Slug, Role)>>,
    /// The audience of access tokens that are taken as credentials.
    pub audience: Option<String>,
}

/// How long tokens are good for, and when a new key begins to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Exchanged tokens, 15 to 30 minutes.
    pub ttl: Duration,
    /// Tokens for hosted apps.
    pub app_ttl: Duration,
    /// From publishing a new key to signing with it.
    pub key_lead: Duration,
}

/// Where the keys that sign tokens are.
#[derive(Clone, Debug)]
pub enum KeyProvider {
    /// In the central database, sealed.
    Database,
    /// One key in a file (PEM).
    File(PathBuf),
    /// In an Azure Key Vault, which signs itself.
    Vault(Vault),
}

/// An Azure Key Vault, and who we are there.
#[derive(Clone, Debug)]
pub struct Vault {
    /// `https://NAME.vault.azure.net/`.
    pub url: Url,
    /// The key's name.
    pub key: String,
    /// Where tokens for the vault are asked for: `https://login.microsoftonline.com/TENANT/`.
    pub authority: Url,
    /// Our client id there.
    pub client_id: String,
    /// What proves it.
    pub client_secret: Secret,
}

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and those above it (PEM).
    pub cert: PathBuf,
    /// The key (PEM).
    pub key: PathBuf,
}

/// The same for the internal listener, and who signs the certificates of its callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InternalTls {
    /// The server's own.
    pub own: Tls,
    /// The authority of its callers' certificates (PEM).
    pub client_ca: Option<PathBuf>,
}

fn need<T>(key: Option<Lenient<T>>, name: &str) -> Result<T, String> {
    key.map(|key| key.0).ok_or_else(|| format!("settings: {name} is missing: its section is whole or absent"))
}

fn or<T>(key: Option<Lenient<T>>, default: T) -> T {
    key.map_or(default, |key| key.0)
}

pub(super) fn oidc(keys: OidcKeys) -> Result<Option<Oidc>, String> {
    if keys.is_empty() {
        return Ok(None);
    }
    let scopes = or(keys.scopes, "openid email profile".to_owned());
    let mut scopes: Vec<String> = scopes.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if !scopes.iter().any(|scope| scope == "openid") {
        scopes.insert(0, "openid".to_owned());
    }
    let oidc = Oidc {
        issuer: need(keys.issuer, "oidc.issuer")?,
        metadata_url: keys.metadata_url.map(|key| key.0),
        client_id: need(keys.client_id, "oidc.client_id")?,
        client_secret: keys.client_secret.map(|key| key.0),
        scopes,
        label: or(keys.label, "your company account".to_owned()),
        ca: keys.ca.map(|key| key.0),
        policy: keys.policy.map(|key| key.0),
        trust_emails: or(keys.trust_emails, false),
        subject_claim: or(keys.subject_claim, "sub".to_owned()),
        roles_claim: or(keys.roles_claim, "roles".to_owned()),
        operator_role: or(keys.operator_role, "loggia-operator".to_owned()),
        machine_role: keys.machine_role.map(|key| key.0),
        tenants_claim: or(keys.tenants_claim, "tenants".to_owned()),
        tenants: or(keys.tenants, Meanings::default()).0,
        audience: keys.audience.map(|key| key.0),
    };
    if oidc.audience.as_ref() == Some(&oidc.client_id) {
        return Err("settings: oidc.audience is the client's own id: an id token would pass for an access token".to_owned());
    }
    if oidc.metadata_url.as_ref().is_some_and(|url| url.scheme() != "https" && oidc.issuer.as_str().starts_with("https:")) {
        return Err("settings: oidc.metadata_url is not https, and the issuer is".to_owned());
    }
    Ok(Some(oidc))
}

pub(super) fn token(keys: TokenKeys) -> Result<Token, String> {
    let within = |name: &str, seconds: u64, least: u64, most: u64| match seconds {
        _ if (least..=most).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("settings: token.{name} must be {least} to {most}, not {seconds}")),
    };
    Ok(Token {
        ttl: within("ttl_seconds", or(keys.ttl_seconds, 1200), 900, 1800)?,
        app_ttl: within("app_ttl_seconds", or(keys.app_ttl_seconds, 60), 5, 600)?,
        key_lead: within("key_lead_seconds", or(keys.key_lead_seconds, 300), 0, 86_400)?,
    })
}

pub(super) fn provider(keys: ProviderKeys) -> Result<KeyProvider, String> {
    match or(keys.provider, "database".to_owned()).as_str() {
        "database" => Ok(KeyProvider::Database),
        "file" => Ok(KeyProvider::File(need(keys.file, "keys.file")?)),
        "azure" => Ok(KeyProvider::Vault(Vault {
            url: need(keys.vault_url, "keys.vault_url")?,
            key: need(keys.vault_key, "keys.vault_key")?,
            authority: need(keys.vault_authority, "keys.vault_authority")?,
            client_id: need(keys.vault_client_id, "keys.vault_client_id")?,
            client_secret: need(keys.vault_client_secret, "keys.vault_client_secret")?,
        })),
        other => Err(format!("settings: keys.provider “{other}” is not database, file or azure")),
    }
}

pub(super) fn tls(keys: TlsKeys) -> Result<Option<Tls>, String> {
    if keys.cert.is_none() && keys.key.is_none() {
        return Ok(None);
    }
    Ok(Some(Tls { cert: need(keys.cert, "tls.cert")?, key: need(keys.key, "tls.key")? }))
}

pub(super) fn internal_tls(keys: InternalTlsKeys) -> Result<Option<InternalTls>, String> {
    if keys.cert.is_none() && keys.key.is_none() && keys.client_ca.is_none() {
        return Ok(None);
    }
    let own = Tls { cert: need(keys.cert, "internal_tls.cert")?, key: need(keys.key, "internal_tls.key")? };
    Ok(Some(InternalTls { own, client_ca: keys.client_ca.map(|key| key.0) }))
}
