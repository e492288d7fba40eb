use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Catalog, Dashboard, Live, Version, files};
use crate::domain::{Key, Role, Slug};

const KPI: &str = "panel: {type: kpi, title: Memory, data_source: {table: metrics, columns: {value: v}}}\n";
const ONE: &str = "dashboard:\n  name: One\n  panels:\n    - {id: a, config_file: panels/a.yaml}\n";

fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Two tenants, each with one dashboard of one panel.
fn world() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for tenant in ["acme-corp", "global-retail"] {
        write(dir.path(), &format!("{tenant}/dashboards/default.yaml"), ONE);
        write(dir.path(), &format!("{tenant}/panels/a.yaml"), KPI);
    }
    dir
}

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

fn front(catalog: &Catalog, tenant: &str) -> Arc<Dashboard> {
    catalog.dashboard_of(&slug(tenant), &key("default")).unwrap()
}

fn live(root: &Path) -> Live {
    Live::new(root, Catalog::load(root, None))
}

fn messages(catalog: &Catalog) -> Vec<String> {
    catalog.all_faults().iter().map(ToString::to_string).collect()
}

#[test]
fn the_seeds_files_load_as_they_stand() {
    let catalog = Catalog::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/seed")), None);
    let unused = ["custom_chart", "custom_summary", "error_log"];
    let warnings = unused.map(|name| format!("acme-corp/panels/{name}.yaml:1:1: warning: no dashboard shows this panel"));
    assert_eq!(messages(&catalog), warnings);
    let dashboard = front(&catalog, "acme-corp");
    assert_eq!(dashboard.name, "System Health Dashboard");
    assert_eq!(dashboard.refresh, Some(chrono::TimeDelta::hours(6)));
    let placed: Vec<_> = dashboard.panels.iter().map(|p| (p.key.as_str(), p.kind, p.position.row, p.position.col)).collect();
    let wanted = [("cpu_usage", "timeseries", 1, 1), ("memory_kpi", "kpi", 1, 9), ("system_health", "health_status", 2, 9)];
    assert_eq!(placed, wanted);
    assert_eq!(dashboard.panels[0].panel.common().title, "CPU Usage Over Time");
}

#[test]
fn no_folder_is_no_tenants_and_no_faults() {
    let catalog = Catalog::load(Path::new("/nowhere/at/all"), None);
    assert!(catalog.tenants().is_empty() && catalog.all_faults().is_empty());
}

#[test]
fn tenants_see_their_own_and_the_shared_things_they_name() {
    let dir = world();
    write(
        dir.path(),
        "_shared/dashboards/ltv.yaml",
        "dashboard:\n  name: Value\n  panels:\n    - {id: b, config_file: panels/b.yaml}\n",
    );
    write(dir.path(), "_shared/panels/b.yaml", KPI);
    write(dir.path(), "acme-corp/tenant.yaml", "tenant: {name: Acme, dashboards: [ltv]}\n");
    write(dir.path(), "acme-corp/panels/b.yaml", KPI.replace("Memory", "Our own"));
    write(dir.path(), "acme-corp/dashboards/beta.yaml", ONE.replace("One", "Alpha"));
    let catalog = Catalog::load(dir.path(), None);
    let titles = |tenant| catalog.dashboards_of(&slug(tenant), Role::Viewer).into_iter().map(|d| d.name).collect::<Vec<_>>();
    assert_eq!(titles("acme-corp"), ["One", "Alpha", "Value"]);
    assert_eq!(titles("global-retail"), ["One"]);
    let (dashboard, index) = catalog.panel_of(&slug("acme-corp"), &key("b"), Role::Viewer).unwrap();
    assert_eq!(dashboard.panels[index].panel.common().title, "Our own");
    assert_eq!(dashboard.panels[index].file, "acme-corp/panels/b.yaml");
    assert!(catalog.panel_of(&slug("global-retail"), &key("b"), Role::Viewer).is_none());
    assert!(catalog.faults_of(&slug("global-retail")).is_empty());
}

