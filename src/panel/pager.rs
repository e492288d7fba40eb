//! Which rows of how many, in words, with the way to the others.

use askama::Template;

use super::View;
use super::link::{self, Link};
use crate::domain::unit::grouped;

/// Beyond this nobody turns pages.
const LAST: u64 = 1_000_000;

/// The line below a table.
#[derive(Template)]
#[template(path = "pager.html")]
pub(super) struct Pager {
    words: String,
    previous: Option<Link>,
    next: Option<Link>,
}

impl askama::filters::HtmlSafe for Pager {}

/// The page asked for, from 1; what is no page is told.
pub(super) fn page(view: &View, notices: &mut Vec<String>) -> u64 {
    let Some(text) = view.param("page").filter(|text| !text.is_empty()) else { return 1 };
    match text.parse::<u64>() {
        Ok(page @ 1..=LAST) => page,
        _ => {
            notices.push(format!("“{}” is no page; this is the first.", super::words::cut(text, 40)));
            1
        }
    }
}

impl Pager {
    /// Page `page` of `size` rows each, of `total` rows.
    pub(super) fn new(page: u64, size: u64, total: u64, view: &View) -> Pager {
        let count = |n: u64| grouped(n as f64, 0);
        let from = (page - 1) * size + 1;
        let to = (page * size).min(total);
        let rows = if total == 1 { "row" } else { "rows" };
        let words = if from > to {
            format!("none of {} {rows}", count(total))
        } else {
            format!("{}–{} of {} {rows}", count(from), count(to), count(total))
        };
        let to_page = |page: u64| link::to(view, &[("page", (page > 1).then(|| page.to_string()).as_deref())]);
        let last = total.div_ceil(size).max(1);
        Pager {
            words,
            previous: (page > 1).then(|| to_page((page - 1).min(last))),
            next: (page < last).then(|| to_page(page + 1)),
        }
    }
}
