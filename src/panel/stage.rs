//! What the panels' tests stand on: a file, a view, a frame.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Address, Drawing, Panel, View, read};
use crate::domain::RangeSpec;
use crate::frame::{Column, Frame, Values};
use crate::yaml::Document;

pub(super) const HOSTILE: &str = "<script>alert('x')</script>\"&";

pub(super) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// 14:05 on Friday, November 20, 2026 in New York.
pub(super) fn now() -> DateTime<Utc> {
    at("2026-11-20T19:05:00Z")
}

/// A panel from its file; warnings are no faults.
pub(super) fn panel(text: &str) -> Arc<dyn Panel> {
    let document = Document::parse("panels/p.yaml", text).unwrap();
    read(&document).map(|(_, panel, _)| panel).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// `line:column message` of every fault and warning.
pub(super) fn faults(text: &str) -> Vec<String> {
    let document = Document::parse("panels/p.yaml", text).unwrap();
    let faults = match read(&document) {
        Ok((_, _, warnings)) => warnings,
        Err(faults) => faults,
    };
    faults.iter().map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.message)).collect()
}

/// The last `hours` in New York, as they are looked at on a dashboard, with parameters of the panel `p`.
pub(super) fn view(hours: i64, params: &[(&str, &str)]) -> View {
    let zone = Tz::America__New_York;
    let spec = RangeSpec::parse(&format!("now-{hours}h"), "now", now(), zone).unwrap();
    let range = spec.resolve(now(), zone);
    let query: Vec<(String, String)> = std::iter::once(("from".to_owned(), format!("now-{hours}h")))
        .chain(params.iter().map(|(name, value)| (format!("p.{name}"), (*value).to_owned())))
        .collect();
    View {
        key: "p".parse().unwrap(),
        now: now(),
        zone,
        spec,
        range,
        refresh: TimeDelta::seconds(60),
        aggregate: true,
        filters: Vec::new(),
        close: false,
        params: params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        page: Address { path: "/tenant/acme/dashboard/ops".into(), query: query.clone() },
        fragment: Address { path: "/tenant/acme/dashboard/ops/panel/p".into(), query },
    }
}

pub(super) fn frame(columns: Vec<(&str, Values)>) -> Arc<Frame> {
    let columns = columns.into_iter().map(|(name, values)| Column { name: name.into(), values }).collect();
    Arc::new(Frame { columns, truncated: false })
}

pub(super) fn times(values: &[&str]) -> Values {
    Values::Instant(values.iter().map(|text| Some(at(text))).collect())
}

pub(super) fn texts(values: &[Option<&str>]) -> Values {
    Values::Text(values.iter().map(|text| text.map(Into::into)).collect())
}

pub(super) fn floats(values: &[Option<f64>]) -> Values {
    Values::Float(values.to_vec())
}

/// The body as text, without the tags.
pub(super) fn seen(drawing: &Drawing) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in drawing.body.as_str().chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Nothing that a database says may become markup, a style or a script.
pub(super) fn is_harmless(drawing: &Drawing) {
    let body = drawing.body.as_str();
    assert!(!body.is_empty(), "a template failed");
    assert!(!body.contains("<script"), "{body}");
    assert!(!body.contains("style="), "{body}");
    assert!(!body.contains("hx-on"), "{body}");
}
