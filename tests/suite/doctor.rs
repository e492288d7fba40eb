//! `loggia doctor`: what is wrong with an installation, each with what to do about it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use loggia::central::migrate;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::world::console::{Console, Said};
use crate::world::people::Stage;

const KEY: (&str, &str) = ("LOGGIA_SECRET_KEY", "b9Jw2mT0s8hQyV4xk7Lr1Zc6uNe3Gf5A");

/// The doctor at a console, with settings.
fn doctor(console: &Console, more: &[&str], variables: &[(&str, &str)]) -> Said {
    let mut command = console.command(&[&["doctor"], more].concat());
    let output = command.env(KEY.0, KEY.1).envs(variables.iter().copied()).output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Every line that says something is bad has one below it that says what to do.
fn each_has_its_fix(said: &Said) {
    let lines: Vec<&str> = said.out.lines().collect();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("BAD")) {
        assert!(lines.get(at + 1).is_some_and(|next| next.trim_start().starts_with('→')), "{line} has no fix: {said:?}");
    }
}

#[test]
fn a_sound_installation_is_told_to_be_sound_and_an_old_database_is_not() {
    let console = Console::with_tenant();
    let said = doctor(&console, &[], &[]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("older than this program") && said.out.contains("run: loggia migrate"), "{said:?}");
    each_has_its_fix(&said);
    console.well(&["migrate"]);
    let said = doctor(&console, &[], &[]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    for word in ["at this program's version", "tamper-evident only", "nobody runs the installation", ", 0 bad"] {
        assert!(said.out.contains(word), "{word}: {said:?}");
    }
    console.tell(&["user", "create", "olga@example.com", "--operator"], "kettle fjord\n");
    assert!(doctor(&console, &[], &[]).out.contains("somebody runs the installation"));
}

#[test]
fn settings_that_open_a_door_are_bad() {
    let console = Console::with_tenant();
    console.well(&["migrate"]);
    for (variable, value, word) in [
        ("LOGGIA_SECRET_KEY", "short", "shorter than 32"),
        ("LOGGIA_SECRET_KEY", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "not random"),
        ("LOGGIA_ALLOW_HTTP", "true", "everybody can read them"),
        ("LOGGIA_TRUSTED_PROXIES", "0.0.0.0/0", "everybody is a trusted proxy"),
        ("LOGGIA_INTERNAL_LISTEN", "0.0.0.0:8081", "without TLS"),
        ("LOGGIA_RATE_LIMIT__ENABLED", "false", "nobody is limited"),
    ] {
        let said = doctor(&console, &["--security"], &[(variable, value)]);
        assert_eq!(said.code, Some(1), "{variable}: {said:?}");
        assert!(said.out.lines().any(|line| line.starts_with("BAD") && line.contains(word)), "{variable}: {said:?}");
        assert!(!said.out.contains(KEY.1) && !said.out.contains("aaaaaaaa"), "secrets never print");
        each_has_its_fix(&said);
    }
}

#[test]
fn what_was_found_is_signed_into_the_audit_and_a_broken_audit_is_bad() {
    let console = Console::with_tenant();
    console.well(&["migrate"]);
    let said = doctor(&console, &["--security", "--sign", "Ann Smith"], &[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("signed by Ann Smith") && said.out.contains("the audit's 0 rows"), "{said:?}");
    assert!(console.well(&["audit", "verify"]).starts_with("1 rows"));
    let database = console.path().join("data/loggia.db");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
        let mut db = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let (target, detail): (String, String) =
            sqlx::query_as("SELECT target, detail FROM audit_logs WHERE action = 'sign_doctor'")
                .fetch_one(&mut db)
                .await
                .unwrap();
        assert!(target == "Ann Smith" && detail.contains("tamper-evident"), "{detail}");
        let forge = "DROP TRIGGER audit_logs_no_update; UPDATE audit_logs SET detail = '{}'";
        sqlx::raw_sql(forge).execute(&mut db).await.unwrap();
    });
    assert_eq!(doctor(&console, &[], &[]).code, Some(0), "without --security nobody looks");
    let said = doctor(&console, &["--security"], &[]);
    assert!(said.code == Some(1) && said.out.contains("the audit is broken at row 1"), "{said:?}");
}

