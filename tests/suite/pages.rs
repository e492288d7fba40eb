//! What pages promise: their links, their caching, their states, and what they leave in the log and in the metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Client, Method, Response};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::world::process::{Process, create_user};
use crate::world::{Kind, MARKS, PASSWORD, Person, Setting, World, eventually, session_cookie, state};

const ALPHA: &str = "/tenant/alpha-works/dashboard/default";

async fn fragment(world: &World, person: &Person, path: &str, tag: Option<&str>) -> Response {
    let request = world.ask(person, Method::GET, path).header("hx-request", "true");
    let request = match tag {
        Some(tag) => request.header("if-none-match", tag),
        None => request,
    };
    request.send().await.expect("an answer")
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("no {name}")).to_str().expect("text")
}

async fn alpha_data(world: &World) -> SqliteConnection {
    let file = world.home.path().join("data/alpha-works.db");
    SqliteConnectOptions::new().filename(file).connect().await.expect("alpha's database")
}

#[tokio::test]
async fn a_fragment_that_would_be_the_same_is_not_sent_again() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let path = format!("{ALPHA}/panel/rows");
    let first = fragment(&world, &viewer, &path, None).await;
    assert_eq!(header(&first, "cache-control"), "private, no-cache");
    assert!(header(&first, "vary").contains("hx-request") && header(&first, "vary").contains("cookie"));
    let tag = header(&first, "etag").to_owned();
    let text = first.text().await.expect("text");
    let condition = format!("{{&quot;If-None-Match&quot;:&quot;\\&quot;{}\\&quot;&quot;}}", tag.trim_matches('"'));
    assert!(text.replace("&#34;", "&quot;").contains(&condition), "the fragment sends its tag back by itself: {text}");
    for path in [path.clone(), format!("{path}?fresh=1")] {
        let again = fragment(&world, &viewer, &path, Some(&tag)).await;
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!((header(&again, "etag"), header(&again, "x-loggia-state")), (tag.as_str(), "ready"));
        assert_eq!(header(&again, "cache-control"), "private, no-cache");
        assert_eq!(again.text().await.expect("text"), "");
    }
    // Another view, and newer rows, are something else.
    assert_eq!(fragment(&world, &viewer, &format!("{path}?rows.page=2"), Some(&tag)).await.status(), 200);
    let mut db = alpha_data(&world).await;
    sqlx::raw_sql("INSERT INTO error_logs VALUES ('2030-01-01 00:00:00', 'MARKALPHA-newest', 1)")
        .execute(&mut db)
        .await
        .expect("a row");
    let newer = fragment(&world, &viewer, &format!("{path}?fresh=1"), Some(&tag)).await;
    assert_eq!(newer.status(), 200);
    assert!(newer.text().await.expect("text").contains("MARKALPHA-newest"));
    // Whole pages are kept nowhere.
    for path in [ALPHA, path.as_str(), "/?all=1"] {
        assert_eq!(header(&world.get(&viewer, path).await, "cache-control"), "no-store", "{path}");
    }
    world.close().await;
}

#[tokio::test]
async fn a_panel_is_found_only_on_its_own_dashboard() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let second = "/tenant/alpha-works/dashboard/second";
    for (path, right) in [
        (format!("{second}/panel/rows"), 200),
        (format!("{second}/panel/cpu"), 404),
        (format!("{ALPHA}/panel/none"), 404),
        (format!("{ALPHA}/panel/ROWS"), 404),
        ("/tenant/alpha-works/dashboard/third/panel/rows".to_owned(), 404),
        ("/tenant/beta-works/dashboard/second/panel/rows".to_owned(), 403),
    ] {
        for asked in ["hx-request", "x-other"] {
            let response = world.ask(&viewer, Method::GET, &path).header(asked, "true").send().await.expect("an answer");
            assert_eq!(response.status(), right, "{path}");
        }
    }
    world.close().await;
}

