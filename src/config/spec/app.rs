//! `_shared/apps/*.yaml`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::words::{CookieName, Period, Size, Source, Title, WebAddress, Word};
use crate::domain::Slug;

/// A file `_shared/apps/{key}.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Loggia app")]
pub struct AppDocument {
    /// The app.
    pub app: AppSpec,
}

/// An existing web app that is shown behind the same sign-in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppSpec {
    /// Its title.
    pub title: Word<Title>,
    /// Where it runs.
    pub upstream: UpstreamSpec,
    /// Where tenants on the legacy flow are sent; without it, to `upstream`, with no token.
    pub legacy_upstream: Option<UpstreamSpec>,
    /// Whether each request carries a token of the tenant; true unless said.
    #[serde(default = "yes")]
    pub jwt_injection: bool,
    /// The only tenants that may have it, by slug; every tenant that names or shows it, when it is left out.
    pub tenants: Option<Vec<Word<Slug>>>,
    /// How long it may take until it begins to answer; 30s unless said.
    pub timeout: Option<Period<100, 600_000>>,
    /// The largest request it is sent; 64MB unless said.
    pub body_limit: Option<Size<1_024, 17_179_869_184>>,
    /// Whether its scripts may use eval: plotly's WebGL charts need it (px.scatter above 1000 rows is one).
    #[serde(default)]
    pub csp_allow_eval: bool,
    /// Other origins its scripts may ask, like https://cdn.plot.ly.
    pub csp_connect_extra: Option<Vec<Word<Source>>>,
    /// Whether web sockets are let through.
    #[serde(default)]
    pub allow_websocket: bool,
    /// Its own cookies that are let through, by name; each is kept apart for every tenant.
    pub cookies: Option<Vec<Word<CookieName>>>,
}

fn yes() -> bool {
    true
}

/// Where an app runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamSpec {
    /// Its address, like http://127.0.0.1:8050.
    pub url: Word<WebAddress>,
    /// Whether /dash/{app} is taken off the path; true unless said, as an app needs that is told its prefix by
    /// DASH_REQUESTS_PATHNAME_PREFIX.
    #[serde(default = "yes")]
    pub strip_prefix: bool,
}
