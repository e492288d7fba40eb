//! The sign-in page.

use askama::Template;

use super::Chrome;

/// One account of the demo.
#[derive(Clone, Debug)]
pub struct DemoAccount {
    /// Its e-mail address.
    pub email: String,
    /// What it may see, in a few words.
    pub sees: String,
    /// The sign-in page with this address filled in.
    pub href: String,
}

/// The accounts of the demo, all with one password.
#[derive(Clone, Debug)]
pub struct DemoAccounts {
    /// The password.
    pub password: String,
    /// The accounts.
    pub accounts: Vec<DemoAccount>,
}

/// The sign-in page, also drawn again when the answer was no.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The address typed before, or given by a link.
    pub email: String,
    /// Where to go afterwards: a path of our own.
    pub next: String,
    /// Why it did not work.
    pub error: Option<String>,
    /// The demo's accounts, in the demo.
    pub demo: Option<DemoAccounts>,
}
