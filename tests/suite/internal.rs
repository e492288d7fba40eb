//! The internal API: what pipelines change, by whom, and what is refused.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use loggia::central::audit::{Action, Search, list};
use loggia::domain::{Clock, CorrelationId};
use loggia::identity::console;
use loggia::identity::machines::{self, Draft};
use loggia::tenancy::TenantScope;
use loggia::web::internal::{document, operations};
use loggia::web::routes::{Access, INTERNAL_API};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::world::{Kind, Person, Setting, World};

/// The internal listener, with a token or without.
struct Tool<'a> {
    world: &'a World,
    client: Client,
    token: Option<String>,
}

impl<'a> Tool<'a> {
    fn nobody(world: &'a World) -> Tool<'a> {
        Tool { world, client: Client::new(), token: None }
    }

    /// A machine client with these scopes, and a token for them.
    async fn with(world: &'a World, scopes: &str) -> Tool<'a> {
        let (id, secret) = client(world, scopes).await;
        let tool = Tool::nobody(world);
        let form = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret)];
        let answer: Value = tool.post("/oauth/token").form(&form).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["token_type"], "Bearer", "{answer}");
        Tool { token: Some(answer["access_token"].as_str().unwrap().to_owned()), ..tool }
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("http://{}{path}", self.world.server.internal))
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.client.request(method, format!("http://{}{path}", self.world.server.internal));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    /// The status and the body of an answer.
    async fn told(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let answer = self.ask(method, path, body).await;
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) })
    }

    /// The body of an answer that must be good.
    async fn good(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, body) = self.told(method, path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {body}");
        body
    }

    /// The fields named by the faults of an answer that must be 400.
    async fn faults(&self, method: Method, path: &str, body: Value) -> Vec<String> {
        let (status, told) = self.told(method, path, Some(body.clone())).await;
        assert_eq!(status, 400, "{body} → {told}");
        told["faults"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap().to_owned()).collect()
    }
}

async fn client(world: &World, scopes: &str) -> (String, String) {
    let draft = Draft { name: "Pipeline".to_owned(), scopes: scopes.parse().unwrap(), certificate: None };
    let made = machines::create(&world.server.parts.central, &console(CorrelationId::new()), draft).await;
    let (machine, secret) = made.unwrap();
    (machine.client_id, secret.reveal().to_owned())
}

/// A dashboard that tenants can be assigned.
fn with_shared(home: &Path) {
    let shared = home.join("tenants/_shared/dashboards");
    fs::create_dir_all(&shared).unwrap();
    let text = "dashboard:\n  name: Shared board\n  filters:\n    - { id: server, type: text, label: Server }\n  panels:\n    - { id: cpu, panel: { type: timeseries, title: CPU, data_source: { table: metrics, columns: { timestamp: recorded_at, value: cpu_percent, series_label: server_name }, filters: { server: server_name } } } }\n    - { id: rows, panel: { type: table, title: Rows, data_source: { table: error_logs, columns: [{ name: service, display: Service }] } } }\n";
    fs::write(shared.join("shared-board.yaml"), text).unwrap();
}

async fn on_both(story: impl AsyncFn(&World)) {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::raise(Setting { beta: kind, central: kind, files: Some(with_shared), ..Setting::default() }).await;
        story(&world).await;
        world.close().await;
    }
}

#[tokio::test]
async fn the_table_of_operations_is_the_document() {
    let listed: BTreeSet<&str> = INTERNAL_API.iter().map(|operation| operation.id).collect();
    let there: BTreeSet<&str> = operations().into_iter().map(|(id, _, _)| id).collect();
    assert_eq!(listed, there);
    assert_eq!(listed.len(), INTERNAL_API.len(), "each once");
    let document: Value = serde_json::from_str(&document()).unwrap();
    let mut described = BTreeSet::new();
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let line = INTERNAL_API.iter().find(|line| line.id == id).unwrap();
            assert_eq!(operation["security"].is_array(), line.access != Access::Open, "{verb} {path} names its guard");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{id} says what it does");
            described.insert(id.to_owned());
        }
    }
    assert_eq!(described.len(), listed.len());
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let requests =
        ["CreateTenant", "UpdateTenant", "Metadata", "AssignDashboards", "WriteDatastore", "TokenRequest", "RotateSecret"];
    for name in requests.into_iter().chain(["Tenant", "Datastore", "Rotation", "TokenGranted", "Problem"]) {
        assert!(schemas[name]["example"].is_object(), "{name} has an example");
    }
}

