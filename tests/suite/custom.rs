//! Custom panels: endpoints that panic, hang or say too much, hostile pictures of other servers, and the good ones.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::TimeDelta;
use chrono_tz::Tz;
use loggia::domain::RangeSpec;
use loggia::panel::{
    Address, Answer, Asked, Call, Content, Endpoint, EndpointCall, Endpoints, Format, Made, Maker, Parameter, Reach, Registry,
    Trouble, View, Wants,
};
use loggia::query::Cache;
use loggia::tenancy::TenantScope;
use serde_json::{Map, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::people::Stage;
use crate::world::{Kind, MARKS, Setting, World};

const PATIENCE: Duration = Duration::from_millis(800);

/// An endpoint that does one wrong thing.
struct Bad(&'static str, Wants);

#[async_trait]
impl Endpoint for Bad {
    fn name(&self) -> &'static str {
        self.0
    }
    fn about(&self) -> &'static str {
        "Does something wrong."
    }
    fn gives(&self) -> Wants {
        self.1
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }
    async fn answer(&self, call: &Call) -> Result<Answer, Trouble> {
        match self.0 {
            "panics" => panic!("as asked"),
            "hangs" => {
                tokio::time::sleep(Duration::from_secs(3600)).await;
                Ok(Answer::Json(json!({})))
            }
            "spins" => {
                std::thread::sleep(Duration::from_secs(3));
                Ok(Answer::Json(json!({})))
            }
            "pours" => Ok(Answer::Json(json!({ "x": "x".repeat(100 << 20) }))),
            "paints" => Ok(Answer::Png([&b"\x89PNG\r\n\x1a\n"[..], &vec![0; 100 << 20]].concat())),
            "lies" => Ok(Answer::Png(b"<html><script>alert(1)</script></html>".to_vec())),
            "draws" => Ok(Answer::Svg("<svg onload='alert(1)'><script>alert(2)</script><text>ok</text></svg>".to_owned())),
            "speaks" => Ok(Answer::Svg("<svg/>".to_owned())),
            _ => Ok(Answer::Json(json!({ "tenant": call.scope.slug().as_str(), "at": call.now().to_rfc3339() }))),
        }
    }
}

struct Desk {
    endpoints: Endpoints,
    cache: Cache,
    view: View,
}

impl Desk {
    fn new(reach: Reach) -> Desk {
        let words = ["panics", "hangs", "spins", "pours", "speaks", "good"];
        let pictures = ["paints", "lies", "draws"];
        let all = words.iter().map(|name| Bad(name, Wants::Words)).chain(pictures.iter().map(|name| Bad(name, Wants::Picture)));
        let registry = Registry::new(all.map(|bad| Arc::new(bad) as Arc<dyn Endpoint>).collect());
        let clock = loggia::domain::Clock::system();
        let (now, spec) = (clock.now(), RangeSpec::last_day());
        let view = View {
            key: "p".parse().unwrap(),
            now,
            zone: Tz::UTC,
            range: spec.resolve(now, Tz::UTC),
            spec,
            refresh: TimeDelta::seconds(60),
            aggregate: true,
            params: Vec::new(),
            filters: Vec::new(),
            close: false,
            page: Address::default(),
            fragment: Address::default(),
        };
        Desk { endpoints: Endpoints::with_patience(registry, reach, PATIENCE), cache: Cache::new(1 << 20, clock), view }
    }

    async fn ask(&self, scope: &TenantScope, maker: Maker, wants: Wants) -> Result<Made, Trouble> {
        let call = EndpointCall { maker, parameters: Map::new(), filters: Vec::new(), wants, follows: false, token: false };
        self.endpoints.ask(&call, Asked { scope, cache: &self.cache, view: &self.view, fresh: false }).await
    }

