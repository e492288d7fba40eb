//! Sessions and forms against somebody who plays with them.

use chrono::{DateTime, TimeDelta, Utc};
use loggia::central::tenants::Status;
use loggia::domain::{Clock, CorrelationId};
use loggia::identity::{accounts, console};
use loggia::tenancy::members;
use loggia::web::routes::PUBLIC;
use reqwest::{Method, RequestBuilder, Response};

use crate::world::{PASSWORD, Person, Setting, World, session_cookie};

const ALPHA: &str = "/tenant/alpha-works/dashboard/default";

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.expect("an answer").status().as_u16()
}

async fn opens(world: &World, person: &Person, path: &str) -> u16 {
    status(world.ask(person, Method::GET, path)).await
}

/// A stage whose clock is moved by hand, so that many can sign in without running into the limit of attempts.
async fn at_leisure() -> (World, Clock) {
    let clock = Clock::held(DateTime::<Utc>::from_timestamp(1_800_000_000, 0).expect("a time"));
    (World::raise(Setting { clock: Some(clock.clone()), ..Setting::default() }).await, clock)
}

/// A form sent without what a browser adds by itself.
fn bare(world: &World, path: &str, cookie: Option<&str>) -> RequestBuilder {
    let request =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client").post(world.url(path));
    match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    }
}

async fn sign_in(world: &World, email: &str, password: &str, next: &str) -> Response {
    let form = [("email", email), ("password", password), ("next", next)];
    bare(world, "/login", None).form(&form).send().await.expect("an answer")
}

