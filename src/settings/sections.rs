//! The sections that are whole or absent: what each holds once it is checked.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::keys::{AppKeys, InternalTlsKeys, Lenient, LimitKeys, OidcKeys, ProviderKeys, RateKeys, TlsKeys, TokenKeys};
use super::words::{Issuer, Meanings, Secret};
use crate::domain::{Role, Slug};

/// The most rows a file may have.
const MOST_EXPORTED: u64 = 5_000_000;

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

impl Oidc {
    /// Where the provider says what it is: beside the issuer, unless told otherwise.
    pub fn metadata(&self) -> String {
        match &self.metadata_url {
            Some(url) => url.to_string(),
            None => format!("{}/.well-known/openid-configuration", self.issuer.as_str().trim_end_matches('/')),
        }
    }
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

impl Default for Token {
    fn default() -> Token {
        let seconds = Duration::from_secs;
        Token { ttl: seconds(1200), app_ttl: seconds(60), key_lead: seconds(300) }
    }
}

/// Where the keys that sign tokens are.
#[derive(Clone, Debug)]
pub enum KeyProvider {
    /// In the central database, sealed.
    Database,
    /// In a file (PEM), one or several.
    File(PathBuf),
    /// In an Azure Key Vault, which signs itself.
    Vault(Box<Vault>),
}

/// An Azure Key Vault, and who we are there.
#[derive(Clone, Debug)]
pub struct Vault {
    /// `https://NAME.vault.azure.net/`.
    pub url: Url,
    /// The key's name.
    pub key: String,
    /// As what we come.
    pub identity: VaultIdentity,
}

/// As what we come to an Azure Key Vault.
#[derive(Clone, Debug)]
pub enum VaultIdentity {
    /// As an app registration with a secret.
    Secret {
        /// Where tokens for the vault are asked for: `https://login.microsoftonline.com/DIRECTORY`.
        authority: Url,
        /// Our client id there.
        client_id: String,
        /// What proves it.
        client_secret: Secret,
    },
    /// As an app registration that trusts this workload's own token (AKS workload identity).
    Workload {
        /// As above.
        authority: Url,
        /// As above.
        client_id: String,
        /// The file with the workload's token, read anew each time.
        token: PathBuf,
    },
    /// As the machine's own identity, through its metadata service.
    Managed {
        /// The service's address.
        service: Url,
        /// Which identity, where the machine has several.
        client_id: Option<String>,
    },
}

/// How often somebody may ask (DECISIONS 7). Whether sign-ins are counted is no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Rates {
    /// Whether callers and tenants are counted.
    pub enabled: bool,
    pub sign_in_per_minute: NonZeroU32,
    pub sign_in_burst: NonZeroU32,
    pub caller_per_second: NonZeroU32,
    pub caller_burst: NonZeroU32,
    pub tenant_per_second: NonZeroU32,
    pub tenant_burst: NonZeroU32,
}

/// How patient the listeners are, and how much they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long the head of a request may take.
    pub head: Duration,
    /// How long an answer may stand still.
    pub stall: Duration,
    /// Connections open at once on each listener.
    pub connections: usize,
    /// Connections open at once from one network; proxies that are trusted bring many people, so they are not counted.
    pub per_network: usize,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// How long a request's body may take to arrive.
    pub body: Duration,
    /// The most rows of a file.
    pub export_rows: u64,
}

/// How hosted apps are let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apps {
    /// Whether they are trusted code, which may act with its viewer's rights on our own origin.
    pub trusted: bool,
    /// The origin that is theirs alone, like `https://apps.example.com`.
    pub origin: Option<Url>,
    /// Whether tokens are injected at all.
    pub jwt_injection: bool,
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

/// Where a machine in Azure asks for tokens of its own identity: a link-local address, the same on every one.
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

fn need<T>(key: Option<Lenient<T>>, name: &str) -> Result<T, String> {
    key.map(|key| key.0).ok_or_else(|| format!("settings: {name} is missing: its section is whole or absent"))
}

fn or<T>(key: Option<Lenient<T>>, default: T) -> T {
    key.map_or(default, |key| key.0)
}

