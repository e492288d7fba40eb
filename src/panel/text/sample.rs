//! A text asks nothing.

use crate::panel::View;
use crate::panel::sample::Sample;
use crate::query::Query;

pub(in crate::panel) fn sample(_questions: &[Query], _view: &View) -> Sample {
    Sample::Frames(Vec::new())
}