#[test]
fn a_tenant_without_a_folder_has_the_shared_dashboards_that_are_assigned_to_it() {
    let dir = world();
    let shared = |name: &str| format!("dashboard:\n  name: {name}\n  panels:\n    - {{id: b, config_file: panels/b.yaml}}\n");
    for (file, name) in [("ltv", "Value"), ("default", "Front"), ("other", "Other")] {
        write(dir.path(), &format!("_shared/dashboards/{file}.yaml"), shared(name));
    }
    write(dir.path(), "_shared/panels/b.yaml", KPI);
    let catalog = Catalog::load(dir.path(), None);
    let assigned = ["ltv".to_owned(), "default".to_owned(), "gone".to_owned()];
    let nobody = slug("no-folder");
    assert_eq!((catalog.count(&nobody, &assigned, Role::Viewer), catalog.count(&nobody, &[], Role::Viewer)), (2, 0));
    assert!(
        catalog.has(&nobody, &assigned, &key("ltv"), Role::Viewer)
            && !catalog.has(&nobody, &assigned, &key("other"), Role::Viewer)
    );
    // its own file of the same name wins
    assert_eq!(catalog.count(&slug("acme-corp"), &assigned, Role::Viewer), 2);
    assert_eq!(front(&catalog, "acme-corp").name, "One");
    assert_eq!(catalog.shared().len(), 3);
    write(dir.path(), "_shared/dashboards/ltv.yaml", "dashboard: {nam: Value}");
    let second = Catalog::load(dir.path(), Some(&catalog));
    assert_eq!(second.shared[&key("ltv")].version, Version::LastGood);
}

#[test]
fn a_tenant_file_sets_what_it_says_and_nothing_else() {
    let dir = world();
    let text = "tenant:\n  timezone: America/New_York\n  datastores:\n    - {kind: sqlite, url: \"sqlite:a.db\", env: dev}\n    \
                - {kind: postgres, url: {env: DB}, env: prod, statement_timeout: 5s, max_connections: 5}\n    \
                - {kind: postgres, url: {file: /run/db}, env: prod, primary: true}\n";
    write(dir.path(), "acme-corp/tenant.yaml", text);
    let catalog = Catalog::load(dir.path(), None);
    assert_eq!(messages(&catalog), Vec::<String>::new());
    let tenants = catalog.tenants();
    assert!(tenants[0].written && !tenants[1].written);
    assert_eq!((tenants[0].name.clone(), tenants[0].zone), (None, Some(chrono_tz::America::New_York)));
    let primary: Vec<_> = tenants[0].datastores.iter().map(|store| (store.env.as_deref(), store.primary)).collect();
    assert_eq!(primary, [(Some("dev"), true), (Some("prod"), false), (Some("prod"), true)]);
    assert_eq!(tenants[0].datastores[1].statement_timeout, Some(chrono::TimeDelta::seconds(5)));
    assert_eq!(format!("{:?}", tenants[0].datastores[0].url), "Plain(…)");
}

#[test]
fn a_file_saved_wrong_leaves_the_last_good_version() {
    let dir = world();
    let first = Catalog::load(dir.path(), None);
    write(dir.path(), "acme-corp/dashboards/default.yaml", ONE.replace("name:", "nam:"));
    write(dir.path(), "global-retail/panels/a.yaml", "panel: {type: [");
    let second = Catalog::load(dir.path(), Some(&first));
    let acme = front(&second, "acme-corp");
    assert_eq!((acme.version, acme.name.as_str(), acme.panels.len()), (Version::LastGood, "One", 1));
    assert_eq!(acme.faults[0].file, "acme-corp/dashboards/default.yaml");
    let retail = front(&second, "global-retail");
    assert_eq!((retail.version, retail.panels[0].version), (Version::Current, Version::LastGood));
    assert_eq!(retail.panels[0].panel.common().title, "Memory");
    assert_eq!(retail.faults.len(), 1);
    let third = Catalog::load(dir.path(), Some(&second));
    assert!(Arc::ptr_eq(&front(&third, "acme-corp"), &acme), "nothing changed");
    write(dir.path(), "acme-corp/dashboards/default.yaml", ONE.replace("One", "Two"));
    write(dir.path(), "global-retail/panels/a.yaml", KPI.replace("Memory", "Disk"));
    let fourth = Catalog::load(dir.path(), Some(&third));
    assert_eq!((front(&fourth, "acme-corp").name.as_str(), front(&fourth, "acme-corp").version), ("Two", Version::Current));
    assert_eq!(front(&fourth, "global-retail").panels[0].panel.common().title, "Disk");
    assert!(fourth.all_faults().is_empty());
}

#[test]
fn a_panel_repaired_below_a_dashboard_at_fault_is_drawn_as_it_is_now() {
    let dir = world();
    let first = Catalog::load(dir.path(), None);
    write(dir.path(), "acme-corp/dashboards/default.yaml", "dashboard: 1\n");
    let second = Catalog::load(dir.path(), Some(&first));
    write(dir.path(), "acme-corp/panels/a.yaml", KPI.replace("Memory", "Disk"));
    let third = Catalog::load(dir.path(), Some(&second));
    let acme = front(&third, "acme-corp");
    assert_eq!((acme.version, acme.panels[0].panel.common().title.as_str()), (Version::LastGood, "Disk"));
    assert_eq!(acme.faults.len(), 1);
}

