//! Every route, with every kind of caller. A route that is not in the table does not exist; one in it is walked here.

use loggia::central::users;
use loggia::web::api::operations;
use loggia::web::routes::{Access, INTERNAL, Line, PUBLIC, PUBLIC_API};
use reqwest::Method;
use serde_json::json;

use crate::api::token;
use crate::world::{Person, World};

/// The path of a line, its captures filled in for the tenant alpha.
pub fn filled(line: &Line, user: &str) -> String {
    let path = line
        .path
        .replace(":user", user)
        .replace(":token", "none")
        .replace(":slug", "alpha-works")
        .replace(":store", "none")
        .replace(":client", "none")
        .replace(":tenant", "alpha-works")
        .replace(":dashboard", "default")
        .replace(":panel/image", "map/image")
        .replace(":panel", "cpu")
        .replace(":app", "ltv")
        .replace(":key", "none");
    let path = path.replace("report/dashboard/:file", "report/dashboard/default").replace(":file", "cpu.csv");
    path.replace(":print", "none").replace(":name", "loggia.css").replace("*rest", "v1/nothing")
}

/// The id of somebody's account.
pub async fn id_of(world: &World, email: &str) -> String {
    let user = users::find_by_email(&world.server.parts.central, &email.parse().expect("an address")).await;
    user.expect("an answer").expect("an account").id.to_string()
}

pub fn method(line: &Line) -> Method {
    line.method.parse().expect("a method")
}

