//! A tenant's own database: opened read-only, with limits and a small pool of its own.

mod breaker;
mod describe;
mod failure;
mod pool;
mod postgres;
mod registry;
mod sqlite;
mod stream;
mod target;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::frame::Frame;
use breaker::Breaker;
use pool::Pool;

pub use describe::Described;
pub use failure::Failure;
pub use registry::Datastores;
pub use stream::{Rows, STEP};
pub use target::{BadAddress, Target};

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

/// One tenant's datastore: a lazy pool, its limits, its breaker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Datastore {
    pool: Arc<Pool>,
    breaker: Arc<Breaker>,
    /// Streams have connections of their own, so that files never keep panels waiting.
    streams: Arc<Pool>,
}

impl Datastore {
    /// Makes it ready; connects at the first query.
    pub fn new(target: Target) -> Datastore {
        let streams = Arc::new(Pool::new(stream::of(&target)));
        Datastore { pool: Arc::new(Pool::new(target)), breaker: Arc::default(), streams }
    }

    /// Where it is and how it may be used.
    pub fn target(&self) -> &Target {
        &self.pool.target
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        self.target().dialect
    }

    /// The schema its names are qualified with.
    pub fn schema(&self) -> Option<&str> {
        self.target().schema.as_deref()
    }

    /// Runs one SELECT and keeps at most `cap` rows. Dropping the future stops the database's work.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn query(&self, statement: &Statement, cap: usize) -> Result<Frame, Failure> {
        // The turn first: who waited while others found the database gone need not find it out again.
        let slot = self.pool.turn().await?;
        let pass = self.breaker.enter(Instant::now())?;
        let answer = self.pool.run(Arc::clone(&slot), statement, cap).await;
        // Learned before the next in turn may enter.
        pass.learn(answer.as_ref().err(), Instant::now());
        drop(slot);
        answer
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn ping(&self) -> Result<(), Failure> {
        let statement = Statement { sql: "SELECT 1".into(), binds: Vec::new() };
        self.query(&statement, 1).await.map(drop)
    }

    /// Closes the idle connections now and the busy ones when they are done; later queries fail.
    pub fn close(&self) {
        self.pool.close();
        self.streams.close();
    }
}
