//! The flow of a tenant, legacy or new, with a token or without: the scenarios of what was asked for, by their names.

use loggia::domain::Rollout;
use reqwest::Method;

use super::{BETAS, BOARD, Stage};
use crate::world::{Kind, Person, eventually};

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
        let seen = stage.only();
        let told = ["authorization", "x-tenant-storage-processed", "x-tenant-storage-uploads"].map(|name| seen.header(name));
        assert_eq!(told, [None; 3], "nothing says for whom");
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
