//! Hosted apps: whose request it is, what passes to the app and back, and what a viewer meets when it fails.

use std::time::Duration;

use http::header::HeaderMap;
use loggia::domain::{CorrelationId, Rollout};
use loggia::identity;
use reqwest::{Method, Response};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::api::token;
use crate::world::upstream::{Seen, Upstream};
use crate::world::{Kind, Person, Setting, World, eventually};

/// The dashboard of both tenants whose body is the app.
const BOARD: &str = "/tenant/alpha-works/dashboard/ltv";
const BETAS: &str = "/tenant/beta-works/dashboard/ltv";

/// A stage with the apps `ltv` (its prefix stripped) and `kept` (not), both of both tenants, and `betas` of beta alone.
struct Stage {
    world: World,
    new: Upstream,
    old: Upstream,
}

impl Stage {
    async fn open() -> Stage {
        Stage::with(&[("LOGGIA_APPS__TRUSTED", "true")], Kind::Sqlite, "").await
    }

    async fn with(variables: &[(&str, &str)], kind: Kind<'_>, more: &str) -> Stage {
        let (new, old) = (Upstream::start("new").await, Upstream::start("old").await);
        let world = World::raise(Setting { variables, central: kind, ..Setting::default() }).await;
        let stage = Stage { world, new, old };
        let upstreams = format!(
            "  upstream: {{ url: \"{}\", strip_prefix: true }}\n  legacy_upstream: {{ url: \"{}\", strip_prefix: true }}\n",
            stage.new.url, stage.old.url
        );
        stage.write("_shared/apps/ltv.yaml", &format!("app:\n  title: \"Customer LTV\"\n{upstreams}{more}"));
        let kept = format!(
            "app:\n  title: Kept\n  upstream: {{ url: \"{}\", strip_prefix: false }}\n  body_limit: 2kB\n",
            stage.new.url
        );
        stage.write("_shared/apps/kept.yaml", &kept);
        stage.write("_shared/apps/betas.yaml", &format!("app:\n  title: Betas\n{upstreams}  tenants: [beta-works]\n"));
        for (slug, apps) in [("alpha-works", "[ltv, kept, betas]"), ("beta-works", "[ltv, betas]")] {
            stage.write(&format!("{slug}/dashboards/ltv.yaml"), "dashboard: { name: \"Customer LTV\", app: ltv }\n");
            let file = stage.world.tenants_file(&format!("{slug}/tenant.yaml"));
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, format!("{text}  apps: {apps}\n")).unwrap();
        }
        stage.reload().await;
        stage
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.world.tenants_file(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Until the server has read the files, and told the central database of them.
    async fn reload(&self) {
        let admin = self.world.person("operator@example.com").await;
        eventually("the app is there", async || self.world.get(&admin, "/dash/kept/echo").await.status() == 200).await;
        self.new.take();
    }

    async fn rollout(&self, slug: &str, rollout: Rollout) {
        let actor = identity::console(CorrelationId::new());
        self.world.server.parts.tenancy.set_rollout(&actor, &slug.parse().unwrap(), rollout).await.unwrap();
    }

    /// Opens a dashboard and gives what its frame opens: the address with the page's key.
    async fn frame(&self, person: &Person, board: &str) -> String {
        let page = self.world.text(person, board).await;
        let src =
            page.split("<iframe ").nth(1).and_then(|rest| rest.split("src=\"").nth(1)).and_then(|rest| rest.split('"').next());
        src.unwrap_or_else(|| panic!("no frame on {page}")).replace("&amp;", "&").replace("&#38;", "&")
    }

    /// Asks for something as a page of that frame does.
    async fn from(&self, person: &Person, frame: &str, method: Method, path: &str) -> Response {
        let request = self.world.ask(person, method, path).header("referer", self.world.url(frame));
        request.header("sec-fetch-dest", "empty").send().await.unwrap()
    }

    async fn get(&self, person: &Person, frame: &str, path: &str) -> Response {
        self.from(person, frame, Method::GET, path).await
    }

    /// Opens a document in the frame.
    async fn document(&self, person: &Person, path: &str) -> Response {
        let request = self.world.ask(person, Method::GET, path);
        request.header("sec-fetch-dest", "iframe").header("sec-fetch-mode", "navigate").send().await.unwrap()
    }

    /// Calls back, as Dash does.
    async fn call(&self, person: &Person, frame: &str) -> Response {
        let request = self.world.ask(person, Method::POST, "/dash/ltv/_dash-update-component");
        let body = r#"{"output":"ltv-graph.figure","inputs":[]}"#;
        request
            .header("referer", self.world.url(frame))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    fn only(&self) -> Seen {
        let mut seen = self.new.take();
        seen.retain(|seen| !seen.target.ends_with("/_health"));
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    async fn close(self) {
        self.world.close().await;
    }
}

fn key(frame: &str) -> &str {
    frame.split("loggia_frame=").nth(1).unwrap().split('&').next().unwrap()
}

async fn problem(response: Response) -> serde_json::Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    response.json().await.unwrap()
}

#[tokio::test]
async fn both_tenants_see_their_own_in_the_frame_and_two_tabs_never_mix() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let stage = Stage::with(&[("LOGGIA_APPS__TRUSTED", "true")], kind, "").await;
        let operator = stage.world.person("operator@example.com").await;
        let (alpha, beta) = (stage.frame(&operator, BOARD).await, stage.frame(&operator, BETAS).await);
        assert!(alpha.starts_with("/dash/ltv/?loggia_frame="), "{alpha}");
        for (frame, slug) in [(&alpha, "alpha-works"), (&beta, "beta-works"), (&alpha, "alpha-works")] {
            let page = stage.document(&operator, frame).await;
            assert_eq!(page.status(), 200);
            assert!(page.text().await.unwrap().contains(&format!("new for {slug}")), "{frame}");
            let told: serde_json::Value = stage.get(&operator, frame, "/dash/ltv/echo?x=%2F").await.json().await.unwrap();
            assert_eq!((told["tenant"].as_str(), told["target"].as_str()), (Some(slug), Some("/echo?x=%2F")));
            // a page that has moved on inside the app is known by Dash's own id of its load
            let path = format!("/dash/ltv/echo?endId=end-of-{slug}");
            let told: serde_json::Value = stage.get(&operator, "/dash/ltv/page2", &path).await.json().await.unwrap();
            assert_eq!(told["tenant"], slug);
        }
        // nothing tells which of the two is meant: never a guess
        let unclear = stage.get(&operator, "/dash/ltv/page2", "/dash/ltv/echo").await;
        assert_eq!(unclear.status(), 409);
        problem(unclear).await;
        // one of them is closed: the other is the only one
        let path = format!("{BETAS}/frame/{}/close", key(&beta));
        assert_eq!(stage.world.ask(&operator, Method::POST, &path).send().await.unwrap().status(), 204);
        let told: serde_json::Value = stage.get(&operator, "/dash/ltv/page2", "/dash/ltv/echo").await.json().await.unwrap();
        assert_eq!(told["tenant"], "alpha-works");
        stage.close().await;
    }
}

