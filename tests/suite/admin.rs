//! Operators run the installation from plain forms: users, tenants, datastores, machine clients, the audit.

use std::collections::BTreeMap;

use loggia::central::audit::{Action, Search, list};
use loggia::central::users;
use reqwest::Method;

use crate::world::{PASSWORD, Person, World};

const OPERATOR: &str = "operator@example.com";

/// The id of somebody's account.
async fn id_of(world: &World, email: &str) -> String {
    let user = users::find_by_email(&world.server.parts.central, &email.parse().expect("an address")).await;
    user.expect("an answer").expect("an account").id.to_string()
}

/// Sends a form and tells the status, where it leads, and the page.
async fn send(world: &World, who: &Person, path: &str, form: &[(&str, &str)]) -> (u16, String, String) {
    let response = world.ask(who, Method::POST, path).form(form).send().await.expect("an answer");
    let status = response.status().as_u16();
    let location = response.headers().get("location").map(|to| to.to_str().expect("text").to_owned()).unwrap_or_default();
    (status, location, response.text().await.expect("text"))
}

/// What a form on a page would send as it stands: hidden fields and texts by name.
fn fields(page: &str) -> BTreeMap<String, String> {
    let inputs = page.split("<input ").skip(1).filter_map(|rest| {
        let tag = rest.split('>').next()?;
        let part = |name: &str| tag.split(&format!("{name}=\"")).nth(1)?.split('"').next().map(str::to_owned);
        Some((part("name")?, part("value").unwrap_or_default()))
    });
    inputs.collect()
}

async fn actions(world: &World) -> Vec<String> {
    world.server.parts.audit.flush().await.expect("written");
    let rows = list(&world.server.parts.central, &Search::default(), 100).await.expect("rows");
    rows.into_iter().map(|row| row.action).collect()
}

#[tokio::test]
async fn an_operator_makes_a_user_who_sees_their_tenant_until_it_is_taken_away() {
    World::on_both(async |world| {
        let operator = world.person(OPERATOR).await;
        let form = [
            ("email", "new@alpha.example"),
            ("name", "Nadia New"),
            ("password", PASSWORD),
            ("tenant", "alpha-works"),
            ("role", "viewer"),
        ];
        let (status, location, page) = send(world, &operator, "/admin/users/new", &form).await;
        assert_eq!(status, 303, "{page}");
        assert!(location.ends_with("?done=made"), "{location}");
        let user = location.trim_end_matches("?done=made").to_owned();
        assert!(world.text(&operator, &location).await.contains("The account is made."));
        assert!(world.text(&operator, "/admin/users?q=nadia").await.contains("new@alpha.example"));

        let nadia = world.person("new@alpha.example").await;
        assert_eq!(world.get(&nadia, "/tenant/alpha-works/dashboard/default").await.status(), 200);
        assert_eq!(world.get(&nadia, "/tenant/beta-works/dashboard/default").await.status(), 403);
        assert_eq!(world.get(&nadia, "/admin").await.status(), 403);

        let form = [("tenant", "alpha-works"), ("act", "remove")];
        assert_eq!(send(world, &operator, &format!("{user}/tenants"), &form).await.0, 303);
        assert_eq!(world.get(&nadia, "/tenant/alpha-works/dashboard/default").await.status(), 403);
        assert_eq!(send(world, &operator, &format!("{user}/tenants"), &form).await.0, 303, "pressing twice is no fault");

        assert_eq!(send(world, &operator, &format!("{user}/sessions"), &[("session", "all")]).await.0, 303);
        assert_eq!(world.get(&nadia, "/").await.headers()["location"], "/login");
        let done = actions(world).await;
        for action in [Action::CreateUser, Action::AssignTenant, Action::UnassignTenant, Action::UpdateUser] {
            assert!(done.contains(&action.to_string()), "{action} is in the audit");
        }
    })
    .await;
}

