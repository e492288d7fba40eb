//! The gallery: every type of panel beside its file, for everybody who is signed in, and no tenant's data in it.

use reqwest::Method;

use crate::world::{MARKS, Person, World, state};

#[tokio::test]
async fn every_type_of_panel_is_drawn_beside_its_file() {
    let world = World::open().await;
    for who in ["stranger@example.com", "viewer@alpha.example"] {
        let page = world.text(&world.person(who).await, "/help/panels").await;
        for kind in loggia::panel::kinds() {
            assert_eq!(state(&page, kind.name), "ready", "{}", kind.name);
            assert!(page.contains(&format!("  type: {}\n", kind.name)), "{}", kind.name);
        }
        assert!(MARKS.iter().all(|(_, mark)| !page.contains(mark)), "no tenant's data");
        assert!(!page.contains("data-refresh"), "nothing is asked for again");
    }
    world.close().await;
}

#[tokio::test]
async fn what_is_drawn_can_be_used_and_strange_addresses_do_no_harm() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let table = world.text(&viewer, "/help/panels?table.q=refused&heatmap.view=table").await;
    assert!(table.contains("the mail server was refused") && !table.contains("A token had expired"), "the search acts");
    assert!(table.contains("table.q=refused") && table.contains("as a chart"), "links keep the view");
    let fragment = async |query: &str| {
        let request = world.ask(&viewer, Method::GET, &format!("/help/panels?{query}")).header("hx-request", "true");
        request.send().await.expect("an answer")
    };
    let one = fragment("panel=bar&bar.view=table").await.text().await.expect("text");
    assert!(one.starts_with("<section class=\"panel kind-bar") && one.contains("<th scope=\"col\">Category</th>"), "{one}");
    assert_eq!(fragment("panel=gauge").await.status(), 404);
    assert_eq!(fragment("").await.status(), 404);
    let odd = format!("/help/panels?table.page=-1&bar.view=%3Cscript%3E&x.y=1&{}", "kpi.a=b&".repeat(200));
    let page = world.text(&viewer, &odd).await;
    assert!(!page.contains("<script>") && !page.contains("x.y=1") && page.contains("is no page; this is the first"));
    assert!(page.len() < 400_000, "{}", page.len());
    world.close().await;
}

#[tokio::test]
async fn everybody_signed_in_finds_it_and_nobody_else() {
    let world = World::open().await;
    assert_eq!(world.get(&Person::nobody(), "/help/panels").await.headers()["location"], "/login?next=%2Fhelp%2Fpanels");
    assert!(!world.text(&Person::nobody(), "/login").await.contains("/help/panels"));
    let viewer = world.person("viewer@alpha.example").await;
    assert!(world.text(&viewer, "/tenant/alpha-works/dashboard/default").await.contains("href=\"/help/panels\""));
    world.close().await;
}
