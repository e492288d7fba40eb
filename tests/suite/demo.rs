//! The demo as a stranger meets it: every dashboard of every tenant, drawn whole over its data.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use loggia::app::{self, Running};
use loggia::domain::Clock;
use loggia::settings::{Flags, Settings};
use reqwest::{Client, redirect};
use tempfile::TempDir;

use crate::world::session_cookie;

/// Panels of the overview.
const OVERVIEW: usize = 7;

struct Demo {
    _home: TempDir,
    server: Running,
    client: Client,
}

impl Demo {
    async fn open() -> Demo {
        let home = tempfile::tempdir().expect("a folder");
        let tenants = home.path().join("tenants");
        loggia::demo::unpack(&tenants).expect("the embedded tenants");
        add_seed(&tenants.join("acme-corp"));
        let environment = BTreeMap::from([
            ("LOGGIA_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("LOGGIA_INTERNAL_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("LOGGIA_DATA_DIR".to_owned(), home.path().join("data").display().to_string()),
            ("LOGGIA_DATABASE_URL".to_owned(), format!("sqlite://{}?mode=rwc", home.path().join("data/loggia.db").display())),
            ("LOGGIA_TENANTS_DIR".to_owned(), tenants.display().to_string()),
            ("LOGGIA_RATE_LIMIT__ENABLED".to_owned(), "false".to_owned()),
        ]);
        let settings = Settings::load(&Flags { demo: true, ..Flags::default() }, &environment).expect("settings");
        let server = app::start(settings, Clock::system()).await.expect("the server starts");
        let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        Demo { _home: home, server, client }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.public)
    }

    async fn sign_in(&self, email: &str) -> String {
        let form = [("email", email), ("password", loggia::demo::PASSWORD)];
        let response = self.client.post(self.url("/login")).form(&form).send().await.expect("an answer");
        assert_eq!(response.status(), 303, "{email} signs in");
        session_cookie(&response).expect("a session")
    }

    async fn page(&self, cookie: &str, path: &str) -> (u16, String) {
        let response = self.client.get(self.url(path)).header("cookie", cookie).send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("text"))
    }

    /// How many panels of a dashboard stand in each state.
    async fn states(&self, cookie: &str, path: &str) -> BTreeMap<String, usize> {
        let (status, text) = self.page(cookie, path).await;
        assert_eq!(status, 200, "{path}");
        let mut states = BTreeMap::new();
        for rest in text.split("data-state=\"").skip(1) {
            let state = rest.split('"').next().unwrap_or_default();
            *states.entry(state.to_owned()).or_default() += 1;
        }
        states
    }
}

/// The panels as the product's user wrote them, word for word, on a dashboard of their own.
fn add_seed(tenant: &Path) {
    let mut dashboard = "dashboard:\n  name: \"As asked for\"\n  panels:\n".to_owned();
    for name in ["cpu_usage", "memory_kpi", "health_status", "error_log", "custom_chart", "custom_summary"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/seed/acme-corp/panels/{name}.yaml"));
        fs::copy(file, tenant.join(format!("panels/{name}.yaml"))).expect("copied");
        dashboard.push_str(&format!("    - {{ id: {name}, config_file: panels/{name}.yaml }}\n"));
    }
    fs::write(tenant.join("dashboards/seed.yaml"), dashboard).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dashboard_of_the_demo_is_drawn_and_each_of_the_four_states_is_somewhere() {
    let demo = Demo::open().await;
    let admin = demo.sign_in("admin@example.com").await;
    for (path, panels) in [
        ("/tenant/acme-corp/dashboard/capacity", 8),
        ("/tenant/acme-corp/dashboard/overview", OVERVIEW),
        ("/tenant/acme-corp/dashboard/customer-ltv", 8),
        ("/tenant/global-retail/dashboard/default", 7),
        ("/tenant/global-retail/dashboard/customer-ltv", 8),
    ] {
        let states = demo.states(&admin, path).await;
        assert_eq!(states, BTreeMap::from([("ready".to_owned(), panels)]), "{path}");
    }
    let front = demo.states(&admin, "/tenant/acme-corp/dashboard/default").await;
    assert_eq!(front, BTreeMap::from([("ready".to_owned(), 12), ("empty".to_owned(), 1), ("stale".to_owned(), 1)]));
    let states = demo.states(&admin, "/tenant/acme-corp/dashboard/states").await;
    for state in ["ready", "empty", "stale", "failed"] {
        assert_eq!(states.get(state), Some(&1), "{state}: {states:?}");
    }
    tokio::time::sleep(loggia::demo::EVERY + std::time::Duration::from_secs(3)).await;
    let server = demo.states(&admin, "/tenant/this-server/dashboard/default").await;
    assert_eq!(server, BTreeMap::from([("ready".to_owned(), 13)]), "the machine is sampled");
    let seed = demo.states(&admin, "/tenant/acme-corp/dashboard/seed").await;
    assert_eq!(seed, BTreeMap::from([("ready".to_owned(), 6)]), "the panels asked for run unchanged");
    demo.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_account_of_the_demo_opens_its_own_tenants_and_no_other() {
    let demo = Demo::open().await;
    for account in loggia::demo::ACCOUNTS {
        let cookie = demo.sign_in(account.email).await;
        for slug in loggia::demo::TENANTS {
            let (status, _) = demo.page(&cookie, &format!("/tenant/{slug}/dashboard/default")).await;
            let expected = if account.tenants.contains(slug) { 200 } else { 403 };
            assert_eq!(status, expected, "{} opens {slug}", account.email);
        }
    }
    demo.server.stop().await;
}
