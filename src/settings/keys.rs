//! The keys there are, as the file and the environment write them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use url::Url;

use super::words::{Cidrs, Env, Hosts, Issuer, LogFormat, Meanings, Secret};

/// Any scalar whose text `T` can read: numbers and switches come as text from the environment.
#[derive(Clone, Debug)]
pub(super) struct Lenient<T>(pub(super) T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(switch) => switch.to_string(),
            // a table of texts, or of lists of them, reads like the same in one text
            toml::Value::Table(pairs) => pairs.iter().map(|(key, value)| format!("{key}={}\n", commas(value))).collect(),
            other => return Err(serde::de::Error::custom(format!("expected one value, found {}", other.type_str()))),
        };
        text.parse().map(Lenient).map_err(|e: T::Err| serde::de::Error::custom(e.to_string()))
    }
}

/// A text, or several with commas between.
fn commas(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(list) => list.iter().map(commas).collect::<Vec<_>>().join(","),
        // no tenant's name: told where it is read
        other => other.type_str().to_owned(),
    }
}

macro_rules! sections {
    ($($section:literal $name:ident { $($key:ident: $type:ty),* $(,)? })*) => {
        $(#[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name { $(pub(super) $key: Option<Lenient<$type>>),* }

        impl $name {
            /// Whether nothing of it was said.
            #[allow(dead_code)] // some sections have a default for every key
            pub(super) fn is_empty(&self) -> bool {
                true $(&& self.$key.is_none())*
            }
        })*

        /// The sections, each with its keys.
        const SECTIONS: &[(&str, &[&str])] = &[$(($section, &[$(stringify!($key)),*])),*];
    };
}

sections! {
    "session" SessionKeys { idle_minutes: u64, max_hours: u64 }
    "cache" CacheKeys { bytes: u64 }
    "rate_limit" RateKeys { enabled: bool, sign_in_per_minute: u32, sign_in_burst: u32, caller_per_second: u32, caller_burst: u32, tenant_per_second: u32, tenant_burst: u32 }
    "limits" LimitKeys { head_seconds: u64, stall_seconds: u64, connections: usize, connections_per_network: usize, body_bytes: usize, body_seconds: u64, export_rows: u64 }
    "operators" OperatorKeys { read_tenants: bool }
    "endpoints" EndpointKeys { allowed_hosts: Hosts, allow_private: bool }
    "apps" AppKeys { trusted: bool, origin: Url, jwt_injection: bool }
    "accounts" AccountKeys { local: bool }
    "oidc" OidcKeys { issuer: Issuer, metadata_url: Url, client_id: String, client_secret: Secret, scopes: String, label: String, ca: PathBuf, policy: String, trust_emails: bool, subject_claim: String, roles_claim: String, operator_role: String, machine_role: String, tenants_claim: String, tenants: Meanings, audience: String }
    "token" TokenKeys { ttl_seconds: u64, app_ttl_seconds: u64, key_lead_seconds: u64 }
    "keys" ProviderKeys { provider: String, file: PathBuf, vault_url: Url, vault_key: String, vault_authority: Url, vault_client_id: String, vault_client_secret: Secret, vault_client_token_file: PathBuf }
    "tls" TlsKeys { cert: PathBuf, key: PathBuf }
    "internal_tls" InternalTlsKeys { cert: PathBuf, key: PathBuf, client_ca: PathBuf }
}

/// The file's shape; the environment is laid over it before it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Keys {
    pub(super) listen: Option<Lenient<SocketAddr>>,
    pub(super) internal_listen: Option<Lenient<SocketAddr>>,
    pub(super) public_url: Option<Lenient<Url>>,
    pub(super) allow_http: Option<Lenient<bool>>,
    pub(super) database_url: Option<Lenient<Secret>>,
    pub(super) migrate_database_url: Option<Lenient<Secret>>,
    pub(super) tenants_dir: Option<Lenient<PathBuf>>,
    pub(super) data_dir: Option<Lenient<PathBuf>>,
    pub(super) secret_key: Option<Lenient<Secret>>,
    pub(super) previous_secret_key: Option<Lenient<Secret>>,
    pub(super) env: Option<Lenient<Env>>,
    pub(super) log: Option<Lenient<String>>,
    pub(super) log_format: Option<Lenient<LogFormat>>,
    pub(super) trusted_proxies: Option<Lenient<Cidrs>>,
    pub(super) panel_budget_ms: Option<Lenient<u64>>,
    pub(super) session: SessionKeys,
    pub(super) cache: CacheKeys,
    pub(super) rate_limit: RateKeys,
    pub(super) operators: OperatorKeys,
    pub(super) limits: LimitKeys,
    pub(super) endpoints: EndpointKeys,
    pub(super) apps: AppKeys,
    pub(super) accounts: AccountKeys,
    pub(super) oidc: OidcKeys,
    pub(super) token: TokenKeys,
    pub(super) keys: ProviderKeys,
    pub(super) tls: TlsKeys,
    pub(super) internal_tls: InternalTlsKeys,
}

const PLAIN: &[&str] = &[
    "listen",
    "internal_listen",
    "public_url",
    "allow_http",
    "database_url",
    "migrate_database_url",
    "tenants_dir",
    "data_dir",
    "secret_key",
    "previous_secret_key",
    "env",
    "log",
    "log_format",
    "trusted_proxies",
    "panel_budget_ms",
];

/// Every variable there is, as `LOGGIA_LISTEN` or `LOGGIA_SESSION__IDLE_MINUTES`.
pub fn variables() -> Vec<String> {
    let plain = PLAIN.iter().map(|key| format!("LOGGIA_{key}"));
    let nested = SECTIONS.iter().flat_map(|(section, keys)| keys.iter().map(move |key| format!("LOGGIA_{section}__{key}")));
    plain.chain(nested).map(|name| name.to_uppercase()).collect()
}

/// The file as a table. A file that was named must exist; `loggia.toml` need not.
pub(super) fn read_file(named: Option<&Path>) -> Result<toml::Table, String> {
    let path = named.unwrap_or(Path::new("loggia.toml"));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if named.is_none() && e.kind() == std::io::ErrorKind::NotFound => return Ok(toml::Table::new()),
        Err(e) => return Err(format!("{}: {e}", path.display())),
    };
    // Read once in its own right, so that a fault names the line of the file.
    toml::from_str::<Keys>(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    text.parse::<toml::Table>().map_err(|e| format!("{}: {e}", path.display()))
}

/// Lays `LOGGIA_…` over the table. Two underscores nest. What is not known is a fault inside a known
/// section and a warning elsewhere: Kubernetes sets `LOGGIA_PORT=tcp://…` for a service named loggia.
pub(super) fn overlay(table: &mut toml::Table, environment: &BTreeMap<String, String>) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    for (name, value) in environment {
        let Some(key) = name.strip_prefix("LOGGIA_").map(str::to_lowercase) else { continue };
        let value = toml::Value::String(value.clone());
        match key.split_once("__") {
            Some((section, key)) if SECTIONS.iter().any(|(known, _)| *known == section) => {
                let section = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
                if let toml::Value::Table(section) = section {
                    section.insert(key.to_owned(), value);
                }
            }
            None if PLAIN.contains(&key.as_str()) => {
                table.insert(key, value);
            }
            _ if key.starts_with("test_") => {}
            _ => warnings.push(format!("the environment variable {name} is not known and is left aside")),
        }
    }
    Ok(warnings)
}