#[tokio::test]
async fn nobody_comes_by_somebody_elses_frame_session_or_token() {
    let stage = Stage::open().await;
    let (alpha, beta) = (stage.world.person("viewer@alpha.example").await, stage.world.person("viewer@beta.example").await);
    let frame = stage.frame(&alpha, BOARD).await;
    assert_eq!(stage.document(&alpha, &frame).await.status(), 200);
    stage.new.take();
    for (who, status) in [(&beta, 403), (&Person::nobody(), 401), (&stage.world.person("stranger@example.com").await, 403)] {
        assert_eq!(stage.document(who, &frame).await.status(), status);
        assert_eq!(stage.get(who, &frame, "/dash/ltv/echo").await.status(), status);
    }
    // token of A on B's app is 403
    let a = token(&stage.world, &alpha, "alpha-works").await;
    let b = token(&stage.world, &beta, "beta-works").await;
    let bring = async |path: &str, token: &str| {
        let request = stage.world.ask(&Person::nobody(), Method::GET, path).header("authorization", format!("Bearer {token}"));
        request.send().await.unwrap()
    };
    assert_eq!(bring("/dash/betas/echo", &a).await.status(), 403);
    assert_eq!(stage.get(&alpha, "/", "/dash/betas/echo").await.status(), 403);
    assert_eq!(bring("/dash/nothing/echo", &a).await.status(), 403, "an app that is not there answers like one of others");
    assert_eq!(
        stage.new.take().iter().filter(|seen| !seen.target.ends_with("_health")).count(),
        0,
        "nothing has reached the app"
    );
    let told: serde_json::Value = bring("/dash/betas/echo", &b).await.json().await.unwrap();
    assert_eq!(told["tenant"], "beta-works");
    let seen = stage.only();
    assert_ne!(seen.header("authorization"), Some(format!("Bearer {b}").as_str()), "the app gets a token of its own");
    // signing out ends it at once
    stage.world.ask(&alpha, Method::POST, "/logout").send().await.unwrap();
    let over = stage.get(&alpha, &frame, "/dash/ltv/echo").await;
    assert_eq!(over.status(), 401);
    assert!(!over.headers().contains_key("location"), "never led to sign-in inside the frame");
    let page = stage.document(&alpha, &frame).await;
    assert_eq!(page.status(), 401);
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'self'"));
    assert!(!page.headers().contains_key("x-frame-options"));
    assert!(page.text().await.unwrap().contains("Sign in"));
    stage.close().await;
}

#[tokio::test]
async fn what_the_app_is_sent_says_who_asks_in_our_words_alone() {
    let stage = Stage::open().await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    let request =
        stage.world.ask(&viewer, Method::GET, "/dash/ltv/a%20b/c%C3%A9?x=1%2B1&y").header("referer", stage.world.url(&frame));
    let request =
        request.header("authorization", "Bearer forged").header("x-tenant-id", "beta").header("x-forwarded-host", "evil.example");
    let request = request
        .header("x_tenant_id", "beta")
        .header("connection", "x-secret")
        .header("x-secret", "1")
        .header("range", "bytes=0-1");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let seen = stage.only();
    assert_eq!(seen.target, "/a%20b/c%C3%A9?x=1%2B1&y", "the path as it was written, its prefix stripped");
    assert_eq!(seen.tenant().as_deref(), Some("alpha-works"));
    let host = stage.world.server.public.to_string();
    assert_eq!((seen.header("host"), seen.header("x-forwarded-host")), (Some(host.as_str()), Some(host.as_str())));
    assert_eq!((seen.header("x-forwarded-prefix"), seen.header("x-forwarded-for")), (Some("/dash/ltv"), Some("127.0.0.1")));
    assert_eq!(seen.header("range"), Some("bytes=0-1"));
    for name in ["cookie", "x-tenant-id", "x_tenant_id", "x-secret", "connection"] {
        assert!(
            seen.header(name).is_none_or(|value| name == "connection" && value != "x-secret"),
            "{name}: {:?}",
            seen.header(name)
        );
    }
    let text = format!("{seen:?}");
    assert!(!text.contains(viewer.cookie().split('=').nth(1).unwrap()), "the app never sees a cookie of ours by value");
    assert!(!text.contains(key(&frame)) || text.matches(key(&frame)).count() == 1, "{text}");
    // the other app keeps its prefix
    stage.get(&viewer, "/", "/dash/kept/echo").await;
    assert_eq!(stage.only().target, "/dash/kept/echo");
    eventually("the forged headers are in the audit", async || {
        let admin = stage.world.person("operator@example.com").await;
        stage.world.text(&admin, "/admin/audit?action=denied").await.contains("headers that say who somebody is")
    })
    .await;
    stage.close().await;
}

