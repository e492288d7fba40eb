use std::sync::Arc;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use openidconnect::core::{CoreJsonWebKeySet, CoreProviderMetadata};
use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::wire::{self, Silence};
use crate::settings::Oidc;

/// How long what the provider says of itself is taken as said.
const FRESH: TimeDelta = TimeDelta::hours(1);
/// How long it is still used while the provider is silent.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// A silent provider is asked again after this long.
const AGAIN: TimeDelta = TimeDelta::seconds(2);
/// However many tokens name a key that is not known, the keys are asked for once in this time.
const KEYS_AGAIN: TimeDelta = TimeDelta::seconds(30);

/// What the provider says of itself.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    /// The endpoints, with its keys.
    pub(super) metadata: CoreProviderMetadata,
    /// The same keys, for tokens that are no id tokens.
    pub(super) keys: JwkSet,
    /// What the specification of sign-in leaves to others.
    pub(super) more: More,
    at: DateTime<Utc>,
}

/// Metadata beyond OpenID Connect Discovery.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct More {
    /// Where a browser ends its session there.
    pub(super) end_session_endpoint: Option<Url>,
    /// Where a token is given back (RFC 7009).
    pub(super) revocation_endpoint: Option<Url>,
    /// Whether answers name their issuer (RFC 9207).
    #[serde(rename = "authorization_response_iss_parameter_supported")]
    pub(super) names_issuer: bool,
    /// How we may prove who we are at the token endpoint.
    #[serde(rename = "token_endpoint_auth_methods_supported")]
    pub(super) proofs: Option<Vec<String>>,
}

/// Remembers the profile, asks anew in time, and asks once however many wait.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    known: ArcSwapOption<Profile>,
    turn: Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    failed: Option<(DateTime<Utc>, Silence)>,
    keys: Option<DateTime<Utc>>,
}

impl Discovery {
    /// The profile as far as it is known, without asking.
    pub(super) fn at_hand(&self) -> Option<Arc<Profile>> {
        self.known.load_full()
    }

    /// The profile, asked for when there is none or it is old.
    pub(super) async fn profile(&self, client: &Client, rules: &Oidc, now: DateTime<Utc>) -> Result<Arc<Profile>, Silence> {
        let fresh = |known: &Arc<Profile>| now - known.at < FRESH;
        if let Some(known) = self.at_hand().filter(fresh) {
            return Ok(known);
        }
        let mut turn = self.turn.lock().await;
        let old = self.at_hand().filter(|known| now - known.at < KEPT);
        if let Some(known) = old.clone().filter(fresh) {
            return Ok(known);
        }
        let silence = match &turn.failed {
            Some((at, silence)) if now - *at < AGAIN => silence.clone(),
            _ => match read(client, rules, now).await {
                Ok(profile) => {
                    turn.failed = None;
                    return Ok(self.keep(profile));
                }
                Err(silence) => {
                    tracing::warn!("the identity provider does not say what it is: {silence}");
                    turn.failed = Some((now, silence.clone()));
                    silence
                }
            },
        };
        old.ok_or(silence)
    }

    /// The profile with keys newer than those of `seen`, among which a token's key was missing; none when they were asked for
    /// a moment ago.
    pub(super) async fn newer_keys(
        &self,
        client: &Client,
        rules: &Oidc,
        seen: &Arc<Profile>,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Profile>>, Silence> {
        let mut turn = self.turn.lock().await;
        if let Some(known) = self.at_hand().filter(|known| !Arc::ptr_eq(known, seen)) {
            return Ok(Some(known));
        }
        if turn.keys.is_some_and(|at| now - at < KEYS_AGAIN) {
            return Ok(None);
        }
        turn.keys = Some(now);
        let profile = read(client, rules, now).await?;
        tracing::info!("the identity provider's keys were read anew");
        Ok(Some(self.keep(profile)))
    }

    fn keep(&self, profile: Profile) -> Arc<Profile> {
        let profile = Arc::new(profile);
        self.known.store(Some(Arc::clone(&profile)));
        profile
    }
}

impl More {
    /// Whether the provider takes our secret in the body of a request alone.
    pub(super) fn body_only(&self) -> bool {
        let takes = |way: &str| self.proofs.iter().flatten().any(|one| one == way);
        takes("client_secret_post") && !takes("client_secret_basic")
    }
}

impl Profile {
    /// The key with this id; the only one there is where a token names none.
    pub(super) fn key(&self, kid: Option<&str>) -> Option<&Jwk> {
        match (kid, self.keys.keys.as_slice()) {
            (Some(kid), _) => self.keys.find(kid),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

async fn read(client: &Client, rules: &Oidc, now: DateTime<Utc>) -> Result<Profile, Silence> {
    let said = wire::document(client, &rules.metadata()).await?;
    let issuer = said["issuer"].as_str().unwrap_or_default();
    if issuer != rules.issuer.as_str() {
        return Err(Silence(format!(
            "its metadata names the issuer “{issuer}”, and oidc.issuer is “{}”: they must be the same to the letter",
            rules.issuer.as_str()
        )));
    }
    check_endpoints(&said, rules)?;
    let unreadable = |e: serde_json::Error| Silence(format!("its metadata cannot be read: {e}"));
    let more: More = serde_json::from_value(said.clone()).map_err(unreadable)?;
    let metadata: CoreProviderMetadata = serde_json::from_value(said).map_err(unreadable)?;
    let keys = wire::document(client, metadata.jwks_uri().as_str()).await?;
    let unreadable = |e: serde_json::Error| Silence(format!("its keys cannot be read: {e}"));
    let set: CoreJsonWebKeySet = serde_json::from_value(keys.clone()).map_err(unreadable)?;
    let keys = JwkSet { keys: keys["keys"].as_array().into_iter().flatten().filter_map(readable).collect() };
    Ok(Profile { metadata: metadata.set_jwks(set), keys, more, at: now })
}

/// A key of a kind we can use; others are left aside.
fn readable(key: &Value) -> Option<Jwk> {
    serde_json::from_value::<Jwk>(key.clone()).ok().filter(|_| key["use"].as_str().is_none_or(|meant| meant == "sig"))
}

/// An issuer behind https must not lead us, or a browser, to where everybody can listen.
fn check_endpoints(said: &Value, rules: &Oidc) -> Result<(), Silence> {
    let names = ["authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint", "revocation_endpoint"];
    let plain = rules.issuer.as_str().starts_with("http://");
    for name in names {
        let url = said[name].as_str().unwrap_or_default();
        let fits = url.is_empty() || url.starts_with("https://") || plain && url.starts_with("http://");
        if !fits {
            return Err(Silence(format!("its {name} “{url}” is not https")));
        }
    }
    Ok(())
}
