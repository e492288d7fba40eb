//! `loggia check` and `loggia schema` over real folders.
#![allow(clippy::unwrap_used)] // a story whose stage cannot be built has failed

use std::fs;
use std::path::{Path, PathBuf};

use loggia::config::check::{self, Format};
use loggia::config::schema::{self, What};
use serde_json::{Value, json};

const FRONT: &str = "acme-corp/dashboards/default.yaml";
const PANEL: &str = "acme-corp/panels/a.yaml";
const TENANT: &str = "acme-corp/tenant.yaml";
const KPI: &str = "panel:\n  type: kpi\n  title: Memory\n  data_source:\n    table: metrics\n    columns:\n      value: v\n    query: \"ORDER BY seen DESC LIMIT 1\"\n";
const ONE: &str = "dashboard:\n  name: One\n  panels:\n    - id: a\n      config_file: panels/a.yaml\n";

fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A folder with one good tenant, and `files` over it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), FRONT, ONE);
    write(dir.path(), PANEL, KPI);
    for (path, text) in files {
        write(dir.path(), path, text);
    }
    dir
}

fn said(dir: &Path) -> Vec<String> {
    let (text, good) = check::report(dir, Format::Text);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let summary = lines.pop().unwrap();
    assert_eq!(good, summary.starts_with("no faults"), "{text}");
    lines
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/seed")
}

#[test]
fn the_seeds_files_have_no_faults() {
    let (text, good) = check::report(&fixtures(), Format::Text);
    assert!(good, "{text}");
    assert!(text.ends_with("no faults, 3 warnings; 7 files read\n"), "{text}");
}

/// A dashboard's head, so that its panels begin on line 4.
fn panels(list: &str) -> String {
    format!("dashboard:\n  name: One\n  panels:\n{list}")
}

fn tenant(store: &str) -> String {
    format!("tenant:\n  datastore: {store}\n")
}

