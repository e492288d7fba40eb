//! Operations of a production account: two weeks of real readings of fifteen cloud resources, replayed without end.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::json;

use super::store::{Value, Writer, stamp};
use super::{Error, sample, services};

/// How long the sample is; a reading comes again after this time.
const DAYS: i64 = 14;

/// How long rows are kept beyond the sample, so that a late resource can still be repeated.
const SLACK: TimeDelta = TimeDelta::hours(8);

/// One resource of the account.
struct Resource {
    name: &'static str,
    metric: Metric,
    /// The moment of its sample that becomes "now" on a first start: some hours into one of its real incidents.
    now_is: &'static str,
}

/// What a resource measures: the word in `metric_type`, and the unit.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Metric(&'static str, &'static str);

const CPU: Metric = Metric("cpu", "percent");
const GROUP_CPU: Metric = Metric("group_cpu", "percent");
const DATABASE_CPU: Metric = Metric("database_cpu", "percent");
const REQUESTS: Metric = Metric("requests", "count");
const LATENCY: Metric = Metric("latency", "ms");
const NETWORK_IN: Metric = Metric("network_in", "bytes");
const DISK_WRITE: Metric = Metric("disk_write", "bytes");

const RESOURCES: &[Resource] = &[
    Resource { name: "ec2-53ea38", metric: CPU, now_is: "2014-02-19 22:00:00" },
    Resource { name: "ec2-5f5533", metric: CPU, now_is: "2014-02-24 21:30:00" },
    Resource { name: "ec2-825cc2", metric: CPU, now_is: "2014-04-16 06:30:00" },
    Resource { name: "ec2-ac20cd", metric: CPU, now_is: "2014-04-15 04:00:00" },
    Resource { name: "ec2-fe7f93", metric: CPU, now_is: "2014-02-22 03:00:00" },
    Resource { name: "asg-grok", metric: GROUP_CPU, now_is: "2014-01-29 12:00:00" },
    Resource { name: "asg-misconfigured", metric: GROUP_CPU, now_is: "2014-07-14 23:30:00" },
    Resource { name: "rds-cc0c53", metric: DATABASE_CPU, now_is: "2014-02-25 12:00:00" },
    Resource { name: "rds-e47b3b", metric: DATABASE_CPU, now_is: "2014-04-19 06:30:00" },
    Resource { name: "elb-8c0756", metric: REQUESTS, now_is: "2014-04-22 21:00:00" },
    Resource { name: "ec2-latency-failure", metric: LATENCY, now_is: "2014-03-18 23:10:00" },
    Resource { name: "ec2-257a54", metric: NETWORK_IN, now_is: "2014-04-18 03:00:00" },
    Resource { name: SILENT, metric: NETWORK_IN, now_is: "2014-03-09 09:00:00" },
    Resource { name: "ec2-1ef3de", metric: DISK_WRITE, now_is: "2014-03-09 14:00:00" },
    Resource { name: LATE, metric: DISK_WRITE, now_is: "2014-04-09 12:00:00" },
];

/// The resource whose readings come late, many at once: its newest is always between `LATE_AT_LEAST` and `LATE_AT_MOST` old.
const LATE: &str = "ec2-c0d644";
const LATE_AT_LEAST: TimeDelta = TimeDelta::minutes(45);
const LATE_AT_MOST: TimeDelta = TimeDelta::hours(6);

/// The resource whose missing readings are written as rows without a value, as some collectors do.
const SILENT: &str = "ec2-5abac7";

const COLUMNS: &[&str] = &["recorded_at", "metric_type", "server_name", "cpu_percent", "value", "unit"];

/// Makes the tables and fills them with two weeks that end `now`.
pub(super) async fn load(db: &mut Writer, now: DateTime<Utc>) -> Result<(), Error> {
    db.run(TABLES).await?;
    let mut readings = sample::cloudwatch().peekable();
    while let Some(first) = readings.next().transpose()? {
        let name = first.resource.clone();
        let more = std::iter::from_fn(|| readings.next_if(|row| row.as_ref().map_or(true, |row| row.resource == name)));
        let resource = RESOURCES.iter().find(|known| known.name == name);
        let resource = resource.ok_or_else(|| Error::Sample(format!("has an unknown resource {name}")))?;
        let rows = shifted(resource, std::iter::once(Ok(first)).chain(more), now)?;
        db.insert("metrics", COLUMNS, rows.into_iter().map(Ok)).await?;
    }
    db.run(INDEXES).await?;
    db.remember("arrived", &stamp(now)).await?;
    db.remember("late_arrived", &stamp(now - LATE_AT_LEAST)).await?;
    let from = now - TimeDelta::days(DAYS);
    services::follow(db, from, now).await
}

