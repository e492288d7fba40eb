//! A dashboard's filters: in the address, in every panel that names them, and saved as one's own.

use std::time::Duration;

use reqwest::Method;

use crate::world::{Kind, Person, Setting, World};

const PANELS: &str = r#"
  panels:
    - id: errors
      panel:
        type: table
        title: Errors
        range: ignore
        data_source:
          table: error_logs
          columns: [{ name: at, format: datetime }, { name: service }, { name: amount }]
          filters: { service: service, words: service, least: amount }
    - id: load
      panel:
        type: timeseries
        title: Load
        data_source:
          table: metrics
          columns: { timestamp: recorded_at, value: cpu_percent, series_label: server_name }
          filters: { server: server_name }
    - id: total
      panel:
        type: kpi
        title: Amounts
        data_source:
          table: error_logs
          columns: { value: amount }
          filters: { service: service }
        aggregate: count
"#;

const FILTERS: &str = r#"dashboard:
  name: "Filtered"
  filters:
    - { id: least, label: Amount, type: multi, choices: ["0", "10", "20", "30"] }
    - id: service
      label: Service
      type: select
      choices: { table: error_logs, column: service, depends_on: { least: amount } }
    - { id: words, label: Words, type: text }
    - { id: server, label: Server, type: select, choices: { table: metrics, column: server_name } }"#;

const PAGE: &str = "/tenant/alpha-works/dashboard/filtered";

/// The stage with a filtered dashboard in both tenants.
async fn open() -> World {
    prepared(World::open().await).await
}

