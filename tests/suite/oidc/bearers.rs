//! What the provider's own access tokens open: the pages and the API of their bearers, and the internal API.

use loggia::central::audit::Action;
use reqwest::Method;
use serde_json::{Value, json};

use super::*;

async fn bearer(world: &World, token: &str, path: &str) -> u16 {
    let request = world.ask(&Person::nobody(), Method::GET, path).header("authorization", format!("Bearer {token}"));
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn an_access_token_of_the_provider_opens_what_its_person_may_open() {
    let (world, idp) = stage(Kind::Sqlite, &[]).await;
    let access = |more: Value| {
        let mut payload = json!({"aud": "urn:loggia:api", "sub": "ann", "iat": now(), "exp": now() + 300, "jti": "a"});
        payload.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        payload
    };
    let kind = json!({"typ": "at+jwt"});
    let good = token(&idp, kind.clone(), access(json!({})), false).await;
    assert_eq!(bearer(&world, &good, ALPHA).await, 401, "who has never signed in is nobody yet");
    Browser::default().sign_in(&world, "ann", "/").await;
    assert_eq!(bearer(&world, &good, ALPHA).await, 200);
    assert_eq!(bearer(&world, &good, "/tenant/no-such/dashboard/default").await, 403);
    let refused = [
        ("for another audience", kind.clone(), access(json!({"aud": "loggia"})), false),
        ("of another issuer", kind.clone(), access(json!({"iss": "https://evil.example"})), false),
        ("expired", kind.clone(), access(json!({"exp": now() - 60})), false),
        ("not valid yet", kind.clone(), access(json!({"nbf": now() + 600})), false),
        ("of another kind", json!({"typ": "logout+jwt"}), access(json!({})), false),
        ("an id token of Keycloak", json!({"typ": "JWT"}), access(json!({"typ": "ID"})), false),
        ("signed by somebody else", kind.clone(), access(json!({})), true),
        ("without an end", kind.clone(), access(json!({"exp": null})), false),
    ];
    for (why, header, payload, stranger) in refused {
        assert_eq!(bearer(&world, &token(&idp, header, payload, stranger).await, ALPHA).await, 401, "{why}");
    }
    let (head, rest) = good.split_once('.').expect("three parts");
    assert_eq!(bearer(&world, &format!("eyJhbGciOiJub25lIn0.{}.", rest.split_once('.').expect("parts").0), ALPHA).await, 401);
    assert_eq!(bearer(&world, &format!("{head}.{rest}x"), ALPHA).await, 401);
    let email = "ann@corp.example".parse().expect("an address");
    accounts::set_active(&world.server.parts.central, &console(CorrelationId::new()), &email, false).await.expect("done");
    assert_eq!(bearer(&world, &good, ALPHA).await, 401, "an inactive account has no token");
    world.close().await;
}

const CLEO: &str = "3f1e9d5a-aaaa-bbbb-cccc-ddddeeeeffff";

/// A Loggia that knows Azure under this issuer, and Cleo, who has signed in there once.
async fn azure(issuer: usize, more: &[(&str, &str)]) -> (World, Idp) {
    let listen = format!("127.0.0.1:{}", free_port());
    let idp = Idp::entra(&format!("http://{listen}"));
    let mut rules = vec![
        ("LOGGIA_LISTEN", listen.as_str()),
        ("LOGGIA_OIDC__ISSUER", idp.word(issuer)),
        ("LOGGIA_OIDC__CLIENT_ID", "loggia-web"),
        ("LOGGIA_OIDC__CLIENT_SECRET", "a secret from the portal"),
        ("LOGGIA_OIDC__TRUST_EMAILS", "true"),
        ("LOGGIA_OIDC__AUDIENCE", "loggia-api"),
        ("LOGGIA_OIDC__TENANTS_CLAIM", "extension_Tenants"),
        ("LOGGIA_OIDC__TENANTS", "Alpha Users=alpha-works"),
    ];
    if issuer == 2 {
        rules.push(("LOGGIA_OIDC__METADATA_URL", idp.word(1)));
    }
    rules.extend(more);
    let world = World::with(&rules).await;
    idp.turn(json!({"claims": {"extension_Tenants": "Alpha Users", "iss": idp.word(issuer)}})).await;
    let landed = Browser::default().sign_in(&world, "cleo", ALPHA).await;
    assert_eq!((landed.status, landed.url.path()), (200, ALPHA), "{}", landed.text);
    (world, idp)
}

/// An access token of Cleo's that says this besides.
async fn azures(idp: &Idp, issuer: usize, more: Value, header: Value) -> String {
    let mut payload =
        json!({"iss": idp.word(issuer), "aud": "loggia-api", "sub": CLEO, "exp": now() + 300, "tfp": "B2C_1_signin"});
    payload.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    let told = idp.turn(json!({"sign": {"payload": payload, "header": header}})).await;
    told["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn an_access_token_of_azure_is_held_to_the_policy_as_a_sign_in_is() {
    let (world, idp) = azure(2, &[("LOGGIA_OIDC__POLICY", "b2c_1_signin")]).await;
    let opens = async |more: Value| bearer(&world, &azures(&idp, 2, more, json!({})).await, ALPHA).await;
    assert_eq!(opens(json!({})).await, 200);
    assert_eq!(opens(json!({"tfp": null, "acr": "b2c_1_signin"})).await, 200, "as older policies call it");
    for (why, more) in [
        ("another policy of the same issuer", json!({"tfp": "B2C_1_password_reset"})),
        ("no policy", json!({"tfp": null})),
        ("a policy that is no text", json!({"tfp": ["B2C_1_signin"]})),
    ] {
        assert_eq!(opens(more).await, 401, "{why}");
    }
    world.close().await;
}

#[tokio::test]
async fn where_the_policy_is_in_the_issuer_the_metadata_is_where_it_says() {
    let (world, idp) = azure(3, &[]).await;
    assert_eq!(bearer(&world, &azures(&idp, 3, json!({}), json!({})).await, ALPHA).await, 200);
    let other = azures(&idp, 3, json!({"iss": idp.word(2)}), json!({})).await;
    assert_eq!(bearer(&world, &other, ALPHA).await, 401, "the issuer that all policies share is another");
    world.close().await;
}

#[tokio::test]
async fn tokens_of_keys_that_nobody_knows_make_us_ask_the_provider_once() {
    let (world, idp) = azure(2, &[]).await;
    let asked = async || idp.turn(json!({})).await["keys"].as_u64().expect("a number");
    let before = asked().await;
    let mut tokens = Vec::new();
    for n in 0..20 {
        tokens.push(azures(&idp, 2, json!({}), json!({"kid": format!("no-such-key-{n}")})).await);
    }
    let answers = tokens.iter().map(|token| bearer(&world, token, ALPHA));
    assert_eq!(futures_util::future::join_all(answers).await, vec![401; 20]);
    assert_eq!(asked().await, before + 1, "whoever makes up tokens makes no work for the provider");
    assert_eq!(bearer(&world, &azures(&idp, 2, json!({}), json!({})).await, ALPHA).await, 200, "and nobody is kept out by it");
    world.close().await;
}

/// What somebody's own program is given at the provider's token endpoint: an access token for our API, and the id token.
async fn issued(world: &World, idp: &Idp, login: &str) -> (String, String) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use sha2::{Digest, Sha256};
    let (verifier, back) = ("a-verifier-of-the-tests-that-is-long-enough-for-it", world.url("/login/callback"));
    let mut ask = url::Url::parse(&format!("{}/auth", idp.word(1))).expect("a URL");
    ask.query_pairs_mut().extend_pairs([
        ("client_id", "loggia"),
        ("response_type", "code"),
        ("redirect_uri", &back),
        ("scope", "openid"),
        ("state", "ours"),
        ("nonce", "once"),
        ("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))),
        ("code_challenge_method", "S256"),
    ]);
    let mut browser = Browser::default();
    let asked = browser.open(ask.as_str()).await;
    browser.submit_login(&asked, login).await;
    let answer = browser.way.iter().find(|url| url.starts_with(&back)).expect("the provider's answer");
    let answer = url::Url::parse(answer).expect("a URL");
    let code = answer.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let form =
        [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", back.as_str()), ("code_verifier", verifier)];
    let told = reqwest::Client::new().post(format!("{}/token", idp.word(1))).form(&form);
    let told = told.basic_auth("loggia", Some("loggia-secret-of-the-tests")).send().await.expect("an answer");
    let told: Value = told.json().await.expect("JSON");
    let part = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("no {name}: {told}")).to_owned();
    (part("access_token"), part("id_token"))
}

/// The status and the body of an answer to a bearer.
async fn with_bearer(world: &World, token: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = reqwest::Client::new().request(method, world.url(path)).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

#[tokio::test]
async fn an_access_token_of_the_provider_opens_the_api_and_is_exchanged_for_its_persons_tenants_and_no_others() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, idp) = stage(kind, &[]).await;
        idp.turn(json!({"people": {"ann": {"email": "ann@corp.example", "email_verified": true, "tenants": ["alpha-works"], "roles": []}}})).await;
        let (access, id_token) = issued(&world, &idp, "ann").await;
        let get = async |token: &str, path: &str| with_bearer(&world, token, Method::GET, path, None).await;
        let exchange = async |token: &str, tenant: &str| {
            with_bearer(&world, token, Method::POST, "/api/token/exchange", Some(json!({"tenant_id": tenant}))).await
        };
        assert_eq!(get(&access, "/api/v1/tenants").await.0, 401, "who has never signed in is nobody yet");
        assert_eq!(exchange(&access, "alpha-works").await.0, 401);
        Browser::default().sign_in(&world, "ann", "/").await;

        let (status, list) = get(&access, "/api/v1/tenants").await;
        assert_eq!((status, &list["total"], &list["tenants"][0]["slug"]), (200, &json!(1), &json!("alpha-works")), "{list}");
        let (status, board) = get(&access, "/api/v1/dashboards/default").await;
        assert!(status == 200 && board.to_string().contains("MARKALPHA"), "{status} {board}");
        assert_eq!((get(&access, ALPHA).await.0, get(&access, BETA).await.0), (200, 403));
        let beta = loggia::central::tenants::find(&world.server.parts.central, &"beta-works".parse().expect("a slug")).await;
        let beta = beta.expect("an answer").expect("a tenant").id.to_string();
        assert_eq!(
            with_bearer(&world, &access, Method::POST, "/api/v1/tenants/alpha-works/select", None).await.0,
            403,
            "no session"
        );

        let (status, given) = exchange(&access, "alpha-works").await;
        assert_eq!((status, &given["token_type"]), (200, &json!("Bearer")), "{given}");
        let ours = given["access_token"].as_str().expect("a token").to_owned();
        let (status, data) = get(&ours, "/api/v1/panels/rows/data").await;
        assert!(status == 200 && data.to_string().contains("MARKALPHA"), "{status} {data}");
        assert_eq!((get(&ours, ALPHA).await.0, get(&ours, BETA).await.0), (200, 403));
        assert_eq!(exchange(&ours, "alpha-works").await.0, 403, "what is good for one tenant is not exchanged again");
        let rows = audited(&world, Action::TokenExchange).await;
        assert!(rows.len() == 1 && rows[0].actor == "ann@corp.example", "{rows:?}");
        let mut refusals = Vec::new();
        for tenant in ["beta-works", beta.as_str(), "no-such-tenant", "", "../alpha-works"] {
            let (status, mut problem) = exchange(&access, tenant).await;
            assert_eq!(status, 403, "{tenant}: {problem}");
            problem["correlation_id"] = json!("");
            refusals.push(problem);
        }
        assert!(refusals.iter().all(|problem| *problem == refusals[0]), "whether it exists is not told: {refusals:?}");
        assert_eq!(audited(&world, Action::TokenExchange).await.len(), 1, "no other was made");

        // What was made for another audience, the client's own id token among them, opens none of it.
        let payload = json!({"aud": "urn:another:api", "sub": "ann", "iat": now(), "exp": now() + 300, "jti": "b"});
        let foreign = token(&idp, json!({"typ": "at+jwt"}), payload, false).await;
        for (what, bad) in
            [("for another audience", foreign), ("an id token", id_token), ("cut", access[..access.len() - 8].to_owned())]
        {
            for path in ["/api/v1/tenants", "/api/v1/dashboards/default", ALPHA] {
                assert_eq!(get(&bad, path).await.0, 401, "{what}: {path}");
            }
            assert_eq!(exchange(&bad, "alpha-works").await.0, 401, "{what}");
        }
        // The claims of the person's next sign-in take the tenant away from the token at once.
        idp.turn(json!({"people": {"ann": {"email": "ann@corp.example", "email_verified": true, "tenants": ["beta-works"], "roles": []}}})).await;
        Browser::default().sign_in(&world, "ann", "/").await;
        assert_eq!((get(&access, ALPHA).await.0, get(&access, BETA).await.0), (403, 200));
        assert_eq!((exchange(&access, "alpha-works").await.0, exchange(&access, "beta-works").await.0), (403, 200));
        world.close().await;
    }
}