#[test]
fn what_is_broken_from_the_start_breaks_nothing_else() {
    let dir = world();
    write(dir.path(), "acme-corp/dashboards/broken.yaml", "dashboard: [");
    write(
        dir.path(),
        "acme-corp/dashboards/half.yaml",
        "dashboard:\n  name: Half\n  panels:\n    \
          - {id: a, config_file: panels/a.yaml, position: {row: 1, col: 1}}\n    - {id: gone, config_file: panels/gone.yaml}\n    \
          - {id: far, panel: {type: kpi, title: Far, data_source: {table: m, columns: {value: v}}}, position: {row: 1, col: 11}}\n",
    );
    write(dir.path(), "acme-corp/tenant.yaml", "tenant: {nme: x}\n");
    let catalog = Catalog::load(dir.path(), None);
    let find = |name: &str| catalog.dashboard_of(&slug("acme-corp"), &key(name)).unwrap();
    assert_eq!((find("broken").version, find("broken").panels.len()), (Version::Faulty, 0));
    assert_eq!(find("default").version, Version::Current);
    let half = find("half");
    let panels: Vec<_> = half.panels.iter().map(|p| (p.key.as_str(), p.version, p.position.row)).collect();
    assert_eq!(panels, [("a", Version::Current, 1), ("gone", Version::Faulty, 2), ("far", Version::Current, 2)]);
    let acme = catalog.tenants()[0];
    assert!(acme.written && acme.version == Version::Faulty && acme.name.is_none());
    assert!(catalog.faults_of(&slug("global-retail")).is_empty());
    assert_eq!(catalog.faults_of(&slug("acme-corp")).iter().filter(|fault| !fault.warning).count(), 4);
}

#[test]
fn a_panel_file_that_is_deleted_leaves_its_panel_until_it_is_no_longer_asked_for() {
    let dir = world();
    let first = Catalog::load(dir.path(), None);
    fs::remove_file(dir.path().join("acme-corp/panels/a.yaml")).unwrap();
    let second = Catalog::load(dir.path(), Some(&first));
    let acme = front(&second, "acme-corp");
    assert_eq!((acme.version, acme.panels[0].panel.common().title.as_str()), (Version::LastGood, "Memory"));
    write(dir.path(), "_shared/panels/a.yaml", KPI.replace("Memory", "Shared"));
    let third = Catalog::load(dir.path(), Some(&second));
    assert_eq!(front(&third, "acme-corp").panels[0].panel.common().title, "Shared");
    assert_eq!(front(&third, "acme-corp").version, Version::Current);
}

#[test]
fn nothing_outside_the_tenants_folder_is_ever_read() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "a.yaml", KPI);
    let dir = world();
    std::os::unix::fs::symlink(outside.path().join("a.yaml"), dir.path().join("acme-corp/panels/link.yaml")).unwrap();
    std::os::unix::fs::symlink(outside.path(), dir.path().join("acme-corp/more")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("acme-corp/panels/dangling.yaml")).unwrap();
    std::os::unix::fs::symlink("loop", dir.path().join("acme-corp/loop")).unwrap();
    write(
        dir.path(),
        "acme-corp/dashboards/b.yaml",
        "dashboard:\n  name: B\n  panels:\n    - {id: l, config_file: panels/link.yaml}\n    \
          - {id: m, config_file: more/a.yaml}\n    - {id: n, config_file: ../global-retail/panels/a.yaml}\n",
    );
    let said = messages(&Catalog::load(dir.path(), None));
    assert_eq!(
        said,
        [
            "acme-corp/dashboards/b.yaml:5:28: “more/a.yaml” is neither in acme-corp nor in _shared",
            "acme-corp/dashboards/b.yaml:6:28: “../global-retail/panels/a.yaml” leads outside the tenant’s folder: expected a path like panels/cpu_usage.yaml",
            "acme-corp/panels/dangling.yaml:1:1: this link leads nowhere",
            "acme-corp/panels/link.yaml:1:1: this link leads outside the tenants folder",
        ]
    );
}

