//! An app with a guard of its own, as a company's Dash app has one: it verifies the token by our keys and asks whether it is
//! still good, or does one of the things that such apps do instead.

use std::sync::{Arc, Mutex};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use poem::listener::TcpAcceptor;
use poem::{Endpoint, Request, Response, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What it does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Verifies the token by the keys of the issuer, and asks there whether it is still good.
    Verifies,
    /// Answers everybody.
    Open,
    /// Takes no token at all.
    Refuses,
    /// Says that it cannot fetch the keys.
    Keyless,
    /// Does not like the catalog.
    Picky,
    /// Fails.
    Fails,
    /// Knows no `_dash-layout`; its front page is guarded.
    Plain,
}

/// One request, as it came.
#[derive(Clone, Debug)]
pub struct Came {
    /// The path.
    pub path: String,
    /// The token it brought.
    pub token: Option<String>,
    /// `X-Forwarded-Prefix`.
    pub prefix: Option<String>,
}

/// A running app.
pub struct Dash {
    /// Where.
    pub url: String,
    inside: Arc<Inside>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Inside {
    app: &'static str,
    guard: Mutex<Guard>,
    issuer: Mutex<Option<(String, String)>>,
    came: Mutex<Vec<Came>>,
}

impl Dash {
    /// Starts one that is called so.
    pub async fn start(app: &'static str) -> Dash {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inside =
            Arc::new(Inside { app, guard: Mutex::new(Guard::Verifies), issuer: Mutex::default(), came: Mutex::default() });
        let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener).expect("a listener"));
        let serving = Serving(inside.clone());
        let task = tokio::spawn(async move {
            let _ = server.run(serving).await;
        });
        Dash { url, inside, task }
    }

    /// Tells it whose tokens to take: the issuer's name, and where it is.
    pub fn trusts(&self, issuer: &str, at: &str) {
        *self.inside.issuer.lock().unwrap() = Some((issuer.to_owned(), at.to_owned()));
    }

    /// What it does from now on.
    pub fn set(&self, guard: Guard) {
        *self.inside.guard.lock().unwrap() = guard;
    }

    /// What came since this was last asked, health apart.
    pub fn came(&self) -> Vec<Came> {
        std::mem::take(&mut *self.inside.came.lock().unwrap())
    }

    /// Ends it; nobody answers there any more.
    pub async fn stop(&self) {
        self.task.abort();
        super::eventually("the app to be gone", async || reqwest::get(format!("{}/_health", self.url)).await.is_err()).await;
    }
}

impl Drop for Dash {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Serving(Arc<Inside>);

impl Endpoint for Serving {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let mut response = self.answer(&request).await;
        // no connection outlives it once it is stopped
        response.headers_mut().insert("connection", poem::http::HeaderValue::from_static("close"));
        Ok(response)
    }
}

impl Serving {
    async fn answer(&self, request: &Request) -> Response {
        let path = request.uri().path().to_owned();
        if path == "/_health" {
            return Response::builder().body("OK");
        }
        let token = request.header("authorization").and_then(|text| text.strip_prefix("Bearer ")).map(str::to_owned);
        let prefix = request.header("x-forwarded-prefix").map(str::to_owned);
        self.0.came.lock().unwrap().push(Came { path: path.clone(), token: token.clone(), prefix });
        let guard = *self.0.guard.lock().unwrap();
        let refused = |status: u16, word: &str| {
            let status = poem::http::StatusCode::from_u16(status).unwrap();
            Response::builder().status(status).content_type("application/json").body(json!({"error": word}).to_string())
        };
        let page = || Response::builder().content_type("text/html; charset=utf-8").body(format!("<p>{}</p>", self.0.app));
        match guard {
            Guard::Open => page(),
            Guard::Refuses => refused(401, "invalid_token"),
            Guard::Keyless if token.is_some() => refused(503, "jwks_unavailable"),
            Guard::Picky if token.is_some() => refused(403, "invalid_catalog"),
            Guard::Fails => refused(500, "oops"),
            Guard::Plain if path == "/_dash-layout" => refused(404, "not_found"),
            Guard::Keyless | Guard::Picky | Guard::Verifies | Guard::Plain => match token {
                None => refused(401, "token_required"),
                Some(token) if self.0.takes(&token).await => page(),
                Some(_) => refused(401, "invalid_token"),
            },
        }
    }
}

impl Inside {
    async fn takes(&self, token: &str) -> bool {
        let Some((issuer, at)) = self.issuer.lock().unwrap().clone() else { return false };
        let keys: Value = reqwest::get(format!("{at}/.well-known/jwks.json")).await.unwrap().json().await.unwrap();
        let Ok(head) = jsonwebtoken::decode_header(token) else { return false };
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == head.kid.clone().unwrap_or_default());
        let Some(key) = key else { return false };
        let key = DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap()).unwrap();
        let mut wanted = Validation::new(Algorithm::RS256);
        wanted.set_issuer(&[issuer]);
        wanted.set_audience(&[format!("dash:{}", self.app)]);
        if jsonwebtoken::decode::<Value>(token, &key, &wanted).is_err() {
            return false;
        }
        let form = [("token", token)];
        let told = reqwest::Client::new().post(format!("{at}/api/token/introspect")).form(&form).send().await.unwrap();
        assert_eq!(told.status(), StatusCode::OK);
        told.json::<Value>().await.unwrap()["active"] == true
    }
}