#[tokio::test]
async fn every_operation_lets_in_whom_it_names_and_nobody_else() {
    on_both(async |world| {
        let viewer = world.person("operator@example.com").await;
        let exchanged = world.ask(&viewer, Method::POST, "/api/token/exchange").json(&json!({"tenant_id": "alpha-works"}));
        let exchanged: Value = exchanged.send().await.unwrap().json().await.unwrap();
        let exchanged = exchanged["access_token"].as_str().expect("a tenant's token").to_owned();
        let callers = [
            ("nobody", Tool::nobody(world)),
            ("a forged token", Tool { token: Some("eyJhbGciOiJub25lIn0.e30.".to_owned()), ..Tool::nobody(world) }),
            ("an operator's token for a tenant", Tool { token: Some(exchanged), ..Tool::nobody(world) }),
            ("without the scope", Tool::with(world, "provision").await),
            ("reader of beta", Tool::with(world, "tenant:beta-works:read").await),
            ("reader of alpha", Tool::with(world, "tenant:alpha-works:read").await),
            ("admin", Tool::with(world, "admin").await),
        ];
        for (id, verb, path) in operations() {
            let access = INTERNAL_API.iter().find(|line| line.id == id).unwrap().access;
            // Ids that nobody has, so that nothing is changed by who is let in.
            let path = path.replace("{datastore}", "none");
            let path = match access {
                Access::Machine("admin") => path.replace("{id}", "no-such-tenant"),
                _ => path.replace("{id}", "alpha-works"),
            };
            let method: Method = verb.parse().unwrap();
            for (who, tool) in &callers {
                let body = (method != Method::GET).then(|| json!({"compromised": "not a switch"}));
                let status = tool.ask(method.clone(), &path, body).await.status().as_u16();
                let right = match (access, *who) {
                    (Access::Open, _) => status == 400,
                    (_, "nobody" | "a forged token" | "an operator's token for a tenant") => status == 401,
                    (Access::Machine("admin"), "admin") => !matches!(status, 401 | 403 | 500..),
                    (Access::Machine("tenant:{slug}:read"), "admin" | "reader of alpha") => status == 200,
                    _ => status == 403,
                };
                assert!(right, "{who}: {verb} {path} answered {status}");
            }
            // A session is nothing here, whoever's it is.
            let url = format!("http://{}{path}", world.server.internal);
            let request =
                Client::new().request(method, url).header("cookie", viewer.cookie()).header("sec-fetch-site", "same-origin");
            if access != Access::Open {
                assert_eq!(request.send().await.unwrap().status(), 401, "{path} with a session");
            }
        }
        for path in ["/admin/rotate-secret", "/admin/tenants/alpha-works/datastores", "/oauth/token"] {
            let public = world.get(&Person::nobody(), path).await.status().as_u16();
            assert_eq!(public, 404, "{path} is on the internal listener alone");
        }
    })
    .await;
}

