//! What the example draws where no tenant's data is.

use crate::panel::sample::{Sample, series, wave};
use crate::panel::{View, sample};
use crate::query::Query;

pub(in crate::panel) fn sample(questions: &[Query], view: &View) -> Sample {
    let answer = |question: &Query| match question {
        Query::Series { window, .. } => {
            series(*window, view, &["db-1", "web-1", "web-2"], |n, at| Some(20.0 + 60.0 * wave(n, at) - 12.0 * n as f64))
        }
        _ => sample::frame(Vec::new()),
    };
    Sample::Frames(questions.iter().map(answer).collect())
}