#[tokio::test]
async fn whoever_runs_the_installation_does_so_by_the_providers_token_and_nobody_else_does() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, idp) = stage(kind, &[]).await;
        let (olga, ann) = (issued(&world, &idp, "olga").await, issued(&world, &idp, "ann").await);
        let client = reqwest::Client::new();
        let inside = |method: Method, path: &str| client.request(method, format!("http://{}{path}", world.server.internal));
        let status = async |token: &str, path: &str| {
            inside(Method::GET, path).bearer_auth(token).send().await.expect("an answer").status()
        };
        assert_eq!(status(&olga.0, "/admin/tenants").await, 401, "who has never signed in is nobody yet");
        let mut browser = Browser::default();
        browser.sign_in(&world, "olga", "/").await;
        Browser::default().sign_in(&world, "ann", "/").await;

        let told = inside(Method::GET, "/admin/tenants").bearer_auth(&olga.0).send().await.expect("an answer");
        assert_eq!(told.status(), 200);
        assert!(told.text().await.expect("text").contains("beta-works"));
        assert_eq!(status(&olga.0, "/admin/tenants/alpha-works").await, 200);
        let new = json!({"slug": "gamma-works", "name": "Gamma"});
        let made = inside(Method::POST, "/admin/tenants").bearer_auth(&olga.0).json(&new).send().await.expect("an answer");
        assert_eq!(made.status(), 201);
        let rows = audited(&world, Action::CreateTenant).await;
        assert!(
            rows.iter().any(|row| row.actor == "olga@corp.example" && row.target.as_deref() == Some("gamma-works")),
            "{rows:?}"
        );

        // Ann is an administrator of beta-works, and runs nothing here.
        for path in ["/admin/tenants", "/admin/tenants/beta-works", "/admin/tenants/no-such"] {
            let refused = inside(Method::GET, path).bearer_auth(&ann.0).send().await.expect("an answer");
            assert_eq!(
                (refused.status().as_u16(), &refused.headers()["content-type"]),
                (403, &"application/problem+json".parse().expect("a value")),
                "{path}"
            );
            assert!(!refused.text().await.expect("text").contains("MARK"), "{path}");
        }
        let new = json!({"slug": "delta-works", "name": "Delta"});
        let refused = inside(Method::POST, "/admin/tenants").bearer_auth(&ann.0).json(&new).send().await.expect("an answer");
        assert_eq!(refused.status(), 403);
        assert!(!audited(&world, Action::CreateTenant).await.iter().any(|row| row.target.as_deref() == Some("delta-works")));
        let denied = audited(&world, Action::Denied).await;
        assert!(
            denied.iter().any(|row| row.actor == "ann@corp.example" && row.target.as_deref() == Some("internal API")),
            "{denied:?}"
        );

        // An operator's other credentials are for elsewhere: her id token, her session, a token for a tenant, another audience.
        let session = browser.person(&world);
        let ours = crate::api::token(&world, &session, "alpha-works").await;
        let payload = json!({"aud": "urn:another:api", "sub": "olga", "iat": now(), "exp": now() + 300, "jti": "b"});
        let foreign = token(&idp, json!({"typ": "at+jwt"}), payload, false).await;
        for (what, bad) in [("an id token", &olga.1), ("a token for a tenant", &ours), ("for another audience", &foreign)] {
            assert_eq!(status(bad, "/admin/tenants").await, 401, "{what}");
        }
        let by_session =
            inside(Method::GET, "/admin/tenants").header("cookie", session.cookie()).send().await.expect("an answer");
        assert_eq!(by_session.status(), 401, "a session");

        // Once the provider says that she runs nothing, the token she still holds runs nothing either.
        idp.turn(json!({"people": {"olga": {"email": "olga@corp.example", "email_verified": true, "tenants": [], "roles": ["staff"]}}})).await;
        Browser::default().sign_in(&world, "olga", "/").await;
        assert_eq!(status(&olga.0, "/admin/tenants").await, 403);
        world.close().await;
    }
}