/// The rows of a resource, turned so that its chosen moment is `now`.
fn shifted(
    resource: &Resource,
    readings: impl Iterator<Item = Result<sample::CloudReading, Error>>,
    now: DateTime<Utc>,
) -> Result<Vec<Vec<Value>>, Error> {
    let anchor = NaiveDateTime::parse_from_str(resource.now_is, "%Y-%m-%d %H:%M:%S");
    let anchor = anchor.map_err(|cause| Error::Sample(format!("{}: {cause}", resource.name)))?;
    let newest = if resource.name == LATE { now - LATE_AT_LEAST } else { now };
    let mut rows = Vec::new();
    let mut before: Option<NaiveDateTime> = None;
    for reading in readings {
        let reading = reading?;
        if resource.name == SILENT {
            for missing in between(before, reading.at) {
                rows.extend(row(resource, missing, anchor, now, newest, None));
            }
        }
        rows.extend(row(resource, reading.at, anchor, now, newest, Some(reading.value)));
        before = Some(reading.at);
    }
    rows.sort_by(|a, b| a[0].as_str().cmp(&b[0].as_str()));
    Ok(rows)
}

/// The five-minute steps that were left out between two readings.
fn between(before: Option<NaiveDateTime>, at: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
    let step = TimeDelta::minutes(5);
    let first = before.map_or(at, |before| before + step);
    std::iter::successors(Some(first), move |missing| Some(*missing + step)).take_while(move |missing| *missing + step / 2 < at)
}

fn row(
    resource: &Resource,
    at: NaiveDateTime,
    anchor: NaiveDateTime,
    now: DateTime<Utc>,
    newest: DateTime<Utc>,
    value: Option<f64>,
) -> Option<Vec<Value>> {
    let age = (anchor - at).num_seconds().rem_euclid(TimeDelta::days(DAYS).num_seconds());
    let at = now - TimeDelta::seconds(age);
    let Metric(kind, unit) = resource.metric;
    let cpu = value.filter(|_| unit == "percent");
    (at <= newest).then(|| vec![json!(stamp(at)), json!(kind), json!(resource.name), json!(cpu), json!(value), json!(unit)])
}

/// Writes the readings whose time has come, and what follows from them; `memory_percent` is this machine's own.
pub(super) async fn arrive(db: &mut Writer, now: DateTime<Utc>, memory_percent: Option<f64>) -> Result<(), Error> {
    skip_whole_rounds(db, now).await?;
    let arrived = db.instant("arrived", now).await?;
    if now <= arrived {
        return Ok(());
    }
    repeat(db, OTHERS, arrived, now).await?;
    let late = db.instant("late_arrived", now).await?;
    if now - late > LATE_AT_MOST {
        repeat(db, ONLY_LATE, late, now - LATE_AT_LEAST).await?;
        db.remember("late_arrived", &stamp(now - LATE_AT_LEAST)).await?;
    }
    services::follow(db, arrived, now).await?;
    remember_memory(db, now, memory_percent).await?;
    db.remember("arrived", &stamp(now)).await?;
    forget(db, now).await
}

/// After a pause longer than the sample everything moves up by whole rounds, so that what is caught up is never more than one.
async fn skip_whole_rounds(db: &mut Writer, now: DateTime<Utc>) -> Result<(), Error> {
    let arrived = db.instant("arrived", now).await?;
    let rounds = (now - arrived).num_days() / DAYS;
    if rounds < 1 {
        return Ok(());
    }
    let by = TimeDelta::days(rounds * DAYS);
    let words = format!("+{} days", by.num_days());
    for sql in SKIPS {
        db.run_with(sql, &[&words]).await?;
    }
    let late = db.instant("late_arrived", now).await?;
    db.remember("arrived", &stamp(arrived + by)).await?;
    db.remember("late_arrived", &stamp(late + by)).await
}

