//! Rows without end: read in small frames, no faster than they are taken, and stopped when nobody takes them any more.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::pool::{Slot, WAIT};
use super::{Datastore, Dialect, Failure, Statement, Target, postgres, sqlite};
use crate::frame::Frame;

/// How many rows are read at once.
pub const STEP: usize = 2_000;
/// How many streams a datastore has at once.
pub(super) const STREAMS: usize = 2;
/// How long reading one step may take, and how long a reader may pause: sorting a million rows takes longer than drawing a panel.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// Frames read ahead of the taker.
const AHEAD: usize = 2;

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
        let slot = timeout(WAIT, self.streams.clone().acquire_owned()).await.map_err(|_| Failure::Busy)?;
        let slot = Slot::new(slot.map_err(|_| super::pool::closed())?);
        let target = Target { statement_timeout: self.target().statement_timeout.max(PATIENCE), ..self.target().clone() };
        let (sender, coming) = mpsc::channel(AHEAD);
        let unreached = || Failure::Unreachable("no answer to connecting".into());
        let brake = match target.dialect {
            Dialect::Postgres => {
                let session = timeout(WAIT, postgres::Session::open(&target)).await.map_err(|_| unreached())??;
                tokio::spawn(postgres::stream(Box::new(session), statement.clone(), cap, sender, slot));
                None
            }
            Dialect::Sqlite => {
                let session = timeout(WAIT, sqlite::Session::open(&target)).await.map_err(|_| unreached())??;
                let stopper = session.stopper();
                tokio::spawn(sqlite::stream(session, statement.clone(), cap, sender, slot));
                Some(stopper)
            }
        };
        let mut rows = Rows { first: None, coming, over: false, _brake: brake };
        rows.first = rows.next().await?;
        Ok(rows)
    }
}
