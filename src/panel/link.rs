//! Links inside a panel: without script a page, with it the panel alone; the address is the same.

use askama::Template;

use super::{Address, View};

/// The attributes of a link.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "link.html")]
pub(super) struct Link {
    href: String,
    page: String,
    fragment: String,
}

impl askama::filters::HtmlSafe for Link {}

/// The page and the fragment, without what a form sent empty.
fn bases(view: &View) -> (Address, Address) {
    let own = format!("{}.", view.key);
    let tidy = |address: &Address| {
        let query = address.query.iter().filter(|(k, v)| !(v.is_empty() && k.starts_with(&own))).cloned().collect();
        Address { path: address.path.clone(), query }
    };
    (tidy(&view.page), tidy(&view.fragment))
}

/// A link to the same view with some of the panel's own parameters changed.
pub(super) fn to(view: &View, changes: &[(&str, Option<&str>)]) -> Link {
    let (mut page, mut fragment) = bases(view);
    for (name, value) in changes {
        let name = format!("{}.{name}", view.key);
        page = page.with(&name, *value);
        fragment = fragment.with(&name, *value);
    }
    let page = page.href();
    // Without script the browser comes back to the panel, not to the top of the page.
    Link { href: format!("{page}#p-{}", view.key), page, fragment: fragment.href() }
}

/// What a form of this panel sends beside its own fields, so that the view is kept: all but the parameters named.
pub(super) fn kept(view: &View, own: impl Fn(&str) -> bool) -> Vec<&(String, String)> {
    let prefix = format!("{}.", view.key);
    let is_own = |key: &str| key.strip_prefix(&prefix).is_some_and(&own);
    view.page.query.iter().filter(|(key, _)| !is_own(key)).collect()
}