#[tokio::test]
async fn a_pipeline_makes_a_tenant_that_opens_with_its_data_and_dashboards() {
    on_both(async |world| {
        let tool = Tool::with(world, "admin").await;
        let made = tool.ask(Method::POST, "/admin/tenants", Some(json!({"slug": "gamma-works", "name": "Gamma Works"}))).await;
        assert_eq!(made.status(), 201);
        let location = made.headers()["location"].to_str().unwrap().to_owned();
        let made: Value = made.json().await.unwrap();
        assert_eq!((made["status"].as_str(), made["set_by_file"].as_array().unwrap().len()), (Some("active"), 0));
        assert_eq!(made["storage"]["processed"], format!("/processed/{}/", made["id"].as_str().unwrap()));
        assert_eq!(tool.good(Method::GET, &location, None).await["slug"], "gamma-works");

        let store = json!({"env": "prod", "url": "sqlite:alpha-works.db", "uc_catalog": "gamma_prod"});
        let store = tool.good(Method::POST, "/admin/tenants/gamma-works/datastores", Some(store)).await;
        assert_eq!((&store["kind"], &store["is_primary"]), (&json!("sqlite"), &json!(true)));
        let own = format!("/admin/tenants/gamma-works/datastores/{}", store["id"].as_str().unwrap());
        let limits = async |body: Value| {
            let told = tool.good(Method::PUT, &own, Some(body)).await;
            (told["statement_timeout_ms"].clone(), told["max_connections"].clone())
        };
        assert_eq!(limits(json!({"statement_timeout_ms": 2500, "max_connections": 3})).await, (json!(2500), json!(3)));
        assert_eq!(limits(json!({"statement_timeout_ms": null})).await, (Value::Null, json!(3)), "null is the default again");
        let assigned = json!({"dashboards": ["shared-board"]});
        tool.good(Method::POST, "/admin/tenants/gamma-works/dashboards", Some(assigned)).await;

        let operator = world.person("operator@example.com").await;
        let page = world.text(&operator, "/tenant/gamma-works/dashboard/shared-board").await;
        assert!(page.contains("Gamma Works") && page.contains("MARKALPHA-server"), "its data, by the dashboard it was given");

        let metadata = json!({"branding": {"accent": "#10B981"}, "visible_components": ["rows"], "filters": {"server": ["x"]},
                              "storage": {"processed": "/lake/gamma-works/"}});
        let told = tool.good(Method::POST, "/admin/tenants/gamma-works/metadata", Some(metadata)).await;
        assert_eq!(
            (&told["branding"]["accent"], &told["storage"]["processed"]),
            (&json!("#10B981"), &json!("/lake/gamma-works/"))
        );
        let path = "/tenant/gamma-works/dashboard/shared-board";
        let parts = &world.server.parts;
        let session = operator.cookie().split_once('=').unwrap().1;
        let identity = parts.identities.identify(session, CorrelationId::new()).await.unwrap().unwrap();
        let scope = TenantScope::authorize(&parts.tenancy, &identity, "gamma-works", CorrelationId::new()).await.unwrap();
        let uploads = format!("/uploads/{}/", scope.tenant());
        assert_eq!(scope.storage(), ("/lake/gamma-works/".to_owned(), uploads), "what custom endpoints are given");
        let answer = world.get(&operator, path).await;
        assert_eq!(answer.status(), 303, "the preset is spelled out");
        assert!(answer.headers()["location"].to_str().unwrap().contains("var-server=x"));
        let page = world.text(&operator, &format!("{path}?var-server=")).await;
        assert!(page.contains("id=\"p-rows\"") && !page.contains("id=\"p-cpu\""), "only the components it sees");
        assert_eq!(world.get(&operator, &format!("{path}/panel/cpu")).await.status(), 404);
        let told =
            tool.good(Method::POST, "/admin/tenants/gamma-works/metadata", Some(json!({"visible_components": null}))).await;
        assert_eq!(told["visible_components"], Value::Null);
        assert_eq!(told["branding"]["accent"], "#10B981", "what is not sent stays");

        let listed = tool.good(Method::GET, "/admin/tenants?q=GAMMA&sort=updated_at&dir=desc&page_size=1", None).await;
        assert_eq!((&listed["total"], &listed["tenants"][0]["slug"]), (&json!(1), &json!("gamma-works")));

        assert_eq!(tool.ask(Method::DELETE, &location, None).await.status(), 204);
        assert_eq!(tool.ask(Method::GET, &location, None).await.status(), 404);
        assert_eq!(world.get(&operator, path).await.status(), 403);
    })
    .await;
}

