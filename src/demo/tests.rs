use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{Prepared, TENANTS, prepare, unpack};
use crate::domain::Clock;
use crate::observe::Metrics;

fn clock() -> Clock {
    Clock::held("2026-11-21T14:05:07Z".parse().unwrap())
}

async fn open(dir: &Path, file: &str) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.join(file)).read_only(true).connect().await.unwrap()
}

async fn text(db: &mut SqliteConnection, sql: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(format!("SELECT CAST(({sql}) AS TEXT)"))).fetch_one(db).await.unwrap()
}

async fn number(db: &mut SqliteConnection, sql: &str) -> f64 {
    text(db, sql).await.parse().unwrap()
}

/// The demo in `dir`, as after a first start at the time of [`clock`]; the first start itself is made once for all tests.
async fn demo(dir: &Path, clock: &Clock) -> Prepared {
    static FIRST: OnceCell<(TempDir, Prepared)> = OnceCell::const_new();
    let made = async || {
        let dir = tempfile::tempdir().unwrap();
        let prepared = prepare(dir.path(), &self::clock()).await.unwrap();
        (dir, prepared)
    };
    let (first, _open) = FIRST.get_or_init(made).await;
    for slug in TENANTS {
        let file = format!("{slug}.db");
        if !dir.join(&file).exists() {
            std::fs::copy(first.path().join(&file), dir.join(&file)).unwrap();
        }
    }
    prepare(dir, clock).await.unwrap()
}

#[tokio::test]
async fn a_first_start_makes_two_weeks_of_operations_that_end_now() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path(), &clock()).await;
    let mut db = open(dir.path(), "acme-corp.db").await;
    assert_eq!(text(&mut db, "SELECT count(DISTINCT server_name) FROM metrics").await, "15");
    assert!(number(&mut db, "SELECT count(*) FROM metrics").await > 55_000.0);
    let newest = text(&mut db, "SELECT max(recorded_at) FROM metrics").await;
    assert!(("2026-11-21 14:00:00"..="2026-11-21 14:05:07").contains(&newest.as_str()), "{newest}");
    let oldest = text(&mut db, "SELECT min(recorded_at) FROM metrics").await;
    assert!(oldest.starts_with("2026-11-07 14:"), "{oldest}");
}

#[tokio::test]
async fn a_resource_in_a_real_incident_makes_its_service_down_and_logs_it() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path(), &clock()).await;
    let mut db = open(dir.path(), "acme-corp.db").await;
    let now = "SELECT last_check_status FROM service_health WHERE name = 'reports' ORDER BY last_checked_at DESC LIMIT 1";
    assert_eq!(text(&mut db, now).await, "2");
    let before = "SELECT last_check_status FROM service_health WHERE name = 'reports' AND last_checked_at < '2026-11-21 06:00:00' \
        ORDER BY last_checked_at DESC LIMIT 1";
    assert_eq!(text(&mut db, before).await, "0");
    assert!(number(&mut db, "SELECT count(*) FROM error_logs WHERE severity = 'CRITICAL' AND service = 'reports'").await >= 1.0);
    assert!(number(&mut db, "SELECT count(*) FROM error_logs").await < 2_000.0);
}

#[tokio::test]
async fn the_four_states_have_their_data() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path(), &clock()).await;
    let mut db = open(dir.path(), "acme-corp.db").await;
    assert_eq!(text(&mut db, "SELECT count(*) FROM deployments").await, "0");
    let nulls = "SELECT count(*) FROM metrics WHERE value IS NULL AND recorded_at > '2026-11-20 14:05:07'";
    assert_eq!(number(&mut db, nulls).await, 12.0);
    let late = text(&mut db, "SELECT max(recorded_at) FROM metrics WHERE server_name = 'ec2-c0d644'").await;
    assert!(late.as_str() <= "2026-11-21 13:20:07" && late.as_str() > "2026-11-21 13:14:00", "{late}");
    assert_eq!(text(&mut db, "SELECT count(*) FROM sqlite_master WHERE name = 'queue_depth'").await, "0");
}

