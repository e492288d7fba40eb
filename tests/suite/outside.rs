//! What needs more than the suite has: run by `make test-outside`, which installs it.

use std::path::PathBuf;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::token;
use crate::internal::machine_token;
use crate::world::{Kind, Person, Setting, World};

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

/// Which operations are asked, by their ids.
enum Which {
    AllBut(&'static [&'static str]),
    Only(&'static [&'static str]),
}

/// Asks as the headers say, and tells whether nothing was found and what was; credentials that are not taken are a fault as well
/// (see schemathesis.toml). `known`: more of what the stage has, in the words of that file; `more`: arguments beside the usual.
async fn held(document: String, headers: Vec<String>, which: Which, known: &str, more: &[&str]) -> (bool, String) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outside");
    let rules = std::fs::read_to_string(format!("{folder}/schemathesis.toml")).expect("the rules");
    let config = tempfile::NamedTempFile::with_suffix(".toml").expect("a file");
    std::fs::write(config.path(), format!("{rules}\n{known}")).expect("written");
    let mut command = Command::new(schemathesis());
    command.current_dir(folder).arg("--config-file").arg(config.path());
    command.args(["run", &document, "--checks", CHECKS, "--max-examples", "40", "--workers", "1", "--no-color"]);
    command.args(more);
    for header in &headers {
        command.args(["-H", header]);
    }
    let (word, operations) = match which {
        Which::AllBut(operations) => ("--exclude-operation-id", operations),
        Which::Only(operations) => ("--include-operation-id", operations),
    };
    for operation in operations {
        command.args([word, operation]);
    }
    let done = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("it runs");
    let told = format!("{}\n{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    println!("{told}");
    (done.status.success(), told)
}

/// The same, where nothing may be found.
async fn asked(document: String, headers: Vec<String>, which: Which, known: &str, more: &[&str]) {
    let (good, told) = held(document, headers, which, known, more).await;
    assert!(good, "{told}");
}

async fn open() -> World {
    World::raise(Setting { beta: Kind::Postgres, central: Kind::Postgres, ..Setting::default() }).await
}

/// Users to change, others to remove (what is gone cannot be looked at any more), and tenants to put them in: an operator's
/// operations would otherwise find nobody, and answer nothing but refusals.
async fn of_the_stage(world: &World, operator: &Person) -> String {
    let (mut kept, mut spare) = (Vec::new(), Vec::new());
    for number in 0..40 {
        let new = json!({"email": format!("somebody-{number}@example.com"), "is_admin": false});
        let made = world.ask(operator, Method::POST, "/api/v1/admin/users").json(&new).send().await.expect("an answer");
        assert_eq!(made.status(), 201);
        let made: Value = made.json().await.expect("JSON");
        let id = made["id"].as_str().expect("an id").to_owned();
        if number < 5 { kept.push(id) } else { spare.push(id) }
    }
    for id in &kept {
        let access = json!({"tenant_id": "alpha-works", "role": "viewer"});
        let given = world.ask(operator, Method::POST, &format!("/api/v1/admin/users/{id}/tenants")).json(&access).send().await;
        assert_eq!(given.expect("an answer").status(), 200);
    }
    let nobody = "00000000-0000-0000-0000-000000000000".to_owned();
    let (kept, spare) = ([kept, vec![nobody.clone()]].concat(), [spare, vec![nobody]].concat());
    let tenants = ["alpha-works", "beta-works", "no-such-tenant"];
    let chosen = |name: &str, dictionary: &str| format!("\"{name}\" = {{ dictionary = \"{dictionary}\", probability = 0.9 }}");
    let of = |operations: &[&str], parameters: &[String]| {
        format!("[[operations]]\ninclude-operation-id = {operations:?}\nparameters = {{ {} }}\n", parameters.join(", "))
    };
    [
        format!("[dictionaries.kept]\nvalues = {kept:?}\n[dictionaries.spare]\nvalues = {spare:?}\n"),
        format!("[dictionaries.tenants]\nvalues = {tenants:?}\n[dictionaries.selected]\nvalues = {:?}\n", &tenants[1..]),
        of(&["get_user", "update_user"], &[chosen("path.id", "kept")]),
        of(&["assign_tenant"], &[chosen("path.id", "kept"), chosen("body.tenant_id", "tenants")]),
        of(&["unassign_tenant"], &[chosen("path.id", "kept"), chosen("path.tenant", "tenants")]),
        of(&["delete_user"], &[chosen("path.id", "spare")]),
        of(&["select_tenant"], &[chosen("path.id", "selected")]),
        of(&["exchange_token"], &[chosen("body.tenant_id", "tenants")]),
    ]
    .concat()
}