#[tokio::test]
async fn a_form_with_a_cookie_is_taken_only_from_our_own_pages() {
    let (world, clock) = at_leisure().await;
    let host = world.server.public.to_string();
    let own = format!("http://{host}");
    // Header by header: what a browser would say, and whether the form is ours.
    let cases: Vec<(Vec<(&str, &str)>, bool)> = vec![
        (vec![("sec-fetch-site", "same-origin")], true),
        (vec![("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], true),
        (vec![("sec-fetch-site", "cross-site")], false),
        (vec![("sec-fetch-site", "cross-site"), ("origin", &own)], false),
        (vec![("sec-fetch-site", "same-site"), ("origin", &own)], false),
        (vec![("sec-fetch-site", "none")], false),
        (vec![("sec-fetch-site", "")], false),
        (vec![("origin", &own)], true),
        (vec![("origin", "https://evil.example")], false),
        (vec![("origin", "null")], false),
        (vec![("origin", "")], false),
        (vec![("origin", "http://127.0.0.1")], false),
        (vec![("referer", &own)], false),
        (vec![], false),
    ];
    let posts: Vec<&str> = PUBLIC.iter().filter(|line| line.method == "POST").map(|line| line.path).collect();
    assert!(posts.contains(&"/login") && posts.contains(&"/logout"), "{posts:?}");
    for path in posts {
        let path = path.replace("*rest", "v1/auth/logout").replace(":tenant", "alpha-works").replace(":dashboard", "default");
        for (headers, ours) in &cases {
            let person = world.person("viewer@alpha.example").await;
            let mut request = bare(&world, &path, Some(person.cookie()));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let response = request.send().await.expect("an answer");
            // some forms are for others than a viewer: refused they are as well, but for another reason
            let status = response.status();
            let refused = status == 403 && response.text().await.expect("text").contains("came from another site");
            assert_eq!(refused, !ours, "{path} with {headers:?} answered {status}");
            if refused {
                assert_eq!(opens(&world, &person, ALPHA).await, 200, "{path} with {headers:?} was carried out all the same");
            }
            clock.advance(TimeDelta::minutes(1));
        }
        assert_ne!(status(bare(&world, &path, None)).await, 403, "{path} without any cookie passes");
    }
    world.close().await;
}

#[tokio::test]
async fn with_a_public_address_its_origin_alone_counts() {
    let world = World::with(&[("LOGGIA_PUBLIC_URL", "https://dash.example:8443/")]).await;
    let person = world.person("viewer@alpha.example").await;
    let host = world.server.public.to_string();
    for (origin, ours) in [
        (format!("http://{host}"), false),
        (format!("https://{host}"), false),
        ("https://dash.example".to_owned(), false),
        ("http://dash.example:8443".to_owned(), false),
        ("https://dash.example:8443.evil.example".to_owned(), false),
        ("https://dash.example:8443".to_owned(), true),
    ] {
        let got = status(bare(&world, "/logout", Some(person.cookie())).header("origin", &origin)).await;
        assert_eq!(got == 303, ours, "{origin} answered {got}");
    }
    world.close().await;
}

#[tokio::test]
async fn the_cookie_is_bound_to_the_host_and_hidden_from_scripts() {
    for (public, name, secure) in [(None, "loggia", false), (Some("https://dash.example"), "__Host-loggia", true)] {
        let variables: Vec<(&str, &str)> = public.map(|url| ("LOGGIA_PUBLIC_URL", url)).into_iter().collect();
        let world = World::with(&variables).await;
        let response = sign_in(&world, "viewer@alpha.example", PASSWORD, "").await;
        let line = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|v| v.to_str().ok())
            .find(|line| line.starts_with(&format!("{name}=")));
        let line = line.expect("the session's cookie").to_owned();
        let attributes: Vec<String> = line.split(';').skip(1).map(|part| part.trim().to_lowercase()).collect();
        let has = |word: &str| attributes.iter().any(|part| part == word);
        assert!(has("httponly") && has("samesite=lax") && has("path=/"), "{line}");
        assert_eq!(has("secure"), secure, "{line}");
        assert!(!attributes.iter().any(|part| part.starts_with("domain")), "{line}");
        assert!(attributes.iter().any(|part| part == "max-age=604800"), "{line}");
        assert_eq!(response.headers().contains_key("strict-transport-security"), secure);
        assert_eq!(response.headers()["cache-control"], "no-store");
        // The other name is nobody's session.
        let token = line.split(['=', ';']).nth(1).expect("a token");
        let other = if secure { "loggia" } else { "__Host-loggia" };
        assert_eq!(opens(&world, &Person::with_cookie(&format!("{other}={token}")), ALPHA).await, 303);
        assert_eq!(opens(&world, &Person::with_cookie(&format!("{name}={token}")), ALPHA).await, 200);
        world.close().await;
    }
}

#[tokio::test]
async fn signing_in_leads_nowhere_but_here() {
    let (world, clock) = at_leisure().await;
    for next in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "https:evil.example",
        "https://evil.example",
        "HTTPS://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        ".evil.example",
        "@evil.example",
        " /tenant",
        "/tenant\r\nSet-Cookie: a=b",
        "/tenant\u{0}",
        "/ténant",
        "/logout",
        "/login?next=/login",
        "",
    ] {
        let response = sign_in(&world, "viewer@alpha.example", PASSWORD, next).await;
        assert_eq!(response.status(), 303, "{next:?}");
        assert_eq!(response.headers()["location"], "/", "{next:?}");
        assert!(response.headers().get_all("set-cookie").iter().all(|v| !v.as_bytes().starts_with(b"a=b")), "{next:?}");
        clock.advance(TimeDelta::minutes(1));
    }
    // Somebody signed in already is led by the same rule.
    let person = world.person("viewer@alpha.example").await;
    for (next, leads) in
        [("%2F%2Fevil.example", "/"), ("%2F%5Cevil.example", "/"), ("%2Ftenant%2Falpha-works", "/tenant/alpha-works")]
    {
        let response = world.get(&person, &format!("/login?next={next}")).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["location"]),
            (303, &leads.parse().expect("a value")),
            "{next}"
        );
    }
    let inside = "/tenant/alpha-works?from=now-1h%2Fh&to=//evil.example";
    let response = sign_in(&world, "viewer@alpha.example", PASSWORD, inside).await;
    assert_eq!(response.headers()["location"], inside);
    world.close().await;
}

