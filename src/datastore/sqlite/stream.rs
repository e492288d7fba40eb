//! Many rows of a file: one statement, read step by step in a task of its own, no faster than they are taken.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Column, Executor, SqlSafeStr, Statement as _, TypeInfo};
use tokio::sync::mpsc::Sender;

use super::{Brake, Session, arguments, decode, failure};
use crate::datastore::Statement;
use crate::datastore::pool::Slot;
use crate::datastore::stream::{STEP, Sent};
use crate::frame::{self, Frame};

/// Ends a session's statement when it is dropped.
#[derive(Debug)]
pub(in crate::datastore) struct Stopper(Arc<Brake>);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.pulled.store(true, Ordering::Relaxed);
    }
}

/// Reads until the end, the cap, or until nobody listens any more.
pub(in crate::datastore) async fn stream(mut session: Session, statement: Statement, cap: u64, sender: Sender<Sent>, slot: Slot) {
    let told = match session.read_all(&statement, cap, &sender).await {
        Ok(()) => Ok(None),
        Err(error) => Err(failure(&error, session.limit)),
    };
    drop(session);
    drop(slot);
    let _ = sender.send(told).await;
}

impl Session {
    pub(in crate::datastore) fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.brake))
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
