//! Signing in with the company's account, against a certified provider and against one that is like Azure.

mod bearers;

use std::time::Duration;

use loggia::central::audit::{Action, Row, Search, list};
use loggia::central::users;
use loggia::domain::{CorrelationId, Role};
use loggia::identity::accounts;
use loggia::identity::console;
use loggia::tenancy::members;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::idp::{Browser, Idp, free_port};
use crate::world::{Kind, PASSWORD, Person, Setting, World, eventually};

const ALPHA: &str = "/tenant/alpha-works/dashboard/default";
const BETA: &str = "/tenant/beta-works/dashboard/default";

/// A stage with the certified provider in front of it.
async fn stage(kind: Kind<'_>, more: &[(&str, &str)]) -> (World, Idp) {
    let listen = format!("127.0.0.1:{}", free_port());
    let idp = Idp::start(&format!("http://{listen}"));
    let mut variables = vec![
        ("LOGGIA_LISTEN", listen.as_str()),
        ("LOGGIA_OIDC__ISSUER", idp.word(1)),
        ("LOGGIA_OIDC__CLIENT_ID", "loggia"),
        ("LOGGIA_OIDC__CLIENT_SECRET", "loggia-secret-of-the-tests"),
        ("LOGGIA_OIDC__AUDIENCE", "urn:loggia:api"),
        ("LOGGIA_OIDC__LABEL", "Corp & Sons"),
    ];
    variables.extend(more);
    let world = World::raise(Setting { variables: &variables, central: kind, ..Setting::default() }).await;
    (world, idp)
}

async fn audited(world: &World, action: Action) -> Vec<Row> {
    world.server.parts.audit.flush().await.expect("written");
    let search = Search { action: Some(action), ..Search::default() };
    let mut rows = list(&world.server.parts.central, &search, 1_000).await.expect("rows");
    rows.reverse();
    rows
}

/// What an audit row says besides.
fn detail(row: &Row, name: &str) -> String {
    let said: Value = serde_json::from_str(&row.detail).expect("JSON");
    said[name].as_str().unwrap_or_default().to_owned()
}

async fn status(world: &World, person: &Person, path: &str) -> u16 {
    world.get(person, path).await.status().as_u16()
}

async fn user(world: &World, email: &str) -> Option<users::User> {
    users::find_by_email(&world.server.parts.central, &email.parse().expect("an address")).await.expect("an answer")
}

#[tokio::test]
async fn somebody_signs_in_and_their_claims_open_their_tenants() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, _idp) = stage(kind, &[]).await;
        let page = world.text(&Person::nobody(), "/login?next=/tenant/beta-works").await;
        assert!(
            page.contains("Sign in with Corp &#38; Sons") && page.contains("href=\"/login/oidc?next=%2Ftenant%2Fbeta-works\""),
            "{page}"
        );
        let mut ann = Browser::default();
        let landed = ann.sign_in(&world, "ann", "/tenant/beta-works/dashboard/second?from=now-1h").await;
        assert_eq!((landed.status, landed.url.path()), (200, "/tenant/beta-works/dashboard/second"));
        assert_eq!(landed.url.query(), Some("from=now-1h"));
        assert!(landed.text.contains("ann@corp.example"));
        assert_eq!(ann.cookies(&world.server.public.to_string()).keys().filter(|name| name.contains("oidc")).count(), 0);
        let person = ann.person(&world);
        assert_eq!((status(&world, &person, ALPHA).await, status(&world, &person, BETA).await), (200, 200));
        let made = user(&world, "ann@corp.example").await.expect("an account");
        assert_eq!((made.name.as_deref(), made.operator, made.password_hash), (Some("Ann Archer"), false, None));
        let assigned = audited(&world, Action::AssignTenant).await;
        let theirs: Vec<String> = assigned
            .iter()
            .filter(|row| row.target.as_deref() == Some("ann@corp.example"))
            .map(|row| detail(row, "role"))
            .collect();
        assert_eq!(theirs, ["viewer", "admin"], "alpha-works as viewer, beta-works as admin");
        assert!(audited(&world, Action::SignIn).await.iter().any(|row| row.actor == "ann@corp.example"));

        // again, from another browser: the same account
        let mut again = Browser::default();
        assert_eq!(again.sign_in(&world, "ann", "/").await.status, 200);
        assert_eq!(user(&world, "ann@corp.example").await.expect("an account").id, made.id);
        assert_eq!(audited(&world, Action::CreateUser).await.iter().filter(|row| row.actor == "ann@corp.example").count(), 1);
        world.close().await;
    }
}