pub(super) fn rates(keys: RateKeys) -> Result<Rates, String> {
    let rate = |name: &str, key: Option<Lenient<u32>>, default: u32| {
        NonZeroU32::new(or(key, default)).ok_or_else(|| format!("settings: rate_limit.{name} must be at least 1"))
    };
    Ok(Rates {
        enabled: or(keys.enabled, true),
        sign_in_per_minute: rate("sign_in_per_minute", keys.sign_in_per_minute, 10)?,
        sign_in_burst: rate("sign_in_burst", keys.sign_in_burst, 20)?,
        caller_per_second: rate("caller_per_second", keys.caller_per_second, 50)?,
        caller_burst: rate("caller_burst", keys.caller_burst, 300)?,
        tenant_per_second: rate("tenant_per_second", keys.tenant_per_second, 500)?,
        tenant_burst: rate("tenant_burst", keys.tenant_burst, 1_000)?,
    })
}

pub(super) fn limits(keys: LimitKeys) -> Result<Limits, String> {
    fn within<T: PartialOrd + Display>(name: &str, value: T, least: T, most: T) -> Result<T, String> {
        match value >= least && value <= most {
            true => Ok(value),
            false => Err(format!("settings: limits.{name} must be {least} to {most}, not {value}")),
        }
    }
    Ok(Limits {
        head: Duration::from_secs(within("head_seconds", or(keys.head_seconds, 20), 1, 600)?),
        stall: Duration::from_secs(within("stall_seconds", or(keys.stall_seconds, 60), 1, 3_600)?),
        connections: within("connections", or(keys.connections, 10_000), 1, 1_000_000)?,
        per_network: within("connections_per_network", or(keys.connections_per_network, 1_000), 1, 1_000_000)?,
        body_bytes: within("body_bytes", or(keys.body_bytes, 1 << 20), 64 << 10, 1 << 30)?,
        body: Duration::from_secs(within("body_seconds", or(keys.body_seconds, 20), 1, 600)?),
        export_rows: within("export_rows", or(keys.export_rows, MOST_EXPORTED), 1, MOST_EXPORTED)?,
    })
}

pub(super) fn apps(keys: AppKeys) -> Result<Apps, String> {
    let origin = keys.origin.map(|key| key.0);
    if let Some(origin) = &origin {
        let bare = matches!(origin.scheme(), "http" | "https")
            && origin.has_host()
            && origin.path() == "/"
            && origin.query().is_none()
            && origin.fragment().is_none()
            && origin.username().is_empty()
            && origin.password().is_none();
        if !bare {
            return Err(format!("settings: apps.origin must be an origin alone, like https://apps.example.com, not {origin}"));
        }
    }
    Ok(Apps { trusted: or(keys.trusted, false), origin, jwt_injection: or(keys.jwt_injection, true) })
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

pub(super) fn provider(mut keys: ProviderKeys) -> Result<KeyProvider, String> {
    match or(keys.provider.take(), "database".to_owned()).as_str() {
        "database" => Ok(KeyProvider::Database),
        "file" => Ok(KeyProvider::File(need(keys.file, "keys.file")?)),
        "azure" => vault(keys).map(Box::new).map(KeyProvider::Vault),
        other => Err(format!("settings: keys.provider “{other}” is not database, file or azure")),
    }
}

fn vault(keys: ProviderKeys) -> Result<Vault, String> {
    let url = secure(need(keys.vault_url, "keys.vault_url")?, "keys.vault_url")?;
    let key = need(keys.vault_key, "keys.vault_key")?;
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(format!("settings: keys.vault_key “{key}” is no name of a key in a vault: letters, digits and -"));
    }
    let authority = |given| secure(need(given, "keys.vault_authority")?, "keys.vault_authority");
    let identity = match (keys.vault_client_secret, keys.vault_client_token_file) {
        (Some(_), Some(_)) => {
            return Err("settings: give keys.vault_client_secret or keys.vault_client_token_file, not both".to_owned());
        }
        (Some(secret), None) => VaultIdentity::Secret {
            authority: authority(keys.vault_authority)?,
            client_id: need(keys.vault_client_id, "keys.vault_client_id")?,
            client_secret: secret.0,
        },
        (None, Some(token)) => VaultIdentity::Workload {
            authority: authority(keys.vault_authority)?,
            client_id: need(keys.vault_client_id, "keys.vault_client_id")?,
            token: token.0,
        },
        (None, None) => VaultIdentity::Managed {
            service: METADATA.parse().map_err(|e| format!("{METADATA}: {e}"))?,
            client_id: keys.vault_client_id.map(|key| key.0),
        },
    };
    Ok(Vault { url, key, identity })
}

/// A vault, and who lets us into it, are asked over https alone, unless they are on this very machine.
fn secure(url: Url, name: &str) -> Result<Url, String> {
    let near = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() == "https" || near { Ok(url) } else { Err(format!("settings: {name} must begin with https://, not {url}")) }
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
