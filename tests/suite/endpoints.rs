//! Panels that something else makes: another server is told for whom, by a token that is good there alone; and what panics,
//! hangs or pours is one panel's trouble on a page that goes on.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use loggia::panel::{Answer, Call, Endpoint, Endpoints, Parameter, Reach, Registry, Trouble, Value, Wants};
use reqwest::Method;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{MARKS, Person, Setting, World, eventually, state};

/// What a server was sent: the heads of its requests.
type Heard = Arc<Mutex<Vec<String>>>;

/// A server of somebody else's. It answers by path: `/who` with what the token says, if our published keys prove it;
/// `/away` by leading to `elsewhere`.
async fn neighbour(loggia: Arc<Mutex<String>>, elsewhere: String) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let heard = Heard::default();
    let (named, kept) = (host.clone(), heard.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (loggia, elsewhere, host, heard) = (loggia.clone(), elsewhere.clone(), named.clone(), kept.clone());
            tokio::spawn(async move { answer(stream, &loggia, &elsewhere, &host, &heard).await });
        }
    });
    (host, heard)
}

async fn answer(mut stream: TcpStream, loggia: &Mutex<String>, elsewhere: &str, host: &str, heard: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            return;
        }
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    heard.lock().unwrap().push(head.clone());
    if head.starts_with("GET /away") {
        let led = format!("HTTP/1.1 302 Found\r\nlocation: http://{elsewhere}/who\r\ncontent-length: 0\r\n\r\n");
        let _ = stream.write_all(led.as_bytes()).await;
        return;
    }
    let said = match token(&head) {
        None => json!({"tenant": "nobody", "email": "nobody"}),
        Some(token) => {
            let loggia = loggia.lock().unwrap().clone();
            verified(&loggia, &token, &format!("endpoint:{host}")).await.unwrap_or_else(|why| json!({"tenant": why, "email": ""}))
        }
    };
    let body = said.to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all((head + &body).as_bytes()).await;
}

/// What a token says, as a verifier outside reads it: proven by the keys that Loggia publishes, for this audience alone.
async fn verified(loggia: &str, token: &str, audience: &str) -> Result<Json, String> {
    let keys = reqwest::get(format!("{loggia}/.well-known/jwks.json")).await.map_err(|e| e.to_string())?;
    let keys: Json = keys.json().await.map_err(|e| e.to_string())?;
    let kid = jsonwebtoken::decode_header(token).map_err(|e| e.to_string())?.kid.unwrap_or_default();
    let key = keys["keys"].as_array().and_then(|keys| keys.iter().find(|key| key["kid"] == kid)).ok_or("no such key")?;
    let text = |name: &str| key[name].as_str().unwrap_or_default();
    let key = DecodingKey::from_rsa_components(text("n"), text("e")).map_err(|e| e.to_string())?;
    let mut wanted = Validation::new(Algorithm::RS256);
    wanted.set_audience(&[audience]);
    jsonwebtoken::decode::<Json>(token, &key, &wanted).map(|good| good.claims).map_err(|e| e.to_string())
}

/// The token of a request's head.
fn token(head: &str) -> Option<String> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value.trim());
    values.next().and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned)
}

fn board(panels: &[(&str, &str, bool)]) -> String {
    let panel = |(id, endpoint, asks): &(&str, &str, bool)| {
        let asks = if *asks { "        endpoint_token: true\n" } else { "" };
        format!(
            "    - id: {id}\n      panel:\n        type: custom_template\n        title: {id}\n        endpoint: {endpoint}\n{asks}        template: \"tenant {{{{ tenant }}}}, email {{{{ email }}}}.\"\n"
        )
    };
    let panels: String = panels.iter().map(panel).collect();
    format!("dashboard:\n  name: Made elsewhere\n  panels:\n{panels}")
}