#[tokio::test]
async fn claims_are_followed_and_what_somebody_assigned_stands() {
    let (world, idp) = stage(Kind::Sqlite, &[]).await;
    let console = console(CorrelationId::new());
    let mut ann = Browser::default();
    ann.sign_in(&world, "ann", "/").await;
    let email = "ann@corp.example".parse().expect("an address");
    let alpha = "alpha-works".parse().expect("a slug");
    members::assign(&world.server.parts.tenancy, &console, &alpha, &email, Role::Admin).await.expect("a membership");
    idp.turn(json!({"people": {"ann": {"email": "ann.archer@corp.example", "email_verified": true, "name": "Ann A. Archer", "tenants": ["nowhere"], "roles": ["loggia-operator"]}}})).await;
    let mut later = Browser::default();
    assert_eq!(later.sign_in(&world, "ann", "/").await.status, 200);
    let renamed = user(&world, "ann.archer@corp.example").await.expect("the same account under its new address");
    assert_eq!((renamed.name.as_deref(), renamed.operator), (Some("Ann A. Archer"), true));
    let of = |slug: &str| {
        let slug = slug.parse().expect("a slug");
        let central = world.server.parts.central.clone();
        async move {
            let tenant = loggia::central::tenants::find(&central, &slug).await.expect("an answer").expect("a tenant");
            loggia::central::members::role_of(&central, renamed.id, tenant.id).await.expect("an answer")
        }
    };
    assert_eq!(of("alpha-works").await, Some(Role::Admin), "assigned by hand: no claim takes it");
    assert_eq!(of("beta-works").await, None, "given by a claim: gone with it");
    idp.turn(json!({"people": {"ann": {"email": "ann.archer@corp.example", "email_verified": true, "tenants": ["alpha-works", "beta-works"], "roles": []}}})).await;
    Browser::default().sign_in(&world, "ann", "/").await;
    assert!(!user(&world, "ann.archer@corp.example").await.expect("an account").operator, "a claim takes what a claim gave");
    assert_eq!((of("alpha-works").await, of("beta-works").await), (Some(Role::Admin), Some(Role::Viewer)));
    world.close().await;
}

#[tokio::test]
async fn an_account_is_taken_over_only_when_it_was_invited() {
    let (world, idp) = stage(Kind::Sqlite, &[]).await;
    let console = console(CorrelationId::new());
    let central = &world.server.parts.central;
    // una's address is not verified; viewer@alpha has a password here; ivy was invited
    let landed = Browser::default().sign_in(&world, "una", "/").await;
    assert_eq!((landed.status, landed.url.path()), (403, "/login/callback"));
    assert!(landed.text.contains("has not verified an e-mail address"), "{}", landed.text);
    assert!(user(&world, "una@corp.example").await.is_none());
    idp.turn(json!({"people": {"vic": {"email": "viewer@alpha.example", "email_verified": true, "tenants": ["beta-works"]}, "ivy": {"email": "ivy@corp.example", "email_verified": true, "tenants": []}}})).await;
    let mut vic = Browser::default();
    let landed = vic.sign_in(&world, "vic", "/").await;
    assert_eq!(landed.status, 403);
    assert!(landed.text.contains("already has an account with the address viewer@alpha.example"), "{}", landed.text);
    assert_eq!(status(&world, &vic.person(&world), ALPHA).await, 303, "nobody is signed in");
    let change = loggia::central::Change::open(central, &console).await.expect("a change");
    let new = users::NewUser {
        email: "ivy@corp.example".parse().expect("an address"),
        name: None,
        operator: false,
        password_hash: None,
    };
    let invited = users::create(&change, new).await.expect("an account");
    change.commit(Action::CreateUser, loggia::central::audit::About::nothing()).await.expect("committed");
    let mut ivy = Browser::default();
    assert_eq!(ivy.sign_in(&world, "ivy", "/").await.status, 200);
    assert_eq!(user(&world, "ivy@corp.example").await.expect("an account").id, invited.id);
    // switched off, nobody comes in, by a session or anew
    accounts::set_active(central, &console, &invited.email, false).await.expect("done");
    assert_eq!(status(&world, &ivy.person(&world), "/").await, 303);
    let landed = Browser::default().sign_in(&world, "ivy", "/").await;
    assert!(landed.status == 403 && landed.text.contains("switched off"), "{}", landed.text);
    let reasons: Vec<String> = audited(&world, Action::SignInFailed).await.iter().map(|row| detail(row, "why")).collect();
    assert_eq!(reasons, ["no_address", "taken", "inactive"]);
    world.close().await;
}

