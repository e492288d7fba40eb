//! What the documents say is so: keys from the schemas, snippets that read, links that lead somewhere, commands that exist.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use loggia::config::check::check;
use loggia::config::schema::{What, print};
use loggia::domain::TimeRange;
use loggia::query::Window;
use loggia::{panel, settings};
use serde_json::Value;

use super::world::console::Console;

const CONFIGURATION: &str = "docs/configuration.md";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// README and everything in docs/, by path.
fn documents() -> Vec<(String, String)> {
    let mut paths = vec!["README.md".to_owned()];
    let docs = std::fs::read_dir(root().join("docs")).expect("the documents").flatten();
    paths.extend(docs.map(|entry| format!("docs/{}", entry.file_name().to_string_lossy())).filter(|path| path.ends_with(".md")));
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// One key of a file, as the tables tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    key: String,
    kind: String,
    need: String,
    what: String,
}

/// Walks a schema and tells its keys in their order.
struct Keys<'a> {
    root: &'a Value,
    rows: Vec<Row>,
    /// What was told in full, and where, so that it is told once.
    told: Vec<(&'a Value, String)>,
}

impl<'a> Keys<'a> {
    fn of(root: &'a Value, start: &'a Value, path: &str) -> Vec<Row> {
        let mut keys = Keys { root, rows: Vec::new(), told: Vec::new() };
        keys.below(path, start);
        keys.rows
    }

    /// The schema itself where there is a reference or nothing but “or null” around it.
    fn plain(&self, schema: &'a Value) -> &'a Value {
        if let Some(to) = schema["$ref"].as_str() {
            return self.plain(self.root.pointer(to.trim_start_matches('#')).expect("a schema that is there"));
        }
        match schema["anyOf"].as_array().map(|any| any.iter().filter(|one| one["type"] != "null").collect::<Vec<_>>()) {
            Some(one) if one.len() == 1 => self.plain(one[0]),
            _ => schema,
        }
    }

    fn below(&mut self, path: &str, schema: &'a Value) {
        let schema = self.plain(schema);
        if let Some(properties) = schema["properties"].as_object() {
            self.told.push((&schema["properties"], path.to_owned()));
            for (key, value) in properties {
                // A map of one key is one way among others to write a value.
                let required = schema["required"].as_array().is_some_and(|keys| keys.iter().any(|one| one == key));
                let required = required && (properties.len() > 1 || path.is_empty());
                self.key(&format!("{path}.{key}"), value, required);
            }
        }
        self.inside(path, schema);
    }

    /// Lists, maps with keys of the author's own, and alternatives.
    fn inside(&mut self, path: &str, schema: &'a Value) {
        if schema["items"].is_object() {
            self.below(&format!("{path}[]"), &schema["items"]);
        }
        if schema["additionalProperties"].is_object() {
            self.below(&format!("{path}.{{…}}"), &schema["additionalProperties"]);
        }
        for one in ["anyOf", "oneOf"].into_iter().filter_map(|word| schema[word].as_array()).flatten() {
            self.below(path, one);
        }
    }

    fn key(&mut self, path: &str, value: &'a Value, required: bool) {
        let schema = self.plain(value);
        let default = [value, schema].into_iter().map(|one| &one["default"]).find(|one| !one.is_null());
        let need = match default {
            _ if required => "required".to_owned(),
            Some(plain @ (Value::Bool(_) | Value::Number(_) | Value::String(_))) => format!("`{plain}`"),
            _ => String::new(),
        };
        let what = value["description"].as_str().or(schema["description"].as_str()).unwrap_or_default();
        let mut row = Row { key: path.to_owned(), kind: self.words(schema), need, what: what.replace('\n', " ") };
        let alternatives = schema["anyOf"].as_array().into_iter().flatten().map(|one| self.plain(one));
        let mut maps = [schema, self.plain(&schema["items"])].into_iter().chain(alternatives);
        if let Some((_, place)) = maps.find_map(|map| self.told.iter().find(|(told, _)| **told == map["properties"])) {
            let _ = write!(row.what, " Its keys are those of `{}`.", place.trim_start_matches('.'));
            self.rows.push(row);
            return;
        }
        self.rows.push(row);
        self.below(path, value);
    }

    /// What may stand there, in words.
    fn words(&self, schema: &'a Value) -> String {
        let schema = self.plain(schema);
        if !schema["const"].is_null() {
            return format!("`{}`", schema["const"].as_str().unwrap_or_default());
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        }
        if schema["properties"].is_object() {
            return "map".to_owned();
        }
        if let Some(any) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let each: Vec<String> = any.iter().map(|one| self.words(one)).collect();
            let mut seen = BTreeSet::new();
            let each: Vec<String> = each.into_iter().filter(|words| seen.insert(words.clone())).collect();
            return each.join(if any.iter().all(|one| !one["const"].is_null()) { ", " } else { " or " });
        }
        let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        let types = types.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
        types.map(|kind| self.typed(kind, schema)).collect::<Vec<_>>().join(" or ")
    }

