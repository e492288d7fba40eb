//! Tenants' databases: every type, every limit, every way to fail.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use loggia::datastore::{Bind, Datastore, Datastores, Failure, Statement, Target};
use loggia::frame::{Frame, Values};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};

use crate::world::postgres;

fn target(url: &str) -> Target {
    Target::parse(url, Path::new("/nowhere")).unwrap()
}

fn store(url: &str) -> Datastore {
    Datastore::new(target(url))
}

fn ask(sql: &str, binds: &[Bind]) -> Statement {
    Statement { sql: sql.into(), binds: binds.into() }
}

async fn frame(store: &Datastore, sql: &str) -> Frame {
    store.query(&ask(sql, &[]), 1000).await.unwrap_or_else(|e| panic!("{sql}: {e}"))
}

fn texts(values: &Values) -> Vec<Option<String>> {
    (0..values.len()).map(|i| values.text(i).map(|t| t.into_owned())).collect()
}

/// A SQLite file with those statements run on it.
async fn file(sql: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    (folder, format!("sqlite:{}", path.display()))
}

/// How many of the tenant's statements the server is running.
async fn at_work(watcher: &mut PgConnection, mark: &str) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'";
    sqlx::query_scalar(sql).bind(mark).fetch_one(watcher).await.unwrap()
}

