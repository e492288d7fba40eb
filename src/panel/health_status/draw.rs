//! The services drawn, and counted in one line.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};

use super::Health;
use crate::frame::Frame;
use crate::panel::status::State;
use crate::panel::{Drawing, Html, ServiceData, View, cells, data, drawing, words};

/// What was wrong, at most so many characters of it.
const LONGEST_MESSAGE: usize = 1_000;

/// The most services that are drawn; nobody looks through more, and a page has to carry them.
const MOST: usize = 500;

/// The most states that are counted by name.
const STATES: usize = 12;

#[derive(Template)]
#[template(path = "health_status/view.html")]
struct Body {
    counts: String,
    services: Vec<Service>,
}

struct Service {
    severity: usize,
    name: String,
    state: State,
    when: Option<When>,
    message: Option<String>,
}

/// A time in human words, with the exact one behind it.
struct When {
    machine: String,
    words: String,
    exact: String,
}

impl Health {
    pub(super) fn drawing(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        let Some(frame) = frames.first().filter(|frame| !frame.is_empty()) else {
            return drawing::empty(&self.common, None, view);
        };
        let mut services: Vec<Service> = (0..frame.rows()).map(|i| self.service(frame, i, view)).collect();
        services.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.name.to_lowercase().cmp(&b.name.to_lowercase())));
        let counts = counts(&services);
        let mut notices = drawing::cut_notice(frame);
        if services.len() > MOST {
            services.truncate(MOST);
            notices.push(format!("The {MOST} in the worst state are shown."));
        }
        let checked = frame.column("time").and_then(|times| cells::newest(times, self.times));
        Drawing {
            stale_since: drawing::stale_since(&self.common, checked, view),
            note: checked.map(|at| format!("checked {}", words::lately(at, view))),
            notices,
            summary: format!("{}: {counts}", self.common.title),
            body: Html::of(&Body { counts, services }),
            ..Drawing::default()
        }
    }

    /// Every service as values, in the order they are drawn.
    pub(super) fn services(&self, frame: &Frame) -> Vec<ServiceData> {
        let mut services: Vec<(usize, ServiceData)> = (0..frame.rows()).map(|i| self.service_data(frame, i)).collect();
        services.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.to_lowercase().cmp(&b.1.name.to_lowercase())));
        services.into_iter().map(|(_, service)| service).collect()
    }

    fn service_data(&self, frame: &Frame, i: usize) -> (usize, ServiceData) {
        let text = |column: &str| frame.column(column).and_then(|values| values.text(i));
        let instant = |column: &str| frame.column(column).and_then(|values| cells::instant(values, i, self.times));
        let nothing = || (1, State::unknown());
        let (severity, state) = frame.column("status").map_or_else(nothing, |values| self.statuses.of(values, i));
        let service = ServiceData {
            name: text("key").map_or_else(|| "no name".to_owned(), std::borrow::Cow::into_owned),
            state: state.data(),
            code: frame.column("status").map_or(serde_json::Value::Null, |values| data::value(values, i, None)),
            since: instant("since"),
            checked_at: instant("time"),
            message: text("message").map(std::borrow::Cow::into_owned).filter(|text| !text.trim().is_empty()),
        };
        (severity, service)
    }

    fn service(&self, frame: &Frame, i: usize, view: &View) -> Service {
        let text = |column: &str| frame.column(column).and_then(|values| values.text(i));
        let instant = |column: &str| frame.column(column).and_then(|values| cells::instant(values, i, self.times));
        let nothing = || (1, State::unknown());
        let (severity, state) = frame.column("status").map_or_else(nothing, |values| self.statuses.of(values, i));
        let message = text("message").map(|text| words::cut(text.trim(), LONGEST_MESSAGE)).filter(|text| !text.is_empty());
        Service {
            severity,
            name: text("key").map_or_else(|| "no name".to_owned(), |name| words::cut(&name, 200)),
            state,
            when: when(instant("since"), instant("time"), view),
            message,
        }
    }
}

/// Since when it is so; where that is not known, when it was seen.
fn when(since: Option<DateTime<Utc>>, checked: Option<DateTime<Utc>>, view: &View) -> Option<When> {
    let exact = |at| words::exact(at, view.zone);
    match (since, checked) {
        (Some(since), checked) => {
            let checked = checked.map(|at| format!("; last checked {}", exact(at))).unwrap_or_default();
            let exact = format!("Since {}{checked}", exact(since));
            Some(When { machine: words::machine(since), words: words::since(since, view), exact })
        }
        (None, Some(checked)) => {
            let words = format!("checked {}", words::lately(checked, view));
            Some(When { machine: words::machine(checked), words, exact: format!("Last checked {}", exact(checked)) })
        }
        (None, None) => None,
    }
}

/// `1 down, 1 degraded, 4 healthy`, the worst first.
fn counts(services: &[Service]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for service in services {
        let label = service.state.label.as_str();
        let at = *known.entry(label).or_insert(counts.len());
        match counts.get_mut(at) {
            Some((_, count)) => *count += 1,
            None => counts.push((label, 1)),
        }
    }
    let told = counts.iter().take(STATES).map(|(label, count)| format!("{count} {}", words::in_sentence(label)));
    let others: usize = counts.iter().skip(STATES).map(|(_, count)| count).sum();
    told.chain((others > 0).then(|| format!("{others} in other states"))).collect::<Vec<_>>().join(", ")
}