/// Every address of a page's links and of what its panels ask for.
fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in ["href=\"", "hx-get=\"", "hx-push-url=\"", "hx-replace-url=\""] {
        found.extend(
            page.split(attribute)
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .map(|link| link.replace("&#38;", "&").replace("&amp;", "&")),
        );
    }
    found
}

fn query(link: &str) -> BTreeMap<String, String> {
    let query = link.split('#').next().and_then(|link| link.split_once('?')).map(|(_, query)| query).unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn every_link_of_a_page_keeps_the_whole_view() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let view = "from=now-6h&to=now&tz=Asia%2FTokyo&refresh=30s&theme=dark&rows.sort=amount&rows.dir=desc&rows.page=2&rows.q=service&rows.f.service=MARK";
    let all = query(&format!("?{view}"));
    let page = world.text(&viewer, &format!("{ALPHA}?{view}&nonsense=1&fresh=1&other.sort=x")).await;
    let mut counted = 0;
    for link in links(&page).iter().filter(|link| link.starts_with(ALPHA)) {
        let kept = query(link);
        let changed: Vec<&String> = all.iter().filter(|(k, v)| kept.get(*k) != Some(v)).map(|(k, _)| k).collect();
        // A link changes one thing: the range, the theme, the order, the page, or what is searched for.
        let one = |allowed: &[&str]| changed.iter().all(|key| allowed.contains(&key.as_str()));
        let about = format!("{link} changes {changed:?}");
        assert!(
            one(&["from", "to"])
                || one(&["theme"])
                || one(&["rows.sort", "rows.dir", "rows.page"])
                || one(&["rows.q", "rows.page", "rows.f.service"]),
            "{about}"
        );
        assert!(!kept.contains_key("nonsense") && !kept.contains_key("other.sort"), "{about} and carries nonsense on");
        counted += 1;
    }
    assert!(counted > 30, "only {counted} links");
    for (name, value) in all.iter().filter(|(name, _)| *name != "from" && *name != "to") {
        assert!(
            page.contains(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")),
            "the range's form loses {name}"
        );
    }
    // Another dashboard of the tenant is looked at in the same range and zone.
    let second = links(&page).into_iter().find(|link| link.starts_with("/tenant/alpha-works/dashboard/second")).expect("a link");
    for key in ["from", "to", "tz", "refresh", "theme"] {
        assert_eq!(query(&second).get(key), all.get(key), "{second}");
    }
    for (path, leads) in [("/tenant/alpha-works", ALPHA), ("/dashboard/default", ALPHA)] {
        let response = world.get(&viewer, &format!("{path}?from=now-6h&to=now")).await;
        assert_eq!(header(&response, "location"), format!("{leads}?from=now-6h&to=now"));
    }
    world.close().await;
}

fn only_in_alpha(home: &Path) {
    let board = "dashboard:\n  name: Only here\n  panels:\n    - { id: rows, config_file: panels/rows.yaml }\n";
    std::fs::write(home.join("tenants/alpha-works/dashboards/only.yaml"), board).expect("written");
}

#[tokio::test]
async fn another_tenant_is_looked_at_on_the_same_dashboard_where_it_has_it() {
    let world = World::raise(Setting { files: Some(only_in_alpha), ..Setting::default() }).await;
    let operator = world.person("operator@example.com").await;
    for (dashboard, leads) in [
        ("default", "/tenant/beta-works/dashboard/default"),
        ("second", "/tenant/beta-works/dashboard/second"),
        ("only", "/tenant/beta-works"),
    ] {
        let page = world
            .text(&operator, &format!("/tenant/alpha-works/dashboard/{dashboard}?from=now-3h&to=now-1h&tz=UTC&rows.page=2"))
            .await;
        let link =
            links(&page).into_iter().find(|link| link.starts_with("/tenant/beta-works")).expect("a link to the other tenant");
        assert_eq!(link.split('?').next(), Some(leads));
        let kept = query(&link);
        assert_eq!((kept["from"].as_str(), kept["to"].as_str(), kept["tz"].as_str()), ("now-3h", "now-1h", "UTC"));
        assert!(!kept.contains_key("rows.page"), "what is one tenant's own stays behind");
    }
    let viewer = world.person("viewer@alpha.example").await;
    let page = world.text(&viewer, ALPHA).await;
    assert!(!page.contains("beta-works") && !page.contains("MARKBETA"), "others do not learn that there is one");
    world.close().await;
}

#[tokio::test]
async fn home_is_where_one_was_last_or_all_there_is() {
    let world = World::open().await;
    let (viewer, operator, stranger) = (
        world.person("viewer@alpha.example").await,
        world.person("operator@example.com").await,
        world.person("stranger@example.com").await,
    );
    assert_eq!(header(&world.get(&viewer, "/").await, "location"), "/tenant/alpha-works", "there is only one");
    let text = world.text(&operator, "/").await;
    assert!(MARKS.iter().all(|(slug, mark)| text.contains(&format!("/tenant/{slug}")) && text.contains(mark)), "{text}");
    assert!(!world.text(&stranger, "/").await.contains("/tenant/"), "nothing is mine");
    let seen = world.get(&operator, "/tenant/beta-works/dashboard/second?from=now-1h&to=now").await;
    let last =
        seen.headers().get_all("set-cookie").iter().filter_map(|v| v.to_str().ok()).find(|line| line.starts_with("loggia_last="));
    let last = last.and_then(|line| line.split(';').next()).expect("a cookie").to_owned();
    let with = |person: &Person, last: &str| Person::with_cookie(&format!("{}; {last}", person.cookie()));
    let back = world.get(&with(&operator, &last), "/").await;
    assert_eq!(header(&back, "location"), "/tenant/beta-works/dashboard/second");
    assert_eq!(world.get(&with(&operator, &last), "/?all=1").await.status(), 200, "and the list is one click away");
    for bad in [
        last.as_str(),
        "loggia_last=//evil.example",
        "loggia_last=/tenant/no-such/dashboard/x",
        "loggia_last=/tenant/alpha-works\\..\\x",
    ] {
        let response = world.get(&with(&stranger, bad), "/").await;
        assert_eq!(response.status(), 200, "{bad}");
        let response = world.get(&with(&operator, bad), "/").await;
        assert!(bad == last || response.status() == 200, "{bad}");
    }
    world.close().await;
}

#[tokio::test]
async fn a_wall_screen_and_a_theme_are_part_of_the_address() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let plain = world.text(&viewer, ALPHA).await;
    assert!(plain.contains("<header class=\"bar\">") && plain.contains("aria-label=\"Time range\""));
    let kiosk = world.text(&viewer, &format!("{ALPHA}?kiosk=1")).await;
    assert!(!kiosk.contains("<header class=\"bar\">") && !kiosk.contains("aria-label=\"Time range\""), "{kiosk}");
    for panel in ["cpu", "number", "health", "rows"] {
        assert_eq!(state(&kiosk, panel), "ready");
    }
    assert!(world.text(&viewer, &format!("{ALPHA}?kiosk=0")).await.contains("<header class=\"bar\">"));
    let remembered = Person::with_cookie(&format!("{}; loggia_theme=dark", viewer.cookie()));
    for (person, query, theme) in [
        (&viewer, "?theme=dark", Some("dark")),
        (&viewer, "?theme=light", Some("light")),
        (&viewer, "", None),
        (&viewer, "?theme=neon", None),
        (&remembered, "", Some("dark")),
        (&remembered, "?theme=light", Some("light")),
    ] {
        for path in [ALPHA, "/logout"] {
            let page = world.text(person, &format!("{path}{query}")).await;
            let html = page.split('>').find(|tag| tag.contains("<html")).expect("a document").to_owned();
            let found = html.split("data-theme=\"").nth(1).and_then(|rest| rest.split('"').next());
            assert_eq!(found, theme, "{path}{query}: {html}");
        }
    }
    world.close().await;
}