async fn fragment(world: &World, who: &Person, tenant: &str, panel: &str) -> String {
    let path = format!("/tenant/{tenant}/dashboard/elsewhere/panel/{panel}");
    let answer = world.ask(who, Method::GET, &path).header("hx-request", "true").send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_is_told_for_whom_by_a_token_that_is_good_there_alone() {
    let loggia = Arc::new(Mutex::new(String::new()));
    let (far, far_heard) = neighbour(loggia.clone(), String::new()).await;
    let (host, heard) = neighbour(loggia.clone(), far.clone()).await;
    let hosts = format!("{host}, {far}");
    let world = World::with(&[("LOGGIA_ENDPOINTS__ALLOWED_HOSTS", &hosts), ("LOGGIA_ENDPOINTS__ALLOW_PRIVATE", "true")]).await;
    *loggia.lock().unwrap() = world.url("");
    let (who, away) = (format!("http://{host}/who"), format!("http://{host}/away"));
    let panels = [("asks", who.as_str(), true), ("plain", who.as_str(), false), ("led", away.as_str(), true)];
    for (slug, _) in MARKS {
        std::fs::write(world.tenants_file(&format!("{slug}/dashboards/elsewhere.yaml")), board(&panels)).unwrap();
    }
    let mut sent = Vec::new();
    for (email, tenant, role) in [
        ("viewer@alpha.example", "alpha-works", "viewer"),
        ("admin@alpha.example", "alpha-works", "admin"),
        ("viewer@beta.example", "beta-works", "viewer"),
        ("operator@example.com", "beta-works", "admin"),
    ] {
        let person = world.person(email).await;
        let page = format!("/tenant/{tenant}/dashboard/elsewhere");
        heard.lock().unwrap().clear();
        eventually("the saved file is live", async || world.get(&person, &page).await.status() == 200).await;
        let shown = fragment(&world, &person, tenant, "asks").await;
        assert!(shown.contains(&format!("tenant {tenant}, email {email}.")), "each is answered for themselves: {shown}");
        let heads = heard.lock().unwrap().clone();
        let head = heads.iter().find(|head| head.starts_with("GET /who") && token(head).is_some()).unwrap();
        let brought = token(head).unwrap();
        assert!(head.contains("x-tenant-storage-processed: /processed/") && head.contains("x-tenant-storage-uploads: /uploads/"));
        assert!(!head.lines().next().unwrap().contains(&brought) && !shown.contains(&brought), "in a header and nowhere else");
        let says = verified(&world.url(""), &brought, &format!("endpoint:{host}")).await.unwrap();
        assert_eq!((&says["tenant"], &says["role"]), (&json!(tenant), &json!(role)));
        assert_eq!(says["exp"].as_i64().unwrap() - says["iat"].as_i64().unwrap(), 60);
        sent.push((person, brought));
    }
    let (viewer, brought) = &sent[0];
    let plain = fragment(&world, viewer, "alpha-works", "plain").await;
    assert!(plain.contains("tenant nobody, email nobody."), "not told unless its file asks: {plain}");
    // A token that the other server was given opens nothing here, and can be asked about.
    let by_token = world.ask(&Person::nobody(), Method::GET, "/api/v1/dashboards").bearer_auth(brought).send().await.unwrap();
    assert_eq!(by_token.status(), 401);
    let form = [("token", brought.as_str())];
    let told = world.ask(&Person::nobody(), Method::POST, "/api/token/introspect").form(&form).send().await.unwrap();
    let told: Json = told.json().await.unwrap();
    assert_eq!((&told["active"], &told["aud"]), (&json!(true), &json!(format!("endpoint:{host}"))));
    // Where that server leads, nobody follows.
    heard.lock().unwrap().clear();
    let led = fragment(&world, viewer, "alpha-works", "led").await;
    assert!(led.contains("data-state=\"failed\""), "{led}");
    assert!(token(&heard.lock().unwrap().concat()).is_some(), "the one that was named is told");
    assert!(far_heard.lock().unwrap().is_empty(), "{far_heard:?}");
    world.close().await;
}

#[test]
fn a_token_for_an_endpoint_of_this_server_is_a_fault_at_its_place() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("acme/dashboards");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(home.path().join("acme/tenant.yaml"), "tenant:\n  name: Acme\n").unwrap();
    let check = |endpoint: &str| {
        std::fs::write(folder.join("default.yaml"), board(&[("own", endpoint, true)])).unwrap();
        loggia::config::check::report(home.path(), loggia::config::check::Format::Text)
    };
    let (told, good) = check("/api/v1/custom/daily-summary");
    assert!(
        !good && told.contains("default.yaml:9:") && told.contains("a token is for an address that begins with https://"),
        "{told}"
    );
    let (told, good) = check("http://tiles.example/x");
    assert!(!good && told.contains("is no endpoint"), "no token goes out in the clear: {told}");
    let (told, good) = check("https://tiles.example/x");
    assert!(good, "{told}");
}

/// Stands in the place of `daily-summary`, and does the wrong thing that its panel asks for.
struct Wrong;