#[tokio::test]
async fn what_a_file_sets_is_changed_there_alone() {
    on_both(async |world| {
        let tool = Tool::with(world, "admin").await;
        let path = "/admin/tenants/alpha-works";
        let alpha = tool.good(Method::GET, path, None).await;
        assert_eq!(alpha["set_by_file"], json!(["name", "timezone", "branding.accent", "datastores"]));
        for change in [json!({"name": "Other"}), json!({"timezone": "UTC"}), json!({"branding": {"accent": "#000000"}})] {
            let (status, told) = tool.told(Method::PUT, path, Some(change)).await;
            assert_eq!(status, 409);
            assert!(told["detail"].as_str().unwrap().contains("alpha-works/tenant.yaml"), "{told}");
        }
        let (status, told) = tool.told(Method::POST, &format!("{path}/datastores"), Some(json!({"url": "sqlite:x.db"}))).await;
        assert_eq!(status, 409, "{told}");
        let same = json!({"name": alpha["name"], "branding": {"logo": "logo.svg"}});
        let told = tool.good(Method::PUT, path, Some(same)).await;
        assert_eq!(
            told["branding"],
            json!({"accent": "#3B82F6", "logo": "logo.svg"}),
            "the rest is editable, and what stays may be sent"
        );

        // The file is read again: what it never set is left alone, what it no longer sets is gone.
        let file = world.tenants_file("alpha-works/tenant.yaml");
        let text = fs::read_to_string(&file).unwrap().replace("  branding: { accent: \"#3B82F6\" }\n", "");
        fs::write(&file, text).unwrap();
        crate::world::eventually("the file is read", async || {
            tool.good(Method::GET, path, None).await["set_by_file"] == json!(["name", "timezone", "datastores"])
        })
        .await;
        let told = tool.good(Method::GET, path, None).await;
        assert_eq!(told["branding"], json!({"accent": null, "logo": "logo.svg"}));
        tool.good(Method::PUT, path, Some(json!({"branding": {"accent": "#111111"}}))).await;
    })
    .await;
}

#[tokio::test]
async fn names_that_cannot_stand_in_sql_are_refused_and_noted() {
    on_both(async |world| {
        let tool = Tool::with(world, "admin").await;
        tool.good(Method::POST, "/admin/tenants", Some(json!({"slug": "gamma-works", "name": "Gamma"}))).await;
        let path = "/admin/tenants/gamma-works/datastores";
        let with = |field: &str, value: &str| {
            let mut body = json!({"kind": "postgres", "host": "db", "database": "d"});
            body[field] = json!(value);
            body
        };
        for (field, value) in [
            ("uc_catalog", "acme; DROP TABLE tenants"),
            ("uc_catalog", "acme\n"),
            ("uc_catalog", "my-catalog"),
            ("uc_catalog", " acme"),
            ("schema", "public\""),
            ("schema", "1st"),
            ("host", "db;x"),
            ("host", "db/../x"),
        ] {
            assert_eq!(tool.faults(Method::POST, path, with(field, value)).await, [field], "{value:?}");
        }
        let databricks = json!({"kind": "databricks", "uc_workspace": "https://adb-1.net/x", "uc_catalog": "ok"});
        assert_eq!(tool.faults(Method::POST, path, databricks).await, ["uc_workspace"]);
        let (_, told) = tool.told(Method::POST, path, Some(with("uc_catalog", "my-catalog"))).await;
        assert!(told["faults"][0]["message"].as_str().unwrap().contains("hyphen"), "{told}");
        world.server.parts.audit.flush().await.unwrap();
        let denied = Search { action: Some(Action::Denied), ..Search::default() };
        let denied = list(&world.server.parts.central, &denied, 50).await.unwrap();
        let row = denied.iter().find(|row| row.detail.to_string().contains("uc_catalog"));
        assert!(row.is_some_and(|row| row.actor_kind == "machine"), "who tried stands in the audit");
        assert_eq!(tool.good(Method::GET, path, None).await["datastores"], json!([]));
        let mapped = json!({"env": "prod", "uc_catalog": "acme_prod"});
        let mapped = tool.good(Method::POST, path, Some(mapped)).await;
        assert_eq!((&mapped["kind"], &mapped["uc_catalog"]), (&json!("databricks"), &json!("acme_prod")), "a mapping alone");
    })
    .await;
}

