use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Chart, Gaps, Line, Point, Threshold, spark};
use crate::domain::{TimeRange, Unit};

fn start() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn line(label: &str, count: i64, value: impl Fn(i64) -> Option<f64>) -> Line {
    let points = (0..count).map(|i| Point { at: start() + TimeDelta::minutes(i), value: value(i) }).collect();
    Line { label: label.into(), color: None, points }
}

fn chart(lines: Vec<Line>) -> Chart {
    Chart {
        id: "p-cpu".into(),
        title: "CPU".into(),
        description: None,
        lines,
        range: TimeRange::new(start(), start() + TimeDelta::days(1)).unwrap(),
        zone: Tz::UTC,
        now: start() + TimeDelta::days(1),
        step: Some(TimeDelta::minutes(1)),
        unit: Unit::Percent,
        decimals: None,
        y_label: None,
        y_range: (None, None),
        fill: false,
        gaps: Gaps::Break,
        thresholds: Vec::new(),
    }
}

/// Readings with the noise of a real machine, the same every time.
fn noisy(i: i64) -> Option<f64> {
    let noise = (i * 7919 + 104_729).wrapping_mul(2_654_435_761) >> 7 & 0xff;
    Some(40.0 + 20.0 * (i as f64 / 200.0).sin() + noise as f64 / 32.0)
}