#[tokio::test]
async fn an_answer_counts_once_and_only_in_the_browser_that_asked() {
    let (world, idp) = stage(Kind::Sqlite, &[]).await;
    let host = world.server.public.to_string();
    let mut ann = Browser::default();
    let asked = ann.open(&world.url("/login/oidc")).await;
    let remembered = ann.cookies(&host);
    assert_eq!(remembered.keys().filter(|name| name.starts_with("loggia_oidc_")).count(), 1);
    assert_eq!(ann.submit_login(&asked, "ann").await.status, 200);
    let answer = ann.way.iter().find(|url| url.contains("/login/callback?")).expect("the answer").clone();
    // played again: the browser has forgotten
    let landed = ann.open(&answer).await;
    assert!(landed.status == 400 && landed.text.contains("begun in another browser"), "{}", landed.text);
    // played again by somebody who kept the cookie: the provider gives nothing for a used code
    let mut thief = Browser::default();
    remembered.iter().for_each(|(name, value)| thief.plant(&host, name, value));
    let landed = thief.open(&answer).await;
    assert!(landed.status == 400 && landed.text.contains("did not sign you in"), "{}", landed.text);
    // another's answer in my browser signs nobody in
    let mut victim = Browser::default();
    victim.open(&world.url("/login/oidc")).await;
    assert_eq!(victim.open(&answer).await.status, 400);
    assert_eq!(status(&world, &victim.person(&world), ALPHA).await, 303);
    // the right state, but not from this issuer; a forged memory; an error
    for (cut, put) in [("iss=", "iss=https%3A%2F%2Fevil.example&was="), ("code=", "error=access_denied&code=")] {
        let mut other = Browser::default();
        let asked = other.open(&world.url("/login/oidc")).await;
        let host_of_provider = asked.url.authority().to_owned();
        let state = other.way.iter().find(|url| url.contains("state=")).expect("a state").clone();
        let state = url::Url::parse(&state)
            .expect("a URL")
            .query_pairs()
            .find(|(name, _)| name == "state")
            .expect("a state")
            .1
            .into_owned();
        let forged = format!("{}/login/callback?code=x&state={state}&iss={}", world.url(""), idp.word(1)).replace(cut, put);
        let landed = other.open(&forged).await;
        assert_eq!(landed.status, 400, "{forged}: {}", landed.text);
        assert!(!landed.text.contains("evil.example") && !host_of_provider.is_empty());
        other.plant(&host, "loggia_oidc_0", "v1.00000000.AAAA");
    }
    world.close().await;
}

#[tokio::test]
async fn tokens_are_renewed_before_they_run_out_and_once() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, idp) = stage(kind, &[]).await;
        idp.turn(json!({"ttl": 4})).await;
        let mut ann = Browser::default();
        ann.sign_in(&world, "ann", "/").await;
        let person = ann.person(&world);
        idp.turn(json!({"people": {"ann": {"email": "ann@corp.example", "email_verified": true, "tenants": ["alpha-works"], "roles": []}}})).await;
        assert_eq!(status(&world, &person, BETA).await, 200);
        assert_eq!(idp.turn(json!({})).await["refreshed"], 0);
        // due after three of the four seconds; a page with its panels asks many times at once
        tokio::time::sleep(Duration::from_millis(3_200)).await;
        idp.turn(json!({"ttl": 600})).await;
        let panel = format!("{ALPHA}/panel/cpu");
        let asked = (0..8).map(|_| world.get(&person, &panel));
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(answer.status(), 200);
        }
        assert_eq!(idp.turn(json!({})).await["refreshed"], 1, "one refresh token is used once, however many ask");
        assert_eq!(status(&world, &person, BETA).await, 403, "the claims of the new tokens are followed");
        assert_eq!(status(&world, &person, ALPHA).await, 200);
        world.close().await;
    }
}

