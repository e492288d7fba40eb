//! The one place where a write begins. One writes at a time; those who wait in line when a write has finished go into the
//! same transaction, each behind a savepoint of its own, and one audit statement, one commit and one wait for the disk do for
//! all of them (group commit). Nobody is told that it is done before it is there for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryTrait, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::audit::{self, End, Entry};
use super::{Central, Error};

/// How many go into one transaction at most. PostgreSQL keeps up to 64 savepoints of one at hand.
const MOST: usize = 50;

/// After how long whoever has finished is kept waiting no longer.
const LONGEST: Duration = Duration::from_millis(50);

/// The advisory lock of whoever writes, in whatever process; the one before it is the migrations'.
const POSTGRES_KEY: i64 = 0x6c6f_6701;

/// What stops in the middle (a machine that sleeps, a network that is gone) must not keep the others waiting for ever.
const POSTGRES_IDLE: &str = "60s";

/// Those who write, one after the other.
#[derive(Debug, Default)]
pub(super) struct Line {
    place: Arc<Mutex<Place>>,
    waiting: AtomicUsize,
}

/// What whoever has the turn finds.
#[derive(Debug, Default)]
struct Place {
    /// A transaction in which others have finished, or one is at work.
    batch: Option<Batch>,
    /// The last row of the audit, as far as this process knows.
    end: Option<End>,
}

#[derive(Debug)]
struct Batch {
    tx: Arc<DatabaseTransaction>,
    /// The audit rows of those who have finished, and whom to tell.
    rows: Vec<Entry>,
    finished: Vec<oneshot::Sender<Result<(), Error>>>,
    begun: Instant,
    /// What failed in it that concerns all.
    broken: Option<Error>,
}

/// A write. Dropped, it has done nothing.
#[derive(Debug)]
pub(super) struct Writing {
    // before the turn: whoever takes all of it back must be the last to have it
    tx: Arc<DatabaseTransaction>,
    turn: Turn,
    /// Nobody is let in after it: it takes long, or what it does must not wait for others.
    alone: bool,
}

/// Whose turn it is. Dropped, what was done in it is taken back, and the next one has the turn.
#[derive(Debug)]
struct Turn {
    line: Arc<Line>,
    place: Option<OwnedMutexGuard<Place>>,
    undo: Undo,
}

#[derive(Clone, Copy, Debug)]
enum Undo {
    Nothing,
    ToSavepoint,
    All,
}

impl Central {
    /// Begins to write, when it is its turn.
    pub(super) async fn write(&self) -> Result<Writing, Error> {
        let place = self.line.turn().await;
        self.begin(place, false).await
    }

    /// Begins to write in a transaction that nobody else is in: for what takes long.
    pub(super) async fn write_alone(&self) -> Result<Writing, Error> {
        let place = self.line.turn().await;
        // in a task of its own: a caller that goes away must not take with it what others did
        let place = tokio::spawn(finish(place)).await.map_err(|cause| Error::Internal(cause.to_string()))?;
        self.begin(place, true).await
    }

    async fn begin(&self, place: OwnedMutexGuard<Place>, alone: bool) -> Result<Writing, Error> {
        let mut turn = Turn { line: Arc::clone(&self.line), place: Some(place), undo: Undo::Nothing };
        let tx = match turn.batch().map(|batch| Arc::clone(&batch.tx)) {
            Some(tx) => {
                if let Err(cause) = tx.execute_unprepared("SAVEPOINT change").await {
                    let error = Error::from(cause);
                    turn.broken(&error);
                    return Err(error);
                }
                turn.undo = Undo::ToSavepoint;
                tx
            }
            None => {
                let tx = Arc::new(self.transaction().await?);
                turn.undo = Undo::All;
                turn.set(Batch {
                    tx: Arc::clone(&tx),
                    rows: Vec::new(),
                    finished: Vec::new(),
                    begun: Instant::now(),
                    broken: None,
                });
                tx
            }
        };
        Ok(Writing { tx, turn, alone })
    }

    async fn transaction(&self) -> Result<DatabaseTransaction, Error> {
        // a deferred BEGIN that reads and then writes fails at once under SQLite when another wrote meanwhile
        let options =
            TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
        let tx = self.writer.begin_with_options(options).await?;
        if !self.is_sqlite() {
            let only_one = format!(
                "SET LOCAL idle_in_transaction_session_timeout = '{POSTGRES_IDLE}'; SELECT pg_advisory_xact_lock({POSTGRES_KEY})"
            );
            tx.execute_unprepared(&only_one).await?;
        }
        Ok(tx)
    }

    /// Writes what nobody answers for, and tells how many rows it touched. On SQLite it takes its turn, as all who write.
    pub(super) async fn jot(&self, what: &impl QueryTrait) -> Result<u64, Error> {
        let statement = what.build(self.db.get_database_backend());
        if !self.is_sqlite() {
            return Ok(self.db.execute_raw(statement).await?.rows_affected());
        }
        let writing = self.write().await?;
        let done = writing.tx().execute_raw(statement).await?;
        writing.commit(Vec::new()).await?;
        Ok(done.rows_affected())
    }
}

