//! What the example's endpoint would have made.

use serde_json::json;

use crate::panel::sample::Sample;
use crate::panel::{Content, View};
use crate::query::Query;

pub(in crate::panel) fn sample(_questions: &[Query], view: &View) -> Sample {
    let date = view.now.with_timezone(&view.zone).date_naive().to_string();
    Sample::Made(Content::Words(json!({ "date": date, "total_requests": "182,400", "error_rate": 0.42 })))
}
