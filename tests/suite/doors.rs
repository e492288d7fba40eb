//! Both doors speak TLS with certificates of their own; on the internal one a caller's certificate says who it is.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use loggia::domain::CorrelationId;
use loggia::identity::console;
use loggia::identity::machines::{self, Draft};
use loggia::settings::Tls;
use loggia::web::{Encrypted, Entrance};
use rcgen::{BasicConstraints, Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use reqwest::{Client, Identity, Method};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{World, eventually};

/// An authority, and the folder its certificates lie in.
struct Authority {
    folder: TempDir,
    certificate: Certificate,
    key: KeyPair,
}

/// A certificate with its key, as PEM, and its SHA-256.
struct Pair {
    pem: String,
    fingerprint: String,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Authority { folder, certificate, key }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A server's certificate for this machine, written to `cert.pem` and `key.pem`.
    fn serve(&self) {
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.certificate, &self.key).unwrap();
        fs::write(self.path("cert.pem"), certificate.pem()).unwrap();
        fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
    }

    fn client(&self) -> Pair {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.certificate, &self.key).unwrap();
        let fingerprint = hex::encode(Sha256::digest(certificate.der()));
        Pair { pem: certificate.pem() + &key.serialize_pem(), fingerprint }
    }
}

/// A caller that trusts this authority, with a certificate or without.
fn caller(authority: &Path, pair: Option<&Pair>) -> Client {
    let trusted = reqwest::Certificate::from_pem(&fs::read(authority).unwrap()).unwrap();
    let client = Client::builder().tls_built_in_root_certs(false).add_root_certificate(trusted);
    let client = match pair {
        Some(pair) => client.identity(Identity::from_pem(pair.pem.as_bytes()).unwrap()),
        None => client,
    };
    client.build().unwrap()
}

fn url(at: SocketAddr, path: &str) -> String {
    format!("https://{at}{path}")
}

async fn secured(authority: &Authority) -> World {
    authority.serve();
    let (cert, key, ca) = (authority.path("cert.pem"), authority.path("key.pem"), authority.path("ca.pem"));
    let (cert, key, ca) = (cert.display().to_string(), key.display().to_string(), ca.display().to_string());
    World::with(&[
        ("LOGGIA_TLS__CERT", &cert),
        ("LOGGIA_TLS__KEY", &key),
        ("LOGGIA_INTERNAL_TLS__CERT", &cert),
        ("LOGGIA_INTERNAL_TLS__KEY", &key),
        ("LOGGIA_INTERNAL_TLS__CLIENT_CA", &ca),
    ])
    .await
}

#[tokio::test]
async fn a_certificate_says_who_calls_the_internal_api() {
    let authority = Authority::new();
    let world = secured(&authority).await;
    let (known, unknown) = (authority.client(), authority.client());
    let draft =
        Draft { name: "Pipeline".to_owned(), scopes: "admin".parse().unwrap(), certificate: Some(known.fingerprint.clone()) };
    let actor = console(CorrelationId::new());
    let (machine, _) = machines::create(&world.server.parts.central, &actor, draft).await.unwrap();
    let ca = authority.path("ca.pem");
    let tenants = url(world.server.internal, "/admin/tenants");
    let status = async |client: &Client| client.get(&tenants).send().await.unwrap().status().as_u16();
    let (by_certificate, without, stranger) = (caller(&ca, Some(&known)), caller(&ca, None), caller(&ca, Some(&unknown)));
    assert_eq!(status(&by_certificate).await, 200);
    assert_eq!(status(&without).await, 401, "no certificate is no credential");
    assert_eq!(status(&stranger).await, 401, "a certificate that nobody registered is none either");
    // A token is judged by itself, whatever certificate lies beside it.
    let bad = by_certificate.get(&tenants).bearer_auth("eyJhbGciOiJub25lIn0.e30.").send().await.unwrap();
    assert_eq!(bad.status(), 401);
    let form = [("grant_type", "client_credentials"), ("client_id", machine.client_id.as_str())];
    let granted = by_certificate.post(url(world.server.internal, "/oauth/token")).form(&form).send().await.unwrap();
    assert_eq!(granted.status(), 200);
    let granted: Value = granted.json().await.unwrap();
    let token = granted["access_token"].as_str().unwrap();
    assert_eq!(without.get(&tenants).bearer_auth(token).send().await.unwrap().status(), 200);
    // Health needs no credentials; who is from another authority does not come in at all.
    assert_eq!(without.get(url(world.server.internal, "/health")).send().await.unwrap().status(), 200);
    let foreign = Authority::new().client();
    assert!(caller(&ca, Some(&foreign)).get(&tenants).send().await.is_err());
    machines::set_active(&world.server.parts.central, &actor, machine.id, false).await.unwrap();
    assert_eq!(status(&by_certificate).await, 401, "switched off at once");
    world.close().await;
}

