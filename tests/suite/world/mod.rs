//! The stage of the suite: a real server with two tenants, each with a mark in its data that nobody else may ever see.

#![allow(dead_code)] // each story uses a part of the stage

pub mod console;
pub mod dash;
pub mod idp;
pub mod people;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod upstream;
pub mod vault;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use loggia::app::{self, Running};
use loggia::domain::{Clock, CorrelationId, Email, Role};
use loggia::identity::accounts::{self, NewAccount};
use loggia::identity::{self, Cost, Policy};
use loggia::panel::Endpoints;
use loggia::settings::{Flags, Settings};
use loggia::tenancy::members;
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;

/// What stands in every text of a tenant's data.
pub const MARKS: [(&str, &str); 2] = [("alpha-works", "MARKALPHA"), ("beta-works", "MARKBETA")];
/// Everybody's password.
pub const PASSWORD: &str = "correct horse";

/// Somebody of the stage: name, tenant and role, operator.
type Somebody = (&'static str, Option<(&'static str, Role)>, bool);

/// The people of the stage.
const PEOPLE: &[Somebody] = &[
    ("viewer@alpha.example", Some(("alpha-works", Role::Viewer)), false),
    ("admin@alpha.example", Some(("alpha-works", Role::Admin)), false),
    ("viewer@beta.example", Some(("beta-works", Role::Viewer)), false),
    ("stranger@example.com", None, false),
    ("operator@example.com", None, true),
];

/// Which database, and by which way it is reached.
#[derive(Clone, Copy, Default)]
pub enum Kind<'a> {
    /// A file.
    #[default]
    Sqlite,
    /// A PostgreSQL database of its own.
    Postgres,
    /// The same, behind a proxy that can be cut or made to hang.
    Through(&'a proxy::Proxy),
}

/// What may be different from one stage to another.
#[derive(Default)]
pub struct Setting<'a> {
    /// Settings as `LOGGIA_…` variables.
    pub variables: &'a [(&'a str, &'a str)],
    /// The clock; the machine's own unless it is held.
    pub clock: Option<Clock>,
    /// The database of the tenant beta.
    pub beta: Kind<'a>,
    /// The central database.
    pub central: Kind<'a>,
    /// Changes the tenants' files before the server reads them; it is given the folder of everything.
    pub files: Option<fn(&Path)>,
    /// What custom panels ask, in place of the program's own endpoints.
    pub endpoints: Option<Endpoints>,
}

/// A running server and its folders.
pub struct World {
    /// The server.
    pub server: Running,
    /// The folder of everything.
    pub home: TempDir,
    /// Beta's own database, where it is PostgreSQL.
    pub beta: Option<postgres::Scratch>,
    /// The central database, where it is PostgreSQL.
    pub central: Option<postgres::Scratch>,
    client: Client,
}

/// Somebody with a browser: a session, or nobody.
#[derive(Clone, Debug, Default)]
pub struct Person {
    cookie: Option<String>,
}

impl World {
    /// Opens the stage with settings as `LOGGIA_…` variables.
    pub async fn with(variables: &[(&str, &str)]) -> World {
        World::raise(Setting { variables, ..Setting::default() }).await
    }

