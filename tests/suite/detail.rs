//! A panel looked at closely: as a page, as a dialog's content, for viewers and for authors.

use std::time::Duration;

use reqwest::Method;

use crate::world::{Kind, Person, Setting, World};

const CPU: &str = "/tenant/alpha-works/dashboard/default/panel/cpu/detail";

async fn content(world: &World, person: &Person, path: &str) -> String {
    let response = world.ask(person, Method::GET, path).header("hx-request", "true").send().await.expect("an answer");
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.expect("text")
}

#[tokio::test]
async fn the_title_leads_to_the_detail_with_the_view() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let page = world.text(&viewer, "/tenant/alpha-works/dashboard/default?from=now-2h&to=now").await;
    assert!(page.contains(&format!("<a href=\"{CPU}?from=now-2h&#38;to=now\" data-detail>CPU</a>")), "{page}");
    let detail = world.text(&viewer, &format!("{CPU}?from=now-2h&to=now")).await;
    assert!(detail.starts_with("<!doctype html>"));
    assert!(detail.contains("href=\"/tenant/alpha-works/dashboard/default?from=now-2h&#38;to=now\">Back to MARKALPHA board</a>"));
    let inside = content(&world, &viewer, &format!("{CPU}?from=now-2h&to=now")).await;
    assert!(inside.starts_with("<div class=\"detail full\""), "the dialog asks for the content alone");
    for text in [&detail, &inside] {
        assert!(text.contains("id=\"p-cpu-close\"") && text.contains("id=\"p-cpu-rows\""));
        assert!(text.contains("MARKALPHA-server") && !text.contains("MARKBETA"));
        assert!(text.contains("1–25 of 120 rows") || text.contains("1–25 of 119 rows"), "{text}");
    }
    world.close().await;
}

#[tokio::test]
async fn the_rows_behind_a_panel_are_sorted_searched_and_paged_in_the_address() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let query = "from=now-3h&to=now&cpu.sort=cpu_percent&cpu.dir=asc&cpu.page=2";
    let page = world.text(&viewer, &format!("{CPU}?{query}")).await;
    assert!(page.contains("26–50 of 120 rows"), "{page}");
    assert!(page.contains("aria-sort=\"ascending\""));
    assert!(page.contains(&format!("action=\"{CPU}#p-cpu\"")), "the search stays on this page");
    let rows = content(&world, &viewer, &format!("{CPU}?part=rows&{query}")).await;
    assert!(rows.starts_with("<section class=\"panel kind-table"), "{rows}");
    let none = world.text(&viewer, &format!("{CPU}?from=now-3h&to=now&cpu.q=%27%3B%20DROP%20TABLE%20metrics%3B--")).await;
    assert!(none.contains("No row matches"), "{none}");
    let health = world.text(&viewer, "/tenant/alpha-works/dashboard/default/panel/health/detail").await;
    assert!(health.contains("1–2 of 2 rows"), "{health}");
    let number = world.text(&viewer, "/tenant/alpha-works/dashboard/default/panel/number/detail").await;
    assert!(number.contains("1–1 of 1 row"), "{number}");
    let table = world.text(&viewer, "/tenant/alpha-works/dashboard/default/panel/rows/detail").await;
    assert!(table.contains("1–5 of 12 rows") && !table.contains("id=\"p-rows-rows\""), "a table is its own rows");
    world.close().await;
}

#[tokio::test]
async fn aggregation_can_be_switched_off_and_on() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let means = world.text(&viewer, &format!("{CPU}?from=now-24h&to=now")).await;
    assert!(means.contains("mean per minute") && means.contains("cpu.raw=1") && means.contains("Disable aggregation"), "{means}");
    let raw = world.text(&viewer, &format!("{CPU}?from=now-24h&to=now&cpu.raw=1")).await;
    assert!(raw.contains("every reading") && raw.contains("Aggregation is off"), "{raw}");
    let short = world.text(&viewer, &format!("{CPU}?from=now-1h&to=now")).await;
    assert!(!short.contains("Disable aggregation"), "a short range shows every reading anyway");
    world.close().await;
}

#[tokio::test]
async fn series_are_chosen_by_name_and_a_strange_one_is_only_text() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let one = world.text(&viewer, &format!("{CPU}?cpu.series=MARKALPHA-server")).await;
    assert!(one.contains("name=\"cpu.series\" value=\"MARKALPHA-server\" checked"), "{one}");
    assert!(one.contains("id=\"p-cpu-close\""));
    let none =
        content(&world, &viewer, &format!("{CPU}?part=drawing&cpu.series=%27+OR+1%3D1--&cpu.series=MARKBETA-server")).await;
    assert!(none.contains("data-state=\"empty\""), "{none}");
    world.close().await;
}

