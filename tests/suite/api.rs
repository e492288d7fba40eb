//! The public API: the same things as the pages, in the shapes that its document promises.

use loggia::domain::{CorrelationId, Role};
use loggia::identity;
use loggia::tenancy::members;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::world::proxy::{Proxy, Way};
use crate::world::{Kind, MARKS, PASSWORD, Person, Setting, World, session_cookie};

async fn told(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

async fn get(world: &World, person: &Person, path: &str) -> Value {
    let (status, body) = told(world.ask(person, Method::GET, path)).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

async fn send(world: &World, person: &Person, method: Method, path: &str, body: Value) -> (u16, Value) {
    told(world.ask(person, method, path).json(&body)).await
}

/// A token for one tenant, in exchange for somebody's session.
pub async fn token(world: &World, person: &Person, tenant: &str) -> String {
    let (status, body) = send(world, person, Method::POST, "/api/token/exchange", json!({ "tenant_id": tenant })).await;
    assert_eq!((status, &body["token_type"]), (200, &json!("Bearer")), "{body}");
    body["access_token"].as_str().expect("a token").to_owned()
}

fn is_problem(response: &Response, status: u16) {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

/// Makes somebody a member of both tenants.
async fn in_both(world: &World) -> Person {
    world.invite("both@example.com").await;
    let console = identity::console(CorrelationId::new());
    let email = "both@example.com".parse().unwrap();
    for slug in ["alpha-works", "beta-works"] {
        members::assign(&world.server.parts.tenancy, &console, &slug.parse().unwrap(), &email, Role::Viewer).await.unwrap();
    }
    world.person("both@example.com").await
}

#[tokio::test]
async fn a_dashboard_is_told_with_its_grid_and_its_panels() {
    World::on_both(async |world| {
        for (who, mark) in [("viewer@alpha.example", "MARKALPHA"), ("viewer@beta.example", "MARKBETA")] {
            let viewer = world.person(who).await;
            let list = get(world, &viewer, "/api/v1/dashboards").await;
            assert_eq!(list["dashboards"][0], json!({"name": "default", "title": format!("{mark} board"), "description": null}));
            assert_eq!(list["dashboards"].as_array().unwrap().len(), 2);
            let board = get(world, &viewer, "/api/v1/dashboards/default").await;
            assert_eq!((&board["name"], &board["layout"]["columns"]), (&json!("default"), &json!(12)));
            let cpu = &board["panels"][0];
            assert_eq!((&cpu["id"], &cpu["type"], &cpu["title"]), (&json!("cpu"), &json!("timeseries"), &json!("CPU")));
            assert_eq!(cpu["position"], json!({"row": 1, "col": 1, "width": 8, "height": 2}));
            let none = world.get(&viewer, "/api/v1/dashboards/none").await;
            is_problem(&none, 404);
            assert_eq!(none.headers()["cache-control"], "no-store");
        }
    })
    .await;
}

#[tokio::test]
async fn each_type_of_panel_answers_in_its_shape() {
    World::on_both(async |world| {
        for (who, mark) in [("viewer@alpha.example", "MARKALPHA"), ("viewer@beta.example", "MARKBETA")] {
            let viewer = world.person(who).await;
            let data = async |path: &str| get(world, &viewer, &format!("/api/v1/panels/{path}")).await;

            let cpu = data("cpu/data?start_date=now-8h").await;
            assert_eq!((&cpu["bucket_seconds"], &cpu["truncated"]), (&json!(null), &json!(false)));
            assert_eq!(cpu["series"][0]["label"], format!("{mark}-server"));
            let points = cpu["series"][0]["points"].as_array().unwrap();
            assert_eq!(points.len(), 120, "every reading, none thinned away");
            assert!(points[0][0].as_str().unwrap().ends_with('Z') && points[0][1].is_number(), "{}", points[0]);
            assert!(points.windows(2).all(|pair| pair[0][0].as_str() < pair[1][0].as_str()), "the oldest first");

            let number = data("number/data").await;
            let keys: Vec<&String> = number.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["value", "unit", "decimals", "status", "color", "label", "trend"]);
            assert_eq!((&number["value"], &number["unit"], &number["decimals"]), (&json!(20.0), &json!("%"), &json!(1)));
            assert_eq!((&number["status"], &number["trend"]), (&json!(null), &json!(null)));

            let health = data("health/data").await;
            let services = health["services"].as_array().unwrap();
            let names: Vec<&str> = services.iter().filter_map(|one| one["name"].as_str()).collect();
            assert_eq!(names, [format!("{mark}-api"), format!("{mark}-mail")], "the worst first");
            let worst = &services[0];
            assert_eq!((&worst["status"], &worst["label"], &worst["color"]), (&json!("bad"), &json!("Down"), &json!("#EF4444")));
            assert_eq!((&worst["code"], &worst["error_message"]), (&json!(2), &json!(format!("{mark} refused"))));
            assert!(worst["last_checked_at"].is_string());

            let rows = data("rows/data").await;
            assert_eq!(rows["columns"][0], json!({"name": "at", "display": "Time", "format": "datetime"}));
            assert_eq!(rows["columns"][2], json!({"name": "amount", "display": "Amount", "format": null}));
            assert_eq!((&rows["page"], &rows["page_size"], &rows["total"]), (&json!(1), &json!(5), &json!(12)));
            assert_eq!(rows["rows"][0]["service"], format!("{mark}-service-000"));
            assert!(rows["rows"][0]["at"].as_str().unwrap().ends_with('Z'), "{}", rows["rows"][0]);
            assert_eq!(rows["rows"][1]["amount"], 10);

            let words = data("words/data").await;
            assert!(words["content"]["date"].is_string(), "{words}");
            let map = data("map/data").await;
            assert_eq!(map["media_type"], "image/svg+xml");
        }
    })
    .await;
}

const GRIDS: &str = r#"dashboard:
  name: "Grids"
  panels:
    - id: by_server
      panel:
        type: heatmap
        title: By server
        data_source: { table: metrics, columns: { timestamp: recorded_at, value: cpu_percent, category: server_name } }
    - id: by_load
      panel:
        type: heatmap
        title: By load
        data_source: { table: metrics, columns: { timestamp: recorded_at, value: cpu_percent } }
        value_buckets: [20.05, 26, 90]
"#;

#[tokio::test]
async fn a_heatmap_is_told_cell_by_cell_by_its_categories_or_its_ranges() {
    let files = |home: &std::path::Path| {
        for (slug, _) in MARKS {
            std::fs::write(home.join(format!("tenants/{slug}/dashboards/grids.yaml")), GRIDS).unwrap();
        }
    };
    let world = World::raise(Setting { beta: Kind::Postgres, files: Some(files), ..Setting::default() }).await;
    for ((slug, mark), who) in MARKS.iter().zip(["viewer@alpha.example", "viewer@beta.example"]) {
        let viewer = world.person(who).await;
        let data = async |panel: &str| get(&world, &viewer, &format!("/api/v1/panels/{panel}/data?dashboard=grids")).await;
        let grid = data("by_server").await;
        assert_eq!((&grid["bucket_seconds"], &grid["truncated"]), (&json!(600), &json!(false)), "{slug}");
        assert_eq!((grid["rows"].as_array().unwrap().len(), &grid["rows"][0]["label"]), (1, &json!(format!("{mark}-server"))));
        let row = &grid["rows"][0];
        assert_eq!((&row["from"], &row["below"]), (&json!(null), &json!(null)));
        let cells = row["cells"].as_array().unwrap();
        assert!((12..=13).contains(&cells.len()), "two hours in tens of minutes: {row}");
        assert!(cells.windows(2).all(|pair| pair[0][0].as_str() < pair[1][0].as_str()), "the oldest first: {row}");
        assert!(cells.iter().all(|cell| (20.0..32.0).contains(&cell[1].as_f64().unwrap())), "{row}");
        let grid = data("by_load").await;
        let rows = grid["rows"].as_array().unwrap();
        let ends: Vec<_> = rows.iter().map(|row| (&row["label"], &row["from"], &row["below"])).collect();
        let (null, low, mid, high) = (json!(null), json!(20.05), json!(26.0), json!(90.0));
        assert_eq!(ends, [(&null, &null, &low), (&null, &low, &mid), (&null, &mid, &high), (&null, &high, &null)], "{slug}");
        let of = |row: &Value| row["cells"].as_array().unwrap().iter().map(|cell| cell[1].as_f64().unwrap()).sum::<f64>();
        let counts: Vec<f64> = rows.iter().map(of).collect();
        assert_eq!(counts, [1.0, 59.0, 60.0, 0.0], "every reading once, and a range without any is zero: {slug}");
        let report = get(&world, &viewer, "/api/v1/reports/by_load?dashboard=grids").await;
        assert_eq!(report["data"]["rows"].as_array().unwrap().len(), 4);
    }
    world.close().await;
}

#[tokio::test]
async fn a_table_is_sorted_searched_and_turned_by_parameters() {
    World::on_both(async |world| {
        let viewer = world.person("viewer@beta.example").await;
        let data = async |query: &str| get(world, &viewer, &format!("/api/v1/panels/rows/data?{query}")).await;
        let largest = data("sort=amount&dir=desc&page_size=3").await;
        assert_eq!((&largest["rows"][0]["amount"], &largest["page_size"]), (&json!(110), &json!(3)));
        assert_eq!(largest["rows"].as_array().unwrap().len(), 3);
        let second = data("sort=amount&dir=desc&page_size=3&page=2").await;
        assert_eq!((&second["rows"][0]["amount"], &second["page"]), (&json!(80), &json!(2)));
        let found = data("q=service-050").await;
        assert_eq!((&found["total"], &found["rows"][0]["amount"]), (&json!(1), &json!(50)));
        assert_eq!(data("page=9").await["rows"], json!([]), "beyond the last page there is nothing");
        for (query, field) in [
            ("sort=nothing", "sort"),
            ("page=0", "page"),
            ("page_size=100000", "page_size"),
            ("dir=up", "dir"),
            ("page=x", "page"),
        ] {
            let (status, problem) = told(world.ask(&viewer, Method::GET, &format!("/api/v1/panels/rows/data?{query}"))).await;
            assert_eq!((status, &problem["faults"][0]["field"]), (400, &json!(field)), "{query}: {problem}");
        }
    })
    .await;
}

#[tokio::test]
async fn range_buckets_and_series_are_parameters() {
    World::on_both(async |world| {
        let viewer = world.person("viewer@alpha.example").await;
        let data = async |query: &str| get(world, &viewer, &format!("/api/v1/panels/cpu/data?{query}")).await;
        assert_eq!(data("start_date=now-24h").await["bucket_seconds"], 60);
        assert_eq!(data("start_date=now-4d").await["bucket_seconds"], 600);
        let raw = data("start_date=now-4d&disable_aggregation=true").await;
        assert_eq!((&raw["bucket_seconds"], raw["series"][0]["points"].as_array().unwrap().len()), (&json!(null), 120));
        let now = loggia::domain::Clock::system().now();
        let (from, to) = (now - chrono::TimeDelta::minutes(30), now - chrono::TimeDelta::minutes(10));
        let iso = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let some = data(&format!("start_date={}&end_date={}", iso(from), iso(to))).await;
        assert_eq!(some["series"][0]["points"].as_array().unwrap().len(), 20);
        assert_eq!(data("start_date=2020-01-01&end_date=2020-01-02").await["series"], json!([]));
        assert_eq!(data("start_date=now-1h&series_filter=nobody").await["series"], json!([]));
        let one = data("start_date=now-1h&series_filter=nobody&series_filter=MARKALPHA-server").await;
        assert_eq!(one["series"].as_array().unwrap().len(), 1);
        for (query, field) in [
            ("start_date=yesterday", "start_date"),
            ("end_date=2026-13-01", "end_date"),
            ("start_date=2026-01-02&end_date=2026-01-01", "start_date"),
            ("disable_aggregation=perhaps", "disable_aggregation"),
            ("var-none=1", "filters"),
        ] {
            let (status, problem) = told(world.ask(&viewer, Method::GET, &format!("/api/v1/panels/cpu/data?{query}"))).await;
            assert_eq!((status, &problem["faults"][0]["field"]), (400, &json!(field)), "{query}: {problem}");
        }
        for path in ["none/data", "cpu/data?dashboard=none", "cpu/data?dashboard=second", "%2e%2e/data"] {
            is_problem(&world.get(&viewer, &format!("/api/v1/panels/{path}")).await, 404);
        }
        assert_eq!(get(world, &viewer, "/api/v1/panels/rows/data?dashboard=second").await["total"], 12);
    })
    .await;
}

#[tokio::test]
async fn eight_hours_at_ten_seconds_are_told_point_by_point() {
    let world = World::raise(Setting { beta: Kind::Postgres, ..Setting::default() }).await;
    let now = loggia::domain::Clock::system().now();
    let end = chrono::DateTime::from_timestamp(now.timestamp(), 0).unwrap();
    let (start, count) = (end - chrono::TimeDelta::hours(8), 2_880);
    // from the first moment of the range to ten seconds before its end; every value once
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.home.path().join("data/alpha-works.db"));
    let mut db = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let fill = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2879)
        INSERT INTO metrics SELECT strftime('%Y-%m-%d %H:%M:%S', ? + i * 10, 'unixepoch'), 'MARKALPHA-dense', i + 0.5 FROM n";
    sqlx::query(fill).bind(start.timestamp()).execute(&mut db).await.unwrap();
    let fill = format!(
        "INSERT INTO metrics SELECT to_timestamp({} + i * 10), 'MARKBETA-dense', i + 0.5 FROM generate_series(0, 2879) i",
        start.timestamp()
    );
    world.beta.as_ref().unwrap().execute(&fill).await;
    for (who, mark) in [("viewer@alpha.example", "MARKALPHA"), ("viewer@beta.example", "MARKBETA")] {
        let viewer = world.person(who).await;
        let iso = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let query = format!("start_date={}&end_date={}&series_filter={mark}-dense", iso(start), iso(end));
        let points = async |path: &str, at: &str| {
            let told = get(&world, &viewer, &format!("{path}?{query}")).await;
            let told = if at.is_empty() { &told } else { &told[at] };
            assert_eq!((&told["bucket_seconds"], &told["truncated"]), (&json!(null), &json!(false)), "{path}");
            let dense = told["series"].as_array().unwrap().iter().find(|one| one["label"] == format!("{mark}-dense"));
            dense.unwrap_or_else(|| panic!("{mark}: {told}"))["points"].as_array().unwrap().clone()
        };
        let data = points("/api/v1/panels/cpu/data", "").await;
        assert_eq!(data.len(), count, "{mark}");
        for (n, point) in data.iter().enumerate() {
            let at: chrono::DateTime<chrono::Utc> = point[0].as_str().unwrap().parse().unwrap();
            assert_eq!(
                (at, point[1].as_f64()),
                (start + chrono::TimeDelta::seconds(n as i64 * 10), Some(n as f64 + 0.5)),
                "{mark} {n}"
            );
        }
        // A second more, and they come in buckets.
        let longer = format!("start_date={}&end_date={}", iso(start - chrono::TimeDelta::seconds(1)), iso(end));
        let longer = get(&world, &viewer, &format!("/api/v1/panels/cpu/data?{longer}")).await;
        assert_eq!(longer["bucket_seconds"], 60, "{mark}");
    }
    world.close().await;
}