    fn typed(&self, kind: &str, schema: &'a Value) -> String {
        let pattern = schema["pattern"].as_str().unwrap_or_default();
        match kind {
            "string" if pattern.starts_with("^#") => "colour".to_owned(),
            "string" if pattern.starts_with("^http") => "web address".to_owned(),
            "string" if pattern.contains("(ms|") => "time like `30s`".to_owned(),
            "string" => "text".to_owned(),
            "integer" if schema["description"] == "seconds" => format!("seconds{}", bounds(schema)),
            "integer" => format!("whole number{}", bounds(schema)),
            "boolean" => "true or false".to_owned(),
            "array" if schema["items"].is_object() => match self.words(&schema["items"]).as_str() {
                "map" => "list of maps".to_owned(),
                words => format!("list of {words}"),
            },
            "object" => "map".to_owned(),
            "array" => "list of two numbers".to_owned(),
            other => other.to_owned(),
        }
    }
}

fn bounds(schema: &Value) -> String {
    match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(least), Some(most)) if least == most => format!(" {least}"),
        (Some(least), Some(most)) => format!(" ({least} to {most})"),
        (Some(least), None) if least > 0 => format!(" ({least} or more)"),
        _ => String::new(),
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from("| key | may be | required, or default | what |\n|---|---|---|---|\n");
    for Row { key, kind, need, what } in rows {
        let _ = writeln!(text, "| `{key}` | {} | {need} | {} |", kind.replace('|', "\\|"), what.replace('|', "\\|"));
    }
    text
}

/// The tables and examples of all panels: first the keys every type has, then each type's own.
fn panels() -> String {
    let schema = print(What::Panel);
    let bodies = schema["properties"]["panel"]["oneOf"].as_array().expect("the types");
    let all: Vec<Vec<Row>> = bodies.iter().map(|body| Keys::of(body, body, "panel")).collect();
    let shared = |row: &Row| all.iter().all(|rows| rows.contains(row));
    let common: Vec<Row> = all[0].iter().filter(|row| row.key == "panel.type" || shared(row)).cloned().collect();
    let kinds: Vec<String> = panel::kinds().iter().map(|kind| format!("`{}`", kind.name)).collect();
    let common: Vec<Row> = common
        .into_iter()
        .map(|row| match row.key.as_str() {
            "panel.type" => Row { kind: kinds.join(", "), what: "The type of the panel.".to_owned(), ..row },
            _ => row,
        })
        .collect();
    let mut text = format!("### Every panel\n\n{}", table(&common));
    for (kind, (body, rows)) in panel::kinds().iter().zip(bodies.iter().zip(&all)) {
        let own: Vec<Row> = rows.iter().filter(|row| row.key != "panel.type" && !shared(row)).cloned().collect();
        let (width, height) = kind.size;
        let about = body["description"].as_str().unwrap_or_default();
        let rows = if height == 1 { "row" } else { "rows" };
        let _ = write!(text, "\n### {}\n\n{about} Without a size: {width} columns wide, {height} {rows} high.\n\n", kind.name);
        let _ = write!(text, "{}\n```yaml\n{}\n```\n", table(&own), kind.example.trim_end());
    }
    text
}

