use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tokio::sync::OwnedMutexGuard;

use super::audit::{self, End, Entry};
use super::change::Topic;
use super::{Central, Error};

/// A transaction that writes: the one place where one begins. Dropped, it has done nothing.
#[derive(Debug)]
pub(super) struct Writing {
    central: Central,
    tx: Arc<DatabaseTransaction>,
    /// The chain's end as this process knows it, from the first row added until the end: whoever comes next waits for it.
    end: Option<OwnedMutexGuard<Option<End>>>,
    added: Option<End>,
    turn: Turn,
}

/// Whose turn it is to write, where one writes at a time. It ends when the transaction has: one that is given up is first
/// rolled back, else the next writer finds SQLite locked still, and sleeps.
#[derive(Debug)]
struct Turn {
    guard: Option<OwnedMutexGuard<()>>,
    tx: Option<Arc<DatabaseTransaction>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (Some(guard), Some(tx)) = (self.guard.take(), self.tx.take().and_then(Arc::into_inner)) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = tx.rollback().await {
                    tracing::warn!(%error, "a change that was given up could not be rolled back");
                }
                drop(guard);
            });
        }
    }
}

impl Central {
    /// Begins to write. Where SQLite takes one writer at a time, each waits for its turn here: left to SQLite, those who wait
    /// would each hold a connection that others could read by, and sleep for longer and longer between two looks.
    pub(super) async fn write(&self) -> Result<Writing, Error> {
        // a deferred BEGIN that reads and then writes fails at once under SQLite when another wrote meanwhile
        let options =
            TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
        let guard = if self.is_sqlite() { Some(self.turn.clone().lock_owned().await) } else { None };
        let tx = Arc::new(self.db.begin_with_options(options).await?);
        let turn = Turn { tx: guard.is_some().then(|| Arc::clone(&tx)), guard };
        Ok(Writing { central: self.clone(), tx, end: None, added: None, turn })
    }
}

impl Writing {
    pub(super) fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Waits until nobody else is at this topic, and keeps them waiting until the transaction ends.
    pub(super) async fn alone(&self, topic: Topic) -> Result<(), Error> {
        // SQLite: BEGIN IMMEDIATE has already made this the only writer
        if !self.central.is_sqlite() {
            self.tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({})", topic as i64)).await?;
        }
        Ok(())
    }

    /// Makes this the only one at the audit chain's end.
    pub(super) async fn hold_chain(&mut self) -> Result<(), Error> {
        if self.end.is_none() {
            let end = self.central.end.clone().lock_owned().await;
            self.alone(Topic::AuditChain).await?;
            self.end = Some(end);
        }
        Ok(())
    }

    /// Adds rows to the audit. The last thing before the end: everybody who writes waits for the chain.
    pub(super) async fn add(&mut self, entries: &[Entry]) -> Result<(), Error> {
        self.hold_chain().await?;
        let known = self.added.take().or_else(|| self.end.as_deref().cloned().flatten());
        self.added = Some(audit::append(self.tx(), entries, known).await?);
        Ok(())
    }

    /// Ends it: all of it is there from now on.
    pub(super) async fn commit(mut self) -> Result<(), Error> {
        self.turn.tx = None;
        let tx = Arc::into_inner(self.tx).ok_or_else(|| Error::Internal("a transaction is in use still".to_owned()))?;
        tx.commit().await?;
        if let (Some(mut end), Some(added)) = (self.end, self.added) {
            *end = Some(added);
        }
        Ok(())
    }
}