#[async_trait]
impl Endpoint for Wrong {
    fn name(&self) -> &'static str {
        "daily-summary"
    }
    fn about(&self) -> &'static str {
        "Does something wrong."
    }
    fn gives(&self) -> Wants {
        Wants::Words
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter { name: "value", about: "What.", default: Value::Text("good") }]
    }
    async fn answer(&self, call: &Call) -> Result<Answer, Trouble> {
        match call.text("value") {
            "panics" => panic!("a secret of the endpoint"),
            "hangs" => {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                Ok(Answer::Json(json!({})))
            }
            "spins" => {
                std::thread::sleep(PATIENCE * 3);
                Ok(Answer::Json(json!({})))
            }
            "pours" => Ok(Answer::Json(json!({ "word": "x".repeat(100 << 20) }))),
            _ => Ok(Answer::Json(json!({ "word": call.scope.slug().as_str() }))),
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(2);
const WRONG: [&str; 4] = ["panics", "hangs", "spins", "pours"];

fn wrong_boards(home: &Path) {
    let own = |word: &str| {
        format!(
            "    - id: {word}\n      panel:\n        type: custom_template\n        title: {word}\n        endpoint: /api/v1/custom/daily-summary\n        parameters: {{ value: {word} }}\n        template: \"said {{{{ word }}}}.\"\n"
        )
    };
    let file = |id: &str| format!("    - {{ id: {id}, config_file: panels/{id}.yaml }}\n");
    let others: String = ["cpu", "number", "health", "rows", "map"].into_iter().map(file).collect();
    for (slug, _) in MARKS {
        let panels: String = WRONG.into_iter().chain(["good"]).map(own).collect();
        let text = format!("dashboard:\n  name: Wrong\n  panels:\n{panels}{others}");
        std::fs::write(home.join("tenants").join(slug).join("dashboards/wrong.yaml"), text).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_panic_hang_or_pour_are_failed_panels_of_a_page_that_goes_on() {
    let real = loggia::custom_panels::registry();
    let map = real.find("network-topology").unwrap().clone();
    let registry = Registry::new(vec![Arc::new(Wrong) as Arc<dyn Endpoint>, map]);
    let endpoints = Endpoints::with_patience(registry, Reach::default(), PATIENCE);
    let setting = Setting { files: Some(wrong_boards), endpoints: Some(endpoints), ..Setting::default() };
    let world = World::raise(setting).await;
    let viewer = world.person("viewer@alpha.example").await;
    let path = "/tenant/alpha-works/dashboard/wrong";
    // Without script the page waits for all of them, for as long as each may take.
    let begun = Instant::now();
    let page = world.text(&viewer, path).await;
    assert!(begun.elapsed() < PATIENCE * 4, "{:?}", begun.elapsed());
    for panel in WRONG {
        assert_eq!(state(&page, panel), "failed", "{panel}");
    }
    for panel in ["good", "cpu", "number", "health", "rows", "map"] {
        assert_eq!(state(&page, panel), "ready", "{panel}");
    }
    for words in ["The endpoint of this panel failed.", "did not answer within 2 s.", "answered more than can be shown."] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("a secret of the endpoint") && page.contains("said alpha-works."), "{page}");
    // With script it comes at once, and each of them fails by itself, later.
    let scripted = format!("{}; loggia_js=1", viewer.cookie());
    let begun = Instant::now();
    let page = world.text(&Person::with_cookie(&scripted), path).await;
    assert!(begun.elapsed() < PATIENCE && state(&page, "hangs") == "loading" && state(&page, "cpu") == "ready", "{page}");
    // Again and again: one tenant's hanging endpoints take none of another's turns, nor of any other panel's.
    let beta = world.person("viewer@beta.example").await;
    let again = (0..6).map(|_| world.text(&viewer, path));
    let (pages, others) = tokio::join!(futures_util::future::join_all(again), async {
        let begun = Instant::now();
        let good = world.text(&beta, "/tenant/beta-works/dashboard/wrong/panel/good").await;
        let page = world.text(&beta, "/tenant/beta-works/dashboard/default").await;
        let health = world.get(&Person::nobody(), "/health").await.status();
        (begun.elapsed(), good, page, health)
    });
    let (took, good, page, health) = others;
    assert!(took < PATIENCE && health == 200 && good.contains("said beta-works."), "{took:?} {good}");
    assert!(["cpu", "number", "map"].iter().all(|panel| state(&page, panel) == "ready"), "{page}");
    for page in pages {
        assert!(WRONG.iter().all(|panel| state(&page, panel) == "failed"), "{page}");
        assert!(["cpu", "number", "health", "rows"].iter().all(|panel| state(&page, panel) == "ready"), "{page}");
    }
    for panel in WRONG {
        let answer = world.get(&viewer, &format!("/api/v1/panels/{panel}/data?dashboard=wrong")).await;
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true), "{panel}");
    }
    world.close().await;
}
