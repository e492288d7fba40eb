//! Both doors speak TLS with certificates of their own; on the internal one a caller's certificate says who it is.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use loggia::domain::CorrelationId;
use loggia::identity::console;
use loggia::identity::machines::{self, Draft};
use rcgen::{BasicConstraints, Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use reqwest::{Client, Identity};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::world::World;

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
    // Plain http at this door is no conversation.
    assert!(Client::new().get(format!("http://{}/health", world.server.public)).send().await.is_err());
    world.close().await;
}

#[tokio::test]
async fn a_wrong_certificate_stops_the_start_with_the_files_name() {
    let authority = Authority::new();
    authority.serve();
    fs::write(authority.path("key.pem"), "no key").unwrap();
    let tls = loggia::settings::Tls { cert: authority.path("cert.pem"), key: authority.path("key.pem") };
    let fault = loggia::web::Encrypted::public(&tls).unwrap_err();
    assert!(fault.contains("key.pem"), "{fault}");
    let tls = loggia::settings::Tls { cert: authority.path("none.pem"), key: authority.path("key.pem") };
    assert!(loggia::web::Encrypted::public(&tls).unwrap_err().contains("none.pem"));
}