#[tokio::test]
async fn a_provider_that_is_silent_keeps_sessions_and_one_that_refuses_ends_them() {
    let (world, idp) = stage(Kind::Sqlite, &[]).await;
    idp.turn(json!({"ttl": 2})).await;
    let mut ann = Browser::default();
    ann.sign_in(&world, "ann", "/").await;
    let person = ann.person(&world);
    idp.turn(json!({"down": true})).await;
    tokio::time::sleep(Duration::from_millis(1_700)).await;
    assert_eq!(status(&world, &person, ALPHA).await, 200, "an outage of the provider signs nobody out");
    // nobody can sign in anew meanwhile, and is told so; what is kept here works
    let landed = Browser::default().open(&world.url("/login/callback")).await;
    assert_eq!(landed.status, 400);
    world.person("viewer@alpha.example").await;
    idp.turn(json!({"down": false, "refuse": false})).await;
    let mut olga = Browser::default();
    olga.sign_in(&world, "olga", "/").await;
    idp.turn(json!({"refuse": true})).await;
    let person = olga.person(&world);
    assert_eq!(status(&world, &person, "/").await, 200);
    tokio::time::sleep(Duration::from_millis(1_700)).await;
    assert_eq!(status(&world, &person, "/").await, 303, "the provider ended her session");
    let ended = audited(&world, Action::SignOut).await;
    assert!(
        ended.iter().any(|row| row.target.as_deref() == Some("olga@corp.example") && detail(row, "by") == "identity provider")
    );
    world.close().await;
}

#[tokio::test]
async fn a_provider_that_is_down_from_the_start_keeps_nobody_else_out() {
    let listen = format!("127.0.0.1:{}", free_port());
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let world =
        World::with(&[("LOGGIA_LISTEN", &listen), ("LOGGIA_OIDC__ISSUER", &nowhere), ("LOGGIA_OIDC__CLIENT_ID", "loggia")]).await;
    let response = world.get(&Person::nobody(), "/login/oidc").await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert!(response.text().await.expect("text").contains("does not answer right now"));
    world.person("viewer@alpha.example").await;
    world.close().await;
}

#[tokio::test]
async fn signing_out_gives_the_refresh_token_back_and_leads_to_the_provider() {
    let (world, idp) = stage(Kind::Sqlite, &[]).await;
    let mut ann = Browser::default();
    let landed = ann.sign_in(&world, "ann", "/").await;
    assert_eq!(landed.status, 200);
    let person = ann.person(&world);
    let page = world.get(&person, "/logout").await;
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains(&format!("form-action 'self' {};", idp.word(1))), "{policy}");
    let response = world.ask(&person, Method::POST, "/logout").send().await.expect("an answer");
    assert_eq!(response.status(), 303);
    let to = url::Url::parse(response.headers()["location"].to_str().expect("text")).expect("a URL");
    assert!(to.as_str().starts_with(&format!("{}/session/end?", idp.word(1))), "{to}");
    let asked: std::collections::HashMap<String, String> = to.query_pairs().into_owned().collect();
    assert_eq!(asked["post_logout_redirect_uri"], world.url("/login"));
    assert_eq!(asked["client_id"], "loggia");
    assert_eq!(asked["id_token_hint"].split('.').count(), 3);
    assert_eq!(idp.turn(json!({})).await["revoked"], 1);
    assert_eq!(status(&world, &person, ALPHA).await, 303);
    // by the API the same is two answers
    let mut again = Browser::default();
    let login = url::Url::parse(&world.url("/api/v1/auth/login")).expect("a URL");
    let answer: Value = again.send(Method::POST, &login, None).await.json().await.expect("JSON");
    let asked = again.open(answer["authorization_url"].as_str().expect("an address")).await;
    assert_eq!(again.submit_login(&asked, "ann").await.status, 200);
    let logout = url::Url::parse(&world.url("/api/v1/auth/logout")).expect("a URL");
    let answer: Value = again.send(Method::POST, &logout, None).await.json().await.expect("JSON");
    assert!(
        answer["end_session_url"].as_str().expect("an address").starts_with(&format!("{}/session/end?", idp.word(1))),
        "{answer}"
    );
    assert_eq!(idp.turn(json!({})).await["revoked"], 2);
    // who has a password here is not led away
    let local = world.person("viewer@alpha.example").await;
    let response = world.ask(&local, Method::POST, "/logout").send().await.expect("an answer");
    assert_eq!(response.headers()["location"], "/login");
    world.close().await;
}