#[tokio::test]
async fn one_environment_has_one_primary() {
    on_both(async |world| {
        let tool = Tool::with(world, "admin").await;
        tool.good(Method::POST, "/admin/tenants", Some(json!({"slug": "gamma-works", "name": "Gamma"}))).await;
        let path = "/admin/tenants/gamma-works/datastores";
        let first = tool.good(Method::POST, path, Some(json!({"env": "prod", "url": "sqlite:a.db"}))).await;
        let second = tool.good(Method::POST, path, Some(json!({"env": "prod", "url": "sqlite:b.db"}))).await;
        assert_eq!((&first["is_primary"], &second["is_primary"]), (&json!(true), &json!(false)));
        let second = format!("{path}/{}", second["id"].as_str().unwrap());
        let (status, told) = tool.told(Method::PUT, &second, Some(json!({"is_primary": true}))).await;
        assert_eq!(status, 409, "{told}");
        let first = format!("{path}/{}", first["id"].as_str().unwrap());
        tool.good(Method::PUT, &first, Some(json!({"is_primary": false}))).await;
        tool.good(Method::PUT, &second, Some(json!({"is_primary": true}))).await;
        assert_eq!(tool.ask(Method::DELETE, &first, None).await.status(), 204);
        assert_eq!(tool.ask(Method::DELETE, &first, None).await.status(), 404);
    })
    .await;
}

#[tokio::test]
async fn a_secret_goes_in_and_never_comes_back_out() {
    on_both(async |world| {
        let tool = Tool::with(world, "admin").await;
        tool.good(Method::POST, "/admin/tenants", Some(json!({"slug": "gamma-works", "name": "Gamma"}))).await;
        let path = "/admin/tenants/gamma-works/datastores";
        let parts =
            json!({"env": "prod", "host": "db.example.com", "database": "acme", "user": "reader", "password": "hunter2 ä/@"});
        let store = tool.good(Method::POST, path, Some(parts)).await;
        assert_eq!((&store["secret"], &store["url"], &store["user"]), (&json!("sealed"), &Value::Null, &json!("reader")));
        let whole = json!({"env": "dev", "url": "postgres://reader:hunter2@db.example.com/acme?sslmode=require"});
        let whole = tool.good(Method::POST, path, Some(whole)).await;
        assert_eq!(whole["secret"], "sealed");
        let by_reference = json!({"env": "stage", "url": {"env": "ACME_DATABASE_URL"}});
        let by_reference = tool.good(Method::POST, path, Some(by_reference)).await;
        assert_eq!((&by_reference["secret"], &by_reference["url"]), (&json!("env"), &json!({"env": "ACME_DATABASE_URL"})));
        let told = tool.good(Method::GET, path, None).await.to_string();
        assert!(!told.contains("hunter2"), "{told}");
        let id = loggia::domain::TenantId(store["id"].as_str().unwrap().parse().unwrap());
        let rows = loggia::central::datastores::of(&world.server.parts.central, tenant_id(&tool).await).await.unwrap();
        let kept = rows.iter().find(|row| row.id == id.0).unwrap();
        assert!(kept.secret_ref.contains("sealed") && !kept.secret_ref.contains("hunter2"));

        // A stored password is not sent anywhere else than where it was given for.
        let at = format!("{path}/{}", store["id"].as_str().unwrap());
        assert_eq!(tool.faults(Method::PUT, &at, json!({"host": "evil.example"})).await, ["password"]);
        assert_eq!(tool.faults(Method::PUT, &at, json!({"port": 1})).await, ["password"]);
        let moved = json!({"host": "db2.example.com", "password": "another"});
        assert_eq!(tool.good(Method::PUT, &at, Some(moved)).await["host"], "db2.example.com");
        let renamed = tool.good(Method::PUT, &at, Some(json!({"database": "acme2"}))).await;
        assert_eq!((&renamed["database"], &renamed["secret"]), (&json!("acme2"), &json!("sealed")));

        for bad in [
            json!({"url": "postgres://db/acme?options=-c%20x"}),
            json!({"url": {"sealed": "v1.x.y"}}),
            json!({"url": {"env": "LOGGIA_SECRET_KEY"}}),
            json!({"url": {"file": "relative"}}),
            json!({"url": "sqlite:/etc/passwd"}),
            json!({"url": "sqlite:../x.db"}),
            json!({"url": "mysql://db/x"}),
            json!({"url": 7}),
            json!({}),
        ] {
            assert_eq!(tool.faults(Method::POST, path, bad).await, ["url"]);
        }
        if world.central.is_none() {
            assert_eq!(
                tool.faults(Method::POST, path, json!({"url": "sqlite:loggia.db"})).await,
                ["url"],
                "the central database"
            );
        }
    })
    .await;
}

