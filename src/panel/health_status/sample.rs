//! What the example draws where no tenant's data is.

use chrono::TimeDelta;

use crate::frame::Values;
use crate::panel::View;
use crate::panel::sample::{Sample, frame, instants, texts};
use crate::query::Query;

/// A service, its code, and since how many minutes it is so.
const SERVICES: &[(&str, i64, i64, &str)] = &[
    ("api", 0, 4_000, ""),
    ("checkout", 1, 38, "answers take 2.4 s"),
    ("mail", 2, 95, "the connection was refused"),
    ("search", 0, 9_000, ""),
];

pub(in crate::panel) fn sample(_questions: &[Query], view: &View) -> Sample {
    let ago = |minutes: i64| view.now - TimeDelta::minutes(minutes);
    let message = |text: &&str| (!text.is_empty()).then(|| (*text).into());
    Sample::Frames(vec![frame(vec![
        ("key", texts(SERVICES.iter().map(|service| service.0))),
        ("status", Values::Int(SERVICES.iter().map(|service| Some(service.1)).collect())),
        ("time", instants(SERVICES.iter().map(|_| ago(1)))),
        ("message", Values::Text(SERVICES.iter().map(|service| message(&service.3)).collect())),
        ("since", instants(SERVICES.iter().map(|service| ago(service.2)))),
    ])])
}