#[tokio::test]
async fn a_session_asks_about_the_tenant_it_selected() {
    World::on_both(async |world| {
        let both = in_both(world).await;
        let list = get(world, &both, "/api/v1/tenants").await;
        assert_eq!(
            (&list["total"], &list["tenants"][0]["slug"], &list["tenants"][0]["role"]),
            (&json!(2), &json!("alpha-works"), &json!("viewer"))
        );
        assert_eq!(get(world, &both, "/api/v1/tenants?q=beta").await["total"], 1);
        let undecided = world.get(&both, "/api/v1/dashboards").await;
        is_problem(&undecided, 409);
        assert_eq!(get(world, &both, "/api/me").await["tenant"], json!(null));
        // Looking at a page selects nothing.
        assert_eq!(world.get(&both, "/tenant/beta-works/dashboard/default").await.status(), 200);
        is_problem(&world.get(&both, "/api/v1/dashboards").await, 409);

        let id = list["tenants"][1]["id"].as_str().unwrap().to_owned();
        for (name, mark) in [("alpha-works", "MARKALPHA"), (id.as_str(), "MARKBETA")] {
            let (status, selected) = send(world, &both, Method::POST, &format!("/api/v1/tenants/{name}/select"), json!({})).await;
            assert_eq!((status, &selected["name"]), (200, &json!(format!("{mark} name"))));
            let board = get(world, &both, "/api/v1/dashboards/default").await;
            assert_eq!(board["title"], format!("{mark} board"));
            assert_eq!(get(world, &both, "/api/me").await["tenant"]["name"], format!("{mark} name"));
        }
        let viewer = world.person("viewer@alpha.example").await;
        let mut refusals = Vec::new();
        for other in ["beta-works", "no-such-tenant", &id] {
            let (status, mut problem) =
                send(world, &viewer, Method::POST, &format!("/api/v1/tenants/{other}/select"), json!({})).await;
            assert_eq!(status, 403, "{other}");
            problem["correlation_id"] = json!(null);
            refusals.push(problem);
        }
        assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]), "the same answer whether or not there is such a tenant");
    })
    .await;
}