fn rendered(section: &str) -> String {
    let of = |what| {
        let schema = print(what);
        table(
            &Keys::of(&schema, &schema, "")
                .into_iter()
                .skip(1)
                .map(|row| Row { key: row.key[1..].to_owned(), ..row })
                .collect::<Vec<_>>(),
        )
    };
    match section {
        "tenant" => of(What::Tenant),
        "dashboard" => of(What::Dashboard),
        "app" => of(What::App),
        "panels" => panels(),
        other => panic!("no such section: {other}"),
    }
}

/// The document with its generated sections made anew.
fn made_anew(text: &str) -> (String, usize) {
    let (mut made, mut rest, mut sections) = (String::new(), text, 0);
    while let Some(at) = rest.find("<!-- keys: ") {
        let start = at + rest[at..].find("-->\n").expect("a mark ends") + 4;
        let end = start + rest[start..].find("<!-- end -->").expect("a section ends");
        let section = rest[at + 11..start - 4].trim();
        made.push_str(&rest[..start]);
        let _ = write!(made, "\n{}\n", rendered(section));
        (rest, sections) = (&rest[end..], sections + 1);
    }
    made.push_str(rest);
    (made, sections)
}

#[test]
fn the_tables_of_keys_are_those_of_the_schemas() {
    let written = read(CONFIGURATION);
    let (made, sections) = made_anew(&written);
    assert_eq!(sections, 4);
    if std::env::var_os("LOGGIA_WRITE_DOCS").is_some() {
        std::fs::write(root().join(CONFIGURATION), made).expect("written");
    } else if let Some((one, other)) = made.lines().zip(written.lines()).find(|(made, written)| made != written) {
        panic!(
            "{CONFIGURATION} is not what the schemas say; LOGGIA_WRITE_DOCS=1 writes it anew.\nshould be: {one}\nis:        {other}"
        );
    } else {
        assert_eq!(made, written);
    }
}

#[test]
fn every_key_is_described() {
    for section in ["tenant", "dashboard", "app", "panels"] {
        let text = rendered(section);
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
        assert!(rows.len() > 10, "{section}");
        for row in rows {
            let cells: Vec<&str> = row.split(" | ").collect();
            assert!(cells.len() == 4 && !cells[1].trim().is_empty() && cells[3].len() > 5, "{section}: {row}");
        }
    }
}

#[test]
fn the_table_of_settings_names_every_variable_and_no_other() {
    let text = read(CONFIGURATION);
    let settings_part = &text[text.find("## Settings").expect("the settings")..];
    // a row may tell of several that belong together
    let cells = settings_part.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split(" | ").next());
    let named: BTreeSet<String> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    assert_eq!(named, settings::variables().into_iter().collect());
}

/// The tests of the suite and of the crate, as `file::name`.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![(root().join("tests/suite"), String::new())];
    while let Some((folder, above)) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the suite").flatten() {
            let (path, file) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                folders.push((path, format!("{above}{file}::")));
                continue;
            }
            let Some(module) = file.strip_suffix(".rs") else { continue };
            let text = std::fs::read_to_string(path).expect("text");
            let parts = text.split("test]\n").chain(text.split("test(flavor = \"multi_thread\")]\n")).skip(1);
            let name = |part: &str| Some(part.split_once("fn ")?.1.split('(').next()?.to_owned());
            let module = if module == "mod" { above.clone() } else { format!("{above}{module}::") };
            names.extend(parts.filter_map(name).map(|name| format!("{module}{name}")));
        }
    }
    names
}

#[test]
fn every_test_that_the_security_page_names_is_there() {
    let (text, tests) = (read("docs/security.md"), tests());
    assert!(tests.contains("docs::every_test_that_the_security_page_names_is_there"), "{tests:?}");
    let mut threats = 0;
    for table in text.split("\n\n").filter(|table| table.starts_with("| threat |")) {
        for row in table.lines().skip(2) {
            let shown: Vec<&str> =
                row.rsplit(" | ").next().unwrap_or_default().split('`').filter(|word| word.contains("::")).collect();
            assert!(!shown.is_empty(), "nothing shows that this is so: {row}");
            for name in shown {
                assert!(tests.contains(name), "docs/security.md says that {name} shows something, and there is no such test");
            }
            threats += 1;
        }
    }
    assert!(threats > 30, "{threats}");
}

