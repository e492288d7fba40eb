use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::Document;
use crate::domain::Key;

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct File {
    dashboard: Spec,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Spec {
    name: String,
    refresh_interval: Option<u32>,
    #[serde(default)]
    panels: Vec<Item>,
    #[serde(default)]
    states: BTreeMap<i64, String>,
    range: Option<[f64; 2]>,
    kind: Option<Kind>,
    url: Option<Url>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Item {
    #[serde(deserialize_with = "key")]
    id: Key,
    position: Option<Place>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Place {
    row: u16,
    col: u16,
    width: u16,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Line,
    Table,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
enum Url {
    Env(String),
    File(String),
}

fn key<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Key, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

fn faults(text: &str) -> Vec<String> {
    match Document::parse("f.yaml", text) {
        Err(fault) => vec![fault.to_string()],
        Ok(document) => document.read::<File>().err().unwrap_or_default().iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_good_file_is_read() {
    let text = "dashboard:\n  name: no\n  refresh_interval: 60\n  panels: [{id: a, position: {row: 1, col: 2, width: 3}}, {id: b}]\n  \
                states: {0: fine, 1: bad}\n  range: [0, 1.5]\n  kind: table\n  url: {env: X}\n";
    let file: File = Document::parse("f.yaml", text).unwrap().read().unwrap();
    assert_eq!(file.dashboard.name, "no");
    assert_eq!(file.dashboard.states[&1], "bad");
    assert_eq!(file.dashboard.range, Some([0.0, 1.5]));
    assert_eq!(file.dashboard.kind, Some(Kind::Table));
    assert_eq!(file.dashboard.panels.len(), 2);
}

#[test]
fn every_fault_of_a_file_is_told_at_once_and_none_twice() {
    let text = "dashboard:\n  nam: x\n  refresh_interval: wide\n  panels:\n    - id: 1x\n      position: {row: two, width: -1, wdith: 3}\n    \
                - position: {}\n    - id: b\n      position: here\n  states: {x: y, 0: [1]}\n  range: [1]\n  kind: tabel\n  url: {enf: X}\n";
    assert_eq!(
        faults(text),
        [
            "f.yaml:2:3: missing key “name”",
            "f.yaml:2:3: unknown key “nam”; did you mean “name”?",
            "f.yaml:3:21: expected a whole number, 0 or more, found “wide”",
            "f.yaml:5:11: “1x” must be 1 to 64 letters, digits, _ or -, a letter first",
            "f.yaml:6:17: missing key “col”",
            "f.yaml:6:23: expected a whole number from 0 to 65535, found “two”",
            "f.yaml:6:35: expected a whole number from 0 to 65535, found -1",
            "f.yaml:6:39: unknown key “wdith”; did you mean “width”?",
            "f.yaml:7:7: missing key “id”",
            "f.yaml:7:17: missing key “col”",
            "f.yaml:7:17: missing key “row”",
            "f.yaml:7:17: missing key “width”",
            "f.yaml:9:17: expected a map of keys and values, found “here”",
            "f.yaml:10:12: expected a whole number, found “x”",
            "f.yaml:10:21: expected text, found a list",
            "f.yaml:11:10: expected a list of 2, found a list",
            "f.yaml:12:9: unknown value “tabel”; did you mean “table”?",
            "f.yaml:13:9: unknown key “enf”; did you mean “env”?",
        ]
    );
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    let table = [
        ("dashboard:\n\tname: x\n", "f.yaml:2:1: a tab cannot indent YAML: use spaces"),
        ("dashboard: {name: x}\n---\ndashboard: {name: x}\n", "f.yaml:3:1: a second document begins here: one file holds one"),
        ("dashboard: {name: a, name: b}\n", "f.yaml:1:22: the key “name” stands here a second time"),
        ("dashboard: {name: !thing x}\n", "f.yaml:1:19: tags (words that begin with !) are not used here"),
        ("dashboard: {name: 5}\n", "f.yaml:1:19: expected text, found 5 (put it in quotes)"),
        (
            "dashboard: {name: x, refresh_interval: \"5\"}\n",
            "f.yaml:1:40: expected a whole number, 0 or more, found “5” (without quotes it is a number)",
        ),
        (
            "dashboard: {name: x, refresh_interval: 010}\n",
            "f.yaml:1:40: expected a whole number, 0 or more, found “010” (a number does not begin with 0)",
        ),
        ("dashboard:\n", "f.yaml:1:1: expected a map of keys and values, found nothing"),
        ("", "f.yaml:1:1: expected a map of keys and values, found nothing"),
        ("[a]\n", "f.yaml:1:1: expected a map of keys and values, found a list"),
        ("dashboard: {? [a]: b}\n", "f.yaml:1:15: a key must be a single word or a quoted text"),
        ("dashboard: &a [*a]\n", "f.yaml:1:16: this alias names a value that is not complete here"),
    ];
    for (text, fault) in table {
        assert_eq!(faults(text), [fault], "{text}");
    }
}

#[test]
fn bombs_are_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..9 {
        let before = format!("*a{}, ", n - 1).repeat(10);
        laughs.push_str(&format!("a{n}: &a{n} [{before}]\n"));
    }
    assert!(faults(&laughs)[0].contains("more than 50000 values"), "{:?}", faults(&laughs));
    assert!(faults(&"[".repeat(5000))[0].contains("deep"));
    assert!(faults(&format!("a: {}", "- ".repeat(500)))[0].starts_with("f.yaml:1:"));
    assert_eq!(faults(&"#".repeat(1024 * 1024 + 1)), ["f.yaml:1:1: the file is larger than 1 MiB"]);
}

#[test]
fn a_huge_file_full_of_faults_is_given_up_in_a_moment() {
    let text = format!("dashboard:\n  name: x\n  panels:\n{}", "    - {id: 1x, position: {row: a}}\n".repeat(7_000));
    let started = std::time::Instant::now();
    let faults = faults(&text);
    assert!(faults.len() >= 50, "{}", faults.len());
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn a_part_is_a_document_whose_faults_keep_their_places() {
    let text = "a:\n  - x: 1\n    dashboard: {name: x, panels: [{id: b}], kind: tabel}\n";
    let part = Document::parse("f.yaml", text).unwrap().only("a[0]", "dashboard").unwrap();
    let faults: Vec<String> = part.read::<File>().unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(faults, ["f.yaml:3:51: unknown value “tabel”; did you mean “table”?"]);
    assert!(!part.has("x") && part.text("dashboard.panels[0].id") == Some("b"));
}

#[test]
fn places_inside_scalars_are_those_of_the_file() {
    let text = "\u{feff}panel:\n  plain: ä = b\n  single: 'it''s = b'\n  double: \"a\\t\\u00e9 = b\"\n  block: |\n    first\n\n    x = b\n  \
                folded: >\n    one\n    two = b\n  long: one\n    two = b\n";
    let document = Document::parse("f.yaml", text).unwrap();
    let places = ["plain", "single", "double", "block", "folded", "long"].map(|name| {
        let path = format!("panel.{name}");
        let offset = document.text(&path).unwrap().chars().position(|c| c == '=').unwrap();
        let fault = document.fault_in(&path, offset, "here");
        (fault.line, fault.column)
    });
    assert_eq!(places, [(2, 12), (3, 18), (4, 22), (8, 7), (11, 9), (13, 9)]);
}

#[test]
fn a_fault_at_a_path_that_is_not_there_stands_at_the_nearest_parent() {
    let document = Document::parse("f.yaml", "panel:\n  columns:\n    - name: a\n    - name: b\n").unwrap();
    let place = |path| {
        let fault = document.fault(path, "x");
        (fault.line, fault.column)
    };
    assert_eq!(place("panel.columns[1].name"), (4, 13));
    assert_eq!(place("panel.columns[1].format"), (4, 7));
    assert_eq!(place("panel.display.unit"), (2, 3));
    assert_eq!(document.text("panel.columns[0].name"), Some("a"));
    assert_eq!(document.fault_at_key("panel.columns[1].name", "x").column, 7);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[-a-z0-9:{}\\[\\]&*!|>'\"#%@`,?. \\n\\t\\\\ä]{0,200}", offset in 0usize..300) {
        if let Ok(document) = Document::parse("f.yaml", &text) {
            let _ = document.read::<File>();
            let _ = document.read::<serde_json::Value>();
            for key in document.keys("") {
                let _ = document.fault_in(key, offset, "x");
            }
            let _ = document.fault_in("", offset, "x");
        }
    }

    #[test]
    fn no_broken_file_makes_the_reader_panic(cut in 0usize..400, put in "\\PC{0,4}") {
        let text = "dashboard:\n  name: x\n  panels:\n    - id: \"a\"\n      position: {row: 1, col: 2, width: 3}\n  states: {0: a}\n  url: {env: X}\n  kind: line\n";
        let at = text.char_indices().map(|(at, _)| at).nth(cut % text.len()).unwrap_or(0);
        let _ = faults(&format!("{}{put}{}", &text[..at], &text[at..]));
        let _ = faults(&text[..at]);
    }
}
