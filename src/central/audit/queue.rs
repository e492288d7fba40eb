use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::super::{Central, Error};
use super::{About, Action, Entry};
use crate::domain::Actor;

/// How many rows may wait to be written.
const ROOM: usize = 4_096;
/// How many targets one coalesced denial names.
const NAMED: usize = 20;
/// How many "once only" keys are remembered; beyond it the outdated ones are dropped, then all.
const REMEMBERED: usize = 50_000;

/// Takes the audit rows of reading (views, exports, denials), so that nobody waits for them.
/// They are written together at most a second later; what finds the queue full is counted, and the count is a row too.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    central: Central,
    state: Mutex<State>,
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Entry>,
    denials: HashMap<String, usize>,
    seen: HashMap<String, (DateTime<Utc>, TimeDelta)>,
    lost: u64,
    lost_unwritten: u64,
    closed: bool,
}

impl Queue {
    /// Starts the writer. It stops with [`Queue::close`], or when the last handle is gone.
    pub fn start(central: &Central) -> Queue {
        let shared = Arc::new(Shared { central: central.clone(), state: Mutex::default(), writing: tokio::sync::Mutex::new(()) });
        let watched = Arc::downgrade(&shared);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(900)).await;
                let Some(shared) = watched.upgrade() else { return };
                if let Err(error) = shared.write().await {
                    tracing::error!(%error, "audit rows could not be written; they are kept and tried again");
                }
                if shared.state().closed {
                    return;
                }
            }
        });
        Queue(shared)
    }

    /// Adds a row.
    pub fn push(&self, actor: &Actor, action: Action, about: About) {
        let entry = Entry::new(actor, self.0.central.clock().now(), action, about);
        self.0.state().push(entry);
    }

    /// Adds a row unless one with the same key was added within `window`.
    pub fn once(&self, key: String, window: TimeDelta, actor: &Actor, action: Action, about: About) {
        let now = self.0.central.clock().now();
        let mut state = self.0.state();
        if state.first(key, now, window) {
            state.push(Entry::new(actor, now, action, about));
        }
    }

    /// Adds a denial. Those of one caller that wait together become one row with a count.
    pub fn denied(&self, actor: &Actor, target: &str) {
        let entry = Entry::new(actor, self.0.central.clock().now(), Action::Denied, About::target(target));
        self.0.state().coalesce(caller(actor), entry);
    }

    /// Adds a failed sign-in. Those from one address for one account that wait together become one row with a count.
    pub fn sign_in_failed(&self, actor: &Actor, why: &str) {
        let about = About::target(actor.label()).with("why", why);
        let entry = Entry::new(actor, self.0.central.clock().now(), Action::SignInFailed, about);
        self.0.state().coalesce(format!("sign-in {why} {}", caller(actor)), entry);
    }

    /// How many rows were never written because the queue was full.
    pub fn lost(&self) -> u64 {
        self.0.state().lost
    }

    /// Writes what waits, now.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer; the rows are kept.
    pub async fn flush(&self) -> Result<(), Error> {
        let shared = Arc::clone(&self.0);
        // in a task of its own: a caller that goes away must not take half a batch with it
        match tokio::spawn(async move { shared.write().await }).await {
            Ok(done) => done,
            Err(cause) => Err(Error::Internal(cause.to_string())),
        }
    }

    /// Writes what waits and stops the writer.
    ///
    /// # Errors
    /// As [`Queue::flush`].
    pub async fn close(&self) -> Result<(), Error> {
        self.0.state().closed = true;
        self.flush().await
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self) -> Result<(), Error> {
        let _one = self.writing.lock().await;
        let (batch, lost) = self.state().take();
        if batch.is_empty() && lost == 0 {
            return Ok(());
        }
        let mut rows = batch.clone();
        if lost > 0 {
            rows.push(lost_row(&self.central, lost));
        }
        let written = self.append(rows).await;
        if written.is_err() {
            self.state().give_back(batch, lost);
        }
        written
    }

    async fn append(&self, rows: Vec<Entry>) -> Result<(), Error> {
        self.central.write().await?.commit(rows).await
    }
}

impl State {
    fn push(&mut self, entry: Entry) -> bool {
        if self.waiting.len() >= ROOM {
            self.lost += 1;
            self.lost_unwritten += 1;
            return false;
        }
        self.waiting.push(entry);
        true
    }

    fn first(&mut self, key: String, now: DateTime<Utc>, window: TimeDelta) -> bool {
        if self.seen.get(&key).is_some_and(|(at, window)| now - *at < *window) {
            return false;
        }
        if self.seen.len() >= REMEMBERED {
            self.seen.retain(|_, (at, window)| now - *at < *window);
        }
        if self.seen.len() >= REMEMBERED {
            self.seen.clear();
        }
        self.seen.insert(key, (now, window));
        true
    }

    fn coalesce(&mut self, key: String, entry: Entry) {
        let Some(first) = self.denials.get(&key).and_then(|at| self.waiting.get_mut(*at)) else {
            let at = self.waiting.len();
            if self.push(entry) {
                self.denials.insert(key, at);
            }
            return;
        };
        let count = first.detail.get("count").and_then(Value::as_u64).unwrap_or(1);
        first.detail.insert("count".to_owned(), Value::from(count + 1));
        if entry.target != first.target {
            name_also(first, entry.target);
        }
    }

    fn take(&mut self) -> (Vec<Entry>, u64) {
        self.denials.clear();
        (std::mem::take(&mut self.waiting), std::mem::take(&mut self.lost_unwritten))
    }

    fn give_back(&mut self, batch: Vec<Entry>, lost: u64) {
        self.denials.clear();
        let newer = std::mem::replace(&mut self.waiting, batch);
        self.lost_unwritten += lost;
        for entry in newer {
            self.push(entry);
        }
    }
}

fn name_also(first: &mut Entry, target: Option<String>) {
    let Some(target) = target.map(Value::from) else { return };
    let also = first.detail.entry("also".to_owned()).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(names) = also
        && names.len() < NAMED
        && !names.contains(&target)
    {
        names.push(target);
    }
}

fn caller(actor: &Actor) -> String {
    format!("{} {} {:?}", actor.kind().as_str(), actor.label(), actor.address())
}

fn lost_row(central: &Central, lost: u64) -> Entry {
    Entry::by_the_server(central.clock().now(), Action::AuditLost, About::nothing().with("count", lost))
}
