//! Those who write at the same moment: all of it is there, once and in order, and nobody is told what is not so.

use std::time::Duration;

use loggia::central::audit::{About, Action, verify};
use loggia::central::{Central, Change, Error, meta, users};
use loggia::identity::system;
use loggia_migrations::sea_orm_migration::sea_orm::{ConnectionTrait, Database, Statement, TransactionTrait};

use crate::world::eventually;
use crate::world::people::{Stage, address, on_both};

/// Longer than any of this takes: where a write is never ended, the story fails instead of hanging.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("it ends")
}

async fn set(central: &Central, what: &str) -> Result<(), Error> {
    let change = Change::open(central, &system()).await?;
    meta::set(&change, what, "1").await?;
    change.commit(Action::UpdateTenant, About::target(what)).await
}

async fn there(central: &Central, what: &str) -> bool {
    meta::find(central, what).await.unwrap().is_some()
}

/// Until whoever was spawned stands in line.
async fn lined_up() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_write_at_once_in_two_processes_is_all_there() {
    on_both(async |stage| {
        let both = [stage.central().await, stage.central().await];
        let writes: Vec<_> = (0..120)
            .map(|n| {
                let central = both[n % 2].clone();
                tokio::spawn(async move { set(&central, &format!("mark {n}")).await })
            })
            .collect();
        for write in writes {
            soon(write).await.unwrap().unwrap();
        }
        for n in 0..120 {
            assert!(there(&both[0], &format!("mark {n}")).await, "{n}");
        }
        let verdict = verify(&both[0]).await.unwrap();
        assert_eq!((verdict.rows, verdict.broken), (120, None));
        if stage.is_postgres() {
            let transactions = count(&stage, "SELECT count(DISTINCT xmin::text) FROM audit_logs").await;
            assert!((4..=60).contains(&transactions), "those who wait end together: {transactions} transactions for 120 changes");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_does_not_wait_among_those_who_read() {
    // PostgreSQL's alone: in SQLite nobody who reads can be kept waiting
    let stage = Stage::postgres().await;
    let central = stage.central().await;
    let locker = Database::connect(&stage.url).await.unwrap();
    let lock = locker.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let readers: Vec<_> = (0..10)
        .map(|_| {
            let central = central.clone();
            tokio::spawn(async move { users::find_by_email(&central, &address("ann")).await })
        })
        .collect();
    let stuck = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("every connection for reading is taken", async || count(&stage, stuck).await == 10).await;
    soon(set(&central, "meanwhile")).await.unwrap();
    assert_eq!(count(&stage, stuck).await, 10, "and still is");
    lock.commit().await.unwrap();
    for reader in readers {
        assert!(soon(reader).await.unwrap().unwrap().is_none());
    }
    assert!(there(&central, "meanwhile").await);
}

async fn count(stage: &Stage, sql: &str) -> i64 {
    let db = Database::connect(&stage.url).await.unwrap();
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let counted = db.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    db.close().await.unwrap();
    counted
}

#[tokio::test]
async fn one_that_gives_up_takes_nobody_with_it() {
    on_both(async |stage| {
        let central = stage.central().await;
        let new = || users::NewUser { email: address("ann"), name: None, operator: false, password_hash: None };
        let first = Change::open(&central, &system()).await.unwrap();
        users::create(&first, new()).await.unwrap();
        let second = tokio::spawn({
            let central = central.clone();
            async move {
                let change = Change::open(&central, &system()).await.unwrap();
                meta::set(&change, "second", "1").await.unwrap();
                let taken = users::create(&change, new()).await.unwrap_err();
                assert!(matches!(taken, Error::Conflict { field: "email" }), "it sees what the first did: {taken}");
            }
        });
        let third = tokio::spawn({
            let central = central.clone();
            async move { set(&central, "third").await }
        });
        lined_up().await;
        soon(first.commit(Action::CreateUser, About::target("ann"))).await.unwrap();
        soon(second).await.unwrap();
        soon(third).await.unwrap().unwrap();
        assert!(users::find_by_email(&central, &address("ann")).await.unwrap().is_some());
        assert!(!there(&central, "second").await && there(&central, "third").await);
        let verdict = verify(&central).await.unwrap();
        assert_eq!((verdict.rows, verdict.broken), (2, None));
    })
    .await;
}

#[tokio::test]
async fn one_that_goes_away_keeps_nobody_waiting() {
    on_both(async |stage| {
        let central = stage.central().await;
        let waits = |what: &'static str| {
            let central = central.clone();
            tokio::spawn(async move { set(&central, what).await })
        };
        // one that waits for its turn when the only other one ends
        let first = Change::open(&central, &system()).await.unwrap();
        meta::set(&first, "first", "1").await.unwrap();
        let gone = waits("gone");
        lined_up().await;
        gone.abort();
        soon(first.commit(Action::UpdateTenant, About::target("first"))).await.unwrap();
        // one whose turn it is, between its write and its end
        let first = Change::open(&central, &system()).await.unwrap();
        let at_work = tokio::spawn({
            let central = central.clone();
            async move {
                let change = Change::open(&central, &system()).await.unwrap();
                meta::set(&change, "gone", "1").await.unwrap();
                std::future::pending::<()>().await;
                drop(change);
            }
        });
        lined_up().await;
        meta::set(&first, "second", "1").await.unwrap();
        let told = tokio::spawn(first.commit(Action::UpdateTenant, About::target("second")));
        let last = waits("last");
        lined_up().await;
        at_work.abort();
        soon(told).await.unwrap().unwrap();
        soon(last).await.unwrap().unwrap();
        assert!(there(&central, "first").await && there(&central, "second").await && there(&central, "last").await);
        assert!(!there(&central, "gone").await);
        assert_eq!(verify(&central).await.unwrap().rows, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_told_that_it_is_done_finds_it_and_nobody_else_does() {
    on_both(async |stage| {
        let central = stage.central().await;
        stage.at_the_prompt(refusing(stage.is_postgres())).await.unwrap();
        let writes: Vec<_> = (0..60)
            .map(|n| {
                let central = central.clone();
                tokio::spawn(async move {
                    let what = if n % 20 == 10 { "refused".to_owned() } else { format!("mark {n}") };
                    let change = Change::open(&central, &system()).await?;
                    if meta::find(&change, "refused").await?.is_some() {
                        // what it saw never comes to be, so it must not be told that all is as it saw
                        return change.unneeded().await.map(|()| "refused".to_owned());
                    }
                    meta::set(&change, &what, "1").await?;
                    change.commit(Action::UpdateTenant, About::target(&what)).await?;
                    Ok::<String, Error>(what)
                })
            })
            .collect();
        let mut done = Vec::new();
        for write in writes {
            done.extend(soon(write).await.unwrap().ok());
        }
        assert!(!there(&central, "refused").await && !done.contains(&"refused".to_owned()), "{done:?}");
        for n in 0..60 {
            let what = format!("mark {n}");
            assert_eq!(there(&central, &what).await, done.contains(&what), "{what}");
        }
        set(&central, "afterwards").await.unwrap();
        let verdict = verify(&central).await.unwrap();
        assert_eq!((usize::try_from(verdict.rows).unwrap(), verdict.broken), (done.len() + 1, None));
    })
    .await;
}

/// Makes the audit refuse one row.
fn refusing(postgres: bool) -> &'static str {
    if postgres {
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT ON audit_logs FOR EACH ROW WHEN (NEW.target = 'refused') EXECUTE FUNCTION refuse()"
    } else {
        "CREATE TRIGGER refuse BEFORE INSERT ON audit_logs WHEN NEW.target = 'refused' \
         BEGIN SELECT RAISE(ABORT, 'refused'); END"
    }
}
