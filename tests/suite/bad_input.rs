//! What nobody should send, sent: every answer is clean, and none of them tells anything of the inside.

use std::path::Path;

use loggia::web::routes::PUBLIC;
use reqwest::Method;

use crate::world::raw::Raw;
use crate::world::{Kind, Person, Setting, World};

/// Where alpha's dashboard is.
const BOARD: &str = "/tenant/alpha-works/dashboard/default";

/// Words of the inside: of the program, of its libraries, of the databases.
const INSIDE: &[&str] =
    &["panicked", "RUST_BACKTRACE", "src/", ".rs:", "sqlx", "sea_orm", "SELECT ", "FROM \"", "syntax error", "invalid digit"];

fn is_silent(text: &str, about: &str) {
    for word in INSIDE {
        assert!(!text.contains(word), "{about} shows “{word}”: {text}");
    }
}

fn is_clean(answer: &Raw, about: &str) {
    assert!((200..500).contains(&answer.status), "{about}: {answer:?}");
    is_silent(&answer.body, about);
}

/// What every error of ours carries, whoever asked for what.
fn is_dressed(answer: &Raw, about: &str) {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{about}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{about}");
    assert!(answer.header("content-security-policy").is_some_and(|csp| csp.contains("default-src 'none'")), "{about}");
    let id = answer.header("x-correlation-id").unwrap_or_else(|| panic!("{about} has no correlation id"));
    assert!(id.parse::<uuid::Uuid>().is_ok_and(|uuid| uuid.hyphenated().to_string() == id), "{about}: {id}");
}