fn now() -> i64 {
    loggia::domain::Clock::system().now().timestamp()
}

/// A token signed by the provider with this header and payload.
async fn token(idp: &Idp, header: Value, payload: Value, stranger: bool) -> String {
    idp.turn(json!({"sign": {"header": header, "payload": payload, "stranger": stranger}})).await["token"]
        .as_str()
        .expect("a token")
        .to_owned()
}

fn logout(more: Value) -> Value {
    let mut payload = json!({
        "aud": "loggia", "sub": "ann", "iat": now(), "exp": now() + 120, "jti": format!("j{}", rand::random::<u64>()),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    for (name, value) in more.as_object().expect("fields") {
        match value {
            Value::Null => payload.as_object_mut().expect("fields").remove(name),
            value => payload.as_object_mut().expect("fields").insert(name.clone(), value.clone()),
        };
    }
    payload
}

async fn tell(world: &World, token: &str) -> u16 {
    let client = reqwest::Client::new();
    let told = client.post(world.url("/logout/backchannel")).form(&[("logout_token", token)]);
    told.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn the_provider_ends_sessions_behind_the_browsers_back() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, idp) = stage(kind, &[]).await;
        let (mut ann, mut twice, mut olga) = (Browser::default(), Browser::default(), Browser::default());
        ann.sign_in(&world, "ann", "/").await;
        twice.sign_in(&world, "ann", "/").await;
        olga.sign_in(&world, "olga", "/").await;
        let typ = json!({"typ": "logout+jwt"});
        let refused = [
            ("another audience", typ.clone(), logout(json!({"aud": "another"})), false),
            ("another issuer", typ.clone(), logout(json!({"iss": "https://evil.example"})), false),
            ("a key of somebody else", typ.clone(), logout(json!({})), true),
            ("no event", typ.clone(), logout(json!({"events": {}})), false),
            ("a nonce: it is an id token", typ.clone(), logout(json!({"nonce": "n"})), false),
            ("expired", typ.clone(), logout(json!({"exp": now() - 3600})), false),
            ("old", typ.clone(), logout(json!({"iat": now() - 3600})), false),
            ("from the future", typ.clone(), logout(json!({"iat": now() + 3600})), false),
            ("nobody's", typ.clone(), logout(json!({"sub": null})), false),
            ("without an id", typ.clone(), logout(json!({"jti": null})), false),
            ("of another kind", json!({"typ": "at+jwt"}), logout(json!({})), false),
        ];
        for (why, header, payload, stranger) in refused {
            assert_eq!(tell(&world, &token(&idp, header, payload, stranger).await).await, 400, "{why}");
        }
        let good = token(&idp, typ.clone(), logout(json!({})), false).await;
        let (head, rest) = good.split_once('.').expect("three parts");
        let (body, signature) = rest.split_once('.').expect("three parts");
        let none = "eyJhbGciOiJub25lIn0"; // {"alg":"none"}
        let tampered = [
            format!("{none}.{body}."),
            format!("{none}.{body}.{signature}"),
            format!("{head}.{body}.{}", signature.chars().rev().collect::<String>()),
            String::new(),
            "a.b.c".to_owned(),
        ];
        for (number, bad) in tampered.iter().enumerate() {
            assert_eq!(tell(&world, bad).await, 400, "tampered {number}");
        }
        assert_eq!(status(&world, &ann.person(&world), ALPHA).await, 200, "no bad token ended anything");
        // one session, by its sid, told by the provider itself when its own session ends there
        let ends = ann.open(&format!("{}/session/end", idp.word(1))).await;
        let action = ends.text.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form").to_owned();
        let xsrf =
            ends.text.split("name=\"xsrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token").to_owned();
        ann.submit(&action, &[("xsrf", &xsrf), ("logout", "yes")]).await;
        let gone = ann.person(&world);
        eventually("the provider to tell", async || status(&world, &gone, ALPHA).await == 303).await;
        assert_eq!(status(&world, &twice.person(&world), ALPHA).await, 200, "another session of hers stands");
        // all sessions of a subject
        assert_eq!(tell(&world, &good).await, 200);
        assert_eq!(status(&world, &twice.person(&world), ALPHA).await, 303);
        assert_eq!(status(&world, &olga.person(&world), "/").await, 200, "nobody else's ends");
        assert_eq!(tell(&world, &good).await, 400, "a logout token counts once");
        world.close().await;
    }
}

