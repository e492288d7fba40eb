//! What the operator chose: defaults, then `loggia.toml`, then `LOGGIA_…`, then flags, as one checked struct.

mod keys;
mod sections;
mod words;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

pub use keys::variables;
pub use sections::{Apps, InternalTls, KeyProvider, Limits, Oidc, Rates, Tls, Token, Vault, VaultIdentity};
pub use words::{Env, Issuer, LogFormat, Secret};

use keys::{Keys, Lenient, overlay, read_file};
use words::{Cidrs, Hosts};

/// The longest a session may last, used or not.
const LONGEST_SESSION: Duration = Duration::from_secs(366 * 86_400);
/// The longest a page may wait for its panels.
const LONGEST_BUDGET: Duration = Duration::from_secs(60);

/// Everything chosen, checked.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Settings {
    pub demo: bool,
    pub listen: SocketAddr,
    pub internal_listen: SocketAddr,
    pub public_url: Option<Url>,
    pub allow_http: bool,
    pub database_url: Secret,
    pub migrate_database_url: Option<Secret>,
    pub tenants_dir: Option<PathBuf>,
    pub data_dir: PathBuf,
    pub secret_key: Option<Secret>,
    /// The key before it, which still opens what it sealed.
    pub previous_secret_key: Option<Secret>,
    pub env: Env,
    pub session_idle: Duration,
    pub session_max: Duration,
    pub log: String,
    pub log_format: LogFormat,
    pub trusted_proxies: Vec<IpNet>,
    pub panel_budget: Duration,
    pub cache_bytes: u64,
    pub rates: Rates,
    pub limits: Limits,
    pub operators_read_tenants: bool,
    /// Other servers that custom panels may ask: hosts by name, or by name and port.
    pub endpoint_hosts: Vec<String>,
    /// Whether their addresses may be private ones.
    pub endpoint_private: bool,
    /// How hosted apps are let in.
    pub apps: Apps,
    /// Whether people may sign in with a password kept here.
    pub local_accounts: bool,
    pub oidc: Option<Oidc>,
    pub token: Token,
    pub keys: KeyProvider,
    pub tls: Option<Tls>,
    pub internal_tls: Option<InternalTls>,
    /// Things worth telling at start: unknown `LOGGIA_…` variables.
    pub warnings: Vec<String>,
}

/// What flags said; they win.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Flags {
    pub demo: bool,
    pub config: Option<PathBuf>,
    pub listen: Option<SocketAddr>,
    pub internal_listen: Option<SocketAddr>,
}

impl Settings {
    /// Reads file, environment and flags.
    ///
    /// # Errors
    /// Every unknown key and unreadable value, with the file's place or the variable's name.
    pub fn load(flags: &Flags, environment: &BTreeMap<String, String>) -> Result<Settings, String> {
        let mut table = read_file(flags.config.as_deref())?;
        let warnings = overlay(&mut table, environment)?;
        let keys: Keys =
            toml::Value::Table(table).try_into().map_err(|e: toml::de::Error| format!("settings: {}", e.message()))?;
        assemble(keys, flags, warnings)
    }
}