/// Where refusals alone are no sign that the credentials were not taken.
const OFF: &[&str] = &["--warnings", "off"];

/// The panels, which the public API alone has under this name.
const PANELS: &str = "[[operations]]\ninclude-operation-id = [\"panel_data\"]\nparameters = { \"path.id\" = { dictionary = \"panels\", probability = 0.9 } }\n";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Schemathesis: make test-outside"]
async fn the_public_api_keeps_to_its_document_for_a_token() {
    let world = open().await;
    let viewer = world.person("viewer@beta.example").await;
    let bearer = format!("Authorization: Bearer {}", token(&world, &viewer, "beta-works").await);
    asked(world.url("/openapi.json"), vec![bearer], Which::AllBut(BEYOND_A_TOKEN), PANELS, &[]).await;
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
    // Signing out would make every later answer a 401.
    let known = of_the_stage(&world, &operator).await + PANELS;
    // By chance an operation may meet nothing but refusals: what an operator did before it decides. That the credentials were
    // taken throughout is asked for afterwards instead.
    asked(world.url("/openapi.json"), headers, Which::AllBut(&["logout", "login"]), &known, OFF).await;
    let file = "/api/v1/reports/cpu/export?format=json&dashboard=default";
    let select = world.ask(&operator, Method::POST, "/api/v1/tenants/beta-works/select");
    assert_eq!(select.send().await.expect("an answer").status(), 200);
    assert_eq!(world.get(&operator, file).await.status(), 200);
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
    asked(document, vec![bearer], Which::AllBut(&["rotate_secret", "get_token"]), "", &[]).await;
    world.close().await;
}

/// A document as a file: who brings nothing, or nothing good, is not given it.
async fn kept(answer: reqwest::Response) -> tempfile::NamedTempFile {
    assert_eq!(answer.status(), 200);
    let file = tempfile::NamedTempFile::with_suffix(".json").expect("a file");
    std::fs::write(file.path(), answer.text().await.expect("a document")).expect("written");
    file
}

/// What begins or ends what is asked by, each for itself: after the first that succeeds the others may all be refused.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Schemathesis: make test-outside"]
async fn signing_in_and_out_and_giving_up_keys_keep_to_their_documents() {
    let world = open().await;
    let viewer = world.person("viewer@beta.example").await;
    let document = kept(world.get(&viewer, "/openapi.json").await).await;
    let (file, base) = (document.path().display().to_string(), world.url("/"));
    let more = ["--url", &base, OFF[0], OFF[1]];
    asked(file.clone(), vec!["Sec-Fetch-Site: same-origin".to_owned()], Which::Only(&["login"]), "", &more).await;
    let session = vec![format!("Cookie: {}", viewer.cookie()), "Sec-Fetch-Site: same-origin".to_owned()];
    asked(file, session, Which::Only(&["logout"]), "", &more).await;
    assert_eq!(world.get(&viewer, "/api/v1/auth/me").await.status(), 401, "it was signed out");

    let bearer = format!("Bearer {}", machine_token(&world, "admin").await);
    let base = format!("http://{}", world.server.internal);
    let asking = reqwest::Client::new().get(format!("{base}/openapi.json")).header("authorization", &bearer);
    let document = kept(asking.send().await.expect("an answer")).await;
    let (file, more) = (document.path().display().to_string(), ["--url", &base, OFF[0], OFF[1]]);
    asked(file.clone(), Vec::new(), Which::Only(&["get_token"]), "", &more).await;
    asked(file, vec![format!("Authorization: {bearer}")], Which::Only(&["rotate_secret"]), "", &more).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Schemathesis: make test-outside"]
async fn a_token_that_is_not_taken_is_no_success() {
    let world = open().await;
    let viewer = world.person("viewer@beta.example").await;
    let document = kept(world.get(&viewer, "/openapi.json").await).await;
    let (file, base) = (document.path().display().to_string(), world.url("/"));
    let dead = vec!["Authorization: Bearer dead".to_owned()];
    let (good, told) = held(file, dead, Which::Only(&["me", "list_tenants"]), "", &["--url", &base]).await;
    assert!(!good && told.to_lowercase().contains("authentication"), "{told}");
    world.close().await;
}
