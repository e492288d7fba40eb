//! The record of who did what: taken out in parts, cut, forged; and what tells of it.

use std::io::Cursor;

use chrono::{DateTime, TimeDelta, Utc};
use loggia::central::audit::{About, Action, Archived, NotArchived, Search, archive, check_archive, list, verify};
use loggia::central::{Central, Change, meta, migrate};
use loggia::domain::CorrelationId;
use loggia::identity::console;

use crate::world::console::Console;
use crate::world::people::{Stage, on_both};

async fn write(central: &Central, what: &str) {
    let change = Change::open(central, &console(CorrelationId::new())).await.unwrap();
    meta::set(&change, what, "set").await.unwrap();
    change.commit(Action::UpdateTenant, About::target(what).with("note", "ä\"}\n")).await.unwrap();
}

/// Lifts what keeps rows from being deleted.
async fn rows_may_go(stage: &Stage) {
    let off =
        if stage.is_postgres() { "ALTER TABLE audit_logs DISABLE TRIGGER ALL" } else { "DROP TRIGGER audit_logs_no_delete" };
    stage.at_the_prompt(off).await.unwrap();
}

async fn take_out(central: &Central, before: DateTime<Utc>) -> Result<(Option<Archived>, Vec<u8>), NotArchived> {
    let mut written = Vec::new();
    let done = archive(central, &console(CorrelationId::new()), before, "old.ndjson", &mut written, |_| Ok(())).await?;
    Ok((done, written))
}

