//! A map of the tenant's services and of the sources that send readings, worst first.

use std::collections::BTreeMap;
use std::fmt::Write;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::panel::{Answer, Call, Narrowed, Parameter, Trouble, Value, Wants, escaped};
use crate::query::{Aggregate, Bound, Name, Query, Source, TimeColumn, TimeFormat};

/// A map of services and sources.
pub(super) struct Endpoint;

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "include_offline",
        about: "Whether sources are shown that have sent nothing for an hour.",
        default: Value::Flag(false),
    },
    Parameter { name: "services", about: "The table of services.", default: Value::Text("service_health") },
    Parameter { name: "service_name", about: "Its column of names.", default: Value::Text("name") },
    Parameter {
        name: "service_status",
        about: "Its column of states: 0 healthy, 1 degraded, 2 down.",
        default: Value::Text("last_check_status"),
    },
    Parameter { name: "service_time", about: "Its column of times.", default: Value::Text("last_checked_at") },
    Parameter { name: "readings", about: "The table of readings.", default: Value::Text("metrics") },
    Parameter { name: "reading_source", about: "Its column of who sent them.", default: Value::Text("server_name") },
    Parameter {
        name: "reading_kind",
        about: "Its column of what was read; empty for none.",
        default: Value::Text("metric_type"),
    },
    Parameter { name: "reading_time", about: "Its column of times.", default: Value::Text("recorded_at") },
];

const FILTERS: &[Narrowed] = &[
    Narrowed { name: "service", about: "Which services are drawn." },
    Narrowed { name: "source", about: "Which sources are drawn." },
    Narrowed { name: "kind", about: "Which kinds of readings are drawn." },
];

/// Older than this, a source is offline.
const SILENT: TimeDelta = TimeDelta::hours(1);
/// What fits a panel and an eye.
const MOST_SERVICES: usize = 14;
const MOST_SOURCES: usize = 24;

struct Service {
    name: String,
    status: Option<i64>,
}

struct Group {
    kind: String,
    sources: Vec<(String, bool)>,
}

#[async_trait]
impl crate::panel::Endpoint for Endpoint {
    fn name(&self) -> &'static str {
        "network-topology"
    }

    fn about(&self) -> &'static str {
        "A map of the services in service_health and of the sources that send readings, by what they send."
    }

    fn gives(&self) -> Wants {
        Wants::Picture
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn filters(&self) -> &'static [Narrowed] {
        FILTERS
    }

    async fn answer(&self, call: &Call) -> Result<Answer, Trouble> {
        let (services, groups) = futures_util::join!(services(call), groups(call));
        let (services, groups) = (services?, groups?);
        if services.is_empty() && groups.is_empty() {
            let words = match ["service", "source", "kind"].iter().any(|what| call.chosen(what).next().is_some()) {
                true => "The filters leave neither services nor sources of the last day.",
                false => "Neither services nor sources have been seen in the last day.",
            };
            return Err(Trouble::Says(words.to_owned()));
        }
        Ok(Answer::Svg(draw(call.scope.name(), &services, &groups)))
    }
}

fn name(call: &Call, parameter: &str) -> Result<Name, Trouble> {
    Name::parse(call.text(parameter)).map_err(Trouble::Says)
}

fn source(table: Name, filters: Vec<Bound>) -> Source {
    Source { table, condition: None, order: Vec::new(), limit: None, filters }
}

/// How each service is, the worst first.
async fn services(call: &Call) -> Result<Vec<Service>, Trouble> {
    let key = name(call, "service_name")?;
    let query = Query::Latest {
        source: source(name(call, "services")?, call.bound("service", &key)),
        key,
        status: name(call, "service_status")?,
        time: Some(TimeColumn { column: name(call, "service_time")?, zone: Tz::UTC, format: TimeFormat::Iso }),
        message: None,
    };
    let frame = call.ask(&query).await?;
    let (Some(names), Some(states)) = (frame.column("key"), frame.column("status")) else { return Ok(Vec::new()) };
    let service = |i| Service {
        name: names.text(i).map_or_else(|| "no name".to_owned(), |name| name.into_owned()),
        status: states.number(i).map(|status| status.round() as i64),
    };
    let mut services: Vec<Service> = (0..frame.rows()).map(service).collect();
    services.sort_by(|a, b| b.status.cmp(&a.status).then_with(|| a.name.cmp(&b.name)));
    Ok(services)
}