#[tokio::test]
async fn a_role_that_may_too_much_is_bad_and_one_that_may_just_enough_is_good() {
    let stage = Stage::postgres().await;
    migrate::run(&stage.url).await.unwrap();
    let role = stage.url.rsplit('/').next().unwrap().to_owned();
    stage.at_the_prompt(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'")).await.unwrap();
    let runtime = stage.url.replacen("postgres@", &format!("{role}:x@"), 1);
    migrate::grant(&stage.url, &runtime).await.unwrap();
    let console = Console::with_tenant();
    let look =
        |url: &str| doctor(&console, &[], &[("LOGGIA_DATABASE_URL", url), ("LOGGIA_MIGRATE_DATABASE_URL", stage.url.as_str())]);

    let said = look(&stage.url);
    assert!(said.code == Some(1) && said.out.contains("may do everything on the database server"), "{said:?}");
    each_has_its_fix(&said);
    let said = look(&runtime);
    assert!(said.code == Some(0) && said.out.contains("can read the audit and add to it, no more"), "{said:?}");
    assert!(said.out.contains("clock agrees with that of the central database"), "{said:?}");
    stage.at_the_prompt(&format!("GRANT DELETE ON audit_logs TO {role}")).await.unwrap();
    let said = look(&runtime);
    assert!(said.code == Some(1) && said.out.contains("the right to change audit rows"), "{said:?}");
    let said = look("postgres://nobody@127.0.0.1:1/nothing");
    assert!(said.code == Some(1) && said.out.contains("does not answer"), "{said:?}");
    stage.at_the_prompt(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
}

/// An identity provider that knows one document.
fn provider(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let issuer = format!("http://{}", listener.local_addr().expect("an address"));
    let own = issuer.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer(&own).as_bytes());
        }
    });
    issuer
}

fn document(body: &str, date: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: {date}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn the_identity_provider_is_asked_who_it_is_and_what_time_it_has() {
    let console = Console::with_tenant();
    console.well(&["migrate"]);
    let look = |issuer: &str, public: &str| {
        let settings = [("LOGGIA_OIDC__ISSUER", issuer), ("LOGGIA_OIDC__CLIENT_ID", "loggia"), ("LOGGIA_PUBLIC_URL", public)];
        doctor(&console, &[], &settings)
    };
    let now = || loggia::domain::Clock::system().now().to_rfc2822().replace("+0000", "GMT");
    let good = provider(move |issuer| {
        document(&format!("{{\"issuer\":\"{issuer}\",\"code_challenge_methods_supported\":[\"S256\"]}}"), &now())
    });
    let said = look(&good, "http://127.0.0.1:1");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains(&format!("the identity provider {good} answers")), "{said:?}");
    assert!(said.out.contains("http://127.0.0.1:1/login/callback as redirect"), "{said:?}");
    assert!(said.out.contains("agrees with that of the identity provider"), "{said:?}");

    let other = provider(move |_| document("{\"issuer\":\"https://other.example\"}", "Wed, 21 Oct 2015 07:28:00 GMT"));
    let said = look(&other, "http://127.0.0.1:1");
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("calls itself “https://other.example”") && said.out.contains("s off ours"), "{said:?}");
    each_has_its_fix(&said);
    let lost = provider(|_| "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned());
    assert!(look(&lost, "http://127.0.0.1:1").out.contains("answers 404"));
    let said = look("http://127.0.0.1:1", "http://127.0.0.1:1");
    assert!(said.out.contains("cannot be asked"), "{said:?}");
    each_has_its_fix(&said);
    // no command runs with an issuer that anybody on the way could be
    let said = look("http://login.example", "http://127.0.0.1:1");
    assert!(said.code == Some(1) && said.err.contains("is not https"), "{said:?}");
}

/// An identity provider behind TLS, whose certificate an authority of its own has signed: its address, and the authority.
fn private_provider(folder: &std::path::Path) -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("an authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (ca_key, key) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
    let ca = params.self_signed(&ca_key).expect("an authority");
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let certificate = server.signed_by(&key, &ca, &ca_key).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("a server")));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let issuer = format!("https://{}", listener.local_addr().expect("an address"));
    let body = format!("{{\"issuer\":\"{issuer}\",\"code_challenge_methods_supported\":[\"S256\"]}}");
    std::thread::spawn(move || {
        tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
            listener.set_nonblocking(true).expect("a listener");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                // who does not trust it hangs up
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let _ = stream.read(&mut [0; 4096]).await;
                let now = loggia::domain::Clock::system().now().to_rfc2822().replace("+0000", "GMT");
                let _ = stream.write_all(document(&body, &now).as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
    });
    let file = folder.join("authority.pem");
    std::fs::write(&file, ca.pem()).expect("a file");
    (issuer, file.to_str().expect("a path").to_owned())
}

#[test]
fn the_identity_provider_may_have_an_authority_of_its_own() {
    let console = Console::with_tenant();
    console.well(&["migrate"]);
    let (issuer, authority) = private_provider(console.path());
    let look = |authority: &str| {
        let more = if authority.is_empty() { None } else { Some(("LOGGIA_OIDC__CA", authority)) };
        let settings = [("LOGGIA_OIDC__ISSUER", issuer.as_str()), ("LOGGIA_OIDC__CLIENT_ID", "loggia")];
        let public = ("LOGGIA_PUBLIC_URL", "http://127.0.0.1:1");
        doctor(&console, &[], &settings.into_iter().chain([public]).chain(more).collect::<Vec<_>>())
    };
    let said = look(&authority);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains(&format!("the identity provider {issuer} answers")), "{said:?}");
    let said = look("");
    assert!(said.code == Some(1) && said.out.contains("certificate is not trusted"), "{said:?}");
    let said = look("/nowhere/authority.pem");
    assert!(said.code == Some(1) && said.out.contains("oidc.ca: /nowhere/authority.pem"), "{said:?}");
    each_has_its_fix(&said);
}
