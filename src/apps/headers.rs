//! Which headers pass: to the app nothing that says who somebody is but what we say; to the browser nothing that rules over
//! our origin.

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::domain::CorrelationId;

/// Headers of one connection alone (RFC 9110, 7.6.1).
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers by which programs behind proxies learn who somebody is or where they came from: ours to say.
const SAID_BY_US: &[&str] = &["authorization", "cookie", "host", "forwarded", "x-request-id", "x-correlation-id", "x-canary"];
/// How the names of more of them begin.
const SAID_BY_US_PREFIXES: &[&str] = &[
    "x-forwarded",
    "x-real-",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting",
    "x-original",
    "x-rewrite",
    "x-loggia",
    "x-scope",
    "x-ms-client",
    "x-ms-token",
    "remote-",
    "script-name",
];
/// How names begin that say who somebody is: ours to say as well, and nothing a browser sends by itself.
const IDENTITY_PREFIXES: &[&str] = &["x-tenant", "x-user", "x-auth", "x-remote", "x-email", "x-role"];

fn begins(name: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|start| name.starts_with(start))
}

/// Headers of an app that rule over an origin, open it to others, or tell what it runs on.
const RULES: &[&str] = &[
    "set-cookie",
    "server",
    "x-powered-by",
    "content-security-policy",
    "content-security-policy-report-only",
    "x-frame-options",
    "strict-transport-security",
    "clear-site-data",
    "service-worker-allowed",
    "refresh",
    "www-authenticate",
    "alt-svc",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "cross-origin-embedder-policy",
    "origin-agent-cluster",
    "nel",
    "report-to",
    "reporting-endpoints",
    "public-key-pins",
    "x-correlation-id",
    "x-loggia-state",
    "x-permitted-cross-domain-policies",
    "link",
];

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Where a tenant's files lie: what pipelines made for it.
const STORAGE_PROCESSED: HeaderName = HeaderName::from_static(crate::tenancy::STORAGE_PROCESSED);
/// And what it sent in.
const STORAGE_UPLOADS: HeaderName = HeaderName::from_static(crate::tenancy::STORAGE_UPLOADS);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who asks, as the app is told.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// The host the browser named.
    pub host: &'a str,
    /// Whether the browser came over https.
    pub https: bool,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// `/dash/{app}`.
    pub prefix: &'a str,
    /// The id of the request.
    pub correlation: CorrelationId,
    /// The tenant's token, where one is injected.
    pub token: Option<&'a str>,
    /// Where the tenant's files lie: what pipelines made for it, and what it sent in.
    pub storage: Option<(String, String)>,
    /// The app's own cookies, as they were set.
    pub cookies: Option<String>,
}

/// Whether a client says who it is in a way that is ours alone to say: what no browser does by itself.
pub fn is_forged(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| begins(name.as_str(), IDENTITY_PREFIXES))
}

/// What an app is sent of a browser's headers.
pub fn to_app(from: &HeaderMap, told: &Told<'_>, upgrade: bool) -> HeaderMap {
    let dropped = named_by_connection(from);
    let mut to = HeaderMap::with_capacity(from.len() + 10);
    for (name, value) in from {
        let text = name.as_str();
        let ours = SAID_BY_US.contains(&text) || begins(text, SAID_BY_US_PREFIXES) || begins(text, IDENTITY_PREFIXES);
        // WSGI cannot tell `_` from `-`: X_Tenant_Id would arrive as X-Tenant-Id
        if ours || text.contains('_') || HOP_BY_HOP.contains(&text) || dropped.contains(name) {
            continue;
        }
        to.append(name, value.clone());
    }
    let mut say = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            to.insert(name, value);
        }
    };
    say(header::HOST, told.host);
    say(FORWARDED_HOST, told.host);
    say(FORWARDED_PROTO, if told.https { "https" } else { "http" });
    say(FORWARDED_PREFIX, told.prefix);
    say(REQUEST_ID, &told.correlation.to_string());
    if let Some(address) = told.address {
        say(FORWARDED_FOR, &address.to_string());
    }
    if let Some((processed, uploads)) = &told.storage {
        say(STORAGE_PROCESSED, processed);
        say(STORAGE_UPLOADS, uploads);
    }
    if let Some(cookies) = &told.cookies {
        say(header::COOKIE, cookies);
    }
    if upgrade {
        say(header::CONNECTION, "upgrade");
        say(header::UPGRADE, "websocket");
    }
    if let Some(mut value) = told.token.and_then(|token| HeaderValue::from_str(&format!("Bearer {token}")).ok()) {
        value.set_sensitive(true);
        to.insert(header::AUTHORIZATION, value);
    }
    to
}

/// What a browser is sent of an app's headers; `Set-Cookie`, `Location` and what may be kept are judged elsewhere.
pub fn to_browser(from: &HeaderMap) -> HeaderMap {
    let dropped = named_by_connection(from);
    // with room for what every answer of ours says beside it
    let mut to = HeaderMap::with_capacity(from.len() + 14);
    for (name, value) in from {
        let text = name.as_str();
        let rules = RULES.contains(&text) || text.starts_with("access-control-");
        if !rules && !HOP_BY_HOP.contains(&text) && !dropped.contains(name) {
            to.append(name, value.clone());
        }
    }
    to
}

/// The headers that `Connection` names: as much of one connection as itself. What frames a body is never among them.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().to_ascii_lowercase().parse().ok());
    names.filter(|name| *name != header::CONTENT_LENGTH && *name != header::HOST).collect()
}

