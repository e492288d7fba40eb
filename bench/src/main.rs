//! Times single pieces of the product and prints a line for each: what, how much, unit, and what stands beside it.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use flate2::Compression;
use flate2::write::GzEncoder;
use loggia::chart::{Chart, Gaps, Line, Point};
use loggia::config::Catalog;
use loggia::domain::{TimeRange, Unit};
use loggia::query::Condition;

/// Lines of the chart, and points of each: a day by the minute.
const LINES: usize = 10;
const POINTS: i64 = 1440;
/// Tenants whose files are read, and panels of each.
const TENANTS: usize = 500;
const PANELS: usize = 4;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let mut out = io::stdout().lock();
    chart(&mut out)?;
    guard(&mut out)?;
    files(&mut out)
}

/// The median of many runs.
fn median(runs: usize, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[runs / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn chart(out: &mut impl Write) -> Outcome {
    let to = DateTime::from_timestamp(1_790_000_000, 0).ok_or("a time")?;
    let range = TimeRange::new(to - TimeDelta::days(1), to).ok_or("a range")?;
    let chart = Chart {
        id: "bench".into(),
        title: "Bench".into(),
        description: None,
        lines: (0..LINES).map(|line| wave(line, range.from())).collect(),
        range,
        zone: Tz::Europe__Berlin,
        now: to,
        step: Some(TimeDelta::minutes(1)),
        unit: Unit::parse("percent"),
        decimals: None,
        y_label: None,
        y_range: (None, None),
        fill: false,
        gaps: Gaps::Break,
        thresholds: Vec::new(),
    };
    let drawn = chart.draw().svg.to_string();
    let time = median(200, || drop(black_box(chart.draw())));
    let (packed, packing) = packed(drawn.as_bytes())?;
    let beside = format!(
        "{:.1} KB, {:.1} KB compressed in {:.2} ms",
        drawn.len() as f64 / 1024.0,
        packed as f64 / 1024.0,
        millis(packing)
    );
    writeln!(out, "a chart of {LINES} lines of {POINTS} points\t{}\tms\t{beside}", millis(time))?;
    Ok(())
}

/// As a page is compressed on its way out.
fn packed(text: &[u8]) -> Result<(usize, Duration), io::Error> {
    let pack = || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(4));
        encoder.write_all(text)?;
        encoder.finish()
    };
    let size = pack()?.len();
    Ok((size, median(50, || drop(black_box(pack())))))
}

/// A line that neither repeats nor is smooth, the same in every run.
fn wave(line: usize, from: DateTime<Utc>) -> Line {
    let mut seed = 17 + line as u64;
    let mut noise = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / f64::from(u32::MAX)
    };
    let value = |minute: i64, noise: f64| 40.0 + line as f64 * 3.0 + 10.0 * (minute as f64 / 90.0).sin() + 8.0 * noise;
    let points = (0..POINTS).map(|m| Point { at: from + TimeDelta::minutes(m), value: Some(value(m, noise())) }).collect();
    Line { label: format!("server-{line}"), color: None, points }
}

fn guard(out: &mut impl Write) -> Outcome {
    let text = "severity IN ('ERROR', 'CRITICAL') AND lower(service) LIKE 'pay%' AND recorded_at > now() - interval '1 day'";
    Condition::parse(text).map_err(|fault| format!("{fault:?}"))?;
    let time = median(2000, || drop(black_box(Condition::parse(black_box(text)))));
    writeln!(out, "a condition through the guard\t{}\tµs\t{} characters", millis(time) * 1e3, text.len())?;
    Ok(())
}

fn files(out: &mut impl Write) -> Outcome {
    let folder = std::env::temp_dir().join(format!("loggia-bench-tenants-{}", std::process::id()));
    (0..TENANTS).try_for_each(|tenant| write_tenant(&folder.join(format!("tenant-{tenant}"))))?;
    let catalog = Catalog::load(&folder, None);
    if let Some(fault) = catalog.all_faults().first() {
        return Err(format!("{fault:?}").into());
    }
    let all = median(5, || drop(black_box(Catalog::load(&folder, None))));
    let same = median(9, || drop(black_box(Catalog::load(&folder, Some(&catalog)))));
    let beside = format!("{} files; {:.0} ms when nothing has changed", catalog.file_count(), millis(same));
    writeln!(out, "the files of {TENANTS} tenants\t{}\tms\t{beside}", millis(all))?;
    fs::remove_dir_all(&folder)?;
    Ok(())
}

fn write_tenant(home: &Path) -> io::Result<()> {
    fs::create_dir_all(home.join("dashboards"))?;
    fs::create_dir_all(home.join("panels"))?;
    fs::write(
        home.join("tenant.yaml"),
        "tenant:\n  name: \"A tenant\"\n  timezone: \"Europe/Berlin\"\n  datastore: { kind: sqlite, url: \"sqlite:any.db\" }\n",
    )?;
    // the example's filter
    let filters = "  filters: [{ id: \"server\", type: text, label: \"Server\" }]\n";
    let mut dashboard = format!("dashboard:\n  name: \"Front page\"\n  refresh_interval: 60\n{filters}  panels:\n");
    for panel in 0..PANELS {
        dashboard += &format!("    - id: \"panel_{panel}\"\n      config_file: \"panels/panel_{panel}.yaml\"\n");
        dashboard += &format!("      position: {{ row: {}, col: 1, width: 12, height: 2 }}\n", 1 + 2 * panel);
        fs::write(home.join(format!("panels/panel_{panel}.yaml")), include_str!("../../src/panel/timeseries/example.yaml"))?;
    }
    fs::write(home.join("dashboards/default.yaml"), dashboard)
}
