//! `visible_to:` — what is for administrators is not there for viewers, by whichever way they ask.

use std::io::Read;
use std::path::Path;

use loggia::web::routes::{Access, PUBLIC};
use reqwest::Method;

use crate::world::{Kind, Person, Setting, World};

/// What only the panel of administrators shows.
const SECRET: &str = "-service-";

/// The rows, the map and a whole dashboard are for administrators alone, in both tenants.
fn files(home: &Path) {
    for slug in ["alpha-works", "beta-works"] {
        let folder = home.join("tenants").join(slug);
        for name in ["panels/rows.yaml", "panels/map.yaml"] {
            let text = std::fs::read_to_string(folder.join(name)).expect("a panel");
            std::fs::write(folder.join(name), format!("{text}  visible_to: [admin]\n")).expect("written");
        }
        let second = std::fs::read_to_string(folder.join("dashboards/second.yaml")).expect("a dashboard");
        let hidden = second.replace("  panels:", "  visible_to: [admin]\n  panels:").replace("id: rows", "id: other");
        std::fs::write(folder.join("dashboards/hidden.yaml"), hidden.replace("second", "hidden")).expect("written");
    }
}

async fn on_both(story: impl AsyncFn(&World, &str)) {
    for (kind, slug) in [(Kind::Sqlite, "alpha-works"), (Kind::Postgres, "beta-works")] {
        let world = World::raise(Setting { beta: kind, central: kind, files: Some(files), ..Setting::default() }).await;
        story(&world, slug).await;
        world.close().await;
    }
}

/// Somebody of the tenant.
async fn member(world: &World, slug: &str, role: loggia::domain::Role) -> Person {
    let (email, console) = (format!("{role}@{slug}.example"), loggia::identity::console(loggia::domain::CorrelationId::new()));
    world.invite(&email).await;
    let (tenant, address) = (slug.parse().expect("a slug"), email.parse().expect("an address"));
    let assigned = loggia::tenancy::members::assign(&world.server.parts.tenancy, &console, &tenant, &address, role).await;
    assigned.expect("a member");
    world.person(&email).await
}

/// Every address under which what is hidden could stand.
fn addresses(slug: &str) -> Vec<String> {
    let mut all = Vec::new();
    for line in PUBLIC.iter().filter(|line| line.method == "GET" && line.access == Access::Tenant) {
        for (dashboard, panel) in
            [("default", "rows"), ("default", "map"), ("second", "rows"), ("hidden", "other"), ("hidden", "rows")]
        {
            let path = line.path.replace(":tenant", slug).replace(":panel", panel);
            let path =
                path.replace("report/dashboard/:file", &format!("report/dashboard/{dashboard}")).replace(":dashboard", dashboard);
            if !path.contains(":file") {
                all.push(path);
                continue;
            }
            for file in ["", ".csv", ".json", ".ndjson", ".svg", ".png", ".csv?disable_aggregation=true", "?dashboard=hidden"] {
                all.push(path.replace(":file", &format!("{panel}{file}")));
            }
        }
    }
    all.extend(["default", "second", "hidden"].map(|dashboard| format!("/tenant/{slug}/report/dashboard/{dashboard}.zip")));
    all.extend([format!("/tenant/{slug}/report/cpu.csv?dashboard=hidden"), format!("/tenant/{slug}?rotate=hidden")]);
    let api = [
        "dashboards",
        "dashboards/hidden",
        "panels/rows/data",
        "panels/other/data?dashboard=hidden",
        "reports/rows",
        "reports/map",
        "reports/rows?disable_aggregation=true",
        "reports/other?dashboard=hidden",
        "reports/rows/export?format=csv",
        "reports/other/export?format=ndjson&dashboard=hidden",
        "custom/network-topology",
        "custom/network-topology?panel=map",
        "custom/network-topology?panel=map&dashboard=default",
    ];
    all.extend(api.map(|path| format!("/api/v1/{path}")));
    all
}

