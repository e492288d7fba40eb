use crate::frame::Values;
use crate::panel::stage::{HOSTILE, faults, floats, frame, is_harmless, panel, seen, texts, times, view};
use crate::query::{Aggregate, Query};

const CPU: &str = r##"panel:
  type: timeseries
  title: "CPU Usage Over Time"
  data_source:
    table: metrics
    columns: {timestamp: recorded_at, value: cpu_percent, series_label: server_name}
  query: {where: "metric_type = 'cpu'", order_by: "recorded_at DESC"}
  display: {unit: percent, decimals: 1, y_axis_range: [0, null], line_color: "#3B82F6", thresholds: [{value: 90}]}
  stale_after: 600
"##;

fn two_servers() -> std::sync::Arc<crate::frame::Frame> {
    frame(vec![
        ("time", times(&["2026-11-20T18:00:00Z", "2026-11-20T18:01:00Z", "2026-11-20T18:00:00Z"])),
        ("value", floats(&[Some(12.5), None, Some(80.0)])),
        ("label", texts(&[Some("web-1"), Some("web-1"), Some("web-2")])),
    ])
}

#[test]
fn it_asks_for_one_series_in_buckets_of_the_range() {
    let panel = panel(CPU);
    let Some(Query::Series { source, label, aggregate, window, .. }) = panel.queries(&view(24, &[])).pop() else {
        panic!("no series")
    };
    assert_eq!(source.table.as_str(), "metrics");
    assert!(source.condition.is_some());
    assert_eq!(label.map(|name| name.as_str().to_owned()), Some("server_name".into()));
    assert_eq!((aggregate, window.bucket.map(|b| b.width.num_seconds())), (Aggregate::Avg, Some(60)));
    let mut raw = view(24, &[]);
    raw.aggregate = false;
    assert!(matches!(&panel.queries(&raw)[0], Query::Series { window, .. } if window.bucket.is_none()));
    assert!(panel.follows_range());
}

#[test]
fn a_chart_says_what_a_point_is_and_leads_to_its_data() {
    let drawing = panel(CPU).draw(&[two_servers()], &view(24, &[]));
    assert_eq!(drawing.note.as_deref(), Some("mean per minute"));
    assert_eq!(panel(CPU).draw(&[two_servers()], &view(6, &[])).note.as_deref(), Some("every reading"));
    let turn = drawing.turn.as_ref().map(crate::panel::Html::as_str).unwrap_or_default();
    assert!(turn.contains("hx-target=\"closest .panel\"") && turn.contains("p.view=table#p-p"), "{turn}");
    assert!(turn.contains("CPU Usage Over Time as a table"), "{turn}");
    assert!(!drawing.summary.is_empty() && !drawing.empty);
}

#[test]
fn the_data_are_a_table_of_times_and_series_newest_first() {
    let drawing = panel(CPU).draw(&[two_servers()], &view(24, &[("view", "table")]));
    let text = seen(&drawing);
    assert!(text.contains("Time web-1 web-2 Nov 20, 13:01:00 – – Nov 20, 13:00:00 12.5 % 80.0 %"), "{text}");
    assert!(text.ends_with("1–2 of 2 rows"), "{text}");
    let back = drawing.turn.as_ref().map(crate::panel::Html::as_str).unwrap_or_default();
    assert!(back.contains("as a chart") && !back.contains("view="), "{back}");
    is_harmless(&drawing);
}

#[test]
fn a_long_table_is_turned_page_by_page() {
    let start = crate::panel::stage::at("2026-11-20T00:00:00Z");
    let rows: Vec<_> = (0..250).map(|i| Some(start + chrono::TimeDelta::minutes(i))).collect();
    let long = frame(vec![("time", Values::Instant(rows)), ("value", floats(&[Some(1.0); 250]))]);
    let page = |page: &str| panel(CPU).draw(std::slice::from_ref(&long), &view(24, &[("view", "table"), ("page", page)]));
    assert!(seen(&page("3")).contains("201–250 of 250 rows Previous"), "{}", seen(&page("3")));
    let beyond = page("9");
    assert!(seen(&beyond).contains("201–250 of 250 rows"));
    assert_eq!(beyond.notices, ["There is no page 9; this is the last, page 3."]);
    assert_eq!(page("-1").notices, ["“-1” is no page; this is the first."]);
}

