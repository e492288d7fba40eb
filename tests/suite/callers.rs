//! Everybody who may come to one of the two listeners: with good credentials, with none, with ones that are for elsewhere and
//! with ones whose time is over. Every operation of both listeners is asked by each of them here; `isolation` borrows them.

use chrono::TimeDelta;
use loggia::domain::Clock;
use loggia::web::routes::{Access, INTERNAL, INTERNAL_API, PUBLIC, PUBLIC_API};
use loggia::web::{api, internal};
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::{Value, json};

use crate::access::{address, body, filled, id_of};
use crate::api::token;
use crate::internal::machine_token;
use crate::world::{Kind, MARKS, Person, Setting, World};

const ALPHA: &[&str] = &[MARKS[0].1];
const BETA: &[&str] = &[MARKS[1].1];
const BOTH: &[&str] = &[MARKS[0].1, MARKS[1].1];

/// What a caller is to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// Nobody: no credentials, or such as are good no longer.
    Unknown,
    /// Signed in, and in no tenant.
    Stranger,
    /// Signed in, and a viewer of alpha.
    Viewer,
    /// Signed in, and an admin of alpha.
    Admin,
    /// Signed in, and a viewer of beta.
    Neighbour,
    /// Signed in, and one of those who run the installation.
    Operator,
    /// A person's token for one tenant.
    Token,
    /// The token for one tenant that a machine got for its own.
    Exchanged,
    /// A machine client with its own token, for these scopes.
    Machine(&'static str),
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Where the pages and the public API are.
    Public,
    /// That of the private network.
    Internal,
}

/// Somebody, and what they send along.
#[derive(Clone)]
pub struct Caller {
    /// What the test calls them.
    pub who: &'static str,
    /// What they are to the server.
    pub is: Is,
    /// The marks of the tenants they may look at.
    pub marks: &'static [&'static str],
    cookie: Option<String>,
    /// The token they bring.
    pub bearer: Option<String>,
    client: Client,
}

/// An answer, as far as these tests look at it.
struct Answer {
    status: u16,
    kind: String,
    text: String,
}

