//! People sign in, stay signed in as long as they may, and not a moment longer.

use std::net::IpAddr;
use std::time::Duration;

use chrono::TimeDelta;
use loggia::central::audit::Action;
use loggia::domain::CorrelationId;
use loggia::identity::accounts::{self, AccountError, NewAccount};
use loggia::identity::password::Policy;
use loggia::identity::{Caller, Identities, SessionRules, SignInError, console};

use crate::world::people::{CHEAP, PASSWORD, Stage, World, address, in_both_worlds, sealer};

async fn attempt(world: &World, email: &str, password: &str, from: Option<IpAddr>) -> Result<String, SignInError> {
    let signed = world.identities.sign_in(email, password, from, CorrelationId::new(), None).await?;
    Ok(signed.token.as_str().to_owned())
}

#[tokio::test]
async fn a_session_is_known_by_its_token_and_leaves_no_token_behind() {
    in_both_worlds(async |world| {
        let token = world.token_of("ann").await;
        let ann = world.who(&token).await.unwrap();
        assert_eq!(ann.email(), address("ann").as_str());
        assert!(!ann.is_operator());
        assert_ne!(ann.session().unwrap().as_str(), token);
        let other = if token.starts_with('A') { 'B' } else { 'A' };
        assert!(world.who(&format!("{other}{}", &token[1..])).await.is_none());
        assert!(world.who("").await.is_none());
        assert_ne!(world.token_of("ann").await, token, "every sign-in is a session of its own");
        assert_eq!(world.audited(Action::SignIn).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_stranger_cannot_tell_why_they_were_turned_away() {
    in_both_worlds(async |world| {
        accounts::set_active(&world.central, &console(CorrelationId::new()), &address("zoe"), false).await.unwrap();
        for (email, password) in [
            ("nobody@example.com", PASSWORD),
            ("not an address", PASSWORD),
            ("nul\0@example.com", PASSWORD),
            ("ann@example.com", "open sesamf"),
            ("zoe@example.com", PASSWORD),
            ("ann@example.com", ""),
        ] {
            let refused = attempt(&world, email, password, None).await.unwrap_err();
            assert!(matches!(refused, SignInError::Wrong), "{email}: {refused}");
        }
        let failed = world.audited(Action::SignInFailed).await;
        assert!(failed.iter().all(|row| row.actor_kind == "nobody" && row.actor_id.is_none()));
        assert_eq!(failed.len(), 5, "two of them had the same name");
        assert!(attempt(&world, " Ann@Example.com ", PASSWORD, None).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn an_unused_session_ends_after_the_idle_time() {
    in_both_worlds(async |world| {
        let (token, clock) = (world.token_of("ann").await, world.stage.clock.clone());
        clock.advance(TimeDelta::hours(11));
        let ann = world.who(&token).await.unwrap();
        world.identities.touch(&ann).await.unwrap();
        clock.advance(TimeDelta::hours(11));
        assert!(world.who(&token).await.is_some(), "it was used in between");
        clock.advance(TimeDelta::hours(1));
        assert!(world.who(&token).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_busy_session_ends_after_the_longest_time() {
    in_both_worlds(async |world| {
        let (token, clock) = (world.token_of("ann").await, world.stage.clock.clone());
        for _ in 0..16 {
            clock.advance(TimeDelta::hours(10));
            let ann = world.who(&token).await.unwrap();
            world.identities.touch(&ann).await.unwrap();
        }
        clock.advance(TimeDelta::hours(8));
        assert!(world.who(&token).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    in_both_worlds(async |world| {
        let (one, other) = (world.token_of("ann").await, world.token_of("ann").await);
        let ann = world.who(&one).await.unwrap();
        world.identities.sign_out(&ann).await.unwrap();
        assert!(world.who(&one).await.is_none());
        assert!(world.who(&other).await.is_some());
        world.identities.forget(&other, CorrelationId::new()).await.unwrap();
        assert!(world.who(&other).await.is_none());
        assert_eq!(world.audited(Action::SignOut).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_account_that_is_closed_is_out_at_once() {
    in_both_worlds(async |world| {
        let (ann, bob) = (world.token_of("ann").await, world.token_of("bob").await);
        assert!(world.who(&ann).await.is_some());
        let at_the_console = console(CorrelationId::new());
        accounts::set_active(&world.central, &at_the_console, &address("ann"), false).await.unwrap();
        assert!(world.who(&ann).await.is_none());
        assert!(world.who(&bob).await.is_some());
        accounts::set_active(&world.central, &at_the_console, &address("ann"), true).await.unwrap();
        assert!(world.who(&ann).await.is_none(), "its sessions are gone for good");

        let user = world.who(&bob).await.unwrap().user();
        assert_eq!(world.identities.revoke_all(&at_the_console, user).await.unwrap(), 1);
        assert!(world.who(&bob).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_old_one() {
    in_both_worlds(async |world| {
        let token = world.token_of("ann").await;
        let (actor, ann) = (console(CorrelationId::new()), address("ann"));
        let set = |password: &str| accounts::set_password(&world.central, &actor, &ann, password.to_owned(), Policy::Real, CHEAP);
        assert!(matches!(set("short").await, Err(AccountError::Password(_))));
        assert!(world.who(&token).await.is_some());
        set("another one").await.unwrap();
        assert!(world.who(&token).await.is_none());
        assert!(attempt(&world, "ann@example.com", PASSWORD, None).await.is_err());
        assert!(attempt(&world, "ann@example.com", "another one", None).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn another_process_hears_of_a_revoked_session_within_a_second_or_two() {
    in_both_worlds(async |world| {
        let elsewhere = loggia::central::Central::connect(&world.stage.url, world.stage.clock.clone()).await.unwrap();
        let replica = Identities::new(&elsewhere, &world.audit, SessionRules::default(), CHEAP, &sealer());
        let watching = loggia::central::remembered::watch(&elsewhere);
        let token = world.token_of("ann").await;
        // long enough for the watcher to know the row it starts from
        tokio::time::sleep(Duration::from_millis(200)).await;
        let ann = replica.identify(&token, CorrelationId::new()).await.unwrap().unwrap();
        world.identities.sign_out(&ann).await.unwrap();
        let mut known = true;
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            known = replica.identify(&token, CorrelationId::new()).await.unwrap().is_some();
            if !known {
                break;
            }
        }
        watching.abort();
        assert!(!known, "the clock stands still, so only the audit can have told it");
    })
    .await;
}

#[tokio::test]
async fn the_twenty_first_attempt_from_one_network_waits() {
    in_both_worlds(async |world| {
        let from = |last: u16| Some(format!("2001:db8::{last:x}").parse().unwrap());
        for n in 0..20 {
            let refused = attempt(&world, &format!("n{n}@example.com"), "guess", from(n)).await.unwrap_err();
            assert!(matches!(refused, SignInError::Wrong));
        }
        let limited = attempt(&world, "ann@example.com", PASSWORD, from(99)).await.unwrap_err();
        assert!(matches!(limited, SignInError::Limited { retry_after } if retry_after == Duration::from_secs(6)));
        let elsewhere = Some("2001:db8:0:1::1".parse().unwrap());
        assert!(attempt(&world, "ann@example.com", PASSWORD, elsewhere).await.is_ok());
        world.stage.clock.advance(TimeDelta::seconds(6));
        assert!(attempt(&world, "ann@example.com", PASSWORD, from(99)).await.is_ok());
    })
    .await;
}

/// The address number `n` of as many networks.
fn everywhere(n: u16) -> Option<IpAddr> {
    Some(IpAddr::from([10, 1, (n / 256) as u8, (n % 256) as u8]))
}

#[tokio::test]
async fn one_account_cannot_be_guessed_at_from_everywhere() {
    in_both_worlds(async |world| {
        for n in 0..100 {
            attempt(&world, "ann@example.com", "guess", everywhere(n)).await.unwrap_err();
        }
        let limited = attempt(&world, "ANN@example.com", PASSWORD, everywhere(999)).await.unwrap_err();
        assert!(matches!(limited, SignInError::Limited { .. }));
        let nobody = attempt(&world, "nobody@example.com", PASSWORD, everywhere(999)).await.unwrap_err();
        assert!(matches!(nobody, SignInError::Wrong));
    })
    .await;
}

#[tokio::test]
async fn whoever_tries_on_an_account_does_not_lock_its_owner_out() {
    in_both_worlds(async |world| {
        fn from(known: Option<&str>) -> Caller<'_> {
            Caller { address: everywhere(500), correlation: CorrelationId::new(), user_agent: None, known }
        }
        let sign_in = async |known: Option<&str>| world.identities.sign_in_from("ann@example.com", PASSWORD, from(known)).await;
        // One network, for an hour.
        for _ in 0..360 {
            attempt(&world, "ann@example.com", "guess", everywhere(0)).await.unwrap_err();
            world.stage.clock.advance(TimeDelta::seconds(10));
        }
        for _ in 0..200 {
            attempt(&world, "ann@example.com", "guess", everywhere(0)).await.unwrap_err();
        }
        let mark = sign_in(None).await.expect("Ann, from a browser she never used").known.expect("a mark");
        // A hundred networks: then strangers wait, and Ann is none where she was signed in before.
        for n in 100..200 {
            attempt(&world, "ann@example.com", "guess", everywhere(n)).await.unwrap_err();
        }
        assert!(matches!(sign_in(None).await, Err(SignInError::Limited { .. })));
        assert!(sign_in(Some(&mark)).await.is_ok());
        for forged in ["", "v1.x.y", &mark[..mark.len() - 2]] {
            assert!(matches!(sign_in(Some(forged)).await, Err(SignInError::Limited { .. })), "{forged}");
        }
        // What she keeps is good for her own account, and there too for so many tries.
        let other = world.identities.sign_in_from("bob@example.com", PASSWORD, from(None)).await.unwrap().known.unwrap();
        assert!(matches!(sign_in(Some(&other)).await, Err(SignInError::Limited { .. })));
        let mut tries = 0;
        let refused = loop {
            match world.identities.sign_in_from("ann@example.com", "guess", from(Some(&mark))).await {
                Err(SignInError::Wrong) => tries += 1,
                refused => break refused.unwrap_err(),
            }
        };
        assert!(matches!(refused, SignInError::Limited { .. }) && tries < 20, "{tries}: {refused}");
    })
    .await;
}

#[tokio::test]
async fn an_unknown_address_takes_as_long_as_a_known_one() {
    let world = Stage::sqlite().peopled(false).await;
    let cost = loggia::identity::Cost { memory_kib: 8_192, passes: 3 };
    let identities = Identities::new(&world.central, &world.audit, SessionRules::default(), cost, world.identities.sealer());
    let (actor, ann) = (console(CorrelationId::new()), address("ann"));
    accounts::set_password(&world.central, &actor, &ann, "kettle fjord".to_owned(), Policy::Real, cost).await.unwrap();
    let middle = async |email: &str| {
        let mut times = Vec::new();
        for _ in 0..9 {
            world.stage.clock.advance(TimeDelta::minutes(1));
            let begun = std::time::Instant::now();
            identities.sign_in(email, "a guess", None, CorrelationId::new(), None).await.unwrap_err();
            times.push(begun.elapsed());
        }
        times.sort();
        times[4]
    };
    let (known, unknown, no_address) = (middle("ann@example.com").await, middle("nobody@example.com").await, middle("x").await);
    for other in [unknown, no_address] {
        assert!(other * 2 > known && other < known * 2, "known {known:?}, other {other:?}");
    }
}

#[tokio::test]
async fn a_password_that_is_tried_first_is_not_taken() {
    in_both_worlds(async |world| {
        let (actor, central) = (console(CorrelationId::new()), &world.central);
        let ann = address("ann");
        let set = |password: &str| accounts::set_password(central, &actor, &ann, password.to_owned(), Policy::Real, CHEAP);
        for common in ["Password2026!", "qwertyuiop", "12345678", "ann@example.com", "P@ssw0rd", "short"] {
            let refused = set(common).await.unwrap_err();
            assert!(matches!(&refused, AccountError::Password(_)), "{common}");
            assert!(!refused.to_string().contains(common), "it is not said again: {refused}");
        }
        set("kettle fjord 91").await.unwrap();
        let new = NewAccount { email: address("carl"), name: None, password: "letmein2026".to_owned(), operator: false };
        let refused = accounts::create(central, &actor, new, Policy::Real, CHEAP).await.unwrap_err();
        assert!(refused.to_string().contains("tried first"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn a_dead_database_is_not_a_signed_out_person() {
    in_both_worlds(async |world| {
        let token = world.token_of("ann").await;
        world.central.close().await;
        assert!(world.identities.identify(&token, CorrelationId::new()).await.unwrap_err().is_outage());
        let refused = attempt(&world, "ann@example.com", PASSWORD, None).await.unwrap_err();
        assert!(matches!(refused, SignInError::Unavailable(error) if error.is_outage()));
    })
    .await;
}

#[tokio::test]
async fn an_account_is_made_once() {
    in_both_worlds(async |world| {
        let (actor, central) = (console(CorrelationId::new()), &world.central);
        let new = |password: &str, operator| NewAccount {
            email: address("ann"),
            name: Some("Ann".to_owned()),
            password: password.to_owned(),
            operator,
        };
        let taken = accounts::create(central, &actor, new("long enough", true), Policy::Real, CHEAP).await;
        assert!(matches!(taken, Err(AccountError::Taken)));
        let kept = accounts::ensure(central, &actor, new("long enough", true), Policy::Real, CHEAP).await.unwrap();
        assert!(!kept.operator, "an account that is there is left as it is");
        assert_eq!(accounts::list(central).await.unwrap().len(), 4);
    })
    .await;
}
