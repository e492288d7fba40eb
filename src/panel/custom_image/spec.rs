//! A custom panel as it is written.

use crate::panel::spec::spec;

spec! {
    /// A picture that an endpoint of ours or another server makes.
    pub(in crate::panel) struct Spec {
        /// Who makes it: `/api/v1/custom/{name}`, or an address that begins with https.
        pub(super) endpoint: String,
        /// What the endpoint is told: plain values by name.
        #[serde(default)]
        pub(super) parameters: serde_json::Map<String, serde_json::Value>,
        /// Which filters of the dashboard narrow what: `instance: source`, the filter and the endpoint's word. An unset filter narrows nothing.
        #[serde(default)]
        pub(super) filters: crate::panel::spec::Ordered<String>,
        /// Whether another server is sent a token (`Authorization: Bearer`) that says for whom and for which tenant it is asked.
        #[serde(default)]
        pub(super) endpoint_token: bool,
        /// What the picture shows, for those who cannot see it; without it the description, else the title.
        #[serde(default)]
        pub(super) alt: Option<String>,
    }
}
