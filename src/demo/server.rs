//! This very machine and this very process, looked at every few seconds and remembered for a day.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sysinfo::{Disks, Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::Error;
use super::store::{Value, Writer, stamp};
use crate::observe::Metrics;

/// How long readings are kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// How often what changes slowly (disks) is looked at.
const SLOW: TimeDelta = TimeDelta::minutes(1);

/// Use over less than this says nothing.
const SHORTEST: TimeDelta = TimeDelta::milliseconds(200);

/// One reading: what, of which (an interface, a core, a disk), how much.
#[derive(Clone, Debug, PartialEq)]
struct Reading {
    /// What was measured: panels select it by `name = '…'`.
    name: &'static str,
    /// Of which one.
    series: String,
    /// How much, in the unit its name says.
    value: f64,
}

/// The product's own counts, and how far they were at the look before.
struct Product {
    metrics: Arc<Metrics>,
    answers: u64,
    panels: u64,
}

/// The machine as seen at two moments: use is what happened between them.
pub(super) struct Machine {
    system: System,
    networks: Networks,
    process: Option<Pid>,
    product: Option<Product>,
    looks: u64,
    looked: DateTime<Utc>,
    disks_looked: Option<DateTime<Utc>>,
}

impl Machine {
    pub(super) fn new(now: DateTime<Utc>) -> Machine {
        let mut system = System::new();
        system.refresh_cpu_usage();
        system.refresh_memory();
        Machine {
            system,
            networks: Networks::new_with_refreshed_list(),
            process: sysinfo::get_current_pid().ok(),
            product: None,
            looks: 0,
            looked: now,
            disks_looked: None,
        }
    }

    /// From now on what the product serves is told too.
    pub(super) fn watch(&mut self, metrics: Arc<Metrics>) {
        let (answers, panels) = metrics.served();
        self.product = Some(Product { metrics, answers, panels });
    }

    /// Looks again, at what is shown and at nothing else.
    pub(super) fn look(&mut self) {
        self.looks += 1;
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        self.networks.refresh(true);
        if let Some(pid) = self.process {
            let kind = ProcessRefreshKind::nothing().with_cpu().with_memory();
            self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, kind);
        }
    }

    /// How much of the machine's memory is in use, 0–100.
    pub(super) fn memory_percent(&self) -> Option<f64> {
        let total = self.system.total_memory();
        (total > 0).then(|| tenth(100.0 * self.system.used_memory() as f64 / total as f64))
    }

    /// Writes what was seen at the last look, and forgets what is older than a day.
    pub(super) async fn write(&mut self, db: &mut Writer, now: DateTime<Utc>) -> Result<(), Error> {
        let readings = self.readings(now);
        let at = stamp(now);
        let rows = readings.into_iter().map(|seen| Ok(row(&at, seen)));
        db.insert("arriving", &["name", "recorded_at", "series", "value"], rows).await?;
        db.run("INSERT OR REPLACE INTO readings SELECT name, recorded_at, series, value FROM arriving; DELETE FROM arriving;")
            .await?;
        self.looked = now;
        if self.looks % 60 == 1 {
            db.run_with("DELETE FROM readings WHERE recorded_at < ?1", &[&stamp(now - KEPT)]).await?;
        }
        Ok(())
    }

    fn readings(&mut self, now: DateTime<Utc>) -> Vec<Reading> {
        let mut seen = self.whole();
        if now - self.looked >= SHORTEST {
            seen.extend(self.used((now - self.looked).num_milliseconds() as f64 / 1_000.0));
        }
        if self.disks_looked.is_none_or(|before| now - before >= SLOW) {
            seen.extend(disks());
            self.disks_looked = Some(now);
        }
        seen.retain(|reading| reading.value.is_finite());
        seen
    }

    /// What is so at this moment.
    fn whole(&self) -> Vec<Reading> {
        let mut seen = Vec::new();
        let load = System::load_average();
        for (series, value) in [("1 min", load.one), ("5 min", load.five), ("15 min", load.fifteen)] {
            seen.push(reading("load", series, value));
        }
        seen.extend(self.memory_percent().map(|percent| reading("memory_percent", "in use", percent)));
        seen.push(reading("memory_bytes", "in use", self.system.used_memory() as f64));
        seen.push(reading("swap_bytes", "in use", self.system.used_swap() as f64));
        if let Some(process) = self.process.and_then(|pid| self.system.process(pid)) {
            seen.push(reading("process_memory_bytes", "resident", process.memory() as f64));
        }
        seen.extend(threads().map(|count| reading("process_threads", "threads", count)));
        seen.extend(open_files().map(|count| reading("process_open_files", "open files", count)));
        seen
    }

    /// What was used since the look before, which was `seconds` ago.
    fn used(&mut self, seconds: f64) -> Vec<Reading> {
        let mut seen = vec![reading("cpu_percent", "all cores", tenth(self.system.global_cpu_usage().into()))];
        for (i, core) in self.system.cpus().iter().enumerate() {
            seen.push(reading("core_percent", &format!("core {i}"), tenth(core.cpu_usage().into())));
        }
        if let Some(process) = self.process.and_then(|pid| self.system.process(pid)) {
            seen.push(reading("process_cpu_percent", "this process", tenth(process.cpu_usage().into())));
        }
        let (received, sent) = self
            .networks
            .iter()
            .filter(|(name, _)| name.as_str() != "lo")
            .fold((0, 0), |sum, (_, network)| (sum.0 + network.received(), sum.1 + network.transmitted()));
        seen.push(reading("network_bytes_per_second", "received", (received as f64 / seconds).round()));
        seen.push(reading("network_bytes_per_second", "sent", (sent as f64 / seconds).round()));
        seen.extend(self.product.iter_mut().flat_map(|product| product.served(seconds)));
        seen
    }
}

