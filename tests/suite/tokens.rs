//! A token is good for one tenant, for a short while, for as long as its bearer and tenant are; and a forged one never is.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use loggia::central::audit::Action;
use loggia::central::tenants::Status;
use loggia::central::{Central, signing_keys};
use loggia::domain::{Clock, CorrelationId, Role};
use loggia::identity::accounts;
use loggia::identity::machines::{self, ClientCredentials, Draft};
use loggia::identity::{Audience, Credential, Identity, Refusal, console};
use loggia::tenancy::{Denied, Exchanged, NotExchanged, members};
use loggia::web::routes::{Access, Line, PUBLIC};
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::{filled, method};
use crate::world::people::{World, address, in_both_worlds, sealer, slug};
use crate::world::{self, Person, Setting};

async fn exchange(world: &World, who: &Identity, tenant: &str) -> Result<Exchanged, NotExchanged> {
    world.tenancy.exchange(&world.identities, who, tenant, CorrelationId::new()).await
}

/// Ann's token for `acme`.
async fn anns(world: &World) -> String {
    let ann = world.sign_in("ann").await;
    exchange(world, &ann, "acme").await.unwrap().access_token
}

async fn bring(world: &World, token: &str) -> Result<Identity, Refusal> {
    world.identities.bearer(token, Audience::Api, CorrelationId::new()).await
}

/// Why a token is not taken.
async fn refused(world: &World, token: &str) -> String {
    match bring(world, token).await {
        Err(Refusal::Bad(reason)) => reason,
        other => panic!("{token} was not refused: {other:?}"),
    }
}

/// What a token says, read the way a verifier outside reads it: by the published keys.
async fn claims(world: &World, token: &str) -> Value {
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.alg, Algorithm::RS256);
    let keys: Value = serde_json::from_str(&world.identities.published_keys().await.unwrap()).unwrap();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header.kid.clone().unwrap()).unwrap();
    let key = DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap()).unwrap();
    let mut wanted = Validation::new(Algorithm::RS256);
    (wanted.validate_exp, wanted.validate_aud) = (false, false);
    jsonwebtoken::decode(token, &key, &wanted).unwrap().claims
}

/// The key that signs, as only the central database and its sealer have it.
async fn stolen(central: &Central) -> (String, EncodingKey) {
    let keys = signing_keys::published(central, central.clock().now()).await.unwrap();
    let key = keys.into_iter().find(|key| key.state == signing_keys::State::Signing).unwrap();
    let pem = sealer().open(&key.private_key).unwrap();
    (key.kid, EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap())
}

fn forged(claims: &Value, kid: &str, key: &EncodingKey) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut changed = claims.clone();
    changed[name] = value;
    changed
}

fn without(claims: &Value, name: &str) -> Value {
    let mut changed = claims.clone();
    changed.as_object_mut().unwrap().remove(name);
    changed
}

#[tokio::test]
async fn a_token_says_for_whom_for_which_tenant_and_how_long() {
    in_both_worlds(async |world| {
        let ann = world.sign_in("ann").await;
        let exchanged = exchange(&world, &ann, "acme").await.unwrap();
        assert_eq!((exchanged.slug.as_str(), exchanged.expires_in), ("acme", 1200));
        let says = claims(&world, &exchanged.access_token).await;
        let names: BTreeSet<&str> = says.as_object().unwrap().keys().map(String::as_str).collect();
        let all = "iss aud sub email role tenant_id tenant env uc_catalog iat nbf exp jti";
        assert_eq!(names, all.split(' ').collect::<BTreeSet<_>>());
        let now = world.central.clock().now().timestamp();
        assert_eq!(says["iss"], world.identities.issuer());
        assert_eq!(says["aud"], "loggia:api");
        assert_eq!(says["sub"], ann.user().to_string());
        assert_eq!(says["email"], address("ann").as_str());
        assert_eq!((&says["role"], &says["tenant"], &says["env"]), (&json!("viewer"), &json!("acme"), &json!("prod")));
        assert_eq!(says["tenant_id"], exchanged.tenant.to_string());
        assert_eq!(says["uc_catalog"], Value::Null, "always there, also when there is none");
        assert_eq!((&says["iat"], &says["nbf"], &says["exp"]), (&json!(now), &json!(now), &json!(now + 1200)));
        let again = claims(&world, &exchange(&world, &ann, "acme").await.unwrap().access_token).await;
        assert_ne!(again["jti"], says["jti"]);
        let rows = world.audited(Action::TokenExchange).await;
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].tenant, Some(exchanged.tenant.0));
        assert!(rows[0].detail.contains(says["jti"].as_str().unwrap()) && rows[0].actor == address("ann").as_str());

        let bearer = bring(&world, &exchanged.access_token).await.unwrap();
        assert_eq!((bearer.email(), bearer.bound_to()), (address("ann").as_str(), Some(exchanged.tenant)));
        let scope = world.ask(&bearer, "acme").await.unwrap();
        assert_eq!((scope.role(), scope.slug().as_str()), (Role::Viewer, "acme"));
    })
    .await;
}

