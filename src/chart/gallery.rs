//! Many charts on one page, for the eye of whoever changes how they look.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Chart, Gaps, Line, Point, Threshold, spark};
use crate::domain::{TimeRange, Unit};

fn from() -> DateTime<Utc> {
    "2026-03-27T22:10:00Z".parse().unwrap()
}

/// Noise that is the same every time, -1 to 1.
fn noise(seed: i64) -> f64 {
    let mixed = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// A line of one reading each `minutes` over `hours`.
fn line(label: &str, hours: i64, minutes: i64, value: impl Fn(i64) -> Option<f64>) -> Line {
    let points =
        (0..=hours * 60 / minutes).map(|i| Point { at: from() + TimeDelta::minutes(i * minutes), value: value(i) }).collect();
    Line { label: label.into(), color: None, points }
}

fn wave(level: f64, swing: f64, rough: f64, seed: i64) -> impl Fn(i64) -> Option<f64> {
    move |i| Some((level + swing * (i as f64 / 37.0 + seed as f64).sin() + rough * noise(i * 31 + seed * 7919)).max(0.0))
}

fn chart(title: &str, hours: i64, minutes: i64, unit: &str, lines: Vec<Line>) -> Chart {
    Chart {
        id: title.to_lowercase().replace(' ', "-"),
        title: title.into(),
        description: None,
        lines,
        range: TimeRange::new(from(), from() + TimeDelta::hours(hours)).unwrap(),
        zone: Tz::Europe__Berlin,
        now: from() + TimeDelta::days(900),
        step: Some(TimeDelta::minutes(minutes)),
        unit: Unit::parse(unit),
        decimals: None,
        y_label: None,
        y_range: (None, None),
        fill: false,
        gaps: Gaps::Break,
        thresholds: Vec::new(),
    }
}

fn limit(value: f64, label: Option<&str>, color: Option<&str>) -> Threshold {
    Threshold { value, label: label.map(Into::into), color: color.map(|c| c.parse().unwrap()) }
}

/// The charts, each with its width and height in the grid.
fn charts() -> Vec<(u8, u8, Chart)> {
    let cpu = vec![
        line("ec2-5f5533", 48, 10, wave(43.0, 2.0, 1.0, 1)),
        line("rds-cc0c53", 48, 10, wave(6.0, 1.0, 0.4, 2)),
        line("ec2-53ea38", 48, 10, wave(2.0, 0.1, 0.4, 3)),
    ];
    let mut all = vec![(
        8,
        3,
        Chart { thresholds: vec![limit(70.0, Some("alert"), None)], ..chart("CPU by instance", 48, 10, "percent", cpu) },
    )];
    let many = (1..=10).map(|n| line(&format!("web-{n}.eu-central"), 24, 1, wave(10.0 * n as f64, 3.0, 2.0, n))).collect();
    all.push((4, 3, Chart { y_label: Some("Latency".into()), ..chart("Ten series", 24, 1, "ms", many) }));
    let gap = |i: i64| wave(280.0, 90.0, 60.0, 5)(i).filter(|_| !(120..150).contains(&i) && i != 60 && i != 62);
    let now = from() + TimeDelta::hours(40);
    let holes = vec![line("elb-8c0756", 48, 10, move |i| gap(i).map(f64::round).filter(|_| i < 240))];
    all.push((8, 2, Chart { fill: true, now, ..chart("Requests with holes", 48, 10, "req", holes) }));
    all.push((
        4,
        2,
        Chart {
            gaps: Gaps::Interpolate,
            ..chart("Bridged", 6, 10, "", vec![line("a", 6, 10, |i| wave(50.0, 9.0, 3.0, 8)(i).filter(|_| i % 9 > 3))])
        },
    ));
    let own = vec![
        Line { color: "#7c3aed".parse().ok(), ..line("own colour", 24, 5, wave(800e3, 50e3, 30e3, 4)) },
        Line { color: "#f59e0b".parse().ok(), ..line("a rather long name of a series", 24, 5, wave(1.1e6, 50e3, 30e3, 6)) },
    ];
    all.push((
        4,
        2,
        Chart { thresholds: vec![limit(1.3e6, None, Some("#dc2626"))], ..chart("Network in", 24, 5, "bytes/s", own) },
    ));
    all.push((
        4,
        2,
        Chart {
            fill: true,
            ..chart(
                "Above and below",
                24,
                10,
                "currency:EUR",
                vec![line("profit", 24, 10, |i| Some(4000.0 * (i as f64 / 20.0).sin() + 500.0 * noise(i)))],
            )
        },
    ));
    all.push((
        4,
        2,
        chart(
            "A month",
            720,
            60,
            "short",
            vec![
                line("orders", 720, 60, wave(12_000.0, 3000.0, 900.0, 9)),
                line("returns", 720, 60, wave(3_000.0, 300.0, 400.0, 2)),
            ],
        ),
    ));
    all.push((3, 2, chart("No lines", 24, 10, "percent", vec![])));
    all.push((3, 2, chart("Flat", 24, 10, "percent", vec![line("flat", 24, 10, |_| Some(42.0))])));
    all.push((3, 2, chart("One reading", 24, 10, "s", vec![line("once", 24, 10, |i| (i == 70).then_some(0.0123))])));
    all.push((
        3,
        2,
        Chart {
            y_range: (Some(20.0), Some(60.0)),
            ..chart("Cut off", 24, 10, "", vec![line("wild", 24, 10, wave(40.0, 35.0, 4.0, 3))])
        },
    ));
    all.push((
        12,
        3,
        chart(
            "A year by the hour",
            8760,
            60,
            "",
            (1..=4).map(|n| line(&format!("site {n}"), 8760, 60, wave(500.0 + 8.0 * n as f64, 20.0, 9.0, n))).collect(),
        ),
    ));
    let raw = (0..90).map(|s| Point {
        at: from() + TimeDelta::seconds(s),
        value: wave(900.0, 50.0, 20.0, 2)(s).map(f64::round).filter(|_| s % 30 != 7),
    });
    let seconds = vec![Line { label: "raw".into(), color: None, points: raw.collect() }];
    let range = TimeRange::new(from(), from() + TimeDelta::seconds(90)).unwrap();
    all.push((4, 2, Chart { step: None, range, ..chart("Ninety seconds", 1, 1, "requests per second", seconds) }));
    all.push((
        12,
        4,
        chart(
            "Twenty series",
            8,
            1,
            "percent",
            (1..=20).map(|n| line(&format!("node-{n:02}"), 8, 1, wave(4.5 * n as f64, 1.0, 0.8, n))).collect(),
        ),
    ));
    all
}

/// The page; it expects `page.css` and `page.js` beside it.
pub(super) fn page() -> String {
    let mut body = String::new();
    let sparks: Vec<Point> = (0..200)
        .map(|i| Point {
            at: from() + TimeDelta::minutes(i * 14),
            value: wave(40.0, 9.0, 4.0, 3)(i).filter(|_| !(80..95).contains(&i)),
        })
        .collect();
    let range = TimeRange::new(from(), from() + TimeDelta::hours(48)).unwrap();
    body += &format!(
        "<section class=\"panel kpi w3 h1\"><header><h2>Requests</h2></header><div class=\"row\"><p class=\"value\">1,284<small>/ 5 min</small></p>{}</div></section>",
        spark(&sparks, range, "Requests over 48 hours")
    );
    for (width, height, chart) in charts() {
        let drawn = chart.draw();
        body += &format!(
            "<section class=\"panel w{width} h{height}\"><header><h2>{}</h2><span class=\"note\">{} bytes</span></header>{}</section>\n",
            chart.title,
            drawn.svg.to_string().len(),
            drawn.svg
        );
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'self' file:; script-src 'self' file:\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Charts</title><link rel=\"stylesheet\" href=\"page.css\"><script src=\"page.js\" defer></script></head><body><div class=\"grid\">{body}</div></body></html>"
    )
}
