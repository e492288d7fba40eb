//! Where a datastore is.

use std::fmt;
use std::path::{Component, Path};
use std::time::Duration;

use super::Dialect;

/// Where a datastore is and how it may be used. `Debug` never shows the address's secrets.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Which database.
    pub dialect: Dialect,
    /// `sqlite:/path/file.db` or `postgres://…`, secrets resolved.
    pub url: String,
    /// The schema names are qualified with (PostgreSQL).
    pub schema: Option<String>,
    /// `uc_catalog`.
    pub catalog: Option<String>,
    /// How long one statement may run.
    pub statement_timeout: Duration,
    /// How many connections at most.
    pub max_connections: u32,
}

/// Why an address is none. Its text never holds the address itself, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Another database, or none.
    #[error("a datastore's address starts with `sqlite:` or `postgres://`")]
    Scheme,
    /// `sqlite:` alone or in memory.
    #[error("a SQLite datastore is a file: `sqlite:/path/file.db` or `sqlite:file.db` inside the data folder")]
    File,
    /// A relative path that climbs.
    #[error("a relative SQLite path stays inside the data folder: it holds no `..`")]
    Outside,
    /// Not a URL that PostgreSQL's client understands.
    #[error("the PostgreSQL address is no valid URL: `postgres://user:password@host:port/database`")]
    Url,
}

impl Target {
    /// Reads an address; a relative SQLite path lies in `data`. Five seconds a statement and
    /// four connections, unless the caller sets other limits.
    ///
    /// # Errors
    /// When it names neither a SQLite file nor a PostgreSQL database.
    pub fn parse(url: &str, data: &Path) -> Result<Target, BadAddress> {
        let (dialect, url) = if let Some(path) = url.strip_prefix("sqlite:") {
            (Dialect::Sqlite, sqlite_address(path, data)?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            url.parse::<sqlx::postgres::PgConnectOptions>().map_err(|_| BadAddress::Url)?;
            (Dialect::Postgres, url.to_owned())
        } else {
            return Err(BadAddress::Scheme);
        };
        Ok(Target { dialect, url, schema: None, catalog: None, statement_timeout: Duration::from_secs(5), max_connections: 4 })
    }

    /// The file of a SQLite datastore.
    pub(super) fn file(&self) -> &Path {
        Path::new(self.url.strip_prefix("sqlite:").unwrap_or(&self.url))
    }
}

fn sqlite_address(path: &str, data: &Path) -> Result<String, BadAddress> {
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = Path::new(path.split_once('?').map_or(path, |(path, _)| path));
    if path.as_os_str().is_empty() || path.as_os_str().to_string_lossy().starts_with(':') {
        return Err(BadAddress::File);
    }
    if path.is_relative() && path.components().any(|c| c == Component::ParentDir) {
        return Err(BadAddress::Outside);
    }
    Ok(format!("sqlite:{}", data.join(path).display()))
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("dialect", &self.dialect)
            .field("url", &redacted(&self.url))
            .field("schema", &self.schema)
            .field("catalog", &self.catalog)
            .field("statement_timeout", &self.statement_timeout)
            .field("max_connections", &self.max_connections)
            .finish()
    }
}

/// The address without password and without query, which may hold one too.
fn redacted(address: &str) -> String {
    if address.starts_with("sqlite:") {
        return address.to_owned();
    }
    let Ok(mut url) = url::Url::parse(address) else { return "…".into() };
    url.set_query(None);
    if url.password().is_some() && url.set_password(Some("…")).is_err() {
        return "…".into();
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Target, BadAddress> {
        Target::parse(url, Path::new("/data"))
    }

    #[test]
    fn a_relative_sqlite_path_lies_in_the_data_folder_and_stays_there() {
        assert_eq!(parse("sqlite:acme.db").unwrap().file(), Path::new("/data/acme.db"));
        assert_eq!(parse("sqlite:///srv/acme.db?mode=rwc").unwrap().file(), Path::new("/srv/acme.db"));
        assert_eq!(parse("sqlite:../other.db"), Err(BadAddress::Outside));
        assert_eq!(parse("sqlite::memory:"), Err(BadAddress::File));
        assert_eq!(parse("mysql://x"), Err(BadAddress::Scheme));
        assert_eq!(parse("postgres://host:notaport/x"), Err(BadAddress::Url));
    }

    #[test]
    fn debug_shows_no_password_wherever_it_stands() {
        for url in ["postgres://acme:hunter2@db/acme", "postgres://acme@db/acme?password=hunter2"] {
            let shown = format!("{:?}", parse(url).unwrap());
            assert!(shown.contains("acme@db") || shown.contains("@db/acme"), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