#[tokio::test]
async fn a_form_tells_every_fault_at_its_field_and_keeps_what_was_typed() {
    let world = World::open().await;
    let operator = world.person(OPERATOR).await;
    let form = [("email", "not an address"), ("name", "Kept <name>"), ("password", "short"), ("tenant", "no-such-tenant")];
    let (status, _, page) = send(&world, &operator, "/admin/users/new", &form).await;
    assert_eq!(status, 422);
    for told in ["id=\"email-fault\"", "id=\"password-fault\"", "value=\"Kept &#60;name&#62;\""] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("value=\"short\""), "a password is never sent back");
    let form = [("email", "viewer@alpha.example"), ("password", PASSWORD)];
    let (status, _, page) = send(&world, &operator, "/admin/users/new", &form).await;
    assert_eq!(status, 422);
    assert!(page.contains("there is already an account with this address"));
    let form = [("email", "x@example.com"), ("password", PASSWORD), ("tenant", "no-such-tenant")];
    let (status, _, page) = send(&world, &operator, "/admin/users/new", &form).await;
    assert!(status == 422 && page.contains("there is no tenant"), "{status}");
    assert!(!world.text(&operator, "/admin/users").await.contains("x@example.com"), "nothing was made");
    world.close().await;
}

#[tokio::test]
async fn a_stale_form_says_so_and_shows_both() {
    World::on_both(async |world| {
        let operator = world.person(OPERATOR).await;
        let path = format!("/admin/users/{}", id_of(world, "stranger@example.com").await);
        let drawn = fields(&world.text(&operator, &path).await);
        let form = |name: &'static str, version: &str| {
            [("email", "stranger@example.com"), ("active", "1"), ("name", name)]
                .map(|(k, v)| (k, v.to_owned()))
                .into_iter()
                .chain([("version", version.to_owned())])
                .collect::<Vec<_>>()
        };
        let post = async |form: Vec<(&str, String)>| {
            let pairs: Vec<(&str, &str)> = form.iter().map(|(key, value)| (*key, value.as_str())).collect();
            send(world, &operator, &path, &pairs).await
        };
        assert_eq!(post(form("First Writer", &drawn["version"])).await.0, 303);
        let (status, _, page) = post(form("Second Writer", &drawn["version"])).await;
        assert_eq!(status, 409);
        assert!(page.contains("Somebody else changed this account"));
        assert!(page.contains("value=\"Second Writer\"") && page.contains("Stored now: <b>First Writer</b>"), "both are shown");
        let (status, ..) = post(form("Second Writer", &fields(&page)["version"])).await;
        assert_eq!(status, 303, "having seen both, the second decides");
        assert!(world.text(&operator, &path).await.contains("Second Writer"));
    })
    .await;
}

#[tokio::test]
async fn nobody_locks_everybody_out_and_a_removal_is_asked_about() {
    let world = World::open().await;
    let operator = world.person(OPERATOR).await;
    let own = format!("/admin/users/{}", id_of(&world, OPERATOR).await);
    let version = fields(&world.text(&operator, &own).await)["version"].clone();
    let form = [("email", OPERATOR), ("active", "1"), ("version", version.as_str())];
    let (status, _, page) = send(&world, &operator, &own, &form).await;
    assert_eq!(status, 422);
    assert!(page.contains("id=\"operator-fault\""), "{page}");
    let other = format!("/admin/users/{}", id_of(&world, "stranger@example.com").await);
    let asked = world.text(&operator, &format!("{other}/delete")).await;
    assert!(asked.contains("This cannot be undone."));
    let (status, location, _) =
        send(&world, &operator, &format!("{other}/delete"), &[("version", &fields(&asked)["version"])]).await;
    assert_eq!((status, location.as_str()), (303, "/admin/users?done=deleted"));
    assert_eq!(world.get(&operator, &other).await.status(), 404);
    world.close().await;
}