#[tokio::test]
async fn readings_arrive_when_their_time_comes() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let demo = demo(dir.path(), &clock).await;
    let mut db = open(dir.path(), "acme-corp.db").await;
    let count = "SELECT count(*) FROM metrics WHERE server_name = 'ec2-5f5533' AND recorded_at > '2026-11-21 14:05:07'";
    clock.advance(TimeDelta::hours(1));
    demo.arrive(clock.now()).await.unwrap();
    assert_eq!(text(&mut db, count).await, "12");
    demo.arrive(clock.now()).await.unwrap();
    assert_eq!(text(&mut db, count).await, "12", "asking twice writes nothing twice");
    let checked = text(&mut db, "SELECT max(last_checked_at) FROM service_health").await;
    assert_eq!(checked, "2026-11-21 15:05:07");
    let late = "SELECT max(recorded_at) > '2026-11-21 15:00:00' FROM metrics WHERE server_name = 'ec2-c0d644'";
    assert_eq!(text(&mut db, late).await, "0", "the late resource is still late");
    clock.advance(TimeDelta::hours(6));
    demo.arrive(clock.now()).await.unwrap();
    assert_eq!(text(&mut db, late).await, "1", "and comes in the end");
}

#[tokio::test]
async fn a_later_start_catches_up_and_files_do_not_grow() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    drop(demo(dir.path(), &clock).await);
    let mut db = open(dir.path(), "acme-corp.db").await;
    let all = number(&mut db, "SELECT count(*) FROM metrics").await;
    let recent = "SELECT count(*) FROM metrics WHERE metric_type <> 'memory' AND recorded_at > datetime((SELECT max(recorded_at) FROM metrics), '-1 day')";
    let day = number(&mut db, recent).await;
    for pause in [TimeDelta::days(3), TimeDelta::days(45)] {
        clock.advance(pause);
        let begun = std::time::Instant::now();
        let demo = demo(dir.path(), &clock).await;
        assert!(begun.elapsed().as_secs() < 1, "a second start is quick: {:?}", begun.elapsed());
        demo.arrive(clock.now()).await.unwrap();
        assert!((number(&mut db, recent).await - day).abs() < 400.0);
        let now = number(&mut db, "SELECT count(*) FROM metrics").await;
        assert!((now - all).abs() < all * 0.05, "{all} rows became {now}");
    }
    let gap = "SELECT max(step) FROM (SELECT julianday(recorded_at) - julianday(lag(recorded_at) OVER (ORDER BY recorded_at)) AS step \
        FROM metrics WHERE server_name = 'ec2-5f5533')";
    assert!(number(&mut db, gap).await * 24.0 < 0.5, "nothing is missing in between");
}

#[tokio::test]
async fn demand_keeps_its_weekday_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let demo = demo(dir.path(), &clock).await;
    let mut db = open(dir.path(), "global-retail.db").await;
    assert_eq!(text(&mut db, "SELECT max(recorded_at) FROM demand WHERE period = 'this week'").await, "2026-11-21 14:00:00");
    let marathon = "SELECT orders FROM demand WHERE period = 'this week' AND recorded_at = '2026-11-15 06:00:00'";
    assert_eq!(text(&mut db, marathon).await, "39197", "1:00 on the Sunday the clocks went back, the busiest half hour of all");
    let agree = "SELECT count(*) FROM demand a JOIN demand b ON b.recorded_at = datetime(a.recorded_at, '+7 days') \
        WHERE a.period = 'this week' AND b.period = 'a week earlier' AND a.orders <> b.orders";
    assert_eq!(text(&mut db, agree).await, "0");
    clock.advance(TimeDelta::hours(2));
    demo.arrive(clock.now()).await.unwrap();
    assert_eq!(text(&mut db, "SELECT max(recorded_at) FROM demand WHERE period = 'this week'").await, "2026-11-21 16:00:00");
}