impl Writing {
    pub(super) fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Adds rows to the audit here and now, before what is written next.
    pub(super) async fn add(&mut self, entries: &[Entry]) -> Result<(), Error> {
        let known = self.turn.place.as_mut().and_then(|place| place.end.take());
        let added = audit::append(self.tx(), entries, known).await?;
        if let Some(place) = &mut self.turn.place {
            place.end = Some(added);
        }
        Ok(())
    }

    /// Ends it with these audit rows: when this returns, all of it is there, and what it found in the database is there too.
    pub(super) async fn commit(self, rows: Vec<Entry>) -> Result<(), Error> {
        let Writing { tx, turn, alone } = self;
        drop(tx);
        let told = turn.finished(rows, alone);
        told.await.unwrap_or_else(|_| Err(Error::Unavailable("the server ended before the write did".to_owned())))
    }
}

impl Turn {
    fn batch(&mut self) -> Option<&mut Batch> {
        self.place.as_mut()?.batch.as_mut()
    }

    fn set(&mut self, batch: Batch) {
        if let Some(place) = &mut self.place {
            place.batch = Some(batch);
        }
    }

    fn broken(&mut self, error: &Error) {
        if let Some(batch) = self.batch() {
            batch.broken = Some(error.clone());
        }
    }

    fn finished(mut self, rows: Vec<Entry>, alone: bool) -> oneshot::Receiver<Result<(), Error>> {
        let (tell, told) = oneshot::channel();
        if let Some(batch) = self.batch() {
            batch.rows.extend(rows);
            batch.finished.push(tell);
        }
        self.undo = Undo::Nothing;
        if alone && let Some(place) = self.place.take() {
            tokio::spawn(finish(place));
        }
        told
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut place) = self.place.take() else { return };
        let Ok(runtime) = Handle::try_current() else {
            // nobody is there to end it: dropped, it is taken back
            place.batch = None;
            return;
        };
        let line = Arc::clone(&self.line);
        match self.undo {
            Undo::Nothing => line.pass_on(place),
            undo => drop(runtime.spawn(async move {
                take_back(&mut place, undo).await;
                line.pass_on(place);
            })),
        }
    }
}

impl Line {
    async fn turn(self: &Arc<Self>) -> OwnedMutexGuard<Place> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut waiting = Waiting { line: self, gone: true };
        let place = Arc::clone(&self.place).lock_owned().await;
        waiting.gone = false;
        place
    }

    /// Lets the next one into the same transaction, or ends it: when nobody waits, or some have waited long enough.
    fn pass_on(self: &Arc<Self>, place: OwnedMutexGuard<Place>) {
        let Some(batch) = &place.batch else { return };
        let room = batch.finished.len() < MOST && batch.begun.elapsed() < LONGEST && batch.broken.is_none();
        if !(room && self.waiting.load(Ordering::SeqCst) > 0) {
            tokio::spawn(finish(place));
        }
    }
}

/// One who waits for the turn.
struct Waiting<'a> {
    line: &'a Arc<Line>,
    gone: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.line.waiting.fetch_sub(1, Ordering::SeqCst);
        // whoever passed the turn on may have counted on this one
        if self.gone
            && let Ok(runtime) = Handle::try_current()
        {
            let line = Arc::clone(self.line);
            runtime.spawn(async move {
                let place = Arc::clone(&line.place).lock_owned().await;
                line.pass_on(place);
            });
        }
    }
}

/// Takes back what one who has given up did; where that was all, the transaction with it. Only then has the next one the
/// turn, else it finds SQLite locked still, and sleeps.
async fn take_back(place: &mut Place, undo: Undo) {
    if matches!(undo, Undo::ToSavepoint) {
        let Some(batch) = &mut place.batch else { return };
        if let Err(cause) = batch.tx.execute_unprepared("ROLLBACK TO SAVEPOINT change").await {
            batch.broken = Some(cause.into());
        }
    } else if let Some(batch) = place.batch.take() {
        roll_back(batch.tx).await;
    }
}

async fn roll_back(tx: Arc<DatabaseTransaction>) {
    let Some(tx) = Arc::into_inner(tx) else { return };
    if let Err(error) = tx.rollback().await {
        tracing::warn!(%error, "a change that was given up could not be rolled back");
    }
}

/// Ends the transaction that is open, if one is, and tells all who finished in it.
async fn finish(mut place: OwnedMutexGuard<Place>) -> OwnedMutexGuard<Place> {
    let Some(Batch { tx, rows, finished, broken, .. }) = place.batch.take() else { return place };
    let ended = match broken {
        Some(error) => Err(error),
        None => end(&tx, &rows, &mut place.end).await,
    };
    let told = match ended {
        Ok(()) => commit(tx).await,
        Err(error) => {
            roll_back(tx).await;
            Err(error)
        }
    };
    if told.is_err() {
        place.end = None;
    }
    for waiting in finished {
        // whoever went away meanwhile is not told
        drop(waiting.send(told.clone()));
    }
    place
}

async fn end(tx: &DatabaseTransaction, rows: &[Entry], known: &mut Option<End>) -> Result<(), Error> {
    if !rows.is_empty() {
        *known = Some(audit::append(tx, rows, known.take()).await?);
    }
    Ok(())
}

async fn commit(tx: Arc<DatabaseTransaction>) -> Result<(), Error> {
    let tx = Arc::into_inner(tx).ok_or_else(|| Error::Internal("a transaction is in use still".to_owned()))?;
    Ok(tx.commit().await?)
}