#[tokio::test]
async fn signing_in_and_out_by_the_api_is_a_session_like_any_other() {
    World::on_both(async |world| {
        let nobody = Person::nobody();
        let login = |body: Value| world.ask(&nobody, Method::POST, "/api/v1/auth/login").json(&body).send();
        let good = login(json!({"email": "viewer@alpha.example", "password": PASSWORD})).await.unwrap();
        assert_eq!(good.status(), 200);
        let person = Person::with_cookie(&session_cookie(&good).expect("a session"));
        assert_eq!(good.json::<Value>().await.unwrap()["user"]["email"], "viewer@alpha.example");
        let me = get(world, &person, "/api/v1/auth/me").await;
        assert_eq!((&me["is_admin"], &me["tenants"][0]["slug"]), (&json!(false), &json!("alpha-works")));
        assert_eq!(me, get(world, &person, "/api/me").await);

        let mut refusals = Vec::new();
        for (email, password) in [("viewer@alpha.example", "wrong"), ("nobody@alpha.example", PASSWORD), ("", "")] {
            let bad = login(json!({"email": email, "password": password})).await.unwrap();
            is_problem(&bad, 401);
            assert!(session_cookie(&bad).is_none() && bad.headers().contains_key("www-authenticate"));
            refusals.push(bad.json::<Value>().await.unwrap()["detail"].clone());
        }
        assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]));
        for bad in [json!({"email": 1}), json!([]), json!({"email": "a@b.example", "password": "x", "admin": true})] {
            is_problem(&login(bad).await.unwrap(), 400);
        }
        // A form of another site cannot sign anybody in: it has no JSON.
        let form = world.ask(&nobody, Method::POST, "/api/v1/auth/login").form(&[("email", "viewer@alpha.example")]);
        is_problem(&form.send().await.unwrap(), 400);

        let foreign = reqwest::Client::new().post(world.url("/api/v1/auth/logout")).header("sec-fetch-site", "cross-site");
        is_problem(&foreign.header("cookie", person.cookie()).send().await.unwrap(), 403);
        let (status, answer) = send(world, &person, Method::POST, "/api/v1/auth/logout", json!({})).await;
        assert_eq!((status, answer), (200, json!({})));
        is_problem(&world.get(&person, "/api/me").await, 401);
    })
    .await;
}