#[tokio::test]
async fn the_old_part_leaves_as_a_file_and_the_chain_still_holds() {
    on_both(async |stage| {
        let central = stage.central().await;
        for what in ["one", "two", "three"] {
            write(&central, what).await;
        }
        stage.clock.advance(TimeDelta::days(10));
        for what in ["four", "five"] {
            write(&central, what).await;
        }
        let (none, _) = take_out(&central, stage.clock.now() - TimeDelta::days(30)).await.unwrap();
        assert_eq!(none, None);

        let (archived, file) = take_out(&central, stage.clock.now() - TimeDelta::days(1)).await.unwrap();
        let archived = archived.unwrap();
        assert_eq!((archived.rows, archived.last.id), (3, 3));
        assert_eq!(check_archive(Cursor::new(&file)), Ok(archived.last.clone()));
        let verdict = verify(&central).await.unwrap();
        assert_eq!((verdict.rows, verdict.broken, verdict.archived), (3, None, Some(archived.last.clone())));
        let rows = list(&central, &Search::default(), 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [6, 5, 4]);
        assert_eq!(rows[0].action, "archive_audit");
        assert!(rows[0].detail.contains(&archived.sha256) && rows[0].detail.contains(&archived.last.hash), "{}", rows[0].detail);

        for way in ["UPDATE audit_logs SET actor = 'nobody'", "DELETE FROM audit_logs"] {
            assert!(stage.at_the_prompt(way).await.unwrap_err().contains("append-only"), "the fence is up again: {way}");
        }
        write(&central, "six").await;
        stage.clock.advance(TimeDelta::days(10));
        let (archived, _) = take_out(&central, stage.clock.now() + TimeDelta::days(1)).await.unwrap();
        assert_eq!(archived.map(|archived| (archived.rows, archived.last.id)), Some((4, 7)), "all of them");
        let verdict = verify(&central).await.unwrap();
        assert_eq!(
            (verdict.rows, verdict.broken, verdict.head.map(|head| head.id)),
            (1, None, Some(8)),
            "but for the checkpoint"
        );
        write(&central, "seven").await;
        assert_eq!(verify(&central).await.unwrap().broken, None);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_was_changed_is_told_by_its_line() {
    let stage = Stage::sqlite();
    let central = stage.central().await;
    for what in ["one", "two", "three"] {
        write(&central, what).await;
    }
    let (_, file) = take_out(&central, stage.clock.now() + TimeDelta::days(1)).await.unwrap();
    let text = String::from_utf8(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let told = |text: String| check_archive(Cursor::new(text)).unwrap_err();
    assert!(told(text.replace("\"two\"", "\"six\"")).contains("line 2"));
    assert!(told([lines[0], lines[2]].join("\n")).contains("line 2"));
    assert!(told([lines[1], lines[0], lines[2]].join("\n")).contains("line 2"));
    assert!(told(text.replacen('}', "", 1)).contains("line 1"));
    assert!(told(String::new()).contains("empty"));
}

#[tokio::test]
async fn rows_that_went_without_an_archive_are_missed() {
    on_both(async |stage| {
        let central = stage.central().await;
        for what in ["one", "two", "three"] {
            write(&central, what).await;
        }
        rows_may_go(&stage).await;
        stage.at_the_prompt("DELETE FROM audit_logs WHERE id = 1").await.unwrap();
        let broken = verify(&central).await.unwrap().broken.unwrap();
        assert_eq!((broken.id, broken.why), (2, "the rows before it are missing, and no archive vouches for them"));
        let refused = take_out(&central, stage.clock.now() + TimeDelta::days(1)).await.unwrap_err();
        assert!(matches!(refused, NotArchived::Broken(_)), "a broken chain is evidence: {refused}");
        assert_eq!(list(&central, &Search::default(), 10).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn the_role_that_serves_cannot_take_rows_out() {
    let stage = Stage::postgres().await;
    migrate::run(&stage.url).await.unwrap();
    let role = stage.url.rsplit('/').next().unwrap().to_owned();
    stage.at_the_prompt(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'")).await.unwrap();
    let runtime = stage.url.replacen("postgres@", &format!("{role}:x@"), 1);
    migrate::grant(&stage.url, &runtime).await.unwrap();
    let central = Central::connect(&runtime, stage.clock.clone()).await.unwrap();
    write(&central, "one").await;
    let refused = take_out(&central, stage.clock.now() + TimeDelta::days(1)).await.unwrap_err();
    assert!(matches!(refused, NotArchived::Central(_)), "{refused}");
    let verdict = verify(&central).await.unwrap();
    assert_eq!((verdict.rows, verdict.broken), (1, None), "nothing was done");
    central.close().await;
    stage.at_the_prompt(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
}

#[test]
fn the_console_tells_whether_the_record_is_whole() {
    let console = Console::with_tenant();
    console.well(&["apply"]);
    let told = console.well(&["audit", "verify"]);
    assert!(told.contains("chained without a break"), "{told}");
    let head = told.split("The last row is ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().to_owned();
    assert!(console.well(&["audit", "verify", "--seen", &head]).contains("without a break"));

    let database = console.path().join("data/loggia.db");
    let run = |sql: &str| {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut db =
                sqlx::ConnectOptions::connect(&sqlx::sqlite::SqliteConnectOptions::new().filename(&database)).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
        });
    };
    assert!(console.tell(&["user", "create", "ann@example.com"], "kettle fjord\n").code == Some(0));
    let longer = console.well(&["audit", "verify"]);
    let newest = longer.split("The last row is ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().to_owned();
    run("DROP TRIGGER audit_logs_no_delete; DELETE FROM audit_logs WHERE id = (SELECT max(id) FROM audit_logs)");
    assert!(console.well(&["audit", "verify"]).contains("without a break"), "what is cut off the end leaves no trace,");
    let said = console.run(&["audit", "verify", "--seen", &newest]);
    assert_eq!(said.code, Some(1), "but for those who know what was there");
    assert!(said.out.contains("gone"), "{said:?}");
    run("DROP TRIGGER audit_logs_no_update; UPDATE audit_logs SET actor = 'nobody' WHERE id = 1");
    let said = console.run(&["audit", "verify"]);
    assert_eq!((said.code, said.out.contains("broken at row 1")), (Some(1), true), "{said:?}");
    let said = console.run(&["audit", "archive", "--before", "2030-01-01"]);
    assert!(said.code == Some(1) && said.err.contains("nothing was archived"), "{said:?}");
}

#[test]
fn the_console_archives_to_a_file_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let console = Console::with_tenant();
    console.well(&["apply"]);
    let told = console.well(&["audit", "archive", "--before", "2999-01-01", "--to", "old.ndjson"]);
    assert!(told.contains("are in old.ndjson"), "{told}");
    let file = console.path().join("old.ndjson");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(console.well(&["audit", "verify", "--archive", "old.ndjson"]).contains("old.ndjson is whole"));
    let again = console.run(&["audit", "archive", "--before", "2999-01-01", "--to", "old.ndjson"]);
    assert!(
        again.code == Some(1) && again.err.contains("cannot be written"),
        "a file that is there is never written over: {again:?}"
    );
    let nothing = console.well(&["audit", "archive", "--before", "2001-01-01"]);
    assert!(nothing.contains("nothing was archived"), "{nothing}");
    assert!(!console.path().join("audit-before-2001-01-01.ndjson").exists());
    for (before, word) in [("yesterday", "is not a day"), ("2026-13-01", "is not a day")] {
        let said = console.run(&["audit", "archive", "--before", before]);
        assert!(said.code == Some(1) && said.err.contains(word), "{said:?}");
    }
    let said = console.run(&["audit", "verify", "--seen", "12"]);
    assert!(said.code == Some(1) && said.err.contains("NUMBER:HASH"), "{said:?}");
}

#[tokio::test]
async fn processes_that_write_in_turn_and_at_once_make_one_chain() {
    on_both(async |stage| {
        let (one, other) = (stage.central().await, stage.central().await);
        for n in 0..4 {
            write(&one, &format!("one {n}")).await;
            write(&other, &format!("other {n}")).await;
            write(&other, &format!("other {n} again")).await;
        }
        let writers = [&one, &other, &one, &other].into_iter().enumerate();
        futures_util::future::join_all(writers.map(async |(n, central)| {
            for m in 0..5 {
                write(central, &format!("at once {n} {m}")).await;
            }
        }))
        .await;
        let verdict = verify(&one).await.unwrap();
        assert_eq!((verdict.rows, verdict.broken), (32, None));
    })
    .await;
}

#[tokio::test]
async fn a_database_that_was_put_back_is_written_on_from_where_it_ends() {
    on_both(async |stage| {
        let central = stage.central().await;
        for what in ["one", "two", "three"] {
            write(&central, what).await;
        }
        rows_may_go(&stage).await;
        stage.at_the_prompt("DELETE FROM audit_logs WHERE id > 1").await.unwrap();
        write(&central, "four").await;
        write(&central, "five").await;
        let verdict = verify(&central).await.unwrap();
        assert_eq!((verdict.rows, verdict.broken, verdict.head.map(|head| head.id)), (3, None, Some(3)));
    })
    .await;
}
