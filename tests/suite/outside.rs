//! What needs more than the suite has: run by `make test-outside`, which installs it.

use std::path::PathBuf;
use std::process::Command;

use reqwest::Method;

use crate::api::token;
use crate::internal::machine_token;
use crate::world::{Kind, Setting, World};

/// What a document promises of an answer. (That nobody gets in without credentials is the access test's: here each
/// operation takes one of two, and a good one always lies beside the bad one.)
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method";

/// What refuses a token for one tenant, whatever it is asked.
const BEYOND_A_TOKEN: &[&str] = &[
    "login",
    "logout",
    "select_tenant",
    "exchange_token",
    "list_users",
    "create_user",
    "get_user",
    "update_user",
    "delete_user",
    "assign_tenant",
    "unassign_tenant",
];

/// Schemathesis, which asks an API everything its document allows and much that it does not, and holds the answers to it.
fn schemathesis() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/outside/python/bin/schemathesis");
    assert!(path.exists(), "{} is missing: run `make test-outside`, which installs it", path.display());
    path
}

/// Asks as the headers say; every fault it finds fails, and so do credentials that are not taken (see schemathesis.toml).
async fn asked(document: String, headers: Vec<String>, without: &'static [&'static str], more: &'static [&'static str]) {
    let mut command = Command::new(schemathesis());
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outside"));
    command.args(["run", &document, "--checks", CHECKS, "--max-examples", "40", "--workers", "1", "--no-color"]);
    command.args(more);
    for header in &headers {
        command.args(["-H", header]);
    }
    for operation in without {
        command.args(["--exclude-operation-id", operation]);
    }
    let done = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("it runs");
    let told = String::from_utf8_lossy(&done.stdout);
    println!("{told}");
    assert!(done.status.success(), "{told}\n{}", String::from_utf8_lossy(&done.stderr));
}

async fn open() -> World {
    World::raise(Setting { beta: Kind::Postgres, central: Kind::Postgres, ..Setting::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Schemathesis: make test-outside"]
async fn the_public_api_keeps_to_its_document_for_a_token() {
    let world = open().await;
    let viewer = world.person("viewer@beta.example").await;
    let bearer = format!("Authorization: Bearer {}", token(&world, &viewer, "beta-works").await);
    asked(world.url("/openapi.json"), vec![bearer], BEYOND_A_TOKEN, &[]).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Schemathesis: make test-outside"]
async fn the_public_api_keeps_to_its_document_for_an_operators_session() {
    let world = open().await;
    let operator = world.person("operator@example.com").await;
    let select = world.ask(&operator, Method::POST, "/api/v1/tenants/beta-works/select");
    assert_eq!(select.send().await.expect("an answer").status(), 200);
    let headers = vec![format!("Cookie: {}", operator.cookie()), "Sec-Fetch-Site: same-origin".to_owned()];
    // Signing out would make every later answer a 401. The operator's deeds move what later requests look for, so that
    // some find nothing but 404 and, with an invented token, 401: whether the session was good is asked of the session.
    asked(world.url("/openapi.json"), headers, &["logout", "login"], &["--warnings", "off"]).await;
    assert_eq!(world.get(&operator, "/api/v1/auth/me").await.status(), 200, "the session was good until the end");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Schemathesis: make test-outside"]
async fn the_internal_api_keeps_to_its_document_for_a_machine() {
    let world = open().await;
    let bearer = format!("Authorization: Bearer {}", machine_token(&world, "admin").await);
    let document = format!("http://{}/openapi.json", world.server.internal);
    // A key given up as compromised takes this very token with it; asking for one takes no token.
    asked(document, vec![bearer], &["rotate_secret", "get_token"], &[]).await;
    world.close().await;
}
