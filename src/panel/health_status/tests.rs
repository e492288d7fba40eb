use std::sync::Arc;

use crate::frame::{Frame, Values};
use crate::panel::stage::{HOSTILE, at, faults, frame, is_harmless, panel, seen, texts, times, view};
use crate::query::Query;

const SERVICES: &str = r##"panel:
  type: health_status
  title: "Service Health"
  data_source:
    table: service_health
    columns: {service_name: name, status_value: last_check_status, timestamp: last_checked_at, error_message: last_error}
  display:
    status_mapping:
      0: {color: "#10B981", label: "Healthy"}
      1: {color: "#F59E0B", label: "Degraded"}
      2: {color: "#EF4444", label: "Down"}
  stale_after: 600
"##;

fn checks(codes: Values, messages: &[Option<&str>]) -> Arc<Frame> {
    let count = codes.len();
    let names = ["mail", "Auth", "checkout", "search"];
    let since = ["2026-11-11T08:00:00Z", "2026-11-20T04:30:00Z", "2026-11-20T18:41:00Z", "2026-11-18T18:00:00Z"];
    frame(vec![
        ("key", texts(&names.map(Some)[..count])),
        ("status", codes),
        ("time", times(&vec!["2026-11-20T19:04:40Z"; count])),
        ("message", texts(messages)),
        ("since", times(&since[..count])),
    ])
}

#[test]
fn the_worst_comes_first_with_word_shape_and_since_when() {
    let codes = Values::Int(vec![Some(0), Some(1), Some(2), Some(0)]);
    let drawing = panel(SERVICES).draw(&[checks(codes, &[None, None, Some("timeout after 30 s"), None])], &view(24, &[]));
    let text = seen(&drawing);
    assert!(text.starts_with("1 down, 1 degraded, 2 healthy Down checkout timeout after 30 s since 13:41"), "{text}");
    assert!(text.contains("Degraded Auth since yesterday, 23:30"), "{text}");
    assert!(text.contains("Healthy mail 9 days") && text.contains("Healthy search 2 days"), "{text}");
    assert!(text.contains("Since Nov 20, 2026, 13:41:00 EST; last checked Nov 20, 2026, 14:04:40 EST"), "{text}");
    assert_eq!(drawing.note.as_deref(), Some("checked 14:04"));
    assert_eq!(drawing.summary, "Service Health: 1 down, 1 degraded, 2 healthy");
    let body = drawing.body.as_str();
    assert!(body.contains("<details class=\"tip\"><summary>checkout</summary>"), "the error opens without script: {body}");
    assert!(body.contains("<rect") && body.contains("<path") && body.contains("<circle"), "three shapes: {body}");
    assert!(body.contains("fill=\"#ef4444\""), "the author's colour: {body}");
    assert_eq!(drawing.stale_since, None);
}

#[test]
fn codes_may_be_words_decimals_or_booleans() {
    let words = SERVICES.replace("      0:", "      \"true\":").replace("      1:", "      slow:");
    let drawn = |codes| seen(&panel(&words).draw(&[checks(codes, &[None; 2])], &view(24, &[])));
    assert!(drawn(texts(&[Some("SLOW"), Some("true")])).starts_with("1 degraded, 1 healthy"));
    assert!(drawn(Values::Bool(vec![Some(true), Some(true)])).starts_with("2 healthy"));
    let exact = Values::Decimal(vec![Some("2.0".into()), Some("1".into())]);
    assert!(seen(&panel(SERVICES).draw(&[checks(exact, &[None; 2])], &view(24, &[]))).starts_with("1 down, 1 degraded"));
}

#[test]
fn an_unknown_code_is_shown_as_unknown_and_null_as_no_value() {
    let drawing = panel(SERVICES).draw(&[checks(Values::Int(vec![Some(7), None, Some(0)]), &[None; 3])], &view(24, &[]));
    let text = seen(&drawing);
    assert!(text.starts_with("1 no value, 1 unknown (7), 1 healthy"), "{text}");
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let hostile =
        frame(vec![("key", texts(&[Some(HOSTILE)])), ("status", texts(&[Some(HOSTILE)])), ("message", texts(&[Some(HOSTILE)]))]);
    is_harmless(&panel(SERVICES).draw(&[hostile], &view(24, &[])));
}

#[test]
fn silence_is_told_and_no_services_are_no_services() {
    let mut late = view(24, &[]);
    late.now = at("2026-11-20T19:30:00Z");
    late.range = crate::domain::TimeRange::new(at("2026-11-20T00:00:00Z"), late.now).unwrap();
    let drawing = panel(SERVICES).draw(&[checks(Values::Int(vec![Some(0)]), &[None])], &late);
    assert_eq!(drawing.stale_since, Some(at("2026-11-20T19:04:40Z")));
    let none = panel(SERVICES).draw(&[frame(vec![("key", texts(&[]))])], &view(24, &[]));
    assert!(none.empty);
    assert_eq!(seen(&none), "No service health nothing has been recorded yet");
}

#[test]
fn it_asks_for_the_latest_of_each_whatever_the_range() {
    let panel = panel(SERVICES);
    assert!(!panel.follows_range());
    let queries = panel.queries(&view(24, &[]));
    assert!(matches!(&queries[..], [Query::Latest { time: Some(_), message: Some(_), .. }]));
}

#[test]
fn faults_stand_where_they_are() {
    let told = faults(
        r##"panel:
  type: health_status
  title: Services
  range: follow
  data_source:
    table: service_health
    columns: {service_name: "1", status_value: s}
  display:
    status_mapping:
      0: {label: Healthy, color: green}
      1: {colour: "#fff"}
"##,
    );
    // Shape first: what cannot be read at all is told before what it says.
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told.iter().all(|fault| fault.starts_with("11:")), "{told:#?}");
    let told = faults(
        r##"panel:
  type: health_status
  title: Services
  range: follow
  stale_after: 5
  data_source:
    table: service_health
    columns: {service_name: "1", status_value: s}
  display:
    status_mapping:
      0: {label: Healthy, color: green}
"##,
    );
    let places: Vec<&str> = told.iter().map(|fault| fault.split_once(' ').unwrap().0).collect();
    assert_eq!(places, ["4:10", "5:16", "8:29", "11:34"], "{told:#?}");
}
