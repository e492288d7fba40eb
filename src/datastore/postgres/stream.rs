//! Many rows through a cursor of the server's: 2,000 at a time, in a transaction that can only read.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;
use tokio::sync::mpsc::Sender;

use super::plan::Plan;
use super::{Session, Trouble, failure, push};
use crate::datastore::pool::Slot;
use crate::datastore::stream::{STEP, Sent};
use crate::datastore::{Failure, Statement};
use crate::frame::{Column, Frame};

/// Reads until the end, the cap, or until nobody listens any more: then the server is told to stop, and the turn is taken until it
/// has. Gives the last word, and the session where it may be used again.
pub(in crate::datastore) async fn stream(
    mut session: Box<Session>,
    statement: &Statement,
    cap: u64,
    sender: &Sender<Sent>,
    slot: &Slot,
) -> (Sent, Option<Box<Session>>) {
    let read = tokio::select! {
        () = sender.closed() => None,
        read = session.fetch_all(statement, cap, sender) => Some(read),
    };
    match read {
        None => {
            session.stop(Arc::clone(slot));
            (Ok(None), None)
        }
        // What reached its end leaves the transaction, and with it the cursor.
        Some(Ok(())) => match session.run_own("COMMIT").await {
            Ok(()) => (Ok(None), Some(session)),
            Err(_) => (Ok(None), None),
        },
        Some(Err(trouble)) => (Err(session.why(trouble)), None),
    }
}

impl Session {
    async fn fetch_all(&mut self, statement: &Statement, cap: u64, sender: &Sender<Sent>) -> Result<(), Trouble> {
        // Whoever reads a file slowly is not idle: the transaction may wait as long as a step may take.
        self.run_own("SELECT set_config('idle_in_transaction_session_timeout', current_setting('statement_timeout'), false)")
            .await?;
        let (plan, arguments) = self.plan(statement).await?;
        self.run_own("BEGIN TRANSACTION READ ONLY").await?;
        // A name of its own: what the connection remembers of an earlier cursor's columns must not be taken for this one's.
        self.cursors += 1;
        let cursor = format!("loggia_rows_{}", self.cursors);
        let declare = format!("DECLARE {cursor} NO SCROLL CURSOR FOR {}", plan.sql);
        sqlx::query_with(AssertSqlSafe(declare), arguments).execute(&mut self.connection).await?;
        let mut left = cap;
        loop {
            let wanted = left.min(STEP as u64) as usize;
            // One more than is wanted tells whether the cap cuts something off.
            let ask = if left <= STEP as u64 { wanted + 1 } else { wanted };
            let (frame, count) = self.fetch(&cursor, &plan, ask, wanted).await?;
            left -= count.min(wanted) as u64;
            let last = count < ask || frame.truncated;
            // The columns are told even when there is no row.
            let empty_end = count == 0 && left < cap;
            if !empty_end && sender.send(Ok(Some(frame))).await.is_err() {
                return Ok(());
            }
            if last {
                return Ok(());
            }
        }
    }

    /// The next `ask` rows, of which `wanted` are kept; and how many there were.
    async fn fetch(&mut self, cursor: &str, plan: &Arc<Plan>, ask: usize, wanted: usize) -> Result<(Frame, usize), Trouble> {
        let sql = format!("FETCH FORWARD {ask} FROM {cursor}");
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut self.connection);
        let mut sinks = plan.sinks();
        let mut count = 0;
        while let Some(row) = rows.try_next().await? {
            if count == 0 && !plan.describes(&row) {
                return Err(Trouble::Stale);
            }
            count += 1;
            if count <= wanted {
                push(&row, &mut sinks)?;
            }
        }
        let columns = plan.columns.iter().zip(sinks);
        let columns = columns.map(|(c, sink)| Column { name: c.name.clone(), values: sink.values }).collect();
        Ok((Frame { columns, truncated: count > wanted }, count))
    }

    async fn run_own(&mut self, sql: &'static str) -> Result<(), Trouble> {
        sqlx::query(sql).execute(&mut self.connection).await?;
        Ok(())
    }

    fn why(&self, trouble: Trouble) -> Failure {
        match trouble {
            Trouble::Sql(error) => failure(&error, self.limit),
            Trouble::Refused(why) | Trouble::Garbled(why) => Failure::Refused(why),
            Trouble::Stale => Failure::Unreachable("a table changed under a prepared query".into()),
        }
    }
}
