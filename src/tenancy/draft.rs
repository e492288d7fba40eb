//! What somebody wrote of a datastore, and what it becomes.

use std::path::Path;

use chrono::{DateTime, Utc};
use url::Url;
use uuid::Uuid;

use crate::central::datastores::{Options, Stored};
use crate::datastore::Target;
use crate::error::FieldFault;
use crate::identity::Sealer;

use super::address::{checked_file, has_secret};
use super::check::{self, Faults};
use super::declaration::{Kind, SecretReference};
use super::open::ANY;

/// Parameters of a PostgreSQL address that may be written in a form. Others could lead elsewhere than the address says.
const PARAMETERS: &[&str] = &["sslmode", "sslrootcert"];

/// What somebody wrote of a datastore. What is not set stays as it is, or has the product's default; an empty text, and a
/// number that is said to be none, take away what was set.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct DatastoreDraft {
    /// `dev`, `stage`, `prod`, or `any` for every environment.
    pub env: Option<String>,
    /// `sqlite`, `postgres`, `databricks`; follows from the address where it is not said.
    pub kind: Option<String>,
    /// The whole address, in place of its parts.
    pub url: Option<SecretReference>,
    pub host: Option<String>,
    pub port: Option<u32>,
    pub database: Option<String>,
    pub user: Option<String>,
    /// Sealed before it is stored; asked for again whenever it would go to another server.
    pub password: Option<String>,
    pub schema: Option<String>,
    pub uc_catalog: Option<String>,
    pub uc_workspace: Option<String>,
    pub is_primary: Option<bool>,
    pub statement_timeout_ms: Option<Option<u64>>,
    pub max_connections: Option<Option<u32>>,
    /// When it was changed last, as the one who edits saw it; refused as stale when that is no longer so.
    pub seen: Option<DateTime<Utc>>,
}

/// Where a draft becomes a datastore.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) sealer: &'a Sealer,
    /// Where relative SQLite files are.
    pub(super) data: &'a Path,
    /// The central database's file, which is nobody's datastore.
    pub(super) central: Option<&'a Path>,
}