#[tokio::test]
async fn an_operator_makes_a_user_gives_access_and_takes_it_away() {
    World::on_both(async |world| {
        let operator = world.person("operator@example.com").await;
        let users = "/api/v1/admin/users";
        let new = json!({"email": "nina@example.com", "full_name": "Nina Novak", "password": PASSWORD});
        let (status, nina) = send(world, &operator, Method::POST, users, new.clone()).await;
        assert_eq!((status, &nina["full_name"], &nina["tenants"]), (201, &json!("Nina Novak"), &json!([])), "{nina}");
        assert_eq!(send(world, &operator, Method::POST, users, new).await.0, 409, "the address is taken");
        let (status, problem) = send(world, &operator, Method::POST, users, json!({"email": "nina", "password": PASSWORD})).await;
        assert_eq!((status, &problem["faults"][0]["field"]), (400, &json!("email")), "{problem}");
        let (status, problem) =
            send(world, &operator, Method::POST, users, json!({"email": "n@example.com", "password": "short"})).await;
        assert_eq!((status, &problem["faults"][0]["field"]), (400, &json!("password")), "{problem}");

        let found = get(world, &operator, &format!("{users}?q=nina&sort=name&dir=desc&page_size=10")).await;
        assert_eq!((&found["total"], &found["users"][0]["id"]), (&json!(1), &nina["id"]));

        let person = world.person("nina@example.com").await;
        is_problem(&world.get(&person, "/api/v1/dashboards").await, 409);
        let id = nina["id"].as_str().unwrap();
        let one = format!("{users}/{id}");
        let (status, assigned) =
            send(world, &operator, Method::POST, &format!("{one}/tenants"), json!({"tenant_id": "alpha-works", "role": "admin"}))
                .await;
        assert_eq!((status, &assigned["tenants"][0]["role"]), (200, &json!("admin")), "{assigned}");
        let (status, problem) =
            send(world, &operator, Method::POST, &format!("{one}/tenants"), json!({"tenant_id": "none", "role": "admin"})).await;
        assert_eq!((status, &problem["faults"][0]["field"]), (400, &json!("tenant_id")));
        assert_eq!(get(world, &person, "/api/v1/dashboards/default").await["title"], "MARKALPHA board");
        assert_eq!(world.get(&person, "/tenant/alpha-works/dashboard/default").await.status(), 200);

        assert_eq!(
            world.ask(&operator, Method::DELETE, &format!("{one}/tenants/alpha-works")).send().await.unwrap().status(),
            204
        );
        assert_eq!(world.get(&person, "/tenant/alpha-works/dashboard/default").await.status(), 403);
        is_problem(&world.ask(&operator, Method::DELETE, &format!("{one}/tenants/alpha-works")).send().await.unwrap(), 404);

        let now = get(world, &operator, &one).await;
        let change = json!({"full_name": "Nina N.", "is_active": false, "updated_at": now["updated_at"]});
        let (status, changed) = send(world, &operator, Method::PUT, &one, change.clone()).await;
        assert_eq!((status, &changed["full_name"], &changed["is_active"]), (200, &json!("Nina N."), &json!(false)), "{changed}");
        let (status, stale) =
            send(world, &operator, Method::PUT, &one, json!({"full_name": "Other", "updated_at": now["updated_at"]})).await;
        assert_eq!(status, 409, "somebody changed it meanwhile: {stale}");
        is_problem(&world.get(&person, "/api/me").await, 401);

        let me = get(world, &operator, "/api/me").await["id"].as_str().unwrap().to_owned();
        is_problem(&world.ask(&operator, Method::DELETE, &format!("{users}/{me}")).send().await.unwrap(), 409);
        assert_eq!(world.ask(&operator, Method::DELETE, &one).send().await.unwrap().status(), 204);
        is_problem(&world.get(&operator, &one).await, 404);
        is_problem(&world.get(&operator, &format!("{users}/not-an-id")).await, 404);
    })
    .await;
}

