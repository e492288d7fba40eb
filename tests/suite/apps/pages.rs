//! Pages of hosted apps: who is shown which, on one origin and on two, and what they are told when it fails.

use reqwest::Method;

use super::{BETAS, BOARD, Stage, key, problem};
use crate::api::token;
use crate::world::upstream::Upstream;
use crate::world::{Kind, Person, World, eventually};

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
