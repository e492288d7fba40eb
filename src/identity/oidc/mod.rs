//! Signing in with the company's account: the provider is asked who somebody is, and what it says is proven.

mod access;
mod arrive;
mod claims;
mod discovery;
mod explain;
mod farewell;
mod fault;
mod flow;
mod plan;
mod renew;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use moka::sync::Cache;
use reqwest::Client;
use serde_json::Value;

use self::discovery::{Discovery, Profile};
use self::wire::Silence;
use crate::domain::Clock;
use crate::settings::Oidc;

pub use arrive::{Arrived, Begun};
pub use explain::explain;
pub use fault::OidcError;
pub use flow::Answer;

/// How long the id of a logout token is remembered, so that it counts once; such a token is older than that only when refused.
const ONCE: Duration = Duration::from_secs(15 * 60);

/// The identity provider people sign in with. Cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    rules: Oidc,
    client: Client,
    clock: Clock,
    discovery: Discovery,
    /// Logout tokens that came before.
    heard: Cache<String, ()>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.0.rules.issuer).finish_non_exhaustive()
    }
}

/// The client that everything is asked of the provider with; it trusts the authority that the settings name as well.
///
/// # Errors
/// The authority's file cannot be read, or the system has no TLS.
pub fn client(rules: &Oidc) -> Result<Client, String> {
    wire::client(rules.ca.as_deref())
}

impl Provider {
    /// Ready to ask; nothing is asked yet, so that a provider that is down keeps nobody from starting.
    ///
    /// # Errors
    /// The file of its certificate's authority cannot be read.
    pub fn new(rules: &Oidc, clock: &Clock) -> Result<Provider, String> {
        let client = client(rules)?;
        let heard = Cache::builder().max_capacity(100_000).time_to_live(ONCE).build();
        Ok(Provider(Arc::new(Inner {
            rules: rules.clone(),
            client,
            clock: clock.clone(),
            discovery: Discovery::default(),
            heard,
        })))
    }

    /// What it is called on the sign-in page.
    pub fn label(&self) -> &str {
        &self.0.rules.label
    }

    /// The origin a browser is sent to when it signs out: forms of ours lead there.
    pub fn farewell_origin(&self) -> String {
        let ends = self.0.discovery.at_hand().and_then(|profile| profile.more.end_session_endpoint.clone());
        match ends.or_else(|| self.0.rules.issuer.as_str().parse().ok()) {
            Some(url) => url.origin().ascii_serialization(),
            None => String::new(),
        }
    }

    fn rules(&self) -> &Oidc {
        &self.0.rules
    }

    fn client(&self) -> &Client {
        &self.0.client
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    async fn profile(&self) -> Result<Arc<Profile>, Silence> {
        self.0.discovery.profile(&self.0.client, &self.0.rules, self.now()).await
    }

    async fn newer_keys(&self, seen: &Arc<Profile>) -> Result<Option<Arc<Profile>>, Silence> {
        self.0.discovery.newer_keys(&self.0.client, &self.0.rules, seen, self.now()).await
    }
}

/// What a signed token says. It proves nothing: only what was verified before is read by it.
fn payload(token: &str) -> Result<Value, String> {
    let middle = token.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(middle.trim_end_matches('=')).map_err(|e| e.to_string())?;
    serde_json::from_slice(&bytes).map_err(|e| e.to_string())
}
