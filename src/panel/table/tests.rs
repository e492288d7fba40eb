use std::sync::Arc;

use crate::frame::{Frame, Values};
use crate::panel::stage::{HOSTILE, at, faults, floats, frame, is_harmless, panel, seen, texts, times, view};
use crate::query::Query;

const ERRORS: &str = r##"panel:
  type: table
  title: "Recent Errors"
  data_source:
    table: error_logs
    columns:
      - {name: timestamp, display: Time, format: datetime}
      - {name: service, display: Service}
      - {name: message}
      - {name: count, format: number}
    query: {where: "severity IN ('ERROR', 'CRITICAL')", order_by: "timestamp DESC", limit: 50}
  display: {sortable: true, default_sort: timestamp, default_sort_order: desc, pagination: 25}
"##;

fn rows(messages: &[Option<&str>]) -> Arc<Frame> {
    let count = messages.len();
    frame(vec![
        ("timestamp", times(&vec!["2026-11-20T18:59:07Z"; count])),
        ("service", texts(&vec![Some("checkout"); count])),
        ("message", texts(messages)),
        ("count", Values::Int(vec![Some(1412); count])),
    ])
}

fn count(rows: i64) -> Arc<Frame> {
    frame(vec![("count", Values::Int(vec![Some(rows)]))])
}

#[test]
fn it_asks_for_a_page_and_for_the_count_of_the_same_set() {
    let view = view(
        24,
        &[("sort", "count"), ("dir", "desc"), ("page", "3"), ("q", " time out "), ("f.service", "mail"), ("f.message", "")],
    );
    let queries = panel(ERRORS).queries(&view);
    let [Query::Rows { set, columns, sort: Some(sort), offset: 50, limit: 25 }, Query::Count { set: counted }] = &queries[..]
    else {
        panic!("{queries:#?}")
    };
    assert_eq!(set, counted);
    assert_eq!(columns.len(), 4);
    assert_eq!((sort.column.as_str(), sort.descending), ("count", true));
    assert_eq!(set.search.as_ref().map(|(text, columns)| (text.as_str(), columns.len())), Some(("time out", 4)));
    assert_eq!(set.filters.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>(), [("service", "mail")]);
    assert_eq!(
        set.time.as_ref().map(|time| time.column.as_str()),
        Some("timestamp"),
        "the first datetime column follows the range"
    );
    assert_eq!(set.range.map(|range| range.to()), Some(view.range.to()));
    assert_eq!(set.source.limit, Some(50));
}

#[test]
fn at_first_it_is_sorted_as_the_author_says_and_may_ignore_the_range() {
    let queries = panel(ERRORS).queries(&view(24, &[]));
    assert!(
        matches!(&queries[0], Query::Rows { sort: Some(sort), offset: 0, .. } if sort.descending && sort.column.as_str() == "timestamp")
    );
    let still = panel(&ERRORS.replace("  display:", "  range: ignore\n  display:"));
    assert!(!still.follows_range());
    assert!(matches!(&still.queries(&view(24, &[]))[0], Query::Rows { set, .. } if set.range.is_none() && set.time.is_none()));
}

#[test]
fn bad_parameters_fall_back_and_say_so() {
    let bad = view(24, &[("sort", "secret"), ("dir", "sideways"), ("page", "0"), ("f.nothing", "x"), ("q", &"x".repeat(300))]);
    let drawing = panel(ERRORS).draw(&[rows(&[Some("a")]), count(1)], &bad);
    assert_eq!(
        drawing.notices,
        [
            "“sideways” is no direction; it is asc or desc.",
            "There is no column “secret” to sort by.",
            "“0” is no page; this is the first.",
            "Only the first 200 characters were looked for.",
            "There is no filter for “nothing”.",
        ]
    );
    let queries = panel(ERRORS).queries(&bad);
    assert!(matches!(&queries[0], Query::Rows { sort: Some(sort), offset: 0, .. } if sort.column.as_str() == "timestamp"));
}