#[tokio::test]
async fn what_the_app_answers_rules_over_nothing_of_ours() {
    let stage = Stage::with(&[("LOGGIA_APPS__TRUSTED", "true")], Kind::Sqlite, "  cookies: [own]\n").await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    let answer = stage.get(&viewer, &frame, "/dash/ltv/rules").await;
    let head: &HeaderMap = answer.headers();
    let cookies: Vec<&str> = head.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    assert!(
        cookies[0].starts_with("loggia-app-ltv-") && cookies[0].contains("-own=abc; Path=/dash/ltv/; SameSite=Lax"),
        "{cookies:?}"
    );
    assert!(!cookies[0].contains("evil") && cookies[0].contains("HttpOnly"), "{cookies:?}");
    for name in ["server", "clear-site-data", "www-authenticate", "refresh", "access-control-allow-origin", "x-frame-options"] {
        assert!(!head.contains_key(name), "{name}");
    }
    let policy = head["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'self'") && !policy.contains('*'),
        "{policy}"
    );
    // its own cookie comes back under the name it gave it; no other does
    let pair = cookies[0].split(';').next().unwrap();
    let both = format!("{}; {pair}; other=1; loggia-app-ltv-00000000000000000000000000000000-own=beta", viewer.cookie());
    stage.new.take();
    stage.get(&Person::with_cookie(&both), &frame, "/dash/ltv/echo").await;
    assert_eq!(stage.only().header("cookie"), Some("own=abc"));
    // the page's inline scripts run, by their hash
    let index = stage.document(&viewer, &frame).await;
    let policy = index.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("'sha256-jZlsGVOhUAIcH+4PVs7QuGZkthRMgvT2n0ilH6/zTM0='") && !policy.contains("unsafe-eval"),
        "{policy}"
    );
    assert_eq!(index.headers()["cache-control"], "no-store");
    // strong tags stay strong, encoded bodies untouched, and only what is the same for everybody is kept
    let css = stage.get(&viewer, &frame, "/dash/ltv/assets/app.css").await;
    assert_eq!(
        (&css.headers()["etag"], &css.headers()["cache-control"]),
        (&"\"v1\"".parse().unwrap(), &"private, max-age=31536000".parse().unwrap())
    );
    let again = stage.world.ask(&viewer, Method::GET, "/dash/ltv/assets/app.css").header("referer", stage.world.url(&frame));
    assert_eq!(again.header("if-none-match", "\"v1\"").send().await.unwrap().status(), 304);
    let part = stage.world.ask(&viewer, Method::GET, "/dash/ltv/assets/app.css").header("referer", stage.world.url(&frame));
    let part = part.header("range", "bytes=0-3").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.text().await.unwrap().as_str()), (206, "body"));
    let packed = stage.get(&viewer, &frame, "/dash/ltv/packed").await;
    assert_eq!(
        (&packed.headers()["etag"], &packed.headers()["content-encoding"]),
        (&"\"v1:gzip\"".parse().unwrap(), &"gzip".parse().unwrap())
    );
    assert_eq!(packed.bytes().await.unwrap(), "not really gzip");
    assert_eq!(stage.get(&viewer, &frame, "/dash/ltv/kept").await.headers()["cache-control"], "private, no-cache");
    let head = stage.from(&viewer, &frame, Method::HEAD, "/dash/ltv/assets/app.css").await;
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "6"));
    stage.close().await;
}

#[tokio::test]
async fn bodies_arrive_whole_however_they_are_sent_and_no_more_than_the_app_takes() {
    let stage = Stage::open().await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    let sha = hex::encode(Sha256::digest(&bytes));
    for (method, chunked) in [(Method::POST, true), (Method::POST, false), (Method::PUT, true)] {
        let request = stage.world.ask(&viewer, method.clone(), "/dash/ltv/upload").header("referer", stage.world.url(&frame));
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> = bytes.chunks(40_000).map(|piece| Ok(piece.to_vec())).collect();
        let body = if chunked { reqwest::Body::wrap_stream(futures_util::stream::iter(pieces)) } else { bytes.clone().into() };
        let told: serde_json::Value = request.body(body).send().await.unwrap().json().await.unwrap();
        assert_eq!((told["length"].as_u64(), told["sha"].as_str()), (Some(20_000_000), Some(sha.as_str())), "{method} {chunked}");
        let seen = stage.only();
        assert_eq!(seen.header("content-length").is_some(), !chunked, "framed as it came");
    }
    // 2 kB is all that `kept` takes, whether or not it is said beforehand
    for chunked in [true, false] {
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> = (0..100).map(|_| Ok(vec![b'x'; 1000])).collect();
        let body =
            if chunked { reqwest::Body::wrap_stream(futures_util::stream::iter(pieces)) } else { vec![b'x'; 100_000].into() };
        let answer = stage.world.ask(&viewer, Method::POST, "/dash/kept/upload").body(body).send().await.unwrap();
        assert_eq!(answer.status(), 413, "{chunked}");
        problem(answer).await;
    }
    // an answer that never ends is there as it comes
    let mut events = stage.get(&viewer, &frame, "/dash/ltv/events").await;
    assert_eq!(&*events.chunk().await.unwrap().unwrap(), b"data: first\n\n\n");
    let long = stage.get(&viewer, &frame, "/dash/ltv/bytes/50000000").await;
    assert_eq!(long.bytes().await.unwrap().len(), 50_000_000);
    for method in [Method::PATCH, Method::DELETE, Method::OPTIONS] {
        assert_eq!(stage.from(&viewer, &frame, method.clone(), "/dash/ltv/echo").await.status(), 200, "{method}");
    }
    // another site's page sends nothing
    let forged = format!(
        "POST /dash/ltv/echo HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nsec-fetch-site: cross-site\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        stage.world.server.public,
        viewer.cookie()
    );
    assert_eq!(stage.world.raw(forged.as_bytes()).await.status, 403);
    stage.close().await;
}