#[tokio::test]
async fn a_view_that_makes_no_sense_is_the_usual_one_with_a_notice() {
    World::on_both(async |world| {
        let (viewer, slug) = (world.person("viewer@beta.example").await, "beta-works");
        let long = "x".repeat(2_000);
        let told = [
            "from=now&to=now-1h",
            "from=2026-04-10&to=2026-04-10",
            "from=yesterday&to=tomorrow",
            "from=&to=",
            "from=now-1h&to=",
            "from=now-101y&to=now",
            "from=-1000000000000000&to=1000000000000000000",
            "from=0001-01-01&to=9999-12-31",
            "from=now-9223372036854775807M&to=now",
            "from=now-1d-1d-1d-1d-1d-1d-1d-1d-1d-1d&to=now",
            "tz=Mars/Olympus",
            "tz=../../etc/passwd",
            "tz=",
            "refresh=0s",
            "refresh=-5s",
            "refresh=99999999999999999999h",
            "refresh=%E2%88%9E",
            "theme=%3Cscript%3E",
            "rows.sort=no_such_column",
            "rows.sort=at;DROP TABLE error_logs",
            "rows.sort=%22at%22",
            "rows.sort=at&rows.dir=sideways",
            "rows.page=-1",
            "rows.page=0",
            "rows.page=999999",
            "rows.page=18446744073709551615",
            "rows.page=1e9",
            "rows.f.no_such=1",
            "rows.f.__proto__=1",
            &format!("rows.q={}", &long[..999]),
        ];
        for query in told {
            for path in [
                format!("/tenant/{slug}/dashboard/default?{query}"),
                format!("/tenant/{slug}/dashboard/default/panel/rows?{query}"),
            ] {
                let text = world.text(&viewer, &path).await;
                is_silent(&text, &path);
                // A panel alone tells of its own parameters, and so does its dashboard of all of them.
                if query.starts_with("rows.") || !path.contains("/panel/") {
                    assert!(
                        text.contains("class=\"notice\"") || text.contains("class=\"told-here\""),
                        "{path} says nothing: {text}"
                    );
                }
                assert!(
                    text.contains("MARKBETA-service") || text.contains("none of") || text.contains("No row matches"),
                    "{path}: {text}"
                );
            }
        }
        let quiet = [
            "from=now-100y&to=now",
            "from=1900-01-02&to=1999-01-01",
            "from=2101-01-01&to=2200-12-30",
            "from=now-1s&to=now",
            "from=now-1h&to=now%2B50y",
            "rows.q=%25",
            "rows.q=_%25_%25_%25_%25_%25_%25_%25",
            "rows.q=%5C",
            "rows.q='%20OR%201=1%20--",
            "rows.q=%22%3B%3C%2Fscript%3E",
            "rows.q=%F0%9F%92%A9",
            "rows.f.service=%25%27%22%5C",
            "rows.f.amount='x'",
            "rows.f.at=%E2%80%AE",
            "rows.q=",
            "cpu.sort=x&cpu.=y&.cpu=z&cpu..=w",
            "nobody.sort=at",
            "from=now-1h&from=now-2h&to=now&to=now",
            "rows.page=2&rows.page=3",
            "=&=&&&==",
            "%F0%9F%92%A9=1",
            "rows[sort]=at&rows.sort[]=at",
        ];
        for query in quiet {
            for panel in ["cpu", "number", "health", "rows"] {
                let path = format!("/tenant/{slug}/dashboard/default/panel/{panel}?{query}");
                let response =
                    world.ask(&viewer, Method::GET, &path).header("hx-request", "true").send().await.expect("an answer");
                assert_eq!(response.status(), 200, "{path}");
                let state = response.headers()["x-loggia-state"].to_str().expect("text").to_owned();
                assert!(matches!(state.as_str(), "ready" | "empty"), "{path} is {state}");
                is_silent(&response.text().await.expect("text"), &path);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_typed_into_a_search_is_looked_for_as_it_is_typed() {
    World::on_both(async |world| {
        let viewer = world.person("viewer@beta.example").await;
        let rows = async |query: &str| {
            let text = world.text(&viewer, &format!("/tenant/beta-works/dashboard/default/panel/rows?{query}")).await;
            text.matches("MARKBETA-service-").count()
        };
        assert_eq!(rows("rows.q=service-07").await, 1, "a part of one");
        assert_eq!(rows("rows.q=SERVICE-07").await, 1, "whatever its case");
        assert_eq!(rows("rows.q=service_07").await, 0, "an underscore is an underscore");
        assert_eq!(rows("rows.q=%25").await, 0, "a per cent sign is one");
        assert_eq!(rows("rows.q=%5C").await, 0, "a backslash is one");
        assert_eq!(rows("rows.q='").await, 0, "a quote is one");
        assert_eq!(rows("rows.f.service=service-110").await, 1);
        assert_eq!(rows("rows.f.service=service-110&rows.q=service-010").await, 0);
        assert_eq!(rows("").await, 5, "a page");
    })
    .await;
}

#[tokio::test]
async fn addresses_that_no_page_has_are_refused() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let long = "x".repeat(100 * 1024);
    let many: String = (0..10_000).map(|n| format!("p{n}=1&")).collect();
    let refused: Vec<(Vec<u8>, &[u16])> = vec![
        (format!("{BOARD}?{}", &long[..20_000]).into_bytes(), &[413]),
        (format!("{BOARD}?{long}").into_bytes(), &[413, 414, 431, 400]),
        (format!("/{long}").into_bytes(), &[413, 414, 431, 400]),
        (format!("{BOARD}?{many}").into_bytes(), &[413, 414, 431, 400]),
        (format!("{BOARD}?{}", "a&".repeat(600)).into_bytes(), &[413]),
        (format!("{BOARD}?q=%ff%fe").into_bytes(), &[400]),
        (format!("{BOARD}?q=%00").into_bytes(), &[400]),
        (format!("{BOARD}/panel/%ff").into_bytes(), &[400]),
        (format!("{BOARD}?q=%C0%80").into_bytes(), &[400]),
        (b"/tenant/alpha-works/%00".to_vec(), &[400]),
        ([b"/tenant/alpha-works?q=".as_slice(), &[0xff, 0xfe]].concat(), &[400]),
        ("/tenant/älpha".as_bytes().to_vec(), &[400, 403]),
        (b"/../../../../etc/passwd".to_vec(), &[400, 404]),
        (b"/assets/../Cargo.toml".to_vec(), &[400, 404]),
        (b"/assets/none/..%2f..%2f..%2fCargo.toml".to_vec(), &[404]),
        (b"/assets/none/%2e%2e".to_vec(), &[404]),
        (b"/tenant/alpha-works/dashboard/..%2f..%2fbeta-works%2fdashboards%2fdefault".to_vec(), &[404]),
        (b"/tenant/alpha-works/dashboard/%2e%2e/panel/rows".to_vec(), &[404]),
        (b"/tenant/..%2fbeta-works".to_vec(), &[403]),
        (b"/tenant/alpha-works%2f..%2fbeta-works/dashboard/default".to_vec(), &[403]),
        (b"/tenant/ALPHA-WORKS/dashboard/default".to_vec(), &[403]),
        (b"/tenant/alpha-works%20/dashboard/default".to_vec(), &[403]),
        (b"//evil.example/".to_vec(), &[400, 404]),
        (b"/tenant//dashboard/default".to_vec(), &[403, 404]),
        (b"no-slash".to_vec(), &[400, 404]),
        (b"http://evil.example/tenant/beta-works".to_vec(), &[403]),
        (b"*".to_vec(), &[400, 404]),
    ];
    for (path, right) in refused {
        let about = String::from_utf8_lossy(&path[..path.len().min(90)]).into_owned();
        let mut request = b"GET ".to_vec();
        request.extend_from_slice(&path);
        request.extend_from_slice(
            format!(" HTTP/1.1\r\nHost: x\r\nCookie: {}\r\nConnection: close\r\n\r\n", viewer.cookie()).as_bytes(),
        );
        let answer = world.raw(&request).await;
        is_clean(&answer, &about);
        assert!(right.contains(&answer.status), "{about} answered {}", answer.status);
        // A head the server's own parser cannot read never reaches us; what does is dressed.
        if !answer.body.is_empty() {
            is_dressed(&answer, &about);
        }
        assert!(!answer.body.contains("MARKBETA") && !answer.body.contains("[package]"), "{about}");
    }
    world.close().await;
}

#[tokio::test]
async fn every_verb_on_every_route_has_a_clean_answer() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    for path in PUBLIC.iter().map(|line| line.path).chain(["/nothing", "/tenant/alpha-works/nothing"]) {
        let filled = path.replace(":tenant", "alpha-works").replace(":dashboard", "default").replace(":panel", "cpu");
        let filled = filled.replace(":print", "none").replace(":name", "loggia.css").replace("*rest", "v1/nothing-of-ours");
        let known: Vec<&str> = PUBLIC.iter().filter(|line| line.path == path).map(|line| line.method).collect();
        for verb in ["OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "X-INVENTED", "get", "GETT"] {
            for person in [&Person::nobody(), &viewer] {
                let about = format!("{verb} {filled}");
                let answer = world.raw(&world.head(person, verb, &filled)).await;
                is_clean(&answer, &about);
                if known.contains(&verb) || answer.status == 400 {
                    continue;
                }
                assert!(matches!(answer.status, 404 | 405), "{about}: {answer:?}");
                is_dressed(&answer, &about);
                assert!(!answer.body.contains("Sec-Fetch-Site") && !answer.body.contains(viewer.cookie()), "{about} echoes");
                if answer.status == 405 {
                    let allowed = answer.header("allow").unwrap_or_else(|| panic!("{about} does not say what is allowed"));
                    assert!(known.iter().all(|verb| allowed.contains(&verb.to_lowercase())), "{about}: {allowed}");
                }
            }
        }
    }
    world.close().await;
}

#[tokio::test]
async fn head_answers_like_get_without_the_body() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    for line in PUBLIC.iter().filter(|line| line.method == "GET") {
        let path = line.path.replace(":tenant", "alpha-works").replace(":dashboard", "default").replace(":panel", "cpu");
        let path = path.replace(":print", "none").replace(":name", "loggia.css").replace("*rest", "v1/tenants");
        for person in [&Person::nobody(), &viewer] {
            let get = world.raw(&world.head(person, "GET", &path)).await;
            let head = world.raw(&world.head(person, "HEAD", &path)).await;
            assert_eq!(head.body, "", "{path}");
            assert_eq!(head.status, get.status, "{path}");
            for name in ["content-type", "location", "cache-control", "content-security-policy", "x-loggia-state", "vary", "etag"]
            {
                assert_eq!(head.header(name), get.header(name), "{name} of {path}");
            }
        }
    }
    world.close().await;
}

#[tokio::test]
async fn forms_that_no_page_of_ours_sends_are_refused_and_the_server_lives_on() {
    World::on_both(async |world| {
        let form = "application/x-www-form-urlencoded";
        let post = |kind: &str, body: &[u8]| {
            let head = format!(
                "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            [head.as_bytes(), body].concat()
        };
        let many: String = (0..10_000).map(|n| format!("p{n}=1&")).collect();
        let bodies: Vec<(&str, Vec<u8>)> = vec![
            (form, b"email=%FF&password=%FE".to_vec()),
            (form, vec![0xff; 100]),
            (form, many.into_bytes()),
            (form, vec![b'x'; 1 << 20]),
            (form, [b"email=".to_vec(), vec![b'a'; 60_000]].concat()),
            (form, [b"password=".to_vec(), vec![b'a'; 60_000]].concat()),
            (form, b"email=a%00b@example.com&password=%00".to_vec()),
            (form, b"email=a@example.com&email=b@example.com&password=x&password=y".to_vec()),
            (form, b"email[]=a&password[x]=b".to_vec()),
            (form, "email=ann@example.com\u{202e}&password=\u{1F4A9}".as_bytes().to_vec()),
            (form, b"email=%0d%0aSet-Cookie:%20a=b&password=x&next=%0d%0aX:y".to_vec()),
            (form, Vec::new()),
            ("application/json", br#"{"email": "viewer@alpha.example", "password": {"$ne": null}}"#.to_vec()),
            ("text/xml", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>".to_vec()),
            ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nviewer@alpha.example\r\n--x--\r\n".to_vec()),
            ("", b"email=x".to_vec()),
        ];
        for (kind, body) in bodies {
            let about = format!("{kind}: {}", String::from_utf8_lossy(&body[..body.len().min(60)]));
            let answer = world.raw(&post(kind, &body)).await;
            is_clean(&answer, &about);
            assert!(matches!(answer.status, 400 | 413 | 415 | 422), "{about}: {answer:?}");
            is_dressed(&answer, &about);
            assert!(answer.header("set-cookie").is_none(), "{about}");
        }
        let endless = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunk = [b"2000\r\n".to_vec(), vec![b'a'; 0x2000], b"\r\n".to_vec()].concat();
        let answer = world.pour(endless, Some(&chunk)).await;
        // It is answered, or cut off in the middle of a sentence; it never goes on for ever.
        assert!(matches!(answer.status, 0 | 413), "{answer:?}");
        // What was noted of all this can be stored: one odd name must not hold up the audit of everybody.
        world.server.parts.audit.flush().await.expect("the audit takes it");
        world.person("viewer@alpha.example").await;
    })
    .await;
}

#[tokio::test]
async fn odd_headers_break_nothing() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let ask = |headers: &[u8]| {
        let path = format!("GET {BOARD}/panel/number HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        [path.as_bytes(), headers, b"\r\n"].concat()
    };
    let cookie = |line: &[u8]| [b"Cookie: ".as_slice(), line, b"\r\n"].concat();
    let own = viewer.cookie().as_bytes();
    // A cookie of another program on this host, in whatever letters, leaves ours alone.
    for other in [
        b"other=\xff\xfe; ".as_slice(),
        "name=Jürgen; ".as_bytes(),
        b"=; ;;; x; ",
        b"loggia_theme=\"<script>\"; loggia_last=//evil; ",
    ] {
        let answer = world.raw(&ask(&cookie(&[other, own].concat()))).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(other));
    }
    // A session nobody gave is nobody's.
    let forged = [
        b"loggia=".to_vec(),
        b"loggia=\xff\xff".to_vec(),
        [b"loggia=".as_slice(), &[b'A'; 8000]].concat(),
        b"loggia='; DROP TABLE sessions; --".to_vec(),
    ];
    for forged in forged {
        let answer = world.raw(&ask(&cookie(&forged))).await;
        is_clean(&answer, &String::from_utf8_lossy(&forged[..forged.len().min(40)]));
        assert!(matches!(answer.status, 303 | 400 | 431), "{answer:?}");
    }
    let flood: Vec<u8> = (0..500).flat_map(|n| format!("X-Flood-{n}: 1\r\n").into_bytes()).collect();
    let huge = [b"X-Huge: ".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
    for headers in [flood, huge] {
        let answer = world.raw(&ask(&headers)).await;
        assert!(matches!(answer.status, 0 | 400 | 431), "{answer:?}");
    }
    let harmless = [
        "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\n",
        "Accept: \u{1F4A9}\r\nAccept-Encoding: gzip;q=NaN, br;q=, *;q=0\r\nAccept-Language: x\r\n",
        "If-None-Match: *\r\nIf-Modified-Since: never\r\nRange: bytes=5-1,0-0\r\nHX-Target: \"><script>\r\nHX-Current-URL: javascript:1\r\n",
        "X-Forwarded-For: 1.2.3.4, nonsense, ::, 999.9.9.9\r\nForwarded: for=_secret\r\nX-Correlation-Id: mine\r\n",
        "Expect: 100-continue\r\nUpgrade: websocket\r\n",
    ];
    for headers in harmless {
        let answer = world.raw(&ask(&[headers.as_bytes(), &cookie(own)].concat())).await;
        is_clean(&answer, headers);
        assert!(!answer.body.contains("evil.example") && answer.header("x-correlation-id") != Some("mine"), "{headers}");
        assert!(answer.header("location").is_none_or(|to| !to.contains("evil")), "{headers}");
    }
    for garbage in [
        b"GET\r\n\r\n".as_slice(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    ] {
        let answer = world.raw(&[garbage, b"\r\n\r\n"].concat()).await;
        assert!(answer.status < 500, "{answer:?}");
    }
    assert_eq!(world.internal("/health").await.status(), 200);
    world.close().await;
}

/// Markup in every place that is not ours: data, files, accounts.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>{{7*7}}&lt;";

fn hostile(home: &Path) {
    let panel =
        |name: &str, text: String| std::fs::write(home.join("tenants/alpha-works/panels").join(name), text).expect("written");
    let yaml = HOSTILE.replace('\\', "\\\\").replace('"', "\\\"");
    panel(
        "cpu.yaml",
        format!(
            "panel:\n  type: timeseries\n  title: \"{yaml}\"\n  description: \"{yaml}\"\n  data_source:\n    table: hostile\n    columns: {{ timestamp: at, value: amount, series_label: word }}\n"
        ),
    );
    panel(
        "number.yaml",
        format!(
            "panel:\n  type: kpi\n  title: \"{yaml}\"\n  data_source:\n    table: hostile\n    columns: {{ value: amount }}\n    query: \"ORDER BY amount DESC LIMIT 1\"\n  display: {{ unit: \"{yaml}\" }}\n"
        ),
    );
    panel(
        "health.yaml",
        format!(
            "panel:\n  type: health_status\n  title: Services\n  data_source:\n    table: hostile\n    columns: {{ service_name: word, status_value: amount, timestamp: at, error_message: word }}\n  display:\n    status_mapping:\n      0: {{ color: \"#10B981\", label: \"{yaml}\" }}\n"
        ),
    );
    panel(
        "rows.yaml",
        format!(
            "panel:\n  type: table\n  title: \"{yaml}\"\n  range: ignore\n  data_source:\n    table: hostile\n    columns:\n      - {{ name: word, display: \"{yaml}\" }}\n      - {{ name: amount, display: Amount, unit: \"{yaml}\" }}\n"
        ),
    );
    let board = format!(
        "dashboard:\n  name: \"{yaml}\"\n  description: \"{yaml}\"\n  panels:\n    - {{ id: cpu, config_file: panels/cpu.yaml }}\n    - {{ id: number, config_file: panels/number.yaml }}\n    - {{ id: health, config_file: panels/health.yaml }}\n    - {{ id: rows, config_file: panels/rows.yaml }}\n"
    );
    std::fs::write(home.join("tenants/alpha-works/dashboards/default.yaml"), board).expect("written");
}

#[tokio::test]
async fn markup_in_data_and_files_and_addresses_stays_text() {
    let world = World::raise(Setting { files: Some(hostile), ..Setting::default() }).await;
    let viewer = world.person("viewer@alpha.example").await;
    let file = world.home.path().join("data/alpha-works.db");
    let mut db = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    db = db.create_if_missing(false);
    let mut db = sqlx::ConnectOptions::connect(&db).await.expect("a database");
    for sql in [
        "CREATE TABLE hostile (at TEXT, word TEXT, amount REAL)".to_owned(),
        format!(
            "INSERT INTO hostile SELECT datetime('now', '-' || value || ' minutes'), '{}' || value, value FROM json_each('[1,2,3,4,5,6,7]')",
            HOSTILE.replace('\'', "''")
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut db).await.expect("done");
    }
    let encoded: String = url::form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    for query in [
        "from=now-1h&to=now".to_owned(),
        format!("from={encoded}&tz={encoded}&refresh={encoded}&theme={encoded}&kiosk={encoded}"),
        format!("rows.q={encoded}&rows.sort={encoded}&rows.dir={encoded}&rows.page={encoded}&cpu.view={encoded}"),
        format!("rows.f.word={encoded}&rows.f.{encoded}=1&{encoded}={encoded}&rows.{encoded}=1"),
        "cpu.view=table&from=now-1h&to=now".to_owned(),
    ] {
        for path in [
            format!("{BOARD}?{query}"),
            format!("{BOARD}/panel/cpu?{query}"),
            format!("{BOARD}/panel/rows?{query}"),
            format!("{BOARD}/nothing?{query}"),
        ] {
            let text = world.get(&viewer, &path).await.text().await.expect("text");
            let lower = text.to_lowercase();
            assert!(!lower.contains("<img"), "{path}: {text}");
            assert!(!lower.contains("<script>"), "{path}: {text}");
            assert!(!lower.contains("\"'>"), "{path} leaves an attribute: {text}");
            assert!(!lower.contains("49&lt;"), "{path} runs a template");
        }
    }
    // The markup was there to be seen, as text; so this test could have failed.
    let text = world.text(&viewer, &format!("{BOARD}?from=now-1h&to=now")).await;
    assert!(text.matches("onerror=alert").count() > 20, "{text}");
    for path in [format!("/login?next={encoded}&email={encoded}"), format!("/?all=1&q={encoded}&page={encoded}")] {
        let person = if path.starts_with("/login") { Person::nobody() } else { viewer.clone() };
        let text = world.text(&person, &path).await;
        assert!(!text.contains("<img") && !text.contains("<script>") && text.contains("onerror"), "{path}: {text}");
    }
    world.close().await;
}

fn endless(home: &Path) {
    let panel =
        |name: &str, text: &str| std::fs::write(home.join("tenants/beta-works/panels").join(name), text).expect("written");
    panel(
        "cpu.yaml",
        "panel:\n  type: timeseries\n  title: CPU\n  data_source:\n    table: many\n    columns: { timestamp: at, value: amount, series_label: word }\n",
    );
    panel(
        "rows.yaml",
        "panel:\n  type: table\n  title: Errors\n  range: ignore\n  data_source:\n    table: long\n    columns: [ { name: word }, { name: other } ]\n  display: { pagination: 500 }\n",
    );
    panel(
        "health.yaml",
        "panel:\n  type: health_status\n  title: Services\n  data_source:\n    table: many\n    columns: { service_name: word, status_value: amount }\n  display:\n    status_mapping: { 0: { label: Healthy } }\n",
    );
}

#[tokio::test]
async fn more_rows_than_anybody_can_read_are_cut_and_said_to_be() {
    let world = World::raise(Setting { files: Some(endless), beta: Kind::Postgres, ..Setting::default() }).await;
    let beta = world.beta.as_ref().expect("beta's database");
    // 60,000 series of one point each within an hour, and rows of two cells of half a mebibyte.
    beta.execute(
        "CREATE VIEW many AS SELECT now() - n % 3000 * interval '1 second' AS at, 'series ' || n AS word, n AS amount FROM generate_series(1, 60000) n;
         CREATE VIEW long AS SELECT repeat('long ', 100000) AS word, repeat('words ', 80000) AS other FROM generate_series(1, 200) n;",
    )
    .await;
    let viewer = world.person("viewer@beta.example").await;
    for panel in ["cpu", "rows", "health", "cpu?cpu.view=table", "cpu?cpu.view=table&cpu.page=2"] {
        let path = format!("/tenant/beta-works/dashboard/default/panel/{panel}").replacen("?", "?from=now-1h&to=now&", 1);
        let path = if path.contains('?') { path } else { format!("{path}?from=now-1h&to=now") };
        let response = world.ask(&viewer, Method::GET, &path).header("hx-request", "true").send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{panel}");
        assert_eq!(response.headers()["x-loggia-state"], "ready", "{panel}");
        assert_eq!(response.headers()["x-loggia-truncated"], "true", "{panel}");
        let text = response.text().await.expect("text");
        assert!(text.contains("There are more rows than can be shown"), "{panel}");
        assert!(text.len() < 8 << 20, "{panel} is {} bytes", text.len());
    }
    world.close().await;
}

#[tokio::test]
async fn a_page_stays_small_however_long_its_address_is() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let plain = world.text(&viewer, BOARD).await.len();
    let query: String = (0..480).map(|n| format!("rows.f.x{n}=aaaaaaaaaaaaaaaaaaaa&")).collect();
    let long = world.text(&viewer, &format!("{BOARD}?{query}")).await.len();
    assert!(long < plain + (600 << 10), "{plain} bytes became {long}");
    world.close().await;
}