#[test]
fn rows_are_written_in_the_zone_with_exact_digits() {
    let drawing = panel(ERRORS).draw(&[rows(&[Some("timeout"), None]), count(50)], &view(24, &[]));
    let text = seen(&drawing);
    assert!(text.contains("Nov 20, 13:59:07 checkout timeout 1,412"), "{text}");
    assert!(text.contains("checkout – 1,412"), "{text}");
    assert!(text.contains("1–25 of 50 rows Next"), "{text}");
    let body = drawing.body.as_str();
    assert!(body.contains("<td class=\"null\"><span role=\"img\" aria-label=\"no value\">–</span></td>"), "{body}");
    assert!(body.contains("<th scope=\"col\" aria-sort=\"descending\"><a "), "{body}");
    assert!(body.contains("<td class=\"n\">1,412</td>"), "{body}");
    assert!(body.contains("<time datetime=\"2026-11-20T18:59:07Z\">"), "{body}");
    assert_eq!(drawing.summary, "Recent Errors: 50 rows");
}

#[test]
fn digits_of_a_numeric_column_are_never_lost() {
    let money = ERRORS.replace("{name: count, format: number}", "{name: count, format: \"currency:EUR\"}");
    let digits = |file: &str, value: &str| {
        let mut frame = Frame::clone(&rows(&[Some("a")]));
        frame.columns[3].values = Values::Decimal(vec![Some(value.into())]);
        seen(&panel(file).draw(&[frame.into(), count(1)], &view(24, &[])))
    };
    assert!(digits(ERRORS, "12345678901234567890.123456789").contains("12,345,678,901,234,567,890.123456789"));
    assert!(digits(ERRORS, "NaN").contains("NaN"));
    assert!(digits(&money, "-1234567.5").contains("\u{2212}€1,234,567.50"));
    let percent = ERRORS.replace("{name: count, format: number}", "{name: count, format: percent, decimals: 1}");
    assert!(digits(&percent, "12.36").contains("12.4 %"));
    let bytes = ERRORS.replace("{name: count, format: number}", "{name: count, format: bytes}");
    assert!(digits(&bytes, "1210000").contains("1.21 MB"));
}

#[test]
fn long_text_is_clipped_with_the_whole_one_focus_away() {
    let long = "word ".repeat(40);
    let drawing = panel(ERRORS).draw(&[rows(&[Some(&long)]), count(1)], &view(24, &[]));
    assert!(drawing.body.as_str().contains("<td><span class=\"clip\" tabindex=\"0\">word word"), "{:?}", drawing.body);
    let huge = "x".repeat(1_000_000);
    assert!(panel(ERRORS).draw(&[rows(&[Some(&huge)]), count(1)], &view(24, &[])).body.as_str().len() < 20_000);
}

#[test]
fn links_keep_the_whole_view_and_swap_the_panel_alone() {
    let drawing =
        panel(ERRORS).draw(&[rows(&[Some("a")]), count(60)], &view(24, &[("q", "a&b"), ("page", "2"), ("f.service", "")]));
    let body = drawing.body.as_str();
    let sort = "/tenant/acme/dashboard/ops?from=now-24h&#38;p.q=a%26b&#38;p.sort=service&#38;p.dir=asc";
    assert!(body.contains(&format!("href=\"{sort}#p-p\"")), "{body}");
    assert!(body.contains(&format!("hx-push-url=\"{sort}\"")), "{body}");
    assert!(body.contains("hx-get=\"/tenant/acme/dashboard/ops/panel/p?from=now-24h&#38;p.q=a%26b&#38;p.sort=service"), "{body}");
    assert!(body.contains("<input type=\"hidden\" name=\"from\" value=\"now-24h\">"), "{body}");
    assert!(!body.contains("type=\"hidden\" name=\"p.q\""), "a form's own field is not kept beside it: {body}");
    assert!(body.contains("name=\"p.q\" value=\"a&#38;b\""), "{body}");
    assert!(seen(&drawing).contains("26–50 of 60 rows Previous Next"));
    assert!(seen(&drawing).contains("Show all"));
}

#[test]
fn a_page_beyond_the_end_leads_back() {
    let drawing = panel(ERRORS).draw(&[rows(&[]), count(60)], &view(24, &[("page", "9")]));
    assert_eq!(drawing.notices, ["There is no page 9; the last is page 3."]);
    assert!(!drawing.empty);
    assert!(
        drawing.body.as_str().contains("rel=\"prev\" href=\"/tenant/acme/dashboard/ops?from=now-24h&#38;p.page=3#p-p\""),
        "{:?}",
        drawing.body
    );
}

