//! Many rows of a file: one statement, read step by step in a task of its own, no faster than they are taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Column, Executor, SqlSafeStr, Statement as _, TypeInfo};
use tokio::sync::mpsc::Sender;

use super::{Session, arguments, decode, failure, gone, inode};
use crate::datastore::Statement;
use crate::datastore::stream::{STEP, Sent};
use crate::frame::{self, Frame};

/// Ends a stream's statement when it is dropped; a later stream of the same session has a stopper of its own.
#[derive(Debug)]
pub(in crate::datastore) struct Stopper(Arc<AtomicBool>);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads until the end, the cap, or until nobody listens any more. Gives the last word, and the session where it may be used again.
pub(in crate::datastore) async fn stream(
    mut session: Box<Session>,
    statement: &Statement,
    cap: u64,
    sender: &Sender<Sent>,
) -> (Sent, Option<Box<Session>>) {
    if inode(&session.path).await != Some(session.file) {
        return (Err(gone(&session.path)), None);
    }
    match session.read_all(statement, cap, sender).await {
        Ok(()) => {
            session.brake.set(None);
            (Ok(None), Some(session))
        }
        Err(error) => (Err(failure(&error, session.limit)), None),
    }
}

impl Session {
    /// What ends the next stream of this session.
    pub(in crate::datastore) fn stopper(&self) -> Stopper {
        Stopper(self.brake.anew())
    }

    async fn read_all(&mut self, statement: &Statement, cap: u64, sender: &Sender<Sent>) -> Result<(), sqlx::Error> {
        self.brake.set(Some(Instant::now() + self.limit));
        let prepared = (&mut self.connection).prepare(AssertSqlSafe(statement.sql.clone()).into_sql_str()).await?;
        let kinds: Vec<String> = prepared.columns().iter().map(|c| c.type_info().name().to_owned()).collect();
        let names: Vec<Box<str>> = prepared.columns().iter().map(|c| c.name().into()).collect();
        let fresh = || kinds.iter().map(|kind| decode::Sink::new(kind)).collect::<Vec<_>>();
        let finish = |sinks: Vec<decode::Sink>, truncated| {
            let columns = names.iter().cloned().zip(sinks);
            let columns = columns.map(|(name, sink)| frame::Column { name, values: sink.finish() }).collect();
            Frame { columns, truncated }
        };
        let mut rows = prepared.query_with(arguments(&statement.binds)?).fetch(&mut self.connection);
        let (mut sinks, mut held, mut count) = (fresh(), 0, 0);
        while let Some(row) = rows.try_next().await? {
            if count == cap {
                let _ = sender.send(Ok(Some(finish(sinks, true)))).await;
                return Ok(());
            }
            (held, count) = (held + 1, count + 1);
            for (i, sink) in sinks.iter_mut().enumerate() {
                sink.push(&row, i)?;
            }
            if held == STEP {
                self.brake.set(None);
                if sender.send(Ok(Some(finish(std::mem::replace(&mut sinks, fresh()), false)))).await.is_err() {
                    return Ok(());
                }
                held = 0;
                self.brake.set(Some(Instant::now() + self.limit));
            }
        }
        // The columns are told even when there is no row.
        if held > 0 || count == 0 {
            let _ = sender.send(Ok(Some(finish(sinks, false)))).await;
        }
        Ok(())
    }
}