#[tokio::test]
async fn the_providers_keys_may_change_at_any_time() {
    let (world, idp) = stage(Kind::Sqlite, &[]).await;
    assert_eq!(Browser::default().sign_in(&world, "ann", "/").await.status, 200);
    idp.turn(json!({"rotate": "hard"})).await;
    assert_eq!(Browser::default().sign_in(&world, "ann", "/").await.status, 200, "a new key is looked up");
    // a key that nobody has does not make us ask again and again
    for _ in 0..3 {
        assert_eq!(tell(&world, &token(&idp, json!({"typ": "logout+jwt"}), logout(json!({})), true).await).await, 400);
    }
    world.close().await;
}

#[tokio::test]
async fn who_has_a_password_too_is_known_by_the_browser_the_provider_sent_them_back_to() {
    let (world, _idp) = stage(Kind::Sqlite, &[]).await;
    let host = world.server.public.to_string();
    let mut ann = Browser::default();
    ann.sign_in(&world, "ann", "/").await;
    assert!(!ann.cookies(&host).contains_key("loggia_known"), "nobody can try a password that there is not");
    let email = "ann@corp.example".parse().expect("an address");
    let cost = loggia::identity::Cost { memory_kib: 8, passes: 1 };
    let central = &world.server.parts.central;
    accounts::set_password(
        central,
        &console(CorrelationId::new()),
        &email,
        PASSWORD.to_owned(),
        loggia::identity::Policy::Real,
        cost,
    )
    .await
    .expect("a password");
    let mut again = Browser::default();
    again.sign_in(&world, "ann", "/").await;
    let mark = again.cookies(&host).get("loggia_known").cloned().expect("a mark");
    // Strangers try until the account is closed to browsers nobody knows; her own goes on.
    let sign_in = async |password: &str, known: &str| {
        let form = [("email", "ann@corp.example"), ("password", password)];
        let request = world.ask(&Person::with_cookie(known), Method::POST, "/login").form(&form);
        request.send().await.expect("an answer").status().as_u16()
    };
    let mut tries = 0;
    while sign_in("wrong", "").await != 429 {
        tries += 1;
        assert!(tries < 200, "tries are limited");
    }
    assert_eq!(sign_in(PASSWORD, "").await, 429);
    assert_eq!(sign_in(PASSWORD, &format!("loggia_known={mark}")).await, 303);
    world.close().await;
}

#[tokio::test]
async fn passwords_can_be_switched_off() {
    let (world, _idp) = stage(Kind::Sqlite, &[("LOGGIA_ACCOUNTS__LOCAL", "false")]).await;
    let page = world.text(&Person::nobody(), "/login").await;
    assert!(page.contains("Sign in with") && !page.contains("type=\"password\""), "{page}");
    let form = [("email", "viewer@alpha.example"), ("password", PASSWORD)];
    let refused = world.ask(&Person::nobody(), Method::POST, "/login").form(&form).send().await.expect("an answer");
    assert_eq!(refused.status(), 422);
    assert!(crate::world::session_cookie(&refused).is_none());
    let body = json!({"email": "viewer@alpha.example", "password": PASSWORD});
    let refused = world.ask(&Person::nobody(), Method::POST, "/api/v1/auth/login").json(&body).send().await.expect("an answer");
    assert_eq!(refused.status(), 400, "by the API no more than by the page");
    assert!(crate::world::session_cookie(&refused).is_none());
    assert_eq!(Browser::default().sign_in(&world, "ann", "/").await.status, 200);
    world.close().await;
}

