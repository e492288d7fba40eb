//! Each tenant's data carries a mark. Nobody ever meets the other's, on any route, in any form.

use loggia::web::api::operations;
use loggia::web::internal;
use loggia::web::routes::{Access, INTERNAL, PUBLIC};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::api::token;
use crate::callers::{Is, Listener, with_everybody};
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
    paths.sort();
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
    told(world.ask(person, Method::GET, path).header(form.0, form.1)).await
}

/// The status of an answer, and everything that can be read in it.
async fn told(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.expect("an answer");
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

/// The name of the tenant with this mark: those who may look at more than one are told it, to choose by.
fn name(mark: &str) -> String {
    format!("{mark} name")
}

#[tokio::test]
async fn who_has_no_business_with_a_tenant_meets_no_mark_at_all() {
    with_everybody(async |world, all| {
        let outsiders = || all.iter().filter(|caller| matches!(caller.is, Is::Unknown | Is::Stranger | Is::Machine(_)));
        assert!(outsiders().count() > 10, "nobody, a stranger, machines, and those whose time is over");
        for (i, path) in MARKS.iter().flat_map(|(slug, _)| paths(slug)).chain(asked()).enumerate() {
            for (j, caller) in outsiders().enumerate() {
                // In turn, so that each address is asked for in each form by one of them and each of them asks in all forms.
                let form = &FORMS[(i + j) % FORMS.len()];
                let request = caller.ask(world, Listener::Public, Method::GET, &path).header(form.0, form.1);
                let (status, text) = told(request).await;
                // Only a browser that goes somewhere is led to the sign-in page.
                let asks = path.starts_with("/api/") || path == "/openapi.json" || form.0 == "hx-request";
                let right = match caller.is {
                    Is::Stranger if path.starts_with("/tenant/") => status == 403,
                    // The API wants a tenant chosen first; what is a person's own has nothing of a tenant's.
                    Is::Stranger if path.starts_with("/api/") => matches!(status, 200 | 403 | 409),
                    Is::Stranger => matches!(status, 200 | 303),
                    _ if asks || caller.bearer.is_some() => status == 401,
                    _ => status == 303,
                };
                assert!(right, "{}: {path} as {form:?} answered {status}", caller.who);
                for (_, mark) in MARKS {
                    assert!(!text.contains(mark), "{}: {path} as {form:?} ({status}) shows {mark}", caller.who);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn who_brings_a_token_for_one_tenant_meets_that_tenants_mark_alone_also_an_operator() {
    with_everybody(async |world, all| {
        let bound = all.iter().filter(|caller| matches!(caller.is, Is::Token | Is::Exchanged | Is::Operator));
        for (j, caller) in bound.enumerate() {
            let [own, other] = if caller.marks[0] == MARKS[0].1 { MARKS } else { [MARKS[1], MARKS[0]] };
            // An operator may look at both: at alpha, which they chose, nothing of beta's is seen but its name.
            let looks_at_both = caller.is == Is::Operator;
            let slugs = if looks_at_both { &[own.0][..] } else { &[own.0, other.0] };
            let mut seen = false;
            for (i, path) in slugs.iter().flat_map(|slug| paths(slug)).chain(asked()).enumerate() {
                let form = &FORMS[(i + j) % FORMS.len()];
                let request = caller.ask(world, Listener::Public, Method::GET, &path).header(form.0, form.1);
                let (status, text) = told(request).await;
                let text = if looks_at_both { text.replace(&name(other.1), "") } else { text };
                let who = caller.who;
                assert!(!text.contains(other.1), "{who}: {path} as {form:?} ({status}) shows the other tenant's mark");
                let elsewhere = path.starts_with(&format!("/tenant/{}", other.0));
                assert!(!elsewhere || status == 403, "{who}: {path} as {form:?} answered {status}");
                seen |= text.contains(own.1);
            }
            assert!(seen, "{} sees their own mark, so that this test can fail", caller.who);
        }
    })
    .await;
}

/// The addresses of the internal listener that are read.
fn inside(tenant: &str) -> Vec<String> {
    let operations = internal::operations().into_iter().filter(|(_, verb, _)| verb == "GET");
    let operations = operations.map(|(_, _, path)| path.replace("{id}", tenant));
    let others = INTERNAL.iter().filter(|line| line.method == "GET").map(|line| line.path.to_owned());
    operations.chain(others).chain(["/openapi.json".to_owned()]).collect()
}

#[tokio::test]
async fn on_the_internal_listener_nobody_meets_the_mark_of_a_tenant_that_is_not_theirs_to_read() {
    with_everybody(async |world, all| {
        let admin = all.iter().find(|caller| caller.is == Is::Machine("admin")).expect("an admin machine");
        let id = async |slug: &str| {
            let request = admin.ask(world, Listener::Internal, Method::GET, &format!("/admin/tenants/{slug}"));
            let told: Value = request.send().await.expect("an answer").json().await.expect("JSON");
            told["id"].as_str().expect("an id").to_owned()
        };
        // A tenant is asked for by its slug and by its id.
        let mut named = Vec::new();
        for (slug, mark) in MARKS {
            named.extend([(slug.to_owned(), mark), (id(slug).await, mark)]);
        }
        for caller in all {
            let mut seen = [false, false];
            for (tenant, mark) in &named {
                for path in inside(tenant) {
                    for form in FORMS {
                        let request = caller.ask(world, Listener::Internal, Method::GET, &path).header(form.0, form.1);
                        let (status, text) = told(request).await;
                        for (i, (_, each)) in MARKS.iter().enumerate() {
                            let its_own = !path.contains(tenant.as_str()) || each == mark;
                            let may = matches!(caller.is, Is::Machine(_)) && caller.marks.contains(each) && its_own;
                            assert!(may || !text.contains(each), "{}: {path} as {form:?} ({status}) shows {each}", caller.who);
                            seen[i] |= text.contains(each);
                        }
                    }
                }
            }
            let reads = |mark| matches!(caller.is, Is::Machine(_)) && caller.marks.contains(&mark);
            assert_eq!(seen, MARKS.map(|(_, mark)| reads(mark)), "{} sees what they may, so that this test can fail", caller.who);
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