#[tokio::test]
async fn a_planted_session_is_never_adopted() {
    let world = World::open().await;
    // One that was never given, and one of somebody else: after signing in neither is the new one.
    let other = world.person("viewer@beta.example").await;
    let made_up = format!("loggia={}", "A".repeat(43));
    for planted in [made_up.as_str(), other.cookie()] {
        let form = [("email", "viewer@alpha.example"), ("password", PASSWORD)];
        let request = bare(&world, "/login", Some(planted)).header("sec-fetch-site", "same-origin");
        let response = request.form(&form).send().await.expect("an answer");
        assert_eq!(response.status(), 303);
        assert_ne!(session_cookie(&response).expect("a new session"), planted);
        assert_eq!(opens(&world, &Person::with_cookie(planted), ALPHA).await, 303, "what was planted opens nothing");
        assert_eq!(opens(&world, &Person::with_cookie(planted), "/tenant/beta-works").await, 303, "it ended when another began");
    }
    world.close().await;
}

#[tokio::test]
async fn a_sign_in_by_the_api_never_adopts_a_planted_session_either() {
    World::on_both(async |world| {
        let sign_in = async |cookie: &str, password: &str| {
            let body = serde_json::json!({"email": "viewer@alpha.example", "password": password});
            let request = bare(world, "/api/v1/auth/login", Some(cookie)).header("sec-fetch-site", "same-origin").json(&body);
            request.send().await.expect("an answer")
        };
        let (other, own) = (world.person("viewer@beta.example").await, world.person("viewer@alpha.example").await);
        let elsewhere = world.person("viewer@beta.example").await;
        let made_up = Person::with_cookie(&format!("loggia={}", "A".repeat(43)));
        // Somebody else's, one's own of before, and one that was never given.
        for (planted, home) in [(&other, "/tenant/beta-works/dashboard/default"), (&own, ALPHA), (&made_up, ALPHA)] {
            let wrong = sign_in(planted.cookie(), "wrong").await;
            assert_eq!((wrong.status().as_u16(), session_cookie(&wrong)), (401, None));
            let before = opens(world, planted, home).await;
            assert_eq!(before == 200, planted.cookie() != made_up.cookie(), "a failed try ends nobody's session: {before}");
            let response = sign_in(planted.cookie(), PASSWORD).await;
            assert_eq!(response.status(), 200);
            let new = Person::with_cookie(&session_cookie(&response).expect("a new session"));
            assert_ne!(new.cookie(), planted.cookie());
            assert_eq!(opens(world, planted, home).await, 303, "the old one ended on the server");
            assert_eq!(
                (opens(world, &new, ALPHA).await, opens(world, &new, "/tenant/beta-works/dashboard/default").await),
                (200, 403)
            );
        }
        assert_eq!(opens(world, &elsewhere, "/tenant/beta-works/dashboard/default").await, 200, "no other session ended");
    })
    .await;
}

#[tokio::test]
async fn signing_out_ends_this_session_on_the_server_and_no_other() {
    World::on_both(async |world| {
        let (laptop, phone) = (world.person("viewer@alpha.example").await, world.person("viewer@alpha.example").await);
        assert_ne!(laptop.cookie(), phone.cookie());
        assert_eq!(opens(world, &laptop, "/logout").await, 200, "a page with a button");
        assert_eq!(opens(world, &laptop, ALPHA).await, 200, "which did nothing by being looked at");
        let response = world.ask(&laptop, Method::POST, "/logout").send().await.expect("an answer");
        assert_eq!((response.status().as_u16(), response.headers()["location"].as_bytes()), (303, b"/login".as_slice()));
        assert_eq!(response.headers()["clear-site-data"], "\"cache\"");
        let gone = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|v| v.to_str().ok())
            .any(|line| line.starts_with("loggia=;"));
        assert!(gone, "the browser forgets it too");
        assert_eq!(opens(world, &laptop, ALPHA).await, 303, "the old cookie is worth nothing");
        assert_eq!(opens(world, &phone, ALPHA).await, 200, "the other session goes on");
        let again = world.ask(&laptop, Method::POST, "/logout").send().await.expect("an answer");
        assert_eq!(again.status(), 303, "signing out twice is no fault");
    })
    .await;
}

