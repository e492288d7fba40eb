//! Rows without end: read in small frames, no faster than they are taken, and stopped when nobody takes them any more.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::pool::{Session, Slot, WAIT};
use super::{Datastore, Failure, Statement, Target, postgres, sqlite};
use crate::frame::Frame;

/// How many rows are read at once.
pub const STEP: usize = 2_000;
/// How many streams a datastore has at once.
const STREAMS: u32 = 2;
/// How long reading one step may take, and how long a reader may pause: sorting a million rows takes longer than drawing a panel.
const PATIENCE: Duration = Duration::from_secs(60);
/// Frames read ahead of the taker.
const AHEAD: usize = 2;

/// The same database, as streams use it.
pub(super) fn of(target: &Target) -> Target {
    Target { statement_timeout: target.statement_timeout.max(PATIENCE), max_connections: STREAMS, ..target.clone() }
}

/// What the reader sends: a frame; at the end that it was the end, so that a reader that vanished is never taken for one.
pub(super) type Sent = Result<Option<Frame>, Failure>;

/// Rows on their way. Dropped, it stops the database's work and frees its connection.
#[derive(Debug)]
pub struct Rows {
    first: Option<Frame>,
    coming: mpsc::Receiver<Sent>,
    over: bool,
    _brake: Option<sqlite::Stopper>,
}

impl Rows {
    /// The next frame of at most 2,000 rows; none at the end. The first has the columns even when there is no row.
    ///
    /// # Errors
    /// See [`Failure`]; nothing comes after one.
    pub async fn next(&mut self) -> Result<Option<Frame>, Failure> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        if self.over {
            return Ok(None);
        }
        let sent = self.coming.recv().await.unwrap_or_else(|| Err(Failure::Unreachable("the reader ended early".into())));
        self.over = !matches!(sent, Ok(Some(_)));
        sent
    }
}

impl Datastore {
    /// Begins to read the rows of one SELECT, at most `cap`; what is beyond is left out, and the last frame says so.
    /// Returns when the first rows are there.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn stream(&self, statement: &Statement, cap: u64) -> Result<Rows, Failure> {
        let pass = self.breaker.enter(Instant::now())?;
        let rows = self.begin(statement, cap).await;
        pass.learn(rows.as_ref().err(), Instant::now());
        rows
    }

    async fn begin(&self, statement: &Statement, cap: u64) -> Result<Rows, Failure> {
        let slot = self.streams.turn_within(WAIT).await?;
        // A kept connection may have died meanwhile: then another, at last a new one.
        while let Some(session) = self.streams.take() {
            match self.read(session, statement, cap, &slot).await {
                Err(Failure::Unreachable(_)) => {}
                rows => return rows,
            }
        }
        self.read(self.streams.opened().await?, statement, cap, &slot).await
    }

    /// Begins to read, in a task of its own. A session that came to its end is kept for the next file, before its turn is given up.
    async fn read(&self, session: Session, statement: &Statement, cap: u64, slot: &Slot) -> Result<Rows, Failure> {
        let (sender, coming) = mpsc::channel(AHEAD);
        let (pool, slot, statement) = (self.streams.clone(), slot.clone(), statement.clone());
        let brake = match &session {
            Session::Sqlite(session) => Some(session.stopper()),
            Session::Postgres(_) => None,
        };
        tokio::spawn(async move {
            let (told, session) = match session {
                Session::Postgres(session) => {
                    let (told, session) = postgres::stream(session, &statement, cap, &sender, &slot).await;
                    (told, session.map(Session::Postgres))
                }
                Session::Sqlite(session) => {
                    let (told, session) = sqlite::stream(session, &statement, cap, &sender).await;
                    (told, session.map(Session::Sqlite))
                }
            };
            if let Some(session) = session {
                pool.keep(session);
            }
            drop(slot);
            let _ = sender.send(told).await;
        });
        let mut rows = Rows { first: None, coming, over: false, _brake: brake };
        rows.first = rows.next().await?;
        Ok(rows)
    }
}
