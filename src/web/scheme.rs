//! By which way a request came: over https where we are reached over https, and to a host that is ours.

use std::net::IpAddr;

use http::uri::Scheme;
use http::{HeaderValue, StatusCode, header};
use ipnet::IpNet;
use poem::{Request, Response};
use url::Url;

use super::tls;
use crate::error::{Error, Result};
use crate::settings::Settings;

/// What probes of the machine ask without TLS; there is nothing secret in the answers.
const PROBES: &[&str] = &["/health", "/ready"];

/// Where a request is led that came without https, though we are reached over https: the same place there. None where it came
/// the right way. A proxy that is trusted is believed when it says how the visitor came; on loopback only proxies and probes
/// of this machine call.
pub fn lead_to_https(request: &Request, settings: &Settings) -> Option<Response> {
    let to = known(request, settings)?;
    let peer = request.remote_addr().as_socket_addr().map(|address| address.ip().to_canonical());
    let secure = *request.scheme() == Scheme::HTTPS || came_securely(request, peer, &settings.trusted_proxies);
    if secure || PROBES.contains(&request.uri().path()) {
        return None;
    }
    led(to, request)
}

/// The address by which people know the place they asked, where they come there by https: the apps' own, else ours.
fn known(request: &Request, settings: &Settings) -> Option<Url> {
    let public = settings.public_url.as_ref().filter(|url| url.scheme() == "https")?;
    match &settings.apps.origin {
        Some(apps) if super::hosted::is_at(request, apps) => Some(apps.clone()),
        _ => Some(public.clone()),
    }
}

/// Where a request is led that came without TLS to a door that speaks it: to the same door by https, whatever was asked; none
/// of it is answered in the clear. `public`: where people come in, by the address they know.
pub fn lead_from_astray(request: &Request, settings: &Settings, public: bool) -> Option<Response> {
    let here = tls::astray(request)?;
    let known = known(request, settings).filter(|_| public);
    let named = request.header(header::HOST).filter(|host| !host.contains(['@', '/', '?', '#', '\\']));
    let of = |host: &str| Url::parse(&format!("https://{host}/")).ok();
    let to = known.or_else(|| named.and_then(of)).or_else(|| of(here));
    let mut response = to.and_then(|to| led(to, request)).unwrap_or_else(|| StatusCode::BAD_REQUEST.into());
    // What follows on this connection would be in the clear as well.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    Some(response)
}

fn led(mut to: Url, request: &Request) -> Option<Response> {
    to.set_path(request.uri().path());
    to.set_query(request.uri().query());
    let location = HeaderValue::from_str(to.as_str()).ok()?;
    let mut response = Response::builder().status(StatusCode::PERMANENT_REDIRECT).finish();
    response.headers_mut().insert(header::LOCATION, location);
    Some(response)
}

fn came_securely(request: &Request, peer: Option<IpAddr>, trusted: &[IpNet]) -> bool {
    let Some(peer) = peer else { return true };
    let proxy = trusted.iter().any(|net| net.contains(&peer));
    // The last word is the nearest proxy's own.
    let said = request.headers().get_all("x-forwarded-proto").iter().next_back().and_then(|v| v.to_str().ok());
    let said = said.and_then(|text| text.rsplit(',').next()).map(str::trim);
    match said {
        Some(scheme) if proxy => scheme.eq_ignore_ascii_case("https"),
        _ => proxy || peer.is_loopback(),
    }
}

/// Refuses, in the demo, hosts that are not this machine: a page of somebody else's whose name leads here would be on our own
/// origin, and the demo's passwords are known to everybody.
///
/// # Errors
/// [`Error::OtherHost`].
pub fn check_host(request: &Request, settings: &Settings) -> Result<()> {
    if !settings.demo {
        return Ok(());
    }
    let host = request.uri().authority().map(|a| a.as_str()).or_else(|| request.header("host")).unwrap_or_default();
    let public = settings.public_url.as_ref().and_then(Url::host_str);
    if is_this_machine(host) || public.is_some_and(|public| name_of(host).eq_ignore_ascii_case(public)) {
        Ok(())
    } else {
        Err(Error::OtherHost)
    }
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = name_of(host).trim_end_matches('.').to_ascii_lowercase();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    // Without a host no browser asks.
    name.is_empty() || name == "localhost" || name.ends_with(".localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn names_that_lead_elsewhere_are_not_this_machine() {
        for ours in
            ["localhost", "LocalHost:8080", "localhost.", "a.loggia.localhost:1", "127.0.0.1:8080", "[::1]:8080", "[::1]", ""]
        {
            assert!(is_this_machine(ours), "{ours}");
        }
        for other in ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.nip.io", "xlocalhost", "x"] {
            assert!(!is_this_machine(other), "{other}");
        }
    }
}
