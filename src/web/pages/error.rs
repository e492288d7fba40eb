//! The page for everything that went wrong: what happened, what to do, and the id to ask about it.

use askama::Template;

use super::{Chrome, Link};

/// A button out of here.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its words.
    pub words: String,
    /// Where it leads.
    pub href: String,
}

/// What happened, in the visitor's words.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The status, 400 to 599.
    pub status: u16,
    /// The heading: "Not one of your tenants".
    pub title: String,
    /// One sentence more.
    pub happened: String,
    /// What to do about it; may be empty.
    pub advice: String,
    /// My own tenants, where the answer is that another is not mine.
    pub tenants: Vec<Link>,
    /// Where to go from here; the first is the usual one.
    pub ways: Vec<Way>,
    /// The id that stands in the log as well.
    pub correlation: String,
}