#[test]
fn two_readings_at_one_time_are_two_rows() {
    let twice = frame(vec![
        ("time", times(&["2026-11-20T18:00:00Z", "2026-11-20T18:00:00Z"])),
        ("value", floats(&[Some(1.0), Some(2.0)])),
    ]);
    assert!(seen(&panel(CPU).draw(&[twice], &view(6, &[("view", "table")]))).contains("1–2 of 2 rows"));
}

#[test]
fn no_rows_say_what_would_be_here() {
    let none = frame(vec![("time", times(&[])), ("value", floats(&[])), ("label", texts(&[]))]);
    let drawing = panel(CPU).draw(&[none], &view(24, &[]));
    assert!(drawing.empty);
    assert_eq!(seen(&drawing), "No CPU usage over time between Nov 19, 14:05 and Nov 20, 14:05");
}

#[test]
fn silence_is_told_with_its_beginning_but_not_of_a_range_that_ended_then() {
    let at = crate::panel::stage::at;
    let drawing = panel(CPU).draw(&[two_servers()], &view(24, &[]));
    assert_eq!(drawing.stale_since, Some(at("2026-11-20T18:02:00Z")), "the end of the newest bucket");
    let mut past = view(24, &[]);
    past.range = crate::domain::TimeRange::new(at("2026-11-20T12:00:00Z"), at("2026-11-20T18:03:00Z")).unwrap();
    assert_eq!(panel(CPU).draw(&[two_servers()], &past).stale_since, None);
}

#[test]
fn names_and_words_from_outside_stay_text() {
    let hostile = frame(vec![
        ("time", times(&["2026-11-20T18:00:00Z"])),
        ("value", floats(&[Some(f64::NAN)])),
        ("label", texts(&[Some(HOSTILE)])),
    ]);
    is_harmless(&panel(CPU).draw(std::slice::from_ref(&hostile), &view(24, &[])));
    is_harmless(&panel(CPU).draw(std::slice::from_ref(&hostile), &view(24, &[("view", "table")])));
    let drawing = panel(CPU).draw(&[hostile], &view(24, &[("view", HOSTILE)]));
    assert_eq!(drawing.notices.len(), 1);
}

#[test]
fn a_cut_at_the_row_cap_is_told() {
    let mut cut = crate::frame::Frame::clone(&two_servers());
    cut.truncated = true;
    let drawing = panel(CPU).draw(&[cut.into()], &view(24, &[]));
    assert_eq!(drawing.notices, ["There are more rows than can be shown; these are the first 3."]);
}

#[test]
fn all_faults_are_told_at_their_places() {
    let told = faults(
        r##"panel:
  type: timeseries
  title: ""
  range: ignore
  data_source:
    table: "metrics; drop"
    timezone: Mars
    columns: {timestamp: recorded_at, value: "a b"}
    query: "x = 1"
  query: {where: "x = (select 1)"}
  refresh_interval: 0
  display:
    y_axis_range: [10, 5]
    line_color: red
    decimals: 40
    series_colors: {web-1: "#fefefe"}
"##,
    );
    let places: Vec<&str> = told.iter().map(|fault| fault.split_once(' ').unwrap().0).collect();
    assert_eq!(
        places,
        ["3:10", "4:10", "6:12", "7:15", "8:46", "10:10", "11:21", "13:19", "14:17", "15:15", "16:28"],
        "{told:#?}"
    );
}

#[test]
fn a_hostile_condition_is_refused_inside_its_text() {
    let told = faults(&CPU.replace("metric_type = 'cpu'", "a = 1; drop table metrics"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("7:"), "{told:?}");
}

#[test]
fn unknown_and_missing_keys_are_told_with_what_was_meant() {
    let told =
        faults(&CPU.replace("timestamp: recorded_at, ", "").replace("line_color", "line_colour").replace("where:", "were:"));
    let told = told.join("\n");
    assert!(told.contains("missing key “timestamp”"), "{told}");
    assert!(told.contains("“line_colour”; did you mean “line_color”?"), "{told}");
    assert!(told.contains("“were”; did you mean “where”?"), "{told}");
}