#[tokio::test]
async fn an_app_that_fails_is_told_in_our_words_and_troubles_nobody_else() {
    let stage = Stage::with(&[("LOGGIA_APPS__TRUSTED", "true")], Kind::Sqlite, "  timeout: 500ms\n").await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    let key = key(&frame);
    let faults = [
        ("slow", 504, "upstream_timeout"),
        ("big-head", 502, "upstream_unreachable"),
        ("nonsense", 502, "upstream_unreachable"),
        ("broken-page", 502, "upstream_unreachable"),
        ("status/500", 502, "upstream_failed"),
        ("status/401", 502, "upstream_refused_token"),
        ("status/403", 502, "upstream_refused_token"),
        ("to?l=https://evil.example/", 502, "upstream_redirected_away"),
        ("to?l=/dash/kept/x", 502, "upstream_redirected_away"),
        ("to?l=//evil.example/x", 502, "upstream_redirected_away"),
        ("self", 502, "upstream_redirect_loop"),
    ];
    for (path, status, word) in faults {
        let told = stage.get(&viewer, &frame, &format!("/dash/ltv/{path}")).await;
        assert_eq!(told.status(), status, "{path}");
        let id = told.headers()["x-correlation-id"].to_str().unwrap().to_owned();
        let told = problem(told).await;
        assert_eq!((told["error"].as_str(), told["correlation_id"].as_str()), (Some(word), Some(id.as_str())), "{path}");
        assert!(!told.to_string().contains("INTERNAL") && !told.to_string().contains("127.0.0.1"), "{told}");
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = stage.document(&viewer, &format!("/dash/ltv/{path}{joint}loggia_frame={key}")).await;
        if path.starts_with("to?") {
            continue;
        }
        assert_eq!(page.status(), status, "{path}");
        let text = page.text().await.unwrap();
        assert!(text.contains("Reference <code>") && text.contains("Try again"), "{path}: {text}");
        assert!(!text.contains("INTERNAL"), "{text}");
    }
    // round in circles by way of another: it ends with our page
    let mut at = format!("/dash/ltv/loop-a?loggia_frame={key}");
    let mut turns = 0;
    let last = loop {
        let answer = stage.document(&viewer, &at).await;
        let Some(to) = answer.headers().get("location") else { break answer };
        at = to.to_str().unwrap().to_owned();
        assert!(at.contains(key), "the next page is this one's: {at}");
        turns += 1;
        assert!(turns < 20, "a browser gives up after 20");
    };
    assert_eq!(last.status(), 502);
    // a good one leads on inside
    let inside = stage.get(&viewer, &frame, "/dash/ltv/to?l=/x%3Fy=1").await;
    assert_eq!((inside.status().as_u16(), inside.headers()["location"].to_str().unwrap()), (302, "/dash/ltv/x?y=1"));
    // half an answer is visibly half
    assert!(stage.get(&viewer, &frame, "/dash/ltv/broken").await.bytes().await.is_err());
    // native panels and other apps don't notice
    assert_eq!(stage.world.get(&viewer, "/tenant/alpha-works/dashboard/default").await.status(), 200);
    assert_eq!(stage.get(&viewer, "/", "/dash/kept/echo").await.status(), 200);
    stage.close().await;
}

#[tokio::test]
async fn paths_and_headers_that_lead_out_reach_no_upstream() {
    let stage = Stage::open().await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    stage.new.take();
    let paths = [
        "/dash/ltv/../admin",
        "/dash/ltv/%2e%2e/admin",
        "/dash/ltv/.%2E/x",
        "/dash/ltv/a%2f..%2fb",
        "/dash/ltv/a%5cb",
        "/dash/ltv/a%00b",
        "/dash/ltv//evil.example/x",
        "/dash/ltv/..;/x",
        "/dash/ltv/%2e%2e%2f",
        "/dash//ltv/x",
        "/dash/ltv/a\\b",
        "/dash/%2e%2e/ltv/x",
    ];
    for path in paths {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nreferer: {}\r\nsec-fetch-site: same-origin\r\nconnection: close\r\n\r\n",
            stage.world.server.public,
            viewer.cookie(),
            stage.world.url(&frame)
        );
        let answer = stage.world.raw(request.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
    // an address of another's, in whatever form: none of it is a place to go
    for target in ["http://evil.example/dash/ltv/x", "/dash/ltv@evil.example/x", "/dash/ltv:80/x", "/dash/http://evil.example/x"]
    {
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nconnection: close\r\n\r\n",
            stage.world.server.public,
            viewer.cookie()
        );
        let answer = stage.world.raw(request.as_bytes()).await;
        assert_ne!(answer.status, 0, "{target}");
    }
    let seen: Vec<Seen> = stage.new.take().into_iter().filter(|seen| !seen.target.ends_with("_health")).collect();
    assert!(seen.iter().all(|seen| seen.target == "/x"), "{seen:?}");
    let admin = stage.world.person("operator@example.com").await;
    eventually("what looks like an attack is in the audit", async || {
        stage.world.text(&admin, "/admin/audit?action=denied").await.contains("that leads out of it")
    })
    .await;
    stage.close().await;
}

