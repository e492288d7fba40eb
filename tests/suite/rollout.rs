//! A tenant goes over to the new flow of its hosted apps, and back: by form, by API and at the console; after a look at the
//! apps, and back at once.

use loggia::central::audit::{Action, Search, list};
use loggia::domain::{Clock, CorrelationId, Rollout};
use loggia::identity::console;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::world::console::{Console, Said};
use crate::world::dash::{Dash, Guard};
use crate::world::{MARKS, Person, World, eventually};

const OPERATOR: &str = "operator@example.com";
const TRUSTED: (&str, &str) = ("LOGGIA_APPS__TRUSTED", "true");

/// Two tenants with the app `ltv`, each with a catalog of its own; the old app takes everybody.
struct Stage {
    world: World,
    new: Dash,
    old: Dash,
}

impl Stage {
    async fn open() -> Stage {
        let (world, new, old) = (World::with(&[TRUSTED]).await, Dash::start("ltv").await, Dash::start("ltv").await);
        new.trusts(world.server.parts.identities.issuer(), &world.url(""));
        old.set(Guard::Open);
        let stage = Stage { world, new, old };
        let app = format!(
            "app:\n  title: Customer LTV\n  upstream: {{ url: \"{}\" }}\n  legacy_upstream: {{ url: \"{}\" }}\n",
            stage.new.url, stage.old.url
        );
        stage.write("_shared/apps/ltv.yaml", &app);
        for (slug, _) in MARKS {
            stage.write(&format!("{slug}/dashboards/ltv.yaml"), "dashboard: { name: Customer LTV, app: ltv }\n");
            stage.catalog(slug, &format!("kyros_{}", &slug[..4]));
        }
        stage.reads("kyros_beta", "beta-works").await;
        for (slug, _) in MARKS {
            stage.set(slug, Rollout::Legacy).await;
        }
        stage
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.world.tenants_file(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn catalog(&self, slug: &str, catalog: &str) {
        let file = format!(
            "tenant:\n  name: {slug}\n  datastore:\n    kind: sqlite\n    url: \"sqlite:{slug}.db\"\n    catalog: {catalog}\n"
        );
        self.write(&format!("{slug}/tenant.yaml"), &file);
    }

    /// Until the central database says what the files say.
    async fn reads(&self, catalog: &str, slug: &str) {
        let tenancy = &self.world.server.parts.tenancy;
        eventually("the files are read", async || {
            let record = tenancy.record(slug).await.unwrap();
            tenancy.catalogs(&record.tenant).await.unwrap().own.as_deref() == Some(catalog)
        })
        .await;
        eventually("the app is read", async || !self.world.server.parts.catalog.now().apps().is_empty()).await;
    }

    async fn set(&self, slug: &str, rollout: Rollout) {
        let tenancy = &self.world.server.parts.tenancy;
        tenancy.set_rollout(&console(CorrelationId::new()), &slug.parse().unwrap(), rollout).await.unwrap();
    }

    async fn rollout(&self, slug: &str) -> Rollout {
        self.world.server.parts.tenancy.record(slug).await.unwrap().tenant.rollout
    }

    /// Sends the form of a tenant's flow as it stands on its page; gives the status, where it leads and the page.
    async fn send(&self, who: &Person, slug: &str, form: &[(&str, &str)]) -> (u16, String, String) {
        let page = self.world.text(who, &format!("/admin/tenants/{slug}")).await;
        let version = page.split("name=\"version\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a version");
        let form = [form, &[("version", version)]].concat();
        self.send_as_it_is(who, slug, &form).await
    }

    async fn send_as_it_is(&self, who: &Person, slug: &str, form: &[(&str, &str)]) -> (u16, String, String) {
        let request = self.world.ask(who, Method::POST, &format!("/admin/tenants/{slug}/rollout")).form(form);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let location = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        (status, location, response.text().await.unwrap())
    }

    /// What somebody is shown who opens the app alone, and the tokens the new and the old app were sent for it.
    async fn opened(&self, who: &Person) -> (u16, Vec<bool>, Vec<bool>) {
        self.new.came();
        self.old.came();
        let request = self.world.ask(who, Method::GET, "/dash/ltv/").header("accept", "text/html");
        let status = request.header("sec-fetch-dest", "document").send().await.unwrap().status().as_u16();
        let tokens = |dash: &Dash| dash.came().iter().map(|came| came.token.is_some()).collect();
        (status, tokens(&self.new), tokens(&self.old))
    }

    async fn switches(&self) -> Vec<Value> {
        self.world.server.parts.audit.flush().await.unwrap();
        let search = Search { action: Some(Action::RolloutChanged), ..Search::default() };
        let rows = list(&self.world.server.parts.central, &search, 100).await.unwrap();
        let told = |row: loggia::central::audit::Row| {
            let detail: Value = serde_json::from_str(&row.detail).unwrap();
            json!([row.actor, row.target, detail["from"], detail["to"]])
        };
        rows.into_iter().map(told).collect()
    }
}

#[tokio::test]
async fn canary_tenant_on_new_flow() {
    let stage = Stage::open().await;
    let operator = stage.world.person(OPERATOR).await;
    let (acme, other) = (stage.world.person("viewer@alpha.example").await, stage.world.person("viewer@beta.example").await);
    assert_eq!(stage.opened(&acme).await, (200, vec![], vec![false]), "legacy: the old app, and no token");

    let (status, location, page) = stage.send(&operator, "alpha-works", &[("rollout", "canary")]).await;
    assert_eq!((status, location.as_str()), (303, "/admin/tenants/alpha-works?done=canary"), "{page}");
    assert!(stage.world.text(&operator, &location).await.contains("On canary."));
    assert_eq!(stage.opened(&acme).await, (200, vec![true], vec![]), "the new app, with a token");
    assert_eq!(stage.opened(&other).await, (200, vec![], vec![false]), "the other tenant remains on legacy");
    assert!(stage.world.text(&operator, "/admin/tenants").await.contains("<td data-of=\"Flow\">canary</td>"));

    // the rest of the way, and back, need no look: also with all apps down
    stage.new.stop().await;
    stage.old.stop().await;
    assert_eq!(stage.send(&operator, "alpha-works", &[("rollout", "current")]).await.0, 303);
    assert_eq!(stage.send(&operator, "alpha-works", &[("rollout", "legacy")]).await.0, 303);
    assert_eq!(stage.rollout("alpha-works").await, Rollout::Legacy);
    let switches = stage.switches().await;
    let by_hand: Vec<&Value> = switches.iter().filter(|row| row[0] == OPERATOR).collect();
    assert_eq!(
        by_hand,
        [
            &json!([OPERATOR, "alpha-works", "current", "legacy"]),
            &json!([OPERATOR, "alpha-works", "canary", "current"]),
            &json!([OPERATOR, "alpha-works", "legacy", "canary"]),
        ]
    );
    stage.world.close().await;
}

#[tokio::test]
async fn rollout_validated_every_check_passes_before_users_are_routed() {
    let stage = Stage::open().await;
    let operator = stage.world.person(OPERATOR).await;
    let looked = async |guard: Guard| {
        stage.new.set(guard);
        let sent = stage.send(&operator, "alpha-works", &[("rollout", "current"), ("act", "check")]).await;
        assert_eq!((sent.0, stage.rollout("alpha-works").await), (200, Rollout::Legacy), "a look changes nothing");
        sent.2
    };
    let page = looked(Guard::Verifies).await;
    for found in [
        "It can go over to the new flow.",
        "“Customer LTV” (ltv) answers at",
        "takes the token of alpha-works",
        "turns away who brings no token",
        "name the catalog kyros_alph, which no other tenant has",
        "the way back from “Customer LTV” (ltv) stands",
    ] {
        assert!(page.contains(found), "{found}: {page}");
    }
    assert!(page.contains("value=\"current\" checked"), "what was chosen stays chosen");
    let came = stage.new.came();
    assert!(came.iter().all(|came| came.path == "/_dash-layout" && came.prefix.as_deref() == Some("/dash/ltv")), "{came:?}");
    assert!(
        looked(Guard::Plain).await.contains("takes the token of alpha-works"),
        "an app that is not Dash shows its front page"
    );
    assert!(looked(Guard::Open).await.contains("it does not check tokens"), "that is a warning");

    for (guard, found, fix) in [
        (Guard::Refuses, "refuses the token of alpha-works (401)", "its audience dash:ltv"),
        (Guard::Keyless, "cannot fetch our keys", "/.well-known/jwks.json: name server, firewall, certificate"),
        (Guard::Picky, "refuses the catalog in the token", "a uc_catalog of letters"),
        (Guard::Fails, "fails when a token is brought (500)", "look at its own log"),
    ] {
        let page = looked(guard).await;
        assert!(page.contains("It cannot go over") && page.contains(found) && page.contains(fix), "{guard:?}: {page}");
        for to in ["canary", "current"] {
            let (status, _, page) = stage.send(&operator, "alpha-works", &[("rollout", to)]).await;
            assert!(
                status == 409 && page.contains("role=\"alert\"><b>Not switched") && page.contains(found),
                "{guard:?}: {page}"
            );
        }
    }
    stage.new.set(Guard::Verifies);
    stage.old.stop().await;
    assert!(looked(Guard::Verifies).await.contains("leads nowhere"), "a way back that is gone is a warning");
    // whatever capitals it is written with: the engine does not tell them apart
    stage.catalog("alpha-works", "Kyros_Beta");
    stage.reads("Kyros_Beta", "alpha-works").await;
    let page = looked(Guard::Verifies).await;
    assert!(page.contains("It cannot go over") && page.contains("Kyros_Beta together with beta-works"), "{page}");
    stage.new.stop().await;
    let (status, _, page) = stage.send(&operator, "alpha-works", &[("rollout", "current")]).await;
    assert!(status == 409 && page.contains("is not there") && page.contains("no connection"), "{page}");
    assert_eq!(stage.rollout("alpha-works").await, Rollout::Legacy);
    assert!(stage.switches().await.iter().all(|row| row[0] == "console"), "nothing was switched by the operator");
    stage.world.close().await;
}

#[tokio::test]
async fn the_form_tells_a_word_it_does_not_know_and_does_not_overwrite_what_changed_meanwhile() {
    let stage = Stage::open().await;
    let operator = stage.world.person(OPERATOR).await;
    let (status, _, page) = stage.send(&operator, "alpha-works", &[("rollout", "sideways")]).await;
    assert!(status == 422 && page.contains("id=\"rollout-fault\"") && page.contains("value=\"legacy\" checked"), "{status}");
    let (status, _, page) = stage.send_as_it_is(&operator, "alpha-works", &[("rollout", "canary"), ("version", "1")]).await;
    assert!(status == 409 && page.contains("Somebody else changed this tenant meanwhile"), "{page}");
    assert_eq!(stage.rollout("alpha-works").await, Rollout::Legacy);
    let viewer = stage.world.person("admin@alpha.example").await;
    assert_eq!(stage.send_as_it_is(&viewer, "alpha-works", &[("rollout", "legacy")]).await.0, 403);
    stage.world.close().await;
}

#[tokio::test]
async fn the_api_switches_and_tells_what_stands_against_it() {
    let stage = Stage::open().await;
    let tool = Tool::with_admin(&stage.world).await;
    assert_eq!(tool.put(&stage.world, json!({})).await.1["rollout"], "legacy");
    let (status, told) = tool.put(&stage.world, json!({"rollout": "Canary", "status": "gone"})).await;
    assert_eq!(status, 400, "{told}");
    let fields: Vec<&str> = told["faults"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["status", "rollout"]);

    stage.new.set(Guard::Refuses);
    let (status, told) = tool.put(&stage.world, json!({"rollout": "canary", "timezone": "Asia/Tokyo"})).await;
    assert_eq!((status, told["faults"].as_array().unwrap().len()), (409, 1), "{told}");
    assert_eq!(told["faults"][0]["field"], "rollout");
    assert!(told["faults"][0]["message"].as_str().unwrap().contains("refuses the token of alpha-works (401)"), "{told}");
    assert!(told["detail"].as_str().unwrap().starts_with("alpha-works stays on legacy. "), "{told}");
    let (_, told) = tool.put(&stage.world, json!({})).await;
    assert_eq!((&told["rollout"], &told["timezone"]), (&json!("legacy"), &json!("Europe/Berlin")), "nothing of it was done");

    stage.new.set(Guard::Verifies);
    let (status, told) = tool.put(&stage.world, json!({"rollout": "canary", "timezone": "Asia/Tokyo"})).await;
    assert_eq!((status, &told["rollout"], &told["timezone"]), (200, &json!("canary"), &json!("Asia/Tokyo")), "{told}");
    stage.new.stop().await;
    let stale = json!({"rollout": "legacy", "updated_at": "2026-01-01T00:00:00Z"});
    assert_eq!(tool.put(&stage.world, stale).await.0, 409, "a caller that saw something else is told so");
    assert_eq!(tool.put(&stage.world, json!({"rollout": "legacy"})).await.1["rollout"], "legacy", "back at once");
    assert_eq!(tool.put(&stage.world, json!({"rollout": "canary"})).await.0, 409);
    stage.world.close().await;
}

/// A machine client of the internal API.
struct Tool(String);

impl Tool {
    async fn with_admin(world: &World) -> Tool {
        use loggia::identity::machines::{Draft, create};
        let draft = Draft { name: "Pipeline".to_owned(), scopes: "admin".parse().unwrap(), certificate: None };
        let made = create(&world.server.parts.central, &console(CorrelationId::new()), draft).await;
        let (machine, secret) = made.unwrap();
        let form = [("grant_type", "client_credentials"), ("client_id", &machine.client_id), ("client_secret", secret.reveal())];
        let request = Client::new().post(format!("http://{}/oauth/token", world.server.internal)).form(&form);
        let told: Value = request.send().await.unwrap().json().await.unwrap();
        Tool(told["access_token"].as_str().unwrap().to_owned())
    }

    async fn put(&self, world: &World, body: Value) -> (u16, Value) {
        let address = format!("http://{}/admin/tenants/alpha-works", world.server.internal);
        let answer = Client::new().put(address).bearer_auth(&self.0).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn the_token_an_app_is_tried_with_is_good_at_that_app_and_nowhere_else() {
    let stage = Stage::open().await;
    let operator = stage.world.person(OPERATOR).await;
    stage.send(&operator, "alpha-works", &[("rollout", "current"), ("act", "check")]).await;
    let token = stage.new.came().into_iter().find_map(|came| came.token).expect("a token was brought");
    let introspect = async || {
        let form = [("token", token.as_str())];
        let request = Client::new().post(stage.world.url("/api/token/introspect")).form(&form);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let told = introspect().await;
    assert_eq!(told["active"], true, "{told}");
    assert_eq!((&told["aud"], &told["role"], &told["uc_catalog"]), (&json!("dash:ltv"), &json!("viewer"), &json!("kyros_alph")));
    assert_eq!((&told["email"], &told["client_id"]), (&Value::Null, &json!("loggia-check")), "{told}");
    for path in ["/api/me", "/api/v1/dashboards", "/tenant/alpha-works/dashboard/default", "/dash/ltv/", "/admin/apps"] {
        let answer = Client::new().get(stage.world.url(path)).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{path}");
    }
    let exchange = Client::new().post(stage.world.url("/api/token/exchange")).bearer_auth(&token);
    assert_eq!(exchange.json(&json!({"tenant_id": "alpha-works"})).send().await.unwrap().status(), 401);
    let suspended = [("status", "suspended")];
    let request = stage.world.ask(&operator, Method::POST, "/admin/tenants/alpha-works/status").form(&suspended);
    assert_eq!(request.send().await.unwrap().status(), 303);
    assert_eq!(introspect().await, json!({"active": false}), "a suspended tenant's token is good no longer");
    let page = stage.send(&operator, "alpha-works", &[("rollout", "current"), ("act", "check")]).await.2;
    assert!(page.contains("It cannot go over") && page.contains("alpha-works is suspended"), "{page}");
    stage.world.close().await;
}

#[tokio::test]
async fn operators_see_where_each_app_runs_and_who_has_it_by_which_flow() {
    let stage = Stage::open().await;
    let operator = stage.world.person(OPERATOR).await;
    stage.set("beta-works", Rollout::Canary).await;
    let parts = &stage.world.server.parts;
    let ask = async || parts.apps.probes().ask(parts.apps.client(), &parts.catalog.now().apps(), &Clock::system()).await;
    ask().await;
    let page = stage.world.text(&operator, "/admin/apps").await;
    for told in [
        "<a href=\"/admin/apps\" aria-current=\"page\">Apps</a>",
        "On our own origin, as trusted code (LOGGIA_APPS__TRUSTED=true)",
        "<code>/dash/ltv/</code>",
        "<code>_shared/apps/ltv.yaml</code>, shared",
        "each request carries the tenant’s token",
        "<dt>Web sockets</dt><dd>refused</dd>",
        "<a href=\"/tenant/alpha-works/dashboard/ltv\">ltv</a>",
        "<span class=\"badge \">legacy</span>",
        "<span class=\"badge strong\">canary</span>",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    for url in [&stage.new.url, &stage.old.url] {
        assert!(page.contains(&format!("<code>{url}/</code>")), "{url}: {page}");
    }
    assert_eq!(page.matches("<span class=\"badge good\">up</span>").count(), 2, "{page}");
    stage.old.stop().await;
    ask().await;
    let page = stage.world.text(&operator, "/admin/apps").await;
    assert!(page.contains("<span class=\"badge bad\">down</span> no connection"), "{page}");
    assert_eq!(page.matches("<span class=\"badge good\">up</span>").count(), 1, "each for itself");
    // the last good version of a file with a fault is used, and said to be that
    stage.write("_shared/apps/ltv.yaml", "app:\n  titel: Customer LTV\n");
    let is_told = async || stage.world.text(&operator, "/admin/apps").await.contains("its file has a fault");
    eventually("the fault is told", is_told).await;
    stage.world.close().await;
}

#[tokio::test]
async fn the_page_of_apps_says_how_they_are_served_and_what_to_do() {
    let own = [("LOGGIA_APPS__ORIGIN", "http://apps.localhost:1"), ("LOGGIA_PUBLIC_URL", "http://loggia.localhost:1")];
    for (variables, told, more) in [
        (&[][..], "Switched off: nobody is shown an app", "Set LOGGIA_APPS__ORIGIN to a host name that is theirs alone"),
        (&own, "On an origin of their own: http://apps.localhost:1", "reach nothing of ours"),
    ] {
        let world = World::with(variables).await;
        let operator = world.person(OPERATOR).await;
        let page = world.text(&operator, "/admin/apps").await;
        assert!(page.contains(told) && page.contains(more) && page.contains("No app yet"), "{page}");
        world.close().await;
    }
}

const KEY: (&str, &str) = ("LOGGIA_SECRET_KEY", "b9Jw2mT0s8hQyV4xk7Lr1Zc6uNe3Gf5A");

fn run(console: &Console, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let mut command = console.command(arguments);
    let output = command.env(KEY.0, KEY.1).envs(variables.iter().copied()).output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A console with a tenant that has the app, and no server.
fn with_app(upstream: &str) -> Console {
    let console = Console::with_tenant();
    console.write("tenants/_shared/apps/ltv.yaml", &format!("app:\n  title: LTV\n  upstream: {{ url: \"{upstream}\" }}\n"));
    console.write("tenants/acme-corp/dashboards/ltv.yaml", "dashboard: { name: LTV, app: ltv }\n");
    console.well(&["apply"]);
    console
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_tells_the_flow_looks_before_the_new_one_and_goes_back_at_once() {
    let dash = Dash::start("ltv").await;
    dash.set(Guard::Open);
    let console = with_app(&dash.url);
    let rollout = |more: &[&str]| run(&console, &[&["tenant", "rollout"], more].concat(), &[]);
    assert_eq!((rollout(&["acme-corp"]).out.as_str(), rollout(&["acme-corp"]).code), ("current\n", Some(0)));
    assert_eq!(rollout(&["acme-corp", "current"]).out, "acme-corp is on current already.\n");
    // back without a key, and without an app
    dash.set(Guard::Refuses);
    let keyless = console.run(&["tenant", "rollout", "acme-corp", "legacy"]);
    assert_eq!(keyless.code, Some(0), "{keyless:?}");
    assert!(keyless.out.starts_with("acme-corp: current → legacy. Pages that are open stay"), "{keyless:?}");
    let said = rollout(&["acme-corp", "canary"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{said:?}");
    assert!(
        said.out.lines().any(|line| line.starts_with("BAD ") && line.contains("refuses the token of acme-corp (401)")),
        "{said:?}"
    );
    assert!(said.out.ends_with("acme-corp stays on legacy: see to what is bad first.\n"), "{said:?}");
    assert_eq!(rollout(&["acme-corp"]).out, "legacy\n");
    dash.set(Guard::Open);
    let said = rollout(&["acme-corp", "canary"]);
    assert!(said.code == Some(0) && said.out.contains("acme-corp: legacy → canary."), "{said:?}");
    assert!(said.out.contains("note  “LTV” (ltv) answers without a token as well"), "what was found is told: {said:?}");

    for (more, words) in
        [(&["nobody"][..], "there is no tenant nobody"), (&["acme-corp", "new"], "use legacy, canary or current")]
    {
        let said = rollout(more);
        assert!(said.code == Some(1) && said.err.contains(words), "{said:?}");
    }
    assert!(console.well(&["audit", "verify"]).contains("rows"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_looks_before_a_switch_is_offered() {
    let dash = Dash::start("ltv").await;
    dash.set(Guard::Open);
    let console = with_app(&dash.url);
    let look = |slug: &str| run(&console, &["doctor", "--rollout", slug], &[TRUSTED]);
    let said = look("acme-corp");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    for found in ["takes the token of acme-corp", "name no catalog", "the way back from “LTV” (ltv) is the same upstream"] {
        assert!(said.out.contains(found), "{found}: {said:?}");
    }
    dash.set(Guard::Keyless);
    let said = look("acme-corp");
    assert!(said.code == Some(1) && said.out.contains("BAD   “LTV” (ltv) cannot fetch our keys"), "{said:?}");
    dash.stop().await;
    assert!(look("acme-corp").out.contains("is not there"));
    let every = run(&console, &["doctor", "--rollout"], &[TRUSTED]);
    assert!(every.code == Some(1) && every.out.contains("is not there"), "every tenant with an app is looked at: {every:?}");
    let bare = Console::with_tenant();
    bare.well(&["apply"]);
    let without = run(&bare, &["doctor", "--rollout"], &[]);
    assert!(without.code == Some(0) && without.out.contains("no tenant has a hosted app"), "{without:?}");
    let said = look("nobody");
    assert!(said.code == Some(1) && said.out.contains("BAD   there is no tenant nobody"), "{said:?}");
    let off = run(&console, &["doctor", "--rollout", "acme-corp"], &[("LOGGIA_APPS__JWT_INJECTION", "false")]);
    assert!(off.out.contains("apps are switched off here"), "{off:?}");
}

#[test]
fn the_doctor_tells_how_apps_are_served() {
    let console = with_app("http://127.0.0.1:1");
    let own = [("LOGGIA_APPS__ORIGIN", "https://apps.example.com"), ("LOGGIA_PUBLIC_URL", "https://loggia.example.com")];
    for (variables, word, told) in [
        (&[][..], "note", "served to nobody: they are switched off"),
        (&[TRUSTED], "note", "each acts with its viewer's rights here"),
        (&own, "good", "served on https://apps.example.com, where they reach nothing of ours"),
        (&[("LOGGIA_APPS__JWT_INJECTION", "false")], "note", "no hosted app is sent a token"),
    ] {
        let said = run(&console, &["doctor", "--security"], variables);
        let is_told = |line: &str| line.starts_with(word) && line.contains(told);
        assert!(said.out.lines().any(is_told), "{told}: {said:?}");
        assert!(!run(&console, &["doctor"], variables).out.contains(told), "only those who ask are told");
    }
    assert!(run(&Console::with_tenant(), &["doctor", "--security"], &[]).out.contains("no app is hosted"));
}