#[tokio::test]
async fn the_audit_is_filtered_paged_verified_and_taken_away() {
    World::on_both(async |world| {
        let operator = world.person(OPERATOR).await;
        let alpha = world.person("viewer@alpha.example").await;
        world.text(&alpha, "/tenant/alpha-works/dashboard/default").await;
        world.get(&alpha, "/tenant/beta-works").await;
        let page = world.text(&operator, "/admin/audit").await;
        assert!(page.contains("Chain verified"), "{page}");
        let of = async |query: &str| world.text(&operator, &format!("/admin/audit?{query}")).await;
        let denied = of("what=denied").await;
        assert!(denied.contains("beta-works") && !denied.contains("View dashboard</summary>"));
        let views = of("what=view_dashboard&tenant=alpha-works&who=viewer%40alpha.example").await;
        assert!(views.contains("View dashboard</summary>"));
        assert!(of("what=view_dashboard&tenant=beta-works").await.contains("No row matches"));
        assert!(of("from=2031-01-01").await.contains("No row matches"));
        assert!(of("until=2001-01-01").await.contains("No row matches"));
        assert!(of("tenant=nowhere").await.contains("there is no tenant"));
        assert!(of("from=yesterday").await.contains("is no day like"));
        let file = world.get(&operator, "/admin/audit.ndjson?what=view_dashboard").await;
        assert_eq!(file.headers()["content-type"], "application/x-ndjson");
        let lines: Vec<serde_json::Value> =
            file.text().await.expect("text").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| line["action"] == "view_dashboard"));
        assert_eq!(world.get(&operator, "/admin/audit.ndjson?tenant=nowhere").await.status(), 400);
        assert!(actions(world).await.contains(&"export".to_owned()));
    })
    .await;
}

/// The numbers of the rows on a page of the audit, and where the next one is.
fn leaf(page: &str) -> (Vec<i64>, Option<String>) {
    let number = |rest: &str| rest.split('<').next().and_then(|text| text.parse().ok()).expect("a row's number");
    let older = page.split("<a href=\"").skip(1).find_map(|rest| {
        let (href, after) = rest.split_once('"')?;
        after.starts_with(" rel=\"next\"").then(|| href.replace("&#38;", "&").replace("&amp;", "&"))
    });
    (page.split("<dt>Row</dt><dd>").skip(1).map(number).collect(), older)
}

#[tokio::test]
async fn the_pages_of_the_audit_leave_no_row_out_and_show_none_twice() {
    World::on_both(async |world| {
        let parts = &world.server.parts;
        let (operator, admin) = (world.person(OPERATOR).await, world.person("admin@alpha.example").await);
        let of = async |slug: &str| {
            let found = loggia::central::tenants::find(&parts.central, &slug.parse().expect("a slug")).await;
            found.expect("an answer").expect("a tenant").id
        };
        let (alpha, beta) = (of("alpha-works").await, of("beta-works").await);
        let actor = loggia::identity::console(loggia::domain::CorrelationId::new());
        let write = |n: usize, action: Action| {
            let about = loggia::central::audit::About::target(format!("target {n}"));
            parts.audit.push(&actor, action, about.in_tenant(if n.is_multiple_of(3) { beta } else { alpha }));
        };
        (0..180).for_each(|n| write(n, if n % 9 == 8 { Action::Export } else { Action::Denied }));
        for (who, address, search) in [
            (&operator, "/admin/audit", Search::default()),
            (&operator, "/admin/audit?what=denied", Search { action: Some(Action::Denied), ..Search::default() }),
            (
                &operator,
                "/admin/audit?what=denied&tenant=beta-works",
                Search { action: Some(Action::Denied), tenant: Some(beta), ..Search::default() },
            ),
            (&admin, "/tenant/alpha-works/audit", Search { tenant: Some(alpha), ..Search::default() }),
            (
                &admin,
                "/tenant/alpha-works/audit?what=denied",
                Search { action: Some(Action::Denied), tenant: Some(alpha), ..Search::default() },
            ),
        ] {
            let (mut shown, mut next, mut pages) = (Vec::new(), Some(address.to_owned()), Vec::new());
            while let Some(path) = next {
                assert!(path.split('?').next() == address.split('?').next() && pages.len() < 20, "{path}");
                let (rows, older) = leaf(&world.text(who, &path).await);
                pages.push(rows.len());
                shown.extend(rows);
                // what is written meanwhile is newer than every page that follows
                (0..3).for_each(|n| write(n, Action::Denied));
                parts.audit.flush().await.expect("written");
                next = older;
            }
            assert!(pages.len() >= 2 && pages.iter().rev().skip(1).all(|rows| *rows == 50), "{address}: {pages:?}");
            let newest = shown[0];
            let all = list(&parts.central, &search, 1_000).await.expect("rows");
            let all: Vec<i64> = all.into_iter().map(|row| row.id).filter(|id| *id <= newest).collect();
            assert_eq!(shown, all, "{address}: every row once, the newest first");
        }
        // Whatever else the address says, a tenant's administrators page through their own.
        let (rows, _) = leaf(&world.text(&admin, "/tenant/alpha-works/audit?tenant=beta-works&before=1000000").await);
        let own = list(&parts.central, &Search { tenant: Some(alpha), ..Search::default() }, 1_000).await.expect("rows");
        assert!(rows.len() == 50 && rows.iter().all(|id| own.iter().any(|row| row.id == *id)));
        let (rows, older) = leaf(&world.text(&operator, "/admin/audit?before=1").await);
        assert_eq!((rows, older), (Vec::new(), None), "before the first there is nothing");
    })
    .await;
}