#[tokio::test]
async fn a_report_tells_what_its_data_is_about_and_where_its_rows_are() {
    World::on_both(async |world| {
        let viewer = world.person("viewer@beta.example").await;
        let report = get(world, &viewer, "/api/v1/reports/rows?start_date=now-1h").await;
        assert_eq!((&report["panel"]["id"], &report["panel"]["type"]), (&json!("rows"), &json!("table")));
        assert_eq!((&report["tenant"], &report["dashboard"]), (&json!("MARKBETA name"), &json!("default")));
        assert_eq!((&report["range"]["zone"], &report["made_by"]), (&json!("Europe/Berlin"), &json!("viewer@beta.example")));
        assert_eq!(report["data"]["total"], 12);

        let csv = world.get(&viewer, report["exports"]["csv"].as_str().unwrap()).await;
        assert_eq!(csv.status(), 200);
        assert!(csv.headers()["content-type"].to_str().unwrap().starts_with("text/csv"));
        assert!(csv.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"beta-works_rows_"));
        assert_eq!(csv.text().await.unwrap().lines().count(), 13, "a heading and every row, not a page of them");
        let rows = get(world, &viewer, report["exports"]["json"].as_str().unwrap()).await;
        assert_eq!((rows["rows"].as_array().unwrap().len(), &rows["truncated"]), (12, &json!(false)));
        let lines = world.get(&viewer, "/api/v1/reports/rows/export?format=ndjson").await.text().await.unwrap();
        assert_eq!(lines.lines().count(), 12);
        is_problem(&world.get(&viewer, "/api/v1/reports/rows/export?format=xlsx").await, 400);
        is_problem(&world.get(&viewer, "/api/v1/reports/none/export").await, 404);
        is_problem(&world.get(&viewer, "/api/v1/reports/none").await, 404);
    })
    .await;
}