#[tokio::test]
async fn one_question_has_visibly_different_answers_in_two_tenants() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path(), &clock()).await;
    let mut acme = open(dir.path(), "acme-corp.db").await;
    let mut retail = open(dir.path(), "global-retail.db").await;
    let average = "SELECT avg(lifetime_value) FROM customers";
    assert!(number(&mut acme, average).await > 2.0 * number(&mut retail, average).await);
    let count = "SELECT count(*) FROM customers";
    assert_eq!(number(&mut acme, count).await + number(&mut retail, count).await, 23_570.0);
    let money = "SELECT round(sum(lifetime_value) * 100) - (SELECT sum(amount_cents) FROM purchases) FROM customers";
    assert_eq!(number(&mut acme, money).await, 0.0, "not a cent is lost");
    for db in [&mut acme, &mut retail] {
        assert_eq!(text(db, "SELECT max(purchased_on) FROM purchases").await, "2026-11-21 00:00:00");
        assert!(number(db, "SELECT count(*) FROM cohorts").await >= 12.0);
        assert!(number(db, "SELECT count(DISTINCT month) FROM revenue_months").await >= 18.0);
    }
}

#[tokio::test]
async fn on_a_new_day_the_purchases_end_on_it() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let demo = demo(dir.path(), &clock).await;
    clock.advance(TimeDelta::hours(10));
    demo.arrive(clock.now()).await.unwrap();
    let mut db = open(dir.path(), "global-retail.db").await;
    assert_eq!(text(&mut db, "SELECT max(purchased_on) FROM purchases").await, "2026-11-22 00:00:00");
    assert_eq!(text(&mut db, "SELECT max(last_order_on) FROM customers").await, "2026-11-22 00:00:00");
}

#[tokio::test]
async fn this_server_is_looked_at_live() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let mut demo = demo(dir.path(), &clock).await;
    demo.watch(Arc::new(Metrics::new()));
    for _ in 0..3 {
        demo.arrive(clock.now()).await.unwrap();
        clock.advance(TimeDelta::seconds(5));
    }
    let mut db = open(dir.path(), "this-server.db").await;
    for name in [
        "cpu_percent",
        "core_percent",
        "memory_percent",
        "load",
        "process_memory_bytes",
        "network_bytes_per_second",
        "served_per_second",
    ] {
        let times = format!("SELECT count(DISTINCT recorded_at) FROM readings WHERE name = '{name}'");
        assert!(number(&mut db, &times).await >= 2.0, "{name}");
    }
    let memory = "SELECT value FROM readings WHERE name = 'process_memory_bytes' LIMIT 1";
    assert!(number(&mut db, memory).await > 1e6);
}

#[test]
fn the_tenants_folder_is_unpacked_once_and_then_left_to_its_author() {
    let dir = tempfile::tempdir().unwrap();
    let tenants = dir.path().join("tenants");
    unpack(&tenants).unwrap();
    for slug in TENANTS {
        assert!(tenants.join(slug).join("tenant.yaml").is_file(), "{slug}");
        assert!(tenants.join(slug).join("dashboards/default.yaml").is_file(), "{slug}");
    }
    std::fs::write(tenants.join("acme-corp/tenant.yaml"), "mine").unwrap();
    unpack(&tenants).unwrap();
    assert_eq!(std::fs::read_to_string(tenants.join("acme-corp/tenant.yaml")).unwrap(), "mine");
}

#[test]
fn what_the_demo_adds_to_the_repository_is_small() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/data");
    let sizes = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    assert!(sizes.sum::<u64>() < 2_000_000);
}

#[test]
fn the_demos_files_are_without_fault() {
    let tenants = Path::new(env!("CARGO_MANIFEST_DIR")).join("tenants");
    let (told, good) = crate::config::check::report(&tenants, crate::config::check::Format::Text);
    assert!(good && !told.contains("warning"), "{told}");
}
