//! Demand of a shop: thirty weeks of real half-hourly counts, replayed without end on the same weekdays and hours.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde_json::json;

use super::store::{Value, Writer, stamp};
use super::{Error, sample};

/// How long the sample is: whole weeks, so that Mondays stay Mondays.
const DAYS: i64 = 210;

/// The counts were taken on a clock five hours behind UTC.
const BEHIND_UTC: TimeDelta = TimeDelta::hours(5);

const HALF_HOUR: i64 = 1_800;

const COLUMNS: &[&str] = &["recorded_at", "period", "orders"];

/// Makes the table and fills it with thirty weeks that end `now`.
pub(super) async fn load(db: &mut Writer, now: DateTime<Utc>) -> Result<(), Error> {
    db.run(TABLES).await?;
    let mut counts = sample::demand().collect::<Result<Vec<_>, _>>()?;
    let week = matching_week(now);
    let newest = now - TimeDelta::seconds(now.timestamp().rem_euclid(HALF_HOUR));
    let newest_there = (newest - BEHIND_UTC).naive_utc() - week;
    counts.sort_by_key(|count| std::cmp::Reverse(age(count.at, newest_there)));
    let rows = counts.iter().map(|count| row(newest - age(count.at, newest_there), "orders", count.count));
    db.insert("demand", COLUMNS, rows.map(Ok)).await?;
    db.run(EARLIER).await?;
    db.run(INDEXES).await?;
    db.remember("demand_arrived", &stamp(now)).await
}

/// How far back the sample's week is that a first start shows as the current one: the first in November, after a marathon.
fn matching_week(now: DateTime<Utc>) -> TimeDelta {
    let shown = NaiveDate::from_ymd_opt(2014, 11, 9).unwrap_or_default().and_time(chrono::NaiveTime::MIN);
    let there = (now - BEHIND_UTC).naive_utc();
    TimeDelta::weeks((there - shown).num_days().div_euclid(7) + 1)
}

fn age(at: NaiveDateTime, newest: NaiveDateTime) -> TimeDelta {
    TimeDelta::seconds((newest - at).num_seconds().rem_euclid(TimeDelta::days(DAYS).num_seconds()))
}

fn row(at: DateTime<Utc>, period: &str, orders: i64) -> Vec<Value> {
    vec![json!(stamp(at)), json!(period), json!(orders)]
}

/// Writes the half hours whose time has come, as they were thirty weeks before.
pub(super) async fn arrive(db: &mut Writer, now: DateTime<Utc>) -> Result<(), Error> {
    let mut arrived = db.instant("demand_arrived", now).await?;
    let round = TimeDelta::days(DAYS);
    let rounds = (now - arrived).num_days() / DAYS;
    if rounds > 0 {
        let by = TimeDelta::days(rounds * DAYS);
        let words = format!("+{} days", by.num_days());
        db.run_with("UPDATE demand SET recorded_at = datetime(recorded_at, ?1)", &[&words]).await?;
        arrived += by;
    }
    if now > arrived {
        db.run_with(REPEAT, &[&stamp(arrived - round), &stamp(now - round)]).await?;
        db.run_with("DELETE FROM demand WHERE recorded_at < ?1", &[&stamp(now - round - TimeDelta::hours(1))]).await?;
        db.remember("demand_arrived", &stamp(now)).await?;
    }
    Ok(())
}

const TABLES: &str = "
CREATE TABLE demand (
    recorded_at TIMESTAMP NOT NULL,
    period      TEXT NOT NULL,
    orders      INTEGER NOT NULL
);";

/// The same half hour a week before, as a series of its own, so that one chart compares both.
const EARLIER: &str = "
INSERT INTO demand SELECT datetime(recorded_at, '+7 days'), 'a week earlier', orders FROM demand
WHERE recorded_at <= datetime((SELECT max(recorded_at) FROM demand), '-7 days');
UPDATE demand SET period = 'this week' WHERE period = 'orders';";

const INDEXES: &str = "
CREATE INDEX demand_by_period ON demand (period, recorded_at, orders);
CREATE INDEX demand_by_time ON demand (recorded_at, period, orders);
ANALYZE;";

const REPEAT: &str = "INSERT INTO demand SELECT datetime(recorded_at, '+210 days'), period, orders FROM demand \
    WHERE recorded_at > ?1 AND recorded_at <= ?2 ORDER BY recorded_at";