#[tokio::test]
async fn what_is_for_administrators_is_not_there_for_viewers_by_whichever_way_they_ask() {
    on_both(async |world, slug| {
        let viewer = member(world, slug, loggia::domain::Role::Viewer).await;
        let token = crate::api::token(world, &viewer, slug).await;
        for path in addresses(slug) {
            for way in ["a session", "a fragment", "a token"] {
                let request = match way {
                    "a session" => world.ask(&viewer, Method::GET, &path),
                    "a fragment" => world.ask(&viewer, Method::GET, &path).header("hx-request", "true"),
                    _ => world.ask(&Person::nobody(), Method::GET, &path).bearer_auth(&token),
                };
                let response = request.send().await.expect("an answer");
                let status = response.status();
                let body = response.bytes().await.expect("a body");
                let text = unpacked(&body);
                assert!(!text.contains(SECRET) && !text.contains("A hidden"), "{path} shows it to {way}: {status}");
                assert_ne!(status, 401, "{path} does not take {way}");
                let named = [
                    "/panel/rows",
                    "/panel/map",
                    "/panel/other",
                    "report/rows",
                    "report/map",
                    "report/other",
                    "panels/",
                    "reports/",
                    "custom/",
                    "hidden",
                ];
                if named.iter().any(|word| path.contains(word)) && !path.contains("rotate") {
                    assert_eq!(status, 404, "{path} with {way}");
                }
            }
        }
        for open in ["panels/cpu/data", "reports/cpu", "custom/daily-summary"] {
            let request = world.ask(&Person::nobody(), Method::GET, &format!("/api/v1/{open}")).bearer_auth(&token);
            assert_eq!(request.send().await.expect("an answer").status(), 200, "{open} is for everybody");
        }
        let front = world.text(&viewer, &format!("/tenant/{slug}/dashboard/default")).await;
        assert!(front.contains("id=\"p-cpu\"") && !front.contains("id=\"p-rows\"") && !front.contains("dashboard/hidden"));
        assert_eq!(world.get(&viewer, "/dashboard/hidden").await.status(), 303, "it leads to the tenant's, which says 404");
    })
    .await;
}

#[tokio::test]
async fn administrators_see_it_everywhere() {
    on_both(async |world, slug| {
        let admin = member(world, slug, loggia::domain::Role::Admin).await;
        let mut shown = 0;
        for path in [
            format!("/tenant/{slug}/dashboard/default"),
            format!("/tenant/{slug}/dashboard/hidden"),
            format!("/tenant/{slug}/dashboard/default/panel/rows"),
            format!("/tenant/{slug}/dashboard/default/panel/rows/detail"),
            format!("/tenant/{slug}/report/rows"),
            format!("/tenant/{slug}/report/rows.csv"),
            format!("/tenant/{slug}/report/dashboard/hidden"),
            format!("/tenant/{slug}/report/dashboard/default.zip"),
        ] {
            let response = world.get(&admin, &path).await;
            assert_eq!(response.status(), 200, "{path}");
            shown += usize::from(unpacked(&response.bytes().await.expect("a body")).contains(SECRET));
        }
        assert_eq!(shown, 8, "so the other story could have failed");
        let token = crate::api::token(world, &admin, slug).await;
        for path in ["panels/rows/data", "reports/rows", "reports/other?dashboard=hidden", "reports/rows/export?format=csv"] {
            let path = format!("/api/v1/{path}");
            let bearing = world.ask(&Person::nobody(), Method::GET, &path).bearer_auth(&token);
            for request in [world.ask(&admin, Method::GET, &path), bearing] {
                let response = request.send().await.expect("an answer");
                assert_eq!(response.status(), 200, "{path}");
                assert!(response.text().await.expect("text").contains(SECRET), "{path}");
            }
        }
        for path in ["custom/network-topology", "reports/map"] {
            let bearing = world.ask(&Person::nobody(), Method::GET, &format!("/api/v1/{path}")).bearer_auth(&token);
            assert_eq!(bearing.send().await.expect("an answer").status(), 200, "{path}");
        }
        assert_eq!(world.get(&admin, &format!("/tenant/{slug}/dashboard/default/panel/map/image")).await.status(), 200);
    })
    .await;
}

/// The text of an answer; that of everything in it where it is an archive.
fn unpacked(body: &[u8]) -> String {
    let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(body)) else {
        return String::from_utf8_lossy(body).into_owned();
    };
    let mut all = String::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).expect("a file");
        all.push_str(&file.name().expect("a name"));
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("read");
        all.push_str(&String::from_utf8_lossy(&bytes));
    }
    all
}