#[tokio::test]
async fn azure_is_understood_with_its_policy_its_addresses_and_its_issuer() {
    let listen = format!("127.0.0.1:{}", free_port());
    let idp = Idp::entra(&format!("http://{listen}"));
    let rules = [
        ("LOGGIA_LISTEN", listen.as_str()),
        ("LOGGIA_OIDC__METADATA_URL", idp.word(1)),
        ("LOGGIA_OIDC__ISSUER", idp.word(2)),
        ("LOGGIA_OIDC__CLIENT_ID", "loggia-web"),
        ("LOGGIA_OIDC__CLIENT_SECRET", "a secret from the portal"),
        ("LOGGIA_OIDC__POLICY", "b2c_1_signin"),
        ("LOGGIA_OIDC__TRUST_EMAILS", "true"),
        ("LOGGIA_OIDC__TENANTS_CLAIM", "extension_Tenants"),
        ("LOGGIA_OIDC__TENANTS", "Alpha Users=alpha-works; Beta Admins=beta-works:admin,alpha-works"),
    ];
    let world = World::with(&rules).await;
    idp.turn(json!({"claims": {"extension_Tenants": "Beta Admins"}})).await;
    let mut cleo = Browser::default();
    let landed = cleo.sign_in(&world, "cleo", BETA).await;
    assert_eq!((landed.status, landed.url.path()), (200, BETA), "{}", landed.text);
    let person = cleo.person(&world);
    assert_eq!(status(&world, &person, ALPHA).await, 200);
    assert!(user(&world, "cleo@contoso.example").await.is_some());
    let response = world.ask(&person, Method::POST, "/logout").send().await.expect("an answer");
    assert!(response.headers()["location"].to_str().expect("text").contains("/b2c_1_signin/oauth2/v2.0/logout?"));
    // a token of the same tenant's other policies: who forgot a password has not signed in
    idp.turn(json!({"claims": {"tfp": "B2C_1_password_reset"}})).await;
    let landed = Browser::default().sign_in(&world, "cleo", "/").await;
    assert!(landed.status == 400 && landed.text.contains("could not be verified"), "{}", landed.text);
    world.close().await;
}

#[tokio::test]
async fn an_operator_is_told_why_somebody_may_do_what_they_may_do() {
    let (world, idp) = stage(Kind::Sqlite, &[]).await;
    idp.turn(json!({"people": {"ann": {"email": "ann@corp.example", "email_verified": true, "name": "Ann Archer", "tenants": ["alpha-works", "beta-works:admin", "nowhere", "Not One"], "roles": ["staff"]}}})).await;
    Browser::default().sign_in(&world, "ann", "/").await;
    let email = "ann@corp.example".parse().expect("an address");
    let alpha = "alpha-works".parse().expect("a slug");
    let console = console(CorrelationId::new());
    members::assign(&world.server.parts.tenancy, &console, &alpha, &email, Role::Viewer).await.expect("a membership");
    members::assign(&world.server.parts.tenancy, &console, &alpha, &email, Role::Admin).await.expect("a membership");
    let explain = |email: &str| {
        let mut command = crate::world::process::loggia(world.home.path());
        command.env("LOGGIA_OIDC__ISSUER", idp.word(1)).env("LOGGIA_OIDC__CLIENT_ID", "loggia").args(["user", "explain", email]);
        let said = command.output().expect("it runs");
        (said.status.success(), String::from_utf8(said.stdout).expect("text") + &String::from_utf8(said.stderr).expect("text"))
    };
    let (well, told) = explain("ann@corp.example");
    assert!(well, "{told}");
    for line in [
        "ann@corp.example (Ann Archer)".to_owned(),
        format!("signs in as the subject ann of {}", idp.word(1)),
        "admin of alpha-works, assigned here".to_owned(),
        "admin of beta-works, by claim".to_owned(),
        "it has not “loggia-operator” (oidc.operator_role), so it makes them no operator".to_owned(),
        "“alpha-works” changes nothing: somebody assigned them to alpha-works as admin, and that stands".to_owned(),
        "“beta-works:admin” makes them admin of beta-works".to_owned(),
        "“nowhere” changes nothing: there is no such tenant".to_owned(),
        "“Not One” changes nothing: it is not SLUG, SLUG:ROLE or an id".to_owned(),
    ] {
        assert!(told.contains(&line), "{line}\nis not in\n{told}");
    }
    let (_, told) = explain("viewer@alpha.example");
    assert!(told.contains("signs in with a password kept here") && told.contains("No session of theirs holds claims"), "{told}");
    let (well, told) = explain("nobody@corp.example");
    assert!(!well && told.contains("there is no account nobody@corp.example"), "{told}");
    world.close().await;
}

