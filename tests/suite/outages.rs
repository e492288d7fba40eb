//! What is down, and what that may and may not cost: each panel for itself, each tenant for itself, and no session.

use std::time::{Duration, Instant};

use loggia::central::audit::{list, verify};
use loggia::central::{Central, audit::Search};
use loggia::domain::Clock;
use reqwest::{Client, Method, Response};

use crate::world::process::{Process, create_user};
use crate::world::proxy::{Proxy, Way};
use crate::world::{Kind, PASSWORD, Person, Setting, World, eventually, session_cookie, state};

const ALPHA: &str = "/tenant/alpha-works/dashboard/default";
const BETA: &str = "/tenant/beta-works/dashboard/default";
/// The statement timeout of a datastore behind a proxy (1 s), connecting (2 s), the page's budget, and a busy machine.
const SOON: Duration = Duration::from_secs(9);

async fn fragment(world: &World, person: &Person, panel: &str, query: &str) -> Response {
    let path = format!("{BETA}/panel/{panel}?{query}");
    world.ask(person, Method::GET, &path).header("hx-request", "true").send().await.expect("an answer")
}

async fn state_of(world: &World, person: &Person, panel: &str, query: &str) -> (String, String) {
    let response = fragment(world, person, panel, query).await;
    assert_eq!(response.status(), 200, "{panel}");
    let state = response.headers()["x-loggia-state"].to_str().expect("text").to_owned();
    (state, response.text().await.expect("text"))
}