#[tokio::test]
async fn a_custom_endpoint_reads_what_its_panel_says_and_nothing_else() {
    World::on_both(async |world| {
        let viewer = world.person("viewer@alpha.example").await;
        let words = get(world, &viewer, "/api/v1/custom/daily-summary").await;
        assert!(words["date"].is_string(), "{words}");
        let map = world.get(&viewer, "/api/v1/custom/network-topology?panel=map").await;
        assert_eq!((map.status().as_u16(), &map.headers()["content-type"]), (200, &"image/svg+xml".parse().unwrap()));
        assert!(map.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
        // What it reads stands in the panel's file; a caller's word for it means nothing.
        let other = get(world, &viewer, "/api/v1/custom/daily-summary?table=error_logs&requests=1").await;
        assert_eq!(words, other);
        for path in ["none", "daily-summary?panel=map", "daily-summary?dashboard=second", "network-topology?panel=none"] {
            is_problem(&world.get(&viewer, &format!("/api/v1/custom/{path}")).await, 404);
        }
    })
    .await;
}

#[tokio::test]
async fn filters_are_saved_for_oneself_and_come_back() {
    World::on_both(async |world| {
        let text = "dashboard:\n  name: Filtered\n  filters:\n    - { id: size, label: Size, type: multi, choices: [s, m, l] }\n    - { id: words, label: Words, type: text }\n  panels:\n    - { id: rows, config_file: panels/rows.yaml }\n";
        std::fs::write(world.tenants_file("alpha-works/dashboards/filtered.yaml"), text).unwrap();
        let viewer = world.person("viewer@alpha.example").await;
        crate::world::eventually("the dashboard is live", async || {
            world.get(&viewer, "/api/v1/dashboards/filtered").await.status() == 200
        })
        .await;
        let board = get(world, &viewer, "/api/v1/dashboards/filtered").await;
        assert_eq!(board["filters"][0], json!({"id": "size", "label": "Size", "type": "multi", "choices": ["s", "m", "l"]}));
        let path = "/api/v1/preferences";
        let own = format!("{path}?dashboard=filtered");
        assert_eq!(get(world, &viewer, &own).await, json!({"dashboard": "filtered", "filters": {}}));
        let wanted = json!({"dashboard": "filtered", "filters": {"size": ["s", "l"], "words": "mail"}});
        let (status, saved) = send(world, &viewer, Method::POST, path, wanted.clone()).await;
        assert_eq!((status, &saved), (200, &wanted));
        assert_eq!(get(world, &viewer, &own).await, wanted);
        let admin = world.person("admin@alpha.example").await;
        assert_eq!(get(world, &admin, &own).await["filters"], json!({}), "what somebody saves is theirs alone");
        for filters in [json!({"none": "x"}), json!({"size": ["xxl"]}), json!({"size": {"a": 1}}), json!({"size": [1]})] {
            let (status, problem) = send(world, &viewer, Method::POST, path, json!({"dashboard": "filtered", "filters": filters})).await;
            assert_eq!(status, 400, "{problem}");
            assert!(problem["faults"][0]["field"].as_str().unwrap().starts_with("filters"), "{problem}");
        }
        assert_eq!(send(world, &viewer, Method::POST, path, json!({"dashboard": "none", "filters": {}})).await.0, 404);
        assert_eq!(get(world, &viewer, &own).await, wanted, "a refused change changes nothing");
    })
    .await;
}

#[tokio::test]
async fn a_dead_database_is_503_for_its_own_tenant_and_for_data_alone() {
    let proxy = Proxy::before_postgres().await;
    let world = World::raise(Setting { beta: Kind::Through(&proxy), ..Setting::default() }).await;
    let beta = world.person("viewer@beta.example").await;
    let alpha = world.person("viewer@alpha.example").await;
    assert_eq!(get(&world, &beta, "/api/v1/panels/number/data").await["value"], 20.0);
    proxy.set(Way::Cut).await;
    for path in ["/api/v1/panels/cpu/data", "/api/v1/reports/rows", "/api/v1/reports/rows/export"] {
        let response = world.get(&beta, path).await;
        is_problem(&response, 503);
        assert!(response.headers().contains_key("retry-after"), "{path}");
    }
    assert_eq!(world.get(&beta, "/api/v1/dashboards/default").await.status(), 200);
    assert_eq!(world.get(&alpha, "/api/v1/panels/cpu/data").await.status(), 200);
    world.close().await;
}

#[tokio::test]
async fn what_is_no_operation_is_told_to_those_who_are_signed_in() {
    World::on_both(async |world| {
        let viewer = world.person("viewer@alpha.example").await;
        for path in ["/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v1/panels/cpu", "/api/v1/dashboards/default/more"] {
            is_problem(&world.get(&Person::nobody(), path).await, 401);
            is_problem(&world.get(&viewer, path).await, 404);
        }
        let wrong = world.ask(&viewer, Method::DELETE, "/api/v1/tenants").send().await.unwrap();
        is_problem(&wrong, 405);
        assert_eq!(wrong.headers()["allow"], "GET, HEAD");
    })
    .await;
}

#[tokio::test]
async fn the_documentation_shows_every_operation_of_the_document() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let document = get(&world, &viewer, "/openapi.json").await;
    let page = world.text(&viewer, "/docs").await;
    for (id, method, path) in loggia::web::api::operations() {
        assert!(page.contains(&format!("id=\"{id}\"")) && page.contains(&path), "{method} {path} is not on the page");
        assert!(!document["paths"][&path][method.to_lowercase()].is_null(), "{method} {path} is not in the document");
    }
    assert!(page.contains("<code>application/problem+json</code>") && page.contains("<code>disable_aggregation</code>"));
    let told =
        page.split("<pre").enumerate().map(|(i, part)| if i == 0 { part } else { part.split("</pre>").nth(1).unwrap_or("") });
    assert!(!told.collect::<String>().contains('`'), "names stand apart, not between back-ticks");
    let foreign = ["style=\"", "src=\"http", "href=\"http"];
    assert!(foreign.iter().all(|what| !page.contains(what)), "nothing inline, nothing from outside");
    assert_eq!(world.get(&Person::nobody(), "/docs").await.status(), 303);
    is_problem(&world.get(&Person::nobody(), "/openapi.json").await, 401);
    world.close().await;
}

