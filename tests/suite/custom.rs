//! Custom panels: endpoints that panic, hang or say too much, hostile pictures of other servers, and the good ones.

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
use crate::world::{MARKS, World};

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
        Desk { endpoints: Endpoints::with_patience(registry, reach, PATIENCE).unwrap(), cache: Cache::new(1 << 20, clock), view }
    }

    async fn ask(&self, scope: &TenantScope, maker: Maker, wants: Wants) -> Result<Made, Trouble> {
        let call = EndpointCall { maker, parameters: Map::new(), filters: Vec::new(), wants, follows: false };
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
                    "/png" => answer("text/html", b"\x89PNG\r\n\x1a\n and so on"),
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
