use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tokio::sync::OwnedMutexGuard;

use super::audit::{self, About, Action, Entry};
use super::{Central, Error, Source, meta, sealed};
use crate::domain::Actor;

/// A write in progress. It ends in [`Change::commit`], data and audit row together, or (dropped) in nothing.
#[derive(Debug)]
pub struct Change {
    tx: DatabaseTransaction,
    central: Central,
    actor: Actor,
    at: DateTime<Utc>,
    notes: Vec<Entry>,
    access: AtomicBool,
    /// The last to go: the next writer begins when this one has ended.
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Change {
    /// Begins a change that `actor` answers for.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn open(central: &Central, actor: &Actor) -> Result<Change, Error> {
        // a deferred BEGIN that reads and then writes fails at once under SQLite when another wrote meanwhile
        let options =
            TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
        let turn = central.turn().await;
        let tx = central.db.begin_with_options(options).await?;
        let at = central.clock.now().trunc_subsecs(6);
        let (central, actor) = (central.clone(), actor.clone());
        Ok(Change { tx, central, actor, at, notes: Vec::new(), access: AtomicBool::new(false), _turn: turn })
    }

    /// When it began: what everything in it is dated by.
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Waits until no other change on the same topic is open, and keeps them waiting until this one ends.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn alone(&self, topic: Topic) -> Result<(), Error> {
        // SQLite: BEGIN IMMEDIATE has already made this the only writer
        if !self.central.is_sqlite() {
            lock(&self.tx, topic).await?;
        }
        Ok(())
    }

    /// Adds one more audit row to those the change will end in.
    pub fn note(&mut self, action: Action, about: About) {
        self.notes.push(Entry::new(&self.actor, self.at, action, about));
    }

    /// Ends the change: its data and its audit rows are there together from now on.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`; then nothing of it was done.
    pub async fn commit(mut self, action: Action, about: About) -> Result<(), Error> {
        self.note(action, about);
        self.finish().await
    }

    /// Ends a change whose audit rows were all added by [`Change::note`].
    ///
    /// # Errors
    /// `Internal` when there is none: no write without audit. Otherwise as [`Change::commit`].
    pub async fn commit_noted(self) -> Result<(), Error> {
        if self.notes.is_empty() {
            return Err(Error::Internal("a change without an audit row was refused".to_owned()));
        }
        self.finish().await
    }

    async fn finish(self) -> Result<(), Error> {
        let access = self.access.load(Ordering::Relaxed);
        if access {
            meta::next_generation(&self.tx).await?;
        }
        // last: everybody who writes waits for this lock
        if !self.central.is_sqlite() {
            lock(&self.tx, Topic::AuditChain).await?;
        }
        audit::append(&self.tx, &self.notes).await?;
        self.tx.commit().await?;
        if access {
            self.central.forget_access();
        }
        Ok(())
    }

    /// Marks the change as one that alters who may do what: every process forgets what it remembered.
    pub(super) fn alters_access(&self) {
        self.access.store(true, Ordering::Relaxed);
    }
}

/// What a change can be alone on. The numbers are PostgreSQL advisory locks of this product.
#[derive(Clone, Copy, Debug)]
pub enum Topic {
    /// The end of the audit chain.
    AuditChain = 0x6c6f_6701,
    /// The set of tenants.
    Tenants = 0x6c6f_6702,
    /// Somebody's preferences.
    Preferences = 0x6c6f_6703,
    /// The keys that sign tokens.
    SigningKeys = 0x6c6f_6704,
    /// Who runs the installation.
    Operators = 0x6c6f_6706,
}

pub(super) async fn lock(tx: &DatabaseTransaction, topic: Topic) -> Result<(), Error> {
    tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({})", topic as i64)).await?;
    Ok(())
}

impl sealed::Sealed for Change {}

impl Source for Change {
    fn on(&self) -> &impl ConnectionTrait {
        &self.tx
    }
}
