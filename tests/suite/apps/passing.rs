//! What passes to a hosted app and back: headers, bodies, paths, faults, web sockets.

use std::time::Duration;

use http::header::HeaderMap;
use reqwest::Method;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{BOARD, Stage, key, problem};
use crate::world::upstream::Seen;
use crate::world::{Kind, Person, eventually};

#[tokio::test]
async fn what_the_app_is_sent_says_who_asks_in_our_words_alone() {
    let stage = Stage::open().await;
    let viewer = stage.world.person("viewer@alpha.example").await;
    let frame = stage.frame(&viewer, BOARD).await;
    let request =
        stage.world.ask(&viewer, Method::GET, "/dash/ltv/a%20b/c%C3%A9?x=1%2B1&y").header("referer", stage.world.url(&frame));
    let request = request
        .header("authorization", "Bearer forged")
        .header("x-tenant-id", "beta")
        .header("x-tenant-storage-uploads", "/b/")
        .header("x-forwarded-host", "evil.example");
    let request = request
        .header("x_tenant_id", "beta")
        .header("connection", "x-secret")
        .header("x-secret", "1")
        .header("range", "bytes=0-1");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let seen = stage.only();
    assert_eq!(seen.target, "/a%20b/c%C3%A9?x=1%2B1&y", "the path as it was written, its prefix stripped");
    assert_eq!(seen.tenant().as_deref(), Some("alpha-works"));
    let alpha = stage.world.server.parts.tenancy.record("alpha-works").await.unwrap().tenant.id;
    let (processed, uploads) = (format!("/processed/{alpha}/"), format!("/uploads/{alpha}/"));
    assert_eq!(seen.header("x-tenant-storage-processed"), Some(processed.as_str()));
    assert_eq!(seen.header("x-tenant-storage-uploads"), Some(uploads.as_str()));
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
        assert_eq!(answer.headers()["connection"], "close", "what was not read is not taken for a request");
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
