//! The keys that sign tokens are made once, kept sealed, handed on without a gap, and given up at once when they must be.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use loggia::central::audit::{Action, Queue};
use loggia::central::{Central, datastores, signing_keys, tenants};
use loggia::domain::CorrelationId;
use loggia::identity::{Audience, Identities, KeyFault, Refusal, SessionRules, TokenRules, console};
use loggia::settings::{KeyProvider, Token, Vault, VaultIdentity};
use loggia::tenancy::NotExchanged;
use serde_json::Value;

use crate::world::console::Console;
use crate::world::pem;
use crate::world::people::{CHEAP, KEY, Stage, World, in_both_worlds, sealer, slug};
use crate::world::vault::Vault as SmallVault;

fn rules(keys: KeyProvider, lead: u64) -> TokenRules {
    let token = Token { ttl: Duration::from_secs(1200), app_ttl: Duration::from_secs(60), key_lead: Duration::from_secs(lead) };
    TokenRules { issuer: "https://loggia.example".to_owned(), token, keys }
}

/// A replica: another process as far as keys go.
async fn replica(stage: &Stage, rules: TokenRules) -> Identities {
    let central = Central::connect(&stage.url, stage.clock.clone()).await.unwrap();
    over(&central, rules)
}

fn over(central: &Central, rules: TokenRules) -> Identities {
    Identities::with_tokens(central, &Queue::start(central), SessionRules::default(), CHEAP, &sealer(), rules)
}