#[tokio::test]
async fn the_source_is_shown_to_authors_alone() {
    let world = World::open().await;
    for (email, author) in [("viewer@alpha.example", false), ("admin@alpha.example", true), ("operator@example.com", true)] {
        let person = world.person(email).await;
        let page = world.text(&person, &format!("{CPU}?from=now-24h&to=now&fresh=1")).await;
        assert_eq!(page.contains("alpha-works/panels/cpu.yaml:1"), author, "{email}");
        assert_eq!(page.contains("SELECT "), author, "{email}");
        assert_eq!(page.contains("rows in ") && page.contains("from the database (miss)"), author, "{email}");
    }
    let admin = world.person("admin@alpha.example").await;
    let again = world.text(&admin, &format!("{CPU}?from=2020-01-01&to=2020-01-02")).await;
    assert!(again.contains("from the database"), "{again}");
    let again = world.text(&admin, &format!("{CPU}?from=2020-01-01&to=2020-01-02")).await;
    assert!(again.contains("from the cache (hit)"), "{again}");
    world.close().await;
}

#[tokio::test]
async fn what_the_author_switched_off_is_not_offered() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let file = world.tenants_file("alpha-works/panels/cpu.yaml");
    let cpu = std::fs::read_to_string(&file).unwrap();
    let until = async |drill_down: &str, is_so: &dyn Fn(u16, &str) -> bool| {
        std::fs::write(&file, format!("{cpu}  drill_down: {{ {drill_down} }}\n")).unwrap();
        for _ in 0..100 {
            let response = world.get(&viewer, &format!("{CPU}?from=now-24h&to=now&cpu.raw=1")).await;
            let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
            if is_so(status, &text) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{drill_down}");
    };
    until("show_table: false", &|status, text| status == 200 && !text.contains("p-cpu-rows") && text.contains("every reading"))
        .await;
    until("disable_aggregation: false", &|_, text| {
        text.contains("p-cpu-rows") && text.contains("mean per minute") && !text.contains("Aggregation is off")
    })
    .await;
    until("enabled: false", &|status, _| status == 404).await;
    let page = world.text(&viewer, "/tenant/alpha-works/dashboard/default").await;
    assert!(!page.contains("panel/cpu/detail") && page.contains("panel/rows/detail"), "no way leads there");
    world.close().await;
}

#[tokio::test]
async fn the_files_of_a_detail_hold_what_it_shows() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    // Counted from now on whole minutes, 24 hours are buckets of one minute; the readings are a minute apart.
    for (raw, column) in [("", "time,series,value"), ("&cpu.raw=1", "time,series,value")] {
        let page = world.text(&viewer, &format!("{CPU}?from=now-24h&to=now{raw}")).await;
        let file = page.split("href=\"").find(|rest| rest.starts_with("/tenant/alpha-works/report/cpu.csv")).expect("a link");
        let href = file.split('"').next().unwrap().replace("&#38;", "&");
        assert_eq!(href.contains("cpu.raw=1"), !raw.is_empty(), "{href}");
        let csv = world.text(&viewer, &href).await;
        assert!(csv.trim_start_matches('\u{feff}').starts_with(column), "{csv}");
        assert_eq!(csv.lines().count(), 121, "{href}");
    }
    let narrowed = world.text(&viewer, "/tenant/alpha-works/report/cpu.csv?dashboard=default&cpu.series=nobody").await;
    assert_eq!(narrowed.lines().count(), 1, "the series chosen are the series exported");
    world.close().await;
}

#[tokio::test]
async fn a_detail_does_the_same_over_postgresql() {
    let world = World::raise(Setting { beta: Kind::Postgres, ..Setting::default() }).await;
    let viewer = world.person("viewer@beta.example").await;
    let cpu = "/tenant/beta-works/dashboard/default/panel/cpu/detail";
    let page = world.text(&viewer, &format!("{cpu}?from=now-3h&to=now&cpu.sort=cpu_percent&cpu.dir=asc&cpu.page=2")).await;
    assert!(page.contains("26–50 of 120 rows") && page.contains("MARKBETA-server") && !page.contains("MARKALPHA"), "{page}");
    let raw = world.text(&viewer, &format!("{cpu}?from=now-24h&to=now&cpu.raw=1&cpu.series=MARKBETA-server")).await;
    assert!(raw.contains("every reading") && raw.contains("value=\"MARKBETA-server\" checked"), "{raw}");
    let health = world.text(&viewer, "/tenant/beta-works/dashboard/default/panel/health/detail").await;
    assert!(health.contains("of 2 rows"), "{health}");
    let operator = world.person("operator@example.com").await;
    let source = world.text(&operator, &format!("{cpu}?from=now-24h&to=now")).await;
    assert!(source.contains("beta-works/panels/cpu.yaml:1") && source.contains("<code>$1</code>"), "{source}");
    world.close().await;
}
