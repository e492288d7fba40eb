//! Files: what a panel shows leaves whole and exact, streams without growing, breaks off visibly, and only for those who may.

use std::path::Path;
use std::time::{Duration, Instant};

use loggia::datastore::{Datastore, Failure, STEP, Statement, Target};
use loggia::domain::Clock;
use reqwest::{Method, Response};
use sqlx::{PgConnection, Row};

use crate::world::postgres::{self, Scratch};
use crate::world::{Kind, Person, Setting, World};

const ROWS: &str = "/tenant/alpha-works/report/rows";

fn store(url: &str) -> Datastore {
    Datastore::new(Target::parse(url, Path::new("/nowhere")).unwrap())
}

fn ask(sql: &str) -> Statement {
    Statement { sql: sql.into(), binds: Vec::new() }
}

/// An empty SQLite file.
async fn file() -> (tempfile::TempDir, String) {
    use sqlx::ConnectOptions;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE t (n)").execute(&mut connection).await.unwrap();
    (folder, format!("sqlite:{}", path.display()))
}

/// So many numbers, in the SQL of each kind.
fn numbers(url: &str, count: u64) -> Statement {
    match url.starts_with("sqlite") {
        true => ask(&format!("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r LIMIT {count}")),
        false => ask(&format!("SELECT n FROM generate_series(1, {count}) AS n")),
    }
}

