use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use super::super::Central;
use super::{Broken, verify};

/// How long a look at the chain counts: walking all of it costs something.
const COUNTS: TimeDelta = TimeDelta::minutes(5);

/// What is known of the chain at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It was walked whole, and every row fits.
    Whole {
        /// How many rows.
        rows: u64,
        /// When.
        at: DateTime<Utc>,
    },
    /// A row does not fit.
    Broken {
        /// The first such row.
        row: Broken,
        /// When it was found.
        at: DateTime<Utc>,
    },
    /// It is being walked.
    Walking,
    /// The last walk did not come to its end: the database did not answer.
    Unknown,
}

/// Walks the chain now and then, when somebody wants to know, never twice at once; remembers what it found.
#[derive(Clone, Debug, Default)]
pub struct ChainWatch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Look>,
    is_walking: bool,
}

impl ChainWatch {
    /// What is known, walked anew where it is older than five minutes or `anew` is asked for. Waits `patience` for a walk that
    /// is under way, and then says that it is.
    pub async fn look(&self, central: &Central, anew: bool, patience: Duration) -> Look {
        let now = central.clock().now();
        let ended = self.0.ended.notified();
        {
            let mut state = self.0.state();
            if let Some(last) = state.last.as_ref().filter(|last| !anew && last.is_fresh(now)) {
                return last.clone();
            }
            if !state.is_walking {
                state.is_walking = true;
                self.walk(central);
            }
        }
        let _ = tokio::time::timeout(patience, ended).await;
        let state = self.0.state();
        match &state.last {
            Some(last) if !state.is_walking => last.clone(),
            _ => Look::Walking,
        }
    }

    fn walk(&self, central: &Central) {
        let (shared, central) = (Arc::clone(&self.0), central.clone());
        tokio::spawn(async move {
            let found = verify(&central).await;
            let at = central.clock().now();
            let look = match found {
                Ok(verdict) => match verdict.broken {
                    None => Look::Whole { rows: verdict.rows, at },
                    Some(row) => Look::Broken { row, at },
                },
                Err(error) => {
                    tracing::warn!(%error, "the audit chain could not be walked");
                    Look::Unknown
                }
            };
            {
                let mut state = shared.state();
                state.last = Some(look);
                state.is_walking = false;
            }
            shared.ended.notify_waiters();
        });
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Look {
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        match self {
            Look::Whole { at, .. } | Look::Broken { at, .. } => now - *at < COUNTS,
            Look::Walking | Look::Unknown => false,
        }
    }
}
