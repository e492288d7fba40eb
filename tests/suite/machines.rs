//! Programs come with credentials of their own: shown once, stored as a hash, changed without a gap, taken away at once.

use chrono::TimeDelta;
use loggia::central::audit::Action;
use loggia::central::machine_clients;
use loggia::domain::{Actor, CorrelationId};
use loggia::identity::console;
use loggia::identity::machines::{
    self, ClientCredentials, ClientSecret, Draft, Granted, LONGEST_OVERLAP, Machine, MachineFault, OAuthFault,
};

use crate::world::people::{World, in_both_worlds};

fn actor() -> Actor {
    console(CorrelationId::new())
}

fn draft(name: &str, scopes: &str) -> Draft {
    Draft { name: name.to_owned(), scopes: scopes.parse().unwrap(), certificate: None }
}

async fn made(world: &World, scopes: &str) -> (Machine, ClientSecret) {
    machines::create(&world.central, &actor(), draft("Nightly", scopes)).await.unwrap()
}

async fn asks(world: &World, client_id: &str, secret: &str, scope: Option<&str>) -> Result<Granted, OAuthFault> {
    let given = ClientCredentials { client_id: Some(client_id), secret: Some(secret), certificate: None, scope };
    world.identities.client_credentials(given, None, CorrelationId::new()).await
}

#[tokio::test]
async fn a_secret_is_shown_once_and_stored_as_a_hash() {
    in_both_worlds(async |world| {
        let (machine, secret) = made(&world, "admin provision").await;
        assert!(machine.client_id.starts_with("mc_") && secret.reveal().starts_with("lgs_"));
        assert!(!format!("{secret:?}").contains(secret.reveal()));
        let row = machine_clients::find(&world.central, machine.id).await.unwrap().unwrap();
        let hash = row.secret_hash.unwrap();
        assert_eq!((hash.len(), hash.contains(&secret.reveal()[4..])), (64, false));
        let granted = asks(&world, &machine.client_id, secret.reveal(), None).await.unwrap();
        assert_eq!((granted.expires_in, granted.scopes.to_string().as_str()), (600, "admin provision"));
        let row = world.audited(Action::CreateMachine).await.remove(0);
        assert_eq!(row.target.as_deref(), Some(machine.client_id.as_str()));
        let came = world.audited(Action::SignIn).await.pop().unwrap();
        assert_eq!((came.actor_kind.as_str(), came.actor.as_str()), ("machine", machine.client_id.as_str()));
        let all: String = world.audited(Action::CreateMachine).await.iter().map(|row| row.detail.clone()).collect();
        assert!(!all.contains(&hash) && !all.contains(secret.reveal()));
    })
    .await;
}

