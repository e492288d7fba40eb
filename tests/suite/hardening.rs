//! What stands around every answer, and what comes to those who press against the doors.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use loggia::web::routes::{Access, PUBLIC};
use reqwest::{Method, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::raw::Raw;
use crate::world::{Person, World, session_cookie};

const BOARD: &str = "/tenant/alpha-works/dashboard/default";

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A path of each kind of answer: page, fragment, picture, file, style, script, error, problem, redirect, probe.
const KINDS: &[(&str, u16)] = &[
    (BOARD, 200),
    ("/tenant/alpha-works/dashboard/default/panel/cpu", 200),
    ("/tenant/alpha-works/dashboard/default/panel/map/image", 200),
    ("/tenant/alpha-works/report/rows", 200),
    ("/tenant/alpha-works/report/rows.csv", 200),
    ("/tenant/alpha-works/report/cpu.svg", 200),
    ("/tenant/alpha-works/report/dashboard/default.zip", 200),
    ("/tenant/alpha-works/brand.css", 200),
    ("/tenant/alpha-works", 303),
    ("/tenant/beta-works", 403),
    ("/tenant/alpha-works/dashboard/nothing", 404),
    ("/no-such-page", 404),
    ("/logout", 200),
    ("/health", 200),
    ("/ready", 200),
    ("/favicon.ico", 200),
];

#[tokio::test]
async fn every_kind_of_answer_wears_the_security_headers() {
    let world = World::with(&[("LOGGIA_PUBLIC_URL", "https://dash.example")]).await;
    let form = [("email", "viewer@alpha.example"), ("password", crate::world::PASSWORD)];
    let response = world.ask(&Person::nobody(), Method::POST, "/login").form(&form).send().await.expect("an answer");
    let viewer = Person::with_cookie(&session_cookie(&response).expect("a session"));
    for (path, status) in KINDS {
        let response = world.get(&viewer, path).await;
        assert_eq!(response.status(), *status, "{path}");
        let policy = header(&response, "content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") || policy.contains("sandbox"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        for (name, right) in [
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(header(&response, name), right, "{name} of {path}");
        }
        let permissions = header(&response, "permissions-policy");
        assert!(["camera=()", "microphone=()", "geolocation=()"].iter().all(|word| permissions.contains(word)), "{path}");
        assert_eq!(header(&response, "server"), "", "{path} names the program that serves it");
        assert!(response.headers().get("access-control-allow-origin").is_none(), "{path}");
    }
    world.close().await;
}

#[tokio::test]
async fn every_answer_of_the_internal_listener_wears_them_too() {
    let world = World::open().await;
    let token = crate::internal::machine_token(&world, "admin").await;
    let client = reqwest::Client::new();
    let kinds = [
        (Method::GET, "/health", 200),
        (Method::GET, "/metrics", 200),
        (Method::GET, "/admin/tenants", 200),
        (Method::GET, "/admin/tenants/no-such", 404),
        (Method::GET, "/no-such-page", 404),
        (Method::POST, "/admin/tenants", 400),
        (Method::PATCH, "/admin/tenants", 405),
        (Method::POST, "/oauth/token", 400),
    ];
    for (method, path, status) in kinds {
        for with_token in [true, false] {
            let mut request = client.request(method.clone(), format!("http://{}{path}", world.server.internal));
            if with_token {
                request = request.bearer_auth(&token);
            }
            let response = request.send().await.expect("an answer");
            let told = response.status().as_u16();
            if with_token {
                assert_eq!(told, status, "{method} {path}");
            } else {
                assert!(told == status || told == 401, "{method} {path}: {told}");
            }
            let policy = header(&response, "content-security-policy");
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
            for (name, right) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cache-control", "no-store"),
            ] {
                assert_eq!(header(&response, name), right, "{name} of {method} {path}: {told}");
            }
            assert!(header(&response, "permissions-policy").contains("camera=()"), "{path}");
            assert!(!header(&response, "x-correlation-id").is_empty(), "{path}");
            assert_eq!(header(&response, "server"), "", "{path} names the program that serves it");
            assert!(response.headers().get("access-control-allow-origin").is_none(), "{path}");
        }
    }
    world.close().await;
}

#[tokio::test]
async fn what_somebody_saw_signed_in_is_kept_by_no_cache_on_the_way_and_shown_to_nobody_after() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    for (path, _) in KINDS.iter().filter(|(path, _)| *path != "/favicon.ico") {
        for person in [&viewer, &Person::nobody()] {
            let response = world.get(person, path).await;
            let kept = header(&response, "cache-control");
            let right = match *path {
                path if path.ends_with("brand.css") && response.status() == 200 => kept == "private, max-age=86400",
                path if path.ends_with("/image") && response.status() == 200 => kept == "private, no-cache",
                _ => kept == "no-store",
            };
            assert!(right, "{path} with status {} says “{kept}”", response.status());
        }
    }
    let fragment = world.ask(&viewer, Method::GET, &format!("{BOARD}/panel/cpu")).header("hx-request", "true");
    assert_eq!(header(&fragment.send().await.expect("an answer"), "cache-control"), "private, no-cache");
    let response = world.ask(&viewer, Method::POST, "/logout").send().await.expect("an answer");
    assert_eq!(header(&response, "clear-site-data"), "\"cache\"", "fragments that the browser keeps to ask again go too");
    world.close().await;
}