/// The fenced pieces of a document in a language.
fn fenced<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut pieces = text.split("\n```");
    pieces.next();
    while let (Some(inside), _) = (pieces.next(), pieces.next()) {
        let (word, body) = inside.split_once('\n').unwrap_or((inside, ""));
        if word == language {
            found.push(body);
        }
    }
    found
}

#[test]
fn every_yaml_snippet_reads_without_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut count = 0;
    for (path, text) in documents() {
        // The walkthroughs' files need what they add; tests/walkthroughs.mjs checks them with it.
        if path.starts_with("docs/adding-") {
            continue;
        }
        for snippet in fenced(&text, "yaml") {
            let first = snippet.lines().find(|line| !line.starts_with('#') && !line.trim().is_empty()).unwrap_or_default();
            if !["tenant:", "dashboard:", "panel:", "app:"].contains(&first) {
                continue;
            }
            let file = folder.path().join("snippet.yaml");
            std::fs::write(&file, snippet).expect("written");
            let faults = check(&file).faults;
            assert!(faults.is_empty(), "{path}: {faults:#?} in\n{snippet}");
            count += 1;
        }
    }
    assert!(count >= panel::kinds().len() + 3, "{count} snippets");
}

#[test]
fn every_toml_snippet_reads_as_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("loggia.toml");
    let mut count = 0;
    for (path, text) in documents() {
        for snippet in fenced(&text, "toml") {
            // a piece of the provider's section is read with what every provider needs
            let whole = match snippet.contains("[oidc") && !snippet.contains("issuer =") {
                true => format!(
                    "[oidc]\nissuer = \"https://id.example.com\"\nclient_id = \"loggia\"\n{}",
                    snippet.replace("[oidc]\n", "")
                ),
                false => snippet.to_owned(),
            };
            std::fs::write(&file, &whole).expect("written");
            let flags = settings::Flags { config: Some(file.clone()), ..settings::Flags::default() };
            let read = settings::Settings::load(&flags, &std::collections::BTreeMap::new());
            assert!(read.is_ok(), "{path}: {:?} in\n{snippet}", read.err());
            count += 1;
        }
    }
    assert!(count >= 4, "{count} snippets");
}

/// The targets of a document's links and pictures.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

