//! The few connections of one datastore: opened when asked for, closed when idle.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::{Dialect, Failure, Statement, Target, postgres, sqlite};
use crate::frame::Frame;

/// How long a connection waits for its server, and a query at least for its turn.
pub(super) const WAIT: Duration = Duration::from_secs(2);
/// How long an unused connection stays open.
const IDLE: Duration = Duration::from_secs(60);
/// How much later than the database's own limit ours strikes, for servers that hang.
const GRACE: Duration = Duration::from_millis(500);

/// The right to one connection; free again when the last holder (a query, or what stops it) lets go.
pub(super) type Slot = Arc<OwnedSemaphorePermit>;

#[derive(Debug)]
pub(super) struct Pool {
    pub(super) target: Target,
    slots: Arc<Semaphore>,
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Default)]
struct Shelf {
    idle: Vec<(Instant, Session)>,
    sweeping: bool,
    closed: bool,
}

pub(super) enum Session {
    Postgres(Box<postgres::Session>),
    Sqlite(Box<sqlite::Session>),
}

/// What becomes of a session after a query.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It is ready for the next query.
    Keep,
    /// It is of no use any more.
    Close,
    /// It is still at work, which must be stopped.
    Stop,
}

impl Pool {
    pub(super) fn new(target: Target) -> Pool {
        let slots = Arc::new(Semaphore::new(target.max_connections.max(1) as usize));
        Pool { target, slots, shelf: Arc::default() }
    }

    /// A turn, in the order of asking. A page asks all its panels at once, more than there are connections: each waits
    /// as long as one statement may take before the database counts as busy.
    pub(super) async fn turn(&self) -> Result<Slot, Failure> {
        self.turn_within(self.target.statement_timeout.max(WAIT)).await
    }

    /// A turn that is waited for no longer than this.
    pub(super) async fn turn_within(&self, patience: Duration) -> Result<Slot, Failure> {
        let slot = timeout(patience, self.slots.clone().acquire_owned()).await.map_err(|_| Failure::Busy)?;
        Ok(Arc::new(slot.map_err(|_| closed())?))
    }

    pub(super) async fn run(&self, slot: Slot, statement: &Statement, cap: usize) -> Result<Frame, Failure> {
        // A kept connection may have died meanwhile (a restarted server), or its plan have gone stale: once more, anew.
        while let Some(session) = self.take() {
            let mut lease = self.lease(session, &slot);
            match lease.run(statement, cap).await {
                Err(Failure::Unreachable(_)) if lease.fate == Fate::Close => {}
                answer => return answer,
            }
        }
        self.lease(self.opened().await?, &slot).run(statement, cap).await
    }

    /// A new session, if the server answers in time.
    pub(super) async fn opened(&self) -> Result<Session, Failure> {
        timeout(WAIT, self.open()).await.map_err(|_| Failure::Unreachable("no answer to connecting".into()))?
    }

    fn lease(&self, session: Session, slot: &Slot) -> Lease<'_> {
        Lease { session: Some(session), slot: Arc::clone(slot), pool: self, fate: Fate::Stop }
    }

    pub(super) fn close(&self) {
        self.slots.close();
        let mut shelf = lock(&self.shelf);
        shelf.closed = true;
        shelf.idle.clear();
    }

    async fn open(&self) -> Result<Session, Failure> {
        Ok(match self.target.dialect {
            Dialect::Postgres => Session::Postgres(Box::new(postgres::Session::open(&self.target).await?)),
            Dialect::Sqlite => Session::Sqlite(Box::new(sqlite::Session::open(&self.target).await?)),
        })
    }

    /// A session that was kept.
    pub(super) fn take(&self) -> Option<Session> {
        lock(&self.shelf).idle.pop().map(|(_, session)| session)
    }

    /// Keeps a session that is ready for the next.
    pub(super) fn keep(&self, session: Session) {
        let mut shelf = lock(&self.shelf);
        if shelf.closed {
            return;
        }
        shelf.idle.push((Instant::now(), session));
        if !shelf.sweeping {
            shelf.sweeping = true;
            tokio::spawn(sweep(Arc::clone(&self.shelf)));
        }
    }
}

/// Closes what nobody used; ends with the last connection, so that an idle tenant costs nothing.
async fn sweep(shelf: Arc<Mutex<Shelf>>) {
    loop {
        sleep(IDLE / 2).await;
        let mut shelf = lock(&shelf);
        shelf.idle.retain(|(since, _)| since.elapsed() < IDLE);
        if shelf.idle.is_empty() {
            shelf.sweeping = false;
            return;
        }
    }
}

/// A session at work. Dropped before its end, it stops the database's work.
struct Lease<'a> {
    session: Option<Session>,
    slot: Slot,
    pool: &'a Pool,
    fate: Fate,
}

impl Lease<'_> {
    async fn run(&mut self, statement: &Statement, cap: usize) -> Result<Frame, Failure> {
        let limit = self.pool.target.statement_timeout;
        let answer = match &mut self.session {
            Some(Session::Postgres(session)) => timeout(limit + GRACE, session.run(statement, cap)).await,
            Some(Session::Sqlite(session)) => timeout(limit + GRACE, session.run(statement, cap)).await,
            None => return Err(closed()),
        };
        let Ok((answer, fate)) = answer else { return Err(Failure::TimedOut(limit)) };
        self.fate = fate;
        answer
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        match (self.session.take(), self.fate) {
            (Some(session), Fate::Keep) => self.pool.keep(session),
            (Some(Session::Postgres(session)), Fate::Stop) => session.stop(Arc::clone(&self.slot)),
            (Some(Session::Sqlite(session)), Fate::Stop) => (*session).stop(),
            _ => {}
        }
    }
}

pub(super) fn closed() -> Failure {
    Failure::Unreachable("its connections were closed".into())
}

fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").field("idle", &self.idle.len()).field("closed", &self.closed).finish()
    }
}
