//! The link in a panel's head that turns a drawing into its numbers, or back.

use askama::Template;

use super::link::{self, Link};
use super::{Html, View, words};
use crate::domain::Key;

#[derive(Template)]
#[template(path = "turn.html")]
struct Turn<'a> {
    key: &'a Key,
    title: &'a str,
    as_table: bool,
    link: Link,
}

/// Whether the numbers are asked for; what is no view is told.
pub(super) fn as_table(view: &View, notices: &mut Vec<String>) -> bool {
    // Looked at closely, the rows stand below already.
    match view.param("view").filter(|_| !view.close) {
        Some("table") => true,
        None | Some("" | "chart") => false,
        Some(other) => {
            notices.push(format!("“{}” is no view of this panel; this is the chart.", words::cut(other, 40)));
            false
        }
    }
}

/// The way to the other of both; none where the rows stand below.
pub(super) fn link(title: &str, as_table: bool, view: &View) -> Option<Html> {
    let changes: &[(&str, Option<&str>)] = if as_table { &[("view", None), ("page", None)] } else { &[("view", Some("table"))] };
    let link = link::to(view, changes);
    (!view.close).then(|| Html::of(&Turn { key: &view.key, title, as_table, link }))
}

/// The id of a drawing: looked at closely, the dashboard's own may stand on the same page.
pub(super) fn id(view: &View) -> String {
    if view.close { format!("{}-close", view.key) } else { view.key.to_string() }
}