/// Writes the readings of `(after, until]` as they were one round before.
async fn repeat(db: &mut Writer, sql: &'static str, after: DateTime<Utc>, until: DateTime<Utc>) -> Result<(), Error> {
    let round = TimeDelta::days(DAYS);
    db.run_with(sql, &[&stamp(after - round), &stamp(until - round)]).await.map(drop)
}

/// There is no memory in the cloud readings: those of this machine stand in, one a minute.
async fn remember_memory(db: &mut Writer, now: DateTime<Utc>, percent: Option<f64>) -> Result<(), Error> {
    let last = db.instant("memory_arrived", DateTime::UNIX_EPOCH).await?;
    let Some(percent) = percent.filter(|_| now - last >= TimeDelta::minutes(1)) else {
        return Ok(());
    };
    let columns = ["recorded_at", "metric_type", "server_name", "memory_percent", "value", "unit"];
    let row = vec![json!(stamp(now)), json!("memory"), json!("this-machine"), json!(percent), json!(percent), json!("percent")];
    db.insert("metrics", &columns, std::iter::once(Ok(row))).await?;
    db.remember("memory_arrived", &stamp(now)).await
}

async fn forget(db: &mut Writer, now: DateTime<Utc>) -> Result<(), Error> {
    let oldest = stamp(now - TimeDelta::days(DAYS) - SLACK);
    db.run_with(FORGET, &[&oldest]).await?;
    services::forget(db, &oldest).await
}

const TABLES: &str = "
CREATE TABLE metrics (
    recorded_at    TIMESTAMP NOT NULL,
    metric_type    TEXT NOT NULL,
    server_name    TEXT NOT NULL,
    cpu_percent    REAL,
    memory_percent REAL,
    value          REAL,
    unit           TEXT NOT NULL
);
CREATE TABLE service_health (
    name              TEXT NOT NULL,
    last_check_status INTEGER NOT NULL,
    last_checked_at   TIMESTAMP NOT NULL,
    error_message     TEXT
);
CREATE TABLE error_logs (
    timestamp     TIMESTAMP NOT NULL,
    service       TEXT NOT NULL,
    error_message TEXT NOT NULL,
    severity      TEXT NOT NULL,
    resource      TEXT NOT NULL,
    reading       REAL NOT NULL
);
CREATE TABLE deployments (
    deployed_at TIMESTAMP NOT NULL,
    service     TEXT NOT NULL,
    version     TEXT NOT NULL,
    deployed_by TEXT NOT NULL
);";

const INDEXES: &str = "
CREATE INDEX metrics_by_type ON metrics (metric_type, recorded_at, server_name, value, cpu_percent, memory_percent);
CREATE INDEX metrics_by_server ON metrics (server_name, metric_type, recorded_at, value, cpu_percent);
CREATE INDEX service_health_by_name ON service_health (name, last_checked_at, last_check_status);
CREATE INDEX error_logs_by_time ON error_logs (timestamp, severity);
CREATE INDEX deployments_by_time ON deployments (deployed_at);
ANALYZE;";

/// Naming the types lets both statements walk an index.
macro_rules! repeated {
    ($which:literal) => {
        concat!(
            "INSERT INTO metrics (recorded_at, metric_type, server_name, cpu_percent, value, unit) ",
            "SELECT datetime(recorded_at, '+14 days'), metric_type, server_name, cpu_percent, value, unit FROM metrics ",
            "WHERE metric_type IN ('cpu', 'group_cpu', 'database_cpu', 'requests', 'latency', 'network_in', 'disk_write') ",
            "AND recorded_at > ?1 AND recorded_at <= ?2 AND server_name ",
            $which,
            " 'ec2-c0d644' ORDER BY recorded_at"
        )
    };
}

const OTHERS: &str = repeated!("<>");
const ONLY_LATE: &str = repeated!("=");

const SKIPS: &[&str] = &[
    "UPDATE metrics SET recorded_at = datetime(recorded_at, ?1)",
    "UPDATE service_health SET last_checked_at = datetime(last_checked_at, ?1)",
    "UPDATE error_logs SET timestamp = datetime(timestamp, ?1)",
];

const FORGET: &str = "DELETE FROM metrics WHERE recorded_at < ?1 AND metric_type IN \
    ('cpu', 'group_cpu', 'database_cpu', 'requests', 'latency', 'network_in', 'disk_write', 'memory')";
