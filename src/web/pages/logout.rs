//! The page that asks before it signs out.

use std::sync::Arc;

use askama::Template;
use poem::web::Data;
use poem::{Request, Response, handler};

use super::Chrome;
use crate::error::Result;
use crate::panel::Address;
use crate::web::guards::Visitor;
use crate::web::{Parts, around, cookie, limits};

/// One question, one button.
#[derive(Clone, Debug, Template)]
#[template(path = "logout.html")]
pub struct LogoutPage {
    /// What stands around it.
    pub chrome: Chrome,
}

/// `GET /logout`: asks; it never signs out by itself.
#[handler]
pub async fn show(Visitor(visitor): Visitor, request: &Request) -> Result<Response> {
    let page = Address { path: "/logout".to_owned(), query: Vec::new() };
    around::page(&LogoutPage { chrome: around::bare("Sign out", around::theme(request), visitor.as_ref(), page) })
}

/// `POST /logout`: ends the session, and what the browser keeps of it. Who signed in with the provider is led there to end
/// its session too, and comes back to the sign-in page.
#[handler]
pub async fn submit(Visitor(visitor): Visitor, Data(parts): Data<&Arc<Parts>>, request: &Request) -> Result<Response> {
    let back = format!("{}/login", around::origin(parts, request));
    let leave = match visitor {
        Some(identity) => limits::in_time(parts.identities.farewell(&identity, &back)).await?,
        None => None,
    };
    let mut response = around::see_other(leave.as_ref().map_or("/login", |url| url.as_str()));
    cookie::take(&mut response, &parts.settings);
    cookie::remember(&mut response, around::LAST, "", &parts.settings);
    response.headers_mut().insert("clear-site-data", http::HeaderValue::from_static("\"cache\""));
    Ok(response)
}