#[tokio::test]
async fn a_saved_file_is_live_at_once_and_a_broken_one_is_told_to_its_authors_alone() {
    let world = World::open().await;
    let people = [("viewer@alpha.example", false), ("admin@alpha.example", true), ("operator@example.com", true)];
    let mut sessions = Vec::new();
    for (email, author) in people {
        sessions.push((world.person(email).await, author));
    }
    let viewer = &sessions[0].0;
    let file = world.tenants_file("alpha-works/dashboards/default.yaml");
    let before = std::fs::read_to_string(&file).expect("the file");
    std::fs::write(&file, before.replace("MARKALPHA board", "MARKALPHA renamed")).expect("saved");
    let saved = Instant::now();
    eventually("the new name", async || world.text(viewer, ALPHA).await.contains("MARKALPHA renamed")).await;
    assert!(saved.elapsed() < Duration::from_secs(3), "it took {:?}", saved.elapsed());
    // A key that nobody knows, on line 3.
    std::fs::write(&file, before.replace("  panels:", "  panles: 1\n  panels:").replace("MARKALPHA board", "MARKALPHA broken"))
        .expect("saved");
    eventually("the fault", async || world.text(&sessions[1].0, ALPHA).await.contains("default.yaml:3:3")).await;
    for (person, author) in &sessions {
        let page = world.text(person, ALPHA).await;
        assert!(page.contains("MARKALPHA renamed") && !page.contains("MARKALPHA broken"), "the last good one stays");
        assert_eq!(state(&page, "cpu"), "ready");
        assert_eq!(page.contains("panles"), *author, "the fault is for authors: {page}");
        assert_eq!(page.contains("default.yaml:3:3"), *author);
    }
    let beta = world.person("viewer@beta.example").await;
    assert!(!world.text(&beta, "/tenant/beta-works/dashboard/default").await.contains("panles"), "never the other tenant's");
    std::fs::write(&file, &before).expect("saved");
    eventually("it is whole again", async || !world.text(&sessions[1].0, ALPHA).await.contains("panles")).await;
    world.close().await;
}