#[test]
fn a_chart_says_in_words_what_it_shows() {
    let mut one = chart(vec![line("web", 60, |i| Some(if i == 5 { 93.0 } else { 71.0 }))]);
    assert_eq!(one.draw().summary.replace('\u{a0}', " "), "CPU, last 71 %, highest 93 % at Mar 1, 00:05");
    one.lines.push(line("db", 60, |_| Some(12.0)));
    assert_eq!(
        one.draw().summary.replace('\u{a0}', " "),
        "CPU, 2 series, last web 71 %, db 12 %, highest 93 % (web) at Mar 1, 00:05"
    );
    let svg = one.draw().svg.to_string();
    assert!(svg.contains(r#"role="img" aria-labelledby="p-cpu-t p-cpu-d""#) && svg.contains("<title id=\"p-cpu-t\">CPU</title>"));
}

#[test]
fn the_same_chart_is_the_same_bytes() {
    let chart = chart((0..6).map(|n| line(&format!("s{n}"), 1440, noisy)).collect());
    assert_eq!(chart.draw().svg, chart.draw().svg);
}

#[test]
fn text_from_outside_is_only_ever_text() {
    let hostile = "</title></svg><script>alert(1)</script>\" onload='x' \u{0}\u{b}&";
    let mut chart = chart(vec![line(hostile, 60, noisy), line("b", 60, noisy)]);
    chart.id = "x\" onload=\"y".into();
    chart.title = hostile.into();
    chart.description = Some(hostile.into());
    chart.y_label = Some(hostile.into());
    chart.unit = Unit::Suffix(hostile.into());
    chart.thresholds = vec![Threshold { value: 50.0, label: Some(hostile.into()), color: None }];
    let svg = chart.draw().svg.to_string() + &spark(&chart.lines[0].points, chart.range, hostile).to_string();
    assert!(!svg.contains("<script") && !svg.contains("onload='") && !svg.contains("\" onload") && !svg.contains('\u{0}'));
    assert!(svg.contains("id=\"xonloady\""));
}

#[test]
fn a_day_by_the_minute_is_small() {
    let drawn = chart(vec![line("web", 1440, noisy)]).draw();
    let bytes = drawn.svg.to_string().len();
    assert!(bytes < 12_000, "{bytes}");
}

#[test]
fn nothing_in_the_drawing_needs_an_inline_style_or_names_a_colour() {
    let mut chart = chart(vec![line("web", 1440, noisy), line("db", 10, |i| (i % 3 == 0).then_some(5.0))]);
    chart.fill = true;
    let svg = chart.draw().svg.to_string();
    assert!(!svg.contains("style=") && !svg.contains("\"#"));
}

#[test]
fn a_value_read_back_from_the_drawing_is_the_value_that_went_in() {
    let chart = chart(vec![line("web", 100, |i| Some((i % 81) as f64))]);
    let svg = chart.draw().svg.to_string();
    let height: f64 = svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(['"', ' ']).nth(1).unwrap().parse().unwrap();
    let top: f64 = svg.split("data-max=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let data = svg.split("<path d=\"M").nth(1).unwrap().split('"').next().unwrap().replace('l', " ").replace('-', " -");
    let numbers: Vec<f64> = data.split_whitespace().map(|n| n.parse().unwrap()).collect();
    let mut y = 0.0;
    let read: Vec<f64> = numbers
        .chunks(2)
        .map(|pair| {
            y += pair[1];
            ((height - y) / height * top * 1e6).round() / 1e6
        })
        .collect();
    assert_eq!(read, (0..100).map(|i| f64::from(i % 81)).collect::<Vec<_>>());
}

#[test]
fn no_input_makes_it_fail_and_none_makes_it_large() {
    let odd = [0.0, -0.0, 1.0, -1.0, 1e300, -1e300, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324];
    for a in odd {
        for b in odd {
            for fill in [false, true] {
                let mut chart = chart(vec![
                    line("a", 50, |i| Some(if i % 2 == 0 { a } else { b })),
                    line("", 1, |_| Some(a)),
                    line("none", 0, |_| None),
                ]);
                chart.fill = fill;
                chart.thresholds = vec![Threshold { value: b, label: None, color: None }];
                chart.y_range = if fill { (Some(b), Some(a)) } else { (None, None) };
                let drawn = chart.draw();
                assert!(drawn.svg.to_string().len() < 12_000);
                spark(&chart.lines[0].points, chart.range, "a");
            }
        }
    }
}

#[test]
fn two_hundred_series_are_fifty_and_it_says_so() {
    let drawn = chart((0..200).map(|n| line(&format!("s{n}"), 30, noisy)).collect()).draw();
    let svg = drawn.svg.to_string();
    assert_eq!(svg.matches("<g class=\"l").count(), 50);
    assert!(svg.contains("The first 50 of 200 series are drawn"));
    assert_eq!(drawn.stats.len(), 200);
}

#[test]
fn no_lines_at_all_say_that_there_are_no_values() {
    for lines in [vec![], vec![line("a", 0, |_| None)], vec![line("a", 10, |_| None)]] {
        let drawn = chart(lines).draw();
        assert!(drawn.summary.contains("no values from"), "{}", drawn.summary);
        assert!(drawn.svg.to_string().contains("No values in this range"));
    }
}

#[test]
fn ranges_from_a_millisecond_to_the_ends_of_the_calendar_are_drawn() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let ranges = [
        (start(), start() + TimeDelta::milliseconds(1)),
        (at("0001-01-01T00:00:00Z"), at("9999-12-31T23:59:59Z")),
        (at("9999-12-30T00:00:00Z"), at("9999-12-31T23:59:59Z")),
        (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC),
        (DateTime::<Utc>::MAX_UTC - TimeDelta::hours(1), DateTime::<Utc>::MAX_UTC),
    ];
    for zone in [Tz::UTC, Tz::Pacific__Kiritimati, Tz::America__New_York] {
        for (from, to) in ranges {
            let range = TimeRange::new(from, to).unwrap();
            let points = vec![Point { at: from, value: Some(1.0) }, Point { at: to, value: Some(2.0) }];
            for step in [None, Some(TimeDelta::minutes(1)), Some(TimeDelta::zero()), Some(TimeDelta::MIN), Some(TimeDelta::MAX)] {
                let lines = vec![Line { label: "a".into(), color: None, points: points.clone() }, line("none", 0, |_| None)];
                let drawn = Chart { zone, range, step, ..chart(lines) }.draw();
                assert!(drawn.svg.to_string().len() < 12_000);
                spark(&points, range, "a");
            }
        }
    }
}

/// With `LOGGIA_CHARTS=/some/folder` the page is written there, to be looked at.
#[test]
fn the_gallery_draws_every_kind_of_chart_with_an_id_of_its_own() {
    let page = super::gallery::page();
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let unique: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len());
    assert!(!page.contains("style=") && !page.contains("NaN") && !page.contains("inf%"));
    if let Ok(folder) = std::env::var("LOGGIA_CHARTS") {
        std::fs::write(std::path::Path::new(&folder).join("charts.html"), page).unwrap();
    }
}
