use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Answer, Cache, Key};
use crate::datastore::Failure;
use crate::domain::{Clock, TenantId, TimeRange};
use crate::frame::{Column, Frame, Values};

const MINUTE: Duration = Duration::from_secs(60);

fn noon() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-04-15T12:00:00Z").unwrap().to_utc()
}

fn frame(n: i64) -> Frame {
    Frame { columns: vec![Column { name: "n".into(), values: Values::Int(vec![Some(n)]) }], truncated: false }
}

fn number(answer: &Answer) -> i64 {
    match &answer.frame.columns[0].values {
        Values::Int(values) => values[0].unwrap(),
        other => panic!("{other:?}"),
    }
}

fn key(tenant: TenantId, question: &str) -> Key {
    Key { tenant, store: 1, panel: "cpu".into(), question: question.into() }
}

/// A stage with one tenant, a clock that stands still, and a count of the queries asked.
struct Stage {
    cache: Cache,
    clock: Clock,
    tenant: TenantId,
    asked: Arc<AtomicUsize>,
}

impl Stage {
    fn new() -> Stage {
        let clock = Clock::held(noon());
        Stage { cache: Cache::new(Cache::BYTES, clock.clone()), clock, tenant: TenantId::new(), asked: Arc::default() }
    }

    async fn ask(
        &self,
        question: &str,
        range: Option<TimeRange>,
        fresh: Duration,
        outcome: Result<i64, Failure>,
    ) -> Result<Answer, Failure> {
        let asked = self.asked.clone();
        let ask = async move {
            asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            outcome.map(frame)
        };
        self.cache.answer(key(self.tenant, question), key(self.tenant, "shape"), range, fresh, ask).await
    }
}

#[tokio::test]
async fn an_answer_is_given_again_while_it_is_fresh() {
    let stage = Stage::new();
    assert!(!stage.ask("q", None, MINUTE, Ok(1)).await.unwrap().hit);
    let again = stage.ask("q", None, MINUTE, Ok(2)).await.unwrap();
    assert_eq!((again.hit, number(&again), again.at), (true, 1, noon()));
    // A manual refresh asks anew.
    assert_eq!(number(&stage.ask("q", None, Duration::ZERO, Ok(3)).await.unwrap()), 3);
    stage.clock.advance(TimeDelta::seconds(61));
    assert_eq!(number(&stage.ask("q", None, MINUTE, Ok(4)).await.unwrap()), 4);
    assert_eq!(stage.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn many_viewers_at_once_are_one_query() {
    let stage = Stage::new();
    let asks = (0..20).map(|_| stage.ask("q", None, Duration::ZERO, Ok(7)));
    let answers = futures_util::future::join_all(asks).await;
    assert!(answers.iter().all(|answer| number(answer.as_ref().unwrap()) == 7));
    assert_eq!(stage.asked.load(Ordering::SeqCst), 1);
    assert_eq!(answers.iter().filter(|answer| !answer.as_ref().unwrap().hit).count(), 1);
}

#[tokio::test]
async fn a_viewer_who_leaves_takes_nobody_along() {
    let stage = Stage::new();
    let (mut first, second) = (Box::pin(stage.ask("q", None, MINUTE, Ok(1))), stage.ask("q", None, MINUTE, Ok(2)));
    assert!(futures_util::poll!(&mut first).is_pending());
    let second = async {
        drop(first);
        second.await
    };
    assert!(second.await.is_ok());
    assert_eq!(
        number(&stage.ask("q", None, MINUTE, Ok(3)).await.unwrap()),
        number(&stage.ask("q", None, MINUTE, Ok(4)).await.unwrap())
    );
}

#[tokio::test]
async fn a_database_that_fails_leaves_the_last_good_answer_marked_stale() {
    let stage = Stage::new();
    assert!(matches!(stage.ask("q", None, MINUTE, Err(Failure::Busy)).await, Err(Failure::Busy)));
    stage.ask("q", None, MINUTE, Ok(1)).await.unwrap();
    stage.clock.advance(TimeDelta::seconds(120));
    let stale = stage.ask("q", None, MINUTE, Err(Failure::Busy)).await.unwrap();
    assert_eq!((number(&stale), stale.at), (1, noon()));
    assert!(matches!(stale.stale, Some(Failure::Busy)));
    // It recovers by itself.
    assert!(stage.ask("q", None, MINUTE, Ok(2)).await.unwrap().stale.is_none());
}

#[tokio::test]
async fn a_range_that_moved_on_still_finds_its_last_good_answer_but_never_another_stretch() {
    let stage = Stage::new();
    let hour = |start: DateTime<Utc>| TimeRange::new(start, start + TimeDelta::hours(1));
    stage.ask("12:00", hour(noon()), MINUTE, Ok(1)).await.unwrap();
    let moved = stage.ask("12:05", hour(noon() + TimeDelta::minutes(5)), MINUTE, Err(Failure::Busy)).await.unwrap();
    assert!(moved.stale.is_some());
    for other in [noon() - TimeDelta::hours(1), noon() + TimeDelta::hours(5)] {
        assert!(stage.ask("other", hour(other), MINUTE, Err(Failure::Busy)).await.is_err());
    }
}

#[tokio::test]
async fn tenants_share_nothing() {
    let stage = Stage::new();
    let other = TenantId::new();
    stage.ask("q", None, MINUTE, Ok(1)).await.unwrap();
    let theirs = stage.cache.answer(key(other, "q"), key(other, "shape"), None, MINUTE, async { Ok(frame(2)) }).await.unwrap();
    assert_eq!((theirs.hit, number(&theirs)), (false, 2));
}

#[tokio::test]
async fn a_tenant_that_moves_to_another_database_sees_nothing_of_the_old() {
    let stage = Stage::new();
    stage.ask("q", None, MINUTE, Ok(1)).await.unwrap();
    let moved = |question: &str| Key { store: 2, ..key(stage.tenant, question) };
    let down = async { Err(Failure::Busy) };
    assert!(stage.cache.answer(moved("q"), moved("shape"), None, MINUTE, down).await.is_err());
    let new = stage.cache.answer(moved("q"), moved("shape"), None, MINUTE, async { Ok(frame(2)) }).await.unwrap();
    assert_eq!((new.hit, number(&new)), (false, 2));
}