fn assemble(keys: Keys, flags: &Flags, warnings: Vec<String>) -> Result<Settings, String> {
    fn or<T>(key: Option<Lenient<T>>, default: T) -> T {
        key.map_or(default, |k| k.0)
    }
    let data_dir = or(keys.data_dir, PathBuf::from("data"));
    // the driver takes both for its own
    let folder = data_dir.display().to_string().replace('%', "%25").replace('?', "%3F");
    let default_database = format!("sqlite://{folder}/loggia.db?mode=rwc");
    let settings = Settings {
        demo: flags.demo,
        listen: flags.listen.unwrap_or_else(|| or(keys.listen, SocketAddr::from(([127, 0, 0, 1], 8080)))),
        internal_listen: flags
            .internal_listen
            .unwrap_or_else(|| or(keys.internal_listen, SocketAddr::from(([127, 0, 0, 1], 8081)))),
        public_url: keys.public_url.map(|k| k.0),
        allow_http: or(keys.allow_http, false),
        database_url: or(keys.database_url, Secret::from(default_database)),
        migrate_database_url: keys.migrate_database_url.map(|k| k.0),
        tenants_dir: keys.tenants_dir.map(|k| k.0),
        data_dir,
        secret_key: keys.secret_key.map(|k| k.0),
        previous_secret_key: keys.previous_secret_key.map(|k| k.0),
        env: or(keys.env, Env::Prod),
        session_idle: Duration::from_secs(or(keys.session.idle_minutes, 12 * 60).saturating_mul(60)),
        session_max: Duration::from_secs(or(keys.session.max_hours, 7 * 24).saturating_mul(3600)),
        log: or(keys.log, "info".to_owned()),
        log_format: or(keys.log_format, if flags.demo { LogFormat::Pretty } else { LogFormat::Json }),
        trusted_proxies: or(keys.trusted_proxies, Cidrs(Vec::new())).0,
        panel_budget: Duration::from_millis(or(keys.panel_budget_ms, 400)),
        cache_bytes: or(keys.cache.bytes, 32 << 20),
        rates: sections::rates(keys.rate_limit)?,
        limits: sections::limits(keys.limits)?,
        operators_read_tenants: or(keys.operators.read_tenants, flags.demo),
        endpoint_hosts: or(keys.endpoints.allowed_hosts, Hosts(Vec::new())).0,
        endpoint_private: or(keys.endpoints.allow_private, false),
        apps: sections::apps(keys.apps)?,
        local_accounts: or(keys.accounts.local, true),
        oidc: sections::oidc(keys.oidc)?,
        token: sections::token(keys.token)?,
        keys: sections::provider(keys.keys)?,
        tls: sections::tls(keys.tls)?,
        internal_tls: sections::internal_tls(keys.internal_tls)?,
        warnings,
    };
    settings.checked()
}

impl Settings {
    /// What no single value can tell.
    fn checked(self) -> Result<Settings, String> {
        if self.demo && !self.listen.ip().is_loopback() {
            return Err(format!(
                "--demo has accounts whose password everybody knows: it listens on loopback only, not on {}",
                self.listen
            ));
        }
        if self.session_idle.is_zero() || self.session_max.is_zero() {
            return Err("session.idle_minutes and session.max_hours must be at least 1".to_owned());
        }
        if self.session_idle.max(self.session_max) > LONGEST_SESSION {
            return Err("session.idle_minutes and session.max_hours must be at most a year".to_owned());
        }
        if self.apps.origin.is_some() && self.public_url.is_none() {
            return Err("apps.origin needs LOGGIA_PUBLIC_URL: apps let nobody else frame them".to_owned());
        }
        if let (Some(apps), Some(public)) = (&self.apps.origin, &self.public_url) {
            if apps.origin() == public.origin() {
                return Err("apps.origin is LOGGIA_PUBLIC_URL's own: give apps another host, or set apps.trusted".to_owned());
            }
            if apps.scheme() != public.scheme() {
                return Err("apps.origin and LOGGIA_PUBLIC_URL must both be https, or both http".to_owned());
            }
        }
        if self.panel_budget > LONGEST_BUDGET {
            return Err("panel_budget_ms must be at most 60000".to_owned());
        }
        Ok(self)
    }

    /// What to do where there is no key.
    pub const NO_KEY: &str = "LOGGIA_SECRET_KEY is not set: it encrypts stored secrets. Set it to 32 random bytes, for example from: openssl rand -base64 32";

    /// Where the demo keeps the key that it makes for itself.
    pub fn demo_key(&self) -> PathBuf {
        self.data_dir.join("secret.key")
    }

    /// What `serve` needs beyond what other commands need.
    ///
    /// # Errors
    /// What is missing and how to set it.
    pub fn check_serving(&self) -> Result<(), String> {
        // A demo's data folder has a key of its own; whether it is a demo's is told by the database.
        if !self.demo && self.secret_key.is_none() && !self.demo_key().exists() {
            return Err(Settings::NO_KEY.to_owned());
        }
        if self.oidc.is_some() && self.public_url.is_none() && !self.listen.ip().is_loopback() {
            return Err(
                "signing in with an identity provider needs LOGGIA_PUBLIC_URL: the provider sends people back there".to_owned()
            );
        }
        // Behind a proxy that is not named, http and https could not be told apart.
        let ended_before = self.is_https() && !self.trusted_proxies.is_empty();
        if self.tls.is_none() && !ended_before && !self.listen.ip().is_loopback() && !self.allow_http {
            return Err(format!(
                "listening on {} without https: set LOGGIA_TLS__CERT and LOGGIA_TLS__KEY; or, where a proxy in front ends TLS, \
                 LOGGIA_PUBLIC_URL=https://… and LOGGIA_TRUSTED_PROXIES to its address; or, knowingly, LOGGIA_ALLOW_HTTP=true",
                self.listen
            ));
        }
        Ok(())
    }