    /// Runs a story on SQLite alone, then with a tenant and the central database on PostgreSQL.
    pub async fn on_both(story: impl AsyncFn(&World)) {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            println!("on {}", if matches!(kind, Kind::Sqlite) { "SQLite" } else { "PostgreSQL" });
            let world = World::raise(Setting { beta: kind, central: kind, ..Setting::default() }).await;
            story(&world).await;
            world.close().await;
        }
    }

    /// Opens the stage as described.
    pub async fn raise(setting: Setting<'_>) -> World {
        let home = tempfile::tempdir().expect("a folder");
        for (slug, mark) in MARKS {
            tenant(home.path(), slug, mark).await;
        }
        let beta = match setting.beta {
            Kind::Sqlite => None,
            kind => Some(on_postgres(home.path(), kind).await),
        };
        let central = match setting.central {
            Kind::Sqlite => None,
            _ => Some(postgres::database().await),
        };
        if let Some(change) = setting.files {
            change(home.path());
        }
        let mut environment: BTreeMap<String, String> = BTreeMap::from([
            ("LOGGIA_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("LOGGIA_INTERNAL_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("LOGGIA_SECRET_KEY".to_owned(), "a key for tests alone, 32 bytes.".to_owned()),
            ("LOGGIA_DATA_DIR".to_owned(), home.path().join("data").display().to_string()),
            ("LOGGIA_TENANTS_DIR".to_owned(), home.path().join("tenants").display().to_string()),
            ("LOGGIA_OPERATORS__READ_TENANTS".to_owned(), "true".to_owned()),
            ("LOGGIA_RATE_LIMIT__ENABLED".to_owned(), "false".to_owned()),
        ]);
        if let Some(scratch) = &central {
            environment.insert("LOGGIA_DATABASE_URL".to_owned(), by_way(&scratch.url, setting.central));
        }
        environment.extend(setting.variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        let settings = Settings::load(&Flags::default(), &environment).expect("settings");
        let clock = setting.clock.unwrap_or_else(Clock::system);
        let started = match setting.endpoints {
            Some(endpoints) => app::start_with(settings, clock, endpoints).await,
            None => app::start(settings, clock).await,
        };
        let server = started.expect("the server starts");
        for (email, membership, operator) in PEOPLE {
            admit(&server, email, *membership, *operator).await;
        }
        let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        World { server, home, beta, central, client }
    }

    /// Opens the stage.
    pub async fn open() -> World {
        World::with(&[]).await
    }

    /// A file under the tenants folder.
    pub fn tenants_file(&self, path: &str) -> std::path::PathBuf {
        self.home.path().join("tenants").join(path)
    }

    /// Makes somebody who is in no tenant.
    pub async fn invite(&self, email: &str) {
        admit(&self.server, email, None, false).await;
    }

    /// Signs somebody in.
    pub async fn person(&self, email: &str) -> Person {
        let form = [("email", email), ("password", PASSWORD)];
        let response = self.client.post(self.url("/login")).form(&form).send().await.expect("an answer");
        assert_eq!(response.status(), 303, "{email} signs in");
        Person { cookie: Some(session_cookie(&response).expect("a session")) }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.public)
    }

    /// A request as somebody's browser sends it.
    pub fn ask(&self, person: &Person, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, self.url(path)).header("sec-fetch-site", "same-origin");
        match &person.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    /// Opens a page as somebody.
    pub async fn get(&self, person: &Person, path: &str) -> Response {
        self.ask(person, Method::GET, path).send().await.expect("an answer")
    }

    /// A page's text.
    pub async fn text(&self, person: &Person, path: &str) -> String {
        let response = self.get(person, path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.expect("text")
    }

    /// What the internal listener says.
    pub async fn internal(&self, path: &str) -> Response {
        self.client.get(format!("http://{}{path}", self.server.internal)).send().await.expect("an answer")
    }

    /// Closes the stage.
    pub async fn close(self) {
        self.server.stop().await;
    }
}

impl Person {
    /// Nobody in particular.
    pub fn nobody() -> Person {
        Person::default()
    }

    /// The cookie they send.
    pub fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap_or_default()
    }

    /// Somebody with a session that was never given.
    pub fn with_cookie(cookie: &str) -> Person {
        Person { cookie: Some(cookie.to_owned()) }
    }
}

/// A new RSA key as PEM.
pub fn pem() -> String {
    use rsa::pkcs1::EncodeRsaPrivateKey;
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("a key");
    key.to_pkcs1_pem(rsa::pkcs1::LineEnding::LF).expect("PEM").to_string()
}

