//! Whether a form was sent from one of our own pages.

use http::Method;
use poem::Request;
use url::Url;

use crate::error::{Error, Result};

/// Refuses unsafe verbs that carry a cookie and come from another site (DECISIONS 11). The browser says where a
/// request comes from in `Sec-Fetch-Site`, older ones in `Origin`; without either it is refused.
///
/// # Errors
/// [`Error::CrossSite`].
pub fn check(request: &Request, public_url: Option<&Url>) -> Result<()> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || !request.headers().contains_key(http::header::COOKIE) {
        return Ok(());
    }
    let same = match (request.header("sec-fetch-site"), request.header("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => is_ours(origin, request, public_url),
        (None, None) => false,
    };
    if same { Ok(()) } else { Err(Error::CrossSite) }
}

fn is_ours(origin: &str, request: &Request, public_url: Option<&Url>) -> bool {
    match public_url {
        Some(url) => url.origin().ascii_serialization() == origin,
        None => request.header("host").is_some_and(|host| origin.split_once("://").is_some_and(|(_, from)| from == host)),
    }
}
