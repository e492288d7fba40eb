//! What the example draws where no tenant's data is.

use chrono::TimeDelta;

use crate::frame::Values;
use crate::panel::View;
use crate::panel::sample::{Sample, frame, instants, series, wave};
use crate::query::Query;

/// The number, the one before it, and the way between them.
pub(in crate::panel) fn sample(questions: &[Query], view: &View) -> Sample {
    let answer = |(n, question): (usize, &Query)| match question {
        Query::Series { window, .. } => {
            let mut history = series(*window, view, &["memory"], |_, at| Some(40.0 + 40.0 * wave(3, at)));
            history.columns.retain(|column| &*column.name != "label");
            history
        }
        _ => {
            let number = if n == 0 { 71.4 } else { 64.9 };
            frame(vec![("value", Values::Float(vec![Some(number)])), ("time", instants([view.now - TimeDelta::minutes(1)]))])
        }
    };
    Sample::Frames(questions.iter().enumerate().map(answer).collect())
}