/// What is written, without spaces around it; none where nothing is.
fn written(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

impl DatastoreDraft {
    /// The datastore as the draft wants it; `before` is what it changes.
    ///
    /// # Errors
    /// Every fault at once.
    pub(super) fn parse(&self, before: Option<&Stored>, place: Place<'_>) -> Result<Stored, Vec<FieldFault>> {
        let mut faults = Faults::default();
        let mut store = before.cloned().unwrap_or_else(blank);
        store.env = self.env(&store, &mut faults);
        let kind = self.kind(before, &mut faults);
        self.names(kind, &mut store, &mut faults);
        self.limits(&mut store, &mut faults);
        if before.is_some_and(|before| before.kind != kind.as_str()) && !self.has_address() && kind != Kind::Databricks {
            faults.tell("url", "a datastore of another kind needs its address");
        } else {
            self.address(kind, before, place, &mut store, &mut faults);
        }
        store.kind = kind.as_str().to_owned();
        if faults.0.is_empty() { Ok(store) } else { Err(faults.0) }
    }

    fn has_address(&self) -> bool {
        self.url.is_some() || self.has_parts()
    }

    fn has_parts(&self) -> bool {
        let texts = [&self.host, &self.database, &self.user, &self.password];
        self.port.is_some() || texts.into_iter().any(|text| written(text).is_some())
    }

    fn env(&self, store: &Stored, faults: &mut Faults) -> String {
        match self.env.as_deref() {
            None => store.env.clone(),
            Some("" | ANY) => ANY.to_owned(),
            Some(word @ ("dev" | "stage" | "prod")) => word.to_owned(),
            Some(_) => {
                faults.tell("env", "use dev, stage, prod, or any for every environment");
                ANY.to_owned()
            }
        }
    }

    fn kind(&self, before: Option<&Stored>, faults: &mut Faults) -> Kind {
        let stored = before.and_then(|before| before.kind.parse().ok());
        let guessed = match &self.url {
            Some(SecretReference::Plain(text)) if text.starts_with("sqlite:") => Kind::Sqlite,
            Some(SecretReference::Plain(text)) if text.starts_with("databricks:") || text.starts_with("https:") => {
                Kind::Databricks
            }
            // Names of a catalog alone: what tokens carry, for apps that read the lakehouse themselves.
            None if !self.has_parts() && (written(&self.uc_catalog).or(written(&self.uc_workspace))).is_some() => {
                Kind::Databricks
            }
            _ => Kind::Postgres,
        };
        match written(&self.kind) {
            None => stored.unwrap_or(guessed),
            Some(word) => word.parse().unwrap_or_else(|_| {
                faults.tell("kind", "use sqlite, postgres or databricks");
                guessed
            }),
        }
    }

    /// What ends up in SQL and in tokens.
    fn names(&self, kind: Kind, store: &mut Stored, faults: &mut Faults) {
        let mut set = |field: &str, text: &Option<String>, rule: fn(&str) -> Result<String, String>, to: &mut Option<String>| {
            if let Some(text) = text {
                // Not trimmed: the whole text is the name.
                *to = if text.is_empty() { None } else { faults.take(field, rule(text)) };
            }
        };
        set("uc_catalog", &self.uc_catalog, check::identifier, &mut store.catalog);
        set("uc_workspace", &self.uc_workspace, check::host, &mut store.workspace);
        set("schema", &self.schema, check::identifier, &mut store.schema);
        if kind != Kind::Databricks && store.workspace.is_some() {
            faults.tell("uc_workspace", format!("a workspace belongs to kind databricks, not {kind}"));
        }
        if kind == Kind::Sqlite && store.schema.is_some() {
            faults.tell("schema", "kind sqlite has no schemas");
        }
    }

    fn limits(&self, store: &mut Stored, faults: &mut Faults) {
        if let Some(limit) = self.statement_timeout_ms {
            if limit.is_none_or(|limit| (100..=600_000).contains(&limit)) {
                store.options.statement_timeout_ms = limit;
            } else {
                faults.tell("statement_timeout_ms", "must be from 100 to 600000");
            }
        }
        if let Some(most) = self.max_connections {
            if most.is_none_or(|most| (1..=100).contains(&most)) {
                store.options.max_connections = most;
            } else {
                faults.tell("max_connections", "must be from 1 to 100");
            }
        }
    }

    fn address(&self, kind: Kind, before: Option<&Stored>, place: Place<'_>, store: &mut Stored, faults: &mut Faults) {
        if self.url.is_some() && self.has_parts() {
            faults.tell("url", "send the whole address or its parts, not both");
            return;
        }
        let kept = match (&self.url, kind) {
            (Some(reference), _) => self.whole(reference, kind, place, faults),
            (None, Kind::Sqlite) if self.has_parts() => {
                faults.tell("url", "a SQLite datastore is a file: sqlite:acme.db");
                None
            }
            (None, _) if self.has_parts() => self.address_of_parts(kind, before, place, faults),
            (None, Kind::Databricks) if before.is_none_or(|before| before.kind != "databricks") => Some((plain(""), None)),
            (None, _) if before.is_some() => return,
            (None, Kind::Sqlite) => {
                faults.tell("url", "is required, like sqlite:acme.db");
                None
            }
            (None, _) => {
                faults.tell(
                    "url",
                    "is required: postgres://host/database, {\"env\": NAME}, {\"file\": PATH}, or host and database",
                );
                None
            }
        };
        let Some((kept, url)) = kept else { return };
        store.host = url.as_ref().and_then(|url| url.host_str().map(str::to_owned));
        store.port = url.as_ref().and_then(Url::port).unwrap_or(5432);
        store.database = url.map(|url| url.path().trim_start_matches('/').to_owned()).filter(|name| !name.is_empty());
        match kept.to_stored() {
            Ok(text) => store.secret_ref = text,
            Err(_) => faults.tell("url", "cannot be stored"),
        }
    }

    fn whole(
        &self,
        reference: &SecretReference,
        kind: Kind,
        place: Place<'_>,
        faults: &mut Faults,
    ) -> Option<(SecretReference, Option<Url>)> {
        let text = match reference {
            SecretReference::Plain(text) => text.trim(),
            SecretReference::Sealed { .. } => {
                faults.tell("url", "is an address, not what is stored of one");
                return None;
            }
            SecretReference::Env { env } => {
                let good = !env.is_empty() && env.len() <= 200 && env.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                // What configures this very server is nobody's datastore.
                if !good || env.starts_with("LOGGIA_") {
                    faults.tell("url", "is not the name of an environment variable that holds a datastore's address");
                    return None;
                }
                return Some((reference.clone(), None));
            }
            SecretReference::File { file } => {
                if !file.is_absolute() || file.components().any(|part| part == std::path::Component::ParentDir) {
                    faults.tell("url", "a file is named by its whole path");
                    return None;
                }
                return Some((reference.clone(), None));
            }
        };
        match kind {
            Kind::Sqlite => {
                faults.take("url", checked_file(text, place.data, place.central))?;
                faults.take("url", Target::parse(text, place.data).map_err(|bad| bad.to_string()))?;
                Some((plain(text), None))
            }
            Kind::Postgres => {
                faults.take("url", Target::parse(text, place.data).map_err(|bad| bad.to_string()))?;
                let url = faults.take("url", Url::parse(text).map_err(|_| "is no address".to_owned()))?;
                self.kept(url, place, faults)
            }
            Kind::Databricks => {
                let url = faults.take(
                    "url",
                    Url::parse(text).map_err(|_| "is no address like https://adb-123.azuredatabricks.net".to_owned()),
                )?;
                if !matches!(url.scheme(), "databricks" | "https") {
                    faults.tell("url", "an address of kind databricks begins with https:// or databricks://");
                    return None;
                }
                self.kept(url, place, faults)
            }
        }
    }

    /// An address with a server in it, sealed where it holds a secret.
    fn kept(&self, url: Url, place: Place<'_>, faults: &mut Faults) -> Option<(SecretReference, Option<Url>)> {
        faults.take("host", check::host(url.host_str().unwrap_or_default()))?;
        if url.scheme() != "databricks" && url.query_pairs().any(|(name, _)| !PARAMETERS.contains(&&*name)) {
            faults.tell("url", format!("may have these parameters only: {}", PARAMETERS.join(", ")));
            return None;
        }
        let text = url.to_string();
        let kept = if has_secret(&text) {
            SecretReference::Sealed { sealed: faults.take("url", place.sealer.seal(&text).map_err(|fault| fault.to_string()))? }
        } else {
            plain(&text)
        };
        Some((kept, Some(url)))
    }

    fn address_of_parts(
        &self,
        kind: Kind,
        before: Option<&Stored>,
        place: Place<'_>,
        faults: &mut Faults,
    ) -> Option<(SecretReference, Option<Url>)> {
        let old = before.filter(|before| before.kind == kind.as_str()).map(|before| SecretReference::stored(&before.secret_ref));
        let old = match old.transpose() {
            Ok(Some(SecretReference::Env { .. } | SecretReference::File { .. })) => {
                faults.tell("host", "its address is kept elsewhere: send a whole address in `url` to replace it");
                return None;
            }
            Ok(Some(kept)) => faults.take("url", kept.resolve(place.sealer)).filter(|text| !text.is_empty()),
            Ok(None) | Err(_) => None,
        };
        let scheme = if kind == Kind::Databricks { "databricks" } else { "postgres" };
        let old = old.and_then(|text| Url::parse(&text).ok());
        let mut url = old.clone().or_else(|| Url::parse(&format!("{scheme}://none/")).ok())?;
        if let Some(host) = written(&self.host) {
            faults.take("host", check::host(host))?;
            let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
            url.set_host(Some(&host)).ok().or_else(|| {
                faults.tell("host", "is not the name of a host");
                None
            })?;
        } else if old.is_none() {
            faults.tell("host", "is required");
        }
        if let Some(port) = self.port {
            match u16::try_from(port) {
                Ok(port) if port > 0 => url.set_port(Some(port)).unwrap_or_default(),
                _ => faults.tell("port", "must be from 1 to 65535"),
            }
        }
        match written(&self.database) {
            Some(name) if name.chars().count() > 63 || name.chars().any(char::is_control) => {
                faults.tell("database", "is not the name of a database")
            }
            Some(name) => url.set_path(&name.replace('%', "%25").replace('/', "%2F")),
            None if old.is_none() && kind == Kind::Postgres => faults.tell("database", "is required"),
            None => {}
        }
        if let Some(user) = written(&self.user) {
            url.set_username(user).unwrap_or_default();
        }
        self.password(old.as_ref(), &mut url, faults);
        if faults.0.is_empty() { self.kept(url, place, faults) } else { None }
    }

    /// A stored password goes only to the server and the role it was given for.
    fn password(&self, old: Option<&Url>, url: &mut Url, faults: &mut Faults) {
        if let Some(password) = self.password.as_deref().filter(|text| !text.is_empty()) {
            return url.set_password(Some(password)).unwrap_or_default();
        }
        let server = |url: &Url| (url.host_str().map(str::to_owned), url.port(), url.username().to_owned());
        if old.is_some_and(|old| old.password().is_some() && server(old) != server(url)) {
            faults.tell("password", "is needed again: a stored password is sent only to the server and role it was given for");
        }
    }
}

fn plain(text: &str) -> SecretReference {
    SecretReference::Plain(text.to_owned())
}

fn blank() -> Stored {
    Stored {
        id: Uuid::now_v7(),
        env: ANY.to_owned(),
        kind: String::new(),
        secret_ref: String::new(),
        schema: None,
        catalog: None,
        workspace: None,
        primary: false,
        options: Options::default(),
        host: None,
        port: 5432,
        database: None,
    }
}