#[tokio::test]
async fn a_token_asks_about_its_tenant_and_tells_what_it_is() {
    World::on_both(async |world| {
        let both = in_both(world).await;
        let token = token(world, &both, "beta-works").await;
        let ask = |path: &str| world.ask(&Person::nobody(), Method::GET, path).header("authorization", format!("Bearer {token}"));
        let (status, board) = told(ask("/api/v1/dashboards/default")).await;
        assert_eq!((status, &board["title"]), (200, &json!("MARKBETA board")), "no tenant has to be selected");
        let (_, me) = told(ask("/api/me")).await;
        assert_eq!((&me["tenant"]["slug"], me["tenants"].as_array().unwrap().len()), (&json!("beta-works"), 1));
        let csv = ask("/api/v1/reports/rows/export").send().await.unwrap();
        assert_eq!(csv.text().await.unwrap().lines().count(), 13, "files are streamed to tokens too");
        let introspect = |token: &str| {
            let form = [("token", token.to_owned())];
            told(world.ask(&Person::nobody(), Method::POST, "/api/token/introspect").form(&form))
        };
        let (status, told_of) = introspect(&token).await;
        assert_eq!((status, &told_of["active"], &told_of["tenant"]), (200, &json!(true), &json!("beta-works")), "{told_of}");
        assert_eq!(introspect("nonsense").await, (200, json!({"active": false})));
        assert_eq!(introspect("").await.0, 400);
    })
    .await;
}
