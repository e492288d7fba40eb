//! Identity providers from npm, as processes of their own, and a browser that goes there and comes back.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Client, Method, Response, redirect};
use serde_json::Value;
use url::Url;

use super::{Person, World};

/// A provider that runs.
pub struct Idp {
    child: Child,
    /// What it said when it was ready.
    said: Vec<String>,
    client: Client,
}

/// A port of loopback that is free at this moment: a provider has to know where Loggia will be.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

impl Idp {
    /// The certified provider, for a Loggia at this address.
    pub fn start(loggia: &str) -> Idp {
        Idp::run("provider.mjs", loggia)
    }

    /// What Azure AD B2C is like, for a Loggia at this address.
    pub fn entra(loggia: &str) -> Idp {
        Idp::run("entra.mjs", loggia)
    }

    fn run(script: &str, loggia: &str) -> Idp {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/idp");
        assert!(
            folder.join("node_modules").is_dir(),
            "the packages of tests/idp are missing: run `npm ci` there, or `make test`"
        );
        let mut child = Command::new("node")
            .args([script, loggia])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its words")).read_line(&mut line).expect("text");
        let said: Vec<String> = line.trim().split(' ').map(str::to_owned).collect();
        assert_eq!(said[0], "ready", "{script} starts: {line}");
        let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        Idp { child, said, client }
    }

    /// What follows its “ready”: the issuer; of the Azure one the metadata's address, then the issuer.
    pub fn word(&self, number: usize) -> &str {
        &self.said[number]
    }

    /// Turns knobs (see the script) and gives what it answers.
    pub async fn turn(&self, knobs: Value) -> Value {
        let base = Url::parse(self.word(1)).expect("a URL").join("/_test").expect("a URL");
        let answer = self.client.post(base).body(knobs.to_string()).send().await.expect("an answer");
        serde_json::from_slice(&answer.bytes().await.expect("bytes")).expect("JSON")
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser without script: it keeps cookies by host and port, and follows redirects.
pub struct Browser {
    client: Client,
    jar: BTreeMap<String, BTreeMap<String, String>>,
    /// Every address it was led to.
    pub way: Vec<String>,
}

/// Where a browser ended up.
pub struct Landed {
    /// The address.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// The page.
    pub text: String,
}

impl Default for Browser {
    fn default() -> Browser {
        let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        Browser { client, jar: BTreeMap::new(), way: Vec::new() }
    }
}

impl Browser {
    /// One request with the cookies of its host; those of the answer are kept.
    pub async fn send(&mut self, method: Method, url: &Url, form: Option<&[(&str, &str)]>) -> Response {
        let host = url.authority().to_owned();
        let cookies = self.jar.entry(host.clone()).or_default();
        let line = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut request = self.client.request(method, url.clone()).header("sec-fetch-site", "same-origin");
        if !line.is_empty() {
            request = request.header("cookie", line);
        }
        if let Some(form) = form {
            request = request.form(form);
        }
        let response = request.send().await.expect("an answer");
        for cookie in response.headers().get_all("set-cookie") {
            let text = cookie.to_str().expect("text");
            let (name, value) = text.split(';').next().expect("a pair").split_once('=').expect("a pair");
            let gone = value.is_empty() || text.contains("Max-Age=0") || text.contains("expires=Thu, 01 Jan 1970");
            let jar = self.jar.entry(host.clone()).or_default();
            match gone {
                true => jar.remove(name),
                false => jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        response
    }

    /// Opens an address and follows where it leads.
    pub async fn open(&mut self, url: &str) -> Landed {
        let first = self.send(Method::GET, &Url::parse(url).expect("a URL"), None).await;
        self.follow(first).await
    }

    /// Sends a form and follows where its answer leads.
    pub async fn submit(&mut self, url: &str, form: &[(&str, &str)]) -> Landed {
        let first = self.send(Method::POST, &Url::parse(url).expect("a URL"), Some(form)).await;
        self.follow(first).await
    }

    async fn follow(&mut self, mut response: Response) -> Landed {
        for _ in 0..20 {
            let Some(to) = response.headers().get("location") else { break };
            let to = response.url().join(to.to_str().expect("text")).expect("a URL");
            self.way.push(to.to_string());
            response = self.send(Method::GET, &to, None).await;
        }
        let (url, status) = (response.url().clone(), response.status().as_u16());
        Landed { url, status, text: response.text().await.expect("text") }
    }

    /// Signs in with the provider's form, from Loggia's sign-in page on, and lands where it is led.
    pub async fn sign_in(&mut self, world: &World, login: &str, next: &str) -> Landed {
        let asked = self.open(&world.url(&format!("/login/oidc?next={next}"))).await;
        match asked.text.contains("name=\"login\"") {
            true => self.submit_login(&asked, login).await,
            // the provider knows them already
            false => asked,
        }
    }

    /// Fills in the provider's form.
    pub async fn submit_login(&mut self, asked: &Landed, login: &str) -> Landed {
        let action = asked.text.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
        let action = asked.url.join(action).expect("a URL");
        self.submit(action.as_str(), &[("prompt", "login"), ("login", login), ("password", "any")]).await
    }

    /// Somebody with this browser's session.
    pub fn person(&self, world: &World) -> Person {
        let host = world.server.public.to_string();
        let session = self.jar.get(&host).and_then(|jar| jar.get("loggia"));
        session.map_or_else(Person::nobody, |token| Person::with_cookie(&format!("loggia={token}")))
    }

    /// Forgets every cookie of this host.
    pub fn forget(&mut self, host: &str) {
        self.jar.remove(host);
    }

    /// Brings a cookie of another browser, or a forged one.
    pub fn plant(&mut self, host: &str, name: &str, value: &str) {
        self.jar.entry(host.to_owned()).or_default().insert(name.to_owned(), value.to_owned());
    }

    /// The cookies of a host by name.
    pub fn cookies(&self, host: &str) -> BTreeMap<String, String> {
        self.jar.get(host).cloned().unwrap_or_default()
    }
}