#[test]
fn a_broken_file_is_told_with_its_place_and_what_was_meant() {
    let table: Vec<(&str, String, Vec<&str>)> = vec![
        // dashboards: keys and types
        (FRONT, ONE.replace("name", "nmae"), vec!["2:3: missing key “name”", "2:3: unknown key “nmae”; did you mean “name”?"]),
        (FRONT, ONE.replace("dashboard:", "dashbord:"), vec!["1:1: missing key “dashboard”", "1:1: unknown key “dashbord”; did you mean “dashboard”?"]),
        (FRONT, ONE.replace("name: One", "name: 5"), vec!["2:9: expected text, found 5 (put it in quotes)"]),
        (FRONT, ONE.replace("name: One", "name: [One]"), vec!["2:9: expected text, found a list"]),
        (FRONT, ONE.replace("name: One", "name: \"\""), vec!["2:9: this text is empty"]),
        (FRONT, ONE.replace("name: One", "name:"), vec!["2:3: expected text, found nothing"]),
        (FRONT, "dashboard:\n  name: One\n".into(), vec!["2:3: missing key “panels” (or `app`, the app that is its body)"]),
        (FRONT, "dashboard:\n  name: One\n  panels: {a: b}\n".into(), vec!["3:11: expected a list, found a map of keys and values"]),
        (FRONT, "dashboard: [1]\n".into(), vec!["1:12: expected a map of keys and values, found a list"]),
        (FRONT, String::new(), vec!["1:1: expected a map of keys and values, found nothing"]),
        (FRONT, format!("{ONE}  refresh_interval: soon\n"), vec!["6:21: expected whole seconds or a time like 30s, 5m or 6h, from 1s to 7d, found “soon”"]),
        (FRONT, format!("{ONE}  refresh_interval: 0\n"), vec!["6:21: expected whole seconds or a time like 30s, 5m or 6h, from 1s to 7d, found 0"]),
        (FRONT, format!("{ONE}  timezone: Europe/Berln\n"), vec!["6:13: unknown time zone “Europe/Berln”; did you mean “Europe/Berlin”?"]),
        (FRONT, format!("{ONE}  layout: {{columns: 16}}\n"), vec!["6:21: expected 12, found 16"]),
        (FRONT, format!("{ONE}  app: customer-ltv\n"), vec!["6:3: either `panels` or `app`, not both"]),
        (FRONT, format!("{ONE}  zzz: customer-ltv\n"), vec!["6:3: unknown key “zzz”; known here: name, description, refresh_interval, timezone, range, visible_to, layout, filters, app, panels"]),
        (FRONT, format!("{ONE}  name: Two\n"), vec!["6:3: the key “name” stands here a second time"]),
        // dashboards: panels and their places
        (FRONT, panels("    - id: 1a\n      config_file: panels/a.yaml\n"), vec!["4:11: “1a” must be 1 to 64 letters, digits, _ or -, a letter first"]),
        (FRONT, panels("    - id: dashboard\n      config_file: panels/a.yaml\n"), vec!["4:11: “dashboard” is reserved"]),
        (FRONT, panels("    - config_file: panels/a.yaml\n"), vec!["4:7: missing key “id”"]),
        (FRONT, panels("    - id: a\n"), vec!["4:7: missing key “config_file” (or `panel`, the panel itself)"]),
        (FRONT, ONE.replace("panels/a.yaml", "panels/b.yaml"), vec!["5:20: “panels/b.yaml” is neither in acme-corp nor in _shared; did you mean “panels/a.yaml”?"]),
        (FRONT, ONE.replace("panels/a.yaml", "/etc/passwd"), vec!["5:20: “/etc/passwd” leads outside the tenant’s folder: expected a path like panels/cpu_usage.yaml"]),
        (FRONT, format!("{ONE}      position: {{row: 1, col: 9, width: 8}}\n"), vec!["6:41: a width of 8 from column 9 does not fit a grid of 12 columns"]),
        (FRONT, format!("{ONE}      position: {{row: 1, col: 10}}\n"), vec!["6:31: a width of 4 (its type's usual width; say `width:`) from column 10 does not fit a grid of 12 columns"]),
        (FRONT, format!("{ONE}      position: {{row: 99, col: 1, height: 2}}\n"), vec!["6:23: a height of 2 from row 99 does not fit a grid of 99 rows"]),
        (FRONT, format!("{ONE}      position: {{row: 0, col: 13, width: wide, height: -1}}\n"), vec![
            "6:23: expected a whole number from 1 to 99, found 0",
            "6:31: expected a whole number from 1 to 12, found 13",
            "6:42: expected a whole number from 1 to 12, found “wide”",
            "6:56: expected a whole number from 1 to 12, found -1",
        ]),
        (FRONT, format!("{ONE}      position: {{row: 1}}\n"), vec!["6:17: missing key “col”: `row` and `col` stand together"]),
        (FRONT, format!("{ONE}      position: {{row: 1.5, col: \"2\"}}\n"), vec![
            "6:23: expected a whole number from 1 to 99, found 1.5",
            "6:33: expected a whole number from 1 to 12, found “2” (without quotes it is a number)",
        ]),
        (FRONT, format!("{ONE}    - id: a\n      config_file: panels/a.yaml\n"), vec!["6:11: the panel id “a” stands on this dashboard a second time"]),
        (FRONT, panels("    - {id: a, config_file: panels/a.yaml, position: {row: 1, col: 1}}\n    - {id: b, config_file: panels/a.yaml, position: {row: 1, col: 4}}\n"), vec![
            "5:53: “b” stands on “a”, which covers columns 1 to 4 of rows 1 to 1",
        ]),
        (FRONT, format!("{ONE}  range: {{from: now, to: yesterday}}\n"), vec!["6:26: RANGE"]),
        (FRONT, format!("{ONE}  range: {{from: now, to: now-1h}}\n"), vec!["6:10: RANGE"]),
        // not YAML
        (FRONT, ONE.replace("  name", "\tname"), vec!["2:1: a tab cannot indent YAML: use spaces"]),
        (FRONT, ONE.replace("One", "One: two"), vec!["2:12: a “:” cannot stand here; put a text that holds “: ” in quotes"]),
        (FRONT, format!("{ONE}---\na: b\n"), vec!["7:1: a second document begins here: one file holds one"]),
        (FRONT, ONE.replace("One", "\"One"), vec!["2:9: a quote is opened here and not closed on its line, and the next lines are not indented"]),
        (PANEL, "panel: {type: kpi\n".into(), vec!["2:1: expected “,” or “}” here"]),
        // tenants
        (TENANT, "tenant: {nam: Acme, brandig: {}}\n".into(), vec!["1:10: unknown key “nam”; did you mean “name”?", "1:21: unknown key “brandig”; did you mean “branding”?"]),
        (TENANT, "tenant: {branding: {accent: blue, logo: ../x.svg}}\n".into(), vec!["1:29: “blue” is not a colour like #3B82F6"]),
        (TENANT, "tenant: {branding: {logo: ../x.svg}}\n".into(), vec!["1:27: expected a file in the tenant’s folder, like logo.svg"]),
        (TENANT, "tenant: {dashboards: [ltv]}\n".into(), vec!["1:23: there is no shared dashboard “ltv”"]),
        (TENANT, tenant("{kind: postgress, url: {env: X}}"), vec!["2:21: unknown value “postgress”; did you mean “postgres”?"]),
        (TENANT, tenant("{kind: postgres}"), vec!["2:14: missing key “url”"]),
        (TENANT, tenant("{kind: postgres, url: {enf: X}}"), vec!["2:37: unknown key “enf”; did you mean “env”?"]),
        (TENANT, tenant("{kind: postgres, url: [X]}"), vec!["2:36: expected text, { env: NAME } or { file: PATH }, found a list"]),
        (TENANT, tenant("{kind: postgres, url: \"sqlite:a.db\"}"), vec!["2:36: expected an address of kind postgres, like postgres://host/database"]),
        (TENANT, tenant("{kind: postgres, url: \"postgres://${HOST}/a\"}"), vec!["2:36: variables are not replaced in files: write url: { env: NAME }"]),
        (TENANT, tenant("{kind: sqlite, url: \"sqlite:a.db\", workspace: w}"), vec!["2:49: a workspace belongs to kind databricks, not sqlite"]),
        (TENANT, tenant("{kind: sqlite, url: \"sqlite:a.db\", statement_timeout: 1h, max_connections: 0}"), vec![
            "2:68: expected whole seconds or a time like 30s, 5m or 6h, from 100ms to 10m, found “1h”",
            "2:89: expected a whole number from 1 to 100, found 0",
        ]),
        (TENANT, "tenant:\n  datastores:\n    - {kind: sqlite, url: \"sqlite:a\", primary: true}\n    - {kind: sqlite, url: \"sqlite:b\", primary: true}\n".into(), vec![
            "4:48: a second primary datastore for every environment",
        ]),
        (TENANT, "tenant: {datastores: [{kind: sqlite, url: \"sqlite:a\", env: live}]}\n".into(), vec!["1:60: unknown value “live”; expected one of: dev, stage, prod"]),
        // apps
        ("_shared/apps/ltv.yaml", "app: {title: LTV, upstream: {url: \"127.0.0.1\", strip: true}}\n".into(), vec![
            "1:35: “127.0.0.1” is not an address like http://127.0.0.1:8050",
            "1:48: unknown key “strip”; known here: url, strip_prefix",
        ]),
        ("acme-corp/dashboards/my board.yaml", ONE.into(), vec!["1:1: the file’s name is the dashboard’s id: “my board” must be 1 to 64 letters, digits, _ or -, a letter first"]),
        ("acme-corp/dashboards/b.yml", ONE.into(), vec!["1:1: files are named .yaml: rename this one"]),
    ];
    assert!(table.len() >= 50);
    let mut wrong = Vec::new();
    for (file, text, wanted) in table {
        let dir = folder(&[(file, &text)]);
        let lines: Vec<String> = said(dir.path()).into_iter().filter(|line| !line.contains("warning: ")).collect();
        let wanted: Vec<String> = wanted.iter().map(|fault| format!("{file}:{fault}")).collect();
        if wanted.iter().any(|fault| fault.ends_with("RANGE")) {
            // What is wrong with a time is said by the range's own reader.
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].starts_with(wanted[0].trim_end_matches("RANGE")), "{lines:?}");
            continue;
        }
        if lines != wanted {
            wrong.push(format!("{text}\n  told   {lines:#?}\n  wanted {wanted:#?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let dir = folder(&[
        (FRONT, "dashboard:\n  nam: One\n  panels:\n    - id: 1\n      config: x\n"),
        (TENANT, "tenant: {timezone: Mars/Base}\n"),
        ("global-retail/panels/x.yaml", "panel: {}\n"),
        ("Bad_Name/dashboards/default.yaml", ONE),
        (
            "acme-corp/dashboards/other.yaml",
            &format!("{ONE}    - id: b\n      config_file: panels/a.yml\n      position: {{row: 1, col: 1, widht: 2}}\n"),
        ),
    ]);
    let lines = said(dir.path());
    assert_eq!(
        lines[..8],
        [
            "Bad_Name:1:1: “Bad_Name” must be lower-case letters and digits, words joined by single hyphens, a letter first",
            "acme-corp/dashboards/default.yaml:2:3: missing key “name”",
            "acme-corp/dashboards/default.yaml:2:3: unknown key “nam”; did you mean “name”?",
            "acme-corp/dashboards/default.yaml:4:11: expected text, found 1 (put it in quotes)",
            "acme-corp/dashboards/default.yaml:5:7: unknown key “config”; known here: id, config_file, panel, position",
            "acme-corp/dashboards/other.yaml:8:34: unknown key “widht”; did you mean “width”?",
            "acme-corp/tenant.yaml:1:20: unknown time zone “Mars/Base”; expected a name like Europe/Berlin or UTC",
            "global-retail/dashboards/default.yaml:1:1: this file is missing: every tenant has a dashboard of this name",
        ]
    );
    assert!(lines[8].starts_with("global-retail/panels/x.yaml:1:8: "), "{lines:?}");
}