#[tokio::test]
async fn visitors_come_by_https_and_get_a_cookie_for_it_alone() {
    let authority = Authority::new();
    let world = secured(&authority).await;
    let client = caller(&authority.path("ca.pem"), None);
    let answer = client.get(url(world.server.public, "/login")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("strict-transport-security"));
    let form = [("email", "viewer@alpha.example"), ("password", crate::world::PASSWORD)];
    let patient = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .add_root_certificate(reqwest::Certificate::from_pem(&fs::read(authority.path("ca.pem")).unwrap()).unwrap())
        .build()
        .unwrap();
    let request = patient.post(url(world.server.public, "/login")).header("sec-fetch-site", "same-origin").form(&form);
    let answer = request.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-loggia=") && cookie.contains("Secure"), "{cookie}");
    world.close().await;
}

#[tokio::test]
async fn who_never_finishes_a_handshake_keeps_nobody_waiting() {
    let authority = Authority::new();
    let world = secured(&authority).await;
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(TcpStream::connect(world.server.public).await.unwrap());
    }
    let client = caller(&authority.path("ca.pem"), None);
    let asked = client.get(url(world.server.public, "/health")).send();
    let answer = tokio::time::timeout(Duration::from_secs(4), asked).await.expect("at once").unwrap();
    assert_eq!(answer.status(), 200);
    world.close().await;
}

#[tokio::test]
async fn who_comes_without_tls_is_led_to_the_same_place_by_https_and_told_nothing_else() {
    let authority = Authority::new();
    let world = secured(&authority).await;
    let plain = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for at in [world.server.public, world.server.internal] {
        for path in ["/login?next=%2Ftenant%2Falpha-works", "/health", "/metrics", "/no/such/page?a=1&b=%20"] {
            for method in [Method::GET, Method::POST] {
                let answer = plain.request(method, format!("http://{at}{path}")).body("email=a&password=b").send().await.unwrap();
                assert_eq!(answer.status(), 308, "{at}{path}");
                assert_eq!(answer.headers()["location"].to_str().unwrap(), url(at, path));
                assert!(!answer.headers().contains_key("set-cookie") && answer.headers()["connection"] == "close");
                assert_eq!(answer.text().await.unwrap(), "");
            }
        }
    }
    let named = format!("localhost:{}", world.server.public.port());
    let answer = plain.get(format!("http://{}/", world.server.public)).header("host", &named).send().await.unwrap();
    assert_eq!(answer.headers()["location"].to_str().unwrap(), format!("https://{named}/"), "by the name they called");
    // Who follows is let in as anybody is.
    let follows = caller(&authority.path("ca.pem"), None);
    let landed = follows.get(format!("http://{}/login", world.server.public)).send().await.unwrap();
    assert_eq!((landed.status().as_u16(), landed.url().scheme()), (200, "https"));
    // What is neither gets no answer at all, and nothing is said in the clear to who says nothing.
    let mut odd = TcpStream::connect(world.server.public).await.unwrap();
    odd.write_all(b"\0\0\0 hello").await.unwrap();
    let mut said = Vec::new();
    let _ = odd.read_to_end(&mut said).await;
    assert!(!String::from_utf8_lossy(&said).contains("HTTP"), "{said:?}");
    world.close().await;
}

