//! What the example's endpoint would have made.

use crate::panel::endpoint::Picture;
use crate::panel::sample::Sample;
use crate::panel::{Content, View};
use crate::query::Query;

pub(in crate::panel) fn sample(_questions: &[Query], _view: &View) -> Sample {
    match Picture::read(include_bytes!("sample.svg"), true) {
        Ok(picture) => Sample::Made(Content::Picture(picture)),
        Err(_) => Sample::Frames(Vec::new()),
    }
}
