//! The rows behind a drawing, as a table of their own.

use std::sync::Arc;

use super::{Panel, View, table};

/// The rows that a panel's first question is about, to be sorted, searched and turned page by page. None where the panel
/// shows its rows itself, or has none.
pub fn rows_behind(panel: &dyn Panel, view: &View) -> Option<Arc<dyn Panel>> {
    let title = format!("{}: rows", panel.common().title);
    table::behind(title, panel.asks(view).into_iter().next()?)
}