#[tokio::test]
async fn a_page_whose_callbacks_fail_says_since_when_until_they_do_not() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let stage = Stage::with(&[("LOGGIA_APPS__TRUSTED", "true")], kind, "").await;
        let viewer = stage.world.person("viewer@alpha.example").await;
        let frame = stage.frame(&viewer, BOARD).await;
        let watch = format!("{BOARD}/frame/{}", key(&frame));
        let told = async || stage.world.text(&viewer, &watch).await;
        assert_eq!(stage.call(&viewer, &frame).await.status(), 200);
        assert_eq!(told().await.trim(), "");
        stage.new.answer_callbacks_with(500);
        let failed = stage.call(&viewer, &frame).await;
        let id = failed.headers()["x-correlation-id"].to_str().unwrap().to_owned();
        stage.call(&viewer, &frame).await;
        let banner = told().await;
        assert!(banner.contains("Not updating since") && banner.contains(&id), "{banner}");
        // it is this page's own affair, and this viewer's
        let other = stage.frame(&viewer, BOARD).await;
        assert_eq!(stage.world.text(&viewer, &format!("{BOARD}/frame/{}", key(&other))).await.trim(), "");
        let stranger = stage.world.person("admin@alpha.example").await;
        assert_eq!(stage.world.get(&stranger, &watch).await.status(), 404);
        stage.new.answer_callbacks_with(200);
        stage.call(&viewer, &frame).await;
        assert_eq!(told().await.trim(), "");
        stage.new.answer_callbacks_with(0);
        stage.call(&viewer, &frame).await;
        assert!(told().await.contains("Not updating since"), "also where the app closes the door before it was asked");
        stage.new.answer_callbacks_with(200);
        stage.call(&viewer, &frame).await;
        assert_eq!(told().await.trim(), "", "and it is known for which callback");
        let metrics = stage.world.internal("/metrics").await.text().await.unwrap();
        let tenant = metrics.lines().find(|line| line.contains("loggia_tenant_info") && line.contains("alpha-works")).unwrap();
        let id = tenant.split("tenant_id=\"").nth(1).unwrap().split('"').next().unwrap();
        let labels = format!("{{tenant_id=\"{id}\",app_slug=\"ltv\",callback=\"ltv-graph.figure\"}}");
        assert!(metrics.contains(&format!("dash_callback_errors_total{labels} 3")), "{metrics}");
        assert!(metrics.contains(&format!("dash_callback_duration_seconds_count{labels} 6")), "{metrics}");
        // opened three times by the viewer within five minutes, and one row: not one an asset
        let admin = stage.world.person("operator@example.com").await;
        eventually("the view is in the audit", async || {
            stage.world.text(&admin, "/admin/audit?action=view_dashboard").await.matches("viewer@alpha.example").count() >= 1
        })
        .await;
        stage.close().await;
    }
}

/// Seed 000, phase 5: “Rollout without downtime”.
#[tokio::test]
async fn rollout_without_downtime_legacy_tenants_remain_unaffected_and_the_canary_sees_its_own() {
    let stage = Stage::open().await;
    let (alpha, beta) = (stage.world.person("viewer@alpha.example").await, stage.world.person("viewer@beta.example").await);
    // Given existing tenants use legacy Dash apps
    stage.rollout("alpha-works", Rollout::Legacy).await;
    stage.rollout("beta-works", Rollout::Legacy).await;
    let open = async |person: &Person, board: &str| {
        stage.document(person, &stage.frame(person, board).await).await.text().await.unwrap()
    };
    for (person, board) in [(&alpha, BOARD), (&beta, BETAS)] {
        assert!(open(person, board).await.contains("old for nobody"), "the legacy upstream, and no token");
        assert!(!stage.world.text(person, board).await.contains("data-watch"), "and no banner");
        let alone = stage.document(person, "/dash/ltv/").await;
        assert_eq!(alone.status(), 200);
        assert!(alone.text().await.unwrap().contains("old for nobody"), "opened alone it answers as before");
        let told: serde_json::Value = stage.get(person, "/dash/ltv/", "/dash/ltv/echo").await.json().await.unwrap();
        assert_eq!((told["app"].as_str(), told["tenant"].as_str()), (Some("old"), None));
    }
    // When I enable Shell UI embedding for a canary tenant
    let open_page = stage.frame(&alpha, BOARD).await;
    stage.rollout("alpha-works", Rollout::Canary).await;
    // Then legacy tenants should remain unaffected
    assert!(open(&beta, BETAS).await.contains("old for nobody"));
    assert!(stage.new.take().iter().all(|seen| seen.target.ends_with("_health")), "nothing of theirs reaches the new one");
    // And the canary tenant should see tenant-scoped dashboards
    assert!(open(&alpha, BOARD).await.contains("new for alpha-works"));
    // a page that was open stays on its upstream, so that it never mixes two releases
    let told: serde_json::Value = stage.get(&alpha, &open_page, "/dash/ltv/echo").await.json().await.unwrap();
    assert_eq!((told["app"].as_str(), told["tenant"].as_str()), (Some("old"), None));
    stage.rollout("alpha-works", Rollout::Current).await;
    assert!(open(&alpha, BOARD).await.contains("new for alpha-works"));
    // rollback takes effect on the next page load
    stage.rollout("alpha-works", Rollout::Legacy).await;
    stage.old.take();
    assert!(open(&alpha, BOARD).await.contains("old for nobody"));
    assert!(
        stage.old.take().iter().all(|seen| seen.header("authorization").is_none()),
        "a legacy tenant's request carries no token"
    );
    let admin = stage.world.person("operator@example.com").await;
    let audit = stage.world.text(&admin, "/admin/audit?action=rollout_changed").await;
    assert!(audit.contains("alpha-works"), "{audit}");
    stage.close().await;
}