#[test]
fn an_id_is_one_panel_for_a_tenant() {
    let dir = folder(&[
        ("acme-corp/dashboards/second.yaml", &ONE.replace("One", "Second").replace("panels/a.yaml", "panels/b.yaml")),
        ("acme-corp/panels/b.yaml", KPI),
    ]);
    let fault = "acme-corp/dashboards/second.yaml:4:11: for acme-corp, the panel id “a” already names acme-corp/panels/a.yaml on \
                 acme-corp/dashboards/default.yaml: an id is one panel";
    assert_eq!(said(dir.path()), [fault]);
}

#[test]
fn what_cannot_be_read_is_told() {
    let dir = folder(&[]);
    write(dir.path(), "acme-corp/panels/latin.yaml", b"panel:\n  title: \"caf\xe9\"\n");
    write(dir.path(), "acme-corp/panels/large.yaml", "#".repeat(1024 * 1024 + 1));
    fs::create_dir_all(dir.path().join("acme-corp/panels/folder.yaml")).unwrap();
    assert_eq!(
        said(dir.path()),
        [
            "acme-corp/panels/folder.yaml:1:1: this is a folder, not a file",
            "acme-corp/panels/large.yaml:1:1: the file is larger than 1 MiB",
            "acme-corp/panels/latin.yaml:2:14: this file is not UTF-8 text",
        ]
    );
}

