//! Wall screens open by a link of their own, look at what they were given, and at nothing else.

use reqwest::Method;

use crate::world::{Person, World};

/// Makes a screen of alpha's first dashboard and gives its link's path.
async fn link(world: &World, shows: &[&str]) -> String {
    let admin = world.person("admin@alpha.example").await;
    let names: Vec<String> = shows.iter().map(|key| format!("shows.{key}")).collect();
    let form: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).chain([("name", "Entrance hall")]).collect();
    let response = world.ask(&admin, Method::POST, "/tenant/alpha-works/devices").form(&form).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let page = response.text().await.expect("text");
    let token = page.split("/device/").nth(1).and_then(|rest| rest.split('<').next()).expect("the link").to_owned();
    assert!(!world.text(&admin, "/tenant/alpha-works/devices").await.contains(&token), "the link is shown once");
    format!("/device/{token}")
}

/// Opens a link: the screen's browser, and where it is led.
async fn screen(world: &World, link: &str) -> (Person, String) {
    let response = world.get(&Person::nobody(), link).await;
    assert_eq!(response.status(), 303);
    let cookie = response.headers()["set-cookie"].to_str().expect("text");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let pair = cookie.split(';').next().expect("a pair").to_owned();
    (Person::with_cookie(&pair), response.headers()["location"].to_str().expect("text").to_owned())
}

#[tokio::test]
async fn a_link_opens_its_dashboards_without_a_password_and_nothing_else() {
    World::on_both(async |world| {
        let (wall, location) = screen(world, &link(world, &["default"]).await).await;
        assert_eq!(location, "/tenant/alpha-works/dashboard/default?kiosk=tv");
        assert!(world.text(&wall, &location).await.contains("MARKALPHA board"));
        let fragment =
            world.ask(&wall, Method::GET, "/tenant/alpha-works/dashboard/default/panel/cpu").header("hx-request", "true");
        assert_eq!(fragment.send().await.expect("an answer").status(), 200);
        assert_eq!(world.get(&wall, "/tenant/alpha-works/dashboard/second").await.status(), 404, "not on its list");
        assert_eq!(world.get(&wall, "/tenant/beta-works/dashboard/default").await.status(), 403);
        assert_eq!(world.get(&wall, "/tenant/alpha-works/report/cpu.csv").await.status(), 403, "nothing is carried away");
        assert_eq!(world.get(&wall, "/tenant/alpha-works/report/dashboard/default.zip").await.status(), 403);
        for path in ["/", "/admin", "/tenant/alpha-works/members"] {
            assert!(matches!(world.get(&wall, path).await.status().as_u16(), 303 | 403), "{path}");
        }
        assert_eq!(world.get(&wall, "/login").await.status(), 200, "somebody can still sign in there");
        let save = "/tenant/alpha-works/dashboard/default/filters/save";
        let sent = world.ask(&wall, Method::POST, save).form(&[("x", "1")]).send().await.expect("an answer");
        assert_eq!(sent.headers()["location"], "/login", "it looks and never sends anything");
    })
    .await;
}

#[tokio::test]
async fn several_dashboards_take_turns() {
    let world = World::open().await;
    let (wall, location) = screen(&world, &link(&world, &["default", "second"]).await).await;
    assert_eq!(location, "/tenant/alpha-works/dashboard/default?kiosk=tv&rotate=default%2Csecond&every=60s");
    assert_eq!(world.get(&wall, "/tenant/alpha-works/dashboard/second?kiosk=tv").await.status(), 200);
    world.close().await;
}

#[tokio::test]
async fn a_link_taken_back_shows_nothing_from_that_moment_on() {
    World::on_both(async |world| {
        let link = link(world, &["default"]).await;
        let (wall, location) = screen(world, &link).await;
        let admin = world.person("admin@alpha.example").await;
        let page = world.text(&admin, "/tenant/alpha-works/devices").await;
        assert!(page.contains("Entrance hall") && page.contains("just now"), "its last use is shown");
        let id = page.split("/devices/revoke?device=").nth(1).and_then(|rest| rest.split('"').next()).expect("its id").to_owned();
        let revoke = async |who: &Person, tenant: &str| {
            let path = format!("/tenant/{tenant}/devices/revoke");
            world.ask(who, Method::POST, &path).form(&[("device", &id)]).send().await.expect("an answer").status().as_u16()
        };
        let viewer = world.person("viewer@alpha.example").await;
        assert_eq!(revoke(&viewer, "alpha-works").await, 403);
        let operator = world.person("operator@example.com").await;
        assert_eq!(revoke(&operator, "beta-works").await, 303, "another tenant's screen is none of beta's");
        assert_eq!(world.get(&wall, &location).await.status(), 200);
        let asks = |place: &str| format!("{place}/devices/revoke?device={id}");
        for (who, place) in [(&admin, "/tenant/alpha-works"), (&operator, "/admin/tenants/alpha-works")] {
            let page = world.text(who, &asks(place)).await;
            assert!(
                page.contains("Take back the link of “Entrance hall”?") && page.contains(&format!("value=\"{id}\"")),
                "{page}"
            );
        }
        assert_eq!(world.get(&viewer, &asks("/tenant/alpha-works")).await.status(), 403);
        for place in ["/tenant/beta-works", "/admin/tenants/beta-works"] {
            assert_eq!(world.get(&operator, &asks(place)).await.status(), 404, "another tenant's screen is none of beta's");
        }
        assert_eq!(world.get(&wall, &location).await.status(), 200, "asking takes nothing");
        assert_eq!(revoke(&admin, "alpha-works").await, 303);
        assert_eq!(world.get(&admin, &asks("/tenant/alpha-works")).await.status(), 404);
        assert_eq!(world.get(&wall, &location).await.status(), 303);
        assert_eq!(world.get(&Person::nobody(), &link).await.status(), 404);
        let audit = world.text(&admin, "/tenant/alpha-works/audit").await;
        assert!(audit.contains("Create device") && audit.contains("Delete device"));
    })
    .await;
}

