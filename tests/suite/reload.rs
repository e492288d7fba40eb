//! What a saved file changes in a running server.

use std::fs;
use std::time::{Duration, Instant};

use crate::world::{Person, World};

const PAGE: &str = "/tenant/alpha-works/dashboard/default";

/// The page as soon as it says `words`; a saved file is live within a second.
async fn until(world: &World, person: &Person, words: &str) -> String {
    let start = Instant::now();
    loop {
        let page = world.text(person, PAGE).await;
        if page.contains(words) {
            return page;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "the page never says “{words}”");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_file_saved_wrong_keeps_its_last_good_version_and_its_authors_alone_are_told() {
    let world = World::open().await;
    let (admin, viewer) = (world.person("admin@alpha.example").await, world.person("viewer@alpha.example").await);
    assert!(!world.text(&admin, PAGE).await.contains("last good"));
    fs::write(world.tenants_file("alpha-works/panels/number.yaml"), "panel:\n  type: kpi\n  tittle: Newest\n").unwrap();
    let page = until(&world, &admin, "alpha-works/panels/number.yaml has a fault: this is its last good version.").await;
    assert!(page.contains("alpha-works/panels/number.yaml:3:"), "the banner names the place");
    assert!(page.contains("Newest"));
    let page = world.text(&viewer, PAGE).await;
    assert!(page.contains("Newest") && !page.contains("number.yaml"), "a viewer has nothing to do with files");

    fs::write(world.tenants_file("alpha-works/dashboards/default.yaml"), "dashboard:\n  name: Board\n  panles: []\n").unwrap();
    let page = until(&world, &admin, "alpha-works/dashboards/default.yaml has a fault: this is its last good version.").await;
    assert!(page.contains("MARKALPHA board"));
    assert!(!world.text(&viewer, PAGE).await.contains("default.yaml"));
    world.close().await;
}

#[tokio::test]
async fn a_tenant_that_moves_to_another_database_sees_nothing_of_the_old() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    until(&world, &viewer, "MARKALPHA-service").await;
    let file = world.tenants_file("alpha-works/tenant.yaml");
    let text = fs::read_to_string(&file).unwrap().replace("sqlite:alpha-works.db", "sqlite:moved.db");
    fs::write(&file, text).unwrap();
    let page = until(&world, &viewer, "database cannot be reached").await;
    assert!(!page.contains("MARKALPHA-service"), "neither as fresh rows nor as the last good ones");
    world.close().await;
}
