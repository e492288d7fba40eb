//! The page that asks before it signs out.

use std::sync::Arc;

use askama::Template;
use poem::web::Data;
use poem::{Request, Response, handler};

use super::Chrome;
use crate::error::{Error, Result};
use crate::panel::Address;
use crate::web::guards::Visitor;
use crate::web::{Parts, around, cookie};

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

/// `POST /logout`: ends the session, and what the browser keeps of it.
#[handler]
pub async fn submit(Visitor(visitor): Visitor, Data(parts): Data<&Arc<Parts>>) -> Result<Response> {
    if let Some(identity) = visitor {
        parts.identities.sign_out(&identity).await.map_err(Error::unavailable)?;
    }
    let mut response = around::see_other("/login");
    cookie::take(&mut response, &parts.settings);
    cookie::remember(&mut response, around::LAST, "", &parts.settings);
    response.headers_mut().insert("clear-site-data", http::HeaderValue::from_static("\"cache\""));
    Ok(response)
}
