use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::Error;

pub(super) fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

/// Opens a pool of at most `connections`, with the settings both databases need.
pub(super) async fn open(url: &str, connections: u32) -> Result<DatabaseConnection, Error> {
    Ok(Database::connect(options(url, connections)?).await?)
}

/// Opens one connection that is kept until it is closed: what it holds (a lock) must not be recycled under it.
pub(super) async fn open_to_hold(url: &str) -> Result<DatabaseConnection, Error> {
    let mut options = options(url, 1)?;
    options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    Ok(Database::connect(options).await?)
}

fn options(url: &str, connections: u32) -> Result<ConnectOptions, Error> {
    if let Some(file) = sqlite_file(url) {
        make_folder_of(&file)?;
        if url.split_once('?').is_some_and(|(_, said)| said.contains("mode=rwc")) {
            make_private_file(&file)?;
        }
    }
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .connect_timeout(Duration::from_secs(3))
        .acquire_timeout(Duration::from_secs(5))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(5))
        });
    if is_sqlite(url) {
        // a file does not hang up: asking each connection whether it is there took as long as what it was wanted for
        options.test_before_acquire(false);
    }
    Ok(options)
}

/// The file an SQLite address names, as the driver reads it; none for PostgreSQL and `:memory:`.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    if !is_sqlite(url) {
        return None;
    }
    let file = SqliteConnectOptions::from_str(url).ok()?.get_filename().to_owned();
    let in_memory = file.to_string_lossy().starts_with("file:");
    (!in_memory && !file.as_os_str().is_empty()).then_some(file)
}

/// Makes a folder, and those above it that are missing, for nobody but this account: password hashes and the audit are in it.
///
/// # Errors
/// When the system does not let it be made.
pub fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes the file, if it is missing, for nobody but this account: its folder may be one that others may enter (a volume, a
/// service's state folder). SQLite gives the files beside it the same permissions.
fn make_private_file(file: &Path) -> Result<(), Error> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(cause) if cause.kind() != ErrorKind::AlreadyExists => {
            Err(Error::Unavailable(format!("the file {} cannot be made: {cause}", file.display())))
        }
        _ => Ok(()),
    }
}

pub(super) fn make_folder_of(file: &Path) -> Result<(), Error> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => make_private_folder(folder)
            .map_err(|cause| Error::Unavailable(format!("the folder {} cannot be made: {cause}", folder.display()))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::sqlite_file;
    use std::path::PathBuf;

    #[test]
    fn the_file_is_read_from_the_address() {
        assert_eq!(sqlite_file("sqlite://data/loggia.db?mode=rwc"), Some(PathBuf::from("data/loggia.db")));
        assert_eq!(sqlite_file("sqlite:///var/loggia.db"), Some(PathBuf::from("/var/loggia.db")));
        assert_eq!(sqlite_file("sqlite:acme.db"), Some(PathBuf::from("acme.db")));
        assert_eq!(sqlite_file("sqlite:///srv/50%25%3f.db?mode=rwc"), Some(PathBuf::from("/srv/50%?.db")));
        assert_eq!(sqlite_file("sqlite::memory:"), None);
        assert_eq!(sqlite_file("postgres://localhost/loggia"), None);
    }
}