#[test]
fn kubernetes_swaps_a_link_and_the_new_files_are_live() {
    let dir = tempfile::tempdir().unwrap();
    for (version, name) in [("v1", "One"), ("v2", "Two")] {
        write(
            dir.path(),
            &format!("acme-corp/dashboards/..{version}/default.yaml"),
            format!("dashboard: {{name: {name}, panels: []}}\n"),
        );
    }
    let folder = dir.path().join("acme-corp/dashboards");
    std::os::unix::fs::symlink("..v1", folder.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/default.yaml", folder.join("default.yaml")).unwrap();
    let live = live(dir.path());
    assert_eq!(front(&live.now(), "acme-corp").name, "One");
    std::os::unix::fs::symlink("..v2", folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    assert!(live.refresh().is_some());
    assert_eq!(front(&live.now(), "acme-corp").name, "Two");
    assert!(live.now().all_faults().is_empty());
}

#[test]
fn a_second_save_within_the_same_tick_of_the_clock_is_seen() {
    let dir = world();
    let live = live(dir.path());
    let path = dir.path().join("acme-corp/dashboards/default.yaml");
    let when = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, ONE.replace("One", "Two")).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(when).unwrap();
    assert!(live.refresh().is_some(), "same times, size and inode");
    assert_eq!(front(&live.now(), "acme-corp").name, "Two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_file_is_live_within_a_second_however_it_is_saved() {
    let dir = world();
    let live = Arc::new(live(dir.path()));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let watching = tokio::spawn({
        let live = live.clone();
        async move {
            live.watch(|catalog| {
                let told = tell.send(catalog.generation);
                async move { told.unwrap() }
            })
            .await;
        }
    });
    let untouched = front(&live.now(), "global-retail");
    let path = dir.path().join("acme-corp/dashboards/default.yaml");
    let in_place = |text: String| fs::write(&path, text).unwrap();
    let renamed = |text: String| {
        fs::write(path.with_extension("tmp"), text).unwrap();
        fs::rename(path.with_extension("tmp"), &path).unwrap();
    };
    let saves: [(&str, &dyn Fn(String)); 4] = [("Two", &in_place), ("Three", &renamed), ("Four", &in_place), ("Five", &renamed)];
    for (name, save) in saves {
        let saved = Instant::now();
        save(ONE.replace("One", name));
        tokio::time::timeout(Duration::from_secs(5), told.recv()).await.unwrap().unwrap();
        assert!(saved.elapsed() < Duration::from_secs(1), "{name} took {:?}", saved.elapsed());
        assert_eq!(front(&live.now(), "acme-corp").name, name);
    }
    assert!(Arc::ptr_eq(&untouched, &front(&live.now(), "global-retail")));
    fs::remove_file(&path).unwrap();
    tokio::time::timeout(Duration::from_secs(5), told.recv()).await.unwrap().unwrap();
    assert!(live.now().dashboard_of(&slug("acme-corp"), &key("default")).is_none());
    assert!(messages(&live.now())[0].starts_with("acme-corp/dashboards/default.yaml:1:1: this file is missing"));
    watching.abort();
}

#[test]
fn five_hundred_tenants_load_in_a_moment_and_one_change_costs_less() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..500 {
        write(dir.path(), &format!("tenant-{n}/dashboards/default.yaml"), ONE);
        write(dir.path(), &format!("tenant-{n}/panels/a.yaml"), KPI);
        write(
            dir.path(),
            &format!("tenant-{n}/tenant.yaml"),
            "tenant: {name: T, datastore: {kind: sqlite, url: \"sqlite:t.db\"}}\n",
        );
    }
    let started = Instant::now();
    let live = live(dir.path());
    assert_eq!((live.now().tenants().len(), live.now().all_faults().len()), (500, 0));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    write(dir.path(), "tenant-7/dashboards/default.yaml", ONE.replace("One", "Two"));
    let started = Instant::now();
    assert!(live.refresh().is_some());
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(front(&live.now(), "tenant-7").name, "Two");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_make_the_catalog_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0usize..4) {
        let dir = world();
        let path = ["acme-corp/tenant.yaml", "acme-corp/dashboards/default.yaml", "acme-corp/panels/a.yaml", "_shared/apps/a.yaml"][which];
        write(dir.path(), path, &bytes);
        let catalog = Catalog::load(dir.path(), None);
        prop_assert!(catalog.faults_of(&slug("global-retail")).is_empty());
        let _ = files::text(&bytes, "x");
    }
}