async fn prepared(world: World) -> World {
    for slug in ["alpha-works", "beta-works"] {
        write(&world, &format!("{slug}/dashboards/filtered.yaml"), &format!("{FILTERS}{PANELS}"));
    }
    let viewer = world.person("viewer@alpha.example").await;
    for _ in 0..100 {
        if world.get(&viewer, PAGE).await.status() == 200 {
            return world;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the new dashboard is live within a second");
}

fn write(world: &World, path: &str, text: &str) {
    std::fs::write(world.tenants_file(path), text).expect("written");
}

async fn fragment(world: &World, person: &Person, panel: &str, query: &str) -> String {
    let path = format!("{PAGE}/panel/{panel}?{query}");
    let response = world.ask(person, Method::GET, &path).header("hx-request", "true").send().await.expect("an answer");
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.expect("text")
}

fn rows(html: &str) -> usize {
    html.split("<tbody>").nth(1).map_or(0, |body| body.matches("<tr>").count())
}

#[tokio::test]
async fn panels_follow_the_filters_they_name_and_no_others() {
    let world = open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let all = fragment(&world, &viewer, "errors", "").await;
    assert_eq!(rows(&all), 12);
    let one = fragment(&world, &viewer, "errors", "var-service=MARKALPHA-service-030").await;
    assert_eq!(rows(&one), 1);
    let total = fragment(&world, &viewer, "total", "var-service=MARKALPHA-service-030").await;
    assert!(total.contains(">1<"), "{total}");
    let several = fragment(&world, &viewer, "errors", "var-least=10&var-least=30").await;
    assert_eq!(rows(&several), 2, "a number's column is compared with what is chosen");
    let like = fragment(&world, &viewer, "errors", "var-words=SERVICE-00").await;
    assert_eq!(rows(&like), 1, "whatever the case");
    let load = fragment(&world, &viewer, "load", "var-service=MARKALPHA-service-030").await;
    assert_eq!(load.matches("data-state=\"ready\"").count(), 1, "a filter it does not name leaves it alone");
    world.close().await;
}

#[tokio::test]
async fn the_page_has_a_form_that_keeps_the_view_and_every_link_keeps_the_filters() {
    let world = open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let page = world.text(&viewer, &format!("{PAGE}?from=now-2h&to=now&var-service=MARKALPHA-service-030")).await;
    assert!(page.contains("<option selected>MARKALPHA-service-030</option>"), "{page}");
    assert!(page.contains("<input type=\"hidden\" name=\"from\" value=\"now-2h\">"));
    let links = page.matches(&format!("href=\"{PAGE}?")).count();
    let kept = page.matches("var-service=MARKALPHA-service-030").count();
    assert!(links > 10 && kept >= links, "{kept} of {links} links keep the filter");
    assert!(page.contains(&format!("hx-get=\"{PAGE}/panel/load?from=now-2h&#38;to=now&#38;var-service=MARKALPHA-service-030\"")));
    world.close().await;
}

#[tokio::test]
async fn choices_follow_the_filter_they_depend_on() {
    let world = open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let page = world.text(&viewer, &format!("{PAGE}?var-least=30")).await;
    assert!(page.contains("<option>MARKALPHA-service-030</option>"), "{page}");
    assert!(!page.contains("<option>MARKALPHA-service-020</option>"));
    let page = world.text(&viewer, &format!("{PAGE}?var-least=30&var-service=MARKALPHA-service-020")).await;
    assert!(page.contains("is not among the choices of Service and is ignored"), "{page}");
    world.close().await;
}

#[tokio::test]
async fn what_is_not_among_the_choices_is_ignored_with_a_notice_and_hostile_text_is_only_text() {
    let world = open().await;
    let viewer = world.person("viewer@alpha.example").await;
    for hostile in ["%27%20OR%201%3D1--", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%25", "MARKBETA-service-030", "%5C"] {
        let page = world.text(&viewer, &format!("{PAGE}?var-service={hostile}&var-least={hostile}")).await;
        assert!(page.contains("is not among the choices of Service"), "{hostile}");
        assert!(page.contains("is not among the choices of Amount"), "{hostile}");
        assert!(!page.contains("<script>alert"), "{hostile}");
        let rows_left = rows(&fragment(&world, &viewer, "errors", &format!("var-words={hostile}")).await);
        assert_eq!(rows_left, 0, "{hostile}: text is looked for as it is");
    }
    let many: String = (0..400).map(|i| format!("var-least={i}&")).collect();
    let page = world.get(&viewer, &format!("{PAGE}?{many}")).await;
    assert_eq!(page.status(), 200);
    let page = world.text(&viewer, &format!("{PAGE}?var-nothing=1")).await;
    assert!(page.contains("This dashboard has no filter “nothing”."));
    world.close().await;
}

#[tokio::test]
async fn what_is_saved_opens_the_dashboard_spelled_out_for_its_owner_alone() {
    let world = open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let set = "var-least=10&var-least=30&var-words=serv";
    let saved = world.ask(&viewer, Method::POST, &format!("{PAGE}/filters/save?{set}&from=now-2h&to=now")).send().await.unwrap();
    assert_eq!(saved.status(), 303);
    let elsewhere = world.person("viewer@alpha.example").await;
    let opened = world.get(&elsewhere, &format!("{PAGE}?from=now-1h&to=now")).await;
    assert_eq!(opened.status(), 303);
    let location = opened.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(location, format!("{PAGE}?from=now-1h&to=now&{set}"));
    let page = world.text(&elsewhere, &location).await;
    assert!(page.contains("Reset my default"));
    let admin = world.person("admin@alpha.example").await;
    assert_eq!(world.get(&admin, PAGE).await.status(), 200, "they are one person's");
    let beta = world.person("viewer@beta.example").await;
    assert_eq!(world.get(&beta, "/tenant/beta-works/dashboard/filtered").await.status(), 200);
    let unset = world.get(&elsewhere, &format!("{PAGE}?var-least=")).await;
    assert_eq!(unset.status(), 200, "unset is a choice too");
    let reset = world.ask(&elsewhere, Method::POST, &format!("{PAGE}/filters/reset?{set}")).send().await.unwrap();
    assert_eq!(reset.headers()["location"], PAGE);
    assert_eq!(world.get(&viewer, PAGE).await.status(), 200);
    world.close().await;
}

#[tokio::test]
async fn nobody_saves_in_another_tenant_and_nothing_that_is_no_choice() {
    let world = open().await;
    let stranger = world.person("viewer@beta.example").await;
    let answer = world.ask(&stranger, Method::POST, &format!("{PAGE}/filters/save?var-least=10")).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let viewer = world.person("viewer@alpha.example").await;
    // What is not a choice is not kept either.
    let bad = world.ask(&viewer, Method::POST, &format!("{PAGE}/filters/save?var-least=99")).send().await.unwrap();
    assert_eq!(bad.headers()["location"], PAGE);
    assert_eq!(world.get(&viewer, PAGE).await.status(), 200);
    world.close().await;
}

#[tokio::test]
async fn a_wall_screen_tells_its_filters_and_takes_turns() {
    let world = open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let query = "kiosk=tv&rotate=filtered,second,nowhere&every=30s&var-words=serv";
    let response = world.get(&viewer, &format!("{PAGE}?{query}")).await;
    let next = "/tenant/alpha-works/dashboard/second?kiosk=tv&rotate=filtered%2Csecond%2Cnowhere&every=30s";
    assert_eq!(response.headers()["refresh"], format!("30; url={next}"));
    let page = response.text().await.unwrap();
    assert!(page.contains("class=\"kiosk tv\"") && page.contains("Words: serv"), "{page}");
    assert!(!page.contains("<select") && !page.contains("Leave kiosk") && !page.contains("data-detail"));
    assert!(page.contains("There is no dashboard “nowhere” to take a turn."));
    let second = world.get(&viewer, next).await;
    let refresh = second.headers()["refresh"].to_str().unwrap().to_owned();
    assert!(refresh.contains("/dashboard/filtered?"), "{refresh}");
    world.close().await;
}

#[tokio::test]
async fn a_fault_in_the_filters_is_told_with_its_place_and_what_was_meant() {
    let world = open().await;
    let admin = world.person("admin@alpha.example").await;
    let wrong = FILTERS
        .replace("depends_on: { least: amount }", "depends_on: { leest: amount }")
        .replace("id: words, label: Words", "id: least, label: Words");
    let wrong = format!(
        "{wrong}\n    - {{ id: a, type: select, choices: {{ table: t, column: c, depends_on: b }} }}\n    - {{ id: b, type: select, choices: {{ table: t, column: c, depends_on: a }} }}"
    );
    write(
        &world,
        "alpha-works/dashboards/filtered.yaml",
        &format!("{wrong}{}", PANELS.replace("server: server_name", "servr: server_name")),
    );
    let mut page = String::new();
    for _ in 0..100 {
        page = world.text(&admin, PAGE).await;
        if page.contains("alpha-works/dashboards/filtered.yaml:") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(
        page.contains("filtered.yaml:8:66") && page.contains("there is no filter “leest” here; did you mean “least”?"),
        "{page}"
    );
    assert!(page.contains("the filter “least” stands here a second time"));
    assert!(page.contains("these filters wait for one another: a, b"));
    let right = format!("{FILTERS}{}", PANELS.replace("server: server_name", "servr: server_name"));
    write(&world, "alpha-works/dashboards/filtered.yaml", &right);
    for _ in 0..100 {
        page = world.text(&admin, PAGE).await;
        if page.contains("“servr”") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(
        page.contains("there is no filter “servr” on alpha-works/dashboards/filtered.yaml; did you mean “server”?"),
        "{page}"
    );
    world.close().await;
}

#[tokio::test]
async fn dashboards_are_listed_front_page_first_and_an_own_file_wins_over_the_shared_one() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    std::fs::create_dir_all(world.tenants_file("_shared/dashboards")).expect("a folder");
    let panel = "  panels:\n    - id: rows\n      config_file: panels/rows.yaml\n";
    for (path, name) in [
        ("_shared/dashboards/common.yaml", "Zebra shared"),
        ("_shared/dashboards/own.yaml", "Overridden shared"),
        ("alpha-works/dashboards/own.yaml", "Aardvark own"),
    ] {
        write(&world, path, &format!("dashboard:\n  name: \"{name}\"\n{panel}"));
    }
    let tenant = std::fs::read_to_string(world.tenants_file("alpha-works/tenant.yaml")).unwrap();
    write(&world, "alpha-works/tenant.yaml", &format!("{tenant}  dashboards: [common, own]\n"));
    let mut page = String::new();
    for _ in 0..100 {
        page = world.text(&viewer, "/tenant/alpha-works/dashboard/default").await;
        if page.contains("Zebra shared") && page.contains("Aardvark own") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let menu = page.split("aria-label=\"Dashboards\"").nth(1).and_then(|rest| rest.split("</nav>").next()).unwrap();
    let slugs: Vec<&str> = menu.split("/dashboard/").skip(1).filter_map(|rest| rest.split(['"', '?']).next()).collect();
    assert_eq!(
        slugs,
        ["default", "own", "second", "common"],
        "the front page, then by title; the files' names are the addresses"
    );
    assert!(!page.contains("Overridden shared"));
    let own = world.text(&viewer, "/tenant/alpha-works/dashboard/own?from=now-1h&to=now").await;
    assert!(own.contains("<h1>Aardvark own</h1>") && own.contains("MARKALPHA-service"), "over the tenant's own database");
    let beta = world.person("viewer@beta.example").await;
    let beta_page = world.get(&beta, "/tenant/beta-works/dashboard/common").await;
    assert_eq!(beta_page.status(), 404, "a tenant uses of the shared ones what it names");
    world.close().await;
}

#[tokio::test]
async fn filters_do_the_same_over_postgresql() {
    let world = prepared(World::raise(Setting { beta: Kind::Postgres, ..Setting::default() }).await).await;
    let viewer = world.person("viewer@beta.example").await;
    let page = "/tenant/beta-works/dashboard/filtered";
    let fragment = async |query: &str| {
        let path = format!("{page}/panel/errors?{query}");
        world.ask(&viewer, Method::GET, &path).header("hx-request", "true").send().await.unwrap().text().await.unwrap()
    };
    for (query, left) in [
        ("", 12),
        ("var-service=MARKBETA-service-030", 1),
        ("var-service=MARKALPHA-service-030", 0),
        ("var-least=10&var-least=30", 2),
        ("var-words=SERVICE-00", 1),
        ("var-words=%27%3B+DROP+TABLE+error_logs%3B--", 0),
        ("var-words=%25", 0),
    ] {
        let html = fragment(query).await;
        assert_eq!(rows(&html), left, "{query}: {html}");
    }
    let html = world.text(&viewer, &format!("{page}?var-least=30")).await;
    assert!(html.contains("<option>MARKBETA-service-030</option>") && !html.contains("<option>MARKBETA-service-020</option>"));
    world.close().await;
}