async fn by_way(world: &World, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = world.ask(&Person::nobody(), Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn who_comes_without_https_is_led_there_by_the_word_of_a_trusted_proxy() {
    let proxied = [("LOGGIA_PUBLIC_URL", "https://dash.example:8443/"), ("LOGGIA_TRUSTED_PROXIES", "127.0.0.1")];
    let world = World::with(&proxied).await;
    let path = "/tenant/alpha-works?from=now-1h&next=//evil.example";
    for plain in ["http", "HTTP", "https, http"] {
        let response = by_way(&world, path, &[("x-forwarded-proto", plain), ("host", "evil.example")]).await;
        assert_eq!(response.status(), 308, "{plain}");
        assert_eq!(header(&response, "location"), format!("https://dash.example:8443{path}"));
        let response = world.ask(&Person::nobody(), Method::POST, "/login").header("x-forwarded-proto", plain);
        assert_eq!(response.form(&[("email", "x")]).send().await.expect("an answer").status(), 308, "nothing is read of it");
    }
    let response = by_way(&world, "//evil.example/%2e%2e", &[("x-forwarded-proto", "http")]).await;
    assert!(header(&response, "location").starts_with("https://dash.example:8443/"), "{response:?}");
    for secure in [vec![("x-forwarded-proto", "https")], vec![("x-forwarded-proto", "http, https")], vec![]] {
        assert_eq!(by_way(&world, path, &secure).await.status(), 303, "{secure:?}");
    }
    for probe in ["/health", "/ready"] {
        assert_eq!(by_way(&world, probe, &[("x-forwarded-proto", "http")]).await.status(), 200, "{probe}");
    }
    world.close().await;
    // Nobody else's word counts.
    let world = World::with(&proxied[..1]).await;
    assert_eq!(by_way(&world, path, &[("x-forwarded-proto", "http")]).await.status(), 303);
    world.close().await;
}

#[tokio::test]
async fn a_form_that_signs_its_victim_in_as_somebody_else_is_refused() {
    let world = World::open().await;
    let form = [("email", "viewer@alpha.example"), ("password", crate::world::PASSWORD)];
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    for (site, status) in
        [(Some("cross-site"), 403), (Some("same-site"), 403), (Some("same-origin"), 303), (Some("none"), 303), (None, 303)]
    {
        let mut request = client.post(world.url("/login")).form(&form);
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        assert_eq!(request.send().await.expect("an answer").status(), status, "{site:?}");
    }
    world.close().await;
}

/// Opens a connection and sends a beginning.
async fn begin(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(bytes).await.expect("sent");
    stream
}

/// How long until the other side hangs up; panics after ten seconds.
async fn hung_up(stream: &mut TcpStream, drip: &[u8]) -> Duration {
    let (begun, mut buffer) = (Instant::now(), [0; 4096]);
    while begun.elapsed() < Duration::from_secs(10) {
        if !drip.is_empty() && stream.write_all(drip).await.is_err() {
            return begun.elapsed();
        }
        match tokio::time::timeout(Duration::from_millis(50), stream.read(&mut buffer)).await {
            Ok(Ok(0)) => return begun.elapsed(),
            Ok(Err(fault)) => {
                assert!(matches!(fault.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{fault}");
                return begun.elapsed();
            }
            _ => {}
        }
    }
    panic!("the connection is still open");
}

#[tokio::test]
async fn who_sends_a_request_drop_by_drop_is_let_go_on_both_listeners() {
    let world = World::with(&[("LOGGIA_LIMITS__HEAD_SECONDS", "1")]).await;
    for address in [world.server.public, world.server.internal] {
        let mut slow = begin(address, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
        let took = hung_up(&mut slow, b"x").await;
        assert!(took > Duration::from_millis(700) && took < Duration::from_secs(5), "{took:?}");
        let mut silent = begin(address, b"").await;
        assert!(hung_up(&mut silent, b"").await < Duration::from_secs(5));
        // HTTP/2 without TLS would pass by all of this.
        let mut other = begin(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
        assert!(hung_up(&mut other, b"").await < Duration::from_millis(900));
    }
    assert_eq!(world.get(&Person::nobody(), "/login").await.status(), 200, "nobody else noticed");
    world.close().await;
}

#[tokio::test]
async fn nobody_takes_all_the_connections() {
    let world = World::with(&[("LOGGIA_LIMITS__CONNECTIONS_PER_NETWORK", "8")]).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(begin(world.server.public, b"GET /health HTTP/1.1\r\nHost: x\r\n").await);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut ninth = TcpStream::connect(world.server.public).await.expect("the system lets it in");
    assert!(hung_up(&mut ninth, b"").await < Duration::from_secs(2), "the ninth is turned away");
    open.clear();
    crate::world::eventually("the seats are free again", async || {
        reqwest::get(world.url("/health")).await.is_ok_and(|response| response.status() == 200)
    })
    .await;
    world.close().await;
}

#[tokio::test]
async fn a_body_has_an_end_whoever_reads_it() {
    let world = World::with(&[("LOGGIA_LIMITS__BODY_BYTES", "100000")]).await;
    let viewer = world.person("viewer@alpha.example").await;
    let said = format!("POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", 200_000);
    assert_eq!(world.raw(said.as_bytes()).await.status, 413);
    let huge = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\nConnection: close\r\n\r\n";
    assert!(matches!(world.raw(huge.as_bytes()).await.status, 400 | 413));
    // One that no form of ours reads.
    let path = "/api/v1/auth/login";
    let endless = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\nCookie: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        viewer.cookie()
    );
    let chunk = [b"2000\r\n".to_vec(), vec![b'a'; 0x2000], b"\r\n".to_vec()].concat();
    let answer = world.pour(endless.as_bytes(), Some(&chunk)).await;
    assert!(matches!(answer.status, 0 | 400 | 413), "{answer:?}");
    world.close().await;
}

#[tokio::test]
async fn a_body_that_stands_still_is_let_go_on_both_listeners_and_does_nothing() {
    let world = World::with(&[("LOGGIA_LIMITS__BODY_SECONDS", "1")]).await;
    let admin = world.person("admin@alpha.example").await;
    let head = |path: &str, kind: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Type: {kind}\r\nContent-Length: 500\r\nCookie: {}\r\n\r\n",
            admin.cookie()
        )
    };
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    let (public, internal) = (world.server.public, world.server.internal);
    for (address, path, kind, beginning) in [
        (public, "/login", form, "email=admin%40alpha.example"),
        (public, "/tenant/alpha-works/devices", form, "shows.default=1&name=Cellar"),
        (public, "/api/v1/preferences", json, "{\"dashboard\":"),
        (internal, "/oauth/token", form, "grant_type=client_credentials"),
    ] {
        let mut slow = begin(address, head(path, kind).as_bytes()).await;
        let (begun, mut answer) = (Instant::now(), String::new());
        // a byte now and then is no arrival
        let (mut reading, mut writing) = slow.split();
        let drip = async {
            writing.write_all(beginning.as_bytes()).await.ok();
            for _ in 0..40 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                writing.write_all(b"x").await.ok();
            }
        };
        let head = async {
            let mut buffer = [0; 2048];
            while !answer.contains("\r\n\r\n") {
                let read = reading.read(&mut buffer).await.unwrap_or(0);
                assert!(read > 0, "{path}: it is told why: {answer}");
                answer.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        };
        tokio::select! { () = drip => panic!("{path}: nobody answered"), () = head => {} }
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        let took = begun.elapsed();
        assert!(took > Duration::from_millis(900) && took < Duration::from_secs(4), "{path}: {took:?}");
    }
    assert!(!world.text(&admin, "/tenant/alpha-works/devices").await.contains("Cellar"), "what came of it was not done");
    world.close().await;
}

#[tokio::test]
async fn a_request_that_a_proxy_could_read_otherwise_is_refused() {
    let world = World::open().await;
    let smuggled = "GET /tenant/beta-works HTTP/1.1\r\nHost: x\r\n\r\n";
    let forms: Vec<(&str, String)> = vec![
        ("both lengths", format!("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("two lengths", format!("Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345{smuggled}")),
        ("a list of lengths", format!("Content-Length: 5, 6\r\n\r\n12345{smuggled}")),
        ("a length with a sign", format!("Content-Length: +5\r\n\r\n12345{smuggled}")),
        ("a space before the colon", format!("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("an unknown coding", format!("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("chunked, then another", format!("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{smuggled}")),
        ("a folded header", format!("X-A: b\r\n Content-Length: 5\r\n\r\n{smuggled}")),
        ("two hosts", "Host: other\r\nContent-Length: 0\r\n\r\n".to_owned()),
        ("a bad chunk", format!("Transfer-Encoding: chunked\r\n\r\n0x5\r\n12345\r\n0\r\n\r\n{smuggled}")),
        ("a bare return", "X-A: b\rContent-Length: 5\r\n\r\n12345".to_owned()),
        ("a zero byte", "X-A: b\0c\r\n\r\n".to_owned()),
    ];
    for (what, rest) in forms {
        let answer: Raw = world.raw(format!("POST /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{rest}").as_bytes()).await;
        assert!(matches!(answer.status, 0 | 400 | 501), "{what}: {answer:?}");
        assert!(!answer.body.contains("HTTP/1.1 "), "{what}: there are two answers: {answer:?}");
    }
    world.close().await;
}

#[tokio::test]
async fn headers_larger_than_any_browsers_are_refused() {
    let world = World::open().await;
    let large = format!("GET /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Large: {}\r\n\r\n", "x".repeat(40_000));
    let answer = world.raw(large.as_bytes()).await;
    assert_eq!(answer.status, 431);
    assert!(answer.body.contains("Clear this site"), "{answer:?}");
    let fine = format!("GET /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Large: {}\r\n\r\n", "x".repeat(20_000));
    assert_eq!(world.raw(fine.as_bytes()).await.status, 200);
    world.close().await;
}

#[tokio::test]
async fn no_route_is_open_that_is_not_in_the_closed_list() {
    let open: Vec<&str> = PUBLIC.iter().filter(|line| line.access == Access::Open).map(|line| line.path).collect();
    for path in open {
        let known = ["/login", "/logout", "/health", "/ready", "/favicon.ico", "/assets/", "/.well-known/", "/device/"];
        assert!(known.iter().any(|word| path.starts_with(word)), "{path} is open to everybody: is that meant?");
    }
}

#[test]
fn without_https_it_does_not_start_beyond_loopback() {
    use crate::world::console::Console;
    let console = Console::with_tenant();
    let start = |variables: &[(&str, &str)]| {
        let mut command = console.command(&["serve", "--internal-listen", "127.0.0.1:0"]);
        command.env("LOGGIA_SECRET_KEY", "a key for tests alone, 32 bytes.").envs(variables.iter().copied());
        // A port that cannot be had ends it right after its settings were found good.
        let taken = std::net::TcpListener::bind("0.0.0.0:0").expect("a port");
        command.arg("--listen").arg(taken.local_addr().expect("an address").to_string());
        let output = command.output().expect("the program runs");
        String::from_utf8(output.stderr).expect("text")
    };
    let refused = [
        vec![],
        vec![("LOGGIA_PUBLIC_URL", "http://dash.example")],
        vec![("LOGGIA_PUBLIC_URL", "https://dash.example")],
        vec![("LOGGIA_TRUSTED_PROXIES", "10.0.0.0/8")],
    ];
    for variables in refused {
        let told = start(&variables);
        assert!(told.contains("without https") && told.contains("LOGGIA_TLS__CERT"), "{variables:?}: {told}");
    }
    for variables in [
        vec![("LOGGIA_PUBLIC_URL", "https://dash.example"), ("LOGGIA_TRUSTED_PROXIES", "10.0.0.0/8")],
        vec![("LOGGIA_ALLOW_HTTP", "true")],
    ] {
        let told = start(&variables);
        assert!(told.contains("is in use"), "{variables:?}: {told}");
    }
}

#[tokio::test]
async fn the_demo_answers_under_no_name_but_its_own() {
    use crate::world::console::Console;
    let console = Console::open();
    let served = console.serve(&["--demo"], &[]);
    let port = served.address.rsplit(':').next().expect("a port").to_owned();
    let client = reqwest::Client::new();
    let ask = async |host: &str| {
        client.get(format!("http://{}/login", served.address)).header("host", host).send().await.expect("an answer")
    };
    for host in ["localhost", &format!("127.0.0.1:{port}"), &format!("localhost:{port}"), "a.localhost"] {
        assert_eq!(ask(host).await.status(), 200, "{host}");
    }
    for host in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1.nip.io"] {
        let response = ask(host).await;
        assert_eq!(response.status(), 421, "{host}");
        assert!(!response.text().await.expect("text").contains("viewer@acme.example"));
    }
}