#[tokio::test]
async fn who_may_no_longer_is_out_at_once() {
    World::on_both(async |world| {
        let (central, tenancy) = (&world.server.parts.central, &world.server.parts.tenancy);
        let console = console(CorrelationId::new());
        let (alpha, email) = ("alpha-works".parse().expect("a slug"), "viewer@alpha.example".parse().expect("an address"));
        let fragment = format!("{ALPHA}/panel/cpu");
        let person = world.person("viewer@alpha.example").await;
        assert_eq!(opens(world, &person, ALPHA).await, 200);

        tenancy.set_status(&console, &alpha, Status::Suspended).await.expect("suspended");
        for path in [ALPHA, fragment.as_str(), "/tenant/alpha-works", "/tenant/alpha-works/brand.css"] {
            let response = world.get(&person, path).await;
            assert_eq!(response.status(), 403, "{path}");
            assert!(response.text().await.expect("text").contains("MARKALPHA name"), "its members are told which it is");
        }
        let stranger = world.person("viewer@beta.example").await;
        let text = world.get(&stranger, ALPHA).await.text().await.expect("text");
        assert!(!text.contains("MARKALPHA"), "nobody else is");
        let landing = world.text(&person, "/?all=1").await;
        assert!(!landing.contains("/tenant/alpha-works"), "what is not active is not listed");
        tenancy.set_status(&console, &alpha, Status::Active).await.expect("active");
        assert_eq!(opens(world, &person, ALPHA).await, 200, "and it is back with the same session");

        members::remove(tenancy, &console, &alpha, &email).await.expect("removed");
        for path in [ALPHA, fragment.as_str()] {
            assert_eq!(opens(world, &person, path).await, 403, "{path}");
        }

        accounts::set_active(central, &console, &email, false).await.expect("deactivated");
        assert_eq!(opens(world, &person, "/").await, 303);
        let response = world.ask(&person, Method::GET, &fragment).header("hx-request", "true").send().await.expect("an answer");
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-loggia-state"]),
            (401, &"signed-out".parse().expect("a value"))
        );
        assert_eq!(sign_in(world, "viewer@alpha.example", PASSWORD, "").await.status(), 422, "nor may they come in again");
        accounts::set_active(central, &console, &email, true).await.expect("active again");
        assert_eq!(opens(world, &person, "/").await, 303, "an old session does not come back to life");
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_by_itself_and_polls_do_not_keep_it() {
    let clock = Clock::held(DateTime::<Utc>::from_timestamp(1_800_000_000, 0).expect("a time"));
    let variables = [("LOGGIA_SESSION__IDLE_MINUTES", "30"), ("LOGGIA_SESSION__MAX_HOURS", "2")];
    let world = World::raise(Setting { variables: &variables, clock: Some(clock.clone()), ..Setting::default() }).await;
    let fragment = format!("{ALPHA}/panel/number");
    let poll = async |person: &Person| status(world.ask(person, Method::GET, &fragment).header("hx-request", "true")).await;
    // Somebody who goes on looking stays in, until the longest a session lasts.
    let busy = world.person("viewer@alpha.example").await;
    for _ in 0..5 {
        clock.advance(TimeDelta::minutes(20));
        assert_eq!(opens(&world, &busy, ALPHA).await, 200);
    }
    clock.advance(TimeDelta::minutes(19));
    assert_eq!(opens(&world, &busy, ALPHA).await, 200, "1 h 59 min");
    clock.advance(TimeDelta::minutes(1));
    assert_eq!(opens(&world, &busy, ALPHA).await, 303, "two hours, however busy");
    // A forgotten tab polls and polls, and is out all the same.
    let forgotten = world.person("viewer@alpha.example").await;
    for _ in 0..2 {
        clock.advance(TimeDelta::minutes(14));
        assert_eq!(poll(&forgotten).await, 200);
    }
    clock.advance(TimeDelta::minutes(2));
    assert_eq!(poll(&forgotten).await, 401);
    assert_eq!(opens(&world, &forgotten, ALPHA).await, 303);
    world.close().await;
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_per_account_and_per_network() {
    let clock = Clock::held(DateTime::<Utc>::from_timestamp(1_800_000_000, 0).expect("a time"));
    let variables = [("LOGGIA_TRUSTED_PROXIES", "127.0.0.0/8")];
    let world = World::raise(Setting { variables: &variables, clock: Some(clock.clone()), ..Setting::default() }).await;
    let attempt = async |email: &str, forwarded: &str| {
        let form = [("email", email), ("password", "a guess")];
        bare(&world, "/login", None).header("x-forwarded-for", forwarded).form(&form).send().await.expect("an answer")
    };
    // One account, from everywhere.
    for n in 0..100 {
        assert_eq!(attempt("admin@alpha.example", &format!("10.1.{n}.1")).await.status(), 422, "guess {n}");
    }
    let response = attempt("admin@alpha.example", "10.2.0.1").await;
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    let text = response.text().await.expect("text");
    assert!(text.contains("Too many tries") && text.contains("<form"), "the form is drawn again: {text}");
    // One network, for every account; what it writes before the proxy's own word is not believed.
    for n in 0..20 {
        assert_eq!(
            attempt(&format!("nobody{n}@example.com"), &format!("10.9.9.{n}, nonsense, 10.3.0.1")).await.status(),
            422,
            "guess {n}"
        );
    }
    assert_eq!(attempt("one.more@example.com", "10.200.0.1, nonsense, 10.3.0.1").await.status(), 429);
    assert_eq!(attempt("one.more@example.com", "10.200.0.1, 10.3.0.1").await.status(), 429);
    assert_eq!(attempt("one.more@example.com", "10.4.0.1").await.status(), 422, "others are not held up");
    // It passes by itself.
    clock.advance(TimeDelta::minutes(3));
    assert_eq!(attempt("admin@alpha.example", "10.2.0.1").await.status(), 422);
    world.close().await;
}

#[tokio::test]
async fn one_caller_who_asks_too_often_waits_and_nobody_else() {
    let world = World::with(&[("LOGGIA_RATE_LIMIT__ENABLED", "true")]).await;
    let (hasty, calm) = (world.person("viewer@alpha.example").await, world.person("admin@alpha.example").await);
    let path = "/tenant/alpha-works/brand.css";
    let mut refused = None;
    for _ in 0..2_000 {
        let response = world.get(&hasty, path).await;
        if response.status() != 200 {
            refused = Some(response);
            break;
        }
    }
    let response = refused.expect("somebody who asks 2,000 times is told to wait");
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=10).contains(&wait), "{wait}");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(opens(&world, &calm, path).await, 200);
    assert_eq!(opens(&world, &Person::nobody(), "/login").await, 200);
    world.close().await;
}

#[tokio::test]
async fn callers_of_one_tenant_share_its_allowance_and_another_tenants_go_on() {
    let rules = [
        ("LOGGIA_RATE_LIMIT__ENABLED", "true"),
        ("LOGGIA_RATE_LIMIT__TENANT_PER_SECOND", "1"),
        ("LOGGIA_RATE_LIMIT__TENANT_BURST", "40"),
    ];
    let world = World::with(&rules).await;
    let (one, two) = (world.person("viewer@alpha.example").await, world.person("admin@alpha.example").await);
    let beta = world.person("viewer@beta.example").await;
    let (token, betas) =
        (crate::api::token(&world, &two, "alpha-works").await, crate::api::token(&world, &beta, "beta-works").await);
    let path = "/api/v1/dashboards";
    let bearing = async |token: &str| {
        let request = world.ask(&Person::nobody(), Method::GET, path).bearer_auth(token);
        request.send().await.expect("an answer")
    };
    // Far fewer each than a caller may ask: it is the tenant's own allowance that they use up together.
    let mut served = [0; 3];
    let mut refused = None;
    for n in 0..150 {
        let response = match n % 3 {
            0 => world.get(&one, path).await,
            1 => world.get(&two, path).await,
            _ => bearing(&token).await,
        };
        if response.status() != 200 {
            refused = Some(response);
            break;
        }
        served[n % 3] += 1;
    }
    let response = refused.unwrap_or_else(|| panic!("nobody is told to wait: {served:?}"));
    assert!(served.iter().sum::<i32>() >= 40 && served.iter().all(|times| *times >= 13), "{served:?}");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (429, &"application/problem+json".parse().expect("a value"))
    );
    assert_eq!(response.headers()["cache-control"], "no-store");
    let wait: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=10).contains(&wait), "{wait}");
    let problem: serde_json::Value = response.json().await.expect("JSON");
    assert_eq!((&problem["status"], problem.to_string().contains("MARK")), (&429.into(), false), "{problem}");
    // Each of them waits, whatever they bring and whatever they open; a moment of the clock may let one through.
    for who in ["a session", "another session", "a token", "a page"] {
        let mut waits = false;
        for _ in 0..60 {
            let response = match who {
                "a session" => world.get(&one, path).await,
                "another session" => world.get(&two, path).await,
                "a token" => bearing(&token).await,
                _ => world.get(&two, "/tenant/alpha-works/brand.css").await,
            };
            if response.status() == 429 {
                assert!(response.headers().contains_key("retry-after"), "{who}");
                waits = true;
                break;
            }
        }
        assert!(waits, "{who} is told to wait");
    }
    for _ in 0..10 {
        assert_eq!(
            (opens(&world, &beta, path).await, bearing(&betas).await.status().as_u16()),
            (200, 200),
            "another tenant goes on"
        );
    }
    assert_eq!(opens(&world, &one, "/api/v1/tenants").await, 200, "what is of no tenant is not the tenant's to pay for");
    tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
    assert_eq!(opens(&world, &one, path).await, 200, "who waits as long as they were told is served");
    world.close().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    World::on_both(async |world| {
        let console = console(CorrelationId::new());
        let gone = "stranger@example.com";
        accounts::set_active(&world.server.parts.central, &console, &gone.parse().expect("an address"), false)
            .await
            .expect("deactivated");
        let mut answers = Vec::new();
        for (email, password) in [
            ("viewer@alpha.example", "wrong"),
            ("nobody@alpha.example", "wrong"),
            (gone, PASSWORD),
            ("VIEWER@alpha.example", "wrong"),
            ("not an address", "wrong"),
            ("viewer@alpha.example", ""),
        ] {
            let response = sign_in(world, email, password, "/tenant/alpha-works").await;
            assert_eq!(response.status(), 422, "{email}");
            assert!(response.headers().get("set-cookie").is_none(), "{email}");
            let mut head: Vec<String> = response.headers().iter().map(|(k, v)| format!("{k}: {v:?}")).collect();
            head.retain(|line| !["x-correlation-id", "content-length", "date"].iter().any(|name| line.starts_with(name)));
            let text = response.text().await.expect("text");
            assert!(!text.contains(PASSWORD) && !text.contains("value=\"wrong\""), "the password is not sent back");
            answers.push((head, text.replace(email, "EMAIL")));
        }
        for answer in &answers[1..] {
            assert_eq!(answer, &answers[0]);
        }
    })
    .await;
}

#[tokio::test]
async fn who_brings_credentials_is_judged_by_them_alone() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let fragment = format!("{ALPHA}/panel/cpu");
    for path in ["/", ALPHA, fragment.as_str(), "/api/v1/tenants"] {
        for credentials in ["Bearer x", "Basic dmlld2VyQGFscGhhLmV4YW1wbGU6Y29ycmVjdCBob3JzZQ==", "Bearer", "", "bearer \u{fc}"] {
            let request = world.ask(&viewer, Method::GET, path);
            let request = request
                .header("authorization", reqwest::header::HeaderValue::from_bytes(credentials.as_bytes()).expect("a value"));
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), 401, "{path} with “{credentials}” falls back to the cookie");
            assert!(response.headers()["www-authenticate"].to_str().expect("text").starts_with("Bearer"), "{path}");
            assert!(!response.text().await.expect("text").contains("MARKALPHA"), "{path}");
        }
    }
    world.close().await;
}