/// Waits until something is so, for as long as a slow machine may need.
pub async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(40);
    while !is_so().await {
        assert!(tokio::time::Instant::now() < patience, "in vain waited for: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// The state of a panel, as its page tells it.
pub fn state(page: &str, panel: &str) -> String {
    let section = page.split(&format!(" id=\"p-{panel}\"")).nth(1).unwrap_or_else(|| panic!("no panel {panel} on the page"));
    let word = section.split("data-state=\"").nth(1).and_then(|rest| rest.split('"').next());
    word.expect("a state").to_owned()
}

/// The `name=value` of the session's cookie that an answer sets.
pub fn session_cookie(response: &Response) -> Option<String> {
    let cookies = response.headers().get_all("set-cookie").iter().filter_map(|v| v.to_str().ok());
    cookies
        .filter_map(|line| line.split(';').next())
        .find(|pair| pair.starts_with("loggia=") || pair.starts_with("__Host-loggia="))
        .map(str::to_owned)
}

async fn admit(server: &Running, email: &str, membership: Option<(&str, Role)>, operator: bool) {
    let console = identity::console(CorrelationId::new());
    let email: Email = email.parse().expect("an address");
    let account = NewAccount { email: email.clone(), name: Some("Somebody".to_owned()), password: PASSWORD.to_owned(), operator };
    // The least work a hash can be: these tests are not about guessing passwords.
    let cost = Cost { memory_kib: 8, passes: 1 };
    accounts::create(&server.parts.central, &console, account, Policy::Real, cost).await.expect("an account");
    if let Some((slug, role)) = membership {
        let slug = slug.parse().expect("a slug");
        members::assign(&server.parts.tenancy, &console, &slug, &email, role).await.expect("a membership");
    }
}

/// A tenant's files and database; every text in both carries its mark.
async fn tenant(home: &Path, slug: &str, mark: &str) {
    let folder = home.join("tenants").join(slug);
    fs::create_dir_all(folder.join("dashboards")).expect("a folder");
    fs::create_dir_all(folder.join("panels")).expect("a folder");
    fs::create_dir_all(home.join("data")).expect("a folder");
    let write = |path: &str, text: String| fs::write(folder.join(path), text).expect("written");
    write(
        "tenant.yaml",
        format!(
            "tenant:\n  name: \"{mark} name\"\n  timezone: \"Europe/Berlin\"\n  branding: {{ accent: \"#3B82F6\" }}\n  datastore:\n    kind: sqlite\n    url: \"sqlite:{slug}.db\"\n"
        ),
    );
    write(
        "dashboards/default.yaml",
        format!(
            "dashboard:\n  name: \"{mark} board\"\n  panels:\n    - {{ id: cpu, config_file: panels/cpu.yaml }}\n    - {{ id: number, config_file: panels/number.yaml }}\n    - {{ id: health, config_file: panels/health.yaml }}\n    - {{ id: rows, config_file: panels/rows.yaml }}\n    - {{ id: map, config_file: panels/map.yaml }}\n    - {{ id: words, config_file: panels/words.yaml }}\n"
        ),
    );
    write("panels/map.yaml", "panel:\n  type: custom_image\n  title: Map\n  endpoint: /api/v1/custom/network-topology\n  parameters: { service_status: status, service_time: checked_at, reading_kind: \"\" }\n".to_owned());
    write("panels/words.yaml", "panel:\n  type: custom_template\n  title: Words\n  endpoint: /api/v1/custom/daily-summary\n  parameters: { value: cpu_percent, requests: \"server_name LIKE '%'\", response_time: \"server_name LIKE '%'\", error_time: at, errors: \"amount >= 0\" }\n  template: \"<b>{{ date }}</b> {{ total_requests }}\"\n".to_owned());
    write(
        "dashboards/second.yaml",
        format!("dashboard:\n  name: \"{mark} second\"\n  panels:\n    - {{ id: rows, config_file: panels/rows.yaml }}\n"),
    );
    write("panels/cpu.yaml", "panel:\n  type: timeseries\n  title: CPU\n  data_source:\n    table: metrics\n    columns: { timestamp: recorded_at, value: cpu_percent, series_label: server_name }\n".to_owned());
    write("panels/number.yaml", "panel:\n  type: kpi\n  title: Newest\n  data_source:\n    table: metrics\n    columns: { value: cpu_percent }\n    query: \"server_name LIKE '%' ORDER BY recorded_at DESC LIMIT 1\"\n  display: { unit: \"%\", decimals: 1 }\n".to_owned());
    write("panels/health.yaml", "panel:\n  type: health_status\n  title: Services\n  data_source:\n    table: service_health\n    columns: { service_name: name, status_value: status, timestamp: checked_at, error_message: message }\n  display:\n    status_mapping:\n      0: { color: \"#10B981\", label: Healthy }\n      2: { color: \"#EF4444\", label: Down }\n".to_owned());
    write("panels/rows.yaml", "panel:\n  type: table\n  title: Errors\n  range: ignore\n  data_source:\n    table: error_logs\n    columns:\n      - { name: at, display: Time, format: datetime }\n      - { name: service, display: Service }\n      - { name: amount, display: Amount }\n  display: { pagination: 5, default_sort: at, default_sort_order: desc }\n".to_owned());
    let options = SqliteConnectOptions::new().filename(home.join("data").join(format!("{slug}.db"))).create_if_missing(true);
    let mut db = options.connect().await.expect("a database");
    fill(&mut db, mark).await;
}

async fn fill(db: &mut SqliteConnection, mark: &str) {
    let run = "CREATE TABLE metrics (recorded_at TEXT, server_name TEXT, cpu_percent REAL);
        CREATE TABLE service_health (name TEXT, status INTEGER, checked_at TEXT, message TEXT);
        CREATE TABLE error_logs (at TEXT, service TEXT, amount NUMERIC);";
    db.execute(run).await.expect("tables");
    let now = Clock::system().now();
    for minute in 0..120 {
        let at = (now - TimeDelta::minutes(minute)).format("%Y-%m-%d %H:%M:%S").to_string();
        let insert = sqlx::query("INSERT INTO metrics VALUES (?, ?, ?)")
            .bind(&at)
            .bind(format!("{mark}-server"))
            .bind(20.0 + minute as f64 / 10.0);
        insert.execute(&mut *db).await.expect("a row");
        if minute % 10 == 0 {
            let insert = sqlx::query("INSERT INTO error_logs VALUES (?, ?, ?)")
                .bind(&at)
                .bind(format!("{mark}-service-{minute:03}"))
                .bind(minute);
            insert.execute(&mut *db).await.expect("a row");
        }
    }
    for (name, status) in [("api", 2), ("mail", 0)] {
        let at = now.format("%Y-%m-%d %H:%M:%S").to_string();
        let insert = sqlx::query("INSERT INTO service_health VALUES (?, ?, ?, ?)")
            .bind(format!("{mark}-{name}"))
            .bind(status)
            .bind(at)
            .bind(format!("{mark} refused"));
        insert.execute(&mut *db).await.expect("a row");
    }
}

/// Beta's data in a PostgreSQL database, and its file saying so.
async fn on_postgres(home: &Path, kind: Kind<'_>) -> postgres::Scratch {
    let ((slug, mark), scratch) = (MARKS[1], postgres::database().await);
    scratch.execute(&format!(
        "CREATE TABLE metrics (recorded_at timestamptz, server_name text, cpu_percent float8);
         INSERT INTO metrics SELECT now() - n * interval '1 minute', '{mark}-server', 20 + n / 10.0 FROM generate_series(0, 119) n;
         CREATE TABLE service_health (name text, status int, checked_at timestamptz, message text);
         INSERT INTO service_health VALUES ('{mark}-api', 2, now(), '{mark} refused'), ('{mark}-mail', 0, now(), '{mark} refused');
         CREATE TABLE error_logs (at timestamptz, service text, amount numeric);
         INSERT INTO error_logs SELECT now() - n * interval '10 minutes', '{mark}-service-' || lpad((n * 10)::text, 3, '0'), n * 10 FROM generate_series(0, 11) n;"
    )).await;
    let timeout = if matches!(kind, Kind::Through(_)) { "1s" } else { "5s" };
    let file = format!(
        "tenant:\n  name: \"{mark} name\"\n  timezone: \"Europe/Berlin\"\n  branding: {{ accent: \"#3B82F6\" }}\n  datastore:\n    kind: postgres\n    url: \"{}\"\n    statement_timeout: {timeout}\n",
        by_way(&scratch.url, kind)
    );
    fs::write(home.join("tenants").join(slug).join("tenant.yaml"), file).expect("written");
    scratch
}

/// A database's address, by way of the proxy where there is one.
fn by_way(url: &str, kind: Kind<'_>) -> String {
    let Kind::Through(proxy) = kind else { return url.to_owned() };
    let mut url = url::Url::parse(url).expect("a URL");
    url.set_host(Some("127.0.0.1")).expect("a host");
    url.set_port(Some(proxy.port)).expect("a port");
    url.into()
}
