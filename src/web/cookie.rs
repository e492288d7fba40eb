//! The cookies we set: the session's, and nothing else with a secret in it.

use poem::web::cookie::{Cookie, SameSite};
use poem::{Request, Response};

use crate::identity::SignedIn;
use crate::settings::Settings;

/// The name of the session's cookie: bound to the host where https allows it.
pub fn name(https: bool) -> &'static str {
    if https { "__Host-loggia" } else { "loggia" }
}

/// The session's token, if the request brings one.
pub fn token(request: &Request, https: bool) -> Option<String> {
    plain(request, name(https))
}

/// A cookie's value, read without a jar: the first of that name.
pub fn plain(request: &Request, name: &str) -> Option<String> {
    up_to(request, name, 512)
}

fn up_to(request: &Request, name: &str, longest: usize) -> Option<String> {
    // Bytes, not text: one odd cookie of another program on this host must not hide ours on the same line.
    let lines = request.headers().get_all(http::header::COOKIE).iter().map(http::HeaderValue::as_bytes);
    let mut pairs = lines.flat_map(|line| line.split(|b| *b == b';')).map(<[u8]>::trim_ascii);
    let value = pairs.find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    // Written percent-encoded, so that a path survives every cookie parser.
    let value = percent_encoding::percent_decode(value).decode_utf8().ok()?;
    Some(value.into_owned()).filter(|value| value.len() <= longest)
}

/// The mark by which a browser is known that signed in before; it opens nothing.
pub const KNOWN: &str = "loggia_known";

/// Gives the browser its session.
pub fn give(response: &mut Response, token: &str, settings: &Settings) {
    let mut cookie = session_cookie(token, settings);
    cookie.set_max_age(settings.session_max);
    put(response, &cookie);
}

/// Gives it to somebody who just signed in, and marks the browser as one they are known by.
pub fn welcome(response: &mut Response, signed_in: &SignedIn, settings: &Settings) {
    give(response, signed_in.token.as_str(), settings);
    if let Some(mark) = &signed_in.known {
        remember(response, KNOWN, mark, settings);
    }
}

/// Takes it away.
pub fn take(response: &mut Response, settings: &Settings) {
    let mut cookie = session_cookie("", settings);
    cookie.set_max_age(std::time::Duration::ZERO);
    put(response, &cookie);
}

fn session_cookie(value: &str, settings: &Settings) -> Cookie {
    let https = settings.is_https();
    let mut cookie = Cookie::new_with_str(name(https), value);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_path("/");
    cookie.set_secure(https);
    cookie
}

fn put(response: &mut Response, cookie: &Cookie) {
    if let Ok(value) = http::HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(http::header::SET_COOKIE, value);
    }
}

/// The name of a wall screen's cookie.
fn device_name(https: bool) -> &'static str {
    if https { "__Host-loggia-device" } else { "loggia-device" }
}

/// The token of a wall screen's link, if the request brings one.
pub fn device(request: &Request, https: bool) -> Option<String> {
    plain(request, device_name(https))
}

/// Gives a wall screen its own, for as long as browsers keep one: it opens by its link until that is taken back.
pub fn give_device(response: &mut Response, token: &str, settings: &Settings) {
    let mut cookie = session_cookie(token, settings);
    cookie.set_name(device_name(settings.is_https()));
    cookie.set_max_age(std::time::Duration::from_secs(365 * 86_400));
    put(response, &cookie);
}

/// The name of the cookie on the apps' own origin.
fn visit_name(https: bool) -> &'static str {
    if https { "__Host-loggia-apps" } else { "loggia-apps" }
}

/// What stands for somebody on the apps' own origin, if the request brings it.
pub fn visit(request: &Request, https: bool) -> Option<String> {
    plain(request, visit_name(https))
}

/// Gives a browser what stands for it on the apps' own origin, for as long as a session lasts at most.
pub fn give_visit(response: &mut Response, token: &str, settings: &Settings) {
    let mut cookie = session_cookie(token, settings);
    cookie.set_name(visit_name(settings.is_https()));
    cookie.set_max_age(settings.session_max);
    put(response, &cookie);
}

/// How long a browser remembers a sign-in that is under way at the provider.
const ERRAND: std::time::Duration = std::time::Duration::from_secs(15 * 60);

fn errand_name(slot: u8, https: bool) -> String {
    format!("{}loggia_oidc_{slot}", if https { "__Host-" } else { "" })
}

/// What was remembered of a sign-in, sealed.
pub fn errand(request: &Request, slot: u8, https: bool) -> Option<String> {
    up_to(request, &errand_name(slot, https), 3900)
}

/// Remembers a sign-in while its person is at the provider.
pub fn keep_errand(response: &mut Response, slot: u8, memory: &str, settings: &Settings) {
    put_errand(response, slot, memory, ERRAND, settings);
}

/// Forgets it: an answer counts once.
pub fn drop_errand(response: &mut Response, slot: u8, settings: &Settings) {
    put_errand(response, slot, "", std::time::Duration::ZERO, settings);
}

fn put_errand(response: &mut Response, slot: u8, memory: &str, age: std::time::Duration, settings: &Settings) {
    let https = settings.is_https();
    let mut cookie = Cookie::new_with_str(errand_name(slot, https), memory);
    cookie.set_http_only(true);
    // the provider's redirect comes from another site: a strict cookie would stay at home
    cookie.set_same_site(SameSite::Lax);
    cookie.set_path("/");
    cookie.set_secure(https);
    cookie.set_max_age(age);
    put(response, &cookie);
}

/// Remembers something harmless for a year; empty text forgets it.
pub fn remember(response: &mut Response, name: &'static str, value: &str, settings: &Settings) {
    let mut cookie = Cookie::new_with_str(name, value);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_path("/");
    cookie.set_secure(settings.is_https());
    cookie.set_max_age(std::time::Duration::from_secs(if value.is_empty() { 0 } else { 365 * 86_400 }));
    put(response, &cookie);
}
