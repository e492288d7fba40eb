//! A small Azure: a key vault that speaks the REST API of Key Vault, and the identity platform that lets people into it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::web::{Data, Form, Json, Path, Query};
use poem::{EndpointExt, IntoResponse, Request, Response, Route, Server, get, handler, post};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde_json::{Value, json};

/// The DER that stands before a SHA-256 digest in a signature (RFC 8017, section 9.2).
const SHA256: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

/// A running vault.
#[derive(Clone)]
pub struct Vault {
    /// Its address, without a slash at the end.
    pub url: String,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    url: Mutex<String>,
    keys: Mutex<BTreeMap<String, Vec<(String, RsaPrivateKey)>>>,
    /// Keys made beforehand: making one takes long on a busy machine, and nobody waits for ever.
    stock: Mutex<Vec<RsaPrivateKey>>,
    passes: AtomicUsize,
    signatures: AtomicUsize,
    down: AtomicBool,
}

impl Vault {
    /// Opens an empty vault.
    pub async fn open() -> Vault {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.expect("a port");
        let address = acceptor.local_addr()[0].as_socket_addr().expect("an address").to_string();
        let url = format!("http://{address}");
        let make = || RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("a key");
        let stock = tokio::task::spawn_blocking(move || vec![make(), make()]).await.expect("two keys");
        let inner = Arc::new(Inner { url: Mutex::new(url.clone()), stock: Mutex::new(stock), ..Inner::default() });
        let routes = Route::new()
            .at("/directory/oauth2/v2.0/token", post(pass))
            .at("/metadata/identity/oauth2/token", get(metadata))
            .at("/keys/:name", get(newest))
            .at("/keys/:name/create", post(create))
            .at("/keys/:name/:version/sign", post(sign))
            .data(Arc::clone(&inner));
        tokio::spawn(Server::new_with_acceptor(acceptor).run(routes));
        Vault { url, inner }
    }

    /// How often somebody was let in.
    pub fn passes(&self) -> usize {
        self.inner.passes.load(Ordering::SeqCst)
    }

    /// How often something was signed.
    pub fn signatures(&self) -> usize {
        self.inner.signatures.load(Ordering::SeqCst)
    }

    /// How many versions a key has.
    pub fn versions(&self, name: &str) -> usize {
        self.inner.keys.lock().unwrap().get(name).map_or(0, Vec::len)
    }

    /// Whether it is down.
    pub fn down(&self, down: bool) {
        self.inner.down.store(down, Ordering::SeqCst);
    }

    /// Ends the passes that were given out so far.
    pub fn forget_passes(&self) {
        self.inner.passes.fetch_add(1_000, Ordering::SeqCst);
    }
}

fn fault(status: u16, code: &str) -> Response {
    let status = poem::http::StatusCode::from_u16(status).unwrap();
    Json(json!({ "error": { "code": code, "message": format!("told by the vault: {code}") } }))
        .with_status(status)
        .into_response()
}

impl Inner {
    /// A pass is good until a later series is given out.
    fn give_pass(&self) -> String {
        format!("pass {}", self.passes.fetch_add(1, Ordering::SeqCst) / 1_000)
    }

    #[allow(clippy::result_large_err)] // the answer itself, sent once
    fn check(&self, request: &Request, query: &BTreeMap<String, String>) -> Result<(), Response> {
        if self.down.load(Ordering::SeqCst) {
            return Err(fault(503, "ServiceUnavailable"));
        }
        let good = format!("Bearer pass {}", self.passes.load(Ordering::SeqCst).saturating_sub(1) / 1_000);
        if request.header("authorization") != Some(&good) {
            return Err(fault(401, "Unauthorized"));
        }
        if query.get("api-version").map(String::as_str) != Some("7.4") {
            return Err(fault(400, "BadParameter"));
        }
        Ok(())
    }

    fn bundle(&self, name: &str, version: &str, key: &RsaPrivateKey) -> Response {
        let url = self.url.lock().unwrap();
        let part = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
        Json(json!({
            "key": {
                "kid": format!("{url}/keys/{name}/{version}"), "kty": "RSA", "key_ops": ["sign", "verify"],
                "n": part(key.n()), "e": part(key.e()),
            },
            "attributes": { "enabled": true, "recoveryLevel": "Recoverable+Purgeable" },
        }))
        .into_response()
    }
}

#[handler]
fn pass(Data(vault): Data<&Arc<Inner>>, Form(form): Form<BTreeMap<String, String>>) -> Response {
    let says = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
    let proven = says("client_secret", "the app's secret") || says("client_assertion", "the workload's token");
    if !says("grant_type", "client_credentials") || !says("scope", "https://vault.azure.net/.default") {
        return fault(400, "invalid_request");
    }
    if !says("client_id", "loggia-app") || !proven {
        return fault(401, "invalid_client");
    }
    Json(json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": vault.give_pass() })).into_response()
}

#[handler]
fn metadata(request: &Request, Data(vault): Data<&Arc<Inner>>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let asked = query.get("resource").is_some_and(|resource| resource == "https://vault.azure.net");
    if request.header("metadata") != Some("true") || !asked {
        return fault(400, "invalid_request");
    }
    Json(json!({ "access_token": vault.give_pass(), "expires_in": "86399", "token_type": "Bearer" })).into_response()
}

#[handler]
fn newest(
    request: &Request,
    Data(vault): Data<&Arc<Inner>>,
    Path(name): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    if let Err(refused) = vault.check(request, &query) {
        return refused;
    }
    match vault.keys.lock().unwrap().get(&name).and_then(|versions| versions.last()) {
        Some((version, key)) => vault.bundle(&name, version, key),
        None => fault(404, "KeyNotFound"),
    }
}

#[handler]
fn create(
    request: &Request,
    Data(vault): Data<&Arc<Inner>>,
    Path(name): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    Json(wish): Json<Value>,
) -> Response {
    if let Err(refused) = vault.check(request, &query) {
        return refused;
    }
    if wish["kty"] != "RSA" || wish["key_size"] != 2048 {
        return fault(400, "BadParameter");
    }
    let Some(key) = vault.stock.lock().unwrap().pop() else { return fault(429, "Throttled") };
    let version = uuid::Uuid::new_v4().simple().to_string();
    let response = vault.bundle(&name, &version, &key);
    vault.keys.lock().unwrap().entry(name).or_default().push((version, key));
    response
}

#[handler]
fn sign(
    request: &Request,
    Data(vault): Data<&Arc<Inner>>,
    Path((name, version)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    Json(asked): Json<Value>,
) -> Response {
    if let Err(refused) = vault.check(request, &query) {
        return refused;
    }
    let keys = vault.keys.lock().unwrap();
    let key = keys.get(&name).and_then(|versions| versions.iter().find(|(known, _)| *known == version));
    let Some((_, key)) = key else { return fault(404, "KeyNotFound") };
    let digest = asked["value"].as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let (Some(digest), "RS256") = (digest.filter(|digest| digest.len() == 32), asked["alg"].as_str().unwrap_or_default()) else {
        return fault(400, "BadParameter");
    };
    let padding = Pkcs1v15Sign { hash_len: Some(32), prefix: SHA256.into() };
    let signature = key.sign(padding, &digest).expect("a signature");
    vault.signatures.fetch_add(1, Ordering::SeqCst);
    Json(json!({ "kid": format!("{name}/{version}"), "value": URL_SAFE_NO_PAD.encode(signature) })).into_response()
}
