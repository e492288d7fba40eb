//! Brings the central database to this program's version: one at a time, each step whole or not at all.

use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;

use loggia_migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::{Error, connect};

/// Why the database was not brought to this version.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The database was made by a newer program.
    #[error(
        "the central database is newer than this program: it has the step “{0}”, which this program does not know; start the newer program, or restore a backup"
    )]
    Newer(String),
    /// A step failed; nothing of it was kept, the steps before it were.
    #[error("the step “{step}” failed and was taken back: {cause}")]
    Failed {
        /// Its name.
        step: String,
        /// What the database said.
        cause: Error,
    },
    /// The database did not answer, or the lock file could not be made.
    #[error(transparent)]
    Central(#[from] Error),
}

/// Applies what is missing to the database at `url` and returns the names of the steps, oldest first.
/// Several processes may call it at once: one works, the others wait and find nothing to do.
///
/// # Errors
/// See [`Refused`].
pub async fn run(url: &str) -> Result<Vec<String>, Refused> {
    run_with::<Migrator>(url).await
}

/// The steps that the database at `url` has not seen yet, oldest first. Changes nothing but the list of steps' own table.
///
/// # Errors
/// See [`Refused`].
pub async fn pending(url: &str) -> Result<Vec<String>, Refused> {
    let db = connect::open_to_hold(url).await?;
    let told = async {
        refuse_newer::<Migrator>(&db).await?;
        let pending = Migrator::get_pending_migrations(&db).await.map_err(Error::from)?;
        Ok(pending.iter().map(|step| step.name().to_owned()).collect())
    };
    let told = told.await;
    if let Err(error) = db.close().await {
        tracing::debug!(%error, "the connection did not close cleanly");
    }
    told
}

/// Lets the role that `serve` runs as read and write everything but the audit, which it may only read and add to.
/// `owner` is the address of the role that migrates; on SQLite, or when both are one role, there is nothing to do.
///
/// # Errors
/// `Internal` when `runtime` names no role or the owner may not grant.
pub async fn grant(owner: &str, runtime: &str) -> Result<(), Error> {
    if connect::is_sqlite(owner) || role_of(owner)? == role_of(runtime)? {
        return Ok(());
    }
    let role = format!("\"{}\"", role_of(runtime)?.replace('"', "\"\""));
    let db = connect::open(owner, 1).await?;
    let granted = db.execute_unprepared(&GRANTS.replace("$role", &role)).await;
    if let Err(error) = db.close().await {
        tracing::debug!(%error, "the granting connection did not close cleanly");
    }
    granted?;
    Ok(())
}

const GRANTS: &str = "
BEGIN;
GRANT USAGE ON SCHEMA public TO $role;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO $role;
REVOKE ALL ON audit_logs, seaql_migrations FROM $role;
GRANT SELECT, INSERT ON audit_logs TO $role;
GRANT SELECT ON seaql_migrations TO $role;
COMMIT;
";

fn role_of(url: &str) -> Result<String, Error> {
    let none = || Error::Internal("the central database's address names no role".to_owned());
    let url = url::Url::parse(url).map_err(|_| none())?;
    let role = percent_encoding::percent_decode_str(url.username()).decode_utf8_lossy().into_owned();
    if role.is_empty() || role.contains('\0') { Err(none()) } else { Ok(role) }
}

/// [`run`] with other steps than the product's own; for the tests of this mechanism.
///
/// # Errors
/// See [`Refused`].
pub async fn run_with<M: MigratorTrait>(url: &str) -> Result<Vec<String>, Refused> {
    let lock = Lock::take(url).await?;
    let db = connect::open_to_hold(url).await?;
    let done = apply::<M>(&db).await;
    if let Err(error) = db.close().await {
        tracing::debug!(%error, "the migration's connection did not close cleanly");
    }
    lock.release().await;
    done
}

async fn apply<M: MigratorTrait>(db: &DatabaseConnection) -> Result<Vec<String>, Refused> {
    refuse_newer::<M>(db).await?;
    let mut done = Vec::new();
    while let Some(step) = next::<M>(db).await? {
        match M::up(db, Some(1)).await {
            Ok(()) => done.push(step),
            Err(cause) => return Err(Refused::Failed { step, cause: cause.into() }),
        }
    }
    Ok(done)
}

async fn refuse_newer<M: MigratorTrait>(db: &DatabaseConnection) -> Result<(), Refused> {
    let known: HashSet<String> = M::migrations().iter().map(|step| step.name().to_owned()).collect();
    let applied = M::get_migration_models(db).await.map_err(Error::from)?;
    match applied.into_iter().find(|step| !known.contains(&step.version)) {
        Some(step) => Err(Refused::Newer(step.version)),
        None => Ok(()),
    }
}

async fn next<M: MigratorTrait>(db: &DatabaseConnection) -> Result<Option<String>, Refused> {
    let pending = M::get_pending_migrations(db).await.map_err(Error::from)?;
    Ok(pending.first().map(|step| step.name().to_owned()))
}

/// Held while one process migrates; goes with the process, however it ends.
enum Lock {
    /// An advisory lock belongs to its connection, so this connection does nothing else.
    Postgres(DatabaseConnection),
    /// A lock on a file beside the database.
    File(#[allow(dead_code)] File),
    /// A database nobody else can open.
    None,
}

const POSTGRES_KEY: i64 = 0x6c6f_6700;

impl Lock {
    async fn take(url: &str) -> Result<Lock, Error> {
        if !connect::is_sqlite(url) {
            let db = connect::open_to_hold(url).await?;
            db.execute_unprepared(&format!("SELECT pg_advisory_lock({POSTGRES_KEY})")).await?;
            return Ok(Lock::Postgres(db));
        }
        let Some(file) = connect::sqlite_file(url) else { return Ok(Lock::None) };
        connect::make_folder_of(&file)?;
        let mut name = file.into_os_string();
        name.push(".lock");
        let path = PathBuf::from(name);
        let shown = path.display().to_string();
        let locked = tokio::task::spawn_blocking(move || lock_file(&path)).await;
        match locked {
            Ok(Ok(file)) => Ok(Lock::File(file)),
            Ok(Err(cause)) => Err(Error::Unavailable(format!("the lock file {shown} cannot be used: {cause}"))),
            Err(cause) => Err(Error::Internal(cause.to_string())),
        }
    }

    async fn release(self) {
        if let Lock::Postgres(db) = self
            && let Err(error) = db.close().await
        {
            tracing::debug!(%error, "the migration's lock did not close cleanly");
        }
    }
}

fn lock_file(path: &std::path::Path) -> std::io::Result<File> {
    let file = File::options().create(true).write(true).truncate(false).open(path)?;
    file.lock()?;
    Ok(file)
}