#[tokio::test]
async fn many_screens_are_searched_and_paged() {
    use loggia::domain::CorrelationId;
    use loggia::identity::console;
    use loggia::tenancy::devices;

    World::on_both(async |world| {
        let admin = world.person("admin@alpha.example").await;
        let operator = world.person("operator@example.com").await;
        let parts = &world.server.parts;
        let tenant = parts.tenancy.record("alpha-works").await.unwrap().tenant.id;
        for n in 0..60 {
            let name = format!("{} {n:02}", if n % 20 == 0 { "Hall 100%" } else { "Line" });
            devices::create(&parts.tenancy, &console(CorrelationId::new()), tenant, name, vec!["default".parse().unwrap()])
                .await
                .unwrap();
        }
        let rows = |page: &str| page.matches("/devices/revoke?device=").count();
        let path = "/tenant/alpha-works/devices";
        let first = world.text(&admin, path).await;
        assert!(rows(&first) == 50 && first.contains("1–50 of 60") && first.contains("page=2"), "{first}");
        let second = world.text(&admin, &format!("{path}?page=2")).await;
        assert!(rows(&second) == 10 && second.contains("51–60 of 60"));
        let found = world.text(&admin, &format!("{path}?q=hall+100%25")).await;
        assert!(rows(&found) == 3 && !found.contains("Line 01"), "the sign is looked for, not what it means to SQL");
        assert!(world.text(&admin, &format!("{path}?q=cellar")).await.contains("None matches."));
        let own = world.text(&operator, "/admin/tenants/alpha-works").await;
        assert!(rows(&own) == 20 && own.contains("and 40 more"));
    })
    .await;
}

#[tokio::test]
async fn a_screen_needs_a_name_and_something_to_show() {
    let world = World::open().await;
    let admin = world.person("admin@alpha.example").await;
    let sent = world.ask(&admin, Method::POST, "/tenant/alpha-works/devices").form(&[("shows.nothing", "1")]).send().await;
    let response = sent.expect("an answer");
    assert_eq!(response.status(), 422);
    let page = response.text().await.expect("text");
    assert!(page.contains("id=\"name-fault\"") && page.contains("id=\"shows-fault\""));
    world.close().await;
}

#[tokio::test]
async fn the_token_a_screen_is_given_for_an_app_can_be_asked_about_until_its_link_is_taken_back() {
    use loggia::domain::CorrelationId;
    use loggia::tenancy::{TenantScope, devices};
    World::on_both(async |world| {
        let link = link(world, &["default"]).await;
        let parts = &world.server.parts;
        let asks = CorrelationId::new();
        let (wall, device) = parts.identities.device(link.rsplit('/').next().unwrap(), asks).await.unwrap().unwrap();
        let scope = TenantScope::authorize(&parts.tenancy, &wall, "alpha-works", asks).await.unwrap();
        let token = parts.tenancy.app_token(&parts.identities, &scope, &"ltv".parse().unwrap()).await.unwrap();
        let told = async || {
            let form = [("token", token.as_str())];
            let asked = world.ask(&Person::nobody(), Method::POST, "/api/token/introspect").form(&form);
            asked.send().await.unwrap().json::<serde_json::Value>().await.unwrap()
        };
        let said = told().await;
        assert_eq!((&said["active"], &said["aud"], &said["role"]), (&true.into(), &"dash:ltv".into(), &"viewer".into()));
        assert_eq!((&said["tenant"], &said["sub"]), (&"alpha-works".into(), &device.id.to_string().into()));
        assert!(said["email"].is_null(), "a screen has no address");
        // It is for the app alone, as everybody's is.
        let brought = world.ask(&Person::nobody(), Method::GET, "/api/v1/dashboards").bearer_auth(&token).send().await.unwrap();
        assert_eq!(brought.status(), 401);
        devices::revoke(&parts.tenancy, &loggia::identity::console(asks), scope.tenant(), device.id).await.unwrap();
        assert_eq!(told().await, serde_json::json!({"active": false}));
    })
    .await;
}
