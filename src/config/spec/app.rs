//! `_shared/apps/*.yaml`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::words::{Title, WebAddress, Word};

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
    /// Where tenants on the legacy flow are sent.
    pub legacy_upstream: Option<UpstreamSpec>,
    /// Whether each request carries a token of the tenant.
    #[serde(default)]
    pub jwt_injection: bool,
}

/// Where an app runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamSpec {
    /// Its address, like http://127.0.0.1:8050.
    pub url: Word<WebAddress>,
    /// Whether /dash/{app} is taken off the path.
    #[serde(default)]
    pub strip_prefix: bool,
}
