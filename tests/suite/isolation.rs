//! Each tenant's data carries a mark. Nobody ever meets the other's, on any route, in any form.

use loggia::web::api::operations;
use loggia::web::routes::{Access, PUBLIC};
use reqwest::Method;

use crate::api::token;
use crate::world::{MARKS, Person, World};

/// The ways a route can be asked for.
const FORMS: &[(&str, &str)] = &[
    ("accept", "text/html"),
    ("hx-request", "true"),
    ("accept", "application/json"),
    ("if-none-match", "*"),
    ("range", "bytes=0-"),
];

fn paths(slug: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let of_tenants = |access| matches!(access, Access::Tenant | Access::TenantAdmin | Access::Person);
    for line in PUBLIC.iter().filter(|line| line.method == "GET" && of_tenants(line.access)) {
        for panel in ["cpu", "number", "health", "rows", "map", "words"] {
            let path = line.path.replace(":tenant", slug).replace(":dashboard", "default").replace(":panel", panel);
            match (path.contains(":file"), path.contains("report/dashboard")) {
                (false, _) => paths.push(path),
                (true, true) => paths.extend(["default", "default.zip"].map(|file| path.replace(":file", file))),
                (true, false) => paths.extend(
                    ["", ".csv", ".json", ".ndjson", ".svg", ".png"].map(|e| path.replace(":file", &format!("{panel}{e}"))),
                ),
            }
        }
    }
    paths.dedup();
    paths
}

/// The addresses of the API; whose data they give is not said in them.
fn asked() -> Vec<String> {
    let mut paths = Vec::new();
    for (_, _, path) in operations().into_iter().filter(|(_, method, _)| method == "GET") {
        for panel in ["cpu", "number", "health", "rows", "map", "words"] {
            let path = path.replace("/panels/{id}", &format!("/panels/{panel}")).replace("{panel_id}", panel);
            for endpoint in ["daily-summary", "network-topology"] {
                paths.push(path.replace("{endpoint}", endpoint).replace("{name}", "default"));
            }
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

async fn body(world: &World, person: &Person, path: &str, form: &(&str, &str)) -> (u16, String) {
    let response = world.ask(person, Method::GET, path).header(form.0, form.1).send().await.expect("an answer");
    let head = format!("{:?}", response.headers());
    (response.status().as_u16(), head + &readable(&response.bytes().await.expect("a body")))
}

/// The text of a body; of one that is packed, the text of what is in it.
fn readable(body: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned();
    if let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(body)) {
        for i in 0..archive.len() {
            text += &std::io::read_to_string(archive.by_index(i).expect("a file")).expect("text");
        }
    }
    text
}

#[tokio::test]
async fn nobody_ever_meets_the_mark_of_the_other_tenant() {
    World::on_both(async |world| {
        for (person, own, other) in [
            ("viewer@alpha.example", MARKS[0], MARKS[1]),
            ("admin@alpha.example", MARKS[0], MARKS[1]),
            ("viewer@beta.example", MARKS[1], MARKS[0]),
        ] {
            let person = world.person(person).await;
            let mut seen = false;
            for slug in [own.0, other.0] {
                for path in paths(slug).into_iter().chain(asked()) {
                    for form in FORMS {
                        let (status, text) = body(world, &person, &path, form).await;
                        assert!(!text.contains(other.1), "{path} as {form:?} ({status}) shows the other tenant's mark");
                        seen |= text.contains(own.1);
                    }
                }
            }
            let bearer = format!("Bearer {}", token(world, &person, own.0).await);
            for path in asked() {
                let (status, text) = body(world, &Person::nobody(), &path, &("authorization", bearer.as_str())).await;
                assert!(!text.contains(other.1), "{path} with a token ({status}) shows the other tenant's mark");
            }
            assert!(seen, "the caller's own mark is seen, so that this test can fail");
        }
    })
    .await;
}

#[tokio::test]
async fn a_tenants_remembered_answer_is_never_given_to_another() {
    let world = World::open().await;
    let alpha = world.person("viewer@alpha.example").await;
    let beta = world.person("viewer@beta.example").await;
    // The same dashboard, panel, range and SQL in both tenants: only the tenant tells the cached answers apart.
    let path = |slug: &str| format!("/tenant/{slug}/dashboard/default/panel/rows?from=2020-01-01&to=2020-01-02");
    for _ in 0..3 {
        assert!(world.text(&alpha, &path("alpha-works")).await.contains("MARKALPHA-service"));
        assert!(world.text(&beta, &path("beta-works")).await.contains("MARKBETA-service"));
    }
    world.close().await;
}

#[tokio::test]
async fn a_fragments_tag_from_one_tenant_means_nothing_in_another() {
    World::on_both(async |world| {
        let alpha = world.person("viewer@alpha.example").await;
        let beta = world.person("viewer@beta.example").await;
        let path = |slug: &str| format!("/tenant/{slug}/dashboard/default/panel/number");
        let first =
            world.ask(&alpha, Method::GET, &path("alpha-works")).header("hx-request", "true").send().await.expect("an answer");
        let tag = first.headers()["etag"].clone();
        let again = world
            .ask(&beta, Method::GET, &path("beta-works"))
            .header("hx-request", "true")
            .header("if-none-match", tag)
            .send()
            .await
            .expect("an answer");
        assert_eq!(again.status(), 200);
    })
    .await;
}