#[tokio::test]
async fn the_four_states_look_different_and_none_is_a_zero() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let mut db = alpha_data(&world).await;
    let mut seen = BTreeMap::new();
    let past = "from=2020-01-01&to=2020-01-02";
    for (word, sql, query) in [
        ("ready", "SELECT 1", "from=now-6h&to=now"),
        ("empty", "SELECT 1", past),
        ("stale", "ALTER TABLE metrics RENAME TO gone", "from=now-6h&to=now&fresh=1"),
        ("failed", "SELECT 1", "from=2021-01-01&to=2021-01-02"),
    ] {
        sqlx::raw_sql(sql).execute(&mut db).await.expect("done");
        let response = fragment(&world, &viewer, &format!("{ALPHA}/panel/cpu?{query}"), None).await;
        assert_eq!((response.status().as_u16(), header(&response, "x-loggia-state")), (200, word));
        let text = response.text().await.expect("text");
        assert_eq!(state(&text, "cpu"), word);
        assert!(text.contains(&format!("is-{word}")), "{text}");
        seen.insert(word, text);
    }
    assert!(seen["ready"].contains("<svg") && !seen["ready"].contains("stale"));
    assert!(seen["empty"].contains("between") && !seen["empty"].contains(">0<"), "{}", seen["empty"]);
    assert!(seen["stale"].contains("stale since ") && seen["stale"].contains("MARKALPHA-server"), "{}", seen["stale"]);
    assert!(
        seen["failed"].contains("refused the query")
            && seen["failed"].contains("Try now")
            && seen["failed"].contains("Reference")
    );
    world.close().await;
}

