//! What the example draws where no tenant's data is.

use crate::frame::Values;
use crate::panel::View;
use crate::panel::sample::{Sample, frame, texts};
use crate::query::Query;

/// A service, a severity, and how many there were.
const ERRORS: &[(&str, &str, f64)] = &[
    ("api", "ERROR", 38.0),
    ("checkout", "CRITICAL", 2.0),
    ("checkout", "ERROR", 12.0),
    ("mail", "CRITICAL", 48.0),
    ("mail", "ERROR", 15.0),
    ("search", "ERROR", 6.0),
];

pub(in crate::panel) fn sample(_questions: &[Query], _view: &View) -> Sample {
    Sample::Frames(vec![frame(vec![
        ("key", texts(ERRORS.iter().map(|error| error.0))),
        ("label", texts(ERRORS.iter().map(|error| error.1))),
        ("value", Values::Float(ERRORS.iter().map(|error| Some(error.2)).collect())),
    ])])
}