    /// Whether hosted apps are served: on an origin of their own, or, knowingly (or in the demo), on ours.
    pub fn serves_apps(&self) -> bool {
        self.apps.origin.is_some() || self.apps.trusted || self.demo
    }

    /// Who makes our tokens: the address people know the installation by.
    pub fn issuer(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }

    /// Whether visitors come over https: ended here, or by a proxy in front.
    pub fn is_https(&self) -> bool {
        self.tls.is_some() || self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}

#[cfg(test)]
mod tests {
    use super::{Flags, Settings};
    use std::collections::BTreeMap;

    fn load(file: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("loggia.toml");
        std::fs::write(&path, file).expect("written");
        let environment: BTreeMap<String, String> = environment.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Settings::load(&Flags { config: Some(path), ..Flags::default() }, &environment)
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let settings = load("listen = \"127.0.0.1:1\"\n[session]\nidle_minutes = 5\n", &[("LOGGIA_LISTEN", "127.0.0.1:2")])
            .expect("settings");
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.session_idle.as_secs(), 300);
        let settings =
            load("", &[("LOGGIA_SESSION__IDLE_MINUTES", "7"), ("LOGGIA_TRUSTED_PROXIES", "10.0.0.0/8, ::1")]).expect("settings");
        assert_eq!(settings.session_idle.as_secs(), 420);
        assert_eq!(settings.trusted_proxies.len(), 2);
    }

    #[test]
    fn unknown_keys_are_told_with_their_line() {
        let fault = load("listen = \"127.0.0.1:1\"\nlisen = 2\n", &[]).expect_err("refused");
        assert!(fault.contains("line 2") && fault.contains("lisen"), "{fault}");
        let fault = load("", &[("LOGGIA_SESSION__IDLE", "7")]).expect_err("refused");
        assert!(fault.contains("idle"), "{fault}");
        let warned = load("", &[("LOGGIA_PORT", "tcp://10.0.0.1:80")]).expect("only a warning");
        assert!(warned.warnings[0].contains("LOGGIA_PORT"));
    }

    #[test]
    fn bad_values_and_bad_combinations_are_refused() {
        assert!(load("listen = \"nowhere\"", &[]).is_err());
        for (variable, value) in [
            ("LOGGIA_SESSION__MAX_HOURS", "18446744073709551615"),
            ("LOGGIA_SESSION__IDLE_MINUTES", "0"),
            ("LOGGIA_PANEL_BUDGET_MS", "18446744073709551615"),
            ("LOGGIA_LIMITS__EXPORT_ROWS", "0"),
            ("LOGGIA_LIMITS__EXPORT_ROWS", "5000001"),
            ("LOGGIA_RATE_LIMIT__CALLER_BURST", "0"),
            ("LOGGIA_LIMITS__HEAD_SECONDS", "0"),
            ("LOGGIA_LIMITS__BODY_BYTES", "1000"),
        ] {
            assert!(load("", &[(variable, value)]).is_err(), "{variable}");
        }
        assert!(load("", &[("LOGGIA_ENV", "production")]).expect_err("refused").contains("production"));
        let flags = Flags { demo: true, listen: "0.0.0.0:80".parse().ok(), ..Flags::default() };
        assert!(Settings::load(&flags, &BTreeMap::new()).expect_err("refused").contains("loopback"));
        assert!(load("", &[]).expect("settings").check_serving().expect_err("refused").contains("LOGGIA_SECRET_KEY"));
    }

    #[test]
    fn secrets_never_print() {
        let settings = load("secret_key = \"hush-hush\"\ndatabase_url = \"postgres://u:pw-hush@h/d\"", &[]).expect("settings");
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
