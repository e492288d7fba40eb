//! A tenant's own database: opened read-only, with limits and a small pool of its own.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::frame::Frame;

/// Which SQL a datastore speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A bound value.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Bind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Instant(DateTime<Utc>),
    /// For columns without a zone.
    Local(NaiveDateTime),
}

/// SQL with bound values: `$1`… on PostgreSQL, `?1`… on SQLite. Made by `query` alone
/// (and by the checks of `datastore` itself); the architecture test looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// One SELECT.
    pub sql: String,
    /// Its values, in order.
    pub binds: Vec<Bind>,
}

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

/// Why a query gave no frame. `Display` is for the log and for authors; visitors get `words()`.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// No connection could be made.
    #[error("the tenant's database cannot be reached: {0}")]
    Unreachable(String),
    /// All connections were busy.
    #[error("all connections to the tenant's database are busy")]
    Busy,
    /// The statement ran into its time limit.
    #[error("the tenant's database did not answer within {0:?}")]
    TimedOut(Duration),
    /// The database refused the statement (no such table or column, no right, a wrong type).
    #[error("the tenant's database refused the query: {0}")]
    Refused(String),
    /// The breaker is open: it failed lately and is being left alone until then.
    #[error("the tenant's database failed lately; the next try is in {0:?}")]
    Resting(Duration),
}

/// One tenant's datastore: a lazy pool, its limits, its breaker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Datastore;

impl Datastore {
    /// Makes it ready; connects at the first query.
    pub fn new(_target: Target) -> Datastore {
        unimplemented!("STORE helper")
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        unimplemented!("STORE helper")
    }

    /// The schema its names are qualified with.
    pub fn schema(&self) -> Option<&str> {
        unimplemented!("STORE helper")
    }

    /// Runs one SELECT and keeps at most `cap` rows.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn query(&self, _statement: &Statement, _cap: usize) -> Result<Frame, Failure> {
        unimplemented!("STORE helper")
    }
}