/// What may be kept of an answer, and by whom. Files that are the same for every tenant may be kept by their browser; anything
/// else is asked for anew, so that what one tenant was shown is never shown to another.
pub fn caching(said: Option<&HeaderValue>, is_static: bool, ok: bool) -> HeaderValue {
    let said = said.and_then(|value| value.to_str().ok()).map(str::to_ascii_lowercase);
    let Some(said) = said.filter(|said| !said.trim().is_empty()) else { return HeaderValue::from_static("no-store") };
    if said.contains("no-store") || !ok {
        return HeaderValue::from_static("no-store");
    }
    if !is_static {
        return HeaderValue::from_static("private, no-cache");
    }
    let shared = |word: &str| {
        matches!(word.split('=').next().map(str::trim), Some("public" | "private" | "s-maxage" | "proxy-revalidate"))
    };
    let kept: Vec<&str> = said.split(',').map(str::trim).filter(|word| !word.is_empty() && !shared(word)).collect();
    let kept = if kept.is_empty() { "private".to_owned() } else { format!("private, {}", kept.join(", ")) };
    HeaderValue::from_str(&kept).unwrap_or(HeaderValue::from_static("no-store"))
}

#[cfg(test)]
mod tests {
    use super::{Told, caching, is_forged, to_app, to_browser};
    use crate::domain::CorrelationId;
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        pairs.iter().map(pair).collect()
    }

    fn told(token: Option<&'static str>) -> Told<'static> {
        let correlation = CorrelationId::new();
        Told {
            host: "loggia.example",
            https: true,
            address: "203.0.113.9".parse().ok(),
            prefix: "/dash/ltv",
            correlation,
            token,
            storage: token.map(|_| ("/processed/one/".to_owned(), "/uploads/one/".to_owned())),
            cookies: None,
        }
    }

    #[test]
    fn whatever_says_who_somebody_is_comes_from_us_alone() {
        let forged = headers(&[
            ("authorization", "Bearer forged"),
            ("cookie", "loggia=secret"),
            ("x-tenant-id", "other"),
            ("x-tenant-storage-uploads", "/uploads/other/"),
            ("x-user", "root"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "for=10.0.0.1"),
            ("x-real-ip", "10.0.0.1"),
            ("x_tenant_id", "other"),
            ("script_name", "/x"),
            ("x-request-id", "forged"),
            ("connection", "x-secret, keep-alive"),
            ("x-secret", "1"),
            ("te", "trailers"),
            ("x-original-url", "/admin"),
            ("x-rewrite-url", "/admin"),
            ("accept", "text/html"),
            ("x-csrftoken", "t"),
            ("range", "bytes=0-1"),
            ("if-none-match", "\"a\""),
            ("user-agent", "ua"),
            ("content-type", "application/json"),
        ]);
        assert!(is_forged(&forged));
        assert!(!is_forged(&headers(&[("accept", "*/*"), ("authorization", "x"), ("x-forwarded-for", "1.2.3.4")])));
        let sent = to_app(&forged, &told(Some("T")), false);
        let mut names: Vec<&str> = sent.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "accept",
                "authorization",
                "content-type",
                "host",
                "if-none-match",
                "range",
                "user-agent",
                "x-csrftoken",
                "x-forwarded-for",
                "x-forwarded-host",
                "x-forwarded-prefix",
                "x-forwarded-proto",
                "x-request-id",
                "x-tenant-storage-processed",
                "x-tenant-storage-uploads",
            ]
        );
        assert_eq!(sent["x-tenant-storage-uploads"], "/uploads/one/");
        assert_eq!(sent["authorization"], "Bearer T");
        assert_eq!(sent["x-forwarded-for"], "203.0.113.9");
        assert_eq!(sent["x-forwarded-host"], "loggia.example");
        assert!(!to_app(&forged, &told(None), false).contains_key("authorization"), "no token: no header at all");
    }

    #[test]
    fn an_app_does_not_rule_over_our_origin() {
        let answer = headers(&[
            ("set-cookie", "session=1; Path=/"),
            ("server", "gunicorn"),
            ("x-frame-options", "DENY"),
            ("content-security-policy", "x"),
            ("access-control-allow-origin", "*"),
            ("clear-site-data", "\"*\""),
            ("www-authenticate", "Basic"),
            ("connection", "close"),
            ("transfer-encoding", "chunked"),
            ("etag", "\"a:gzip\""),
            ("content-encoding", "gzip"),
            ("vary", "accept-encoding"),
            ("content-range", "bytes 0-1/2"),
        ]);
        let sent = to_browser(&answer);
        let mut names: Vec<&str> = sent.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-encoding", "content-range", "etag", "vary"]);
        assert_eq!(sent["etag"], "\"a:gzip\"", "a strong tag stays strong");
    }

    #[test]
    fn only_what_is_the_same_for_every_tenant_is_kept() {
        let say = |text: &'static str, is_static| caching(Some(&HeaderValue::from_static(text)), is_static, true);
        assert_eq!(say("max-age=31536000", true), "private, max-age=31536000");
        assert_eq!(say("public, max-age=31536000, s-maxage=9", true), "private, max-age=31536000");
        assert_eq!(say("no-cache", true), "private, no-cache");
        assert_eq!(say("public, max-age=60", false), "private, no-cache");
        assert_eq!(say("no-store", false), "no-store");
        assert_eq!(caching(None, true, true), "no-store");
        assert_eq!(caching(Some(&HeaderValue::from_static("max-age=9")), true, false), "no-store", "an error is not kept");
    }
}