#[tokio::test]
async fn a_row_altered_behind_the_programs_back_breaks_the_badge() {
    let world = World::open().await;
    let operator = world.person(OPERATOR).await;
    assert!(world.text(&operator, "/admin/audit").await.contains("Chain verified"));
    let file = world.home.path().join("data/loggia.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut db = sqlx::ConnectOptions::connect(&options).await.expect("the database");
    for sql in
        ["PRAGMA writable_schema = 1", "DELETE FROM sqlite_master WHERE type = 'trigger'", "PRAGMA writable_schema = RESET"]
    {
        sqlx::query(sql).execute(&mut db).await.expect("done");
    }
    sqlx::query("UPDATE audit_logs SET actor = 'somebody else' WHERE id = 2").execute(&mut db).await.expect("altered");
    let (status, location, _) = send(&world, &operator, "/admin/audit/verify", &[]).await;
    assert_eq!((status, location.as_str()), (303, "/admin/audit"));
    let page = world.text(&operator, "/admin/audit").await;
    assert!(page.contains("Chain broken") && page.contains("Row 2"), "{page}");
    world.close().await;
}

#[tokio::test]
async fn a_tenants_administrators_see_their_own_members_and_audit_and_no_others() {
    World::on_both(async |world| {
        let admin = world.person("admin@alpha.example").await;
        let members = world.text(&admin, "/tenant/alpha-works/members").await;
        assert!(members.contains("viewer@alpha.example") && !members.contains("beta.example"));
        let operator = world.person(OPERATOR).await;
        world.text(&operator, "/tenant/alpha-works/dashboard/default").await;
        let audit = world.text(&admin, "/tenant/alpha-works/audit").await;
        assert!(audit.contains("Operator access"), "an operator's look is shown to the tenant");
        assert!(world.text(&admin, "/tenant/alpha-works/audit?tenant=beta-works").await.contains("Operator access"));
        let file = world.text(&admin, "/tenant/alpha-works/audit.ndjson").await;
        let tenants: std::collections::BTreeSet<String> = file
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["tenant_id"].to_string())
            .collect();
        assert_eq!(tenants.len(), 1, "rows of this tenant alone");
        for path in ["members", "audit", "audit.ndjson", "devices"] {
            assert_eq!(world.get(&admin, &format!("/tenant/beta-works/{path}")).await.status(), 403);
            let viewer = world.person("viewer@alpha.example").await;
            assert_eq!(world.get(&viewer, &format!("/tenant/alpha-works/{path}")).await.status(), 403);
        }
    })
    .await;
}