async fn tenant_id(tool: &Tool<'_>) -> loggia::domain::TenantId {
    let told = tool.good(Method::GET, "/admin/tenants/gamma-works", None).await;
    loggia::domain::TenantId(told["id"].as_str().unwrap().parse().unwrap())
}

#[tokio::test]
async fn two_at_once_do_not_overwrite_each_other() {
    on_both(async |world| {
        let tool = Tool::with(world, "admin").await;
        let made = tool.good(Method::POST, "/admin/tenants", Some(json!({"slug": "gamma-works", "name": "Gamma"}))).await;
        let path = "/admin/tenants/gamma-works";
        let seen = made["updated_at"].clone();
        let first = tool.good(Method::PUT, path, Some(json!({"name": "First", "updated_at": seen}))).await;
        let (status, _) = tool.told(Method::PUT, path, Some(json!({"name": "Second", "updated_at": seen}))).await;
        assert_eq!(status, 409);
        tool.good(Method::PUT, path, Some(json!({"name": "Second", "updated_at": first["updated_at"]}))).await;
        let (status, told) =
            tool.told(Method::POST, "/admin/tenants", Some(json!({"slug": "gamma-works", "name": "Again"}))).await;
        assert_eq!(status, 409, "{told}");
        let (status, _) = tool.told(Method::PUT, path, Some(json!({"status": "suspended"}))).await;
        assert_eq!(status, 200);
        for bad in [json!({"status": "deleting"}), json!({"name": ""}), json!({"timezone": "Mars"}), json!({"nmae": "x"})] {
            assert_eq!(tool.faults(Method::PUT, path, bad).await.len(), 1);
        }
        let bad = json!({"slug": "Bad Slug", "name": " ", "branding": {"accent": "red"}});
        assert_eq!(tool.faults(Method::POST, "/admin/tenants", bad).await, ["slug", "name"]);
        let strange = json!({"dashboards": ["no-such-board"]});
        assert_eq!(tool.faults(Method::POST, &format!("{path}/dashboards"), strange).await, ["dashboards"]);
    })
    .await;
}

