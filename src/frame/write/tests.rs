use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::{Format, Writer};
use crate::frame::{Column, Frame, Values};

fn texts(values: &[Option<&str>]) -> Values {
    Values::Text(values.iter().map(|v| v.map(Into::into)).collect())
}

fn frame(columns: Vec<(&str, Values)>) -> Frame {
    let columns = columns.into_iter().map(|(name, values)| Column { name: name.into(), values }).collect();
    Frame { columns, truncated: false }
}

fn written(format: Format, frames: &[Frame]) -> String {
    let mut writer = Writer::new(format, Tz::America__New_York);
    let mut out = Vec::new();
    let headings: Vec<&str> = frames[0].columns.iter().map(|c| &*c.name).collect();
    writer.begin(&headings, &mut out);
    frames.iter().for_each(|frame| writer.rows(frame, &mut out));
    writer.end(&mut out);
    String::from_utf8(out).unwrap()
}

fn csv_cells(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn csv_keeps_every_type_as_it_is_and_null_apart_from_empty() {
    let at: DateTime<Utc> = "2026-11-20T19:05:00.25Z".parse().unwrap();
    let frame = frame(vec![
        ("at", Values::Instant(vec![Some(at), None])),
        ("day", Values::Date(vec![NaiveDate::from_ymd_opt(2026, 11, 20), None])),
        ("n", Values::Int(vec![Some(-5), None])),
        ("exact", Values::Decimal(vec![Some("-1234567890123456789012345678901234567890.10".into()), None])),
        ("float", Values::Float(vec![Some(0.1), None])),
        ("text", texts(&[Some("a \"quoted\", cell\r\nof two lines"), Some("")])),
    ]);
    assert_eq!(
        written(Format::Csv, &[frame]),
        "at,day,n,exact,float,text\r\n\
         2026-11-20T14:05:00.250-05:00,2026-11-20,-5,-1234567890123456789012345678901234567890.10,0.1,\"a \"\"quoted\"\", cell\r\nof two lines\"\r\n\
         ,,,,,\"\"\r\n"
    );
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_text_to_it_and_numbers_stay_numbers() {
    let hostile = [
        "=1+1",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "＝1",
        "=HYPERLINK(\"http://evil\",\"x\")",
        "-",
        "--1",
        "-1e5",
    ];
    for cell in hostile {
        let cells = csv_cells(&written(Format::Csv, &[frame(vec![("=head", texts(&[Some(cell)]))])]));
        assert_eq!(cells, [["'=head".to_owned()], [format!("'{cell}")]], "{cell:?}");
    }
    for harmless in ["-5", "-5.25", "a=b", "1+1", "e@mail.example", "'=1"] {
        let cells = csv_cells(&written(Format::Csv, &[frame(vec![("x", texts(&[Some(harmless)]))])]));
        assert_eq!(cells[1], [harmless], "{harmless:?}");
    }
}

#[test]
fn json_is_whole_over_several_frames_and_says_whether_rows_are_missing() {
    let part = |n: i64, truncated| Frame {
        truncated,
        ..frame(vec![("n", Values::Int(vec![Some(n)])), ("t", texts(&[Some("\"\u{1}é")]))])
    };
    let read: serde_json::Value = serde_json::from_str(&written(Format::Json, &[part(1, false), part(2, true)])).unwrap();
    assert_eq!(
        read,
        serde_json::json!({ "rows": [{ "n": 1, "t": "\"\u{1}é" }, { "n": 2, "t": "\"\u{1}é" }], "truncated": true })
    );
    let none: serde_json::Value =
        serde_json::from_str(&written(Format::Json, &[frame(vec![("n", Values::Int(vec![]))])])).unwrap();
    assert_eq!(none, serde_json::json!({ "rows": [], "truncated": false }));
}

#[test]
fn ndjson_is_one_object_a_line_with_exact_decimals_and_no_false_numbers() {
    let exact = "12345678901234567890.123456789012345678901";
    let frame = frame(vec![
        ("d", Values::Decimal(vec![Some(exact.into()), Some("NaN".into()), None])),
        ("f", Values::Float(vec![Some(f64::INFINITY), Some(-0.5), Some(1e21)])),
    ]);
    let text = written(Format::Ndjson, &[frame]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("{{\"d\":{exact},\"f\":\"inf\"}}"));
    assert_eq!(lines[1..], ["{\"d\":\"NaN\",\"f\":-0.5}", "{\"d\":null,\"f\":1000000000000000000000}"]);
    let mut end = Vec::new();
    Writer::new(Format::Ndjson, Tz::UTC).broken("The tenant's database cannot be reached.", &mut end);
    assert_eq!(end, b"{\"error\":\"The tenant's database cannot be reached.\"}\n");
}

#[test]
fn times_are_written_as_everybody_writes_them() {
    use chrono::{DateTime, SecondsFormat};
    use chrono_tz::{Africa, America, Asia, Tz, UTC};
    let mut seed = 11u64;
    for zone in [UTC, Tz::Europe__Berlin, America::St_Johns, Asia::Kathmandu, Africa::Monrovia, America::New_York] {
        for round in 0..2_000u32 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let seconds = (seed >> 20) as i64 % 400_000_000_000 - 100_000_000_000;
            let nanos = [0, 500_000_000, 123_000_000, 120_000, 7, 1_500_000_000][round as usize % 6];
            let Some(at) = DateTime::from_timestamp(seconds, nanos) else { continue };
            let wanted = at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, false);
            assert_eq!(super::time(at, zone), Some(wanted));
        }
    }
}