#[tokio::test]
async fn a_tenant_is_edited_suspended_and_opened_again() {
    World::on_both(async |world| {
        let operator = world.person(OPERATOR).await;
        let alpha = world.person("viewer@alpha.example").await;
        assert!(world.text(&operator, "/admin/tenants?q=alpha").await.contains("alpha-works"));
        let page = world.text(&operator, "/admin/tenants/alpha-works").await;
        assert!(page.contains("alpha-works/tenant.yaml sets it: change it there."), "what the file sets is read-only");
        let suspend =
            async |status: &str| send(world, &operator, "/admin/tenants/alpha-works/status", &[("status", status)]).await.0;
        assert_eq!(suspend("suspended").await, 303);
        assert_eq!(world.get(&alpha, "/tenant/alpha-works/dashboard/default").await.status(), 403);
        assert_eq!(suspend("active").await, 303);
        assert_eq!(world.get(&alpha, "/tenant/alpha-works/dashboard/default").await.status(), 200);
        assert_eq!(suspend("gone").await, 422);
        let css = world.text(&operator, "/admin/tenants/alpha-works/brand.css?accent=%23ffe600").await;
        assert!(css.contains(".preview.light{--accent:") && css.contains(".preview.dark{"));
        assert_eq!(world.text(&operator, "/admin/tenants/alpha-works/brand.css?accent=red;}body{").await, "");

        let forget = "/admin/tenants/beta-works/delete";
        assert_eq!(send(world, &operator, forget, &[("slug", "alpha-works")]).await.0, 422);
        assert_eq!(send(world, &operator, forget, &[("slug", "beta-works")]).await.0, 303);
        assert_eq!(world.get(&operator, "/admin/tenants/beta-works").await.status(), 404);
    })
    .await;
}

#[tokio::test]
async fn a_datastore_is_added_tried_and_forgotten_and_its_password_never_comes_out() {
    World::on_both(async |world| {
        let operator = world.person(OPERATOR).await;
        let owned =
            send(world, &operator, "/admin/tenants/alpha-works/datastores/new", &[("kind", "sqlite"), ("url", "sqlite:x.db")]);
        let (status, _, page) = owned.await;
        assert!(status == 409 && page.contains("alpha-works/tenant.yaml"), "the file owns them: {status}");

        let parts = &world.server.parts;
        let new = loggia::tenancy::tenants::NewTenant { slug: "gamma".into(), name: "Gamma".into(), ..Default::default() };
        let console = loggia::identity::console(loggia::domain::CorrelationId::new());
        parts.tenancy.create(&console, new).await.expect("a tenant");
        let form = [
            ("kind", "postgres"),
            ("env", "any"),
            ("host", "127.0.0.1"),
            ("port", "1"),
            ("database", "gamma"),
            ("user", "reader"),
            ("password", "hunter2-hunter2"),
            ("uc_catalog", "my-catalog"),
        ];
        let (status, _, page) = send(world, &operator, "/admin/tenants/gamma/datastores/new", &form).await;
        assert!(status == 422 && page.contains("id=\"uc_catalog-fault\""), "{status}");
        let good: Vec<_> = form.iter().filter(|(name, _)| *name != "uc_catalog").copied().collect();
        let (status, location, page) = send(world, &operator, "/admin/tenants/gamma/datastores/new", &good).await;
        assert_eq!((status, location.as_str()), (303, "/admin/tenants/gamma?done=store"), "{page}");
        let page = world.text(&operator, "/admin/tenants/gamma").await;
        let store = page
            .split("/admin/tenants/gamma/datastores/")
            .find_map(|rest| rest.get(..36).filter(|id| id.contains('-') && !id.contains('"')));
        let path = format!("/admin/tenants/gamma/datastores/{}", store.expect("the datastore's page"));
        let form_page = world.text(&operator, &path).await;
        assert!(form_page.contains("value=\"reader\"") && !form_page.contains("hunter2"));
        let (status, _, tried) = send(world, &operator, &format!("{path}/test"), &[]).await;
        assert!(status == 200 && tried.contains("Not reached") && !tried.contains("hunter2"), "{status}");
        assert_eq!(send(world, &operator, &format!("{path}/delete"), &[]).await.0, 422, "it is asked about first");
        assert_eq!(send(world, &operator, &format!("{path}/delete"), &[("sure", "1")]).await.0, 303);
        assert_eq!(world.get(&operator, &path).await.status(), 404);
    })
    .await;
}

