//! Whether a form was sent from one of our own pages.

use http::{Method, header};
use poem::Request;
use url::Url;

use crate::error::{Error, Result};

/// Refuses unsafe verbs that carry a cookie and come from another site (DECISIONS 11). The browser says where a
/// request comes from in `Sec-Fetch-Site`, older ones in `Origin`; without either it is refused.
///
/// Without a cookie, what says of itself that it comes from another site is refused all the same: `SameSite` keeps our cookie
/// off such a form, and it could still sign its victim in to an account of the attacker's. Who brings credentials in a header
/// is judged by them alone: no browser adds those by itself.
///
/// # Errors
/// [`Error::CrossSite`].
pub fn check(request: &Request, public_url: Option<&Url>) -> Result<()> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(());
    }
    let has_cookie = request.headers().contains_key(header::COOKIE);
    let same = match (request.header("sec-fetch-site"), request.header("origin")) {
        (Some(site), _) if has_cookie => site == "same-origin",
        (Some(site), _) => !matches!(site, "cross-site" | "same-site"),
        (None, Some(origin)) if has_cookie => is_ours(origin, request, public_url),
        (None, _) => !has_cookie,
    };
    if same { Ok(()) } else { Err(Error::CrossSite) }
}

fn is_ours(origin: &str, request: &Request, public_url: Option<&Url>) -> bool {
    match public_url {
        Some(url) => url.origin().ascii_serialization() == origin,
        None => request.header("host").is_some_and(|host| origin.split_once("://").is_some_and(|(_, from)| from == host)),
    }
}