impl Product {
    /// What was served since the look before, a second.
    fn served(&mut self, seconds: f64) -> [Reading; 2] {
        let (answers, panels) = self.metrics.served();
        let rate = |now: u64, before: u64| tenth(now.saturating_sub(before) as f64 / seconds);
        let (answered, drawn) = (rate(answers, self.answers), rate(panels, self.panels));
        (self.answers, self.panels) = (answers, panels);
        [reading("served_per_second", "answers", answered), reading("served_per_second", "panels", drawn)]
    }
}

fn reading(name: &'static str, series: &str, value: f64) -> Reading {
    Reading { name, series: series.to_owned(), value }
}

fn row(at: &str, seen: Reading) -> Vec<Value> {
    vec![json!(seen.name), json!(at), json!(seen.series), json!(seen.value)]
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn disks() -> Vec<Reading> {
    let disks = Disks::new_with_refreshed_list();
    let mut seen = Vec::new();
    for disk in disks.iter().filter(|disk| disk.total_space() > 0) {
        let mount = disk.mount_point().to_string_lossy();
        let used = disk.total_space() - disk.available_space().min(disk.total_space());
        seen.push(reading("disk_percent", &mount, tenth(100.0 * used as f64 / disk.total_space() as f64)));
        seen.push(reading("disk_free_bytes", &mount, disk.available_space() as f64));
    }
    seen
}

/// Known on Linux only.
fn threads() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}

/// Known on Linux only; the folder being read is one of them and does not count.
fn open_files() -> Option<f64> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

/// Makes the tables.
pub(super) async fn create(db: &mut Writer) -> Result<(), Error> {
    db.run(
        "CREATE TABLE readings (
            name        TEXT NOT NULL,
            recorded_at TIMESTAMP NOT NULL,
            series      TEXT NOT NULL,
            value       REAL NOT NULL,
            PRIMARY KEY (name, recorded_at, series)
        ) WITHOUT ROWID;
        CREATE TABLE arriving (name TEXT, recorded_at TEXT, series TEXT, value REAL);",
    )
    .await
}
