//! A hosted app as its file describes it.

use std::time::Duration;

use url::Url;

use super::Version;
use super::spec::{AppDocument, UpstreamSpec};
use crate::domain::{Key, Slug};
use crate::yaml::{Document, Fault};

/// How long an app may take until it begins to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest request it is sent: uploads come as base64 in JSON, a third longer than the file.
const BODY: u64 = 64_000_000;

/// An existing web app behind our sign-in, at `/dash/{key}/`.
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// Its name in addresses: the file's name without `.yaml`.
    pub key: Key,
    /// Its title.
    pub title: String,
    /// Where it runs.
    pub upstream: Upstream,
    /// Where tenants on the legacy flow are sent, where that is elsewhere.
    pub legacy: Option<Upstream>,
    /// Whether each request carries a token of the tenant.
    pub jwt_injection: bool,
    /// The only tenants that may have it; none: every one that names or shows it.
    pub tenants: Option<Vec<Slug>>,
    /// How long it may take until it begins to answer.
    pub timeout: Duration,
    /// The largest request it is sent, in bytes.
    pub body_limit: u64,
    /// Whether its scripts may use eval.
    pub allow_eval: bool,
    /// Other origins its scripts may ask.
    pub connect_extra: Vec<String>,
    /// Whether web sockets are let through.
    pub allow_websocket: bool,
    /// Its own cookies that are let through.
    pub cookies: Vec<String>,
    /// Its file, for authors.
    pub file: String,
    /// Whether it is what its file says.
    pub version: Version,
}

/// Where an app runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its address.
    pub url: Url,
    /// Whether `/dash/{app}` is taken off the path.
    pub strip_prefix: bool,
}

impl App {
    /// The upstream of one flow: without one of its own, the legacy flow is the same upstream without a token.
    pub fn upstream_of(&self, legacy: bool) -> &Upstream {
        match &self.legacy {
            Some(upstream) if legacy => upstream,
            _ => &self.upstream,
        }
    }

    /// Whether a tenant may have it at all.
    pub fn is_for(&self, slug: &Slug) -> bool {
        self.tenants.as_ref().is_none_or(|tenants| tenants.contains(slug))
    }

    /// Reads its file.
    pub(super) fn read(key: &Key, document: &Document) -> (Option<App>, Vec<Fault>) {
        let spec = match document.read::<AppDocument>() {
            Ok(read) => read.app,
            Err(faults) => return (None, faults),
        };
        let upstreams = [("app.upstream", Some(&spec.upstream)), ("app.legacy_upstream", spec.legacy_upstream.as_ref())];
        let faults: Vec<Fault> = upstreams.into_iter().filter_map(|(at, upstream)| url_fault(document, at, upstream?)).collect();
        if !faults.is_empty() {
            return (None, faults);
        }
        let app = App {
            key: key.clone(),
            title: spec.title.0.0,
            upstream: Upstream::of(spec.upstream),
            legacy: spec.legacy_upstream.map(Upstream::of),
            jwt_injection: spec.jwt_injection,
            tenants: spec.tenants.map(|tenants| tenants.into_iter().map(|slug| slug.0).collect()),
            timeout: spec.timeout.and_then(|period| period.0.to_std().ok()).unwrap_or(TIMEOUT),
            body_limit: spec.body_limit.map_or(BODY, |size| size.0),
            allow_eval: spec.csp_allow_eval,
            connect_extra: spec.csp_connect_extra.unwrap_or_default().into_iter().map(|source| source.0.0).collect(),
            allow_websocket: spec.allow_websocket,
            cookies: spec.cookies.unwrap_or_default().into_iter().map(|name| name.0.0).collect(),
            file: document.file().to_owned(),
            version: Version::Current,
        };
        (Some(app), Vec::new())
    }
}

impl Upstream {
    fn of(spec: UpstreamSpec) -> Upstream {
        Upstream { url: spec.url.0.0, strip_prefix: spec.strip_prefix }
    }

    /// What stands before every path of it: without a slash at its end.
    pub fn base(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }
}

/// An upstream is a place, nothing more: who we are there is told by the token.
fn url_fault(document: &Document, at: &str, upstream: &UpstreamSpec) -> Option<Fault> {
    let url = &upstream.url.0.0;
    let path = format!("{at}.url");
    if !url.username().is_empty() || url.password().is_some() {
        return Some(document.fault(&path, "a name or password stands in this address: apps learn who asks from the token"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some(document.fault(&path, "expected an address without ? and #, like http://127.0.0.1:8050"));
    }
    None
}