async fn until_idle(watcher: &mut PgConnection, mark: &str) -> Duration {
    let start = Instant::now();
    while at_work(watcher, mark).await > 0 {
        assert!(start.elapsed() < Duration::from_secs(3), "the server still works");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    start.elapsed()
}

#[tokio::test]
async fn postgres_gives_every_type_and_null_of_it_without_loss() {
    let scratch = postgres::database().await;
    scratch.execute("CREATE TYPE mood AS ENUM ('calm', 'loud')").await;
    let store = store(&scratch.url);
    let cases = [
        ("true", "true"),
        ("7::int2", "7"),
        ("8::int4", "8"),
        ("9223372036854775807::int8", "9223372036854775807"),
        ("0.1::float4", "0.1"),
        ("2.5::float8", "2.5"),
        ("1234567890123456789012345678901234567890.10::numeric", "1234567890123456789012345678901234567890.10"),
        ("'NaN'::numeric", "NaN"),
        ("'-Infinity'::numeric", "-Infinity"),
        ("-0.0000120::numeric", "-0.0000120"),
        ("1e40::numeric", "10000000000000000000000000000000000000000"),
        ("'é'::text", "é"),
        ("'v'::varchar(3)", "v"),
        ("'c'::char(2)", "c "),
        ("'n'::name", "n"),
        ("'x'::\"char\"", "x"),
        ("'loud'::mood", "loud"),
        ("date '2026-03-01'", "2026-03-01"),
        ("date 'infinity'", "infinity"),
        ("time '10:15:00.5'", "10:15:00.500"),
        ("timestamp '2026-03-01 10:15:30.25'", "2026-03-01 10:15:30.250"),
        ("timestamp '-infinity'", "-infinity"),
        ("timestamptz '2026-03-01 10:15+01'", "2026-03-01T09:15:00Z"),
        ("timestamptz 'infinity'", "infinity"),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("'{\"a\":1}'::json", "{\"a\":1}"),
        ("'[1,2]'::jsonb", "[1,2]"),
        ("ARRAY['a',NULL]", "[\"a\",null]"),
        ("ARRAY[[1,2],[3,4]]", "[[1,2],[3,4]]"),
        ("interval '1 day 2 hours'", "1 day 02:00:00"),
        ("'10.0.0.0/8'::cidr", "10.0.0.0/8"),
        ("'\\xdead'::bytea", "\\xdead"),
        ("int4range(1,5)", "[1,5)"),
        ("point(1,2)", "(1,2)"),
    ];
    for (expression, shown) in cases {
        let sql = format!("SELECT v, CASE WHEN false THEN v END AS nothing FROM (SELECT {expression} AS v) AS t");
        let frame = frame(&store, &sql).await;
        let value = frame.column("v").unwrap();
        assert_eq!(value.text(0).as_deref(), Some(shown), "{expression}");
        assert!(frame.column("nothing").unwrap().is_null(0), "{expression}");
        let empty = self::frame(&store, &format!("{sql} WHERE false")).await;
        let same = std::mem::discriminant(empty.column("v").unwrap()) == std::mem::discriminant(value);
        assert!(same && empty.is_empty(), "{expression}: an empty answer should keep its columns and types");
    }
}

#[tokio::test]
async fn columns_of_one_name_and_of_a_foreign_type_keep_their_places() {
    let scratch = postgres::database().await;
    let frame = frame(&store(&scratch.url), "SELECT 1 AS a, interval '1 s' AS a, ARRAY[2] AS \"q\"\"x\" -- the end").await;
    let shown: Vec<_> = frame.columns.iter().map(|c| (&*c.name, texts(&c.values)[0].clone().unwrap())).collect();
    assert_eq!(shown, [("a", "1".into()), ("a", "00:00:01".into()), ("q\"x", "[2]".into())]);
}

#[tokio::test]
async fn bound_values_fit_the_type_of_the_column_or_are_refused_in_words() {
    let scratch = postgres::database().await;
    scratch
        .execute(
            "CREATE TYPE mood AS ENUM ('calm', 'loud');
             CREATE TABLE t (i int4, n numeric, f float8, m mood, u uuid, t text, d date, at timestamp, z timestamptz);
             INSERT INTO t VALUES (1, 1.50, 0.5, 'calm', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'x', '2026-03-01', '2026-03-01 10:00', '2026-03-01 10:00Z')",
        )
        .await;
    let store = store(&scratch.url);
    let noon = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap().and_hms_opt(12, 0, 0).unwrap();
    let cases = [
        ("i = $1", Bind::Int(1), 1),
        ("i < $1", Bind::Int(5_000_000_000), 1),
        ("i < $1", Bind::Float(1.5), 1),
        ("i = $1", Bind::Text("1".into()), 1),
        ("n = $1", Bind::Float(1.5), 1),
        ("n > $1", Bind::Int(1), 1),
        ("f < $1", Bind::Int(1), 1),
        ("m = $1", Bind::Text("calm".into()), 1),
        ("u = $1", Bind::Text("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11".into()), 1),
        ("t = $1", Bind::Int(1), 0),
        ("d <= $1", Bind::Instant(noon.and_utc()), 1),
        ("at < $1", Bind::Local(noon), 1),
        ("at < $1", Bind::Instant(noon.and_utc()), 1),
        ("z < $1", Bind::Instant(noon.and_utc()), 1),
        ("z > $1", Bind::Local(noon), 0),
        ("$1 IS NULL", Bind::Null, 1),
        ("i = $1", Bind::Null, 0),
        ("t = $1", Bind::Text("'; DROP TABLE t; --".into()), 0),
    ];
    for (condition, bind, rows) in cases {
        let statement = ask(&format!("SELECT i FROM t WHERE {condition}"), std::slice::from_ref(&bind));
        let frame = store.query(&statement, 10).await.unwrap_or_else(|e| panic!("{condition} {bind:?}: {e}"));
        assert_eq!(frame.rows(), rows, "{condition} {bind:?}");
    }
    for (condition, binds) in [("u = $1", vec![Bind::Text("no uuid".into())]), ("i = $1", vec![])] {
        let answer = store.query(&ask(&format!("SELECT i FROM t WHERE {condition}"), &binds), 10).await;
        assert!(matches!(answer, Err(Failure::Refused(_))), "{condition}: {answer:?}");
    }
}

#[tokio::test]
async fn a_table_changed_under_a_prepared_query_is_read_anew() {
    let scratch = postgres::database().await;
    scratch.execute("CREATE TABLE t AS SELECT 1 AS v").await;
    let store = store(&scratch.url);
    assert_eq!(frame(&store, "SELECT * FROM t").await.column("v"), Some(&Values::Int(vec![Some(1)])));
    scratch.execute("ALTER TABLE t ALTER v TYPE text").await;
    assert_eq!(frame(&store, "SELECT * FROM t").await.column("v"), Some(&Values::Text(vec![Some("1".into())])));
}

#[tokio::test]
async fn rows_beyond_the_cap_are_left_out_and_it_says_so() {
    let scratch = postgres::database().await;
    let (_folder, url) = file("CREATE TABLE t (n INTEGER); INSERT INTO t SELECT value FROM json_each('[1,2,3]')").await;
    for (store, sql) in [(store(&scratch.url), "SELECT generate_series(1, 3) AS n"), (store(&url), "SELECT n FROM t ORDER BY n")]
    {
        for (cap, rows, truncated) in [(2, 2, true), (3, 3, false)] {
            let frame = store.query(&ask(sql, &[]), cap).await.unwrap();
            assert_eq!((frame.rows(), frame.truncated), (rows, truncated), "{sql}");
        }
    }
}

#[tokio::test]
async fn a_cell_over_a_mebibyte_is_cut_with_a_mark() {
    let scratch = postgres::database().await;
    let (_folder, url) = file("CREATE TABLE t (n)").await;
    for (store, sql) in
        [(store(&scratch.url), "SELECT repeat('x', 2000000) AS v"), (store(&url), "SELECT hex(zeroblob(1000000)) AS v")]
    {
        let frame = frame(&store, sql).await;
        let text = frame.columns[0].values.text(0).unwrap();
        assert!(text.len() < 1_100_000 && text.ends_with("(cut)"));
    }
}

#[tokio::test]
async fn a_statement_over_its_time_limit_ends_on_both_and_the_connection_lives_on() {
    let scratch = postgres::database().await;
    let (_folder, url) = file("CREATE TABLE t (n)").await;
    let endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS n FROM r";
    for (url, sql) in [(&scratch.url, "SELECT pg_sleep(30)"), (&url, endless)] {
        let limit = Duration::from_millis(300);
        let store = Datastore::new(Target { statement_timeout: limit, max_connections: 1, ..target(url) });
        let start = Instant::now();
        let failure = store.query(&ask(sql, &[]), 10).await.unwrap_err();
        assert_eq!(failure, Failure::TimedOut(limit));
        assert_eq!(failure.words(), "The tenant's database did not answer within 300 ms.");
        assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
        store.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_stops_the_work_on_the_server_and_frees_the_connection() {
    let scratch = postgres::database().await;
    let store = Datastore::new(Target { max_connections: 1, statement_timeout: Duration::from_secs(20), ..target(&scratch.url) });
    let mut watcher = scratch.connect().await;
    let mark = format!("mark_{}", uuid::Uuid::new_v4().simple());
    let statement = ask(&format!("SELECT pg_sleep(15) AS {mark}"), &[]);
    let working = tokio::spawn({
        let store = store.clone();
        async move { store.query(&statement, 1).await }
    });
    while at_work(&mut watcher, &mark).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    working.abort();
    assert!(until_idle(&mut watcher, &mark).await < Duration::from_secs(2));
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_sqlite_query_stops_when_its_caller_goes_away() {
    let (_folder, url) = file("CREATE TABLE t (n)").await;
    let store = Datastore::new(Target { max_connections: 1, statement_timeout: Duration::from_secs(20), ..target(&url) });
    let endless = ask("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS n FROM r", &[]);
    let left = tokio::time::timeout(Duration::from_millis(200), store.query(&endless, 1)).await;
    assert!(left.is_err());
    store.ping().await.unwrap();
}

#[tokio::test]
async fn nothing_can_be_written_through_a_datastore() {
    let scratch = postgres::database().await;
    scratch.execute("CREATE TABLE t (n int)").await;
    let store_pg = store(&scratch.url);
    for sql in [
        "INSERT INTO t VALUES (1) RETURNING n",
        "INSERT INTO t VALUES (1)",
        "SET default_transaction_read_only = off",
        "SELECT 1; SELECT 2",
    ] {
        assert!(matches!(store_pg.query(&ask(sql, &[]), 1).await, Err(Failure::Refused(_))), "{sql}");
    }
    assert_eq!(frame(&store_pg, "SELECT count(*) AS n FROM t").await.column("n").unwrap().number(0), Some(0.0));
    let (_folder, url) = file("CREATE TABLE t (n)").await;
    let store = store(&url);
    for sql in ["INSERT INTO t VALUES (1) RETURNING n", "DELETE FROM t", "PRAGMA query_only = off"] {
        assert!(matches!(store.query(&ask(sql, &[]), 1).await, Err(Failure::Refused(_))), "{sql}");
    }
    assert_eq!(frame(&store, "SELECT count(*) AS n FROM t").await.column("n").unwrap().number(0), Some(0.0));
}

#[tokio::test]
async fn sqlite_columns_of_mixed_and_declared_types_are_read_as_what_they_hold() {
    let (_folder, url) = file(
        "CREATE TABLE t (n, f, m, ok BOOLEAN, at DATETIME, odd TIMESTAMP, day DATE, raw BLOB, none);
         INSERT INTO t VALUES (1, 1, 1, 1, '2026-03-01T10:00:00Z', '2026-03-01 10:00', '2026-03-01', x'dead', NULL);
         INSERT INTO t VALUES (2, 0.5, 'two', 0, '2026-03-01 12:00:00+01:00', 'soon', NULL, NULL, NULL)",
    )
    .await;
    let frame = frame(&store(&url), "SELECT * FROM t").await;
    assert_eq!(frame.column("n"), Some(&Values::Int(vec![Some(1), Some(2)])));
    assert_eq!(frame.column("f"), Some(&Values::Float(vec![Some(1.0), Some(0.5)])));
    assert_eq!(texts(frame.column("m").unwrap()), [Some("1".into()), Some("two".into())]);
    assert_eq!(frame.column("ok"), Some(&Values::Bool(vec![Some(true), Some(false)])));
    assert_eq!(texts(frame.column("at").unwrap()), [Some("2026-03-01T10:00:00Z".into()), Some("2026-03-01T11:00:00Z".into())]);
    assert!(matches!(frame.column("odd"), Some(Values::Text(_))));
    assert!(matches!(frame.column("day"), Some(Values::Date(v)) if v[1].is_none()));
    assert_eq!(texts(frame.column("raw").unwrap()), [Some("dead".into()), None]);
    assert!((0..2).all(|i| frame.column("none").unwrap().is_null(i)));
}

#[tokio::test]
async fn a_missing_file_is_an_outage_and_heals_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late.db");
    let store = store(&format!("sqlite:{}", path.display()));
    for _ in 0..3 {
        let failure = store.ping().await.unwrap_err();
        assert!(matches!(&failure, Failure::Unreachable(why) if why.contains("late.db")), "{failure:?}");
        assert!(failure.is_outage() && !failure.words().contains("late.db"));
    }
    assert!(matches!(store.ping().await, Err(Failure::Resting(left)) if left <= Duration::from_secs(1)));
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE t (n)").execute(&mut connection).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    store.ping().await.unwrap();
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_dead_server_fails_fast_and_a_killed_connection_is_replaced_unseen() {
    let start = Instant::now();
    let dead = store("postgres://acme:hunter2@127.0.0.1:1/acme").ping().await.unwrap_err();
    assert!(matches!(&dead, Failure::Unreachable(why) if !why.contains("hunter2")), "{dead:?}");
    assert!(start.elapsed() < Duration::from_secs(1));
    let scratch = postgres::database().await;
    let store = store(&scratch.url);
    store.ping().await.unwrap();
    scratch.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'loggia' AND datname = current_database()").await;
    store.ping().await.unwrap();
    let gone = self::store(&format!("{}_gone", scratch.url)).ping().await.unwrap_err();
    assert!(gone.is_outage(), "{gone:?}");
}

#[tokio::test]
async fn a_page_of_many_panels_waits_for_its_turns_instead_of_failing() {
    let scratch = postgres::database().await;
    let store = Datastore::new(Target { max_connections: 2, ..target(&scratch.url) });
    let panel = ask("SELECT pg_sleep(0.5)", &[]);
    let page = futures_util::future::join_all((0..12).map(|_| store.query(&panel, 1))).await;
    assert!(page.iter().all(|answer| answer.is_ok()), "{page:?}");
}

#[tokio::test]
async fn who_waits_longer_than_a_statement_may_take_hears_that_the_database_is_busy() {
    let scratch = postgres::database().await;
    let limits = Target { max_connections: 1, statement_timeout: Duration::from_secs(2), ..target(&scratch.url) };
    let store = Datastore::new(limits);
    let slow = ask("SELECT pg_sleep(1.2)", &[]);
    let (first, second, last) = tokio::join!(store.query(&slow, 1), store.query(&slow, 1), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        store.ping().await
    });
    assert_eq!((first.is_ok(), second.is_ok(), last), (true, true, Err(Failure::Busy)));
}

#[tokio::test]
async fn who_waited_while_others_found_the_database_gone_is_told_at_once() {
    // It takes connections and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let store = store(&format!("postgres://acme@{}/acme", silent.local_addr().unwrap()));
    let start = Instant::now();
    let panel = ask("SELECT 1", &[]);
    let page = futures_util::future::join_all((0..24).map(|_| store.query(&panel, 1))).await;
    assert!(page.iter().all(|answer| answer.as_ref().is_err_and(Failure::is_outage)), "{page:?}");
    // Two rounds of connecting in vain, not one for every four of them.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_session_is_read_only_in_its_schema_in_utc_and_its_catalog_is_checked() {
    let scratch = postgres::database().await;
    scratch.execute("CREATE SCHEMA \"odd name\"; CREATE TABLE \"odd name\".t AS SELECT 5 AS n").await;
    let wanted = Target { schema: Some("odd name".into()), catalog: Some(scratch.name().into()), ..target(&scratch.url) };
    let store = Datastore::new(wanted.clone());
    let settings =
        "SELECT (SELECT n FROM t) AS n, current_setting('TimeZone') AS zone, current_setting('transaction_read_only') AS ro,
                    current_setting('application_name') AS app, current_setting('statement_timeout') AS limited";
    let frame = frame(&store, settings).await;
    let shown: Vec<_> = frame.columns.iter().map(|c| texts(&c.values)[0].clone().unwrap()).collect();
    assert_eq!(shown, ["5", "UTC", "on", "loggia", "5s"]);
    let columns = store.describe("t").await.unwrap();
    assert_eq!(columns.iter().map(|c| (&*c.name, &*c.kind)).collect::<Vec<_>>(), [("n", "integer")]);
    let other = Datastore::new(Target { catalog: Some("elsewhere".into()), ..wanted });
    assert!(matches!(other.ping().await, Err(Failure::Refused(why)) if why.contains("elsewhere")));
}

#[tokio::test]
async fn a_changed_or_forgotten_target_closes_its_connections() {
    let (_folder, url) = file("CREATE TABLE t (n REAL)").await;
    let stores = Datastores::default();
    let first = stores.get(&"acme", &target(&url));
    first.ping().await.unwrap();
    assert_eq!(first.describe("t").await.unwrap()[0].kind, "REAL");
    let changed = Target { max_connections: 2, ..target(&url) };
    let second = stores.get(&"acme", &changed);
    assert!(first.ping().await.is_err());
    stores.get(&"acme", &changed).ping().await.unwrap();
    stores.retain(|key| *key != "acme");
    assert!(second.ping().await.is_err());
}

#[tokio::test]
async fn the_rows_of_a_full_chart_are_read_quickly() {
    let scratch = postgres::database().await;
    let store = store(&scratch.url);
    let sql = "SELECT timestamptz '2026-03-01' + n * interval '6 s' AS at, 'server-' || n % 10 AS server, (n % 100)::numeric / 7 AS cpu FROM generate_series(1, 14400) AS n";
    let query = ask(sql, &[]);
    store.query(&query, 50_000).await.unwrap();
    let start = Instant::now();
    assert_eq!(store.query(&query, 50_000).await.unwrap().rows(), 14_400);
    println!("14,400 rows in {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}
