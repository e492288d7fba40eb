//! What follows from the readings: which service is degraded or down, and the errors it logged.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::Error;
use super::store::{Writer, stamp};

/// A service, and the real reading that stands for it.
struct Service {
    name: &'static str,
    resource: &'static str,
    metric: &'static str,
    /// What the reading is, and its unit, as a log would say it.
    says: (&'static str, &'static str),
    /// From here on it is degraded, and down.
    limits: [f64; 2],
}

const SERVICES: &[Service] = &[
    Service {
        name: "checkout-api",
        resource: "ec2-latency-failure",
        metric: "latency",
        says: ("latency", "ms"),
        limits: [55.0, 80.0],
    },
    Service {
        name: "storefront",
        resource: "elb-8c0756",
        metric: "requests",
        says: ("requests in 5 min", ""),
        limits: [250.0, 600.0],
    },
    Service { name: "reports", resource: "ec2-ac20cd", metric: "cpu", says: ("CPU", "%"), limits: [80.0, 98.0] },
    Service { name: "orders-db", resource: "rds-e47b3b", metric: "database_cpu", says: ("CPU", "%"), limits: [25.0, 60.0] },
    Service { name: "auth", resource: "ec2-5f5533", metric: "cpu", says: ("CPU", "%"), limits: [60.0, 90.0] },
    Service { name: "batch-jobs", resource: "ec2-fe7f93", metric: "cpu", says: ("CPU", "%"), limits: [60.0, 95.0] },
];

/// A reading must fall this far below a limit before it counts as left, so that one that trembles does not fill the log.
const RELEASE: f64 = 0.9;

const HEALTH: &[&str] = &["name", "last_check_status", "last_checked_at", "error_message"];
const ERRORS: &[&str] = &["timestamp", "service", "error_message", "severity", "resource", "reading"];

/// Follows the readings of `(after, until]`: one health row where a state begins, one for the newest check, one log line for every limit crossed.
pub(super) async fn follow(db: &mut Writer, after: DateTime<Utc>, until: DateTime<Utc>) -> Result<(), Error> {
    for service in SERVICES {
        let before = state_of(db, service).await?;
        let mut level = before.as_ref().map_or(0, |(level, _)| *level);
        let mut message = before.as_ref().and_then(|(_, message)| message.clone());
        let mut known = before.is_some();
        let (mut health, mut errors) = (Vec::new(), Vec::new());
        for (at, value) in readings(db, service, after, until).await? {
            let next = service.level(level, value);
            if next != level {
                errors.push(service.logged(&at, level, next, value));
            }
            if next != level || !known {
                message = (next > 0).then(|| service.message(next, value));
                health.push(vec![json!(service.name), json!(next), json!(at), json!(message)]);
            }
            (level, known) = (next, true);
        }
        db.insert("service_health", HEALTH, health.into_iter().map(Ok)).await?;
        db.insert("error_logs", ERRORS, errors.into_iter().map(Ok)).await?;
        if known {
            checked(db, service, level, message, until).await?;
        }
    }
    Ok(())
}

/// Forgets what is older than `oldest`, but never how a service is now.
pub(super) async fn forget(db: &mut Writer, oldest: &str) -> Result<(), Error> {
    db.run_with("DELETE FROM error_logs WHERE timestamp < ?1", &[oldest]).await?;
    let sql = "DELETE FROM service_health WHERE last_checked_at < ?1 AND EXISTS (SELECT 1 FROM service_health AS later \
        WHERE later.name = service_health.name AND later.last_checked_at > service_health.last_checked_at \
        AND later.last_checked_at < ?1)";
    db.run_with(sql, &[oldest]).await.map(drop)
}

impl Service {
    /// 0 healthy, 1 degraded, 2 down.
    fn level(&self, before: usize, value: f64) -> usize {
        let reached = self.limits.iter().filter(|limit| value >= **limit).count();
        let held = self.limits.iter().filter(|limit| value >= **limit * RELEASE).count();
        reached.max(held.min(before))
    }

    fn reading(&self, value: f64) -> String {
        let (what, unit) = self.says;
        let space = if unit.is_empty() { "" } else { " " };
        let decimals = usize::from(!unit.is_empty());
        format!("{what} of {} at {value:.decimals$}{space}{unit}", self.resource)
    }

    fn message(&self, level: usize, value: f64) -> String {
        let limit = self.limits[level.clamp(1, 2) - 1];
        format!("{} (limit {limit})", self.reading(value))
    }

    fn logged(&self, at: &str, before: usize, level: usize, value: f64) -> Vec<serde_json::Value> {
        let (severity, message) = match level {
            2 => ("CRITICAL", self.message(2, value)),
            1 if before == 0 => ("ERROR", self.message(1, value)),
            1 => ("WARNING", format!("{}: better, not well yet", self.reading(value))),
            _ => ("INFO", format!("{}: back to normal", self.reading(value))),
        };
        vec![json!(at), json!(self.name), json!(message), json!(severity), json!(self.resource), json!(value)]
    }
}

async fn state_of(db: &mut Writer, service: &Service) -> Result<Option<(usize, Option<String>)>, Error> {
    let sql = "SELECT last_check_status, error_message FROM service_health WHERE name = ?1 ORDER BY last_checked_at DESC, rowid DESC LIMIT 1";
    let found = sqlx::query_as::<_, (i64, Option<String>)>(sql).bind(service.name).fetch_optional(db.ask()).await;
    let found = db.told(found)?;
    Ok(found.map(|(level, message)| (usize::try_from(level).unwrap_or(0), message)))
}

async fn readings(
    db: &mut Writer,
    service: &Service,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<(String, f64)>, Error> {
    let sql = "SELECT recorded_at, value FROM metrics WHERE server_name = ?1 AND metric_type = ?2 \
        AND recorded_at > ?3 AND recorded_at <= ?4 AND value IS NOT NULL ORDER BY recorded_at";
    let asked = sqlx::query_as(sql).bind(service.resource).bind(service.metric).bind(stamp(after)).bind(stamp(until));
    let found = asked.fetch_all(db.ask()).await;
    db.told(found)
}

/// Moves the row of the newest check: the last of a service, unless that one tells when a state began.
async fn checked(
    db: &mut Writer,
    service: &Service,
    level: usize,
    message: Option<String>,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let name = format!("checked:{}", service.name);
    if let Some(last) = db.remembered(&name).await? {
        let sql = "DELETE FROM service_health WHERE name = ?1 AND rowid = ?2";
        db.run_with(sql, &[service.name, &last]).await?;
    }
    let row = vec![json!(service.name), json!(level), json!(stamp(at)), json!(message)];
    db.insert("service_health", HEALTH, std::iter::once(Ok(row))).await?;
    let newest = sqlx::query_scalar::<_, i64>("SELECT last_insert_rowid()").fetch_one(db.ask()).await;
    let newest = db.told(newest)?;
    db.remember(&name, &newest.to_string()).await
}