#[tokio::test]
async fn a_wrong_secret_an_unknown_name_and_a_closed_client_are_one_answer() {
    in_both_worlds(async |world| {
        let (machine, secret) = made(&world, "admin").await;
        let (closed, closed_secret) = made(&world, "admin").await;
        machines::set_active(&world.central, &actor(), closed.id, false).await.unwrap();
        let (id, secret) = (machine.client_id.as_str(), secret.reveal());
        for (client_id, secret) in [
            (id, "lgs_wrong"),
            (id, ""),
            (id, &secret[..secret.len() - 1]),
            (id, closed_secret.reveal()),
            ("mc_nobody", secret),
            ("", secret),
            ("mc\0", secret),
            (closed.client_id.as_str(), closed_secret.reveal()),
        ] {
            let answer = asks(&world, client_id, secret, None).await;
            assert!(matches!(answer, Err(OAuthFault::InvalidClient)), "{client_id} {answer:?}");
        }
        let nothing = ClientCredentials::default();
        let answer = world.identities.client_credentials(nothing, None, CorrelationId::new()).await;
        assert!(matches!(answer, Err(OAuthFault::InvalidClient)));
        assert!(!world.audited(Action::SignInFailed).await.is_empty());
        assert!(asks(&world, id, secret, None).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_client_gets_the_scopes_it_asks_for_and_no_other() {
    in_both_worlds(async |world| {
        let (machine, secret) = made(&world, "provision tenant:acme:read").await;
        let ask = async |scope| asks(&world, &machine.client_id, secret.reveal(), Some(scope)).await;
        assert_eq!(ask("provision").await.unwrap().scopes.to_string(), "provision");
        assert_eq!(ask(" ").await.unwrap().scopes.to_string(), "provision tenant:acme:read");
        for scope in ["admin", "provision admin", "tenant:globex:read", "root", "tenant:acme:write"] {
            assert!(matches!(ask(scope).await, Err(OAuthFault::InvalidScope(_))), "{scope}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_changed_with_an_overlap() {
    in_both_worlds(async |world| {
        let (machine, old) = made(&world, "admin").await;
        let (changed, new) = machines::rotate_secret(&world.central, &actor(), machine.id, TimeDelta::hours(1)).await.unwrap();
        assert_eq!(changed.previous_until, Some(changed.updated_at + TimeDelta::hours(1)));
        let good = async |secret: &ClientSecret| asks(&world, &machine.client_id, secret.reveal(), None).await.is_ok();
        assert!(good(&old).await && good(&new).await);
        world.stage.clock.advance(TimeDelta::minutes(60));
        assert!(!good(&old).await && good(&new).await);
        let (_, newest) = machines::rotate_secret(&world.central, &actor(), machine.id, TimeDelta::zero()).await.unwrap();
        assert!(!good(&old).await && !good(&new).await && good(&newest).await, "without an overlap the old one ends at once");
        for bad in [TimeDelta::seconds(-1), LONGEST_OVERLAP + TimeDelta::seconds(1)] {
            let refused = machines::rotate_secret(&world.central, &actor(), machine.id, bad).await;
            assert!(matches!(refused, Err(MachineFault::Field { field: "overlap", .. })));
        }
    })
    .await;
}

#[tokio::test]
async fn a_certificate_tells_who_comes() {
    in_both_worlds(async |world| {
        let pairs = vec!["AB"; 32].join(":");
        let with = Draft { certificate: Some(pairs.clone()), ..draft("mTLS", "admin") };
        let (machine, _) = machines::create(&world.central, &actor(), with.clone()).await.unwrap();
        let hex = "ab".repeat(32);
        assert_eq!(machine.certificate.as_deref(), Some(hex.as_str()));
        let by =
            async |fingerprint: &str| world.identities.machine_by_certificate(fingerprint, CorrelationId::new()).await.unwrap();
        assert_eq!(by(&hex).await.unwrap().email(), machine.client_id);
        assert!(by(&"cd".repeat(32)).await.is_none() && by("").await.is_none());
        let taken = machines::create(&world.central, &actor(), with).await;
        assert!(matches!(taken, Err(MachineFault::Field { field: "certificate", .. })), "{taken:?}");
        // the same at the token endpoint (RFC 8705): by the certificate alone, or with the name beside it
        let ask = async |client_id, certificate| {
            let given = ClientCredentials { client_id, certificate, ..ClientCredentials::default() };
            world.identities.client_credentials(given, None, CorrelationId::new()).await
        };
        assert!(ask(None, Some(hex.as_str())).await.is_ok());
        assert!(ask(Some(machine.client_id.as_str()), Some(hex.as_str())).await.is_ok());
        assert!(ask(Some("mc_other"), Some(hex.as_str())).await.is_err());
        assert!(ask(Some(machine.client_id.as_str()), None).await.is_err());
        machines::set_active(&world.central, &actor(), machine.id, false).await.unwrap();
        assert!(by(&hex).await.is_none() && ask(None, Some(hex.as_str())).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn what_an_operator_writes_is_checked_and_two_do_not_overwrite_each_other() {
    in_both_worlds(async |world| {
        let create = async |draft| machines::create(&world.central, &actor(), draft).await.map(|_| ());
        let long = "x".repeat(101);
        for (bad, at) in [
            (draft("", "admin"), "name"),
            (draft("  ", "admin"), "name"),
            (draft(&long, "admin"), "name"),
            (draft("a\nb", "admin"), "name"),
            (draft("a", ""), "scopes"),
            (Draft { certificate: Some("abc".into()), ..draft("a", "admin") }, "certificate"),
        ] {
            match create(bad.clone()).await {
                Err(MachineFault::Field { field, .. }) => assert_eq!(field, at),
                other => panic!("{bad:?} was taken: {other:?}"),
            }
        }
        let (machine, _) = made(&world, "admin").await;
        let edit =
            async |name: &str, read| machines::update(&world.central, &actor(), machine.id, draft(name, "admin"), read).await;
        world.stage.clock.advance(TimeDelta::seconds(1));
        let first = edit("First", machine.updated_at).await.unwrap();
        match edit("Second", machine.updated_at).await {
            Err(MachineFault::Stale(now)) => assert_eq!(*now, first),
            other => panic!("a stale edit was taken: {other:?}"),
        }
        assert!(edit("Third", first.updated_at).await.is_ok());
        machines::remove(&world.central, &actor(), machine.id).await.unwrap();
        assert!(matches!(edit("Fourth", first.updated_at).await, Err(MachineFault::Unknown)));
        assert_eq!(world.audited(Action::DeleteMachine).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn clients_are_found_by_name_and_page() {
    in_both_worlds(async |world| {
        for name in ["beta", "Alpha", "100% sure", "gamma_ray"] {
            machines::create(&world.central, &actor(), draft(name, "admin")).await.unwrap();
        }
        let names = async |search, page| {
            let found = machines::list(&world.central, search, page, 2).await.unwrap();
            (found.items.iter().map(|machine| machine.name.clone()).collect::<Vec<_>>(), found.total)
        };
        assert_eq!(names(None, 1).await.1, 4);
        assert_eq!(names(None, 2).await.0.len(), 2);
        assert_eq!(names(None, 3).await.0.len(), 0);
        assert_eq!(names(Some("ALPH"), 1).await, (vec!["Alpha".to_owned()], 1));
        assert_eq!(names(Some("%"), 1).await, (vec!["100% sure".to_owned()], 1), "signs mean themselves");
        assert_eq!(names(Some("a_r"), 1).await, (vec!["gamma_ray".to_owned()], 1));
        assert_eq!(names(Some("mc"), 1).await.1, 4, "the client id is searched too");
        assert_eq!(names(Some("\0"), 1).await.1, 4);
    })
    .await;
}

#[tokio::test]
async fn when_a_client_last_came_is_known_to_the_minute() {
    in_both_worlds(async |world| {
        let (machine, secret) = made(&world, "admin").await;
        let last = async || machines::find(&world.central, machine.id).await.unwrap().unwrap().last_used_at;
        assert_eq!(last().await, None);
        asks(&world, &machine.client_id, secret.reveal(), None).await.unwrap();
        let first = last().await.unwrap();
        world.stage.clock.advance(TimeDelta::seconds(30));
        asks(&world, &machine.client_id, secret.reveal(), None).await.unwrap();
        assert_eq!(last().await, Some(first));
        world.stage.clock.advance(TimeDelta::seconds(30));
        asks(&world, &machine.client_id, secret.reveal(), None).await.unwrap();
        assert!(last().await > Some(first));
    })
    .await;
}