/// A world whose tenant alpha has its data in PostgreSQL.
async fn world_on_postgres(sql: &str) -> (World, Scratch) {
    let world = World::open().await;
    let scratch = postgres::database().await;
    scratch.execute(sql).await;
    let yaml = format!(
        "tenant:\n  name: \"MARKALPHA name\"\n  timezone: \"Europe/Berlin\"\n  datastore:\n    kind: postgres\n    url: \"{}\"\n",
        scratch.url
    );
    std::fs::write(world.tenants_file("alpha-works/tenant.yaml"), yaml).unwrap();
    let viewer = world.person("viewer@alpha.example").await;
    let begun = Instant::now();
    loop {
        let mut answer = world.get(&viewer, &format!("{ROWS}.csv")).await;
        let first = answer.chunk().await.ok().flatten().unwrap_or_default();
        if String::from_utf8_lossy(&first).contains("postgres row") {
            return (world, scratch);
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "the tenant moved to PostgreSQL");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

const LONG: &str = "CREATE TABLE error_logs AS SELECT timestamptz '2026-03-01 00:00Z' + n * interval '1 s' AS at, \
    'postgres row ' || n || repeat(' filled', 8) AS service, (n * 1.10)::numeric(30, 10) AS amount FROM generate_series(1, 300000) AS n; \
    CREATE INDEX ON error_logs (at)";

async fn csv(answer: Response) -> Vec<Vec<String>> {
    let text = answer.text().await.unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// How many of our connections are in the middle of reading a file.
async fn reading(watcher: &mut PgConnection) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
        AND (state LIKE 'idle in transaction%' OR (state = 'active' AND query LIKE 'FETCH%'))";
    sqlx::query_scalar(sql).fetch_one(watcher).await.unwrap()
}

async fn until_free(watcher: &mut PgConnection) -> Duration {
    let begun = Instant::now();
    while reading(watcher).await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(3), "the connection is still reading");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    begun.elapsed()
}

#[tokio::test]
async fn rows_come_in_small_frames_to_their_end_or_to_the_cap_which_is_told() {
    let scratch = postgres::database().await;
    let (_folder, url) = file().await;
    for url in [&scratch.url, &url] {
        let store = store(url);
        for (count, cap, given, cut) in [
            (0, 10, 0, false),
            (5_001, 10_000, 5_001, false),
            (4_000, 4_000, 4_000, false),
            (4_001, 4_000, 4_000, true),
            (9, 3, 3, true),
        ] {
            let mut rows = store.stream(&numbers(url, count), cap).await.unwrap();
            let (mut seen, mut truncated, mut next) = (0, false, 1.0);
            while let Some(frame) = rows.next().await.unwrap() {
                assert!(frame.rows() <= STEP && !truncated);
                assert_eq!(&*frame.columns[0].name, "n", "the columns are told, even of no row");
                for i in 0..frame.rows() {
                    assert_eq!(frame.columns[0].values.number(i), Some(next));
                    next += 1.0;
                }
                (seen, truncated) = (seen + frame.rows(), frame.truncated);
            }
            assert_eq!((seen, truncated), (given, cut), "{count} rows, cap {cap}, {url}");
        }
    }
}

#[tokio::test]
async fn a_reader_who_goes_away_frees_the_connection_within_a_second() {
    let scratch = postgres::database().await;
    let (_folder, url) = file().await;
    let mut watcher = scratch.connect().await;
    for url in [&scratch.url, &url] {
        let store = store(url);
        // Two at once are all there are; a third is told that it has to wait.
        let mut one = store.stream(&numbers(url, 3_000_000), u64::MAX).await.unwrap();
        let _two = store.stream(&numbers(url, 3_000_000), u64::MAX).await.unwrap();
        assert!(matches!(store.stream(&numbers(url, 1), 1).await, Err(Failure::Busy)));
        store.ping().await.unwrap();
        one.next().await.unwrap();
        drop(one);
        let begun = Instant::now();
        store.stream(&numbers(url, 1), 1).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    assert!(until_free(&mut watcher).await < Duration::from_secs(1));
    // Not even a statement that never gives a row keeps its connection.
    for (url, sql) in [
        (&scratch.url, "SELECT pg_sleep(30) AS n"),
        (&url, "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS n FROM r"),
    ] {
        let store = store(url);
        for _ in 0..4 {
            let left = tokio::time::timeout(Duration::from_millis(200), store.stream(&ask(sql), 1)).await;
            assert!(left.is_err(), "{sql}");
        }
        store.stream(&numbers(url, 1), 1).await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_reads_file_after_file_and_what_happened_to_one_happens_to_no_other() {
    let scratch = postgres::database().await;
    scratch.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (7)").await;
    let (folder, url) = file().await;
    let whole = async |store: &Datastore, sql: &str| {
        let mut rows = store.stream(&ask(sql), 10).await.unwrap();
        let first = rows.next().await.unwrap().unwrap();
        assert!(rows.next().await.unwrap().is_none());
        first.columns[0].values.text(0).map(|text| text.into_owned()).unwrap()
    };
    let served = store(&scratch.url);
    let (pid, again) =
        (whole(&served, "SELECT pg_backend_pid() AS n").await, whole(&served, "SELECT pg_backend_pid() AS n").await);
    assert_eq!(pid, again, "one connection for one file after the other");
    // Another shape under the same words, and a connection that died meanwhile.
    assert_eq!(whole(&served, "SELECT n FROM t").await, "7");
    scratch.execute("ALTER TABLE t ALTER n TYPE text USING 'seven'").await;
    assert_eq!(whole(&served, "SELECT n FROM t").await, "seven");
    scratch.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
    assert_eq!(whole(&served, "SELECT n FROM t").await, "seven");
    for url in [&scratch.url, &url] {
        let store = store(url);
        let first = store.stream(&numbers(url, 5), 10).await.unwrap();
        let sql = if url.starts_with("sqlite") { "SELECT 1 AS n" } else { "SELECT pg_sleep(0.05), 1 AS n" };
        whole(&store, sql).await;
        let mut second = store.stream(&numbers(url, 300_000), u64::MAX).await.unwrap();
        drop(first);
        let mut seen = 0;
        while let Some(frame) = second.next().await.unwrap() {
            seen += frame.rows();
        }
        assert_eq!(seen, 300_000, "who leaves a file stops no other: {url}");
    }
    // A file put in the place of another is the one that is read.
    let store = store(&url);
    whole(&store, "SELECT 1 AS n").await;
    let fresh = folder.path().join("new.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&fresh).create_if_missing(true);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql("CREATE TABLE t (n); INSERT INTO t VALUES ('new')").execute(&mut connection).await.unwrap();
    std::fs::rename(fresh, folder.path().join("acme.db")).unwrap();
    assert_eq!(whole(&store, "SELECT n FROM t").await, "new");
}

#[tokio::test]
async fn nothing_can_be_written_through_a_stream() {
    let scratch = postgres::database().await;
    scratch.execute("CREATE TABLE t (n int)").await;
    let (_folder, url) = file().await;
    for url in [&scratch.url, &url] {
        for sql in ["INSERT INTO t VALUES (1) RETURNING n", "DELETE FROM t", "SELECT 1; DROP TABLE t"] {
            assert!(matches!(store(url).stream(&ask(sql), 1).await, Err(Failure::Refused(_))), "{sql}");
        }
        let mut rows = store(url).stream(&ask("SELECT count(*) AS n FROM t"), 1).await.unwrap();
        assert_eq!(rows.next().await.unwrap().unwrap().columns[0].values.number(0), Some(0.0));
    }
}

#[tokio::test]
async fn a_table_leaves_row_by_row_as_the_database_has_it_and_as_it_is_sorted() {
    let (world, scratch) = world_on_postgres(
        "CREATE TABLE error_logs (at timestamptz, service text, amount numeric(45, 10));
         INSERT INTO error_logs SELECT timestamptz '2026-03-28 12:00Z' + n * interval '37 min',
            CASE n % 7 WHEN 0 THEN '=HYPERLINK(\"http://evil\")' WHEN 1 THEN NULL WHEN 2 THEN 'a \"b\", c' || chr(10) || 'é' ELSE 'postgres row ' || n END,
            CASE n % 5 WHEN 0 THEN NULL ELSE (n - 2500) * 12345678901234567890.0000000001 END
         FROM generate_series(1, 5000) AS n",
    )
    .await;
    let viewer = world.person("viewer@alpha.example").await;
    let mut connection = scratch.connect().await;
    let told = sqlx::query(
        "SELECT to_char(at AT TIME ZONE 'Europe/Berlin', 'YYYY-MM-DD\"T\"HH24:MI:SS') || \
            to_char(at AT TIME ZONE 'Europe/Berlin' - at AT TIME ZONE 'UTC', '+HH24:MI') AS at, \
         coalesce(CASE WHEN service LIKE '=%' THEN '''' || service ELSE service END, '') AS service, coalesce(amount::text, '') AS amount \
         FROM error_logs ORDER BY error_logs.at DESC",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let told: Vec<Vec<String>> = told.iter().map(|row| (0..3).map(|i| row.get::<String, _>(i)).collect()).collect();
    let answer = world.get(&viewer, &format!("{ROWS}.csv")).await;
    let head = answer.headers().clone();
    assert_eq!(head["content-type"], "text/csv; charset=utf-8; header=present");
    let name = head["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.starts_with("attachment; filename=\"alpha-works_rows_20") && name.ends_with(".csv\""), "{name}");
    assert!(["content-length", "etag", "content-encoding"].iter().all(|absent| !head.contains_key(*absent)), "{head:?}");
    assert_eq!(head["cache-control"], "no-store");
    let rows = csv(answer).await;
    assert_eq!(rows[0], ["Time", "Service", "Amount"]);
    assert_eq!(rows.len(), 5_001);
    for (i, (got, wanted)) in rows[1..].iter().zip(&told).enumerate() {
        assert_eq!(got, wanted, "row {i}");
    }
    let narrowed =
        csv(world.get(&viewer, &format!("{ROWS}.csv?rows.q=row+42&rows.sort=at&rows.dir=asc&rows.page=9")).await).await;
    let wanted: Vec<&Vec<String>> = told.iter().rev().filter(|row| row[1].contains("row 42")).collect();
    assert_eq!(narrowed[1..].iter().collect::<Vec<_>>(), wanted, "the search acts, the page does not");
    let lines = world.text(&viewer, &format!("{ROWS}.ndjson")).await;
    assert_eq!(lines.lines().count(), 5_000);
    assert!(
        lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok_and(|row| row.get("service").is_some()))
    );
    let json: serde_json::Value = world.get(&viewer, &format!("{ROWS}.json")).await.json().await.unwrap();
    assert_eq!((json["rows"].as_array().unwrap().len(), &json["truncated"]), (5_000, &serde_json::json!(false)));
    world.close().await;
}

#[tokio::test]
async fn every_panel_leaves_as_it_is_shown_and_without_aggregation_as_its_rows() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let get = async |path: &str| csv(world.get(&viewer, &format!("/tenant/alpha-works/report/{path}")).await).await;
    let buckets = get("cpu.csv?from=now-24h&to=now").await;
    assert_eq!(buckets[0], ["time", "series", "value"]);
    assert!(buckets.len() > 100 && buckets[1][1] == "MARKALPHA-server" && buckets[1][0].contains("+0"), "{:?}", buckets[1]);
    assert_eq!(get("cpu.csv?from=now-24h&to=now&disable_aggregation=true").await.len(), 121);
    assert_eq!(get("rows.csv?dashboard=second").await.len(), 13, "all rows, not one page of five");
    let number = get("number.csv").await;
    assert_eq!((number.len(), number[0][0].as_str()), (2, "value"));
    assert_eq!(get("health.csv").await[1][..3], ["MARKALPHA-api", "Down", "2"]);
    for (file, status) in [("nothing.csv", 404), ("rows.xlsx", 404), ("rows.png", 404), ("rows.csv?dashboard=other", 404)] {
        let answer = world.get(&viewer, &format!("/tenant/alpha-works/report/{file}")).await;
        assert_eq!(answer.status(), status, "{file}");
    }
    world.close().await;
}

#[tokio::test]
async fn a_chart_leaves_as_a_picture_that_needs_nothing_else() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    for panel in ["cpu", "number"] {
        let svg = world.get(&viewer, &format!("/tenant/alpha-works/report/{panel}.svg?from=now-2h&to=now")).await;
        assert_eq!(svg.headers()["content-security-policy"], "sandbox");
        assert!(svg.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; "));
        let text = svg.text().await.unwrap();
        assert!(text.starts_with("<svg xmlns=") && text.contains("data:font/ttf;base64,") && !text.contains("var(--"));
        let png = world.get(&viewer, &format!("/tenant/alpha-works/report/{panel}.png")).await;
        assert_eq!(png.headers()["content-type"], "image/png");
        assert!(png.bytes().await.unwrap().starts_with(b"\x89PNG"));
    }
    world.close().await;
}

#[tokio::test]
async fn a_dashboard_leaves_as_one_file_with_a_list_of_what_is_in_it() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let answer = world.get(&viewer, "/tenant/alpha-works/report/dashboard/default.zip?from=now-24h&to=now").await;
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let bytes = answer.bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut read = |name: &str| std::io::read_to_string(archive.by_name(name).unwrap()).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).unwrap();
    assert_eq!(manifest["tenant"], "alpha-works");
    assert_eq!(manifest["made_by"], "viewer@alpha.example");
    let panels = manifest["panels"].as_array().unwrap();
    assert_eq!(panels.len(), 6);
    let (without, with): (Vec<_>, Vec<_>) = panels.iter().partition(|panel| panel["left_out"].is_string());
    assert_eq!(without.len(), 2, "a picture and a template have no rows, and the list says so: {without:?}");
    for panel in with {
        let text = read(panel["file"].as_str().unwrap());
        assert_eq!(text.matches("\r\n").count() as u64, panel["rows"].as_u64().unwrap() + 1, "{panel}");
    }
    world.close().await;
}

#[tokio::test]
async fn what_breaks_off_is_seen_to_be_broken_off_and_a_client_who_leaves_frees_the_connection() {
    let (world, scratch) = world_on_postgres(LONG).await;
    let mut watcher = scratch.connect().await;
    let viewer = world.person("viewer@alpha.example").await;
    let mut left = world.get(&viewer, &format!("{ROWS}.csv")).await;
    assert!(left.chunk().await.unwrap().is_some());
    drop(left);
    assert!(until_free(&mut watcher).await < Duration::from_secs(1));

    for (format, ends) in [("csv", None), ("json", None), ("ndjson", Some("signed out"))] {
        let viewer = world.person("viewer@alpha.example").await;
        let mut answer = world.get(&viewer, &format!("{ROWS}.{format}")).await;
        let mut got = answer.chunk().await.unwrap().unwrap().to_vec();
        assert_eq!(world.ask(&viewer, Method::POST, "/logout").send().await.unwrap().status(), 303);
        let broken = loop {
            match answer.chunk().await {
                Ok(Some(more)) => got.extend_from_slice(&more),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert!(broken, "{format}: a file cut short must not look whole, {} bytes", got.len());
        let text = String::from_utf8_lossy(&got);
        assert!(text.lines().count() < 290_000, "{format}");
        if let Some(words) = ends {
            let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert!(last["error"].as_str().unwrap().contains(words), "{last}");
        }
    }
    // The server ends the connection while a file is on its way: broken off as well.
    let mut answer = world.get(&viewer, &format!("{ROWS}.csv")).await;
    assert!(answer.chunk().await.unwrap().is_some());
    scratch.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'loggia' AND datname = current_database()").await;
    let broken = loop {
        match answer.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken);
    world.close().await;
}

/// A line that says that rows are missing.
const CUT: &str = "{\"truncated\":true}";

#[tokio::test]
async fn a_file_that_is_cut_says_so_in_every_format() {
    let world =
        World::raise(Setting { variables: &[("LOGGIA_LIMITS__EXPORT_ROWS", "7")], beta: Kind::Postgres, ..Setting::default() })
            .await;
    for (who, tenant) in [("viewer@alpha.example", "alpha-works"), ("viewer@beta.example", "beta-works")] {
        let viewer = world.person(who).await;
        let get = async |file: &str| world.get(&viewer, &format!("/tenant/{tenant}/report/{file}")).await;
        for (file, cut) in [
            ("rows.csv", true),
            ("rows.json", true),
            ("rows.ndjson", true),
            ("cpu.csv?disable_aggregation=true", true),
            ("rows.csv?rows.q=service-1", false),
            ("rows.json?rows.q=service-1", false),
            ("rows.ndjson?rows.q=service-1", false),
            ("number.csv", false),
        ] {
            let answer = get(file).await;
            let head = answer.headers().clone();
            assert_eq!(
                head.get("x-loggia-truncated").map(|value| value.as_bytes()),
                cut.then_some(&b"true"[..]),
                "{tenant} {file}"
            );
            let name = head["content-disposition"].to_str().unwrap();
            assert_eq!(name.contains("first-7-rows."), cut, "{tenant} {file}: {name}");
            let text = answer.text().await.unwrap();
            let (ending, lines) = (file.split(['.', '?']).nth(1).unwrap(), text.lines().count());
            match (ending, cut) {
                ("csv", true) => assert_eq!(lines, 8, "{tenant} {file}: {text}"),
                ("json", _) => {
                    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(
                        (json["rows"].as_array().unwrap().len(), &json["truncated"]),
                        (if cut { 7 } else { 2 }, &cut.into())
                    );
                }
                ("ndjson", true) => assert_eq!((lines, text.lines().last()), (8, Some(CUT)), "{tenant}: {text}"),
                ("ndjson", false) => assert!(lines == 2 && !text.contains("truncated"), "{tenant}: {text}"),
                _ => assert!((2..=3).contains(&lines), "{tenant} {file}: {text}"),
            }
        }
        let bytes = get("dashboard/default.zip").await.bytes().await.unwrap();
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let manifest = std::io::read_to_string(archive.by_name("manifest.json").unwrap()).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let rows = manifest["panels"].as_array().unwrap().iter().find(|panel| panel["panel"] == "rows").unwrap();
        assert_eq!((&rows["rows"], &rows["truncated"]), (&serde_json::json!(7), &serde_json::json!(true)), "{tenant}: {rows}");
    }
    world.close().await;
}

#[tokio::test]
async fn a_csv_that_turns_out_to_be_cut_breaks_off_where_nobody_could_tell_before() {
    // The database takes longer to count than it is given, and no longer to read than a file may take.
    let files = |home: &Path| {
        let file = home.join("tenants/beta-works/tenant.yaml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("statement_timeout: 5s", "statement_timeout: 1s")).unwrap();
    };
    let setting = Setting {
        variables: &[("LOGGIA_LIMITS__EXPORT_ROWS", "7")],
        beta: Kind::Postgres,
        files: Some(files),
        ..Setting::default()
    };
    let world = World::raise(setting).await;
    let slow =
        "ALTER TABLE error_logs RENAME TO quick; CREATE VIEW error_logs AS SELECT * FROM quick WHERE pg_sleep(0.3) IS NOT NULL";
    world.beta.as_ref().unwrap().execute(slow).await;
    let viewer = world.person("viewer@beta.example").await;
    for format in ["csv", "json", "ndjson"] {
        let mut answer = world.get(&viewer, &format!("/tenant/beta-works/report/rows.{format}")).await;
        assert!(!answer.headers().contains_key("x-loggia-truncated"));
        let (mut got, mut broken) = (Vec::new(), false);
        loop {
            match answer.chunk().await {
                Ok(Some(more)) => got.extend_from_slice(&more),
                Ok(None) => break,
                Err(_) => break broken = true,
            }
        }
        let text = String::from_utf8_lossy(&got);
        assert_eq!(broken, format == "csv", "{format}: {text}");
        match format {
            "json" => assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["truncated"], true),
            "ndjson" => assert_eq!(text.lines().last(), Some(CUT)),
            _ => assert_eq!(text.lines().count(), 8),
        }
    }
    world.close().await;
}

#[tokio::test]
async fn a_file_is_for_those_who_may_see_its_panel_and_is_noted() {
    let world = World::open().await;
    let other = world.person("viewer@beta.example").await;
    let viewer = world.person("viewer@alpha.example").await;
    for path in ["report/rows.csv", "report/cpu.svg", "report/dashboard/default.zip", "report/rows", "report/dashboard/default"] {
        let path = format!("/tenant/alpha-works/{path}");
        assert_eq!(world.get(&Person::nobody(), &path).await.status(), 303, "{path}");
        assert_eq!(world.get(&other, &path).await.status(), 403, "{path}");
        assert_eq!(world.get(&viewer, &path).await.status(), 200, "{path}");
    }
    std::fs::remove_file(world.home.path().join("data/alpha-works.db")).unwrap();
    let down = world.get(&viewer, &format!("{ROWS}.csv")).await;
    assert_eq!(down.status(), 503);
    assert!(down.headers().contains_key("retry-after"));
    let down = world.get(&viewer, "/tenant/alpha-works/report/dashboard/default.zip").await;
    assert_eq!(down.status(), 503);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    use loggia::central::audit::{Search, list};
    let rows = list(&world.server.parts.central, &Search::default(), 500).await.unwrap();
    let noted =
        |word: &str, target: &str| rows.iter().filter(|row| row.action == word && row.target.as_deref() == Some(target)).count();
    let actions: Vec<_> = rows.iter().map(|row| (&row.action, &row.target)).collect();
    assert_eq!((noted("export", "rows"), noted("export", "default"), noted("export", "cpu")), (1, 1, 1), "{actions:?}");
    assert_eq!((noted("view_report", "rows"), noted("view_report", "default")), (1, 1));
    world.close().await;
}

#[tokio::test]
async fn a_report_is_a_page_for_paper_with_its_table_whole() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let page = world.text(&viewer, &format!("{ROWS}?theme=dark&from=2026-11-20T00:00&to=2026-11-21T00:00")).await;
    assert!(page.contains("data-theme=\"light\"") && !page.contains("<script"), "paper is light and still");
    assert_eq!(page.matches("MARKALPHA-service-").count(), 12, "the whole table, not one page of it");
    assert!(page.contains("MARKALPHA name · MARKALPHA board · Nov 20, 2026, 00:00 to Nov 21, 2026, 00:00 (Berlin)"), "{page}");
    assert!(page.contains(" by Somebody") && !page.contains("<form") && !page.contains("page=2"));
    let board = world.text(&viewer, "/tenant/alpha-works/report/dashboard/default").await;
    assert_eq!(board.matches("<section class=\"panel").count(), 6);
    assert!(board.contains("/tenant/alpha-works/report/dashboard/default.zip"));
    let led = world.get(&viewer, "/reports/rows?from=now-1h").await;
    assert_eq!(led.headers()["location"], "/tenant/alpha-works/report/rows?from=now-1h");
    world.close().await;
}

#[tokio::test]
async fn a_table_longer_than_paper_says_how_much_of_it_is_printed() {
    let world = World::raise(Setting { beta: Kind::Postgres, ..Setting::default() }).await;
    let long = "ALTER TABLE error_logs RENAME TO short; CREATE VIEW error_logs AS SELECT now() - n * interval '1 s' AS at, \
        'printed ' || n AS service, n::numeric AS amount FROM generate_series(1, 10500) AS n";
    world.beta.as_ref().unwrap().execute(long).await;
    let viewer = world.person("viewer@beta.example").await;
    let page = world.text(&viewer, "/tenant/beta-works/report/rows").await;
    assert_eq!(page.matches(">printed ").count(), 10_000, "{}", &page[..2_000]);
    assert!(page.contains("The first 10,000 of 10,500 rows are printed; a file holds all of them."));
    world.close().await;
}

/// Kilobytes of memory that a process holds.
fn memory(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A server in a process of its own whose tenant has one table over a PostgreSQL database; and a way to ask it.
struct Outside {
    server: Server,
    url: String,
    cookie: String,
    client: reqwest::Client,
    _home: tempfile::TempDir,
}

impl Outside {
    async fn over(scratch: &Scratch) -> Outside {
        let home = tempfile::tempdir().unwrap();
        let tenant = home.path().join("tenants/acme-corp");
        std::fs::create_dir_all(tenant.join("dashboards")).unwrap();
        std::fs::create_dir_all(tenant.join("panels")).unwrap();
        let write = |name: &str, text: String| std::fs::write(tenant.join(name), text).unwrap();
        write("tenant.yaml", format!("tenant:\n  name: Acme\n  datastore:\n    kind: postgres\n    url: \"{}\"\n", scratch.url));
        write(
            "dashboards/default.yaml",
            "dashboard:\n  name: Rows\n  panels:\n    - { id: rows, config_file: panels/rows.yaml }\n".into(),
        );
        write("panels/rows.yaml", "panel:\n  type: table\n  title: Rows\n  range: ignore\n  data_source:\n    table: error_logs\n    columns:\n      - { name: at, format: datetime }\n      - { name: service }\n      - { name: amount }\n  display: { default_sort: at }\n".into());
        let server = std::process::Command::new(env!("CARGO_BIN_EXE_loggia"))
            .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"])
            .current_dir(home.path())
            .env("LOGGIA_DATA_DIR", home.path().join("data"))
            .env("LOGGIA_TENANTS_DIR", home.path().join("tenants"))
            .env("LOGGIA_LOG", "warn")
            .stderr(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Server(server);
        let url = server.address();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let signed = client.post(format!("{url}/login")).header("sec-fetch-site", "same-origin");
        let signed = signed.form(&[("email", "viewer@acme.example"), ("password", "demo")]).send().await.unwrap();
        let cookie = crate::world::session_cookie(&signed).unwrap();
        Outside { server, url, cookie, client, _home: home }
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}/tenant/acme-corp/report/{path}", self.url));
        request.header("cookie", &self.cookie).send().await.unwrap()
    }

    fn process(&self) -> u32 {
        self.server.0.id()
    }
}

#[tokio::test]
async fn a_million_rows_leave_a_server_that_stays_as_small_as_it_was() {
    let scratch = postgres::database().await;
    scratch
        .execute(
            "CREATE TABLE error_logs AS SELECT timestamptz '2026-03-01 00:00Z' + n * interval '1 s' AS at, 'service number ' || n % 40 AS service, \
             (n * 1.10)::numeric(30, 4) AS amount FROM generate_series(1, 1000000) AS n; CREATE INDEX ON error_logs (at); ANALYZE",
        )
        .await;
    let outside = Outside::over(&scratch).await;
    // What is loaded once (fonts, code, connections) is loaded before it is measured.
    assert_eq!(outside.get("rows.csv?rows.q=number+39").await.text().await.unwrap().lines().count(), 25_001);
    let process = outside.process();
    let (before, begun) = (memory(process), Clock::system().now());
    let (mut answer, mut lines, mut most) = (outside.get("rows.csv").await, 0, 0);
    while let Some(piece) = answer.chunk().await.unwrap() {
        lines += piece.iter().filter(|b| **b == b'\n').count();
        most = most.max(memory(process));
    }
    println!("1,000,000 rows in {:?}, from {before} kB to {most} kB", Clock::system().now() - begun);
    assert_eq!(lines, 1_000_001);
    assert!(most < before + 10_000, "from {before} kB to {most} kB");
}

/// Ten million rows that nobody has to make first: in the order of an index, a thousand for each of its entries.
const TEN_MILLION: &str = "CREATE TABLE tens AS SELECT timestamptz '2026-03-01 00:00Z' + n * interval '1 h' AS at, n FROM generate_series(1, 10000) AS n; \
    CREATE INDEX ON tens (at); ANALYZE; \
    CREATE VIEW error_logs AS SELECT tens.at, 'service number ' || (tens.n + k) % 40 AS service, \
    ((tens.n * 1000 + k) * 1.10)::numeric(30, 4) AS amount FROM tens, generate_series(1, 1000) AS k";

#[tokio::test]
async fn a_client_who_leaves_in_the_middle_of_ten_million_rows_costs_nothing_from_then_on() {
    let scratch = postgres::database().await;
    scratch.execute(TEN_MILLION).await;
    let mut watcher = scratch.connect().await;
    let outside = Outside::over(&scratch).await;
    let process = outside.process();
    // Once to have everything loaded, then twice over, so that nothing adds up.
    let mut before = 0;
    for (time, wanted) in [20_000, 400_000, 400_000].into_iter().enumerate() {
        let (mut answer, mut lines, mut most) = (outside.get("rows.csv").await, 0, 0);
        assert_eq!(answer.status(), 200);
        while lines < wanted {
            let piece = answer.chunk().await.unwrap().expect("ten million rows are not at their end");
            lines += piece.iter().filter(|b| **b == b'\n').count();
            most = most.max(memory(process));
        }
        assert!(reading(&mut watcher).await > 0, "the database is at work for it");
        drop(answer);
        let free = until_free(&mut watcher).await;
        assert!(free < Duration::from_secs(1), "{free:?}");
        let after = memory(process);
        println!("left after {lines} rows: free in {free:?}; from {before} kB, at most {most} kB, then {after} kB");
        if time > 0 {
            assert!(most.max(after) < before + 10_000, "from {before} kB to {most} kB and {after} kB");
        }
        before = if time == 0 { after } else { before };
    }
    let health = outside.client.get(format!("{}/health", outside.url)).send().await.unwrap();
    assert_eq!(health.status(), 200);
}

/// A server in a process of its own, ended with its test.
struct Server(std::process::Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Where it listens, as soon as it does.
    fn address(&mut self) -> String {
        use std::io::{BufRead, BufReader};
        let mut lines = BufReader::new(self.0.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("listening: http")).expect("the server starts");
        // Whoever closes its ear stops a talking server.
        std::thread::spawn(move || lines.count());
        let (_, url) = line.split_once("listening: ").unwrap();
        url.split_whitespace().next().unwrap().trim_end_matches('/').to_owned()
    }
}
