//! When somebody last came: written down once a minute, however many come at once with the same credential.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::central::Error;

/// How exactly it is kept.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// So many are remembered; those that are old go first, then all.
const REMEMBERED: usize = 50_000;

/// What was written down a moment ago, or is about to be, by the id of who came.
#[derive(Debug, Default)]
pub(super) struct Uses(Mutex<HashMap<String, DateTime<Utc>>>);

/// One who writes it down. Dropped before that is done, another one does it.
struct Writer<'a> {
    uses: &'a Uses,
    id: &'a str,
    done: bool,
}

impl Uses {
    /// Writes that `id` came now, unless that stands there since a minute ago at most, or somebody is at it. True when it
    /// was written.
    pub(super) async fn note(
        &self,
        id: &str,
        last: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        write: impl Future<Output = Result<(), Error>>,
    ) -> Result<bool, Error> {
        if last.is_some_and(|last| now - last < MINUTE) || !self.is_mine(id, now) {
            return Ok(false);
        }
        let mut writer = Writer { uses: self, id, done: false };
        write.await?;
        writer.done = true;
        Ok(true)
    }

    fn is_mine(&self, id: &str, now: DateTime<Utc>) -> bool {
        let mut all = self.all();
        if all.get(id).is_some_and(|at| now - *at < MINUTE) {
            return false;
        }
        if all.len() >= REMEMBERED {
            all.retain(|_, at| now - *at < MINUTE);
        }
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(id.to_owned(), now);
        true
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.uses.all().remove(self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use chrono::{DateTime, TimeDelta};
    use futures_util::FutureExt;

    use super::Uses;
    use crate::central::Error;

    #[tokio::test]
    async fn of_many_that_come_at_once_one_writes_and_another_where_that_failed() {
        let (uses, now) = (Uses::default(), DateTime::from_timestamp(1_800_000_000, 0).expect("a time"));
        let note = async |id: &str, at, done| uses.note(id, None, at, ready(done)).await;
        assert!(note("a", now, Err(Error::Unavailable("away".to_owned()))).await.is_err());
        assert!(note("a", now, Ok(())).await.unwrap(), "it was not written before");
        assert!(!note("a", now + TimeDelta::seconds(59), Ok(())).await.unwrap());
        assert!(note("b", now, Ok(())).await.unwrap(), "somebody else");
        assert!(note("a", now + TimeDelta::seconds(60), Ok(())).await.unwrap());
        assert!(!uses.note("c", Some(now - TimeDelta::seconds(59)), now, ready(Ok(()))).await.unwrap(), "it stands there");

        let mut slow = Box::pin(uses.note("d", None, now, pending()));
        assert!(slow.as_mut().now_or_never().is_none());
        assert!(!note("d", now, Ok(())).await.unwrap(), "somebody is at it");
        drop(slow);
        assert!(note("d", now, Ok(())).await.unwrap(), "who went away has not written it");
    }
}