#[tokio::test]
async fn a_program_of_the_company_runs_the_internal_api_by_its_role_and_for_its_audience() {
    let (world, idp) = stage(Kind::Sqlite, &[("LOGGIA_OIDC__MACHINE_ROLE", "loggia-machine")]).await;
    let access = |more: Value| {
        let mut payload = json!({"aud": ["account", "urn:loggia:api"], "sub": "service-account-deploy", "azp": "deploy",
            "roles": ["loggia-machine"], "iat": now(), "exp": now() + 300, "jti": "a"});
        payload.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        payload
    };
    let kind = json!({"typ": "JWT"});
    let client = reqwest::Client::new();
    let inside = format!("http://{}", world.server.internal);
    let status = async |token: &str, path: &str| {
        client.get(format!("{inside}{path}")).bearer_auth(token).send().await.expect("an answer").status().as_u16()
    };
    let good = token(&idp, kind.clone(), access(json!({})), false).await;
    assert_eq!(status(&good, "/admin/tenants").await, 200);
    let new = json!({"slug": "gamma-works", "name": "Gamma"});
    let made = client.post(format!("{inside}/admin/tenants")).bearer_auth(&good).json(&new).send().await.expect("an answer");
    assert_eq!(made.status(), 201, "{}", made.text().await.expect("text"));
    let rows = audited(&world, Action::CreateTenant).await;
    assert!(rows.iter().any(|row| row.actor == "deploy" && row.actor_kind == "machine"), "{rows:?}");
    let refused = [
        ("without the role", access(json!({"roles": ["loggia-machines", "admin"]})), false, 401),
        ("without any role", access(json!({"roles": null})), false, 401),
        ("for another audience", access(json!({"aud": ["account"]})), false, 401),
        ("without an audience", access(json!({"aud": null})), false, 401),
        ("of another issuer", access(json!({"iss": "https://evil.example"})), false, 401),
        ("expired", access(json!({"exp": now() - 60})), false, 401),
        ("signed by somebody else", access(json!({})), true, 401),
    ];
    for (why, payload, stranger, answer) in refused {
        let bad = token(&idp, kind.clone(), payload, stranger).await;
        assert_eq!(status(&bad, "/admin/tenants").await, answer, "{why}");
    }
    // A person who has signed in is somebody there, and still runs nothing.
    Browser::default().sign_in(&world, "ann", "/").await;
    let anns = token(&idp, json!({"typ": "at+jwt"}), access(json!({"sub": "ann", "roles": []})), false).await;
    assert_eq!(status(&anns, "/admin/tenants").await, 403);
    // On the public side the program is nobody: it has no account.
    assert_eq!(bearer(&world, &good, "/api/v1/tenants").await, 401);
    world.close().await;
}

#[tokio::test]
async fn without_a_role_named_in_the_settings_no_token_of_the_provider_runs_the_internal_api() {
    let (world, idp) = stage(Kind::Sqlite, &[]).await;
    let payload =
        json!({"aud": "urn:loggia:api", "sub": "deploy", "roles": ["loggia-machine"], "iat": now(), "exp": now() + 300});
    let good = token(&idp, json!({"typ": "JWT"}), payload, false).await;
    let asked = reqwest::Client::new().get(format!("http://{}/admin/tenants", world.server.internal)).bearer_auth(&good);
    assert_eq!(asked.send().await.expect("an answer").status(), 401);
    world.close().await;
}