/// Seed 000, phase 1: “User accesses dashboard without JWT”.
#[tokio::test]
async fn user_accesses_dashboard_without_jwt() {
    for (variables, more) in [
        (&[("LOGGIA_APPS__TRUSTED", "true"), ("LOGGIA_APPS__JWT_INJECTION", "false")][..], ""),
        (&[("LOGGIA_APPS__TRUSTED", "true")][..], "  jwt_injection: false\n"),
    ] {
        let stage = Stage::with(variables, Kind::Sqlite, more).await;
        let viewer = stage.world.person("viewer@alpha.example").await;
        let frame = stage.frame(&viewer, BOARD).await;
        stage.new.take();
        let page = stage.document(&viewer, &frame).await.text().await.unwrap();
        assert!(page.contains("new for nobody"), "the Dash app loads without tenant scoping");
        assert!(stage.only().header("authorization").is_none());
        // an app that refuses somebody itself is believed: no token of ours was refused
        assert_eq!(stage.get(&viewer, &frame, "/dash/ltv/status/403").await.status(), 403);
        stage.close().await;
    }
}

/// Seed 000, phase 1: “User accesses dashboard with optional JWT”.
#[tokio::test]
async fn user_accesses_dashboard_with_optional_jwt() {
    let stage = Stage::open().await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    let page = stage.document(&viewer, &frame).await;
    let head = format!("{:?}", page.headers());
    let text = page.text().await.unwrap();
    let seen = stage.only();
    let token = seen.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).expect("a token").to_owned();
    assert!(text.contains("new for alpha-works"), "the Dash app parses the JWT");
    let shell = stage.world.text(&viewer, BOARD).await;
    assert!(![&head, &text, &shell].iter().any(|told| told.contains(&token)), "no token ever reaches the browser");
    let answer = stage.world.ask(&Person::nobody(), Method::POST, "/api/token/introspect").form(&[("token", &token)]);
    let told: serde_json::Value = answer.send().await.unwrap().json().await.unwrap();
    assert_eq!((told["active"].as_bool(), told["aud"].as_str()), (Some(true), Some("dash:ltv")), "{told}");
    // it opens nothing of ours
    let mine = stage.world.ask(&Person::nobody(), Method::GET, "/api/me").header("authorization", format!("Bearer {token}"));
    assert_eq!(mine.send().await.unwrap().status(), 401);
    stage.close().await;
}

/// Seed 001, story 1.1: “Tenant dashboard route renders”.
#[tokio::test]
async fn tenant_dashboard_route_renders() {
    let stage = Stage::open().await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let page = stage.world.text(&viewer, BOARD).await;
    assert!(page.contains("<h1>Customer LTV</h1>") && page.contains("title=\"Customer LTV, MARKALPHA name\""), "{page}");
    stage.close().await;
}

/// Seed 001, story 1.3: “Toggle JWT injection”, by the app's own flag, live.
#[tokio::test]
async fn toggle_jwt_injection() {
    let stage = Stage::open().await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    let file = stage.world.tenants_file("_shared/apps/ltv.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let bears = async || {
        stage.new.take();
        stage.get(&viewer, &frame, "/dash/ltv/echo").await;
        stage.only().header("authorization").is_some()
    };
    // When a dashboard request is proxied, then the Authorization header is attached
    assert!(bears().await);
    // And setting it to false removes the header
    std::fs::write(&file, format!("{text}  jwt_injection: false\n")).unwrap();
    eventually("the header is gone", async || !bears().await).await;
    std::fs::write(&file, &text).unwrap();
    eventually("the header is back", bears).await;
    stage.close().await;
}

/// Seed 000, phase 2: “Multi-tenant user selects tenant”; seed 001, story 2.7: “Switch tenant updates token”.
#[tokio::test]
async fn switch_tenant_updates_token() {
    let stage = Stage::open().await;
    // Given I log in as a user with access to 2 tenants
    let operator = stage.world.person("operator@example.com").await;
    let page = stage.world.text(&operator, BOARD).await;
    // When I select another in the tenant switcher: it leads to the same dashboard there
    assert!(page.contains(&format!("href=\"{BETAS}\"")), "{page}");
    for (board, slug) in [(BOARD, "alpha-works"), (BETAS, "beta-works"), (BOARD, "alpha-works")] {
        let frame = stage.frame(&operator, board).await;
        stage.new.take();
        stage.document(&operator, &frame).await;
        // Then the Dash embed includes that tenant's token in the header, with tenant_id and uc_catalog
        let seen = stage.only();
        assert_eq!(seen.tenant().as_deref(), Some(slug));
        let claims = seen.claims().unwrap();
        assert!(claims["tenant_id"].is_string() && claims.get("uc_catalog").is_some() && claims.get("env").is_some(), "{claims}");
    }
    stage.close().await;
}