#[test]
fn filters_are_read_in_the_order_of_their_dependencies() {
    let written = "dashboard:
  name: Board
  filters:
    - { id: server, type: multi, choices: { table: metrics, column: host, depends_on: region, where: \"kind = 'cpu'\" } }
    - { id: region, label: Region, type: select, choices: [EU, US], default: EU }
    - { id: words, type: text }
  panels: []
";
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "acme-corp/dashboards/default.yaml", written);
    let catalog = Catalog::load(dir.path(), None);
    assert_eq!(catalog.all_faults(), vec![]);
    let board = catalog.dashboard_of(&"acme-corp".parse().unwrap(), &"default".parse().unwrap()).unwrap();
    let ids: Vec<&str> = board.filters.iter().map(|filter| filter.id.as_str()).collect();
    assert_eq!(ids, ["region", "words", "server"]);
    assert_eq!(board.filters[0].initial, ["EU"]);
    assert_eq!(board.filters[2].label, "server", "without a label it is called by its id");
    assert!(board.filters[0].question(&[]).is_none() && board.filters[2].question(&[]).is_some());
}

#[test]
fn faults_of_filters_are_told_at_their_places() {
    let told = |filters: &str| {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("dashboard:\n  name: Board\n  filters:\n{filters}\n  panels: []\n");
        write(dir.path(), "acme-corp/dashboards/default.yaml", &text);
        let faults = Catalog::load(dir.path(), None).all_faults();
        faults.iter().map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.message)).collect::<Vec<_>>()
    };
    let one = |filter: &str| told(&format!("    - {{ {filter} }}"));
    assert_eq!(one("id: a, type: selct, choices: [x]"), ["4:22 unknown value “selct”; did you mean “select”?"]);
    assert_eq!(one("id: a, type: select"), ["4:7 missing key “choices”: a list, or the table and column to choose from"]);
    assert_eq!(one("id: a, type: text, choices: [x]"), ["4:37 a text filter takes any text; choices belong to select and multi"]);
    assert_eq!(one("id: a, type: select, choices: []"), ["4:39 must be 1 to 500 choices"]);
    assert_eq!(one("id: a, type: select, choices: [x, x]"), ["4:43 the choice “x” stands here a second time"]);
    assert_eq!(
        one("id: a, type: select, choices: [north, south], default: nort"),
        ["4:64 “nort” is not among the choices; did you mean “north”?"]
    );
    assert_eq!(one("id: a, type: select, choices: [x, y], default: [x, y]"), ["4:56 only a multi filter has several values"]);
    let hostile = one("id: a, type: select, choices: { table: \"t; drop\", column: c, where: \"1=1; drop table t\" }");
    assert_eq!(hostile.len(), 2, "{hostile:?}");
    assert!(
        one("id: a, type: select, choices: { table: t, colum: c }").iter().any(|told| told.contains("did you mean “column”?"))
    );
    let circle =
        told("    - { id: a, type: select, choices: { table: t, column: c, depends_on: a } }\n    - { id: a, type: text }");
    assert_eq!(circle, ["4:74 these filters wait for one another: a", "5:13 the filter “a” stands here a second time"]);
}

#[test]
fn what_is_for_some_roles_is_not_there_for_the_others() {
    let dir = world();
    let board = ONE.replace("  panels:", "  visible_to: [operator]\n  panels:").replace("One", "Secret");
    write(dir.path(), "acme-corp/dashboards/ops.yaml", board.replace("id: a", "id: c"));
    let both = format!("{}    - {{id: b, config_file: panels/b.yaml}}\n", ONE);
    write(dir.path(), "acme-corp/dashboards/default.yaml", both);
    write(dir.path(), "acme-corp/panels/b.yaml", KPI.replace("title: Memory", "title: Memory, visible_to: [admin]"));
    let catalog = Catalog::load(dir.path(), None);
    assert_eq!(catalog.all_faults(), []);
    let acme = slug("acme-corp");
    let seen = |role| {
        let panels = front(&catalog, "acme-corp")
            .seen_by(role, |_| true)
            .unwrap()
            .panels
            .iter()
            .map(|p| p.key.to_string())
            .collect::<Vec<_>>();
        (panels.join(" "), catalog.count(&acme, &[], role), catalog.panel_of(&acme, &key("c"), role).is_some())
    };
    assert_eq!(seen(Role::Viewer), ("a".to_owned(), 1, false));
    assert_eq!(seen(Role::Admin), ("a b".to_owned(), 1, false));
    assert_eq!(seen(Role::Operator), ("a b".to_owned(), 2, true));
    assert!(catalog.panel_of(&acme, &key("b"), Role::Viewer).is_none());

    write(dir.path(), "acme-corp/panels/b.yaml", KPI.replace("title: Memory", "title: Memory, visible_to: []"));
    write(dir.path(), "acme-corp/dashboards/ops.yaml", board.replace("[operator]", "[operater]"));
    let faults = Catalog::load(dir.path(), None).all_faults();
    let told: Vec<String> = faults.iter().filter(|fault| !fault.warning).map(ToString::to_string).collect();
    assert!(told.iter().any(|fault| fault.contains("nobody would see it")), "{told:?}");
    assert!(told.iter().any(|fault| fault.contains("operater")), "{told:?}");
}