#[tokio::test]
async fn with_an_address_that_people_know_they_are_led_there() {
    let authority = Authority::new();
    authority.serve();
    let (cert, key) = (authority.path("cert.pem").display().to_string(), authority.path("key.pem").display().to_string());
    let world =
        World::with(&[("LOGGIA_TLS__CERT", &cert), ("LOGGIA_TLS__KEY", &key), ("LOGGIA_PUBLIC_URL", "https://loggia.example")])
            .await;
    let plain = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let asked = plain.get(format!("http://{}/tenant/x?from=now-1h", world.server.public)).header("host", "evil.example");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.headers()["location"], "https://loggia.example/tenant/x?from=now-1h");
    world.close().await;
}

/// A door that says hello to whoever shakes hands with it.
async fn door(encrypted: Encrypted) -> SocketAddr {
    let entrance = Entrance::open("127.0.0.1:0".parse().unwrap(), "--listen", Some(encrypted)).await.unwrap();
    let address = entrance.address();
    let hello = poem::endpoint::make_sync(|_| "hello");
    tokio::spawn(poem::Server::new_with_acceptor(entrance.door()).run(hello));
    address
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart_and_a_broken_one_never() {
    let (first, second) = (Authority::new(), Authority::new());
    first.serve();
    second.serve();
    let tls = Tls { cert: first.path("cert.pem"), key: first.path("key.pem") };
    // An hour: nothing but the call below looks.
    let encrypted = Encrypted::public(&tls).unwrap().looking_every(Duration::from_secs(3_600));
    let at = door(encrypted.clone()).await;
    let trusts = async |authority: &Authority| caller(&authority.path("ca.pem"), None).get(url(at, "/")).send().await.is_ok();
    assert!(trusts(&first).await && !trusts(&second).await);
    let kept = caller(&first.path("ca.pem"), None);
    kept.get(url(at, "/")).send().await.unwrap();
    // Half of a new pair, then nonsense: the one in use stays.
    fs::copy(second.path("key.pem"), first.path("key.pem")).unwrap();
    encrypted.look();
    assert!(trusts(&first).await && !trusts(&second).await);
    fs::write(first.path("cert.pem"), "no certificate").unwrap();
    encrypted.look();
    assert!(trusts(&first).await && !trusts(&second).await);
    fs::copy(second.path("cert.pem"), first.path("cert.pem")).unwrap();
    assert!(trusts(&first).await, "nobody has looked yet");
    encrypted.look();
    assert!(trusts(&second).await && !trusts(&first).await);
    assert!(kept.get(url(at, "/")).send().await.is_ok(), "who was connected stays connected");
}

#[tokio::test]
async fn a_door_looks_for_a_new_certificate_by_itself() {
    let (first, second) = (Authority::new(), Authority::new());
    first.serve();
    second.serve();
    let tls = Tls { cert: first.path("cert.pem"), key: first.path("key.pem") };
    let at = door(Encrypted::public(&tls).unwrap().looking_every(Duration::from_millis(5))).await;
    for name in ["key.pem", "cert.pem"] {
        fs::copy(second.path(name), first.path(name)).unwrap();
    }
    let trusting = caller(&second.path("ca.pem"), None);
    eventually("the new certificate is in use", async || trusting.get(url(at, "/")).send().await.is_ok()).await;
}

#[tokio::test]
async fn a_wrong_certificate_stops_the_start_with_the_files_name() {
    let authority = Authority::new();
    authority.serve();
    fs::write(authority.path("key.pem"), "no key").unwrap();
    let tls = Tls { cert: authority.path("cert.pem"), key: authority.path("key.pem") };
    let fault = Encrypted::public(&tls).unwrap_err();
    assert!(fault.contains("key.pem"), "{fault}");
    let tls = Tls { cert: authority.path("none.pem"), key: authority.path("key.pem") };
    assert!(Encrypted::public(&tls).unwrap_err().contains("none.pem"));
}