/// Seed 001, story 4.2: “Callback metrics emitted”.
#[tokio::test]
async fn callback_metrics_emitted() {
    let stage = Stage::open().await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    // Given a Dash callback runs
    stage.call(&viewer, &frame).await;
    stage.new.answer_callbacks_with(500);
    stage.call(&viewer, &frame).await;
    // Then a metric is recorded for duration and error count, and labels include tenant_id and app_slug
    let metrics = stage.world.internal("/metrics").await.text().await.unwrap();
    for (name, count) in [("dash_callback_duration_seconds_count", 2), ("dash_callback_errors_total", 1)] {
        let mut lines = metrics.lines().filter(|line| line.starts_with(name));
        let line = lines.next().unwrap_or_else(|| panic!("{name}: {metrics}"));
        assert!(line.contains("tenant_id=\"") && line.contains("app_slug=\"ltv\",callback=\"ltv-graph.figure\"}"), "{line}");
        assert!(line.ends_with(&format!(" {count}")), "{line}");
    }
    stage.close().await;
}

/// Seed 001, story 5.1: “Canary tenant on new flow”.
#[tokio::test]
async fn canary_tenant_on_new_flow() {
    let stage = Stage::open().await;
    let (alpha, beta) = (stage.world.person("viewer@alpha.example").await, stage.world.person("viewer@beta.example").await);
    // Given legacy tenants are unaffected
    for slug in ["alpha-works", "beta-works"] {
        stage.rollout(slug, Rollout::Legacy).await;
    }
    // When I enable the canary routing for one of them
    stage.rollout("alpha-works", Rollout::Canary).await;
    // Then it uses Shell UI + JWT flow, and other tenants remain on legacy
    for (person, board, shown) in [(&alpha, BOARD, "new for alpha-works"), (&beta, BETAS, "old for nobody")] {
        let page = stage.document(person, &stage.frame(person, board).await).await;
        assert!(page.text().await.unwrap().contains(shown), "{board}");
    }
    stage.close().await;
}

#[tokio::test]
async fn without_a_choice_of_the_operator_apps_are_switched_off() {
    let stage = Stage::with(&[("LOGGIA_APPS__TRUSTED", "true")], Kind::Sqlite, "").await;
    let files = stage.world.tenants_file("");
    let plain = World::with(&[("LOGGIA_TENANTS_DIR", files.to_str().unwrap())]).await;
    let viewer = plain.person("viewer@alpha.example").await;
    assert_eq!(plain.get(&viewer, "/dash/ltv/").await.status(), 404);
    let page = plain.text(&viewer, BOARD).await;
    assert!(page.contains("switched off") && !page.contains("<iframe"), "{page}");
    plain.close().await;
    stage.close().await;
}

#[tokio::test]
async fn on_an_origin_of_their_own_apps_are_let_in_by_a_ticket_that_is_good_once() {
    let variables = [("LOGGIA_APPS__ORIGIN", "http://apps.loggia.localhost"), ("LOGGIA_PUBLIC_URL", "http://loggia.localhost")];
    let (new, world) = (Upstream::start("new").await, World::with(&variables).await);
    let write = |path: &str, text: String| {
        let file = world.tenants_file(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("_shared/apps/ltv.yaml", format!("app:\n  title: LTV\n  upstream: {{ url: \"{}\" }}\n", new.url));
    for slug in ["alpha-works", "beta-works"] {
        write(&format!("{slug}/dashboards/ltv.yaml"), "dashboard: { name: LTV, app: ltv }\n".to_owned());
    }
    let viewer = world.person("viewer@alpha.example").await;
    eventually("the dashboard is there", async || world.get(&viewer, BOARD).await.status() == 200).await;
    let page = world.get(&viewer, BOARD).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("frame-src http://apps.loggia.localhost"), "{policy}");
    let page = page.text().await.unwrap();
    let src = page
        .split("src=\"http://apps.loggia.localhost")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&")
        .replace("&#38;", "&");
    let at = async |path: &str, cookie: &str, more: &[(&str, &str)]| {
        let mut request = world.ask(&Person::nobody(), Method::GET, path).header("host", "apps.loggia.localhost");
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    };
    let document = [("sec-fetch-dest", "iframe"), ("sec-fetch-mode", "navigate")];
    // our own session is nothing there, and nothing of ours is there
    assert_eq!(at("/dash/ltv/", viewer.cookie(), &document).await.status(), 401);
    for path in ["/", BOARD, "/api/me", "/login", "/admin"] {
        assert_eq!(at(path, viewer.cookie(), &document).await.status(), 404, "{path}");
    }
    // the app is not on our own origin
    let host = [("host", "loggia.localhost")];
    let _ = host;
    let ours = world.ask(&viewer, Method::GET, "/dash/ltv/echo").header("host", "loggia.localhost").send().await.unwrap();
    assert_eq!(ours.status(), 404);
    // the ticket, once
    let entered = at(&src, "", &document).await;
    assert_eq!(entered.status(), 303);
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let on = entered.headers()["location"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("loggia-apps=") && !on.contains("loggia_ticket"), "{cookie} {on}");
    assert_eq!(at(&src, "", &document).await.status(), 401, "whoever comes second gets nothing");
    let index = at(&on, &cookie, &document).await;
    let policy = index.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("frame-ancestors http://loggia.localhost;")
            && policy.contains("script-src http://apps.loggia.localhost/dash/ltv/ "),
        "{policy}"
    );
    assert!(index.text().await.unwrap().contains("new for alpha-works"));
    let referer = format!("http://apps.loggia.localhost{on}");
    let told: serde_json::Value = at("/dash/ltv/echo", &cookie, &[("referer", &referer)]).await.json().await.unwrap();
    assert_eq!(told["tenant"], "alpha-works");
    assert!(new.take().iter().all(|seen| seen.header("cookie").is_none()), "the app sees neither cookie");
    // the cookie of the apps opens nothing of ours
    assert_eq!(world.get(&Person::with_cookie(&cookie), BOARD).await.status(), 303);
    assert_eq!(world.get(&Person::with_cookie(&cookie.replace("loggia-apps", "loggia")), BOARD).await.status(), 303);
    // opened alone on ours, it leads to its own
    let alone = world.ask(&viewer, Method::GET, "/dash/ltv/").header("sec-fetch-dest", "document").send().await.unwrap();
    assert!(alone.headers()["location"].to_str().unwrap().starts_with("http://apps.loggia.localhost/dash/ltv/?loggia_frame="));
    // signing out there ends it here at once
    world.ask(&viewer, Method::POST, "/logout").send().await.unwrap();
    assert_eq!(at("/dash/ltv/echo", &cookie, &[("referer", &referer)]).await.status(), 401);
    world.close().await;
}