#[tokio::test]
async fn a_machine_clients_secret_is_shown_once() {
    let world = World::open().await;
    let operator = world.person(OPERATOR).await;
    let form = [("name", "Nightly import"), ("scopes.admin", "1"), ("tenants", "alpha-works")];
    let (status, _, page) = send(&world, &operator, "/admin/clients/new", &form).await;
    assert_eq!(status, 200, "{page}");
    let secret = page.split("<code>lgs_").nth(1).and_then(|rest| rest.split('<').next()).expect("the secret").to_owned();
    let list = world.text(&operator, "/admin/clients?q=nightly").await;
    assert!(list.contains("Nightly import") && list.contains("tenant:alpha-works:read"));
    let path = list
        .split("/admin/clients/")
        .find_map(|rest| rest.get(..36).filter(|id| id.matches('-').count() == 4 && !id.contains('"')));
    let path = format!("/admin/clients/{}", path.expect("its page"));
    let own = world.text(&operator, &path).await;
    assert!(!own.contains(&secret) && own.contains("proves itself by a secret"));
    let (status, _, rotated) = send(&world, &operator, &format!("{path}/secret"), &[("overlap", "1")]).await;
    assert!(status == 200 && rotated.contains("<code>lgs_") && !rotated.contains(&secret));
    let nameless = [("name", ""), ("scopes.admin", "1"), ("version", &fields(&rotated)["version"])];
    assert_eq!(send(&world, &operator, &path, &nameless).await.0, 422);
    let stale = [("name", "Other"), ("scopes.admin", "1"), ("version", &fields(&own)["version"])];
    let (status, _, page) = send(&world, &operator, &path, &stale).await;
    assert!(status == 409 && page.contains("Stored now: <b>Nightly import</b>"), "{status}");
    assert_eq!(send(&world, &operator, &format!("{path}/active"), &[("active", "0")]).await.0, 303);
    assert!(world.text(&operator, &path).await.contains("shut out"));
    assert_eq!(send(&world, &operator, &format!("{path}/delete"), &[("sure", "1")]).await.0, 303);
    assert_eq!(world.get(&operator, &path).await.status(), 404);
    world.close().await;
}

#[tokio::test]
async fn faults_of_the_files_in_use_are_listed_with_their_places() {
    let world = World::raise(crate::world::Setting {
        files: Some(|home| {
            std::fs::write(home.join("tenants/beta-works/panels/cpu.yaml"), "panel:\n  type: timeserie\n").expect("written")
        }),
        ..Default::default()
    })
    .await;
    let operator = world.person(OPERATOR).await;
    let page = world.text(&operator, "/admin/config").await;
    assert!(page.contains("beta-works/panels/cpu.yaml:2:") && page.contains("timeserie"), "{page}");
    assert!(world.text(&operator, "/admin").await.contains("/admin/config"));
    world.close().await;
}

#[tokio::test]
async fn ten_thousand_tenants_are_still_a_page() {
    let world = World::open().await;
    let operator = world.person(OPERATOR).await;
    let file = world.home.path().join("data/loggia.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut db = sqlx::ConnectOptions::connect(&options).await.expect("the database");
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
        INSERT INTO tenants (id, slug, name, status, rollout, config, created_at, updated_at) \
        SELECT randomblob(16), 'many-' || i, 'Many ' || printf('%05d', i), 'active', 'current', '{}', t.created_at, t.updated_at \
        FROM n, (SELECT created_at, updated_at FROM tenants LIMIT 1) t";
    sqlx::query(many).execute(&mut db).await.expect("made");
    let page = world.text(&operator, "/admin/tenants").await;
    assert!(page.contains("1–50 of 10,002"), "counted whole");
    assert!(page.len() < 60_000, "and drawn in pages: {} bytes", page.len());
    let found = world.text(&operator, "/admin/tenants?q=many+00777").await;
    assert!(found.contains("many-777") && found.contains("1–1 of 1"));
    assert!(world.text(&operator, "/admin/tenants?sort=slug&dir=desc&page=2").await.contains("51–100 of 10,002"));
    world.close().await;
}
