//! Keys that stay in an Azure Key Vault: it makes them, names them and signs with them; the private half never comes here.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::pair::PublicKey;
use crate::domain::Clock;
use crate::settings::{self, VaultIdentity};

/// The version of the vault's REST API that is spoken.
const API: &str = "7.4";
/// How long the vault, or the identity platform before it, may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// A pass is renewed so long before it ends.
const EARLY: TimeDelta = TimeDelta::minutes(5);
/// How long a pass is taken to be good when its maker says nothing.
const PASS: i64 = 600;
const SCOPE: &str = "https://vault.azure.net";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// One key's name in one vault.
pub(super) struct Vault {
    /// Or why the system gives none, told when it is needed.
    client: Result<Client, String>,
    settings: settings::Vault,
    clock: Clock,
    pass: Mutex<Option<(String, DateTime<Utc>)>>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("url", &self.settings.url.as_str()).field("key", &self.settings.key).finish_non_exhaustive()
    }
}

/// One version of the key.
pub(super) struct Version {
    pub(super) public: PublicKey,
    /// Its address in the vault, with the version.
    pub(super) address: Url,
}

#[derive(Deserialize)]
struct Bundle {
    key: Jwk,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

#[derive(Default, Deserialize)]
struct Attributes {
    enabled: Option<bool>,
}

#[derive(Deserialize)]
struct Signed {
    value: String,
}

#[derive(Deserialize)]
struct Pass {
    access_token: String,
    /// A number from the identity platform, a text from the metadata service.
    #[serde(default)]
    expires_in: Value,
}

impl Pass {
    fn seconds(&self) -> i64 {
        self.expires_in.as_i64().or_else(|| self.expires_in.as_str()?.parse().ok()).unwrap_or(PASS)
    }
}

impl Vault {
    /// Ready to be asked; nothing is asked yet.
    pub(super) fn new(settings: settings::Vault, clock: Clock) -> Vault {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build();
        Vault { client: client.map_err(|e| e.to_string()), settings, clock, pass: Mutex::default() }
    }

    /// The newest version; none when there is no key of this name yet, or somebody switched that version off.
    pub(super) async fn newest(&self) -> Result<Option<Version>, String> {
        let request = self.client.clone()?.request(Method::GET, self.address(&["keys", &self.settings.key])?);
        let bundle: Option<Bundle> = self.ask(request).await?;
        bundle.filter(|bundle| bundle.attributes.enabled != Some(false)).map(|bundle| self.version(bundle)).transpose()
    }

    /// Makes a new version of the key, or the first.
    pub(super) async fn make(&self) -> Result<Version, String> {
        let request = self.client.clone()?.request(Method::POST, self.address(&["keys", &self.settings.key, "create"])?);
        let wish = json!({ "kty": "RSA", "key_size": 2048, "key_ops": ["sign", "verify"] });
        let made = self.ask(request.json(&wish)).await?.ok_or("the vault has no place for keys")?;
        self.version(made)
    }

    /// Has the vault sign with one version of the key.
    pub(super) async fn sign(&self, version: &Url, message: &[u8]) -> Result<Vec<u8>, String> {
        if version.origin() != self.settings.url.origin() {
            return Err(format!("the key {version} lies in another vault than {}", self.settings.url));
        }
        let mut address = version.clone();
        address.path_segments_mut().map_err(|()| "the key's address is none".to_owned())?.pop_if_empty().push("sign");
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(message));
        let request =
            self.client.clone()?.request(Method::POST, versioned(address)).json(&json!({ "alg": "RS256", "value": digest }));
        let signed: Signed = self.ask(request).await?.ok_or_else(|| format!("the vault has no key {version} any more"))?;
        URL_SAFE_NO_PAD.decode(signed.value.trim_end_matches('=')).map_err(|e| format!("the vault's signature: {e}"))
    }