async fn socket(stage: &Stage, person: &Person, frame: &str, origin: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(stage.world.server.public).await.unwrap();
    let request = format!(
        "GET /dash/ltv/socket HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nreferer: {}\r\norigin: {origin}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: abc\r\nsec-websocket-version: 13\r\n\r\n",
        stage.world.server.public,
        person.cookie(),
        stage.world.url(frame)
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            break;
        }
        head.push(byte[0]);
    }
    (stream, String::from_utf8_lossy(&head).to_ascii_lowercase())
}

#[tokio::test]
async fn a_web_socket_opens_where_the_app_allows_it_and_ends_with_its_session() {
    let closed = Stage::open().await;
    let viewer = closed.world.person("viewer@alpha.example").await;
    let frame = closed.frame(&viewer, BOARD).await;
    let origin = closed.world.url("");
    let (_, head) = socket(&closed, &viewer, &frame, &origin).await;
    assert!(head.starts_with("http/1.1 403"), "refused unless the app's file allows it: {head}");
    closed.close().await;

    // a socket is no request whose head takes too long
    let variables = [("LOGGIA_APPS__TRUSTED", "true"), ("LOGGIA_LIMITS__HEAD_SECONDS", "1")];
    let stage = Stage::with(&variables, Kind::Sqlite, "  allow_websocket: true\n").await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    let (_, head) = socket(&stage, &viewer, &frame, "http://evil.example").await;
    assert!(head.starts_with("http/1.1 403"), "another site's page opens none: {head}");
    stage.new.take();
    let origin = stage.world.url("");
    let (mut stream, head) = socket(&stage, &viewer, &frame, &origin).await;
    assert!(head.starts_with("http/1.1 101") && head.contains("sec-websocket-accept: abc-accepted"), "{head}");
    assert_eq!(stage.only().tenant().as_deref(), Some("alpha-works"));
    for _ in 0..3 {
        stream.write_all(b"\x00\x01 PRI * frames").await.unwrap();
        let mut echo = [0; 15];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(&echo[..], &b"\x00\x01 PRI * frames"[..15]);
        let _ = tokio::time::timeout(Duration::from_millis(1200), stream.read(&mut [0; 16])).await;
    }
    stage.world.ask(&viewer, Method::POST, "/logout").send().await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 16])).await.expect("it ends");
    assert!(matches!(end, Ok(0) | Err(_)), "nothing more comes");
    stage.close().await;
}

#[tokio::test]
async fn an_app_that_is_gone_leaves_no_connection_behind_and_comes_back_by_itself() {
    let stage = Stage::open().await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    stage.new.answer_everything_with(503);
    assert_eq!(stage.document(&viewer, &frame).await.status(), 502);
    stage.new.answer_everything_with(0);
    let waiting: Vec<_> = (0..40).map(|_| stage.get(&viewer, &frame, "/dash/ltv/echo")).collect();
    let answers = futures_util::future::join_all(waiting).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    // who leaves in the middle takes the connection along; those that are kept are given up when nobody needs them
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut events = stage.get(&viewer, &frame, "/dash/ltv/events").await;
        assert!(events.chunk().await.unwrap().is_some());
        streams.push(events);
    }
    assert!(stage.new.connections() >= 20);
    drop(streams);
    eventually("no connection is left", async || stage.new.connections() == 0).await;
    stage.close().await;
}

#[tokio::test]
async fn faults_of_an_apps_file_name_their_place() {
    let stage = Stage::open().await;
    stage.write("_shared/apps/bad.yaml", "app:\n  title: Bad\n  upstream: { url: \"http://user:pw@127.0.0.1:1/\" }\n");
    stage.write("alpha-works/dashboards/worse.yaml", "dashboard: { name: Worse, app: lvt }\n");
    stage.write("alpha-works/dashboards/both.yaml", "dashboard: { name: Both, app: ltv, panels: [] }\n");
    stage.write("alpha-works/dashboards/none.yaml", "dashboard: { name: None }\n");
    let findings = loggia::config::check::check(&stage.world.tenants_file(""));
    let told: Vec<String> = findings.faults.iter().map(ToString::to_string).collect();
    for expected in [
        "_shared/apps/bad.yaml:3:20: a name or password stands in this address",
        "alpha-works/dashboards/worse.yaml:1:32: there is no app “lvt” in _shared/apps; did you mean “ltv”?",
        "alpha-works/dashboards/both.yaml:1:26: either `panels` or `app`, not both",
        "alpha-works/dashboards/none.yaml:1:12: missing key “panels” (or `app`, the app that is its body)",
    ] {
        assert!(told.iter().any(|fault| fault.starts_with(expected)), "{expected}: {told:#?}");
    }
    stage.close().await;
}