    async fn own(&self, scope: &TenantScope, name: &str, wants: Wants) -> Result<Made, Trouble> {
        self.ask(scope, Maker::Own(name.to_owned()), wants).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_misbehaves_is_one_panels_trouble() {
    let people = Stage::sqlite().peopled(false).await;
    let scope = people.ask(&people.sign_in("ann").await, "acme").await.unwrap();
    let desk = Desk::new(Reach::default());
    let words = |name: &'static str| desk.own(&scope, name, Wants::Words);
    let begun = Instant::now();
    assert_eq!(words("panics").await.unwrap_err(), Trouble::Panicked);
    assert_eq!(words("hangs").await.unwrap_err(), Trouble::TooSlow(PATIENCE));
    assert_eq!(words("spins").await.unwrap_err(), Trouble::TooSlow(PATIENCE));
    assert!(matches!(words("speaks").await.unwrap_err(), Trouble::NotThat("JSON", _)));
    assert!(matches!(words("nobody").await.unwrap_err(), Trouble::Unregistered(_)));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(matches!(words("pours").await.unwrap_err(), Trouble::TooLarge(_) | Trouble::TooSlow(_)));
    for name in ["paints", "lies"] {
        let told = desk.own(&scope, name, Wants::Picture).await.unwrap_err();
        assert!(matches!(told, Trouble::TooLarge(_) | Trouble::NotThat("a picture", _) | Trouble::TooSlow(_)), "{name}: {told}");
    }
    let Content::Picture(picture) = desk.own(&scope, "draws", Wants::Picture).await.unwrap().content else { panic!("a picture") };
    let text = String::from_utf8(picture.file()).unwrap();
    assert!(picture.format() == Format::Svg && text.contains("ok") && !text.contains("alert"), "{text}");
    assert!(words("good").await.is_ok(), "the others go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_made_for_one_tenant_is_never_given_to_another() {
    let people = Stage::sqlite().peopled(false).await;
    let desk = Desk::new(Reach::default());
    for (who, tenant) in [("ann", "acme"), ("bob", "globex"), ("ann", "acme")] {
        let scope = people.ask(&people.sign_in(who).await, tenant).await.unwrap();
        let made = desk.own(&scope, "good", Wants::Words).await.unwrap();
        let Content::Words(words) = made.content else { panic!("words") };
        assert_eq!(words["tenant"], tenant);
    }
}

/// The smallest PNG that is taken for one.
fn png() -> Vec<u8> {
    let part = |name: &[u8; 4], content: &[u8]| [&(content.len() as u32).to_be_bytes()[..], name, content, &[0; 4]].concat();
    let head = part(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), head, part(b"IDAT", b"dots"), part(b"IEND", b"")].concat()
}

/// A server that answers each path in its own wrong way.
async fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let answer = |kind: &str, body: &[u8]| {
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
                    [head.as_bytes(), body].concat()
                };
                let said = match path.as_str() {
                    "/html" => answer("image/png", b"<!doctype html><html><script>alert(1)</script></html>"),
                    "/png" => answer("text/html", &png()),
                    "/svg" => answer(
                        "image/svg+xml",
                        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script><rect width='1' height='1'/></svg>",
                    ),
                    "/bomb" => answer("image/svg+xml", b"<!DOCTYPE s [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><svg>&b;</svg>"),
                    "/redirect" => b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec(),
                    "/missing" => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
                    "/large" => answer("image/png", &[&b"\x89PNG\r\n\x1a\n"[..], &vec![0; 8 << 20]].concat()),
                    "/endless" => {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n\x89PNG\r\n\x1a\n").await;
                        while stream.write_all(&[0; 65_536]).await.is_ok() {}
                        return;
                    }
                    "/slow" => {
                        tokio::time::sleep(Duration::from_secs(30)).await;
                        return;
                    }
                    _ => answer("application/json", b"{\"sites\": 3}"),
                };
                let _ = stream.write_all(&said).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn another_servers_picture_is_shown_only_when_it_is_one() {
    let people = Stage::sqlite().peopled(false).await;
    let scope = people.ask(&people.sign_in("ann").await, "acme").await.unwrap();
    let host = server().await;
    let desk = Desk::new(Reach { hosts: vec![host.clone()], private: true });
    let ask = |path: &str, wants| desk.ask(&scope, Maker::Other(format!("http://{host}{path}").parse().unwrap()), wants);
    for path in ["/html", "/bomb", "/json"] {
        assert!(matches!(ask(path, Wants::Picture).await, Err(Trouble::NotThat("a picture", _))), "{path}");
    }
    for path in ["/large", "/endless"] {
        assert!(matches!(ask(path, Wants::Picture).await, Err(Trouble::TooLarge(_))), "{path}");
    }
    for path in ["/redirect", "/missing"] {
        assert!(matches!(ask(path, Wants::Picture).await, Err(Trouble::Unreachable(..))), "{path}");
    }
    let begun = Instant::now();
    assert!(matches!(ask("/slow", Wants::Picture).await, Err(Trouble::TooSlow(_))));
    assert!(begun.elapsed() < Duration::from_secs(3));
    for (path, format) in [("/png", Format::Png), ("/svg", Format::Svg)] {
        let Content::Picture(picture) = ask(path, Wants::Picture).await.unwrap().content else { panic!("a picture") };
        assert_eq!(picture.format(), format);
        assert!(!String::from_utf8_lossy(&picture.file()).contains("script"));
    }
    assert_eq!(ask("/json", Wants::Words).await.unwrap().content, Content::Words(json!({"sites": 3})));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_whom_the_settings_do_not_name_nor_a_private_address() {
    let people = Stage::sqlite().peopled(false).await;
    let scope = people.ask(&people.sign_in("ann").await, "acme").await.unwrap();
    let host = server().await;
    let url: url::Url = format!("http://{host}/png").parse().unwrap();
    let named = Reach { hosts: vec![host.clone()], private: false };
    for reach in [Reach::default(), Reach { hosts: vec!["other.example".into()], private: true }, named] {
        let told = Desk::new(reach).ask(&scope, Maker::Other(url.clone()), Wants::Picture).await.unwrap_err();
        assert!(matches!(told, Trouble::NotAllowed(..)), "{told}");
    }
    // A name that leads to this machine is no way around.
    let port = url.port().unwrap();
    let by_name = Desk::new(Reach { hosts: vec![format!("localhost:{port}")], private: false });
    let told = by_name.ask(&scope, Maker::Other(format!("http://localhost:{port}/png").parse().unwrap()), Wants::Picture).await;
    assert!(matches!(told, Err(Trouble::Unreachable(..))), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoints_of_this_program_draw_a_tenants_own_data() {
    let world = World::open().await;
    for ((slug, mark), who) in MARKS.iter().zip(["viewer@alpha.example", "viewer@beta.example"]) {
        let viewer = world.person(who).await;
        let panel = format!("/tenant/{slug}/dashboard/default/panel/map");
        let page = world.text(&viewer, &panel).await;
        assert!(page.contains("data-state=\"ready\"") && page.contains(&format!("{mark}-server")), "{page}");
        assert!(page.contains("var(--bad-mark)"), "a service is down, in the colours of the theme");
        let response = world.get(&viewer, &format!("{panel}/image")).await;
        assert_eq!(response.headers()["content-type"], "image/svg+xml");
        assert!(response.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
        let picture = response.text().await.unwrap();
        assert!(picture.contains(&format!("{mark}-server")) && !picture.contains("var("), "{picture}");
        let words = world.text(&viewer, &format!("/tenant/{slug}/dashboard/default/panel/words")).await;
        assert!(words.contains("data-state=\"ready\"") && words.contains("<b>20"), "{words}");
        assert_eq!(world.get(&viewer, &format!("/tenant/{slug}/dashboard/default/panel/cpu/image")).await.status(), 404);
    }
    world.close().await;
}

const NARROWED: &str = r#"dashboard:
  name: "Narrowed"
  filters:
    - { id: service, type: select, choices: { table: service_health, column: name } }
    - { id: server, type: multi, choices: { table: metrics, column: server_name } }
    - { id: failed, type: text }
  panels:
    - id: map
      panel:
        type: custom_image
        title: Map
        endpoint: /api/v1/custom/network-topology
        parameters: { service_status: status, service_time: checked_at, reading_kind: "" }
        filters: { service: service, server: source }
    - id: words
      panel:
        type: custom_template
        title: Words
        endpoint: /api/v1/custom/daily-summary
        parameters: { value: cpu_percent, requests: "cpu_percent > 20.5", response_time: "cpu_percent > 20.5", error_time: at, errors: "amount > 0" }
        filters: { server: source, failed: service }
        template: "requests {{ total_requests }}, errors {{ errors }}."
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_dashboards_filters_narrow_what_the_endpoints_of_this_program_make() {
    let files = |home: &Path| {
        for (slug, _) in MARKS {
            std::fs::write(home.join(format!("tenants/{slug}/dashboards/narrowed.yaml")), NARROWED).unwrap();
        }
    };
    let world = World::raise(Setting { beta: Kind::Postgres, files: Some(files), ..Setting::default() }).await;
    for ((slug, mark), who) in MARKS.iter().zip(["viewer@alpha.example", "viewer@beta.example"]) {
        let viewer = world.person(who).await;
        let panel = async |panel: &str, query: &str| {
            let path = format!("/tenant/{slug}/dashboard/narrowed/panel/{panel}?{query}");
            let answer = world.ask(&viewer, reqwest::Method::GET, &path).header("hx-request", "true").send().await.unwrap();
            answer.text().await.unwrap()
        };
        let (api, mail, server) = (format!("{mark}-api"), format!("{mark}-mail"), format!("{mark}-server"));
        let one = format!("var-service={api}");
        // Back and forth: what was made under one choice is never shown under another.
        for (query, shown, hidden) in [
            (String::new(), vec![&api, &mail, &server], vec![]),
            (one.clone(), vec![&api, &server], vec![&mail]),
            ("var-server=nobody".to_owned(), vec![&api, &mail], vec![&server]),
            (String::new(), vec![&api, &mail, &server], vec![]),
            ("var-failed=nothing".to_owned(), vec![&api, &mail, &server], vec![]),
            ("var-service=%27+OR+1%3D1--".to_owned(), vec![&server], vec![&api, &mail]),
        ] {
            let map = panel("map", &query).await;
            assert!(map.contains("data-state=\"ready\""), "{slug} {query}: {map}");
            let drawing = map.split("<svg xmlns").nth(1).unwrap();
            for name in shown {
                assert!(drawing.contains(name.as_str()), "{slug} {query}: {name} in {drawing}");
            }
            for name in hidden {
                assert!(!drawing.contains(name.as_str()), "{slug} {query}: no {name} in {drawing}");
            }
        }
        let file = world.text(&viewer, &format!("/tenant/{slug}/dashboard/narrowed/panel/map/image?{one}")).await;
        assert!(file.contains(&api) && !file.contains(&mail), "the picture as a file has them too: {file}");
        let none = panel("map", "var-service=nobody&var-server=nobody").await;
        assert!(none.contains("The filters leave neither services nor sources"), "{none}");
        let all = panel("words", "").await;
        assert!(all.contains("errors 11."), "{all}");
        let requests = all.split("requests ").nth(1).unwrap().split(',').next().unwrap().to_owned();
        for (query, words) in [
            ("var-failed=SERVICE-030", format!("requests {requests}, errors 1.")),
            ("var-failed=%25", format!("requests {requests}, errors 0.")),
            ("var-failed=%27+OR+%27%27%3D%27", format!("requests {requests}, errors 0.")),
            ("var-server=nobody", "requests –, errors 11.".to_owned()),
            (
                "var-server=nobody&var-server=MARKALPHA-server&var-server=MARKBETA-server",
                format!("requests {requests}, errors 11."),
            ),
            (&one, format!("requests {requests}, errors 11.")),
            ("", format!("requests {requests}, errors 11.")),
        ] {
            let text = panel("words", query).await;
            assert!(text.contains(&words), "{slug} {query}: {words} in {text}");
        }
    }
    world.close().await;
}

#[test]
fn a_filter_that_is_not_there_and_a_word_the_endpoint_does_not_know_are_told_with_their_places() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("acme/dashboards");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(home.path().join("acme/tenant.yaml"), "tenant:\n  name: Acme\n").unwrap();
    let wrong = NARROWED.replace("server: source, failed: service", "servr: source, failed: servise");
    std::fs::write(folder.join("default.yaml"), wrong).unwrap();
    let (told, good) = loggia::config::check::report(home.path(), loggia::config::check::Format::Text);
    assert!(!good);
    assert!(told.contains("“daily-summary” has no “servise” that a filter narrows; did you mean “service”?"), "{told}");
    let wrong = NARROWED.replace("server: source, failed: service", "servr: source, failed: service");
    std::fs::write(folder.join("default.yaml"), wrong).unwrap();
    let (told, good) = loggia::config::check::report(home.path(), loggia::config::check::Format::Text);
    assert!(!good && told.contains("default.yaml:21:20") && told.contains("there is no filter “servr”"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_is_told_the_range_and_the_filters_under_its_own_names() {
    use loggia::query::Chosen;
    let people = Stage::sqlite().peopled(false).await;
    let scope = people.ask(&people.sign_in("ann").await, "acme").await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap_or(0);
            let line = String::from_utf8_lossy(&head[..read]).lines().next().unwrap_or_default().to_owned();
            heard.lock().unwrap().push(line);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
        }
    });
    let mut desk = Desk::new(Reach { hosts: vec![host.clone()], private: true });
    let values = Chosen::OneOf(vec!["a b".to_owned(), "c&d=e".to_owned()]);
    desk.view.filters = vec![("region".parse().unwrap(), values), ("words".parse().unwrap(), Chosen::Contains("x#y".to_owned()))];
    let call = EndpointCall {
        maker: Maker::Other(format!("http://{host}/map?fixed=1").parse().unwrap()),
        parameters: Map::new(),
        filters: vec![("region".parse().unwrap(), "site".to_owned()), ("unset".parse().unwrap(), "none".to_owned())],
        wants: Wants::Words,
        follows: true,
        token: false,
    };
    let made = desk.endpoints.ask(&call, Asked { scope: &scope, cache: &desk.cache, view: &desk.view, fresh: false }).await;
    assert!(made.is_ok(), "{made:?}");
    let line = asked.lock().unwrap().concat();
    let url: url::Url = format!("http://x{}", line.split(' ').nth(1).unwrap()).parse().unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["fixed", "from", "to", "site", "site"]);
    assert_eq!((pairs[3].1.as_str(), pairs[4].1.as_str()), ("a b", "c&d=e"), "values are values");
    assert!(pairs[1].1.ends_with('Z') && pairs[1].1 < pairs[2].1, "{pairs:?}");
}