async fn status(world: &World, person: &Person, line: &Line, user: &str) -> u16 {
    world.ask(person, method(line), &filled(line, user)).send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn every_route_lets_in_whom_it_names_and_nobody_else() {
    World::on_both(async |world| {
        let nobody = Person::nobody();
        let forged = Person::with_cookie("loggia=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let stranger = world.person("stranger@example.com").await;
        let viewer = world.person("viewer@alpha.example").await;
        let admin = world.person("admin@alpha.example").await;
        let other = world.person("viewer@beta.example").await;
        let operator = world.person("operator@example.com").await;
        let user = id_of(world, "stranger@example.com").await;
        for line in PUBLIC {
            // Signing out would end the sessions this test walks with; it has a story of its own.
            if line.path == "/logout" && line.method == "POST" {
                continue;
            }
            let outsiders = [("nobody", &nobody), ("a forged session", &forged)];
            let insiders = [
                ("stranger", &stranger),
                ("viewer", &viewer),
                ("admin", &admin),
                ("viewer of beta", &other),
                ("operator", &operator),
            ];
            for (who, person) in outsiders {
                let got = status(world, person, line, &user).await;
                let right = match line.access {
                    Access::Open => !matches!(got, 401 | 403),
                    // What programs read is no page that leads to another.
                    Access::Person if line.path == "/openapi.json" => got == 401,
                    Access::Person | Access::Tenant | Access::TenantAdmin | Access::Operator => got == 303,
                    Access::Machine(_) => unreachable!("no page is a machine's"),
                    // Inside a frame nobody is led to sign in.
                    Access::App | Access::Nobody => got == 401,
                };
                assert!(right, "{who}: {} {} answered {got}", line.method, line.path);
            }
            for (who, person) in insiders {
                let got = status(world, person, line, &user).await;
                let member = matches!(who, "viewer" | "admin" | "operator");
                // An empty form is let in and refused for what is missing in it; there is no such datastore, client or screen.
                let is_missing = [":store", ":client", "revoke"].iter().any(|part| line.path.contains(part));
                let is_let_in =
                    matches!(got, 200 | 303) || (line.method == "POST" && matches!(got, 409 | 422)) || (is_missing && got == 404);
                let right = match line.access {
                    Access::Open => !matches!(got, 401 | 403),
                    Access::Person => matches!(got, 200 | 303),
                    // There is no page of an app, and on this stage no app: `apps` walks those.
                    Access::Tenant if member && line.path.contains(":key") => got == 404,
                    Access::App => got == 404,
                    Access::Tenant if member => matches!(got, 200 | 303),
                    Access::Tenant => got == 403,
                    Access::TenantAdmin if matches!(who, "admin" | "operator") => is_let_in,
                    Access::Operator if who == "operator" => is_let_in,
                    Access::TenantAdmin | Access::Operator => got == 403,
                    Access::Machine(_) => unreachable!("no page is a machine's"),
                    Access::Nobody => got == 404,
                };
                assert!(right, "{who}: {} {} answered {got}", line.method, line.path);
            }
        }
    })
    .await;
}

/// The address of an operation, its captures filled in for the tenant alpha.
pub fn address(path: &str) -> String {
    let path = path.replace("/panels/{id}", "/panels/cpu").replace("{panel_id}", "cpu").replace("{endpoint}", "daily-summary");
    let path = path.replace("/tenants/{id}/select", "/tenants/alpha-works/select").replace("{name}", "default");
    path.replace("{id}", "00000000-0000-4000-8000-000000000000").replace("{tenant}", "alpha-works")
}

/// A body that the operation takes.
pub fn body(id: &str) -> serde_json::Value {
    match id {
        "login" => json!({"email": "nobody@example.com", "password": "wrong"}),
        "save_preferences" => json!({"dashboard": "default", "filters": {}}),
        "create_user" => json!({"email": "viewer@alpha.example", "password": "long enough"}),
        "assign_tenant" | "exchange_token" => json!({"tenant_id": "alpha-works"}),
        _ => json!({}),
    }
}

#[tokio::test]
async fn every_operation_lets_in_whom_it_names_and_nobody_else() {
    World::on_both(async |world| {
        let who = ["viewer", "admin", "viewer of beta", "stranger", "operator"];
        let addresses = [
            "viewer@alpha.example",
            "admin@alpha.example",
            "viewer@beta.example",
            "stranger@example.com",
            "operator@example.com",
        ];
        let mut people = vec![
            ("nobody", Person::nobody()),
            ("a forged session", Person::with_cookie("loggia=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ];
        for (who, address) in who.into_iter().zip(addresses) {
            people.push((who, world.person(address).await));
        }
        let operator = &people.last().expect("an operator").1;
        let select = world.ask(operator, Method::POST, "/api/v1/tenants/alpha-works/select").json(&json!({}));
        assert_eq!(select.send().await.expect("an answer").status(), 200);
        for (id, method, path) in operations() {
            // Signing out would end the sessions this test walks with; asking about a token is a form. Both have stories of
            // their own.
            if matches!(id, "logout" | "introspect_token") {
                continue;
            }
            let access = PUBLIC_API.iter().find(|operation| operation.id == id).expect("a line in the table").access;
            for (who, person) in &people {
                let request = world.ask(person, method.parse().expect("a method"), &address(&path));
                let request = if method == "GET" || method == "DELETE" { request } else { request.json(&body(id)) };
                let got = request.send().await.expect("an answer").status().as_u16();
                let outsider = matches!(*who, "nobody" | "a forged session");
                let right = match access {
                    // What lets anybody in says itself whether the password is right.
                    Access::Open => got == 401,
                    _ if outsider => got == 401,
                    _ if matches!(id, "select_tenant" | "exchange_token") && matches!(*who, "stranger" | "viewer of beta") => {
                        got == 403
                    }
                    Access::Person => got == 200,
                    Access::Tenant if *who == "stranger" => got == 409,
                    Access::Tenant => matches!(got, 200 | 404),
                    Access::Operator if *who == "operator" => matches!(got, 200 | 204 | 404 | 409),
                    Access::Operator => got == 403,
                    _ => false,
                };
                assert!(right, "{who}: {method} {path} ({id}) answered {got}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_is_good_for_its_own_tenant_and_a_bad_one_for_nothing() {
    World::on_both(async |world| {
        let beta = token(world, &world.person("viewer@beta.example").await, "beta-works").await;
        let operators = token(world, &world.person("operator@example.com").await, "beta-works").await;
        let tampered = format!("{}AAAA", &beta[..beta.len() - 4]);
        let viewer = world.person("viewer@alpha.example").await;
        for (id, method, path) in operations() {
            let access = PUBLIC_API.iter().find(|operation| operation.id == id).expect("a line in the table").access;
            if access == Access::Open {
                continue;
            }
            let bearers = [("beta's", &beta), ("an operator's", &operators), ("a tampered", &tampered)];
            for (whose, bearer) in bearers {
                // A good session lies beside it, and counts for nothing.
                let request = world.ask(&viewer, method.parse().expect("a method"), &address(&path));
                let request = request.header("authorization", format!("Bearer {bearer}"));
                let request = if method == "GET" || method == "DELETE" { request } else { request.json(&body(id)) };
                let got = request.send().await.expect("an answer").status().as_u16();
                let right = match access {
                    _ if whose == "a tampered" => got == 401,
                    // Other tenants, other tokens and sessions are nothing a token for one tenant speaks of.
                    _ if matches!(id, "select_tenant" | "exchange_token" | "logout") => got == 403,
                    Access::Person => got == 200,
                    Access::Tenant => matches!(got, 200 | 404),
                    // To run the installation is more than one tenant, also for an operator.
                    _ => got == 403,
                };
                assert!(right, "{whose} token: {method} {path} ({id}) answered {got}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_table_the_router_and_the_document_name_the_same_operations() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let document: serde_json::Value = world.get(&viewer, "/openapi.json").await.json().await.expect("JSON");
    let verbs = document["paths"].as_object().expect("paths").values().filter_map(|path| path.as_object());
    let mut told: Vec<&str> = verbs.flat_map(|verbs| verbs.values().filter_map(|one| one["operationId"].as_str())).collect();
    let mut table: Vec<&str> = PUBLIC_API.iter().map(|operation| operation.id).collect();
    let routed = operations();
    let mut routed: Vec<&str> = routed.iter().map(|(id, _, _)| *id).collect();
    [&mut told, &mut table, &mut routed].into_iter().for_each(|ids| ids.sort_unstable());
    assert_eq!(told, table, "the document and the table");
    assert_eq!(routed, table, "the router and the table");
    world.close().await;
}

#[tokio::test]
async fn what_is_open_to_nobody_in_particular_is_a_closed_list() {
    let pages = PUBLIC.iter().filter(|line| line.access == Access::Open).map(|line| format!("{} {}", line.method, line.path));
    let operations = PUBLIC_API.iter().filter(|line| line.access == Access::Open).map(|line| line.id.to_owned());
    let open: Vec<String> = pages.chain(operations).collect();
    let known = [
        "GET /login",
        "POST /login",
        "GET /login/oidc",
        "GET /login/callback",
        "POST /logout/backchannel",
        "GET /logout",
        "POST /logout",
        "GET /device/:token",
        "GET /.well-known/jwks.json",
        "GET /health",
        "GET /ready",
        "GET /favicon.ico",
        "GET /assets/:print/:name",
        "login",
        "introspect_token",
    ];
    assert_eq!(open, known);
}

#[tokio::test]
async fn a_redirect_for_outsiders_leads_to_the_sign_in_page_and_back() {
    World::on_both(async |world| {
        let response = world.get(&Person::nobody(), "/tenant/alpha-works/dashboard/default?from=now-1h&to=now").await;
        assert_eq!(response.status(), 303);
        let location = response.headers()["location"].to_str().expect("text").to_owned();
        assert_eq!(location, "/login?next=%2Ftenant%2Falpha-works%2Fdashboard%2Fdefault%3Ffrom%3Dnow-1h%26to%3Dnow");
        assert_eq!(response.headers()["cache-control"], "no-store");
    })
    .await;
}

#[tokio::test]
async fn who_brings_credentials_is_judged_by_them_alone_and_never_sent_round_in_circles() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    for path in ["/", "/login", "/tenant/alpha-works/dashboard/default"] {
        let request = world.ask(&viewer, Method::GET, path).header("authorization", "Basic dTpw");
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 401, "{path}");
        assert!(response.headers().contains_key("www-authenticate"));
        assert!(
            !response.text().await.expect("text").contains("viewer@alpha.example"),
            "the cookie beside them counts for nothing"
        );
    }
    world.close().await;
}

#[tokio::test]
async fn a_fragment_for_outsiders_says_signed_out_in_its_panel() {
    World::on_both(async |world| {
        let path = "/tenant/alpha-works/dashboard/default/panel/cpu";
        let response =
            world.ask(&Person::nobody(), Method::GET, path).header("hx-request", "true").send().await.expect("an answer");
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()["x-loggia-state"], "signed-out");
        assert!(response.text().await.expect("text").contains("Sign in again"));
    })
    .await;
}

#[tokio::test]
async fn everything_under_api_is_a_problem_for_everybody() {
    World::on_both(async |world| {
        let viewer = world.person("viewer@alpha.example").await;
        for path in ["/api", "/api/", "/api/v1/nothing", "/%61pi/v1/nothing", "/api/v1/panels/cpu/rows?x=1"] {
            for person in [&Person::nobody(), &viewer] {
                let response = world.get(person, path).await;
                assert!(matches!(response.status().as_u16(), 401 | 404), "{path}");
                assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
                let id = response.headers()["x-correlation-id"].to_str().expect("text").to_owned();
                let body: serde_json::Value = response.json().await.expect("JSON");
                assert_eq!(body["correlation_id"], id, "{path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_tenant_that_is_not_mine_answers_like_one_that_does_not_exist() {
    World::on_both(async |world| {
        let viewer = world.person("viewer@alpha.example").await;
        let mut answers = Vec::new();
        for slug in ["beta-works", "no-such-tenant", "admin", "Beta-Works", "%00", "x"] {
            let response = world.get(&viewer, &format!("/tenant/{slug}/dashboard/default")).await;
            let (status, id) =
                (response.status().as_u16(), response.headers()["x-correlation-id"].to_str().expect("text").to_owned());
            let text = response.text().await.expect("text").replace(&id, "ID");
            if slug == "%00" {
                assert!(matches!(status, 400 | 403), "{slug}: {status}");
                continue;
            }
            assert_eq!(status, 403, "{slug}");
            assert!(text.contains("MARKALPHA name"), "the page names the caller's own tenants");
            answers.push(text);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "the same answer for all of them");
    })
    .await;
}

#[tokio::test]
async fn the_internal_listener_has_health_and_metrics_and_nothing_else() {
    World::on_both(async |world| {
        for line in INTERNAL {
            assert_eq!(world.internal(line.path).await.status(), 200, "{}", line.path);
        }
        assert_eq!(world.internal("/login").await.status(), 404);
        assert_eq!(world.get(&Person::nobody(), "/metrics").await.status(), 404);
        let text = world.internal("/metrics").await.text().await.expect("text");
        assert!(text.contains("http_requests_total{") && text.contains("# EOF"), "{text}");
    })
    .await;
}