    fn version(&self, bundle: Bundle) -> Result<Version, String> {
        let key = bundle.key;
        if !matches!(key.kty.as_str(), "RSA" | "RSA-HSM") {
            return Err(format!("the vault's key {} is {}; RS256 needs RSA", self.settings.key, key.kty));
        }
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|e| format!("the vault's key: {e}"));
        let (modulus, exponent) = (part(&key.n)?, part(&key.e)?);
        if modulus.len() < 256 {
            return Err(format!("the vault's key {} has {} bits; take 2048 or more", key.kid, modulus.len() * 8));
        }
        let address = key.kid.parse().map_err(|e| format!("the vault names its key {}: {e}", key.kid))?;
        Ok(Version { public: PublicKey::new(&modulus, &exponent), address })
    }

    fn address(&self, path: &[&str]) -> Result<Url, String> {
        let mut url = self.settings.url.clone();
        url.path_segments_mut().map_err(|()| format!("{} is no vault's address", self.settings.url))?.pop_if_empty().extend(path);
        Ok(versioned(url))
    }

    /// The answer, or none when the vault has no such thing.
    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Option<T>, String> {
        let pass = self.pass().await?;
        let answer = request.bearer_auth(pass).send().await.map_err(|e| format!("the vault cannot be reached: {}", plain(&e)))?;
        match answer.status() {
            StatusCode::NOT_FOUND => return Ok(None),
            // the next call fetches a new pass
            StatusCode::UNAUTHORIZED => *self.pass.lock().unwrap_or_else(PoisonError::into_inner) = None,
            _ => {}
        }
        let status = answer.status();
        let text = answer.text().await.map_err(|e| format!("the vault broke off: {}", plain(&e)))?;
        if !status.is_success() {
            return Err(format!("the vault answers {status}: {}", told(&text)));
        }
        serde_json::from_str(&text).map(Some).map_err(|e| format!("the vault's answer cannot be read: {e}"))
    }

    /// What lets us in, kept until shortly before it ends.
    async fn pass(&self) -> Result<String, String> {
        let now = self.clock.now();
        let known = self.pass.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((pass, _)) = known.filter(|(_, until)| now < *until) {
            return Ok(pass);
        }
        let fetched = self.fetch_pass().await?;
        let lasts = TimeDelta::seconds(fetched.seconds().clamp(0, 86_400));
        let until = now + (lasts - EARLY).max(lasts / 2);
        *self.pass.lock().unwrap_or_else(PoisonError::into_inner) = Some((fetched.access_token.clone(), until));
        Ok(fetched.access_token)
    }

    async fn fetch_pass(&self) -> Result<Pass, String> {
        let request = self.pass_request().await?;
        let answer = request.send().await.map_err(|e| format!("the identity platform cannot be reached: {}", plain(&e)))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|e| format!("the identity platform broke off: {}", plain(&e)))?;
        if !status.is_success() {
            return Err(format!("the identity platform answers {status}: {}", told(&text)));
        }
        serde_json::from_str(&text).map_err(|_| "the identity platform gives no token".to_owned())
    }

    async fn pass_request(&self) -> Result<RequestBuilder, String> {
        let scope = format!("{SCOPE}/.default");
        Ok(match &self.settings.identity {
            VaultIdentity::Secret { authority, client_id, client_secret } => {
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id.as_str()),
                    ("client_secret", client_secret.reveal()),
                ];
                self.client.clone()?.post(token_address(authority)?).form(&[form.as_slice(), &[("scope", &scope)]].concat())
            }
            VaultIdentity::Workload { authority, client_id, token } => {
                let told = |e| format!("the workload's token {} cannot be read: {e}", token.display());
                let token = tokio::fs::read_to_string(token).await.map_err(told)?;
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id.as_str()),
                    ("client_assertion_type", ASSERTION),
                    ("client_assertion", token.trim()),
                    ("scope", &scope),
                ];
                self.client.clone()?.post(token_address(authority)?).form(&form)
            }
            VaultIdentity::Managed { service, client_id } => {
                let query = [("api-version", "2018-02-01"), ("resource", SCOPE)];
                let request = self.client.clone()?.get(service.clone()).header("Metadata", "true").query(&query);
                client_id.iter().fold(request, |request, id| request.query(&[("client_id", id)]))
            }
        })
    }
}

fn token_address(authority: &Url) -> Result<Url, String> {
    let mut url = authority.clone();
    let segments = ["oauth2", "v2.0", "token"];
    url.path_segments_mut().map_err(|()| format!("{authority} is no authority"))?.pop_if_empty().extend(segments);
    Ok(url)
}

fn versioned(mut url: Url) -> Url {
    url.query_pairs_mut().clear().append_pair("api-version", API);
    url
}

/// The error's code and words, as the vault and the identity platform give them; never the body itself.
fn told(text: &str) -> String {
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    let error = &answer["error"];
    let words = [&error["code"], error, &error["message"], &answer["error_description"]];
    let words: Vec<&str> = words.into_iter().filter_map(Value::as_str).collect();
    if words.is_empty() { "without a reason".to_owned() } else { words.join(", ").chars().take(300).collect() }
}

/// The error without the address, which stands in the settings already.
fn plain(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "it takes too long".to_owned() } else { "no connection".to_owned() };
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    text
}