impl Caller {
    fn new(who: &'static str, is: Is, marks: &'static [&'static str]) -> Caller {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Caller { who, is, marks, cookie: None, bearer: None, client }
    }

    fn session(self, person: &Person) -> Caller {
        Caller { cookie: Some(person.cookie().to_owned()), ..self }
    }

    fn token(self, token: String) -> Caller {
        Caller { bearer: Some(token), ..self }
    }

    /// A request of theirs, as a browser on the listener's own pages would send it.
    pub fn ask(&self, world: &World, listener: Listener, method: Method, path: &str) -> RequestBuilder {
        let at = match listener {
            Listener::Public => world.server.public,
            Listener::Internal => world.server.internal,
        };
        let mut request = self.client.request(method, format!("http://{at}{path}")).header("sec-fetch-site", "same-origin");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn told(&self, request: RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let kind = answer.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
        Answer { status: answer.status().as_u16(), kind, text: answer.text().await.unwrap() }
    }

    /// Whether the answer is the one that is due, and shows what its reader may see and no more.
    fn judge(&self, place: &str, due: u16, answer: &Answer) {
        let who = self.who;
        assert_eq!(answer.status, due, "{who}: {place}: {}", answer.text);
        for (_, mark) in MARKS {
            let may = due < 400 && self.marks.contains(&mark);
            assert!(may || !answer.text.contains(mark), "{who}: {place} ({due}) shows {mark}: {}", answer.text);
        }
        if matches!(due, 401 | 403 | 409) {
            assert_eq!(answer.kind, "application/problem+json", "{who}: {place}");
            assert!(!answer.text.contains(".example"), "{who}: {place} ({due}) names somebody: {}", answer.text);
        }
    }
}

/// The token for a tenant that a machine gets in exchange for its own.
async fn exchanged(world: &World, own: &str, tenant: &str) -> String {
    let request = world.ask(&Person::nobody(), Method::POST, "/api/token/exchange").bearer_auth(own);
    let told: Value = request.json(&json!({ "tenant_id": tenant })).send().await.unwrap().json().await.unwrap();
    told["access_token"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned()
}

/// Those whose credentials were good once. Each is seen to be let in before their time is over: what is refused afterwards is
/// refused for its age and for nothing else.
async fn expired(world: &World, clock: &Clock) -> Vec<Caller> {
    let (viewer, operator) = (world.person("viewer@alpha.example").await, world.person("operator@example.com").await);
    let late = |who| Caller::new(who, Is::Unknown, &[]);
    let (reader, admin) = (machine_token(world, "tenant:alpha-works:read").await, machine_token(world, "admin").await);
    let people = [
        late("a viewer, too late").session(&viewer),
        late("an operator, too late").session(&operator),
        late("a viewer's token, too late").token(token(world, &viewer, "alpha-works").await),
        late("an operator's token, too late").token(token(world, &operator, "alpha-works").await),
        late("a machine's token for alpha, too late").token(exchanged(world, &reader, "alpha-works").await),
    ];
    let machines = [late("a reader of alpha, too late").token(reader), late("an admin machine, too late").token(admin)];
    for (callers, listener, path) in [
        (&people[..2], Listener::Public, "/api/v1/auth/me"),
        (&people[2..], Listener::Public, "/api/v1/dashboards"),
        (&machines[..], Listener::Internal, "/admin/tenants/alpha-works"),
    ] {
        for caller in callers {
            let status = caller.ask(world, listener, Method::GET, path).send().await.unwrap().status();
            assert_eq!(status, 200, "{} while it was time", caller.who);
        }
    }
    clock.advance(TimeDelta::minutes(20));
    people.into_iter().chain(machines).collect()
}

/// Everybody. The clock is moved on once, and then stands still.
async fn everybody(world: &World, clock: &Clock) -> Vec<Caller> {
    let mut all = expired(world, clock).await;
    let [viewer, admin, neighbour, stranger, operator] = [
        world.person("viewer@alpha.example").await,
        world.person("admin@alpha.example").await,
        world.person("viewer@beta.example").await,
        world.person("stranger@example.com").await,
        world.person("operator@example.com").await,
    ];
    // Who may look at both says first which of them is meant.
    let select = world.ask(&operator, Method::POST, "/api/v1/tenants/alpha-works/select").send().await.unwrap();
    assert_eq!(select.status(), 200);
    // A good session beside a token that is not good is not fallen back to.
    let beside = all.iter().find(|late| late.bearer.is_some()).unwrap().clone().session(&operator);
    let reader = machine_token(world, "tenant:beta-works:read").await;
    all.extend([
        Caller { who: "a token, too late, beside a good session", ..beside },
        Caller::new("nobody", Is::Unknown, &[]),
        Caller::new("a forged token", Is::Unknown, &[]).token("eyJhbGciOiJub25lIn0.e30.".to_owned()),
        Caller::new("a stranger", Is::Stranger, &[]).session(&stranger),
        Caller::new("a viewer", Is::Viewer, ALPHA).session(&viewer),
        Caller::new("a tenant's admin", Is::Admin, ALPHA).session(&admin),
        Caller::new("a viewer of beta", Is::Neighbour, BETA).session(&neighbour),
        Caller::new("an operator", Is::Operator, BOTH).session(&operator),
        Caller::new("a viewer's token", Is::Token, ALPHA).token(token(world, &viewer, "alpha-works").await),
        Caller::new("an admin's token", Is::Token, ALPHA).token(token(world, &admin, "alpha-works").await),
        Caller::new("a token for beta", Is::Token, BETA).token(token(world, &neighbour, "beta-works").await),
        Caller::new("an operator's token for beta", Is::Token, BETA).token(token(world, &operator, "beta-works").await),
        Caller::new("a machine's token for beta", Is::Exchanged, BETA).token(exchanged(world, &reader, "beta-works").await),
        Caller::new("a reader of beta", Is::Machine("tenant:beta-works:read"), BETA).token(reader),
    ]);
    for (who, scopes, marks) in [
        ("a reader of alpha", "tenant:alpha-works:read", ALPHA),
        ("a machine without the scope", "provision", &[]),
        ("an admin machine", "admin", BOTH),
    ] {
        all.push(Caller::new(who, Is::Machine(scopes), marks).token(machine_token(world, scopes).await));
    }
    all
}

/// Runs a story with everybody on the stage: on SQLite alone, then on PostgreSQL.
pub async fn with_everybody(story: impl AsyncFn(&World, &[Caller])) {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let clock = Clock::held(Clock::system().now());
        // A session ends as early as a token, so that one step of the clock ends both.
        let variables = &[("LOGGIA_SESSION__IDLE_MINUTES", "20")];
        let clocked = Setting { clock: Some(clock.clone()), variables, beta: kind, central: kind, ..Setting::default() };
        let world = World::raise(clocked).await;
        let all = everybody(&world, &clock).await;
        story(&world, &all).await;
        world.close().await;
    }
}

/// What an operation of the public API answers to a caller who asks for alpha.
fn due(id: &str, access: Access, is: Is) -> u16 {
    let of_a_session = matches!(id, "select_tenant" | "exchange_token" | "logout");
    match (access, is) {
        // What is open refuses what it was sent, not who sent it.
        (Access::Open, _) if id == "login" => 400,
        (Access::Open, _) => 200,
        (_, Is::Unknown) => 401,
        // A machine comes here for one thing: a token for a tenant it may read.
        (_, Is::Machine("tenant:alpha-works:read")) if id == "exchange_token" => 200,
        (_, Is::Machine(_)) if id == "exchange_token" => 403,
        (_, Is::Machine(_)) => 401,
        (_, Is::Token | Is::Exchanged) if of_a_session => 403,
        (_, Is::Stranger | Is::Neighbour) if matches!(id, "select_tenant" | "exchange_token") => 403,
        (Access::Person, Is::Exchanged) => 403,
        (Access::Person, _) => 200,
        (Access::Tenant, Is::Stranger) => 409,
        // What somebody set for themselves is a person's.
        (Access::Tenant, Is::Exchanged) if id.ends_with("_preferences") => 403,
        (Access::Tenant, _) => 200,
        (Access::TenantAdmin, Is::Admin | Is::Operator) => 200,
        // The account that the operator asks for is nobody's, and the one they make is there already.
        (Access::Operator, Is::Operator) => match id {
            "create_user" => 409,
            "get_user" | "update_user" | "delete_user" | "assign_tenant" | "unassign_tenant" => 404,
            _ => 200,
        },
        _ => 403,
    }
}

#[tokio::test]
async fn every_public_operation_answers_each_caller_as_is_due() {
    with_everybody(async |world, all| {
        // Who is let in by mistake would find somebody there.
        let user = id_of(world, "stranger@example.com").await;
        let mut operations = api::operations();
        // Signing out ends the sessions that the others are asked with.
        operations.sort_by_key(|(id, _, _)| *id == "logout");
        let mut seen = false;
        for (id, verb, path) in operations {
            let access = PUBLIC_API.iter().find(|line| line.id == id).unwrap().access;
            for caller in all {
                let refused = access == Access::Operator && caller.is != Is::Operator;
                let path = address(&if refused { path.replace("{id}", &user) } else { path.clone() });
                let request = caller.ask(world, Listener::Public, verb.parse().unwrap(), &path);
                let asked = caller.bearer.as_deref().unwrap_or("nothing");
                let request = match id {
                    "introspect_token" => request.form(&[("token", asked)]),
                    "login" => request.json(&json!({"email": 7})),
                    _ if matches!(verb.as_str(), "GET" | "DELETE") => request,
                    _ => request.json(&body(id)),
                };
                let answer = caller.told(request).await;
                caller.judge(&format!("{verb} {path} ({id})"), due(id, access, caller.is), &answer);
                if id == "introspect_token" {
                    let told: Value = serde_json::from_str(&answer.text).unwrap();
                    let active = matches!(caller.is, Is::Token | Is::Exchanged | Is::Machine(_));
                    assert_eq!(told["active"], active, "{}: {told}", caller.who);
                    assert!(active || told == json!({"active": false}), "{}: {told}", caller.who);
                }
                seen |= caller.marks.iter().any(|mark| answer.text.contains(mark));
            }
        }
        assert!(seen, "marks are seen by those who may, so that this test can fail");
    })
    .await;
}

/// What an operation of the internal API answers.
fn due_inside(id: &str, access: Access, is: Is) -> u16 {
    match (access, is) {
        // What gives tokens is told nothing here that it could give one for.
        (Access::Open, _) => 400,
        (Access::Machine("tenant:{slug}:read"), Is::Machine("admin" | "tenant:alpha-works:read")) => 200,
        // The tenant that the admin machine asks for is nobody's, and the one it makes is there already.
        (Access::Machine("admin"), Is::Machine("admin")) => match id {
            "list_tenants" | "rotate_secret" => 200,
            "create_tenant" => 409,
            _ => 404,
        },
        (_, Is::Machine(_)) => 403,
        // Whoever they are elsewhere: sessions and tokens for a tenant are nothing here.
        _ => 401,
    }
}

/// What a pipeline would send, and what the server would do if the caller were let in.
fn body_inside(id: &str) -> Value {
    match id {
        "create_tenant" => json!({"slug": "alpha-works", "name": "Taken"}),
        "update_tenant" => json!({"status": "suspended"}),
        "set_metadata" => json!({"visible_components": ["none"]}),
        "assign_dashboards" => json!({"dashboards": []}),
        "create_datastore" => json!({"env": "dev", "url": "sqlite:taken.db"}),
        _ => json!({}),
    }
}

#[tokio::test]
async fn every_internal_operation_answers_each_caller_as_is_due() {
    with_everybody(async |world, all| {
        let admin = all.iter().find(|caller| caller.is == Is::Machine("admin")).unwrap();
        let state = async || {
            let request = admin.ask(world, Listener::Internal, Method::GET, "/admin/tenants/alpha-works");
            admin.told(request).await.text
        };
        let before = state().await;
        assert!(before.contains("MARKALPHA name"), "{before}");
        for (id, verb, path) in internal::operations() {
            let access = INTERNAL_API.iter().find(|line| line.id == id).unwrap().access;
            for caller in all {
                let changes = access == Access::Machine("admin") && caller.is == Is::Machine("admin");
                let tenant = if changes { "no-such-tenant" } else { "alpha-works" };
                let path = path.replace("{id}", tenant).replace("{datastore}", "00000000-0000-4000-8000-000000000000");
                let request = caller.ask(world, Listener::Internal, verb.parse().unwrap(), &path);
                let request = if matches!(verb.as_str(), "GET" | "DELETE") { request } else { request.json(&body_inside(id)) };
                let answer = caller.told(request).await;
                caller.judge(&format!("{verb} {path} ({id}) inside"), due_inside(id, access, caller.is), &answer);
            }
        }
        for line in INTERNAL {
            for caller in all {
                let request = caller.ask(world, Listener::Internal, line.method.parse().unwrap(), line.path);
                caller.judge(line.path, 200, &caller.told(request).await);
            }
        }
        assert_eq!(state().await, before, "nobody who was refused changed anything");
    })
    .await;
}

/// Whether a route's path leads here.
fn leads(route: &str, path: &str) -> bool {
    let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    let fits = |(part, is): (&&str, &&str)| part.starts_with([':', '{']) || part == is;
    route.len() == path.len() && route.iter().zip(&path).all(fits)
}

/// What a listener answers to a request that is meant for the other one; none where it has such a route itself.
fn due_elsewhere<'a>(routes: impl Iterator<Item = (&'a str, &'a str)>, verb: &str, path: &str) -> Option<u16> {
    let here: Vec<&str> = routes.filter(|(_, route)| leads(route, path)).map(|(verb, _)| verb).collect();
    if here.contains(&verb) { None } else { Some(if here.is_empty() { 404 } else { 405 }) }
}

#[tokio::test]
async fn neither_listener_answers_for_the_other_whoever_asks() {
    with_everybody(async |world, all| {
        let (outside, inside) = (api::operations(), internal::operations());
        let mut asked = Vec::new();
        for (_, verb, path) in &inside {
            let path = path.replace("{id}", "alpha-works").replace("{datastore}", "none");
            let routes = PUBLIC.iter().map(|line| (line.method, line.path));
            asked.extend(due_elsewhere(routes, verb, &path).map(|due| (Listener::Public, verb.clone(), path, due)));
        }
        let pages = PUBLIC.iter().filter(|line| line.path != "/openapi.json");
        let pages = pages.map(|line| (line.method.to_owned(), filled(line, "none")));
        for (verb, path) in pages.chain(outside.iter().map(|(_, verb, path)| (verb.clone(), address(path)))) {
            let routes = inside.iter().map(|(_, verb, path)| (verb.as_str(), path.as_str()));
            let routes = routes.chain(INTERNAL.iter().map(|line| (line.method, line.path)));
            asked.extend(due_elsewhere(routes, &verb, &path).map(|due| (Listener::Internal, verb.clone(), path, due)));
        }
        let others = |listener| asked.iter().filter(|(at, ..)| *at == listener).count();
        assert!(others(Listener::Public) > 8 && others(Listener::Internal) > 80, "both are asked for the other's");
        for (listener, verb, path, due) in &asked {
            for caller in all {
                let request = caller.ask(world, *listener, verb.parse().unwrap(), path);
                let answer = caller.told(request).await;
                assert_eq!(answer.status, *due, "{}: {verb} {path} on {listener:?}: {}", caller.who, answer.text);
                for (_, mark) in MARKS {
                    // A page that is not there still has its reader's own tenants at its top.
                    let may = *listener == Listener::Public && caller.marks.contains(&mark);
                    assert!(may || !answer.text.contains(mark), "{}: {verb} {path} on {listener:?} shows {mark}", caller.who);
                }
            }
        }
    })
    .await;
}
