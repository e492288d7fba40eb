//! Draws every page with realistic words into `target/look`, where a browser can be pointed at them, and reads the markup.

use std::fs;
use std::path::{Path, PathBuf};

use askama::Template;

use chrono::{DateTime, TimeDelta};

use super::chrome::{Assets, Chrome, Link, Theme, UserView};
use super::dashboard::{DashboardPage, RangeControls, Reach, Steps};
use super::error::{ErrorPage, Way};
use super::heading::{FaultLine, Heading};
use super::landing::{LandingPage, TenantCard};
use super::login::{DemoAccount, DemoAccounts, LoginPage, ProviderLink};
use super::logout::LogoutPage;
use super::panel::{PanelFrame, PanelPage, PanelState, Place, Updated};
use crate::chart::{Chart, Gaps, Line, Point, Threshold, spark};
use crate::domain::{TimeRange, Unit};
use crate::panel::{Address, Badge, Html, Level};

#[derive(Template)]
#[template(source = "{{ markup|safe }}", ext = "html")]
struct Sample {
    markup: String,
}

fn html(markup: impl Into<String>) -> Html {
    Html::of(&Sample { markup: markup.into() })
}

fn state(class: &str, word: &str) -> String {
    let shape = match class {
        "good" => r#"<circle cx="5" cy="5" r="5"/>"#,
        "warn" => r#"<path d="M5 0 10 10H0z"/>"#,
        _ => r#"<rect width="10" height="10"/>"#,
    };
    format!(r#"<span class="state {class}"><svg viewBox="0 0 10 10" aria-hidden="true">{shape}</svg>{word}</span>"#)
}

fn day() -> TimeRange {
    let from = DateTime::from_timestamp(1_775_880_000, 0).unwrap();
    TimeRange::new(from, from + TimeDelta::hours(24)).unwrap()
}

fn points(phase: f64, level: f64, swing: f64) -> Vec<Point> {
    let point = |i: i32| {
        let t = f64::from(i) / 95.0;
        let wave = (t * 12.0 + phase).sin() * 0.6 + (t * 53.0 + phase * 3.0).sin() * 0.4;
        let missing = (60..66).contains(&i) && phase > 1.0;
        Point { at: day().from() + TimeDelta::minutes(15 * i64::from(i)), value: (!missing).then_some(level + swing * wave) }
    };
    (0..96).map(point).collect()
}

fn chart(id: &str, title: &str, lines: &[(&str, f64, f64)]) -> Html {
    let line = |(name, level, swing): &(&str, f64, f64)| Line {
        label: (*name).into(),
        color: None,
        points: points(level / 20.0, *level, *swing),
    };
    let drawn = Chart {
        id: id.into(),
        title: title.into(),
        description: None,
        lines: lines.iter().map(line).collect(),
        range: day(),
        zone: chrono_tz::America::New_York,
        now: day().to(),
        step: Some(TimeDelta::minutes(15)),
        unit: Unit::Suffix("%".into()),
        decimals: None,
        y_label: None,
        y_range: (None, None),
        fill: lines.len() == 1,
        gaps: Gaps::Break,
        thresholds: vec![Threshold { value: 70.0, label: Some("too busy".into()), color: None }],
    };
    html(drawn.draw().svg.to_string())
}

fn kpi(value: &str, unit: &str, change: &str, phase: f64) -> Html {
    let spark = spark(&points(phase, 60.0, 20.0), day(), "Before");
    html(format!(
        r#"<div class="kpi"><div class="row"><p class="value">{value}<small>{unit}</small></p>{spark}</div><p>{change}</p></div>"#
    ))
}

fn health() -> Html {
    let rows = [
        ("bad", "Down", "checkout-api", "since 13:41"),
        ("warn", "Degraded", "search", "since 12:02"),
        ("good", "Healthy", "catalogue", "9 days"),
        ("good", "Healthy", "auth", "31 days"),
        ("good", "Healthy", "mail", "31 days"),
        ("good", "Healthy", "warehouse-sync", "4 days"),
    ];
    let rows: String = rows
        .iter()
        .map(|(class, word, name, since)| {
            let name = match *class {
                "bad" => format!(r#"<details class="tip"><summary>{name}</summary><span class="detail">payment-gateway: connection refused, 3 tries in 30 s</span></details>"#),
                _ => (*name).to_owned(),
            };
            let since = format!(r#"<time class="tip end" title="Apr 11, 13:41:07" tabindex="0">{since}<span class="detail">Apr 11, 13:41:07</span></time>"#);
            format!(r#"<li>{}<span class="name">{name}</span>{since}</li>"#, state(class, word))
        })
        .collect();
    html(format!(
        r#"<p class="sum">1 down, 1 degraded, 4 healthy · checked <time data-ago="1766000000000">20 s ago</time></p><ul class="health" tabindex="0" role="list" aria-label="Services">{rows}</ul>"#
    ))
}

fn table() -> Html {
    let rows = [
        ("13:59:07", "checkout-api", "bad", "Critical", "upstream payment-gateway refused the connection (3 tries)", 412),
        ("13:56:07", "checkout-api", "bad", "Critical", "order 84311 could not be confirmed: timeout after 30 s", 38),
        ("13:53:07", "search", "warn", "Error", "index shard 4 is read-only, disk 95 % full", 17),
        ("13:50:07", "search", "warn", "Error", "query took 12.4 s, cancelled", 9),
        ("13:47:07", "mail", "warn", "Error", "recipient rejected: mailbox full", 3),
        ("13:44:07", "auth", "warn", "Error", "token signed by an unknown key", 2),
    ];
    let rows: String = rows
        .iter()
        .map(|(at, service, class, word, text, n)| {
            format!(r#"<tr><td><time>Apr 11, {at}</time></td><td>{service}</td><td>{}</td><td class="grow"><span class="clip" tabindex="0">{text}</span></td><td class="n">{n}</td></tr>"#, state(class, word))
        })
        .collect();
    html(format!(
        r##"<form class="tools" method="get"><div class="search"><input type="search" name="errors.q" aria-label="Search Recent errors" placeholder="Search"><button class="pick">Search</button></div><details class="filters"><summary>Filter</summary><div><label class="field"><span>Service</span><input name="errors.f.service"></label><label class="field"><span>Severity</span><input name="errors.f.severity"></label><button class="pick">Apply</button></div></details></form><div class="scroll" tabindex="0" role="region" aria-label="Recent errors"><table><thead><tr><th aria-sort="descending" scope="col"><a href="#1">Time</a></th><th scope="col"><a href="#2">Service</a></th><th scope="col"><a href="#3">Severity</a></th><th scope="col"><a href="#4">Error</a></th><th class="n" scope="col"><a href="#5">Count</a></th></tr></thead><tbody>{rows}</tbody></table></div><div class="pager"><span>1–6 of 50 rows</span><nav aria-label="Pages of Recent errors"><a href="#p">Previous</a><a href="#n">Next</a></nav></div>"##
    ))
}

fn address() -> Address {
    Address { path: "/tenant/acme-corp/dashboard/default".into(), query: vec![("tz".into(), "America/New_York".into())] }
}

fn chrome(title: &str) -> Chrome {
    let link = |name: &str, current| Link { name: name.into(), href: "/tenant/acme-corp".into(), current };
    Chrome {
        title: title.into(),
        assets: Assets {
            css: "loggia.css".into(),
            js: "loggia.js".into(),
            htmx: "htmx.min.js".into(),
            icon: "loggia.svg".into(),
            brand: None,
        },
        user: Some(UserView { name: "Vera Viewer".into(), email: "viewer@acme.example".into() }),
        tenants: vec![link("Acme Corp", true), link("Global Retail <&> Sons", false), link("This server", false)],
        dashboards: vec![link("Operations", true), link("Customer lifetime value", false)],
        page: address(),
        ..Chrome::default()
    }
}

fn stranger(title: &str) -> Chrome {
    Chrome { user: None, tenants: Vec::new(), dashboards: Vec::new(), ..chrome(title) }
}

fn frame(key: &str, kind: &'static str, title: &str, place: (u16, u16, u16, u16), state: PanelState) -> PanelFrame {
    let (col, row, width, height) = place;
    PanelFrame {
        key: key.into(),
        kind,
        place: Place { col, row, width, height },
        title: title.into(),
        description: None,
        detail: Some(format!("/tenant/acme-corp/dashboard/default/panel/{key}/detail")),
        note: None,
        badge: None,
        turn: None,
        notices: Vec::new(),
        truncated: false,
        summary: String::new(),
        updated: Some(Updated { ms: 1_766_000_000_000, iso: "2026-04-11T18:05:00Z".into(), words: "14:05".into() }),
        refresh_seconds: Some(60),
        fragment: format!("/tenant/acme-corp/dashboard/default/panel/{key}?from=now-24h&to=now"),
        again: "/tenant/acme-corp/dashboard/default?fresh=1".into(),
        etag: Some("\"a1b2\"".into()),
        state,
    }
}

fn badge(level: Level, label: &str) -> Option<Badge> {
    Some(Badge { level, label: label.into() })
}

fn panels() -> Vec<PanelFrame> {
    let cpu = chart("cpu-chart", "CPU", &[("ec2-5f5533", 55.0, 6.0), ("rds-cc0c53", 20.0, 4.0), ("ec2-53ea38", 8.0, 2.0)]);
    let network = chart("network-chart", "Network in", &[("ec2-257a54", 40.0, 20.0)]);
    let mut kpis = [
        ("requests", "Requests", Level::Good, "Good", kpi("1,284", "/ 5 min", "▲ 6.1 % on the day before", 0.1)),
        ("busiest", "CPU, busiest", Level::Bad, "Critical", kpi("96.6", "%", "▲ 2.4 points on the day before", 0.7)),
        ("net_in", "Network in", Level::Unknown, "No threshold", kpi("0.24", "MB/s", "▼ 1.0 % on the day before", 1.3)),
        ("db_cpu", "Database CPU", Level::Warn, "Warning", kpi("18.0", "%", "▲ 4.0 points on the day before", 1.9)),
    ]
    .into_iter()
    .zip([1, 4, 7, 10])
    .map(|((key, title, level, word, body), col)| PanelFrame {
        badge: badge(level, word),
        ..frame(key, "kpi", title, (col, 1, 3, 1), PanelState::Ready(body))
    })
    .collect::<Vec<_>>();
    kpis.extend([
        PanelFrame {
            description: Some("Mean use of each instance's processors, as the hypervisor sees it.".into()),
            note: Some("mean per 30 min".into()),
            summary: "CPU, 3 series, last 55 %, highest 61 % at 14:05".into(),
            notices: vec!["Cut at 50,000 rows; the range holds more.".into()],
            ..frame("cpu", "timeseries", "CPU by instance", (1, 2, 8, 3), PanelState::Ready(cpu))
        },
        frame("services", "health_status", "Services", (9, 2, 4, 3), PanelState::Ready(health())),
        PanelFrame {
            updated: None,
            etag: None,
            ..frame("elb", "timeseries", "Requests through the load balancer", (1, 5, 8, 2), PanelState::Loading)
        },
        PanelFrame {
            updated: None,
            etag: None,
            ..frame(
                "queue",
                "timeseries",
                "Queue depth",
                (9, 5, 4, 2),
                PanelState::Failed {
                    reason: "The tenant's database did not answer within 5 s.".into(),
                    correlation: Some("0d9c6e1a-8f7b-4d2e-9a51-3c2b1a0f9e8d".into()),
                    retry_seconds: Some(8),
                },
            )
        },
        frame("errors", "table", "Recent errors", (1, 7, 12, 3), PanelState::Ready(table())),
        frame(
            "deployments",
            "table",
            "Deployments",
            (1, 10, 4, 2),
            PanelState::Empty(html(
                r#"<div class="empty"><strong>No deployments</strong><span>between Apr 10, 00:00 and Apr 12, 00:00</span></div>"#,
            )),
        ),
        frame(
            "network",
            "timeseries",
            "Network in",
            (5, 10, 5, 2),
            PanelState::Stale { body: network, since: "13:20".into(), reason: "the source has sent nothing newer".into() },
        ),
        PanelFrame {
            updated: None,
            refresh_seconds: None,
            ..frame("gone", "kpi", "Orders", (10, 10, 3, 2), PanelState::SignedOut { sign_in: "/login?next=%2F".into() })
        },
    ]);
    kpis
}

fn range() -> RangeControls {
    let steps = Steps { back: Reach::new("now-48h", "now-24h"), forward: None, out: Reach::new("now-48h", "now") };
    RangeControls::new(
        &address(),
        Reach::new("now-24h", "now"),
        "Last 24 hours".into(),
        "America/New_York".into(),
        "New York".into(),
        &steps,
    )
}

fn dashboard(kiosk: bool) -> DashboardPage {
    let fault = |place: &str, message: &str| FaultLine { place: place.into(), message: message.into() };
    let heading = Heading {
        kiosk,
        filters: None,
        set: Vec::new(),
        next: None,
        name: "Operations".into(),
        description: Some("Compute, traffic and services of the production account".into()),
        range: range(),
        faults: vec![
            fault("tenants/acme-corp/panels/cpu.yaml:12:3", "unknown key “colour”; did you mean “color”?"),
            fault("tenants/acme-corp/dashboards/default.yaml:40:7", "“queue” and “cpu” overlap in row 3"),
        ],
        notices: vec!["“from=yesterdy” is not a time; the last 24 hours are shown.".into()],
    };
    DashboardPage { chrome: Chrome { kiosk, ..chrome("Operations · Acme Corp") }, heading, panels: panels() }
}

fn landing() -> LandingPage {
    let card = |name: &str, dashboards: &str, role: &str| TenantCard {
        name: name.into(),
        href: "/tenant/acme-corp".into(),
        dashboards: dashboards.into(),
        role: role.into(),
    };
    LandingPage {
        chrome: chrome("My tenants"),
        q: String::new(),
        total: 14,
        tenants: vec![
            card("Acme Corp", "2 dashboards", "You are an admin here"),
            card("Global Retail", "One dashboard", "You may look"),
            card("This server", "One dashboard", "You are an operator"),
        ],
        page: 1,
        pages: 2,
        previous: None,
        next: Some("/?all=1&page=2".into()),
    }
}

fn login(error: Option<&str>, demo: bool) -> LoginPage {
    let account =
        |email: &str, sees: &str| DemoAccount { email: email.into(), sees: sees.into(), href: format!("/login?email={email}") };
    let accounts = vec![
        account("viewer@acme.example", "Acme Corp alone"),
        account("analyst@example.com", "Acme Corp and Global Retail"),
        account("admin@example.com", "the operator: every tenant"),
    ];
    LoginPage {
        chrome: stranger("Sign in"),
        email: error.map(|_| "viewer@acme.example".to_owned()).unwrap_or_default(),
        next: "/tenant/acme-corp?a=1&b=\"".into(),
        error: error.map(str::to_owned),
        provider: (!demo).then(|| ProviderLink { label: "Corp & Sons".into(), href: "/login/oidc?next=%2F".into() }),
        local: true,
        demo: demo.then(|| DemoAccounts { password: "demo".into(), accounts }),
    }
}

fn logout() -> LogoutPage {
    LogoutPage { chrome: Chrome { page: Address { path: "/logout".into(), query: Vec::new() }, ..chrome("Sign out") } }
}

fn denied() -> ErrorPage {
    let chrome = chrome("Not one of your tenants");
    ErrorPage {
        status: 403,
        title: "Not one of your tenants".into(),
        happened: "You are signed in as viewer@acme.example, who is no member of the tenant in this address.".into(),
        advice: "Choose one of yours, or ask the person who sent you the link to have you added.".into(),
        tenants: chrome.tenants.clone(),
        ways: vec![
            Way { words: "My tenants".into(), href: "/?all=1".into() },
            Way { words: "Sign in as somebody else".into(), href: "/logout".into() },
        ],
        correlation: "0d9c6e1a-8f7b-4d2e-9a51-3c2b1a0f9e8d".into(),
        chrome,
    }
}

fn alone() -> PanelPage {
    let body = PanelState::Ready(chart("cpu-chart", "CPU", &[("ec2-5f5533", 55.0, 6.0), ("rds-cc0c53", 20.0, 4.0)]));
    PanelPage {
        chrome: chrome("CPU by instance · Acme Corp"),
        panel: PanelFrame { detail: None, ..frame("cpu", "timeseries", "CPU by instance", (1, 1, 12, 3), body) },
        dashboard_href: "/tenant/acme-corp/dashboard/default".into(),
        dashboard_name: "Operations".into(),
        range_words: "Last 24 hours".into(),
        zone_words: "New York".into(),
        zone: "America/New_York".into(),
        files: Vec::new(),
    }
}

fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("dashboard", dashboard(false).render().unwrap()),
        ("kiosk", dashboard(true).render().unwrap()),
        ("landing", landing().render().unwrap()),
        ("login", login(None, true).render().unwrap()),
        ("login-no", login(Some("E-mail or password is wrong."), false).render().unwrap()),
        ("logout", logout().render().unwrap()),
        ("error", denied().render().unwrap()),
        ("panel", alone().render().unwrap()),
    ]
}

fn joined(folder: &Path) -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_page_can_be_looked_at_in_a_browser() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = root.join("target/look");
    fs::create_dir_all(&out).unwrap();
    for (name, page) in pages() {
        assert!(page.trim_end().ends_with("</html>"), "{name} is whole");
        fs::write(out.join(name).with_extension("html"), page).unwrap();
    }
    fs::write(out.join("loggia.css"), joined(&root.join("static/css"))).unwrap();
    fs::write(out.join("loggia.js"), joined(&root.join("static/js"))).unwrap();
    fs::copy(root.join("static/vendor/htmx.min.js"), out.join("htmx.min.js")).unwrap();
    fs::copy(root.join("static/icons/loggia.svg"), out.join("loggia.svg")).unwrap();
}

#[test]
fn nothing_on_a_page_needs_more_than_the_policy_allows() {
    for (name, page) in pages() {
        for refused in [" style=", "<style", "hx-on", "js:", "javascript:", " onclick", " onload", "<script>"] {
            assert!(!page.contains(refused), "{name} contains {refused}");
        }
        let triggers: Vec<&str> = page.match_indices("hx-trigger=").map(|(at, _)| &page[at..at + 40]).collect();
        assert!(triggers.iter().all(|trigger| !trigger.contains('[')), "{name} filters a trigger");
    }
}

#[test]
fn no_two_things_on_a_page_have_the_same_id() {
    for (name, page) in pages() {
        let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name}");
    }
}

#[test]
fn a_name_full_of_markup_stays_a_name() {
    let page = dashboard(false).render().unwrap();
    assert!(page.contains("Global Retail &#60;&#38;&#62; Sons"));
    assert!(!page.contains("<&>"));
}

#[test]
fn a_panel_is_the_same_on_its_dashboard_and_as_a_fragment() {
    let page = dashboard(false).render().unwrap();
    for panel in panels() {
        assert!(page.contains(&panel.render().unwrap()), "{}", panel.key);
    }
}

#[test]
fn a_fragment_sends_its_own_etag_back() {
    let panel = panels().remove(0).render().unwrap();
    assert!(panel.contains(r#"hx-headers="{&#34;If-None-Match&#34;:&#34;\&#34;a1b2\&#34;&#34;}""#), "{panel}");
}

#[test]
fn a_late_panel_keeps_its_place_and_a_link_for_those_without_script() {
    let late = panels().into_iter().find(|panel| panel.key == "elb").unwrap().render().unwrap();
    assert!(late.contains("data-late") && late.contains("c1 w8 r5 h2") && late.contains("<noscript>"), "{late}");
}

#[test]
fn every_control_of_the_range_keeps_the_rest_of_the_view() {
    let range = range();
    let links = range.presets.iter().map(|preset| &preset.href).chain([&range.back, &range.out, &range.refresh, &range.kiosk]);
    for link in links {
        assert!(link.contains("tz=America%2FNew_York"), "{link}");
    }
    assert_eq!(range.keep, vec![("tz".to_owned(), "America/New_York".to_owned())]);
    assert!(range.presets.iter().any(|preset| preset.current && preset.name == "Last 24 hours"));
}

#[test]
fn the_page_that_asks_before_signing_out_has_one_button() {
    assert_eq!(logout().render().unwrap().matches("<button").count(), 1);
    assert_eq!(denied().render().unwrap().matches("<button").count(), 1);
}

#[test]
fn the_theme_named_is_the_theme_drawn() {
    let dark = LogoutPage { chrome: Chrome { theme: Theme::Dark, ..chrome("x") } }.render().unwrap();
    assert!(dark.contains(r#"data-theme="dark""#));
    let system = LogoutPage { chrome: chrome("x") }.render().unwrap();
    assert!(!system.contains("<html lang=\"en\" data-theme"));
    assert_eq!(Theme::parse("sepia"), None);
}

#[test]
fn the_scripts_stay_small() {
    use std::io::Write;
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for file in ["10-page.js", "20-refresh.js", "30-forms.js"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("static/js").join(file);
        gz.write_all(&fs::read(path).unwrap()).unwrap();
    }
    let size = gz.finish().unwrap().len();
    assert!(size < 8_000, "{size} bytes compressed");
}