#[test]
fn a_tenant_or_a_file_is_checked_alone() {
    let dir = folder(&[
        (FRONT, &ONE.replace("name", "nmae")),
        ("global-retail/dashboards/default.yaml", "x"),
        (TENANT, "tenant: {x: 1}\n"),
    ]);
    let said = |path: &str| said(&dir.path().join(path)).len();
    assert_eq!((said(""), said("acme-corp"), said(FRONT), said(PANEL), said(TENANT)), (4, 3, 2, 0, 1));
    let loose = tempfile::tempdir().unwrap();
    write(loose.path(), "t.yaml", "tenant: {x: 1}\n");
    let (text, good) = check::report(&loose.path().join("t.yaml"), Format::Text);
    assert!(
        !good && text.contains("t.yaml:1:10: unknown key “x”") && text.ends_with("1 fault in 1 file; 1 file read\n"),
        "{text}"
    );
    let (text, good) = check::report(&loose.path().join("nothing"), Format::Text);
    assert!(!good && text.contains("there is no such file or folder"), "{text}");
}

#[test]
fn json_tells_the_same() {
    let dir = folder(&[(FRONT, &ONE.replace("One", "[One]")), ("acme-corp/panels/b.yaml", KPI)]);
    let (text, good) = check::report(dir.path(), Format::Json);
    let told: Value = serde_json::from_str(&text).unwrap();
    assert!(!good);
    assert_eq!(told["files"], json!(3));
    assert_eq!(
        told["faults"][0],
        json!({"file": FRONT, "line": 2, "column": 9, "message": "expected text, found a list", "severity": "error"})
    );
    assert!(told["faults"].as_array().unwrap()[1..].iter().all(|fault| fault["severity"] == "warning"));
}

