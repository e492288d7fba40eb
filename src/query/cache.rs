//! Answers kept for a while: many viewers asking at once are one query, and a dead database still shows what it said last.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::{Query, ROW_CAP};
use crate::datastore::{Datastore, Failure};
use crate::domain::{Clock, TenantId, TimeRange};
use crate::frame::Frame;
use crate::tenancy::TenantScope;

/// What a query gave.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The rows.
    pub frame: Arc<Frame>,
    /// When the database gave them.
    pub at: DateTime<Utc>,
    /// Whether this call asked the database nothing.
    pub hit: bool,
    /// Why these are not newer rows: the last good ones stand in for an answer that failed.
    pub stale: Option<Failure>,
    /// How long this call waited for the database; zero for a hit.
    pub elapsed: Duration,
}

/// The key of an exact answer. The tenant comes first: no entry is ever another tenant's. Then the database that gave it:
/// a tenant that moves to another one sees nothing of the old.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    store: u64,
    panel: Box<str>,
    question: Box<str>,
}

#[derive(Clone, Debug)]
struct Kept {
    frame: Arc<Frame>,
    at: DateTime<Utc>,
    range: Option<TimeRange>,
}

type Outcome = Result<Kept, Failure>;
type Flight = Shared<BoxFuture<'static, Outcome>>;

/// Keeps frames, bounded in bytes, least valuable out first. Cheap to clone; clones are one cache.
#[derive(Clone)]
pub struct Cache {
    exact: moka::sync::Cache<Key, Kept>,
    /// The last good answer to a question whose range moves with the clock.
    last: moka::sync::Cache<Key, Kept>,
    flights: Arc<Mutex<HashMap<Key, WeakShared<BoxFuture<'static, Outcome>>>>>,
    clock: Clock,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("entries", &self.exact.entry_count()).field("bytes", &self.bytes()).finish()
    }
}

impl Cache {
    /// The capacity where settings name none: 32 MiB.
    pub const BYTES: u64 = 32 * 1024 * 1024;

    /// A cache of at most `bytes` bytes.
    pub fn new(bytes: u64, clock: Clock) -> Cache {
        let store = || {
            moka::sync::Cache::builder()
                .max_capacity(bytes / 2)
                .weigher(|key: &Key, kept: &Kept| {
                    let size = kept.frame.bytes() + key.question.len() + 200;
                    u32::try_from(size).unwrap_or(u32::MAX)
                })
                .build()
        };
        Cache { exact: store(), last: store(), flights: Arc::default(), clock }
    }

    /// About how many bytes are held.
    pub fn bytes(&self) -> u64 {
        self.exact.weighted_size() + self.last.weighted_size()
    }

    /// How many answers are held.
    pub fn entries(&self) -> u64 {
        self.exact.entry_count()
    }

    /// The kept answer while it is fresh; else what `ask` gives, asked once for all who wait; else, if that fails, the last good one.
    async fn answer<F>(
        &self,
        key: Key,
        shape: Key,
        range: Option<TimeRange>,
        fresh_for: Duration,
        ask: F,
    ) -> Result<Answer, Failure>
    where
        F: Future<Output = Result<Frame, Failure>> + Send + 'static,
    {
        if let Some(kept) = self.exact.get(&key).filter(|kept| is_fresh(kept.at, self.clock.now(), fresh_for)) {
            return Ok(Answer { frame: kept.frame, at: kept.at, hit: true, stale: None, elapsed: Duration::ZERO });
        }
        let begun = Instant::now();
        let (flight, joined) = self.flight(&key, &shape, range, ask);
        let outcome = flight.await;
        let elapsed = begun.elapsed();
        match outcome {
            Ok(kept) => Ok(Answer { frame: kept.frame, at: kept.at, hit: joined, stale: None, elapsed }),
            Err(failure) => match self.last_good(&key, &shape, range) {
                Some(kept) => Ok(Answer { frame: kept.frame, at: kept.at, hit: joined, stale: Some(failure), elapsed }),
                None => Err(failure),
            },
        }
    }