/// Who sent readings in the last day, by what they sent.
async fn groups(call: &Call) -> Result<Vec<Group>, Trouble> {
    let time = name(call, "reading_time")?;
    let mut keys = vec![name(call, "reading_source")?];
    let mut filters = call.bound("source", &keys[0]);
    if !call.text("reading_kind").is_empty() {
        let kind = name(call, "reading_kind")?;
        filters.extend(call.bound("kind", &kind));
        keys.push(kind);
    }
    let query = Query::Groups {
        source: source(name(call, "readings")?, filters),
        keys,
        value: time.clone(),
        aggregate: Aggregate::Max,
        time: Some(TimeColumn { column: time, zone: Tz::UTC, format: TimeFormat::Iso }),
        range: Some(call.range()),
    };
    let frame = call.ask(&query).await?;
    let (Some(names), Some(newest)) = (frame.column("key"), frame.column("value")) else { return Ok(Vec::new()) };
    let kinds = frame.column("label");
    let heard = |at: Option<DateTime<Utc>>| at.is_some_and(|at| call.now() - at <= SILENT);
    let mut groups: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for i in 0..frame.rows() {
        let Some(name) = names.text(i) else { continue };
        let live = heard(newest.instant(i, Tz::UTC));
        if !live && !call.flag("include_offline") {
            continue;
        }
        let kind = kinds.and_then(|kinds| kinds.text(i)).map_or_else(|| "readings".to_owned(), |kind| kind.replace('_', " "));
        groups.entry(kind).or_default().push((name.into_owned(), live));
    }
    let mut groups: Vec<Group> = groups.into_iter().map(|(kind, sources)| Group { kind, sources }).collect();
    groups.iter_mut().for_each(|group| group.sources.sort());
    Ok(groups)
}

const WIDTH: usize = 720;
const ROW: usize = 26;
const TOP: usize = 34;

/// Services on the left, what they stand on to the right, the tenant between them.
fn draw(tenant: &str, services: &[Service], groups: &[Group]) -> String {
    let rows_right: usize = groups.iter().map(|group| group.sources.len().min(MOST_SOURCES)).sum::<usize>() + groups.len();
    let left = services.len().min(MOST_SERVICES);
    let height = TOP + ROW * left.max(rows_right.min(MOST_SOURCES)).max(3) + 10;
    let middle = (TOP + height) / 2;
    let mut out = String::with_capacity(8192);
    let _ = write!(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-size=\"13\">");
    let _ = write!(out, "<title>{}</title>", escaped(&words(tenant, services, groups)));
    heading(&mut out, 8, "Services");
    heading(&mut out, 508, "Sources");
    let mut edges = String::new();
    let mut nodes = String::new();
    for (i, service) in services.iter().take(MOST_SERVICES).enumerate() {
        let y = place(i, left, height);
        edge(&mut edges, (232, y), (300, middle), mark(service.status));
        node(&mut nodes, y, service);
    }
    let shown = rows_right.min(MOST_SOURCES);
    let mut row = 0;
    for (index, group) in groups.iter().enumerate() {
        if row + 1 >= MOST_SOURCES {
            break;
        }
        let color = format!("var(--s{})", index % 8 + 1);
        let y = place(row, shown, height);
        let _ = write!(
            nodes,
            "<text x=\"508\" y=\"{}\" fill=\"var(--ink-2)\" font-size=\"11.5\">{}</text>",
            y + 4,
            escaped(&cut(&group.kind, 28))
        );
        edge(&mut edges, (420, middle), (500, y), &color);
        row += 1;
        for (name, live) in group.sources.iter().take(MOST_SOURCES - row) {
            let y = place(row, shown, height);
            let (fill, ink) = if *live { (color.as_str(), "var(--ink)") } else { ("none", "var(--ink-3)") };
            let _ = write!(
                nodes,
                "<circle cx=\"524\" cy=\"{y}\" r=\"4\" fill=\"{fill}\" stroke=\"{color}\" stroke-width=\"1.5\"/><text x=\"536\" y=\"{}\" fill=\"{ink}\">{}{}</text>",
                y + 4,
                escaped(&cut(name, 24)),
                if *live { "" } else { " · offline" }
            );
            row += 1;
        }
    }
    out.push_str(&edges);
    let _ = write!(
        out,
        "<rect x=\"300\" y=\"{}\" width=\"120\" height=\"36\" rx=\"8\" fill=\"var(--surface)\" stroke=\"var(--accent)\" stroke-width=\"1.5\"/><text x=\"360\" y=\"{}\" text-anchor=\"middle\" font-weight=\"600\" fill=\"var(--ink)\">{}</text>",
        middle - 18,
        middle + 5,
        escaped(&cut(tenant, 15))
    );
    out.push_str(&nodes);
    out.push_str("</svg>");
    out
}