#[tokio::test]
async fn a_page_over_postgresql_shows_what_the_same_page_over_sqlite_shows() {
    let (sqlite, postgres) = (World::open().await, World::raise(Setting { beta: Kind::Postgres, ..Setting::default() }).await);
    for view in [
        "from=now-90m&to=now",
        "from=now-3d&to=now",
        "from=now-100y&to=now",
        "rows.sort=amount&rows.dir=asc&rows.page=2",
        "cpu.view=table&rows.q=service-0",
    ] {
        let mut pages = Vec::new();
        for world in [&sqlite, &postgres] {
            let viewer = world.person("viewer@beta.example").await;
            let page = world.text(&viewer, &format!("/tenant/beta-works/dashboard/default?{view}")).await;
            let states: Vec<String> = ["cpu", "number", "health", "rows"].iter().map(|panel| state(&page, panel)).collect();
            let services: Vec<String> =
                page.split("MARKBETA-service-").skip(1).map(|rest| rest.chars().take(3).collect()).collect();
            pages.push((states, services, page.matches("<th").count(), page.contains("No value")));
        }
        assert_eq!(pages[0], pages[1], "{view}");
    }
    sqlite.close().await;
    postgres.close().await;
}

#[tokio::test]
async fn strangers_cannot_make_the_metrics_grow() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let labels = async || {
        let text = world.internal("/metrics").await.text().await.expect("text");
        let lines: BTreeSet<String> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(labels, _)| labels.to_owned())
            .collect();
        lines
    };
    let walk = async |n: usize| {
        for path in [
            format!("/random-{n}"),
            format!("/tenant/random-{n}"),
            format!("{ALPHA}-{n}"),
            format!("{ALPHA}/panel/x{n}"),
            format!("/api/x{n}"),
            format!("/assets/{n}/x{n}"),
            format!("{ALPHA}?x{n}={n}"),
            format!("/dashboard/x{n}"),
        ] {
            for person in [&Person::nobody(), &viewer] {
                world.get(person, &path).await;
                world.ask(person, format!("VERB{n}").parse().expect("a verb"), &path).send().await.expect("an answer");
            }
        }
    };
    for _ in 0..2 {
        walk(0).await;
        labels().await;
    }
    let known = labels().await;
    for n in 1..12 {
        walk(n).await;
    }
    let grown: Vec<String> = labels().await.difference(&known).cloned().collect();
    assert!(grown.is_empty(), "{grown:?}");
    assert!(
        known.iter().any(|line| line.contains("route=\"/tenant/:tenant\""))
            && known.iter().any(|line| line.contains("route=\"none\""))
    );
    assert!(known.iter().all(|line| !line.contains("random") && !line.contains("example")), "{known:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_line_is_json_and_holds_no_secret() {
    let world = World::open().await;
    let home = world.home.path().to_owned();
    world.server.stop().await;
    create_user(&home, "ann@example.com", PASSWORD, "alpha-works:viewer");
    let process = Process::start(&home, "log");
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let url = |path: &str| format!("{}{path}", process.address);
    let mut cookie = String::new();
    for (email, password) in
        [("ann@example.com", "hush-wrong"), ("secret.person@example.com", "hush-hush"), ("ann@example.com", PASSWORD)]
    {
        let response =
            client.post(url("/login")).form(&[("email", email), ("password", password)]).send().await.expect("an answer");
        cookie = session_cookie(&response).unwrap_or_default();
    }
    let mut ids = BTreeMap::new();
    for path in [
        format!("{ALPHA}?from=now-1h&to=now&hushquery=1&rows.q=hushsearch"),
        "/tenant/hush-tenant".to_owned(),
        "/hush-path?hushquery=2".to_owned(),
    ] {
        let response =
            client.get(url(&path)).header("cookie", &cookie).header("authorization-not", "hush").send().await.expect("an answer");
        ids.insert(header(&response, "x-correlation-id").to_owned(), response.status().as_u16());
    }
    client.get(url("/")).header("authorization", "Bearer hush.hush.hush").send().await.expect("an answer");
    let log = || std::fs::read_to_string(&process.log).expect("the log");
    eventually("the lines", async || ids.keys().all(|id| log().contains(id.as_str()))).await;
    let token = cookie.split_once('=').map(|(_, token)| token.to_owned()).expect("a token");
    let mut answered = 0;
    for line in log().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}"));
        for name in ["ts", "level", "service"] {
            assert!(line[name].is_string(), "no {name}: {line}");
        }
        let text = line.to_string();
        assert!(!text.contains("hush") && !text.contains(PASSWORD) && !text.contains(&token), "{text}");
        assert!(!text.contains("secret.person"), "an address that is nobody's: {text}");
        assert!(!line["msg"].as_str().unwrap_or_default().contains('@'), "{text}");
        if line["msg"] == "answered" {
            answered += 1;
            for name in ["route", "status", "latency_ms", "sub", "email", "tenant_id", "correlation_id"] {
                assert!(!line[name].is_null(), "no {name}: {line}");
            }
            if let Some(status) = ids.get(line["correlation_id"].as_str().unwrap_or_default()) {
                assert_eq!(line["status"], *status);
                // Nobody asks who it is where there is nothing to see.
                assert_eq!(line["email"], if *status == 404 { "" } else { "ann@example.com" });
            }
        }
    }
    assert!(answered >= 6, "{answered} lines");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_refused_is_answered_alike_and_logged_with_the_reason() {
    // An hour ago somebody was given a token; it is good no longer.
    let clock = loggia::domain::Clock::held(loggia::domain::Clock::system().now() - chrono::TimeDelta::hours(1));
    // The same address both times: it names the issuer of our tokens.
    let listen = format!("127.0.0.1:{}", crate::world::idp::free_port());
    let variables = [("LOGGIA_LISTEN", listen.as_str())];
    let world = World::raise(Setting { variables: &variables, clock: Some(clock), ..Setting::default() }).await;
    let viewer = world.person("viewer@alpha.example").await;
    let expired = crate::api::token(&world, &viewer, "alpha-works").await;
    let draft = loggia::identity::machines::Draft {
        name: "Pipeline".to_owned(),
        scopes: "admin".parse().expect("scopes"),
        certificate: None,
    };
    let console = loggia::identity::console(loggia::domain::CorrelationId::new());
    let made = loggia::identity::machines::create(&world.server.parts.central, &console, draft).await;
    let (machine, secret) = made.expect("a machine client");
    let home = world.home.path().to_owned();
    world.server.stop().await;

    let inside = format!("127.0.0.1:{}", crate::world::idp::free_port());
    let process = Process::start_with(&home, "log", &[variables[0], ("LOGGIA_INTERNAL_LISTEN", &inside)]);
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let form = [("email", "viewer@alpha.example"), ("password", PASSWORD)];
    let response = client.post(format!("{}/login", process.address)).form(&form).send().await.expect("an answer");
    let cookie = session_cookie(&response).expect("a session");
    let wanted = serde_json::json!({"tenant_id": "alpha-works"});
    let given = client.post(format!("{}/api/token/exchange", process.address)).header("cookie", &cookie);
    let given = given.header("sec-fetch-site", "same-origin").json(&wanted).send().await.expect("an answer");
    let given: serde_json::Value = given.json().await.expect("JSON");
    let good = given["access_token"].as_str().expect("a token").to_owned();
    let form = [("grant_type", "client_credentials"), ("client_id", &machine.client_id), ("client_secret", secret.reveal())];
    let given = client.post(format!("http://{inside}/oauth/token")).form(&form).send().await.expect("an answer");
    let given: serde_json::Value = given.json().await.expect("JSON");
    let machines = given["access_token"].as_str().expect("a token").to_owned();

    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let (head, _) = signed.split_once('.').expect("three parts");
    let (_, body) = expired.rsplit_once('.').expect("three parts").0.split_once('.').expect("three parts");
    let refused = [
        ("expired", expired.clone(), "has expired"),
        ("for another audience", machines.clone(), "another audience"),
        ("with another body", format!("{head}.{body}.{signature}"), "the signature is not good"),
        ("unsigned", format!("{signed}."), "signature"),
        ("no token", "nonsense".to_owned(), "cannot be read"),
    ];
    let ask = async |token: &str| {
        let request = client.get(format!("{}/api/v1/tenants", process.address)).bearer_auth(token);
        request.send().await.expect("an answer")
    };
    assert_eq!(ask(&good).await.status(), 200, "so the others could have been taken");
    let (mut answers, mut asked) = (Vec::new(), Vec::new());
    for (what, token, reason) in &refused {
        let response = ask(token).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "www-authenticate")),
            (401, "Bearer realm=\"loggia\""),
            "{what}"
        );
        let id = header(&response, "x-correlation-id").to_owned();
        let mut head: Vec<String> = response.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        head.retain(|line| !line.starts_with("x-correlation-id") && !line.starts_with("date"));
        answers.push((head, response.text().await.expect("text").replace(&id, "ID")));
        asked.push((id, *what, *reason));
    }
    for (answer, (_, what, _)) in answers.iter().zip(&asked) {
        assert_eq!(answer, &answers[0], "{what}: why is not the caller's to know");
    }

    // A name that cannot stand in a query may be an attack.
    let send = async |path: &str, body: serde_json::Value| {
        client.post(format!("http://{inside}{path}")).bearer_auth(&machines).json(&body).send().await.expect("an answer")
    };
    assert_eq!(send("/admin/tenants", serde_json::json!({"slug": "gamma-works", "name": "Gamma"})).await.status(), 201);
    let hostile = "acme; DROP TABLE tenants";
    let body = serde_json::json!({"kind": "postgres", "host": "db", "database": "d", "uc_catalog": hostile});
    let response = send("/admin/tenants/gamma-works/datastores", body).await;
    assert_eq!(response.status(), 400);
    let attempt = header(&response, "x-correlation-id").to_owned();

    let lines = || -> Vec<serde_json::Value> {
        let log = std::fs::read_to_string(&process.log).expect("the log");
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let find = |id: &str, words: &str| {
        let is_it = |line: &serde_json::Value| line["msg"].as_str().is_some_and(|msg| msg.ends_with(words));
        lines().into_iter().find(|line| line["correlation_id"] == id && is_it(line))
    };
    for (id, what, reason) in &asked {
        // what stands after “bearer” is taken out of every line
        eventually(what, async || find(id, " was refused").is_some()).await;
        let line = find(id, " was refused").expect("a line");
        assert!(line["reason"].as_str().is_some_and(|told| told.contains(reason)), "{what}: {line}");
        assert!(line["level"] == "info" && line["ts"].is_string(), "{line}");
    }
    let words = "names that cannot stand in a query were refused";
    eventually("the attempt", async || find(&attempt, words).is_some()).await;
    let line = find(&attempt, words).expect("a line");
    assert_eq!(
        (&line["level"], &line["tenant"], &line["fields"]),
        (&"warn".into(), &"gamma-works".into(), &"uc_catalog".into()),
        "{line}"
    );
    assert!(line["sub"].as_str().is_some_and(|sub| sub.contains(&machine.client_id) || sub == "Pipeline"), "who tried: {line}");
    let log = std::fs::read_to_string(&process.log).expect("the log");
    for secret in [&good, &expired, &machines] {
        assert!(
            !log.contains(secret.as_str()) && !log.contains(secret.rsplit('.').next().expect("a signature")),
            "no token is in the log"
        );
    }
    assert!(!log.contains("DROP TABLE"), "nor what was sent");
}