/// Ann's token for `acme`, made by this replica.
async fn token(world: &World, by: &Identities) -> Result<String, NotExchanged> {
    let ann = world.sign_in("ann").await;
    Ok(world.tenancy.exchange(by, &ann, "acme", CorrelationId::new()).await?.access_token)
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

async fn is_good(at: &Identities, token: &str) -> bool {
    at.bearer(token, Audience::Api, CorrelationId::new()).await.is_ok()
}

async fn published(at: &Identities) -> Vec<String> {
    let keys: Value = serde_json::from_str(&at.published_keys().await.unwrap()).unwrap();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_first_key_is_made_when_it_is_needed_and_once() {
    in_both_worlds(async |world| {
        assert!(world.audited(Action::RotateSecret).await.is_empty(), "none is made before");
        let replicas = [
            replica(&world.stage, rules(KeyProvider::Database, 300)).await,
            replica(&world.stage, rules(KeyProvider::Database, 300)).await,
        ];
        let (one, other) = tokio::join!(published(&replicas[0]), published(&replicas[1]));
        assert_eq!((one.len(), &one), (1, &other));
        assert_eq!(world.audited(Action::RotateSecret).await.len(), 1);
        let token = token(&world, &replicas[0]).await.unwrap();
        assert!(is_good(&replicas[1], &token).await);
        // in the database it lies sealed: neither as PEM nor as anything without the installation's key
        let keys = signing_keys::published(&world.central, world.stage.clock.now()).await.unwrap();
        assert!(keys[0].private_key.starts_with("v1.") && !keys[0].private_key.contains("PRIVATE"));
        assert!(sealer().open(&keys[0].private_key).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
        assert!(!keys[0].public_jwk.contains("\"d\""));
    })
    .await;
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_the_old_one_echoes() {
    in_both_worlds(async |world| {
        let (here, actor) = (over(&world.central, rules(KeyProvider::Database, 300)), console(CorrelationId::new()));
        let there = replica(&world.stage, rules(KeyProvider::Database, 300)).await;
        let before = token(&world, &here).await.unwrap();
        let rotation = here.rotate_keys(&actor, false).await.unwrap();
        assert!(rotation.begun && rotation.given_up.is_empty());
        assert_eq!(rotation.signs_at, world.stage.clock.now() + TimeDelta::seconds(300));
        assert_eq!(published(&here).await, [kid(&before), rotation.kid.clone()], "the one that signs, then the next");
        assert_eq!(kid(&token(&world, &here).await.unwrap()), kid(&before), "it does not sign yet");
        let again = here.rotate_keys(&actor, false).await.unwrap();
        assert_eq!((again.kid, again.begun), (rotation.kid.clone(), false), "one rotation at a time");

        world.stage.clock.advance(TimeDelta::seconds(299));
        assert_eq!(kid(&token(&world, &here).await.unwrap()), kid(&before));
        world.stage.clock.advance(TimeDelta::seconds(1));
        let after = token(&world, &here).await.unwrap();
        assert_eq!(kid(&after), rotation.kid);
        assert!(is_good(&there, &after).await && is_good(&there, &before).await, "both are good everywhere");
        let rows = signing_keys::published(&world.central, world.stage.clock.now() - TimeDelta::hours(1)).await.unwrap();
        let retired = rows.iter().find(|row| row.kid == kid(&before)).unwrap();
        assert_eq!((retired.state, retired.private_key.as_str()), (signing_keys::State::Retired, ""), "its private half is gone");
        world.stage.clock.advance(TimeDelta::minutes(61));
        assert_eq!(published(&here).await, std::slice::from_ref(&rotation.kid), "an hour later nothing it signed can be good");
        let states: Vec<bool> =
            world.audited(Action::RotateSecret).await.iter().map(|row| row.detail.contains("signing")).collect();
        assert_eq!(states, [true, false, true], "first, published, taken up");
    })
    .await;
}

#[tokio::test]
async fn a_compromised_key_is_given_up_at_once_with_all_it_signed() {
    in_both_worlds(async |world| {
        let (here, actor) = (over(&world.central, rules(KeyProvider::Database, 300)), console(CorrelationId::new()));
        let there = replica(&world.stage, rules(KeyProvider::Database, 300)).await;
        let old = token(&world, &here).await.unwrap();
        assert!(is_good(&there, &old).await);
        let pending = here.rotate_keys(&actor, false).await.unwrap();
        let rotation = here.rotate_keys(&actor, true).await.unwrap();
        assert!(rotation.begun && rotation.signs_at == world.stage.clock.now());
        let mut given_up = rotation.given_up.clone();
        given_up.sort();
        let mut all = vec![kid(&old), pending.kid];
        all.sort();
        assert_eq!(given_up, all, "also the one that lay ready");
        assert!(!is_good(&here, &old).await);
        assert_eq!(published(&here).await, std::slice::from_ref(&rotation.kid));
        let new = token(&world, &here).await.unwrap();
        assert_eq!(kid(&new), rotation.kid);
        assert!(is_good(&there, &new).await, "an unknown key makes a replica look");
        assert!(!is_good(&there, &old).await, "and what it then hears counts");
        let row = world.audited(Action::RotateSecret).await.pop().unwrap();
        assert!(row.detail.contains("\"compromised\":true"), "{}", row.detail);
    })
    .await;
}

#[tokio::test]
async fn without_a_lead_a_new_key_signs_at_once() {
    let world = Stage::sqlite().peopled(false).await;
    let (here, actor) = (over(&world.central, rules(KeyProvider::Database, 0)), console(CorrelationId::new()));
    let before = token(&world, &here).await.unwrap();
    let rotation = here.rotate_keys(&actor, false).await.unwrap();
    assert_eq!(kid(&token(&world, &here).await.unwrap()), rotation.kid);
    assert!(is_good(&here, &before).await, "what the old one signed stays good");
    assert_eq!(published(&here).await, [rotation.kid, kid(&before)]);
}

#[tokio::test]
async fn tokens_naming_unknown_keys_do_not_keep_the_database_busy() {
    let world = Stage::sqlite().peopled(false).await;
    let here = over(&world.central, rules(KeyProvider::Database, 300));
    let token = token(&world, &here).await.unwrap();
    let rest = token.split_once('.').unwrap().1;
    let head = |kid: usize| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#))
    };
    // the database goes away; within the second in which one look was allowed nobody notices
    let unknown = async |n: usize| here.bearer(&format!("{}.{rest}", head(n)), Audience::Api, CorrelationId::new()).await;
    assert!(matches!(unknown(0).await, Err(Refusal::Bad(_))));
    world.central.close().await;
    for n in 1..20 {
        assert!(matches!(unknown(n).await, Err(Refusal::Bad(_))), "{n}");
    }
}

#[tokio::test]
async fn a_key_in_a_file_signs_and_the_next_one_in_it_follows() {
    in_both_worlds(async |world| {
        let (file, actor) = (world.stage.folder().join("signing.pem"), console(CorrelationId::new()));
        let (first, second) = (pem(), pem());
        std::fs::write(&file, &first).unwrap();
        let here = over(&world.central, rules(KeyProvider::File(file.clone()), 300));
        let before = token(&world, &here).await.unwrap();
        let keys = signing_keys::published(&world.central, world.stage.clock.now()).await.unwrap();
        assert_eq!(sealer().open(&keys[0].private_key).unwrap(), "file", "the key itself stays in its file");
        match here.rotate_keys(&actor, false).await {
            Err(KeyFault::NoNewKey(words)) => assert!(words.contains("add a new one to the file"), "{words}"),
            other => panic!("there is no new key: {other:?}"),
        }
        std::fs::write(&file, format!("{first}{second}")).unwrap();
        let rotation = here.rotate_keys(&actor, false).await.unwrap();
        world.stage.clock.advance(TimeDelta::seconds(300));
        // a process that starts now has the file alone, with the old key gone from it
        std::fs::write(&file, &second).unwrap();
        let there = replica(&world.stage, rules(KeyProvider::File(file.clone()), 300)).await;
        let after = token(&world, &there).await.unwrap();
        assert_eq!(kid(&after), rotation.kid);
        assert!(is_good(&there, &before).await);
        // a key that was given up is not taken up again, although it lies there
        std::fs::write(&file, format!("{first}{second}")).unwrap();
        assert!(matches!(there.rotate_keys(&actor, true).await, Err(KeyFault::NoNewKey(_))));
        std::fs::write(&file, "no key").unwrap();
        let blind = replica(&world.stage, rules(KeyProvider::File(file.clone()), 300)).await;
        assert!(matches!(token(&world, &blind).await, Err(NotExchanged::Keys(KeyFault::Provider(_)))));
        assert!(is_good(&blind, &after).await, "verifying needs no private key");
    })
    .await;
}

fn vault(at: &SmallVault, identity: VaultIdentity) -> KeyProvider {
    let url = |path: &str| format!("{}{path}", at.url).parse().unwrap();
    KeyProvider::Vault(Box::new(Vault { url: url("/"), key: "loggia-signing".to_owned(), identity }))
}

fn app(at: &SmallVault) -> VaultIdentity {
    VaultIdentity::Secret {
        authority: format!("{}/directory", at.url).parse().unwrap(),
        client_id: "loggia-app".to_owned(),
        client_secret: "the app's secret".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_key_in_a_vault_signs_there_and_never_leaves_it() {
    in_both_worlds(async |world| {
        let (small, actor) = (SmallVault::open().await, console(CorrelationId::new()));
        let here = over(&world.central, rules(vault(&small, app(&small)), 300));
        let before = token(&world, &here).await.unwrap();
        assert_eq!((small.versions("loggia-signing"), small.signatures(), small.passes()), (1, 1, 1));
        assert!(is_good(&here, &before).await);
        let keys = signing_keys::published(&world.central, world.stage.clock.now()).await.unwrap();
        let stored = sealer().open(&keys[0].private_key).unwrap();
        assert!(stored.starts_with(&format!("vault {}/keys/loggia-signing/", small.url)), "{stored}");
        let rotation = here.rotate_keys(&actor, false).await.unwrap();
        assert_eq!(small.versions("loggia-signing"), 2);
        assert_eq!(kid(&token(&world, &here).await.unwrap()), kid(&before));
        world.stage.clock.advance(TimeDelta::seconds(300));
        let there = replica(&world.stage, rules(vault(&small, app(&small)), 300)).await;
        let after = token(&world, &there).await.unwrap();
        assert_eq!(kid(&after), rotation.kid);
        assert!(is_good(&here, &after).await && is_good(&here, &before).await);

        small.down(true);
        assert!(matches!(token(&world, &there).await, Err(NotExchanged::Keys(KeyFault::Provider(_)))));
        assert!(is_good(&there, &after).await, "what was signed is verified without the vault");
        small.down(false);
        // a pass that is taken back costs one answer, not the process
        small.forget_passes();
        let _ = token(&world, &there).await;
        assert!(token(&world, &there).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn the_vault_is_entered_with_a_secret_a_workloads_token_or_the_machines_own_identity() {
    let (small, folder) = (SmallVault::open().await, tempfile::tempdir().unwrap());
    let workload: PathBuf = folder.path().join("token");
    std::fs::write(&workload, "the workload's token\n").unwrap();
    let authority: url::Url = format!("{}/directory", small.url).parse().unwrap();
    let service = format!("{}/metadata/identity/oauth2/token", small.url).parse().unwrap();
    let ways = [
        app(&small),
        VaultIdentity::Workload { authority, client_id: "loggia-app".to_owned(), token: workload },
        VaultIdentity::Managed { service, client_id: None },
    ];
    for way in ways {
        let world = Stage::sqlite().peopled(false).await;
        let here = over(&world.central, rules(vault(&small, way.clone()), 300));
        let token = token(&world, &here).await.unwrap_or_else(|fault| panic!("{way:?}: {fault}"));
        assert!(is_good(&here, &token).await, "{way:?}");
    }
    let world = Stage::sqlite().peopled(false).await;
    let wrong = VaultIdentity::Secret {
        authority: format!("{}/directory", small.url).parse().unwrap(),
        client_id: "loggia-app".to_owned(),
        client_secret: "another".parse().unwrap(),
    };
    let here = over(&world.central, rules(vault(&small, wrong), 300));
    match token(&world, &here).await {
        Err(NotExchanged::Keys(KeyFault::Provider(words))) => {
            assert!(words.contains("401") && !words.contains("another"), "{words}")
        }
        other => panic!("a wrong secret opened the vault: {other:?}"),
    }
}

#[tokio::test]
async fn a_key_left_behind_in_a_vault_is_told_and_rotated_away_from() {
    let (world, actor) = (Stage::sqlite().peopled(false).await, console(CorrelationId::new()));
    let small = SmallVault::open().await;
    let old = token(&world, &over(&world.central, rules(vault(&small, app(&small)), 300))).await.unwrap();
    let here = over(&world.central, rules(KeyProvider::Database, 300));
    match token(&world, &here).await {
        Err(NotExchanged::Keys(KeyFault::Provider(words))) => assert!(words.contains("rotate-secret"), "{words}"),
        other => panic!("nothing here can sign: {other:?}"),
    }
    assert!(is_good(&here, &old).await);
    let rotation = here.rotate_keys(&actor, false).await.unwrap();
    assert_eq!(rotation.signs_at, world.stage.clock.now(), "what cannot sign is not waited for");
    assert_eq!(kid(&token(&world, &here).await.unwrap()), rotation.kid);
    assert!(is_good(&here, &old).await);
}

/// What `loggia secret rotate` says, and whether it did what it was asked.
fn rotate(console: &Console, database: &str, key: &str, previous: Option<&str>) -> (bool, String) {
    let mut command = console.command(&["secret", "rotate"]);
    command.env("LOGGIA_SECRET_KEY", key).env("LOGGIA_DATABASE_URL", database);
    if let Some(previous) = previous {
        command.env("LOGGIA_PREVIOUS_SECRET_KEY", previous);
    }
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn the_installations_key_is_changed_without_losing_what_it_sealed() {
    const NEW: &str = "the new key of the installation";
    in_both_worlds(async |world| {
        let (console, here) = (Console::open(), over(&world.central, rules(KeyProvider::Database, 0)));
        let (token, sealed) = (token(&world, &here).await.unwrap(), sealer().seal("postgres://u:pw@h/d").unwrap());
        let provider = format!("INSERT INTO session_tokens (session_id, issuer, subject, id_token, refresh_token) SELECT id, 'i', 's', '{sealed}', '{sealed}' FROM sessions");
        world.stage.at_the_prompt(&provider).await.unwrap();
        let form = format!("UPDATE tenant_datastores SET secret_ref = '{{\"sealed\":\"{sealed}\"}}'");
        world.stage.at_the_prompt(&form).await.unwrap();
        let globex = tenants::find(&world.central, &slug("globex")).await.unwrap().unwrap().id;
        let address = async || datastores::of(&world.central, globex).await.unwrap().remove(0).secret_ref;
        let before = address().await;
        let rotate = |key: &str, previous: Option<&str>| rotate(&console, &world.stage.url, key, previous);

        let (good, said) = rotate(NEW, None);
        assert!(!good && said.contains("LOGGIA_PREVIOUS_SECRET_KEY") && said.contains("the signing key"), "{said}");
        assert!(said.contains("Nothing was changed.") && address().await == before, "all or nothing: {said}");
        let (good, said) = rotate(NEW, Some(KEY));
        assert!(good && said.contains("1 signing key, 2 session tokens, 2 datastore addresses"), "{said}");
        assert_ne!(address().await, before);
        assert!(!said.contains("pw"));
        // without the old key: everything opens with the new one, so nothing is left to do
        let (good, said) = rotate(NEW, None);
        assert!(good && said.starts_with("Nothing was to be done"), "{said}");
        let new = loggia::identity::Sealer::new(NEW, None).unwrap();
        let after: Value = serde_json::from_str(&address().await).unwrap();
        assert_eq!(new.open(after["sealed"].as_str().unwrap()).unwrap(), "postgres://u:pw@h/d");
        let rules = rules(KeyProvider::Database, 0);
        let queue = Queue::start(&world.central);
        let there = Identities::with_tokens(&world.central, &queue, SessionRules::default(), CHEAP, &new, rules);
        assert!(is_good(&there, &token).await);
        assert_eq!(kid(&self::token(&world, &there).await.unwrap()), kid(&token), "the same key signs on");
        let row = world.audited(Action::RotateSecret).await.pop().unwrap();
        assert_eq!((row.actor.as_str(), row.target.as_deref()), ("console", Some("stored secrets")));
    })
    .await;
}