#[test]
fn settings_that_would_let_anybody_in_are_refused() {
    use loggia::settings::{Flags, Settings};
    let load = |more: &[(&str, &str)]| {
        let mut said = std::collections::BTreeMap::from([
            ("LOGGIA_OIDC__ISSUER".to_owned(), "https://id.corp.example".to_owned()),
            ("LOGGIA_OIDC__CLIENT_ID".to_owned(), "loggia".to_owned()),
        ]);
        said.extend(more.iter().map(|(name, value)| (format!("LOGGIA_OIDC__{name}"), (*value).to_owned())));
        Settings::load(&Flags::default(), &said).map(|settings| settings.oidc.expect("a provider"))
    };
    let kept = load(&[("ISSUER", "http://127.0.0.1:7777")]).expect("settings");
    assert_eq!(kept.issuer.as_str(), "http://127.0.0.1:7777", "to the letter, without a slash");
    for (name, value, why) in [
        ("ISSUER", "http://id.corp.example", "not https"),
        ("ISSUER", "id.corp.example", "not an address"),
        ("AUDIENCE", "loggia", "id token would pass"),
        ("METADATA_URL", "http://id.corp.example/x", "not https"),
        ("TENANTS", "Group=acme-corp:king", "king"),
        ("TENANTS", "no pair", "VALUE=SLUG"),
        ("SURPRISE", "x", "unknown field"),
    ] {
        let fault = load(&[(name, value)]).expect_err(value);
        assert!(fault.contains(why), "{name}={value}: {fault}");
    }
    let anywhere = std::collections::BTreeMap::from(
        [
            ("LISTEN", "0.0.0.0:8080"),
            ("ALLOW_HTTP", "true"),
            ("SECRET_KEY", "k"),
            ("OIDC__ISSUER", "https://id.corp.example"),
            ("OIDC__CLIENT_ID", "loggia"),
        ]
        .map(|(name, value)| (format!("LOGGIA_{name}"), value.to_owned())),
    );
    let fault =
        Settings::load(&Flags::default(), &anywhere).expect("settings").check_serving().expect_err("no address of its own");
    assert!(fault.contains("LOGGIA_PUBLIC_URL"), "{fault}");
    let file = "[oidc]\nissuer = \"https://id.corp.example\"\nclient_id = \"loggia\"\n[oidc.tenants]\n\"/customers/acme\" = \"acme-corp\"\n\"CN=Acme,OU=G\" = [\"acme-corp:admin\", \"global-retail\"]\n";
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("loggia.toml"), file).expect("written");
    let flags = Flags { config: Some(folder.path().join("loggia.toml")), ..Flags::default() };
    let read = Settings::load(&flags, &std::collections::BTreeMap::new()).expect("settings").oidc.expect("a provider");
    let lists: Vec<String> = read
        .tenants
        .iter()
        .map(|(value, list)| {
            format!("{value} → {}", list.iter().map(|(slug, role)| format!("{slug}:{role}")).collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(lists, ["/customers/acme → acme-corp:viewer", "CN=Acme,OU=G → acme-corp:admin global-retail:viewer"]);
}
