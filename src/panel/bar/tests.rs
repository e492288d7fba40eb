use crate::frame::Values;
use crate::panel::Data;
use crate::panel::stage::{HOSTILE, faults, floats, frame, is_harmless, panel, seen, texts, times, view};
use crate::query::Query;

const ERRORS: &str = r#"panel:
  type: bar
  title: "Errors by service"
  data_source:
    table: error_logs
    columns: {category: service, timestamp: at, value: n, series_label: severity}
  display: {stacked: true}
"#;

const BY_TIME: &str =
    "panel:\n  type: bar\n  title: Orders\n  data_source:\n    table: orders\n    columns: {timestamp: at, value: n}\n";

#[test]
fn categories_stand_largest_first_and_their_numbers_are_a_table() {
    let rows = || {
        frame(vec![
            ("key", texts(&[Some("api"), Some("api"), Some("mail")])),
            ("label", texts(&[Some("ERROR"), Some("CRITICAL"), Some("ERROR")])),
            ("value", floats(&[Some(2.0), Some(1.0), Some(9.0)])),
        ])
    };
    let panel = panel(ERRORS);
    assert!(matches!(&panel.queries(&view(24, &[]))[..], [Query::Groups { keys, range: Some(_), .. }] if keys.len() == 2));
    let drawing = panel.draw(&[rows()], &view(24, &[]));
    assert_eq!(drawing.summary, "Errors by service, 2 bars, highest mail, ERROR: 9");
    assert_eq!(drawing.body.as_str().matches("<rect class=\"s").count(), 5, "three parts and two keys: {}", drawing.body);
    let table = seen(&panel.draw(&[rows()], &view(24, &[("view", "table")])));
    assert!(table.contains("Category ERROR CRITICAL mail 9 – api 2 1"), "{table}");
}

#[test]
fn stretches_of_time_fit_the_width_and_missing_ones_have_no_bar() {
    let panel = panel(BY_TIME);
    let window = match &panel.queries(&view(48, &[]))[..] {
        [Query::Series { window, .. }] => *window,
        other => panic!("{other:?}"),
    };
    assert_eq!(window.bucket.map(|bucket| bucket.width.num_hours()), Some(1));
    let rows = frame(vec![("time", times(&["2026-11-20T18:00:00Z"])), ("value", Values::Int(vec![Some(4)]))]);
    let drawing = panel.draw(&[rows], &view(48, &[]));
    assert_eq!(drawing.note.as_deref(), Some("per hour"));
    assert_eq!(drawing.body.as_str().matches("<rect").count(), 1, "{}", drawing.body);
    assert!(drawing.summary.contains("highest Nov 20, 13:00: 4"), "{}", drawing.summary);
}

#[test]
fn hostile_names_and_numbers_do_no_harm() {
    let odd = floats(&[Some(f64::MAX), Some(f64::NAN), None]);
    let rows = frame(vec![
        ("key", texts(&[Some(HOSTILE), None, Some("b")])),
        ("label", texts(&[Some(HOSTILE), None, None])),
        ("value", odd),
    ]);
    is_harmless(&panel(ERRORS).draw(std::slice::from_ref(&rows), &view(24, &[])));
    let lying = ERRORS.replace("stacked: true", "horizontal: true, most: 1");
    let drawing = panel(&lying).draw(&[rows], &view(24, &[]));
    is_harmless(&drawing);
    assert_eq!(drawing.notices, ["The 1 largest of 3 are shown."]);
    assert!(panel(ERRORS).draw(&[frame(vec![("key", texts(&[]))])], &view(24, &[])).empty);
}

#[test]
fn a_bar_has_to_stand_for_something() {
    let told = faults(&BY_TIME.replace("timestamp: at, ", ""));
    assert!(told[0].contains("name a category or a timestamp"), "{told:?}");
    assert!(faults(&format!("{BY_TIME}  display: {{horizontal: true}}\n"))[0].contains("only categories can lie"));
    assert!(faults(&ERRORS.replace("stacked: true", "most: 0"))[0].contains("must be 1 to 60"));
}

#[test]
fn as_values_bars_are_all_there_by_series() {
    let rows = frame(vec![
        ("key", texts(&[Some("api"), Some("api"), Some("mail")])),
        ("label", texts(&[Some("ERROR"), Some("CRITICAL"), Some("ERROR")])),
        ("value", floats(&[Some(2.0), None, Some(9.0)])),
    ]);
    let Some(Data::Bars(bars)) = panel(ERRORS).data(&[rows], &view(24, &[])) else { panic!("bars") };
    assert_eq!(bars.bucket, None);
    let error = ("ERROR".to_owned(), vec![("api".into(), Some(2.0)), ("mail".into(), Some(9.0))]);
    assert_eq!(bars.series, [error, ("CRITICAL".to_owned(), vec![("api".into(), None)])]);
    let rows = frame(vec![("time", times(&["2026-11-20T10:00:00Z"])), ("value", floats(&[Some(1.0)]))]);
    let Some(Data::Bars(bars)) = panel(BY_TIME).data(&[rows], &view(48, &[])) else { panic!("bars") };
    assert!(bars.bucket.is_some());
    assert_eq!(bars.series, [("Orders".to_owned(), vec![("2026-11-20T10:00:00Z".into(), Some(1.0))])]);
}
