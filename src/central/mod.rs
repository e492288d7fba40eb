//! The installation's own database: who there is, which tenants there are, and who did what.
//!
//! Reading functions take a [`Source`] (the database, or a change in progress). Writing functions take a [`Change`],
//! which ends in an audit row or in nothing. The only writes beside it are bookkeeping nobody answers for:
//! when a session was last seen.

pub mod audit;
mod change;
mod connect;
pub mod datastores;
pub mod devices;
pub mod frames;
mod entity;
mod error;
pub mod machine_clients;
mod examine;
pub mod links;
pub mod members;
pub mod meta;
pub mod migrate;
pub mod preferences;
pub mod remembered;
pub mod reseal;
pub mod roster;
pub mod session_tokens;
pub mod sessions;
pub mod signing_keys;
pub mod tenants;
pub mod users;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

use crate::domain::Clock;

use remembered::Counts;
use writing::Line;

pub use change::Change;
pub use connect::{make_private_folder, sqlite_file};
pub use error::Error;
pub use examine::{Examined, Rights, examine};
pub use remembered::Table;

/// The longest list this room hands out at once.
pub const LIMIT: u64 = 1_000;

/// One page of a longer list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// Which page this is, from 1.
    pub number: u32,
    /// How many items a page holds at most.
    pub size: u32,
    /// How many items there are in all.
    pub total: u64,
}

impl<T> Page<T> {
    /// How many pages there are, at least one.
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(u64::from(self.size.max(1))).max(1)
    }
}

/// The central database. Cheap to clone; clones share one pool.
#[derive(Clone, Debug)]
pub struct Central {
    db: DatabaseConnection,
    /// Where writes begin. On PostgreSQL a connection of its own: the one who writes does not wait among those who read.
    writer: DatabaseConnection,
    clock: Clock,
    /// How often what others remember was changed.
    counts: Arc<Counts>,
    file: Option<PathBuf>,
    /// Those who write.
    line: Arc<Line>,
}

impl Central {
    /// Opens the database at `url` (`sqlite://…` or `postgres://…`); a missing folder of an SQLite file is made.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be opened.
    pub async fn connect(url: &str, clock: Clock) -> Result<Central, Error> {
        let (db, writer) = if connect::is_sqlite(url) {
            let db = connect::open(url, 4).await?;
            (db.clone(), db)
        } else {
            (connect::open(url, 10).await?, connect::open(url, 1).await?)
        };
        let file = connect::sqlite_file(url);
        Ok(Central { db, writer, clock, counts: Arc::default(), file, line: Arc::default() })
    }

    /// The clock everything written here is dated by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The file it is in, where it is SQLite's: nobody's data may be looked for there.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.db.ping().await?)
    }

    /// Closes the pools; what is asked afterwards is `Unavailable`.
    pub async fn close(&self) {
        for pool in [&self.writer, &self.db] {
            if let Err(error) = pool.clone().close().await {
                tracing::warn!(%error, "the central database did not close cleanly");
            }
        }
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.db.get_database_backend() == DbBackend::Sqlite
    }
}

mod sealed {
    pub trait Sealed {}
}

/// Where reading functions read: the database itself, or a change in progress that sees its own writes.
pub trait Source: sealed::Sealed + Send + Sync {
    #[doc(hidden)]
    fn on(&self) -> &impl ConnectionTrait;
}

impl sealed::Sealed for Central {}

impl Source for Central {
    fn on(&self) -> &impl ConnectionTrait {
        &self.db
    }
}