/// A fixture as JSON: its keys are texts there too.
fn as_json(path: &str) -> Value {
    let text = fs::read_to_string(fixtures().join("acme-corp").join(path)).unwrap();
    loggia::yaml::Document::parse(path, &text).unwrap().read().unwrap()
}

#[test]
fn the_schema_takes_the_seeds_files_and_refuses_broken_ones() {
    let panel = jsonschema::validator_for(&schema::print(What::Panel)).unwrap();
    for name in ["cpu_usage", "memory_kpi", "health_status", "error_log", "custom_chart", "custom_summary"] {
        let file = as_json(&format!("panels/{name}.yaml"));
        let errors: Vec<_> = panel.iter_errors(&file).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let mut broken = file.clone();
        broken["panel"]["type"] = json!("unheard-of");
        assert!(!panel.is_valid(&broken));
        let mut broken = file;
        broken["panel"]["unheard_of"] = json!(1);
        assert!(!panel.is_valid(&broken), "{name}");
    }
    let dashboard = jsonschema::validator_for(&schema::print(What::Dashboard)).unwrap();
    let file = as_json("dashboards/default.yaml");
    assert!(dashboard.is_valid(&file));
    for (place, value) in
        [("/dashboard/panels/0/position/col", json!(13)), ("/dashboard/name", json!(5)), ("/dashboard/panels/0/id", json!("1"))]
    {
        let mut broken = file.clone();
        *broken.pointer_mut(place).unwrap() = value;
        assert!(!dashboard.is_valid(&broken), "{place}");
    }
    let tenant = jsonschema::validator_for(&schema::print(What::Tenant)).unwrap();
    let store = json!({"kind": "postgres", "url": {"env": "DB"}, "statement_timeout": "5s", "max_connections": 5});
    assert!(tenant.is_valid(&json!({"tenant": {"name": "Acme", "datastore": store, "dashboards": ["ltv"]}})));
    assert!(!tenant.is_valid(&json!({"tenant": {"datastore": {"kind": "postgres", "url": {"enf": "DB"}}}})));
    let app = jsonschema::validator_for(&schema::print(What::App)).unwrap();
    assert!(app.is_valid(&json!({"app": {"title": "LTV", "upstream": {"url": "http://127.0.0.1:8050", "strip_prefix": true}, "jwt_injection": true}})));
    assert!(!app.is_valid(&json!({"app": {"title": "LTV"}})));
}