fn says_nothing_of_the_inside(text: &str) {
    for word in ["sqlx", "127.0.0.1", "os error", "relation", "postgres", "loggia_test", "SELECT"] {
        assert!(!text.contains(word), "“{word}” is told: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tenants_dead_database_is_told_in_its_panels_and_costs_nobody_else_anything() {
    let proxy = Proxy::before_postgres().await;
    let world = World::raise(Setting { beta: Kind::Through(&proxy), ..Setting::default() }).await;
    let (alpha, beta) = (world.person("viewer@alpha.example").await, world.person("viewer@beta.example").await);
    for way in [Way::Cut, Way::Hanging] {
        // A question that was answered before, and one that never was.
        let known = "from=2026-01-01&to=2026-01-02";
        eventually("beta is well", async || state_of(&world, &beta, "rows", "fresh=1").await.0 == "ready").await;
        assert_eq!(state_of(&world, &beta, "rows", known).await.0, "ready");
        proxy.set(way).await;
        let began = Instant::now();
        let (failed, text) = state_of(&world, &beta, "rows", &format!("rows.q={way:?}")).await;
        assert!(began.elapsed() < SOON, "{way:?} took {:?}", began.elapsed());
        assert_eq!(failed, "failed", "{way:?}: {text}");
        assert!(text.contains("The tenant&#39;s database") || text.contains("The tenant's database"), "{text}");
        assert!(text.contains("Reference <code>"), "{text}");
        says_nothing_of_the_inside(&text);
        // What it said before is shown, with its time.
        let (stale, text) = state_of(&world, &beta, "rows", &format!("{known}&fresh=1")).await;
        assert_eq!(stale, "stale", "{text}");
        assert!(text.contains("stale since ") && text.contains("MARKBETA-service-"), "{text}");
        says_nothing_of_the_inside(&text);
        // The whole page is there, in time, each panel telling its own.
        let began = Instant::now();
        let page = world.text(&beta, &format!("{BETA}?from=now-2h&to=now-{}m&rows.q=page{way:?}", 30 + way as u8)).await;
        assert!(began.elapsed() < SOON, "{way:?}: the page took {:?}", began.elapsed());
        assert_eq!(state(&page, "rows"), "failed", "{way:?}");
        says_nothing_of_the_inside(&page);
        // The other tenant notices nothing while several people look at the dead one.
        let waiting: Vec<_> = (0..8).map(|n| fragment_later(&world, &beta, format!("rows.q=more{n}"))).collect();
        for _ in 0..5 {
            let began = Instant::now();
            let page = world.text(&alpha, &format!("{ALPHA}?fresh=1")).await;
            assert!(began.elapsed() < Duration::from_secs(1), "{way:?}: the other tenant waited {:?}", began.elapsed());
            for panel in ["cpu", "number", "health", "rows"] {
                assert_eq!(state(&page, panel), "ready", "{way:?}: {panel}");
            }
        }
        for task in waiting {
            task.await.expect("it is answered");
        }
        assert_eq!(world.get(&beta, "/").await.status(), 303, "nobody is signed out by it");
        assert_eq!(world.get(&Person::nobody(), "/ready").await.status(), 200, "and the server is ready");
        proxy.set(Way::Open).await;
        eventually("it recovers by itself", async || {
            state_of(&world, &beta, "rows", &format!("rows.q={way:?}")).await.0 != "failed"
        })
        .await;
        eventually("all of the page recovers", async || !world.text(&beta, BETA).await.contains("data-state=\"failed\"")).await;
    }
    world.close().await;
}

fn fragment_later(world: &World, person: &Person, query: String) -> tokio::task::JoinHandle<()> {
    let request = world.ask(person, Method::GET, &format!("{BETA}/panel/rows?{query}")).header("hx-request", "true");
    tokio::spawn(async move {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-loggia-state"], "failed");
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_broken_table_is_one_broken_panel() {
    let world = World::raise(Setting { beta: Kind::Postgres, ..Setting::default() }).await;
    let beta = world.beta.as_ref().expect("its database");
    let viewer = world.person("viewer@beta.example").await;
    beta.execute("ALTER TABLE error_logs RENAME TO gone").await;
    let page = world.text(&viewer, BETA).await;
    assert_eq!(state(&page, "rows"), "failed");
    assert!(page.contains("refused the query of this panel"), "{page}");
    for panel in ["cpu", "number", "health"] {
        assert_eq!(state(&page, panel), "ready", "{panel}");
    }
    says_nothing_of_the_inside(&page);
    beta.execute("ALTER TABLE gone RENAME TO error_logs").await;
    assert_eq!(state(&world.text(&viewer, BETA).await, "rows"), "ready", "it is back at once");
    // A table that changes under prepared queries is a table that changed.
    beta.execute("ALTER TABLE error_logs ALTER amount TYPE text USING amount::text").await;
    assert_eq!(state(&world.text(&viewer, &format!("{BETA}?fresh=1")).await, "rows"), "ready");
    // The database's own restart of a connection is nobody's business either.
    beta.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
    assert_eq!(state(&world.text(&viewer, &format!("{BETA}?fresh=1")).await, "rows"), "ready");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slow_panel_keeps_its_place_and_the_others_do_not_wait_for_it() {
    let world = World::raise(Setting { beta: Kind::Postgres, ..Setting::default() }).await;
    let beta = world.beta.as_ref().expect("its database");
    let viewer = world.person("viewer@beta.example").await;
    // Slow for as long as a lock is held: nobody has to guess how long that is.
    beta.execute("ALTER TABLE error_logs RENAME TO kept; CREATE TABLE gate (); CREATE VIEW error_logs AS SELECT kept.* FROM kept WHERE (SELECT count(*) FROM gate) >= 0").await;
    let mut lock = beta.connect().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE gate IN ACCESS EXCLUSIVE MODE").execute(&mut lock).await.expect("locked");
    let with_script = Person::with_cookie(&format!("{}; loggia_js=1", viewer.cookie()));
    let began = Instant::now();
    let page = world.text(&with_script, BETA).await;
    let took = began.elapsed();
    assert!(took < Duration::from_millis(2_500), "with a script the page waited {took:?}");
    assert_eq!(state(&page, "rows"), "loading");
    assert!(page.contains(" data-late") && page.contains("<noscript>"), "{page}");
    for panel in ["cpu", "number", "health"] {
        assert_eq!(state(&page, panel), "ready", "{panel}");
    }
    // Without a script the page waits: it comes when the gate opens, whole. The fragment asks the same question once.
    let patient = {
        let request = world.ask(&viewer, Method::GET, BETA);
        tokio::spawn(async move { request.send().await.expect("an answer").text().await.expect("text") })
    };
    let late = {
        let request = world.ask(&with_script, Method::GET, &format!("{BETA}/panel/rows")).header("hx-request", "true");
        tokio::spawn(async move { request.send().await.expect("an answer").text().await.expect("text") })
    };
    let waiting = async || {
        let mut look = beta.connect().await;
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut look).await.expect("a count")
    };
    eventually("the panel's questions wait", async || waiting().await > 0).await;
    assert!(waiting().await <= 3, "the rows, their count and the summary's: three questions, however many people wait for them");
    assert!(!patient.is_finished() && !late.is_finished());
    sqlx::raw_sql("COMMIT").execute(&mut lock).await.expect("unlocked");
    assert_eq!(state(&patient.await.expect("the page"), "rows"), "ready");
    let late = late.await.expect("the fragment");
    assert!(state(&late, "rows") == "ready" && late.contains("MARKBETA-service-"), "{late}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_query_that_never_ends_is_ended_on_the_database_too() {
    let proxy = Proxy::before_postgres().await;
    let world = World::raise(Setting { beta: Kind::Through(&proxy), ..Setting::default() }).await;
    let beta = world.beta.as_ref().expect("its database");
    let viewer = world.person("viewer@beta.example").await;
    beta.execute("ALTER TABLE error_logs RENAME TO kept; CREATE VIEW error_logs AS SELECT kept.* FROM kept, pg_sleep(600)").await;
    let began = Instant::now();
    let page = world.text(&viewer, BETA).await;
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(state(&page, "rows"), "failed");
    assert!(page.contains("did not answer within 1 s"), "{page}");
    for panel in ["cpu", "number", "health"] {
        assert_eq!(state(&page, panel), "ready", "{panel}");
    }
    let asleep = async || {
        let mut look = beta.connect().await;
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut look).await.expect("a count")
    };
    eventually("nothing sleeps on", async || asleep().await == 0).await;
    world.close().await;
}

#[tokio::test]
async fn a_database_file_that_is_replaced_is_the_new_one_at_once() {
    let world = World::open().await;
    let viewer = world.person("viewer@alpha.example").await;
    let rows = async || world.text(&viewer, &format!("{ALPHA}/panel/rows?fresh=1")).await;
    assert!(rows().await.contains("MARKALPHA-service-"));
    let file = world.home.path().join("data/alpha-works.db");
    let (aside, fresh) = (file.with_extension("old"), file.with_extension("new"));
    std::fs::copy(&file, &fresh).expect("copied");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&fresh);
    let mut db = sqlx::ConnectOptions::connect(&options).await.expect("a database");
    sqlx::raw_sql("UPDATE error_logs SET service = 'newer-' || service").execute(&mut db).await.expect("changed");
    sqlx::Connection::close(db).await.expect("closed");
    std::fs::rename(&file, &aside).expect("moved");
    let text = rows().await;
    assert!(
        state(&text, "rows") == "stale" && text.contains("cannot be reached"),
        "without its file the last answer stands: {text}"
    );
    std::fs::rename(&fresh, &file).expect("moved");
    eventually("the new file's rows", async || rows().await.contains("newer-MARKALPHA")).await;
    std::fs::write(&file, b"this is no database, however much it is called one").expect("written");
    let text = rows().await;
    assert!(matches!(state(&text, "rows").as_str(), "failed" | "stale"), "{text}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_its_central_database_the_server_says_so_and_signs_nobody_out() {
    let proxy = Proxy::before_postgres().await;
    let world = World::raise(Setting { central: Kind::Through(&proxy), ..Setting::default() }).await;
    let viewer = world.person("viewer@alpha.example").await;
    assert_eq!(world.get(&viewer, ALPHA).await.status(), 200);
    for way in [Way::Cut, Way::Hanging] {
        proxy.set(way).await;
        // What is remembered for a few seconds may still be served; then everything says the same.
        let fragment = format!("{ALPHA}/panel/cpu");
        eventually("the outage is noticed", async || world.get(&viewer, "/").await.status() == 503).await;
        eventually("by panels too", async || world.get(&viewer, &fragment).await.status() == 503).await;
        let form = [("email", "viewer@alpha.example"), ("password", PASSWORD)];
        let answers = futures_util::future::join_all(
            [
                world.ask(&viewer, Method::GET, "/"),
                world.ask(&viewer, Method::GET, ALPHA),
                world.ask(&viewer, Method::GET, &fragment),
                world.ask(&viewer, Method::GET, &fragment).header("hx-request", "true"),
                world.ask(&viewer, Method::GET, "/tenant/no-such-tenant"),
                world.ask(&viewer, Method::POST, "/logout"),
                world.ask(&Person::nobody(), Method::POST, "/login").form(&form),
                world.ask(&Person::nobody(), Method::GET, "/ready"),
            ]
            .map(|request| async move {
                let began = Instant::now();
                (request.send().await.expect("an answer"), began.elapsed())
            }),
        )
        .await;
        for (response, took) in answers {
            let about = format!("{way:?}: {}", response.url());
            assert_eq!(response.status(), 503, "{about}");
            assert!(took < Duration::from_secs(20), "{about} took {took:?}");
            assert!(response.headers()["retry-after"].to_str().expect("text").parse::<u32>().expect("seconds") > 0, "{about}");
            assert_eq!(response.headers()["cache-control"], "no-store", "{about}");
            assert!(response.headers().get("set-cookie").is_none(), "{about} touches the session");
            let text = response.text().await.expect("text");
            assert!(!text.contains("signed out") && !text.contains("Sign in again"), "{about}: {text}");
            says_nothing_of_the_inside(&text);
        }
        assert_eq!(world.get(&Person::nobody(), "/health").await.status(), 200);
        assert_eq!(world.get(&Person::nobody(), "/login").await.status(), 200, "the sign-in page needs nothing");
        proxy.set(Way::Open).await;
        eventually("it recovers", async || world.get(&viewer, ALPHA).await.status() == 200).await;
        assert_eq!(world.get(&Person::nobody(), "/ready").await.status(), 200);
    }
    world.server.parts.audit.flush().await.expect("what was noted meanwhile is written");
    let verdict = verify(&world.server.parts.central).await.expect("an answer");
    assert_eq!(verdict.broken, None);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_is_killed_while_it_writes_has_lost_nothing_it_promised() {
    let world = World::open().await;
    let home = world.home.path().to_owned();
    // The program goes on by itself with what this server leaves behind.
    world.server.stop().await;
    create_user(&home, "ann@example.com", PASSWORD, "alpha-works:viewer");
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let mut cookies = Vec::new();
    for round in 0..3 {
        let mut process = Process::start(&home, &format!("log{round}"));
        // Whoever was told "you are in" before a kill still is.
        for cookie in &cookies {
            let response =
                client.get(format!("{}{ALPHA}", process.address)).header("cookie", cookie).send().await.expect("an answer");
            assert_eq!(response.status(), 200, "round {round}: a session that was promised is gone");
        }
        let given = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (client, address, given) = (client.clone(), process.address.clone(), given.clone());
                tokio::spawn(async move {
                    let form = [("email", "ann@example.com"), ("password", PASSWORD)];
                    while let Ok(response) = client.post(format!("{address}/login")).form(&form).send().await {
                        match session_cookie(&response) {
                            Some(cookie) => given.lock().expect("the list").push(cookie),
                            None => return,
                        }
                    }
                })
            })
            .collect();
        eventually("some are in", async || given.lock().expect("the list").len() >= 3).await;
        process.kill();
        for task in tasks {
            let _ = task.await;
        }
        cookies.extend(given.lock().expect("the list").iter().cloned());
    }
    let url = format!("sqlite://{}", home.join("data/loggia.db").display());
    let central = Central::connect(&url, Clock::system()).await.expect("the database");
    let verdict = verify(&central).await.expect("an answer");
    assert_eq!(verdict.broken, None);
    let rows = list(&central, &Search { action: Some(loggia::central::audit::Action::SignIn), ..Search::default() }, 1_000)
        .await
        .expect("rows");
    assert!(rows.len() >= cookies.len(), "{} sign-ins are in the audit, {} were promised", rows.len(), cookies.len());
}
