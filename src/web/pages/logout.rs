//! The page that asks before it signs out.

use askama::Template;

use super::Chrome;

/// One question, one button.
#[derive(Clone, Debug, Template)]
#[template(path = "logout.html")]
pub struct LogoutPage {
    /// What stands around it.
    pub chrome: Chrome,
}
