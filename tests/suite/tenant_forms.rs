//! The forms in which operators keep a tenant and its datastores: saved, looked at first, stale.

use std::collections::BTreeMap;
use std::path::Path;

use loggia::domain::CorrelationId;
use loggia::identity::console;
use loggia::tenancy::tenants::NewTenant;
use reqwest::Method;

use crate::world::{Kind, Person, Setting, World};

const GAMMA: &str = "/admin/tenants/gamma";

/// Two dashboards that all tenants could share.
fn shared(home: &Path) {
    let folder = home.join("tenants/_shared/dashboards");
    std::fs::create_dir_all(&folder).expect("a folder");
    for (file, name) in [("north.yaml", "North"), ("south.yaml", "South")] {
        std::fs::write(folder.join(file), format!("dashboard:\n  name: \"{name}\"\n  panels: []\n")).expect("written");
    }
}

/// A stage with a tenant that no file describes, and its operator.
async fn with_gamma(kind: Kind<'_>) -> (World, Person) {
    let world = World::raise(Setting { beta: kind, central: kind, files: Some(shared), ..Setting::default() }).await;
    let new = NewTenant { slug: "gamma".into(), name: "Gamma".into(), ..NewTenant::default() };
    world.server.parts.tenancy.create(&console(CorrelationId::new()), new).await.expect("a tenant");
    let operator = world.person("operator@example.com").await;
    (world, operator)
}

async fn send(world: &World, who: &Person, path: &str, form: &BTreeMap<String, String>) -> (u16, String) {
    let response = world.ask(who, Method::POST, path).form(form).send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("text"))
}

/// What the first form of a page would send as it stands, which leads to `path`: its lines, what is chosen, what is ticked.
fn form(page: &str, path: &str) -> BTreeMap<String, String> {
    let begin = page.find(&format!("action=\"{path}\"")).unwrap_or_else(|| panic!("no form leads to {path}: {page}"));
    let form = page[begin..].split("</form>").next().unwrap_or_default();
    let part = |tag: &str, name: &str| tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next().map(str::to_owned);
    let mut all = BTreeMap::new();
    for tag in form.split("<input").skip(1).filter_map(|rest| rest.split('>').next()) {
        let (Some(name), value) = (part(tag, "name"), part(tag, "value").unwrap_or_default()) else { continue };
        if !tag.contains("type=\"checkbox\"") || tag.contains(" checked") {
            all.insert(name, value);
        }
    }
    for select in form.split("<select").skip(1) {
        let chosen = select.split("<option").find(|option| option.contains(" selected"));
        if let (Some(name), Some(chosen)) = (part(select, "name"), chosen) {
            all.insert(name, part(chosen, "value").unwrap_or_default());
        }
    }
    all
}

fn with(form: &BTreeMap<String, String>, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    form.clone().into_iter().chain(more).collect()
}

#[tokio::test]
async fn a_tenant_is_saved_looked_at_first_and_a_stale_form_shows_both() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, operator) = with_gamma(kind).await;
        let drawn = form(&world.text(&operator, GAMMA).await, GAMMA);
        assert_eq!((drawn["name"].as_str(), drawn.get("dashboards.north")), ("Gamma", None));

        let looked = with(&drawn, &[("accent", "#ffe600"), ("name", "Gamma as tried"), ("act", "preview")]);
        let (status, page) = send(&world, &operator, GAMMA, &looked).await;
        assert!(status == 200 && page.contains("brand.css?accent=%23ffe600"), "the preview has the colour: {status}");
        assert_eq!(form(&page, GAMMA)["name"], "Gamma as tried", "nothing that was typed is lost");
        assert_eq!(form(&world.text(&operator, GAMMA).await, GAMMA), drawn, "and nothing is saved");

        let mine = with(&drawn, &[("name", "Gamma Works"), ("timezone", "Europe/Rome"), ("dashboards.north", "1")]);
        assert_eq!(send(&world, &operator, GAMMA, &mine).await.0, 303);
        let wrong = with(&form(&world.text(&operator, GAMMA).await, GAMMA), &[("timezone", "Rome")]);
        let (status, page) = send(&world, &operator, GAMMA, &wrong).await;
        assert!(status == 422 && page.contains("id=\"timezone-fault\""), "{status}: {page}");

        let theirs = with(&drawn, &[("name", "Gamma Limited"), ("dashboards.south", "1")]);
        let (status, page) = send(&world, &operator, GAMMA, &theirs).await;
        assert_eq!(status, 409, "it was drawn before the other was saved");
        for stored in ["Gamma Works", "Europe/Rome", "North"] {
            assert!(page.contains(&format!("Stored now: <b>{stored}</b>")), "{stored} is shown: {page}");
        }
        let again = form(&page, GAMMA);
        assert_eq!(
            (again["name"].as_str(), again.contains_key("dashboards.south")),
            ("Gamma Limited", true),
            "beside what was typed"
        );
        assert_eq!(send(&world, &operator, GAMMA, &again).await.0, 303, "having seen both, the second decides");
        let kept = form(&world.text(&operator, GAMMA).await, GAMMA);
        let ticked = ["dashboards.north", "dashboards.south"].map(|name| kept.contains_key(name));
        assert_eq!((kept["name"].as_str(), ticked), ("Gamma Limited", [false, true]));
        world.close().await;
    }
}