#[test]
fn no_rows_and_no_match_are_different() {
    let none = panel(ERRORS).draw(&[rows(&[]), count(0)], &view(24, &[]));
    assert!(none.empty);
    assert_eq!(seen(&none), "No recent errors between Nov 19, 14:05 and Nov 20, 14:05");
    let unmatched = panel(ERRORS).draw(&[rows(&[]), count(0)], &view(24, &[("q", "zebra")]));
    assert!(!unmatched.empty);
    assert!(seen(&unmatched).contains("No row matches between Nov 19, 14:05 and Nov 20, 14:05."), "{}", seen(&unmatched));
    assert!(seen(&unmatched).contains("Show all"));
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let drawing = panel(ERRORS)
        .draw(&[rows(&[Some(HOSTILE)]), count(1)], &view(24, &[("q", HOSTILE), ("f.service", HOSTILE), ("sort", HOSTILE)]));
    is_harmless(&drawing);
}

#[test]
fn codes_can_be_states_and_plain_values_follow_their_type() {
    let file = ERRORS
        .replace("{name: service, display: Service}", "{name: service, status_mapping: {a: {label: fine}, b: {label: broken}}}");
    let file = file.replace("{name: count, format: number}", "count").replace("- count", "- {name: count}");
    let mixed = frame(vec![
        ("timestamp", texts(&[Some("2026-11-20 18:59:07")])),
        ("service", texts(&[Some("b")])),
        ("message", Values::Json(vec![Some(serde_json::json!({"a": 1}))])),
        ("count", floats(&[Some(0.25)])),
    ]);
    let drawing = panel(&file).draw(&[mixed, count(1)], &view(24, &[]));
    let text = seen(&drawing);
    assert!(text.contains("Nov 20, 13:59:07 Broken {&#34;a&#34;:1} 0.25"), "{text}");
    assert!(drawing.body.as_str().contains("class=\"state bad\""));
}

#[test]
fn columns_may_be_a_map() {
    let file = "panel:\n  type: table\n  title: T\n  data_source:\n    table: t\n    columns:\n      at: {display: When, format: datetime}\n      who: Who\n";
    let panel = panel(file);
    assert!(panel.follows_range());
    let drawing = panel
        .draw(&[frame(vec![("at", times(&["2026-11-20T18:59:07Z"])), ("who", texts(&[Some("ann")]))]), count(1)], &view(24, &[]));
    assert!(seen(&drawing).contains("When Who Nov 20, 13:59:07 ann"), "{}", seen(&drawing));
}

#[test]
fn the_newest_row_tells_how_stale_a_table_is() {
    let file = ERRORS.replace("  display:", "  stale_after: 60\n  display:");
    let stale = |params: &[(&str, &str)]| panel(&file).draw(&[rows(&[Some("a")]), count(60)], &view(24, params)).stale_since;
    assert_eq!(stale(&[]), Some(at("2026-11-20T18:59:07Z")));
    assert_eq!(stale(&[("sort", "service")]), None, "newer rows may stand on another page");
    assert_eq!(stale(&[("page", "2")]), None);
    let still = panel(&file.replace("  display:", "  range: ignore\n  display:"));
    let drawing = still.draw(&[rows(&[Some("a")]), count(60)], &view(24, &[]));
    assert!(drawing.stale_since.is_some());
    assert_eq!(drawing.note.as_deref(), Some("whatever the range"));
}

#[test]
fn faults_stand_where_they_are() {
    let told = faults(
        r#"panel:
  type: table
  title: Errors
  range: follow
  data_source:
    table: error_logs
    columns:
      - {name: "bad name"}
      - {name: a, format: datetme}
      - {name: a, format: text, decimals: 2, unit: x}
      - {name: a}
  query: {where: "a = 1", limit: 0}
  display: {default_sort: b, pagination: 0}
"#,
    );
    let places: Vec<&str> = told.iter().map(|fault| fault.split_once(' ').unwrap().0).collect();
    assert_eq!(places, ["4:10", "8:16", "9:27", "10:43", "10:52", "11:9", "12:34", "13:42"], "{told:#?}");
    assert!(told[2].contains("did you mean “datetime”?"), "{told:#?}");
    let told = faults(&ERRORS.replace("default_sort: timestamp", "default_sort: time"));
    assert_eq!(told, ["12:43 there is no column “time” here; there are: timestamp, service, message, count"]);
}
