//! Hosted apps behind the real server, on a stage with an upstream that tells what it was sent.

mod flows;
mod pages;
mod passing;

use loggia::domain::{CorrelationId, Rollout};
use loggia::identity;
use reqwest::{Method, Response};

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