#[tokio::test]
async fn what_anybody_can_forge_is_refused_and_the_log_knows_why() {
    in_both_worlds(async |world| {
        let token = anns(&world).await;
        let (says, (kid, key)) = (claims(&world, &token).await, stolen(&world.central).await);
        assert!(bring(&world, &forged(&says, &kid, &key)).await.is_ok(), "the forger's tools work");

        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let [header, body, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
        for alg in ["none", "None", "NONE", ""] {
            let head = part(&json!({ "alg": alg, "kid": kid }).to_string());
            assert_eq!(refused(&world, &format!("{head}.{body}.")).await, "the token cannot be read", "{alg}");
        }
        // the public key, in the forms it is published in, taken for a shared secret
        let keys = world.identities.published_keys().await.unwrap();
        let n = serde_json::from_str::<Value>(&keys).unwrap()["keys"][0]["n"].as_str().unwrap().to_owned();
        for secret in [keys.as_bytes(), n.as_bytes(), &URL_SAFE_NO_PAD.decode(&n).unwrap()] {
            let head = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
            let forged = jsonwebtoken::encode(&head, &says, &EncodingKey::from_secret(secret)).unwrap();
            assert_eq!(refused(&world, &forged).await, "the token is not signed with RS256");
        }
        for alg in [Algorithm::RS384, Algorithm::PS256] {
            let head = Header { kid: Some(kid.clone()), ..Header::new(alg) };
            let other = jsonwebtoken::encode(&head, &says, &key).unwrap();
            assert_eq!(refused(&world, &other).await, "the token is not signed with RS256");
        }
        let admin = part(&with(&says, "role", json!("admin")).to_string());
        assert_eq!(refused(&world, &format!("{header}.{admin}.{signature}")).await, "the signature is not good");
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[100] ^= 1;
        assert_eq!(
            refused(&world, &format!("{header}.{body}.{}", URL_SAFE_NO_PAD.encode(bytes))).await,
            "the signature is not good"
        );
        assert_eq!(refused(&world, &format!("{header}.{body}.")).await, "the signature is not good");
        let strange = EncodingKey::from_rsa_pem(world::pem().as_bytes()).unwrap();
        assert_eq!(refused(&world, &forged(&says, &kid, &strange)).await, "the signature is not good");
        assert_eq!(refused(&world, &forged(&says, "another", &key)).await, "the token is signed with a key that is not known");
        let head = Header::new(Algorithm::RS256);
        let nameless = jsonwebtoken::encode(&head, &says, &key).unwrap();
        assert_eq!(refused(&world, &nameless).await, "the token names no key");
        for none in ["", "a", "a.b", "a.b.c", "a.b.c.d", "....", &"x".repeat(100_000), &format!("{token}.x"), &token[1..]] {
            refused(&world, none).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_proven_token_is_held_to_all_its_bytes_its_time_and_its_key_each_time() {
    in_both_worlds(async |world| {
        let (token, other) = (anns(&world).await, anns(&world).await);
        for _ in 0..3 {
            bring(&world, &token).await.unwrap();
        }
        let parts: Vec<&str> = token.split('.').collect();
        let others: Vec<&str> = other.split('.').collect();
        for mixed in [
            format!("{}.{}.{}", parts[0], parts[1], others[2]),
            format!("{}.{}.{}", parts[0], others[1], parts[2]),
            format!("{token} "),
            format!("{}.{}.", parts[0], parts[1]),
        ] {
            assert!(bring(&world, &mixed).await.is_err(), "{mixed}");
        }
        bring(&world, &token).await.unwrap();
        world.stage.clock.advance(TimeDelta::seconds(1_200));
        assert_eq!(refused(&world, &token).await, "the token has expired");
        let token = anns(&world).await;
        bring(&world, &token).await.unwrap();
        world.identities.rotate_keys(&console(CorrelationId::new()), true).await.unwrap();
        assert_eq!(refused(&world, &token).await, "the token is signed with a key that is not known");
    })
    .await;
}

#[tokio::test]
async fn what_our_own_key_signed_is_held_to_every_claim() {
    in_both_worlds(async |world| {
        let token = anns(&world).await;
        let (says, (kid, key)) = (claims(&world, &token).await, stolen(&world.central).await);
        let now = world.central.clock().now().timestamp();
        let told = async |claims: Value| refused(&world, &forged(&claims, &kid, &key)).await;
        assert_eq!(told(with(&says, "iss", json!("https://evil.example"))).await, "the token comes from another issuer");
        assert_eq!(told(with(&says, "iss", json!([says["iss"]]))).await, "the token cannot be read");
        assert_eq!(told(with(&says, "aud", json!("dash:ltv"))).await, "the token was made for another audience");
        assert_eq!(
            told(with(&says, "aud", json!("loggia:internal"))).await,
            "the token says what none of its audience says",
            "a person's token is no machine's"
        );
        assert_eq!(told(with(&says, "aud", json!(["loggia:api", "x"]))).await, "the token cannot be read");
        assert_eq!(told(with(&says, "exp", json!(now))).await, "the token has expired");
        assert_eq!(told(with(&says, "nbf", json!(now + 60))).await, "the token is not good yet");
        assert_eq!(told(with(&says, "iat", json!(now + 60))).await, "the token is not good yet");
        assert_eq!(told(with(&says, "role", json!("operator"))).await, "“operator” is not a role; use viewer or admin");
        let nobody = "00000000-0000-0000-0000-000000000000";
        assert_eq!(told(with(&says, "sub", json!(nobody))).await, "its bearer is gone, or may not sign in");
        assert_eq!(told(with(&says, "tenant_id", json!(nobody))).await, "the tenant it is good for is gone");
        assert_eq!(told(with(&says, "tenant_id", json!("acme"))).await, "the token cannot be read");
        for name in ["iss", "aud", "sub", "exp", "nbf"] {
            told(without(&says, name)).await;
        }
        for name in ["iat", "jti", "role", "tenant_id", "tenant"] {
            assert_eq!(told(without(&says, name)).await, "the token cannot be read", "{name}");
        }
        // another tenant's id under Ann's name: the signature is good, the membership is not there
        let globex = world.ask(&world.sign_in("bob").await, "globex").await.unwrap().tenant();
        let bearer = bring(&world, &forged(&with(&says, "tenant_id", json!(globex.to_string())), &kid, &key)).await.unwrap();
        assert!(matches!(world.ask(&bearer, "globex").await, Err(Denied::NotYours)));
    })
    .await;
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_bearer_and_its_tenant() {
    in_both_worlds(async |world| {
        let (actor, token) = (console(CorrelationId::new()), anns(&world).await);
        world.stage.clock.advance(TimeDelta::seconds(1199));
        assert!(bring(&world, &token).await.is_ok());
        world.stage.clock.advance(TimeDelta::seconds(1));
        assert_eq!(refused(&world, &token).await, "the token has expired");

        let token = anns(&world).await;
        world.tenancy.set_status(&actor, &slug("acme"), Status::Suspended).await.unwrap();
        assert_eq!(refused(&world, &token).await, "the tenant it is good for is suspended");
        assert!(matches!(
            exchange(&world, &world.sign_in("ann").await, "acme").await,
            Err(NotExchanged::Denied(Denied::Suspended { .. }))
        ));
        world.tenancy.set_status(&actor, &slug("acme"), Status::Active).await.unwrap();
        assert!(bring(&world, &token).await.is_ok());

        members::remove(&world.tenancy, &actor, &slug("acme"), &address("ann")).await.unwrap();
        let bearer = bring(&world, &token).await.unwrap();
        assert!(matches!(world.ask(&bearer, "acme").await, Err(Denied::NotYours)), "the token outlives the membership: 403");
        members::assign(&world.tenancy, &actor, &slug("acme"), &address("ann"), Role::Viewer).await.unwrap();
        assert!(world.ask(&bearer, "acme").await.is_ok());

        accounts::set_active(&world.central, &actor, &address("ann"), false).await.unwrap();
        assert_eq!(refused(&world, &token).await, "its bearer is gone, or may not sign in");
        accounts::set_active(&world.central, &actor, &address("ann"), true).await.unwrap();
        world.tenancy.delete(&actor, &slug("acme")).await.unwrap();
        assert_eq!(refused(&world, &token).await, "the tenant it is good for is gone");
    })
    .await;
}

#[tokio::test]
async fn a_token_for_one_tenant_opens_no_other_and_is_not_exchanged() {
    in_both_worlds(async |world| {
        let actor = console(CorrelationId::new());
        members::assign(&world.tenancy, &actor, &slug("globex"), &address("ann"), Role::Admin).await.unwrap();
        let ann = world.sign_in("ann").await;
        assert!(world.ask(&ann, "globex").await.is_ok(), "Ann herself may");
        let bearer = bring(&world, &exchange(&world, &ann, "acme").await.unwrap().access_token).await.unwrap();
        assert!(matches!(world.ask(&bearer, "globex").await, Err(Denied::NotYours)));
        assert!(matches!(world.ask(&bearer, "nowhere").await, Err(Denied::NotYours)));
        assert!(matches!(exchange(&world, &bearer, "acme").await, Err(NotExchanged::Bound)));
        assert!(matches!(exchange(&world, &bearer, "globex").await, Err(NotExchanged::Bound)));
        let zoe = world.sign_in("zoe").await;
        for tenant in ["acme", "nowhere", "", "%", "acme\0"] {
            assert!(matches!(exchange(&world, &zoe, tenant).await, Err(NotExchanged::Denied(Denied::NotYours))), "{tenant}");
        }
        assert_eq!(world.audited(Action::TokenExchange).await.len(), 1);
        assert!(!world.audited(Action::Denied).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_weaker_of_token_and_membership_counts() {
    in_both_worlds(async |world| {
        let actor = console(CorrelationId::new());
        let set = async |role| members::assign(&world.tenancy, &actor, &slug("acme"), &address("ann"), role).await.unwrap();
        let role_of = async |token: &str| world.ask(&bring(&world, token).await.unwrap(), "acme").await.unwrap().role();
        let as_viewer = anns(&world).await;
        set(Role::Admin).await;
        let as_admin = anns(&world).await;
        assert_eq!(claims(&world, &as_admin).await["role"], "admin");
        assert_eq!((role_of(&as_viewer).await, role_of(&as_admin).await), (Role::Viewer, Role::Admin));
        set(Role::Viewer).await;
        assert_eq!(role_of(&as_admin).await, Role::Viewer);
    })
    .await;
}

#[tokio::test]
async fn an_operators_token_says_admin_and_runs_nothing() {
    let world = crate::world::people::Stage::sqlite().peopled(true).await;
    let olga = world.sign_in("olga").await;
    let token = exchange(&world, &olga, "acme").await.unwrap().access_token;
    assert_eq!(claims(&world, &token).await["role"], "admin", "operator is no value of the claim");
    let bearer = bring(&world, &token).await.unwrap();
    assert!(olga.is_operator() && !bearer.is_operator());
    assert_eq!(world.ask(&bearer, "acme").await.unwrap().role(), Role::Admin);
    assert!(matches!(world.ask(&bearer, "globex").await, Err(Denied::NotYours)));
}

#[tokio::test]
async fn an_apps_token_is_for_that_app_and_made_anew_at_half_its_life() {
    in_both_worlds(async |world| {
        let scope = world.ask(&world.sign_in("ann").await, "acme").await.unwrap();
        let app = "customer-ltv".parse().unwrap();
        let token = async || world.tenancy.app_token(&world.identities, &scope, &app).await.unwrap();
        let first = token().await;
        let says = claims(&world, &first).await;
        assert_eq!((&says["aud"], &says["tenant"]), (&json!("dash:customer-ltv"), &json!("acme")));
        assert_eq!(says["exp"].as_i64().unwrap() - says["iat"].as_i64().unwrap(), 60);
        world.stage.clock.advance(TimeDelta::seconds(29));
        assert_eq!(token().await, first);
        world.stage.clock.advance(TimeDelta::seconds(1));
        assert_ne!(token().await, first);
        let other = world.tenancy.app_token(&world.identities, &scope, &"other".parse().unwrap()).await.unwrap();
        assert_eq!(claims(&world, &other).await["aud"], "dash:other");
        assert_eq!(refused(&world, &token().await).await, "the token was made for another audience");
    })
    .await;
}

#[tokio::test]
async fn who_holds_a_token_may_ask_whether_it_is_still_good() {
    in_both_worlds(async |world| {
        let actor = console(CorrelationId::new());
        let ask = async |token: &str| world.tenancy.introspect(&world.identities, token, CorrelationId::new()).await.unwrap();
        let scope = world.ask(&world.sign_in("ann").await, "acme").await.unwrap();
        let app = world.tenancy.app_token(&world.identities, &scope, &"ltv".parse().unwrap()).await.unwrap();
        let told = ask(&app).await.unwrap();
        assert_eq!((told.aud.as_str(), told.email.as_deref()), ("dash:ltv", Some(address("ann").as_str())));
        let tenant = told.tenant.unwrap();
        assert_eq!((tenant.tenant.as_str(), tenant.role, tenant.tenant_id), ("acme", Role::Viewer, scope.tenant()));
        assert!(ask(&anns(&world).await).await.is_some());
        assert_eq!(ask("nothing").await, None);
        let broken = format!("{}A{}", &app[..app.len() - 20], &app[app.len() - 19..]);
        assert!(broken == app || ask(&broken).await.is_none());

        members::remove(&world.tenancy, &actor, &slug("acme"), &address("ann")).await.unwrap();
        assert_eq!(ask(&app).await, None, "no longer a member");
        members::assign(&world.tenancy, &actor, &slug("acme"), &address("ann"), Role::Admin).await.unwrap();
        assert_eq!(ask(&app).await.unwrap().tenant.unwrap().role, Role::Viewer, "the weaker of both");
        world.tenancy.set_status(&actor, &slug("acme"), Status::Suspended).await.unwrap();
        assert_eq!(ask(&app).await, None, "the tenant is suspended");
        world.tenancy.set_status(&actor, &slug("acme"), Status::Active).await.unwrap();
        world.stage.clock.advance(TimeDelta::seconds(60));
        assert_eq!(ask(&app).await, None, "its time is over");
    })
    .await;
}

#[tokio::test]
async fn a_machine_reads_the_tenants_it_was_given_and_no_other() {
    in_both_worlds(async |world| {
        let actor = console(CorrelationId::new());
        let draft = Draft { name: "Nightly".into(), scopes: "tenant:acme:read".parse().unwrap(), certificate: None };
        let (machine, secret) = machines::create(&world.central, &actor, draft).await.unwrap();
        let given = ClientCredentials {
            client_id: Some(&machine.client_id),
            secret: Some(secret.reveal()),
            ..ClientCredentials::default()
        };
        let granted = world.identities.client_credentials(given, None, CorrelationId::new()).await.unwrap();
        assert_eq!(granted.expires_in, 600);
        let says = claims(&world, &granted.access_token).await;
        assert_eq!((&says["aud"], &says["scope"]), (&json!("loggia:internal"), &json!("tenant:acme:read")));
        assert_eq!(says["client_id"], machine.client_id.as_str());
        assert_eq!(refused(&world, &granted.access_token).await, "the token was made for another audience");
        let bearer = async |token: &str, audience| world.identities.bearer(token, audience, CorrelationId::new()).await;
        let itself = bearer(&granted.access_token, Audience::Internal).await.unwrap();
        assert!(matches!(itself.credential(), Credential::Machine { scopes, .. } if scopes.to_string() == "tenant:acme:read"));
        assert!(!itself.is_person() && !itself.is_operator());

        let at_exchange = bearer(&granted.access_token, Audience::Exchange).await.unwrap();
        for tenant in ["globex", "nowhere"] {
            assert!(matches!(exchange(&world, &at_exchange, tenant).await, Err(NotExchanged::Denied(Denied::NotYours))));
        }
        let exchanged = exchange(&world, &at_exchange, "acme").await.unwrap();
        let says = claims(&world, &exchanged.access_token).await;
        assert_eq!((&says["role"], &says["email"]), (&json!("viewer"), &Value::Null));
        assert_eq!((&says["client_id"], &says["sub"]), (&json!(machine.client_id), &json!(machine.id.to_string())));
        let reader = bring(&world, &exchanged.access_token).await.unwrap();
        assert_eq!(world.ask(&reader, "acme").await.unwrap().role(), Role::Viewer);
        assert!(matches!(world.ask(&reader, "globex").await, Err(Denied::NotYours)));
        assert!(
            world.tenancy.introspect(&world.identities, &exchanged.access_token, CorrelationId::new()).await.unwrap().is_some()
        );

        let elsewhere = Draft { name: "Nightly".into(), scopes: "tenant:globex:read".parse().unwrap(), certificate: None };
        machines::update(&world.central, &actor, machine.id, elsewhere, machine.updated_at).await.unwrap();
        assert_eq!(refused(&world, &exchanged.access_token).await, "the machine may not read this tenant any more");
        let weaker = bearer(&granted.access_token, Audience::Internal).await.unwrap();
        assert!(
            matches!(weaker.credential(), Credential::Machine { scopes, .. } if scopes.is_empty()),
            "what was taken away is gone"
        );
        machines::set_active(&world.central, &actor, machine.id, false).await.unwrap();
        assert!(bearer(&granted.access_token, Audience::Internal).await.is_err());
        assert_eq!(refused(&world, &exchanged.access_token).await, "its bearer is gone, or may not sign in");
    })
    .await;
}

#[tokio::test]
async fn pages_take_a_token_for_their_tenant_and_nothing_else() {
    world::World::on_both(async |world| {
        let parts = &world.server.parts;
        let viewer = world.person("viewer@alpha.example").await;
        let cookie = viewer.cookie().split_once('=').unwrap().1.to_owned();
        let identity = parts.identities.identify(&cookie, CorrelationId::new()).await.unwrap().unwrap();
        let exchanged = parts.tenancy.exchange(&parts.identities, &identity, "alpha-works", CorrelationId::new()).await.unwrap();
        let ask = async |token: &str, path: &str| {
            let request = world.ask(&Person::nobody(), Method::GET, path).header("accept", "application/json");
            request.bearer_auth(token).send().await.unwrap()
        };
        let own = "/tenant/alpha-works/dashboard/default";
        let token = exchanged.access_token;
        assert_eq!(ask(&token, own).await.status(), 200);
        for other in ["/tenant/beta-works/dashboard/default", "/tenant/nowhere/dashboard/default"] {
            assert_eq!(ask(&token, other).await.status(), 403, "{other}");
        }
        let mut answers = BTreeSet::new();
        for bad in [&token[..token.len() - 3], "nothing", &format!("{token}x"), "a.b.c"] {
            let answer = ask(bad, own).await;
            assert_eq!(answer.status(), 401, "{bad}");
            let id = answer.headers()["x-correlation-id"].to_str().unwrap().to_owned();
            answers.insert(answer.text().await.unwrap().replace(&id, "ID"));
        }
        assert_eq!(answers.len(), 1, "nobody learns why: {answers:?}");
        // a good cookie beside a bad token is not fallen back to
        let both = world.ask(&viewer, Method::GET, own).bearer_auth("nothing").header("accept", "application/json");
        assert_eq!(both.send().await.unwrap().status(), 401);
        let jwks = world.get(&Person::nobody(), "/.well-known/jwks.json").await;
        assert_eq!(jwks.status(), 200);
        assert_eq!(jwks.headers()["cache-control"], "public, max-age=60");
        let keys: Value = jwks.json().await.unwrap();
        let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
        assert_eq!(keys["keys"][0]["kid"], kid.as_str());
        for private in ["d", "p", "q", "dp", "dq", "qi"] {
            assert!(keys["keys"][0].get(private).is_none(), "{private}");
        }
    })
    .await;
}

/// Walks every route with one token.
async fn walk(world: &world::World, token: &str, who: &str, is_right: impl Fn(&Line, u16) -> bool) {
    for line in PUBLIC.iter().filter(|line| line.path != "/logout") {
        let request = world.ask(&Person::nobody(), method(line), &filled(line, "none")).bearer_auth(token);
        let got = request.send().await.unwrap().status().as_u16();
        assert!(is_right(line, got), "{who}: {} {} answered {got}", line.method, line.path);
    }
}

#[tokio::test]
async fn every_route_takes_a_token_for_its_own_tenant_alone() {
    let clock = Clock::held(Clock::system().now());
    let world = world::World::raise(Setting { clock: Some(clock.clone()), ..Setting::default() }).await;
    let parts = &world.server.parts;
    let exchange = async |who: &Identity, tenant: &str| {
        let exchanged = parts.tenancy.exchange(&parts.identities, who, tenant, CorrelationId::new()).await;
        exchanged.unwrap().access_token
    };
    let of = async |email: &str, tenant: &str| {
        let cookie = world.person(email).await.cookie().split_once('=').unwrap().1.to_owned();
        let identity = parts.identities.identify(&cookie, CorrelationId::new()).await.unwrap().unwrap();
        exchange(&identity, tenant).await
    };
    let fine = |got: u16| matches!(got, 200 | 303);
    // an empty form is let in and refused for what is missing in it; what its address names is not there
    let is_let_in = |line: &Line, got: u16| fine(got) || (line.method == "POST" && matches!(got, 404 | 409 | 422));
    // who comes, and whether they may look at alpha's pages, have anything of their own, change alpha, run the installation
    let people = [
        ("a viewer of alpha", of("viewer@alpha.example", "alpha-works").await, [true, true, false, false]),
        ("an admin of alpha", of("admin@alpha.example", "alpha-works").await, [true, true, true, false]),
        ("a viewer of beta", of("viewer@beta.example", "beta-works").await, [false, true, false, false]),
        ("an operator in alpha", of("operator@example.com", "alpha-works").await, [true, true, true, false]),
        ("an operator in beta", of("operator@example.com", "beta-works").await, [false, true, false, false]),
    ];
    for (who, token, [tenant, person, admin, operator]) in &people {
        let may = |may: &bool, got: u16| if *may { fine(got) } else { got == 403 };
        walk(&world, token, who, |line, got| match line.access {
            Access::Open => !matches!(got, 401 | 403),
            Access::Person => may(person, got),
            // there is no page of an app, and on this stage no app
            Access::Tenant if *tenant && line.path.contains(":key") => got == 404,
            Access::App => got == 404,
            Access::Tenant => may(tenant, got),
            // asked about no screen, which is not there
            Access::TenantAdmin if *admin && line.path.ends_with("/devices/revoke") && line.method == "GET" => got == 404,
            Access::TenantAdmin if *admin => is_let_in(line, got),
            Access::Operator if *operator => is_let_in(line, got),
            Access::TenantAdmin | Access::Operator => got == 403,
            Access::Machine(_) => false,
            Access::Nobody => got == 404,
        })
        .await;
    }
    let draft = Draft { name: "ETL".into(), scopes: "tenant:alpha-works:read".parse().unwrap(), certificate: None };
    let (machine, secret) = machines::create(&parts.central, &console(CorrelationId::new()), draft).await.unwrap();
    let given =
        ClientCredentials { client_id: Some(&machine.client_id), secret: Some(secret.reveal()), ..ClientCredentials::default() };
    let own = parts.identities.client_credentials(given, None, CorrelationId::new()).await.unwrap().access_token;
    let itself = parts.identities.bearer(&own, Audience::Exchange, CorrelationId::new()).await.unwrap();
    let reader = exchange(&itself, "alpha-works").await;
    walk(&world, &reader, "a machine that reads alpha", |line, got| match line.access {
        Access::Open => !matches!(got, 401 | 403),
        Access::Tenant if line.path.contains(":key") => matches!(got, 403 | 404),
        Access::App => got == 404,
        Access::Tenant if line.method == "GET" => fine(got),
        Access::Tenant => fine(got) || got == 403,
        Access::Person | Access::TenantAdmin | Access::Operator => got == 403,
        Access::Machine(_) => false,
        Access::Nobody => got == 404,
    })
    .await;
    // what is not good is nobody's, and is never sent to the sign-in page
    let refused = |line: &Line, got: u16| if line.access == Access::Open { got != 403 } else { got == 401 };
    walk(&world, &own, "a machine's own token", refused).await;
    clock.advance(TimeDelta::seconds(1200));
    for (who, token, _) in &people {
        walk(&world, token, &format!("{who}, too late"), refused).await;
    }
    world.close().await;
}