#[tokio::test]
async fn a_token_is_given_as_oauth_wants_it() {
    let world = World::open().await;
    let (id, secret) = client(&world, "admin provision").await;
    let tool = Tool::nobody(&world);
    let ask = async |form: &[(&str, &str)], basic: Option<(&str, &str)>| {
        let mut request = tool.post("/oauth/token").form(form);
        if let Some((name, secret)) = basic {
            request = request.basic_auth(name, Some(secret));
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let (status, challenge) = (answer.status(), answer.headers().get("www-authenticate").cloned());
        assert_eq!(challenge.is_some(), status == StatusCode::UNAUTHORIZED);
        (status.as_u16(), answer.json::<Value>().await.unwrap())
    };
    let grant = ("grant_type", "client_credentials");
    let (status, granted) = ask(&[grant, ("scope", "provision")], Some((&id, &secret))).await;
    assert_eq!((status, &granted["scope"], &granted["expires_in"]), (200, &json!("provision"), &json!(600)));
    /// What is sent, with which name and secret, and what comes back.
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<(&'a str, &'a str)>, u16, &'a str);
    let cases: [Case<'_>; 6] = [
        (&[grant, ("client_id", &id), ("client_secret", "wrong")], None, 401, "invalid_client"),
        (&[grant], None, 401, "invalid_client"),
        (&[grant, ("scope", "tenant:alpha-works:read")], Some((&id, &secret)), 400, "invalid_scope"),
        (&[("grant_type", "password")], Some((&id, &secret)), 400, "unsupported_grant_type"),
        (&[("scope", "admin")], Some((&id, &secret)), 400, "invalid_request"),
        (&[grant, ("client_secret", &secret)], Some((&id, &secret)), 400, "invalid_request"),
    ];
    for (form, basic, expected, word) in cases {
        let (status, told) = ask(form, basic).await;
        assert_eq!((status, &told["error"]), (expected, &json!(word)), "{form:?}");
    }
    world.close().await;
}

#[tokio::test]
async fn a_token_ends_after_ten_minutes_and_with_its_client_at_once() {
    let clock = Clock::held(Clock::system().now());
    let world = World::raise(Setting { clock: Some(clock.clone()), ..Setting::default() }).await;
    let tool = Tool::with(&world, "admin").await;
    clock.advance(TimeDelta::minutes(9));
    assert_eq!(tool.ask(Method::GET, "/admin/tenants", None).await.status(), 200);
    clock.advance(TimeDelta::minutes(2));
    assert_eq!(tool.ask(Method::GET, "/admin/tenants", None).await.status(), 401);
    let tool = Tool::with(&world, "admin").await;
    let central = &world.server.parts.central;
    for machine in machines::list(central, None, 1, 50).await.unwrap().items {
        machines::set_active(central, &console(CorrelationId::new()), machine.id, false).await.unwrap();
    }
    assert_eq!(tool.ask(Method::GET, "/admin/tenants", None).await.status(), 401);
    world.close().await;
}

#[tokio::test]
async fn a_new_signing_key_is_begun_once_and_published() {
    let world = World::open().await;
    let tool = Tool::with(&world, "admin").await;
    let begun = tool.good(Method::POST, "/admin/rotate-secret", None).await;
    let again = tool.good(Method::POST, "/admin/rotate-secret", Some(json!({}))).await;
    assert_eq!((&begun["begun"], &again["begun"], &again["kid"]), (&json!(true), &json!(false), &begun["kid"]));
    let published = world.text(&Person::nobody(), "/.well-known/jwks.json").await;
    assert!(published.contains(begun["kid"].as_str().unwrap()));
    let given_up = tool.good(Method::POST, "/admin/rotate-secret", Some(json!({"compromised": true}))).await;
    assert!(!given_up["given_up"].as_array().unwrap().is_empty());
    assert_eq!(tool.ask(Method::GET, "/admin/tenants", None).await.status(), 401, "what the old key signed is good no longer");
    world.close().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem_in_words() {
    let world = World::open().await;
    let tool = Tool::with(&world, "admin").await;
    let url = format!("http://{}/admin/tenants", world.server.internal);
    let request = || tool.client.post(&url).bearer_auth(tool.token.clone().unwrap());
    let cases = [
        request().body("{").header("content-type", "application/json"),
        request().body("{}").header("content-type", "text/plain"),
        request().body("[]").header("content-type", "application/json"),
        request(),
        tool.client.get(format!("{url}?page=x")).bearer_auth(tool.token.clone().unwrap()),
        tool.client.get(format!("{url}?sort=colour")).bearer_auth(tool.token.clone().unwrap()),
    ];
    for request in cases {
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
            (400, "application/problem+json")
        );
        let told: Value = answer.json().await.unwrap();
        assert!(!told["faults"].as_array().unwrap().is_empty(), "{told}");
        assert!(!told.to_string().contains("failed to parse"), "{told}");
    }
    let answer = tool.ask(Method::PATCH, "/admin/tenants", None).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, "GET, HEAD, POST"));
    let large = request().body(format!("{{\"slug\": \"{}\"}}", "x".repeat(300_000))).header("content-type", "application/json");
    assert_eq!(large.send().await.unwrap().status(), 413);
    assert_eq!(tool.ask(Method::GET, "/admin/no-such-thing", None).await.status(), 404);
    world.close().await;
}

#[tokio::test]
async fn the_examples_of_the_document_run_as_they_stand() {
    let world = World::open().await;
    let (id, secret) = client(&world, "admin").await;
    let page = fs::read_to_string("docs/internal-api.md").unwrap();
    let script: String = page.split("```bash\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(script.matches("curl").count() >= 8, "the examples are found");
    let mut run = std::process::Command::new("bash");
    run.args(["-euo", "pipefail", "-c", &script])
        .env("INTERNAL", format!("http://{}", world.server.internal))
        .envs([("CLIENT_ID", id), ("CLIENT_SECRET", secret)]);
    let done = tokio::task::spawn_blocking(move || run.output()).await.unwrap().expect("bash and curl");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("initech_prod") && said.contains("\"begun\":true"), "{said}");
    world.close().await;
}

/// A token of a machine client with these scopes.
pub async fn machine_token(world: &World, scopes: &str) -> String {
    Tool::with(world, scopes).await.token.expect("a token")
}
