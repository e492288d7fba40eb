//! The central database keeps what it is told, once, in order, and says who told it.

use std::sync::Arc;

use loggia::central::audit::{About, Action, Queue, Search, list, verify};
use loggia::central::migrate::{self, Refused};
use loggia::central::{Central, Change, Error, Table, meta, users};
use loggia::domain::CorrelationId;
use loggia::identity::{console, system};
use loggia_migrations::sea_orm_migration::sea_orm::ConnectionTrait;
use loggia_migrations::sea_orm_migration::{DbErr, SchemaManager};
use loggia_migrations::{MigrationName, MigrationTrait, Migrator, MigratorTrait};

use crate::world::people::{Stage, address, on_both};

#[tokio::test]
async fn migrating_twice_does_nothing_the_second_time() {
    on_both(async |stage| {
        let steps = migrate::run(&stage.url).await.unwrap();
        assert_eq!(steps.len(), Migrator::migrations().len());
        assert_eq!(migrate::run(&stage.url).await.unwrap(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_four_that_migrate_at_once_one_does_the_work() {
    on_both(async |stage| {
        let runs = (0..4).map(|_| {
            tokio::spawn({
                let url = stage.url.clone();
                async move { migrate::run(&url).await.map(|steps| steps.len()).map_err(|e| e.to_string()) }
            })
        });
        let mut done = Vec::new();
        for run in runs {
            done.push(run.await.unwrap().unwrap());
        }
        done.sort_unstable();
        assert_eq!(done, [0, 0, 0, Migrator::migrations().len()]);
    })
    .await;
}

#[tokio::test]
async fn a_database_from_a_newer_program_is_refused() {
    on_both(async |stage| {
        migrate::run(&stage.url).await.unwrap();
        stage.at_the_prompt("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 1)").await.unwrap();
        let refused = migrate::run(&stage.url).await.unwrap_err();
        assert!(matches!(&refused, Refused::Newer(step) if step == "m9999_later"), "{refused}");
        assert!(refused.to_string().contains("newer than this program"));
    })
    .await;
}

struct Halfway;

impl MigrationName for Halfway {
    fn name(&self) -> &str {
        "m9000_halfway"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Halfway {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("CREATE TABLE half (id INTEGER)").await?;
        manager.get_connection().execute_unprepared("INSERT INTO nowhere VALUES (1)").await?;
        Ok(())
    }
}

struct Broken;

#[async_trait::async_trait]
impl MigratorTrait for Broken {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = Migrator::migrations();
        steps.push(Box::new(Halfway));
        steps
    }
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_behind() {
    on_both(async |stage| {
        let failed = migrate::run_with::<Broken>(&stage.url).await.unwrap_err();
        assert!(matches!(&failed, Refused::Failed { step, .. } if step == "m9000_halfway"), "{failed}");
        stage.at_the_prompt("CREATE TABLE half (id INTEGER)").await.expect("the failed step's table should be gone");
        assert_eq!(migrate::run(&stage.url).await.unwrap(), Vec::<String>::new(), "the steps before it should stand");
    })
    .await;
}

#[tokio::test]
async fn the_database_itself_refuses_to_alter_the_audit() {
    on_both(async |stage| {
        let central = stage.central().await;
        write(&central, "one").await;
        let mut ways = vec!["UPDATE audit_logs SET actor = 'nobody'", "DELETE FROM audit_logs"];
        ways.push(if stage.is_postgres() {
            "TRUNCATE audit_logs"
        } else {
            "INSERT OR REPLACE INTO audit_logs SELECT * FROM audit_logs"
        });
        for way in ways {
            let refused = stage.at_the_prompt(way).await.unwrap_err();
            assert!(refused.contains("audit_logs is append-only"), "{way}: {refused}");
        }
        assert_eq!(list(&central, &Search::default(), 10).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_role_that_serves_can_add_to_the_audit_and_no_more() {
    let stage = Stage::postgres().await;
    migrate::run(&stage.url).await.unwrap();
    // roles are the server's, so its name is the database's own
    let role = stage.url.rsplit('/').next().unwrap().to_owned();
    stage.at_the_prompt(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'")).await.unwrap();
    let runtime = stage.url.replacen("postgres@", &format!("{role}:x@"), 1);
    assert_ne!(runtime, stage.url);
    migrate::grant(&stage.url, &runtime).await.unwrap();
    migrate::grant(&stage.url, &runtime).await.unwrap();

    let central = Central::connect(&runtime, stage.clock.clone()).await.unwrap();
    write(&central, "one").await;
    assert_eq!(verify(&central).await.unwrap().rows, 1);
    let served = stage.as_seen_by(&runtime);
    for way in [
        "UPDATE audit_logs SET actor = 'nobody'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "ALTER TABLE audit_logs DISABLE TRIGGER ALL",
        "DROP TABLE audit_logs",
        "DELETE FROM seaql_migrations",
    ] {
        let refused = served.at_the_prompt(way).await.unwrap_err();
        assert!(refused.contains("permission denied") || refused.contains("must be owner"), "{way}: {refused}");
    }
    central.close().await;
    stage.at_the_prompt(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
}

#[tokio::test]
async fn tampering_past_the_triggers_is_found() {
    let off = |postgres| {
        if postgres {
            "ALTER TABLE audit_logs DISABLE TRIGGER ALL"
        } else {
            "DROP TRIGGER audit_logs_no_update; DROP TRIGGER audit_logs_no_delete"
        }
    };
    on_both(async |stage| {
        let central = stage.central().await;
        for what in ["one", "two", "three"] {
            write(&central, what).await;
        }
        assert_eq!(verify(&central).await.unwrap().broken, None);
        stage.at_the_prompt(off(stage.is_postgres())).await.unwrap();

        stage.at_the_prompt("UPDATE audit_logs SET target = 'other' WHERE id = 2").await.unwrap();
        assert_eq!(verify(&central).await.unwrap().broken.map(|b| b.id), Some(2));
        stage.at_the_prompt("UPDATE audit_logs SET target = 'two' WHERE id = 2").await.unwrap();
        assert_eq!(verify(&central).await.unwrap().broken, None);
        stage.at_the_prompt("DELETE FROM audit_logs WHERE id = 2").await.unwrap();
        assert_eq!(verify(&central).await.unwrap().broken.map(|b| (b.id, b.why)), Some((3, "a row before it is missing")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_changes_at_once_make_one_chain() {
    on_both(async |stage| {
        let central = stage.central().await;
        let writers: Vec<_> = (0..50)
            .map(|n| {
                let central = central.clone();
                tokio::spawn(async move { write(&central, &format!("key {n}")).await })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let verdict = verify(&central).await.unwrap();
        assert_eq!((verdict.rows, verdict.broken), (50, None));
    })
    .await;
}

#[tokio::test]
async fn a_change_that_is_not_committed_never_was() {
    on_both(async |stage| {
        let central = stage.central().await;
        let change = Change::open(&central, &system()).await.unwrap();
        meta::set(&change, "mark", "1").await.unwrap();
        assert_eq!(meta::find(&change, "mark").await.unwrap().as_deref(), Some("1"), "a change sees its own writes");
        drop(change);
        assert_eq!(meta::find(&central, "mark").await.unwrap(), None);

        let change = Change::open(&central, &system()).await.unwrap();
        meta::set(&change, "mark", "1").await.unwrap();
        assert!(change.commit_noted().await.is_err(), "no write without audit");
        assert_eq!(meta::find(&central, "mark").await.unwrap(), None);
        assert_eq!(verify(&central).await.unwrap().rows, 0);
    })
    .await;
}

#[tokio::test]
async fn what_was_read_from_a_table_is_stale_when_that_table_was_changed() {
    on_both(async |stage| {
        let central = stage.central().await;
        let change = Change::open(&central, &system()).await.unwrap();
        let new = users::NewUser { email: address("ann"), name: None, operator: false, password_hash: None };
        let ann = users::create(&change, new).await.unwrap();
        change.commit(Action::CreateUser, About::target("ann")).await.unwrap();

        let counts = || (central.epoch(&[Table::Users, Table::Keys]), central.epoch(&[Table::Tenants, Table::Keys]));
        let before = counts();
        let change = Change::open(&central, &system()).await.unwrap();
        users::set_active(&change, ann.id, false).await.unwrap();
        assert_eq!(counts(), before, "not before it is so");
        drop(change);
        assert_eq!(counts(), before, "nor where it never is");
        let change = Change::open(&central, &system()).await.unwrap();
        users::set_active(&change, ann.id, false).await.unwrap();
        change.commit(Action::UpdateUser, About::target("ann")).await.unwrap();
        assert!(counts().0 != before.0 && counts().1 == before.1, "{before:?}, then {:?}", counts());

        let change = Change::open(&central, &system()).await.unwrap();
        users::set_active(&change, ann.id, true).await.unwrap();
        let refused = change.commit(Action::Export, About::target("ann")).await;
        assert!(matches!(refused, Err(Error::Internal(_))), "other processes would not hear of it");
        assert!(!users::find(&central, ann.id).await.unwrap().unwrap().active, "nothing of it was done");
    })
    .await;
}

#[tokio::test]
async fn a_taken_address_is_a_conflict_on_that_field() {
    on_both(async |stage| {
        let central = stage.central().await;
        let new = || users::NewUser { email: address("ann"), name: None, operator: false, password_hash: None };
        let change = Change::open(&central, &system()).await.unwrap();
        users::create(&change, new()).await.unwrap();
        change.commit(Action::CreateUser, About::target("ann")).await.unwrap();
        let change = Change::open(&central, &system()).await.unwrap();
        let taken = users::create(&change, new()).await.unwrap_err();
        assert!(matches!(taken, Error::Conflict { field: "email" }), "{taken}");
        assert!(!taken.is_outage());
    })
    .await;
}

#[tokio::test]
async fn views_are_written_together_and_repeats_become_counts() {
    on_both(async |stage| {
        let central = stage.central().await;
        let queue = Queue::start(&central);
        let caller = console(CorrelationId::new());
        let minute = chrono::TimeDelta::minutes(1);
        for _ in 0..3 {
            queue.once("k".to_owned(), minute, &caller, Action::ViewDashboard, About::target("default"));
        }
        for slug in ["a1", "a2", "a2", "a1"] {
            queue.denied(&caller, slug);
        }
        queue.close().await.unwrap();
        let rows = list(&central, &Search::default(), 10).await.unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].target.as_deref(), Some("a1"));
        assert_eq!(rows[0].detail, r#"{"also":["a2"],"count":4}"#);
        assert_eq!(rows[1].action, "view_dashboard");

        stage.clock.advance(minute);
        queue.once("k".to_owned(), minute, &caller, Action::ViewDashboard, About::target("default"));
        queue.flush().await.unwrap();
        assert_eq!(verify(&central).await.unwrap().rows, 3);
    })
    .await;
}

#[tokio::test]
async fn what_finds_the_queue_full_is_counted_in_a_row_of_its_own() {
    on_both(async |stage| {
        let central = stage.central().await;
        let queue = Queue::start(&central);
        let caller = console(CorrelationId::new());
        for _ in 0..5_000 {
            queue.push(&caller, Action::Export, About::target("cpu"));
        }
        queue.flush().await.unwrap();
        let search = Search { action: Some(Action::AuditLost), ..Search::default() };
        let lost = list(&central, &search, 10).await.unwrap();
        assert_eq!(lost.len(), 1);
        assert_eq!(lost[0].detail, format!(r#"{{"count":{}}}"#, queue.lost()));
        assert_eq!(verify(&central).await.unwrap().rows, 5_000 - queue.lost() + 1);
    })
    .await;
}

#[tokio::test]
async fn rows_wait_while_the_database_is_away() {
    on_both(async |stage| {
        let central = stage.central().await;
        let queue = Arc::new(Queue::start(&central));
        stage.at_the_prompt("ALTER TABLE audit_logs RENAME TO elsewhere").await.unwrap();
        queue.denied(&console(CorrelationId::new()), "acme");
        assert!(queue.flush().await.is_err());
        stage.at_the_prompt("ALTER TABLE elsewhere RENAME TO audit_logs").await.unwrap();
        queue.flush().await.unwrap();
        assert_eq!(verify(&central).await.unwrap().rows, 1);
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_an_outage() {
    let clock = loggia::domain::Clock::system();
    let away = Central::connect("postgres://nobody@127.0.0.1:1/nothing", clock).await.unwrap_err();
    assert!(away.is_outage(), "{away}");
}

async fn write(central: &Central, what: &str) {
    let change = Change::open(central, &console(CorrelationId::new())).await.unwrap();
    meta::set(&change, what, "set").await.unwrap();
    change.commit(Action::UpdateTenant, About::target(what).with("b", 1).with("a", "ä\"")).await.unwrap();
}