/// Row `i` of `count`, in the middle of what there is.
fn place(i: usize, count: usize, height: usize) -> usize {
    let free = (height - TOP - 10).saturating_sub(ROW * count) / 2;
    TOP + free + ROW * i + ROW / 2
}

fn heading(out: &mut String, x: usize, text: &str) {
    let _ = write!(out, "<text x=\"{x}\" y=\"16\" font-size=\"11.5\" font-weight=\"600\" fill=\"var(--ink-2)\">{text}</text>");
}

fn edge(out: &mut String, from: (usize, usize), to: (usize, usize), color: &str) {
    let bend = (from.0 + to.0) / 2;
    let _ = write!(
        out,
        "<path d=\"M{} {}C{bend} {} {bend} {} {} {}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\" opacity=\".55\"/>",
        from.0, from.1, from.1, to.1, to.0, to.1
    );
}

fn mark(status: Option<i64>) -> &'static str {
    match status {
        Some(0) => "var(--good-mark)",
        Some(1) => "var(--warn-mark)",
        Some(_) => "var(--bad-mark)",
        None => "var(--unknown-mark)",
    }
}

fn state(status: Option<i64>) -> &'static str {
    match status {
        Some(0) => "healthy",
        Some(1) => "degraded",
        Some(2) => "down",
        _ => "unknown",
    }
}

/// A service: shape, name and word say how it is, never the colour alone.
fn node(out: &mut String, y: usize, service: &Service) {
    let (color, x) = (mark(service.status), 12);
    let _ = match service.status {
        Some(0) => write!(out, "<circle cx=\"{}\" cy=\"{y}\" r=\"5\" fill=\"{color}\"/>", x + 5),
        Some(1) => write!(out, "<path d=\"M{} {}l5.5 10h-11z\" fill=\"{color}\"/>", x + 5, y - 5),
        Some(_) => write!(out, "<rect x=\"{x}\" y=\"{}\" width=\"10\" height=\"10\" fill=\"{color}\"/>", y - 5),
        None => write!(out, "<path d=\"M{} {}l5 5-5 5-5-5z\" fill=\"{color}\"/>", x + 5, y - 5),
    };
    let _ = write!(
        out,
        "<text x=\"30\" y=\"{}\" fill=\"var(--ink)\">{}</text><text x=\"224\" y=\"{}\" text-anchor=\"end\" font-size=\"11.5\" fill=\"var(--ink-2)\">{}</text>",
        y + 4,
        escaped(&cut(&service.name, 20)),
        y + 4,
        state(service.status)
    );
}

/// The drawing in words.
fn words(tenant: &str, services: &[Service], groups: &[Group]) -> String {
    let sources: usize = groups.iter().map(|group| group.sources.len()).sum();
    let told: Vec<String> = services.iter().map(|service| format!("{} {}", service.name, state(service.status))).collect();
    format!("{tenant}: {} services ({}), {sources} sources", services.len(), told.join(", "))
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
