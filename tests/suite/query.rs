//! Statements against real databases, compared with the same questions answered in plain Rust over the same rows.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Datelike, Days, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use loggia::datastore::{Datastore, Dialect, Failure, Target};
use loggia::domain::TimeRange;
use loggia::frame::{Frame, Values};
use loggia::query::{
    Aggregate, Bound, Bucket, Chosen, Condition, Name, Order, Query, Set, Source, TimeColumn, TimeFormat, Window,
};
use serde_json::{Map, Value, json};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::world::postgres::{Scratch, database};

const NEW_YORK: Tz = Tz::America__New_York;

#[derive(Clone, Debug)]
struct Reading {
    at: DateTime<Utc>,
    host: &'static str,
    cpu: Option<f64>,
}

/// Two weeks around each of the year's odd days, a reading every 7 minutes, some of them null.
fn readings() -> Vec<Reading> {
    let mut rows = Vec::new();
    for start in ["2026-03-01T00:03:20Z", "2026-10-25T00:03:20Z"] {
        for i in 0..2880_i32 {
            let host = ["web-1", "web-2", "db_1"][usize::try_from(i % 3).unwrap()];
            let cpu = (i % 11 != 0).then(|| f64::from((i * 37) % 1000) / 8.0);
            rows.push(Reading { at: at(start) + TimeDelta::minutes(i64::from(i) * 7), host, cpu });
        }
    }
    rows
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A database with the readings in it: one column for every way of writing a time.
struct World {
    store: Datastore,
    keep: Keep,
}

/// What must live as long as the world, and a way to change it.
enum Keep {
    Postgres(Scratch),
    Sqlite(#[allow(dead_code)] tempfile::TempDir, SqlitePool),
}

async fn worlds() -> Vec<World> {
    vec![postgres().await, sqlite().await]
}

async fn postgres() -> World {
    let scratch = database().await;
    scratch
        .execute(
            "CREATE SCHEMA acme;
             CREATE TABLE acme.metrics (id int, tz timestamptz, naive timestamp, ny timestamp, s bigint, ms bigint, \
             day date, host text, cpu float8, exact numeric(12,4), n int);
             CREATE TABLE acme.health (name text, status int, seen timestamptz, error text)",
        )
        .await;
    let mut connection = scratch.connect().await;
    let rows = readings();
    for (chunk, part) in rows.chunks(1000).enumerate() {
        let values = part.iter().enumerate().map(|(i, r)| {
            let (i, cpu) = (chunk * 1000 + i, r.cpu.map_or("NULL".to_owned(), |cpu| cpu.to_string()));
            let (tz, naive) = (r.at.to_rfc3339(), r.at.naive_utc());
            let (ny, day) = (r.at.with_timezone(&NEW_YORK).naive_local(), r.at.date_naive());
            let (s, ms, host) = (r.at.timestamp(), r.at.timestamp_millis(), r.host);
            format!("({i},'{tz}','{naive}','{ny}',{s},{ms},'{day}','{host}',{cpu},{cpu},{i})")
        });
        let sql = format!("INSERT INTO acme.metrics VALUES {}", values.collect::<Vec<_>>().join(","));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    scratch.execute("CREATE INDEX ON acme.metrics (tz); CREATE INDEX ON acme.metrics (ny); ANALYZE acme.metrics").await;
    let mut target = Target::parse(&scratch.url, Path::new("/nowhere")).unwrap();
    target.schema = Some("acme".to_owned());
    World { store: Datastore::new(target), keep: Keep::Postgres(scratch) }
}

async fn sqlite() -> World {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let make = "CREATE TABLE metrics (id int, tz text, naive text, ny text, s integer, ms integer, day text, host text, cpu real, exact numeric, n int);
                CREATE TABLE health (name text, status int, seen text, error text);
                CREATE INDEX tz ON metrics (tz); CREATE INDEX ny ON metrics (ny);";
    sqlx::raw_sql(make).execute(&pool).await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    for (i, r) in readings().iter().enumerate() {
        sqlx::query("INSERT INTO metrics VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?9,?1)")
            .bind(i64::try_from(i).unwrap())
            .bind(if i % 2 == 0 { r.at.to_rfc3339() } else { r.at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string() })
            .bind(r.at.format("%Y-%m-%d %H:%M:%S").to_string())
            .bind(r.at.with_timezone(&NEW_YORK).format("%Y-%m-%dT%H:%M:%S").to_string())
            .bind(r.at.timestamp())
            .bind(r.at.timestamp_millis())
            .bind(r.at.format("%Y-%m-%d").to_string())
            .bind(r.host)
            .bind(r.cpu)
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let target = Target::parse(&format!("sqlite:{}", path.display()), Path::new("/nowhere")).unwrap();
    World { store: Datastore::new(target), keep: Keep::Sqlite(folder, pool) }
}

impl World {
    fn dialect(&self) -> Dialect {
        self.store.dialect()
    }

    /// The answer, a map a row.
    async fn ask(&self, query: &Query) -> Vec<Map<String, Value>> {
        let statement = query.statement(self.store.dialect(), self.store.schema());
        let frame = self.store.query(&statement, 50_000).await;
        let frame = frame.unwrap_or_else(|e| panic!("{e}\n{}\n{:?}", statement.sql, statement.binds));
        (0..frame.rows()).map(|i| frame.columns.iter().map(|c| (c.name.to_string(), json_of(&c.values, i))).collect()).collect()
    }

    async fn plan(&self, query: &Query) -> String {
        let mut statement = query.statement(self.store.dialect(), self.store.schema());
        let text = |frame: &Frame, column: &str| {
            (0..frame.rows()).filter_map(|i| Some(frame.column(column)?.text(i)?.into_owned() + "\n")).collect()
        };
        if self.dialect() == Dialect::Sqlite {
            statement.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
            return text(&self.store.query(&statement, 100).await.unwrap(), "detail");
        }
        statement.sql = format!("EXPLAIN {}", statement.sql);
        text(&self.store.query(&statement, 100).await.unwrap(), "QUERY PLAN")
    }

    async fn run(&self, sql: &str) {
        match &self.keep {
            Keep::Postgres(scratch) => scratch.execute(&format!("SET search_path TO acme; {sql}")).await,
            Keep::Sqlite(_, pool) => {
                sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(pool).await.unwrap();
            }
        }
    }
}

fn json_of(values: &Values, i: usize) -> Value {
    match values {
        _ if values.is_null(i) => Value::Null,
        Values::Int(v) => json!(v[i]),
        Values::Float(_) | Values::Decimal(_) => json!(values.number(i)),
        Values::Instant(v) => json!(v[i].map(|at| at.to_rfc3339())),
        _ => json!(values.text(i)),
    }
}

fn time_of(row: &Map<String, Value>, column: &str) -> DateTime<Utc> {
    at(row[column].as_str().unwrap_or_else(|| panic!("{row:?}")))
}

fn source(table: &str, text: &str) -> Source {
    let (condition, order, limit) = Condition::parse_whole(text).unwrap();
    Source { table: name(table), condition, order, limit, filters: Vec::new() }
}

fn time(column: &str) -> TimeColumn {
    let format = match column {
        "s" => TimeFormat::EpochSeconds,
        "ms" => TimeFormat::EpochMillis,
        _ => TimeFormat::Iso,
    };
    TimeColumn { column: name(column), zone: if column == "ny" { NEW_YORK } else { Tz::UTC }, format }
}

fn series(column: &str, value: &str, aggregate: Aggregate, range: TimeRange, bucket: Option<Bucket>) -> Query {
    Query::Series {
        source: source("metrics", "host LIKE 'web-%'"),
        time: time(column),
        value: name(value),
        label: Some(name("host")),
        aggregate,
        window: Window { range, bucket },
    }
}

/// The first instant of the bucket, worked out from the calendar alone.
fn start_of(at: DateTime<Utc>, seconds: i64, zone: Tz) -> DateTime<Utc> {
    let local = at.with_timezone(&zone).naive_local();
    if seconds < 3600 {
        return DateTime::from_timestamp(at.timestamp() - at.timestamp() % seconds, 0).unwrap();
    }
    if seconds == 3600 {
        return at - TimeDelta::seconds(i64::from(local.minute() * 60 + local.second()));
    }
    let back = if seconds == 604_800 { u64::from(local.weekday().num_days_from_monday()) } else { 0 };
    let day = local.date().checked_sub_days(Days::new(back)).unwrap();
    let midnight = day.and_time(NaiveTime::MIN);
    // The earliest instant whose local time is that midnight or, where there is none, the first after it.
    (0..=180).find_map(|minute| zone.from_local_datetime(&(midnight + TimeDelta::minutes(minute))).earliest()).unwrap().to_utc()
}

/// The readings of each series in each bucket.
type Buckets = BTreeMap<(&'static str, DateTime<Utc>), Vec<(DateTime<Utc>, f64)>>;

fn expected(range: TimeRange, seconds: i64, zone: Tz) -> Buckets {
    let mut buckets: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for r in readings().into_iter().filter(|r| r.host.starts_with("web") && r.at >= range.from() && r.at < range.to()) {
        let bucket = buckets.entry((r.host, start_of(r.at, seconds, zone))).or_default();
        bucket.extend(r.cpu.map(|cpu| (r.at, cpu)));
    }
    buckets
}

fn folded(aggregate: Aggregate, rows: &[(DateTime<Utc>, f64)]) -> Option<f64> {
    let values = || rows.iter().map(|(_, v)| *v);
    let count = u32::try_from(rows.len()).unwrap();
    match aggregate {
        Aggregate::Count => Some(f64::from(count)),
        _ if rows.is_empty() => None,
        Aggregate::Avg => Some(values().sum::<f64>() / f64::from(count)),
        Aggregate::Sum => Some(values().sum()),
        Aggregate::Min => values().reduce(f64::min),
        Aggregate::Max => values().reduce(f64::max),
        Aggregate::Last => rows.iter().max_by_key(|(at, _)| *at).map(|(_, v)| *v),
    }
}

fn assert_buckets(rows: &[Map<String, Value>], range: TimeRange, seconds: i64, zone: Tz, aggregate: Aggregate, what: &str) {
    let wanted = expected(range, seconds, zone);
    let got: Vec<_> = rows.iter().map(|row| (row["label"].as_str().unwrap(), time_of(row, "time"))).collect();
    let keys: Vec<_> = wanted.keys().map(|(host, at)| (*host, *at)).collect();
    assert_eq!(got, keys, "{what}");
    for (row, (key, values)) in rows.iter().zip(&wanted) {
        match (row["value"].as_f64(), folded(aggregate, values)) {
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{what} {key:?}: {a} {b}"),
            (a, b) => assert_eq!(a, b, "{what} {key:?}"),
        }
    }
}

#[tokio::test]
async fn buckets_are_those_of_the_calendar_in_every_zone_and_column() {
    let zones = [Tz::UTC, NEW_YORK, Tz::Asia__Kolkata, Tz::Asia__Kathmandu, Tz::America__Havana, Tz::Australia__Lord_Howe];
    for world in worlds().await {
        for (from, to) in [("2026-03-01T00:00:00Z", "2026-03-16T00:00:00Z"), ("2026-10-25T00:00:00Z", "2026-11-09T00:00:00Z")] {
            let range = TimeRange::new(at(from), at(to)).unwrap();
            for zone in zones {
                for seconds in [600, 3600, 86_400, 604_800] {
                    if seconds == 3600 && zone == Tz::Australia__Lord_Howe {
                        continue; // its half-hour jump leaves one hour without a calendar answer
                    }
                    let bucket = Some(Bucket { width: TimeDelta::seconds(seconds), zone });
                    for column in ["tz", "naive", "ny", "s", "ms"] {
                        // The local hour that comes twice cannot be told apart once the zone is lost.
                        let lossy = column == "ny" && from.starts_with("2026-10");
                        if (zone != NEW_YORK && column != "tz") || (lossy && seconds < 86_400) {
                            continue;
                        }
                        let query = series(column, "cpu", Aggregate::Avg, range, bucket);
                        let what = format!("{:?} {zone} {seconds} s {column}", world.dialect());
                        assert_buckets(&world.ask(&query).await, range, seconds, zone, Aggregate::Avg, &what);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn every_aggregate_is_what_it_says_and_counts_add_up() {
    let range = TimeRange::new(at("2026-11-01T04:00:00Z"), at("2026-11-02T05:00:00Z")).unwrap();
    let all = [Aggregate::Avg, Aggregate::Sum, Aggregate::Min, Aggregate::Max, Aggregate::Count, Aggregate::Last];
    for world in worlds().await {
        for aggregate in all {
            for value in ["cpu", "exact"] {
                let query = series("tz", value, aggregate, range, Some(Bucket { width: TimeDelta::hours(1), zone: NEW_YORK }));
                let what = format!("{:?} {aggregate:?} {value}", world.dialect());
                assert_buckets(&world.ask(&query).await, range, 3600, NEW_YORK, aggregate, &what);
            }
            let value = Query::Value {
                source: source("metrics", "host LIKE 'web-%'"),
                value: name("cpu"),
                time: Some(time("tz")),
                aggregate: Some(aggregate),
                range: Some(range),
            };
            let rows: Vec<_> = expected(range, 1_000_000_000, Tz::UTC).into_values().flatten().collect();
            let got = world.ask(&value).await;
            assert_eq!(got.len(), 1);
            let (a, b) = (got[0]["value"].as_f64().unwrap(), folded(aggregate, &rows).unwrap());
            assert!((a - b).abs() < 1e-9 * b.abs(), "{:?} {aggregate:?}: {a} {b}", world.dialect());
        }
        // Sum of counts = plain count; the day has 25 hours.
        let counted = series("tz", "n", Aggregate::Count, range, Some(Bucket { width: TimeDelta::hours(1), zone: NEW_YORK }));
        let rows = world.ask(&counted).await;
        let total: i64 = rows.iter().map(|row| row["value"].as_i64().unwrap()).sum();
        let plain = Query::Count { set: set("host LIKE 'web-%'", Some(range)) };
        assert_eq!(world.ask(&plain).await[0]["count"], json!(total));
        let hours: std::collections::BTreeSet<_> = rows.iter().map(|row| time_of(row, "time")).collect();
        assert_eq!(hours.len(), 25);
    }
}

#[tokio::test]
async fn raw_rows_keep_order_nulls_and_half_open_ends() {
    for world in worlds().await {
        let all = readings();
        let range = TimeRange::new(all[10].at, all[40].at).unwrap();
        for column in ["tz", "naive", "ny", "s", "ms"] {
            let rows = world.ask(&series(column, "cpu", Aggregate::Avg, range, None)).await;
            let mut wanted: Vec<_> = all[10..40].iter().filter(|r| r.host.starts_with("web")).collect();
            wanted.sort_by_key(|r| (r.host, r.at));
            let got: Vec<_> =
                rows.iter().map(|row| (row["label"].as_str().unwrap(), time_of(row, "time"), row["value"].as_f64())).collect();
            let wanted: Vec<_> = wanted.iter().map(|r| (r.host, r.at, r.cpu)).collect();
            assert_eq!(got, wanted, "{:?} {column}", world.dialect());
        }
        // A range finer than a second.
        let fine = TimeRange::new(all[10].at + TimeDelta::milliseconds(1), all[12].at + TimeDelta::milliseconds(1)).unwrap();
        for column in ["tz", "naive", "ny", "s", "ms"] {
            let count = Query::Count { set: Set { time: Some(time(column)), ..set("", Some(fine)) } };
            assert_eq!(world.ask(&count).await[0]["count"], json!(2), "{:?} {column}", world.dialect());
        }
    }
}

fn set(text: &str, range: Option<TimeRange>) -> Set {
    Set { source: source("metrics", text), time: Some(time("tz")), range, search: None, filters: vec![] }
}

fn page(set: Set, sort: Option<(&str, bool)>, offset: u64, limit: u32) -> Query {
    let sort = sort.map(|(column, descending)| Order { column: name(column), descending });
    Query::Rows { set, columns: vec![name("id"), name("host"), name("cpu")], sort, offset, limit }
}

#[tokio::test]
async fn a_table_is_the_authors_set_searched_filtered_sorted_and_paged() {
    for world in worlds().await {
        let ids = |rows: Vec<Map<String, Value>>| rows.iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>();
        let newest = set("ORDER BY tz DESC LIMIT 50", None);
        assert_eq!(world.ask(&Query::Count { set: newest.clone() }).await[0]["count"], json!(50));
        assert_eq!(ids(world.ask(&page(newest.clone(), None, 0, 3)).await), [5759, 5758, 5757]);
        // Sorting acts within the set.
        assert_eq!(ids(world.ask(&page(newest.clone(), Some(("id", false)), 0, 2)).await), [5710, 5711]);
        // Nulls come last whichever way it is sorted; pages do not overlap and miss nothing.
        for descending in [true, false] {
            let mut seen = Vec::new();
            for offset in [0, 20, 40] {
                seen.extend(world.ask(&page(newest.clone(), Some(("cpu", descending)), offset, 20)).await);
            }
            assert!(seen.last().unwrap()["cpu"].is_null() && !seen[0]["cpu"].is_null());
            let mut all = ids(seen);
            all.sort_unstable();
            assert_eq!(all, (5710..5760).collect::<Vec<_>>());
        }
        // Wildcards in what a viewer types are plain characters.
        let search = |text: &str| Set { search: Some((text.to_owned(), vec![name("host"), name("id")])), ..newest.clone() };
        let found = world.ask(&page(search("B_1"), None, 0, 100)).await;
        assert!(!found.is_empty() && found.iter().all(|row| row["host"] == "db_1"));
        assert!(world.ask(&page(search("b%1"), None, 0, 100)).await.is_empty());
        assert!(world.ask(&page(search("'; DROP TABLE metrics; --\0"), None, 0, 100)).await.is_empty());
        let filtered = Set { filters: vec![(name("host"), "WEB".into()), (name("id"), "575".into())], ..newest.clone() };
        let count = world.ask(&Query::Count { set: filtered.clone() }).await[0]["count"].as_i64();
        let rows = world.ask(&page(filtered, None, 0, 100)).await;
        assert_eq!(count, i64::try_from(rows.len()).ok());
        assert!(rows.iter().all(|row| row["host"].as_str().unwrap().starts_with("web") && row["id"].to_string().contains("575")));
        // The range is inside the set: the newest 5 of a day, not of the newest 50.
        let range = TimeRange::new(at("2026-03-08T00:00:00Z"), at("2026-03-09T00:00:00Z"));
        let day = ids(world.ask(&page(set("ORDER BY tz DESC LIMIT 5", range), None, 0, 100)).await);
        assert_eq!(day.len(), 5);
        assert!(day.iter().all(|id| readings()[usize::try_from(*id).unwrap()].at < range.unwrap().to()));
    }
}

#[tokio::test]
async fn one_value_is_the_first_row_or_the_newest() {
    for world in worlds().await {
        let value = |text: &str, time: Option<TimeColumn>| Query::Value {
            source: source("metrics", text),
            value: name("n"),
            time,
            aggregate: None,
            range: None,
        };
        let rows = world.ask(&value("host = 'db_1' ORDER BY tz DESC LIMIT 1", None)).await;
        assert_eq!(rows, [json!({"value": 5759}).as_object().unwrap().clone()]);
        let rows = world.ask(&value("host = 'db_1'", Some(time("tz")))).await;
        assert_eq!((rows[0]["value"].as_i64(), time_of(&rows[0], "time")), (Some(5759), readings()[5759].at));
        assert!(world.ask(&value("host = 'nobody'", None)).await.is_empty());
    }
}

#[tokio::test]
async fn health_is_the_latest_row_of_each_and_since_when() {
    for world in worlds().await {
        world
            .run(
                "INSERT INTO health VALUES ('api', 0, '2026-04-01T10:00:00Z', NULL), ('api', 1, '2026-04-01T11:00:00Z', 'slow'), \
                 ('api', 1, '2026-04-01T12:00:00Z', 'slower'), ('db', 0, '2026-04-01T09:00:00Z', NULL), ('db', 0, '2026-04-01T12:00:00Z', NULL), \
                 ('mail', 2, '2026-04-01T08:00:00Z', 'down'), ('mail', 0, '2026-04-01T09:00:00Z', NULL), ('mail', 2, '2026-04-01T10:00:00Z', 'gone')",
            )
            .await;
        let latest = |time: Option<TimeColumn>| Query::Latest {
            source: source("health", ""),
            key: name("name"),
            status: name("status"),
            time,
            message: Some(name("error")),
        };
        let rows = world.ask(&latest(Some(time("seen")))).await;
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row["key"].as_str().unwrap(),
                    row["status"].as_i64().unwrap(),
                    time_of(row, "time"),
                    time_of(row, "since"),
                    row["message"].as_str(),
                )
            })
            .collect();
        let hour = |h: u32| at(&format!("2026-04-01T{h:02}:00:00Z"));
        assert_eq!(
            told,
            [
                ("api", 1, hour(12), hour(11), Some("slower")),
                ("db", 0, hour(12), hour(9), None),
                ("mail", 2, hour(10), hour(10), Some("gone")),
            ]
        );
        let rows = world.ask(&latest(None)).await;
        assert_eq!(rows.len(), 3);
        assert!(!rows[0].contains_key("since"));
    }
}

#[tokio::test]
async fn conditions_mean_the_same_on_both_databases() {
    let worlds = worlds().await;
    for (text, wanted) in [
        ("host LIKE 'WEB%'", 0),
        ("host ILIKE 'WEB%'", 3840),
        ("host LIKE 'db\\_1'", 1920),
        ("host NOT LIKE 'w%'", 1920),
        ("host IN ('web-1', 'nobody') AND cpu IS NOT NULL", 1744),
        ("id BETWEEN 10 AND 19", 10),
        ("id % 1000 = 0 AND NOT (id = 0)", 5),
        ("ceil(cpu) >= 0 AND floor(cpu) < 10 AND abs(-1) = 1 AND round(cpu, 1) < 5", -1),
        ("ceil(cpu - 60) = -1 OR floor(cpu - 60) = -1 OR ceil(id) <> floor(id)", -1),
        ("substr(upper(host), 1, 3) = 'WEB' AND length(trim(host)) = 5", 3840),
        ("coalesce(cpu, -1) = -1", 524),
        ("nullif(host, 'db_1') IS NULL", 1920),
        ("tz > now() - interval '100 years' AND tz < now() + interval '100 years'", 5760),
        ("cpu IS DISTINCT FROM NULL AND (id < 5) IS TRUE", 4),
        ("id + 1 = 2.5 OR id / 2 = 1", 2),
    ] {
        let mut counts = Vec::new();
        for world in &worlds {
            let count = world.ask(&Query::Count { set: Set { time: None, ..set(text, None) } }).await;
            counts.push(count[0]["count"].as_i64().unwrap());
        }
        assert_eq!(counts[0], counts[1], "{text}");
        assert!(wanted < 0 || counts[0] == wanted, "{text}: {} and not {wanted}", counts[0]);
    }
}

#[tokio::test]
async fn a_range_is_served_by_an_index_and_a_wrong_name_is_no_silence() {
    let range = TimeRange::new(at("2026-03-08T00:00:00Z"), at("2026-03-08T02:00:00Z")).unwrap();
    for world in worlds().await {
        for column in ["tz", "ny"] {
            let plan = world.plan(&series(column, "cpu", Aggregate::Avg, range, None)).await;
            assert!(plan.contains("Index") || plan.contains("USING INDEX"), "{:?} {column}\n{plan}", world.dialect());
            let bucket = Some(Bucket { width: TimeDelta::minutes(10), zone: NEW_YORK });
            let plan = world.plan(&series(column, "cpu", Aggregate::Avg, range, bucket)).await;
            assert!(plan.contains("Index") || plan.contains("USING INDEX"), "{:?} {column}\n{plan}", world.dialect());
        }
    }
    let wrong = Query::Count { set: Set { time: None, ..set("no_such_column = 'x'", None) } };
    for world in worlds().await {
        let statement = wrong.statement(world.dialect(), world.store.schema());
        assert!(matches!(world.store.query(&statement, 1).await, Err(Failure::Refused(_))), "{:?}", world.dialect());
    }
}

#[tokio::test]
async fn a_date_column_follows_the_range() {
    let range = TimeRange::new(at("2026-03-08T00:00:00Z"), at("2026-03-09T00:00:00Z")).unwrap();
    for world in worlds().await {
        let wanted = readings().iter().filter(|r| r.at >= range.from() && r.at < range.to()).count();
        let count = Query::Count { set: Set { time: Some(time("day")), ..set("", Some(range)) } };
        assert_eq!(world.ask(&count).await[0]["count"], json!(wanted));
    }
}

#[tokio::test]
async fn filters_leave_the_rows_they_name_on_both_databases() {
    for world in worlds().await {
        let bound = |column: &str, chosen: Option<Chosen>| Bound { filter: "f".parse().ok(), column: name(column), chosen };
        let count = async |bound: Bound| {
            let source = Source { filters: vec![bound], ..source("metrics", "") };
            let set = Set { source, time: None, range: None, search: None, filters: Vec::new() };
            world.ask(&Query::Count { set }).await[0]["count"].as_i64().unwrap()
        };
        let one_of = |values: &[&str]| Some(Chosen::OneOf(values.iter().map(|v| (*v).to_owned()).collect()));
        assert_eq!(count(bound("host", None)).await, 5760, "an unset filter adds nothing");
        assert_eq!(count(bound("host", one_of(&[]))).await, 5760);
        assert_eq!(count(bound("host", one_of(&["web-1"]))).await, 1920);
        assert_eq!(count(bound("host", one_of(&["web-1", "db_1"]))).await, 3840);
        assert_eq!(count(bound("n", one_of(&["7", "8"]))).await, 2, "numbers are chosen by their text");
        assert_eq!(count(bound("n", one_of(&["seven", "' OR 1=1 --", "\0"]))).await, 0, "and no text breaks them");
        assert_eq!(count(bound("host", Some(Chosen::Contains("WEB".to_owned())))).await, 3840);
        assert_eq!(count(bound("host", Some(Chosen::Contains("b_1".to_owned())))).await, 1920, "_ is no wildcard");
        assert_eq!(count(bound("host", Some(Chosen::Contains("%".to_owned())))).await, 0);

        let choices =
            |column: &str, source: Source, limit: u32| Query::Distinct { source, column: name(column), within: None, limit };
        let texts =
            |rows: Vec<Map<String, Value>>| rows.iter().map(|row| row["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(texts(world.ask(&choices("host", source("metrics", ""), 10)).await), ["db_1", "web-1", "web-2"]);
        assert_eq!(texts(world.ask(&choices("host", source("metrics", ""), 2)).await).len(), 2);
        let chained = Source { filters: vec![bound("n", one_of(&["1"]))], ..source("metrics", "") };
        assert_eq!(texts(world.ask(&choices("host", chained, 10)).await), ["web-2"]);
    }
}

#[tokio::test]
async fn readings_are_counted_by_ranges_of_their_value_on_both_databases() {
    let edges = vec![25.0, 50.0, 100.0];
    for world in worlds().await {
        for (column, zone, seconds) in [("tz", Tz::UTC, 3600), ("ny", NEW_YORK, 86_400), ("ms", Tz::Asia__Kolkata, 3600)] {
            let range = TimeRange::new(at("2026-03-02T05:30:00Z"), at("2026-03-12T05:30:00Z")).unwrap();
            let bucket = Bucket { width: TimeDelta::seconds(seconds), zone };
            let query = Query::Spread {
                source: source("metrics", "host LIKE 'web-%'"),
                time: time(column),
                value: name("cpu"),
                edges: edges.clone(),
                bucket,
                range,
            };
            let mut wanted: BTreeMap<(i64, DateTime<Utc>), i64> = BTreeMap::new();
            for ((_, start), rows) in expected(range, seconds, zone) {
                for (_, value) in rows {
                    let row = edges.iter().take_while(|edge| **edge <= value).count();
                    *wanted.entry((i64::try_from(row).unwrap(), start)).or_default() += 1;
                }
            }
            let got: Vec<((i64, DateTime<Utc>), i64)> = world
                .ask(&query)
                .await
                .iter()
                .map(|row| ((row["row"].as_i64().unwrap(), time_of(row, "time")), row["value"].as_i64().unwrap()))
                .collect();
            assert_eq!(got, wanted.into_iter().collect::<Vec<_>>(), "{:?} {column} {zone}", world.dialect());
        }
    }
    // What is no number lies in no range of numbers.
    for world in worlds().await {
        let odd = match world.dialect() {
            Dialect::Postgres => "UPDATE metrics SET cpu = 'NaN' WHERE cpu IS NOT NULL",
            Dialect::Sqlite => "UPDATE metrics SET cpu = 'many' WHERE cpu IS NOT NULL",
        };
        world.run(odd).await;
        let range = TimeRange::new(at("2026-03-02T00:00:00Z"), at("2026-03-03T00:00:00Z")).unwrap();
        let bucket = Bucket { width: TimeDelta::hours(1), zone: Tz::UTC };
        let source = source("metrics", "host LIKE 'web-%'");
        let query = Query::Spread { source, time: time("tz"), value: name("cpu"), edges: vec![25.0], bucket, range };
        assert_eq!(world.ask(&query).await, Vec::<Map<String, Value>>::new(), "{:?}", world.dialect());
    }
}