/// A heading as it stands in an address.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut dead = Vec::new();
    for (path, text) in documents() {
        let folder = root().join(Path::new(&path).parent().expect("a folder"));
        for link in links(&text) {
            let (file, part) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { root().join(&path) } else { folder.join(file) };
            let headings = std::fs::read_to_string(&target).unwrap_or_default();
            let there = part.is_empty()
                || headings.lines().any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#')) == part);
            if !target.exists() || !there {
                dead.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "links that lead nowhere: {dead:#?}");
}

/// Every `loggia …` that a document shows, by line of a fence or in backticks.
fn commands(text: &str) -> Vec<String> {
    let shown = ["sh", "", "bash", "console"].into_iter().flat_map(|language| fenced(text, language)).flat_map(str::lines);
    let inline = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let lines = shown.chain(inline).map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter_map(|line| line.strip_prefix("loggia ")).map(str::to_owned).collect()
}

#[test]
fn every_command_the_documents_show_is_there() {
    let console = Console::open();
    let mut count = 0;
    for (path, text) in documents() {
        for shown in commands(&text) {
            let words: Vec<&str> = shown.split_whitespace().take_while(|word| !matches!(*word, "|" | ">" | "&&")).collect();
            let depth = if ["user", "audit"].contains(&words[0])
                && words.get(1).is_some_and(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                2
            } else {
                1
            };
            let mut asked = words[..depth].to_vec();
            asked.push("--help");
            let said = console.run(&asked);
            assert_eq!(said.code, Some(0), "{path}: loggia {shown}: {}", said.err);
            for flag in words.iter().map(|word| word.trim_matches(['[', ']', ',', '.'])).filter(|word| word.starts_with("--")) {
                let flag = flag.split('=').next().unwrap_or_default();
                assert!(said.out.contains(flag), "{path}: loggia {shown}: there is no {flag}");
            }
            count += 1;
        }
    }
    assert!(count >= 8, "{count} commands");
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("a time").to_utc()
}

fn width(length: TimeDelta) -> Option<TimeDelta> {
    let to = at("2026-06-15T00:00:00Z");
    let range = TimeRange::new(to - length, to).expect("a range");
    Window::new(range, false, TimeDelta::zero(), Tz::UTC, true).bucket.map(|bucket| bucket.width)
}

#[test]
fn the_table_of_buckets_is_what_is_done() {
    let text = read(CONFIGURATION);
    let rules = [
        ("| up to 8 hours | none |", TimeDelta::hours(8), None),
        ("| up to 1 day | 1 minute |", TimeDelta::days(1), Some(TimeDelta::minutes(1))),
        ("| up to 4 days | 10 minutes |", TimeDelta::days(4), Some(TimeDelta::minutes(10))),
        ("| up to 92 days | 1 hour |", TimeDelta::days(92), Some(TimeDelta::hours(1))),
        ("| up to 2,500 days | 1 day |", TimeDelta::days(2500), Some(TimeDelta::days(1))),
        ("| longer | 1 week |", TimeDelta::days(20_000), Some(TimeDelta::weeks(1))),
    ];
    for (i, (row, longest, expected)) in rules.iter().enumerate() {
        assert!(text.contains(row), "there is no row {row}");
        assert_eq!(width(*longest), *expected, "{row}");
        if i + 1 < rules.len() {
            assert_eq!(width(*longest + TimeDelta::minutes(1)), rules[i + 1].2, "just beyond {row}");
        }
    }
}

#[test]
fn what_may_stand_in_a_condition_is_what_the_text_says() {
    let text = read(CONFIGURATION);
    let list = "`lower upper trim length substr coalesce nullif abs round floor ceil now`";
    assert!(text.contains(list));
    let functions = list.trim_matches('`').split(' ').map(|name| match name {
        "now" => "a < now() - interval '1 day'".to_owned(),
        "coalesce" | "nullif" => format!("{name}(a, 1) = 2"),
        "substr" => "substr(a, 1, 2) = 'ab'".to_owned(),
        _ => format!("{name}(a) = 1"),
    });
    let words = "a = 1 AND b <> 'x' OR NOT c < 2; a IN (1, 2); a BETWEEN 1 AND 2; a LIKE 'x%'; a ILIKE 'x%'; a IS NULL; a + 1 - 2 * 3 / 4 % 5 > 0";
    let allowed: Vec<String> = functions.chain(words.split("; ").map(str::to_owned)).collect();
    let refused = ["a IN (SELECT 1)", "a = 1; DROP TABLE t", "a = 1 -- x", "a::int = 1", "pg_sleep(1) = 1"];
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("panel.yaml");
    let faults_of = |condition: &str| {
        let panel =
            "panel:\n  type: table\n  title: T\n  data_source: { table: t, columns: [{ name: a }] }\n  query:\n    where: ";
        std::fs::write(&file, format!("{panel}\"{condition}\"\n")).expect("written");
        check(&file).faults
    };
    for condition in allowed {
        assert_eq!(faults_of(&condition), [], "{condition}");
    }
    for condition in refused {
        assert_eq!(faults_of(condition).len(), 1, "{condition}");
    }
}

#[test]
fn the_example_of_buckets_is_true() {
    let text = read(CONFIGURATION);
    assert!(text.contains("a panel over `2026-11-01` to `2026-11-08` (7 days, so hours) asks for 169 buckets"));
    // Midnight in New York: four hours behind UTC before the night of the 1st, five after it.
    let week = TimeRange::new(at("2026-11-01T04:00:00Z"), at("2026-11-08T05:00:00Z")).expect("a range");
    let window = Window::new(week, false, TimeDelta::zero(), Tz::America__New_York, true);
    let bucket = window.bucket.expect("buckets");
    assert_eq!((bucket.width, window.range), (TimeDelta::hours(1), week));
    let mut edges = Vec::new();
    let mut edge = week.from();
    while edge < week.to() {
        edges.push(edge);
        edge = bucket.edge(edge + TimeDelta::seconds(1), true).expect("an edge");
    }
    assert_eq!(edges.len(), 169);
    let second = at("2026-11-02T05:00:00Z");
    assert_eq!(edges.iter().filter(|edge| **edge < second).count(), 25, "the first day has 25");
}