#[tokio::test]
async fn a_datastore_is_changed_tried_with_success_and_a_stale_form_shows_both() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, operator) = with_gamma(kind).await;
        let new = [("kind", "sqlite"), ("env", "any"), ("url", "sqlite:gamma.db")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        std::fs::write(world.home.path().join("data/gamma.db"), "").expect("an empty database");
        let (status, page) = send(&world, &operator, "/admin/tenants/gamma/datastores/new", &new.into()).await;
        assert_eq!(status, 303, "{page}");
        let page = world.text(&operator, GAMMA).await;
        let mut ids = page.split("/admin/tenants/gamma/datastores/").filter_map(|rest| rest.get(..36));
        let id = ids.find(|id| uuid::Uuid::parse_str(id).is_ok()).expect("its page");
        let path = format!("{GAMMA}/datastores/{id}");
        let (status, tried) = send(&world, &operator, &format!("{path}/test"), &BTreeMap::new()).await;
        assert!(status == 200 && tried.contains("It answered in"), "{status}: {tried}");

        let drawn = form(&world.text(&operator, &path).await, &path);
        assert_eq!(send(&world, &operator, &path, &with(&drawn, &[("uc_catalog", "gamma_first")])).await.0, 303);
        let (status, page) = send(&world, &operator, &path, &with(&drawn, &[("uc_catalog", "gamma_second")])).await;
        assert!(status == 409 && page.contains("Stored now: <b>gamma_first</b>"), "{status}: {page}");
        let again = form(&page, &path);
        assert_eq!(again["uc_catalog"], "gamma_second");
        assert_eq!(send(&world, &operator, &path, &again).await.0, 303);
        assert!(world.text(&operator, &path).await.contains("value=\"gamma_second\""));

        let limits = |time: &str, most: &str| {
            [("statement_timeout_ms".to_owned(), time.to_owned()), ("max_connections".to_owned(), most.to_owned())]
        };
        let shown = async || form(&world.text(&operator, &path).await, &path);
        let mut wanted = shown().await;
        wanted.extend(limits("2500", "99999999999"));
        let (status, page) = send(&world, &operator, &path, &wanted).await;
        assert!(status == 422 && page.contains("id=\"max_connections-fault\""), "{status}");
        wanted.extend(limits("2500", "7"));
        assert_eq!(send(&world, &operator, &path, &wanted).await.0, 303);
        let mut kept = shown().await;
        assert!(limits("2500", "7").iter().all(|(name, value)| kept[name] == *value), "{kept:?}");
        kept.extend(limits("", "7"));
        assert_eq!(send(&world, &operator, &path, &kept).await.0, 303);
        let kept = shown().await;
        assert!(
            limits("", "7").iter().all(|(name, value)| kept[name] == *value),
            "what is emptied is the default again: {kept:?}"
        );
        world.close().await;
    }
}
