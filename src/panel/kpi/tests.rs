use std::sync::Arc;

use crate::frame::{Frame, Values};
use crate::panel::stage::{HOSTILE, at, faults, floats, frame, is_harmless, panel, seen, texts, times, view};
use crate::panel::{Data, Level};
use crate::query::{Aggregate, Query};

const MEMORY: &str = r##"panel:
  type: kpi
  title: "Current Memory Usage"
  data_source:
    table: metrics
    columns: {value: memory_percent}
    query: "metric_type = 'memory' ORDER BY recorded_at DESC LIMIT 1"
  display:
    unit: "%"
    decimals: 1
    thresholds:
      - {value: 0, color: "#10B981", label: good}
      - {value: 70, color: "#F59E0B", label: warning}
      - {value: 90, color: "#EF4444", label: critical}
"##;

const REQUESTS: &str = r#"panel:
  type: kpi
  title: Requests
  data_source: {table: metrics, columns: {value: requests, timestamp: recorded_at}}
  aggregate: sum
  trend: {}
"#;

fn one(value: Option<f64>) -> Arc<Frame> {
    frame(vec![("value", floats(&[value]))])
}

#[test]
fn the_number_comes_first_with_its_state_by_word_and_level() {
    for (value, level, label) in [(18.04, Level::Good, "Good"), (70.0, Level::Warn, "Warning"), (96.63, Level::Bad, "Critical")] {
        let drawing = panel(MEMORY).draw(&[one(Some(value))], &view(24, &[]));
        let badge = drawing.badge.clone().unwrap();
        assert_eq!((badge.level, badge.label.as_str()), (level, label));
        assert!(seen(&drawing).starts_with(&format!("{value:.1} %")), "{}", seen(&drawing));
        is_harmless(&drawing);
    }
    let drawing = panel(MEMORY).draw(&[one(Some(96.63))], &view(24, &[]));
    assert_eq!(drawing.summary, "Current Memory Usage: 96.6\u{a0}%, critical");
}

#[test]
fn null_is_no_value_and_zero_is_zero() {
    let null = panel(MEMORY).draw(&[one(None)], &view(24, &[]));
    assert_eq!(seen(&null), "no value");
    assert_eq!((null.badge.clone(), null.empty), (None, false));
    let zero = panel(MEMORY).draw(&[one(Some(0.0))], &view(24, &[]));
    assert_eq!(seen(&zero), "0.0 %");
    let none = panel(MEMORY).draw(&[frame(vec![("value", floats(&[]))])], &view(24, &[]));
    assert!(none.empty);
    assert_eq!(seen(&none), "No current memory usage nothing has been recorded yet");
}

#[test]
fn without_a_time_column_it_asks_one_question_whatever_the_range() {
    let panel = panel(MEMORY);
    assert!(!panel.follows_range());
    let queries = panel.queries(&view(24, &[]));
    assert!(matches!(&queries[..], [Query::Value { range: None, time: None, aggregate: None, .. }]), "{queries:?}");
}

#[test]
fn a_trend_asks_for_the_stretch_before_and_says_the_change() {
    let panel = panel(REQUESTS);
    let queries = panel.queries(&view(24, &[]));
    let [
        Query::Value { range: Some(now), aggregate: Some(Aggregate::Sum), .. },
        Query::Value { range: Some(before), .. },
        Query::Series { window, .. },
    ] = &queries[..]
    else {
        panic!("{queries:?}")
    };
    assert_eq!(before.to(), now.from());
    assert_eq!(before.length(), now.length());
    assert!(window.bucket.is_some());
    let told = |now: Option<f64>, before: Option<f64>| seen(&panel.draw(&[one(now), one(before), frame(vec![])], &view(24, &[])));
    assert_eq!(told(Some(1061.0), Some(1000.0)), "1,061 ▲ up 6.1 % on the day before");
    assert_eq!(told(Some(500.0), Some(1000.0)), "500 ▼ down 50.0 % on the day before");
    assert_eq!(told(Some(5.0), Some(5.0)), "5 no change on the day before");
    assert_eq!(told(Some(5.0), Some(0.0)), "5 ▲ up from 0 on the day before");
    assert_eq!(told(Some(5.0), None), "5 nothing to compare with the day before");
}

#[test]
fn shares_are_compared_in_points() {
    let panel = panel(&REQUESTS.replace("trend: {}", "trend: {period: 1w}\n  display: {unit: percent}").replace("sum", "avg"));
    let drawing = panel.draw(&[one(Some(52.4)), one(Some(50.0)), frame(vec![])], &view(24, &[]));
    assert_eq!(seen(&drawing), "52.4 % ▲ up 2.4 points on the week before");
    assert_eq!(drawing.note.as_deref(), Some("mean"));
}

