use crate::frame::Values;
use crate::panel::stage::{HOSTILE, faults, floats, frame, is_harmless, panel, seen, texts, times, view};
use crate::query::{Aggregate, Query};

const LOAD: &str = r#"panel:
  type: heatmap
  title: "Load by server"
  data_source:
    table: metrics
    columns: {timestamp: at, value: load, category: server}
  display: {unit: percent, y_axis_label: Server, scale_range: [0, 100]}
  stale_after: 600
"#;

const LATENCY: &str = r#"panel:
  type: heatmap
  title: "Latency"
  data_source:
    table: metrics
    columns: {timestamp: at, value: ms}
  value_buckets: [50, 100, 500]
  display: {unit: ms}
"#;

fn loads() -> std::sync::Arc<crate::frame::Frame> {
    frame(vec![
        ("time", times(&["2026-11-20T17:00:00Z", "2026-11-20T18:00:00Z", "2026-11-20T17:00:00Z"])),
        ("value", floats(&[Some(0.0), Some(80.0), None])),
        ("label", texts(&[Some("web-2"), Some("web-2"), Some("web-1")])),
    ])
}

#[test]
fn it_asks_for_stretches_that_can_be_told_apart_and_finer_ones_without_aggregation() {
    let asked = |hours: i64, aggregate: bool| {
        let mut seen = view(hours, &[]);
        seen.aggregate = aggregate;
        match panel(LOAD).queries(&seen).pop() {
            Some(Query::Series { window, aggregate: Aggregate::Avg, label: Some(_), .. }) => {
                window.bucket.unwrap().width.num_minutes()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([asked(1, true), asked(24, true), asked(168, true)], [1, 10, 60]);
    assert_eq!([asked(24, false), asked(24 * 14, false)], [5, 60]);
    let spread = panel(LATENCY).queries(&view(24, &[])).pop();
    assert!(matches!(spread, Some(Query::Spread { edges, .. }) if edges == [50.0, 100.0, 500.0]));
    let one = panel(LOAD).queries(&view(24, &[("series", "web-1")])).pop();
    assert!(matches!(one, Some(Query::Series { source, .. }) if source.filters.len() == 1));
    assert!(panel(LOAD).series(&view(24, &[])).is_some() && panel(LATENCY).series(&view(24, &[])).is_none());
}

#[test]
fn a_cell_is_a_value_a_zero_is_one_and_a_gap_is_none() {
    let drawing = panel(LOAD).draw(&[loads()], &view(48, &[]));
    let svg = drawing.body.as_str();
    assert_eq!(drawing.note.as_deref(), Some("mean per 30 min"));
    assert_eq!(svg.matches("v92").count(), 2, "a zero and an eighty, and nothing for the null: {svg}");
    assert!(svg.contains(">no value</li>") && svg.contains("class=\"q1\""), "{svg}");
    let summary = drawing.summary.replace('\u{a0}', " ");
    assert_eq!(summary, "Load by server, 2 rows, highest 80 % (web-2, Nov 20, 13:00), lowest 0 % (web-2, Nov 20, 12:00)");
    assert_eq!(drawing.stale_since.map(|at| at.to_rfc3339()).as_deref(), Some("2026-11-20T18:30:00+00:00"));
    let turn = drawing.turn.as_ref().map(crate::panel::Html::as_str).unwrap_or_default();
    assert!(turn.contains("as a table") && turn.contains("p.view=table"), "{turn}");
    is_harmless(&drawing);
}

#[test]
fn the_numbers_are_a_table_newest_first() {
    let text = seen(&panel(LOAD).draw(&[loads()], &view(48, &[("view", "table")]))).replace('\u{a0}', " ");
    assert!(text.contains("Time web-1 web-2"), "{text}");
    assert!(text.contains("Nov 20, 13:00:00 – 80.0 % Nov 20, 12:30:00 – – Nov 20, 12:00:00 – 0 %"), "{text}");
}

#[test]
fn ranges_of_values_count_and_a_time_with_readings_has_no_gap() {
    let counts = frame(vec![
        ("time", times(&["2026-11-20T17:00:00Z", "2026-11-20T17:00:00Z"])),
        ("row", Values::Int(vec![Some(0), Some(3)])),
        ("value", Values::Int(vec![Some(12), Some(2)])),
    ]);
    let drawing = panel(LATENCY).draw(&[counts], &view(48, &[("view", "table")]));
    let text = seen(&drawing).replace('\u{a0}', " ");
    assert_eq!(drawing.note.as_deref(), Some("readings per 30 min"));
    assert!(text.contains("Time from 500 ms 100–500 ms 50–100 ms under 50 ms"), "{text}");
    assert!(text.contains("Nov 20, 12:00:00 2 0 0 12"), "{text}");
    assert!(text.contains("Nov 20, 11:30:00 – – – –"), "a time without readings is a gap: {text}");
}

#[test]
fn what_leaves_as_a_file_is_the_cells_or_every_reading() {
    let headings = |text: &str, aggregate: bool| {
        let mut seen = view(48, &[]);
        seen.aggregate = aggregate;
        panel(text).export(&seen).unwrap().headings().join(",")
    };
    assert_eq!([headings(LOAD, true), headings(LOAD, false)], ["time,category,value", "time,category,value"]);
    assert_eq!([headings(LATENCY, true), headings(LATENCY, false)], ["time,from,to,count", "time,value"]);
    let export = panel(LATENCY).export(&view(48, &[])).unwrap();
    let counts = frame(vec![
        ("time", times(&["2026-11-20T17:00:00Z", "2026-11-20T17:00:00Z", "2026-11-20T17:00:00Z"])),
        ("row", Values::Int(vec![Some(0), Some(1), Some(3)])),
        ("value", Values::Int(vec![Some(12), Some(2), Some(1)])),
    ]);
    let shaped = export.shape(&counts);
    assert_eq!(shaped.column("from"), Some(&floats(&[None, Some(50.0), Some(500.0)])));
    assert_eq!(shaped.column("to"), Some(&floats(&[Some(50.0), Some(100.0), None])));
    let picture = panel(LOAD).picture(&[loads()], &view(48, &[])).unwrap();
    assert!(picture.as_str().contains("web-2") && picture.as_str().contains("80–100"), "{}", &picture.as_str()[..200]);
    assert!(!picture.as_str().contains("class=") && picture.png().unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn more_rows_than_fit_are_cut_and_told() {
    let names: Vec<String> = (0..90).map(|n| format!("server {n:02}")).collect();
    let labels: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
    let values: Vec<Option<f64>> = (0..90).map(|n| Some(f64::from(n))).collect();
    let many = frame(vec![("time", times(&["2026-11-20T17:00:00Z"; 90])), ("value", floats(&values)), ("label", texts(&labels))]);
    let drawing = panel(LOAD).draw(std::slice::from_ref(&many), &view(48, &[]));
    assert_eq!(drawing.notices, ["The 20 of 90 rows with the highest values are shown."]);
    assert_eq!(drawing.body.as_str().matches("<g data-name").count(), 20);
    assert!(drawing.body.as_str().contains("server 89") && !drawing.body.as_str().contains("server 10"));
    let sixty = panel(&LOAD.replace("unit: percent", "unit: percent, most: 60"));
    let wide = sixty.draw(std::slice::from_ref(&many), &view(168, &[]));
    assert_eq!(wide.body.as_str().matches("<g data-name").count(), 60, "{:?}", wide.notices);
    let mut fine = view(24 * 14, &[]);
    fine.aggregate = false;
    let drawing = sixty.draw(&[many], &fine);
    let rows = drawing.body.as_str().matches("<g data-name").count();
    assert!((30..40).contains(&rows), "as many as there are cells for: {rows}");
    assert_eq!(drawing.notices, [format!("The {rows} of 90 rows with the highest values are shown.")]);
}

#[test]
fn the_longest_range_is_drawn_within_its_caps() {
    let none =
        frame(vec![("time", times(&["2026-11-20T17:00:00Z"])), ("value", floats(&[Some(1.0)])), ("label", texts(&[None]))]);
    let drawing = panel(LOAD).draw(&[none], &view(24 * 365 * 100, &[]));
    assert!(drawing.body.as_str().len() < 100_000);
    assert_eq!(drawing.notices, ["The range is longer than can be drawn; these are its first 2,000 stretches."]);
}

#[test]
fn hostile_names_and_numbers_do_no_harm() {
    let odd = frame(vec![
        ("time", times(&["2026-11-20T17:00:00Z", "2026-11-20T18:00:00Z", "1970-01-01T00:00:00Z"])),
        ("value", floats(&[Some(f64::MAX), Some(f64::NAN), Some(1.0)])),
        ("label", texts(&[Some(HOSTILE), None, Some("b")])),
    ]);
    is_harmless(&panel(LOAD).draw(std::slice::from_ref(&odd), &view(24, &[])));
    is_harmless(&panel(LOAD).draw(&[odd], &view(24, &[("view", "table")])));
    assert!(panel(LOAD).draw(&[frame(vec![("time", times(&[]))])], &view(24, &[])).empty);
}

#[test]
fn the_rows_have_to_be_something() {
    assert!(faults(&LOAD.replace(", category: server", ""))[0].contains("name a category, or value_buckets"));
    assert!(faults(&LOAD.replace("  display:", "  value_buckets: [1]\n  display:"))[0].contains("keep one of both"));
    for wrong in ["[]", "[2, 1]", "[1, 1]"] {
        let told = faults(&LATENCY.replace("[50, 100, 500]", wrong));
        assert!(told[0].contains("1 to 59 numbers, ascending"), "{wrong}: {told:?}");
    }
    assert!(faults(&LATENCY.replace("  display:", "  aggregate: avg\n  display:"))[0].contains("count readings"));
    assert!(faults(&LOAD.replace("[0, 100]", "[9, 1]"))[0].contains("must be below the second"));
    assert!(faults(&format!("{LOAD}  range: ignore\n"))[0].contains("always follows the page's range"));
    assert!(faults(&LOAD.replace("unit: percent", "most: 0"))[0].contains("must be 1 to 60"));
}

#[test]
fn callers_that_draw_themselves_get_every_cell_also_of_rows_that_are_not_drawn() {
    use crate::panel::{CellRow, Data};
    let Some(Data::Cells(cells)) = panel(LOAD).data(&[loads()], &view(48, &[])) else { panic!("cells") };
    assert_eq!((cells.bucket.num_minutes(), cells.truncated), (30, false));
    let said = |row: &CellRow| (row.label.clone(), row.cells.iter().map(|(_, value)| *value).collect::<Vec<_>>());
    let rows: Vec<_> = cells.rows.iter().map(said).collect();
    assert_eq!(rows, [(Some("web-1".into()), vec![None]), (Some("web-2".into()), vec![Some(0.0), Some(80.0)])]);

    let spread = frame(vec![
        ("time", times(&["2026-11-20T17:00:00Z", "2026-11-20T17:00:00Z", "2026-11-20T18:00:00Z"])),
        ("row", crate::frame::Values::Int(vec![Some(0), Some(3), Some(1)])),
        ("value", crate::frame::Values::Int(vec![Some(7), Some(2), Some(1)])),
    ]);
    let Some(Data::Cells(cells)) = panel(LATENCY).data(&[spread], &view(48, &[])) else { panic!("cells") };
    let said = |row: &CellRow| (row.from, row.below, row.cells.iter().map(|(_, value)| value.unwrap()).collect::<Vec<_>>());
    let rows: Vec<_> = cells.rows.iter().map(said).collect();
    assert_eq!(
        rows,
        [
            (None, Some(50.0), vec![7.0, 0.0]),
            (Some(50.0), Some(100.0), vec![0.0, 1.0]),
            (Some(100.0), Some(500.0), vec![0.0, 0.0]),
            (Some(500.0), None, vec![2.0, 0.0]),
        ],
        "a range without a reading, at a time that has some, is zero"
    );
}
