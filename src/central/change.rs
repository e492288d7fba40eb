use std::sync::atomic::{AtomicU8, Ordering};

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::ConnectionTrait;

use super::audit::{About, Action, Entry};
use super::remembered::{Table, Tables};
use super::writing::Writing;
use super::{Central, Error, Source, sealed};
use crate::domain::Actor;

/// A write in progress. It ends in [`Change::commit`], data and audit row together, or (dropped) in nothing.
#[derive(Debug)]
pub struct Change {
    writing: Writing,
    central: Central,
    actor: Actor,
    at: DateTime<Utc>,
    notes: Vec<Entry>,
    altered: AtomicU8,
}

impl Change {
    /// Begins a change that `actor` answers for.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn open(central: &Central, actor: &Actor) -> Result<Change, Error> {
        let writing = central.write().await?;
        let at = central.clock.now().trunc_subsecs(6);
        let (central, actor) = (central.clone(), actor.clone());
        Ok(Change { writing, central, actor, at, notes: Vec::new(), altered: AtomicU8::new(0) })
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
        self.writing.alone(topic).await
    }

    /// Whether rows that were read must be locked against other writers: not where there is no other.
    pub(super) fn has_rivals(&self) -> bool {
        !self.central.is_sqlite()
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

    async fn finish(mut self) -> Result<(), Error> {
        let altered = Tables(self.altered.into_inner());
        // other processes learn of it from the audit alone
        if altered != Tables::default() && self.notes.iter().all(|note| note.is_quiet()) {
            return Err(Error::Internal(
                "a change that alters what is remembered was to be told of by words that only tell".to_owned(),
            ));
        }
        self.writing.add(&self.notes).await?;
        self.writing.commit().await?;
        self.central.forget(altered);
        Ok(())
    }

    /// Says which tables a change writes that others remember rows of: they are forgotten when it ends.
    pub(super) fn alters(&self, tables: &[Table]) {
        self.altered.fetch_or(Tables::of(tables).0, Ordering::Relaxed);
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

impl sealed::Sealed for Change {}

impl Source for Change {
    fn on(&self) -> &impl ConnectionTrait {
        self.writing.tx()
    }
}