#[test]
fn a_number_with_history_has_a_small_line_and_can_be_stale() {
    let panel = panel(&REQUESTS.replace("trend: {}", "stale_after: 600"));
    let history = frame(vec![
        ("time", times(&["2026-11-20T17:00:00Z", "2026-11-20T18:00:00Z"])),
        ("value", floats(&[Some(1.0), Some(2.0)])),
    ]);
    let newest = frame(vec![("value", floats(&[Some(2.0)])), ("time", times(&["2026-11-20T18:00:00Z"]))]);
    let drawing = panel.draw(&[newest, history], &view(24, &[]));
    assert!(drawing.body.as_str().contains("<svg"), "{:?}", drawing.body);
    assert_eq!(drawing.stale_since, Some(at("2026-11-20T18:00:00Z")));
}

#[test]
fn higher_is_better_where_the_colours_say_so() {
    let uptime = MEMORY.replace("#10B981", "#EF4441").replace("#EF4444", "#10B981");
    let badge = |value| panel(&uptime).draw(&[one(Some(value))], &view(24, &[])).badge.unwrap().level;
    assert_eq!((badge(1.0), badge(99.0)), (Level::Bad, Level::Good));
    let plain =
        MEMORY.replace(", color: \"#10B981\"", "").replace(", color: \"#F59E0B\"", "").replace(", color: \"#EF4444\"", "");
    let badge = |value| panel(&plain).draw(&[one(Some(value))], &view(24, &[])).badge.unwrap().level;
    assert_eq!((badge(1.0), badge(75.0), badge(99.0)), (Level::Good, Level::Warn, Level::Bad), "by their place without a colour");
}

#[test]
fn text_and_exact_decimals_are_shown_as_they_are() {
    let text = panel(MEMORY).draw(&[frame(vec![("value", texts(&[Some(HOSTILE)]))])], &view(24, &[]));
    is_harmless(&text);
    assert_eq!(text.badge, None);
    let exact = panel(MEMORY).draw(&[frame(vec![("value", Values::Decimal(vec![Some("71.25".into())]))])], &view(24, &[]));
    assert!(seen(&exact).starts_with("71.2 %") || seen(&exact).starts_with("71.3 %"), "{}", seen(&exact));
}

#[test]
fn what_needs_a_time_column_is_a_fault_without_one() {
    let told = faults(
        &MEMORY.replace("  display:", "  trend: {period: soon}\n  spark: true\n  stale_after: 60\n  range: follow\n  display:"),
    );
    let places: Vec<&str> = told.iter().map(|fault| fault.split_once(' ').unwrap().0).collect();
    assert_eq!(places, ["8:10", "8:19", "9:10", "10:16", "11:10"], "{told:#?}");
}

#[test]
fn a_fault_in_the_one_text_of_a_query_is_told_inside_it() {
    let told = faults(&MEMORY.replace("metric_type = 'memory'", "metric_type = pg_sleep(9)"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("7:27 "), "{told:?}");
}

#[test]
fn two_thresholds_at_one_value_are_a_fault() {
    let told = faults(&MEMORY.replace("value: 90", "value: 70"));
    assert_eq!(told, ["14:17 there are two thresholds at 70"]);
}

#[test]
fn as_values_the_number_has_its_state_in_the_authors_words_and_its_trend() {
    let number = |value| match panel(MEMORY).data(&[one(value)], &view(24, &[])) {
        Some(Data::Number(number)) => number,
        other => panic!("{other:?}"),
    };
    let high = number(Some(96.63));
    assert_eq!((high.value, high.unit.as_deref(), high.decimals), (96.63.into(), Some("%"), Some(1)));
    let state = high.state.expect("a state");
    assert_eq!((state.level, state.label.as_str(), state.color.as_deref()), ("bad", "critical", Some("#EF4444")));
    let none = number(None);
    assert_eq!((none.value, none.state), (serde_json::Value::Null, None), "nothing missing is ever zero");

    let frames = [one(Some(150.0)), one(Some(100.0)), frame(Vec::new())];
    let Some(Data::Number(requests)) = panel(REQUESTS).data(&frames, &view(24, &[])) else { panic!("a number") };
    let trend = requests.trend.expect("a trend");
    assert_eq!((trend.direction, trend.previous, trend.change), (Some("up"), Some(100.0), Some(50.0)));
    assert_eq!(trend.period.num_hours(), 24);
    let frames = [one(Some(150.0)), one(None), frame(Vec::new())];
    let Some(Data::Number(requests)) = panel(REQUESTS).data(&frames, &view(24, &[])) else { panic!("a number") };
    let trend = requests.trend.expect("a trend");
    assert_eq!((trend.direction, trend.previous, trend.change), (None, None, None));
}
