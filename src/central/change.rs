use std::sync::atomic::{AtomicU8, Ordering};

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::ConnectionTrait;

use super::audit::{About, Action, Entry};
use super::remembered::{Table, Tables};
use super::writing::Writing;
use super::{Central, Error, Source, sealed};
use crate::domain::Actor;

/// A write in progress. It ends in [`Change::commit`], data and audit row together, or (dropped) in nothing. While it is open
/// no other is, in this process or another: what was read in it stands until it ends.
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
        Ok(Change::of(central, actor, central.write().await?))
    }

    /// Begins a change that takes long: no other ends together with it, and waits for it.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn open_alone(central: &Central, actor: &Actor) -> Result<Change, Error> {
        Ok(Change::of(central, actor, central.write_alone().await?))
    }

    fn of(central: &Central, actor: &Actor, writing: Writing) -> Change {
        let at = central.clock.now().trunc_subsecs(6);
        let (central, actor) = (central.clone(), actor.clone());
        Change { writing, central, actor, at, notes: Vec::new(), altered: AtomicU8::new(0) }
    }

    /// When it began: what everything in it is dated by.
    pub fn at(&self) -> DateTime<Utc> {
        self.at
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

    /// Ends a change that found that there is nothing to do, and has written nothing. What it found may be the work of one that
    /// finished a moment before: when this returns, that is there for good.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`; then what it found may not stand.
    pub async fn unneeded(self) -> Result<(), Error> {
        self.writing.commit(Vec::new()).await
    }

    async fn finish(self) -> Result<(), Error> {
        let altered = Tables(self.altered.into_inner());
        // other processes learn of it from the audit alone
        if altered != Tables::default() && self.notes.iter().all(|note| note.is_quiet()) {
            return Err(Error::Internal(
                "a change that alters what is remembered was to be told of by words that only tell".to_owned(),
            ));
        }
        self.writing.commit(self.notes).await?;
        self.central.forget(altered);
        Ok(())
    }

    /// Says which tables a change writes that others remember rows of: they are forgotten when it ends.
    pub(super) fn alters(&self, tables: &[Table]) {
        self.altered.fetch_or(Tables::of(tables).0, Ordering::Relaxed);
    }
}

impl sealed::Sealed for Change {}

impl Source for Change {
    fn on(&self) -> &impl ConnectionTrait {
        self.writing.tx()
    }
}