    /// The query under way for this key, or a new one. It lives as long as somebody waits for it.
    fn flight<F>(&self, key: &Key, shape: &Key, range: Option<TimeRange>, ask: F) -> (Flight, bool)
    where
        F: Future<Output = Result<Frame, Failure>> + Send + 'static,
    {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(key).and_then(WeakShared::upgrade).filter(|flight| flight.peek().is_none()) {
            return (flight, true);
        }
        flights.retain(|_, flight| flight.upgrade().is_some());
        let (cache, key_kept, shape) = (self.clone(), key.clone(), shape.clone());
        let flight = async move {
            let outcome = ask.await.map(|frame| Kept { frame: Arc::new(frame), at: cache.clock.now(), range });
            if let Ok(kept) = &outcome {
                cache.exact.insert(key_kept, kept.clone());
                cache.last.insert(shape, kept.clone());
            }
            outcome
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(key.clone(), weak);
        }
        (flight, false)
    }

    fn last_good(&self, key: &Key, shape: &Key, range: Option<TimeRange>) -> Option<Kept> {
        self.exact.get(key).or_else(|| self.last.get(shape).filter(|kept| is_mostly(kept.range, range)))
    }
}

fn is_fresh(at: DateTime<Utc>, now: DateTime<Utc>, fresh_for: Duration) -> bool {
    let age = now - at;
    !fresh_for.is_zero() && age >= TimeDelta::zero() && age < TimeDelta::from_std(fresh_for).unwrap_or(TimeDelta::MAX)
}

/// Whether an answer for `kept` can stand in for `asked`: the same stretch but for the time that passed since.
fn is_mostly(kept: Option<TimeRange>, asked: Option<TimeRange>) -> bool {
    match (kept, asked) {
        (None, None) => true,
        (Some(kept), Some(asked)) => {
            let (from, to) = (kept.from().max(asked.from()), kept.to().min(asked.to()));
            kept.to() <= asked.to() && (to - from) * 2 >= asked.length()
        }
        _ => false,
    }
}

/// Tells one database from another; holds nothing of its address.
fn fingerprint(datastore: &Datastore) -> u64 {
    let mut hasher = DefaultHasher::new();
    datastore.target().hash(&mut hasher);
    hasher.finish()
}

impl Query {
    /// Asks the tenant's datastore, through the cache. `panel` names who asks; an answer younger than `fresh_for` is given again,
    /// and zero asks anew. When the database fails, the last good answer is given, marked stale.
    ///
    /// # Errors
    /// Why there is no answer, when there never was one.
    pub async fn run(&self, scope: &TenantScope, cache: &Cache, panel: &str, fresh_for: Duration) -> Result<Answer, Failure> {
        let Some(datastore) = scope.datastore() else {
            let why = scope.datastore_fault().unwrap_or("this tenant has no datastore in this environment");
            return Err(Failure::Unreachable(why.to_owned()));
        };
        self.run_on(scope.tenant(), datastore, cache, panel, fresh_for).await
    }

    async fn run_on(
        &self,
        tenant: TenantId,
        datastore: &Datastore,
        cache: &Cache,
        panel: &str,
        fresh_for: Duration,
    ) -> Result<Answer, Failure> {
        let statement = self.statement(datastore.dialect(), datastore.schema());
        let store = fingerprint(datastore);
        let key = |question: String| Key { tenant, store, panel: panel.into(), question: question.into() };
        let exact = key(format!("{}\n{:?}", statement.sql, statement.binds));
        let datastore = datastore.clone();
        let ask = async move { datastore.query(&statement, ROW_CAP).await };
        cache.answer(exact, key(self.shape()), self.range(), fresh_for, ask).await
    }
}

#[cfg(test)]
mod tests;
