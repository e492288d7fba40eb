//! Operators keep the accounts: found among many, changed by one at a time, closed, removed, and all of it written down.

use chrono::TimeDelta;
use loggia::central::audit::Action;
use loggia::domain::{Role, TenantId};
use loggia::identity::Identity;
use loggia::identity::people::{self, Account, Edit, Only, PeopleError, Search, Sort};
use loggia::identity::system;
use loggia::tenancy::members::{self, Origin};

use crate::world::people::{World, address, in_both_worlds};

async fn account(world: &World, name: &str) -> Account {
    let search = Search { text: address(name).to_string(), size: 10, ..Search::default() };
    let found = people::list(&world.central, &search).await.unwrap();
    found.items.into_iter().next().expect("an account")
}

fn as_it_is(account: &Account) -> Edit {
    Edit { email: account.email.clone(), name: account.name.clone(), operator: account.operator, active: account.active }
}

async fn change(world: &World, by: &Identity, who: &str, edit: impl FnOnce(&mut Edit)) -> Result<Account, PeopleError> {
    let before = account(world, who).await;
    let mut wanted = as_it_is(&before);
    edit(&mut wanted);
    people::update(&world.central, by.actor(), before.id, &wanted, Some(before.updated_at)).await
}

#[tokio::test]
async fn accounts_are_searched_literally_sorted_and_paged() {
    in_both_worlds(async |world| {
        let olga = world.sign_in("olga").await;
        change(&world, &olga, "bob", |edit| edit.name = Some("Anna 100%".to_owned())).await.unwrap();
        let names = async |search: Search| {
            let page = people::list(&world.central, &Search { size: 3, ..search }).await.unwrap();
            let items: Vec<_> = page.items.iter().map(|a| a.email.as_str().split('@').next().unwrap().to_owned()).collect();
            (items.join(" "), page.total)
        };
        let told = |items: &str, total: u64| (items.to_owned(), total);
        assert_eq!(names(Search::default()).await, told("ann bob olga", 4));
        assert_eq!(names(Search { page: 2, ..Search::default() }).await, told("zoe", 4));
        assert_eq!(names(Search { descending: true, ..Search::default() }).await, told("zoe olga bob", 4));
        assert_eq!(names(Search { text: " ANN".to_owned(), ..Search::default() }).await, told("ann bob", 2), "in names too");
        assert_eq!(names(Search { text: "%".to_owned(), ..Search::default() }).await, told("bob", 1), "taken literally");
        let seen = Search { sort: Sort::Seen, descending: true, ..Search::default() };
        assert_eq!(names(seen).await, told("olga ann bob", 4), "never seen comes last");
        let name = Search { sort: Sort::Name, descending: true, ..Search::default() };
        assert_eq!(names(name).await, told("bob ann olga", 4));
        let tenants = Search { sort: Sort::Tenants, descending: true, ..Search::default() };
        assert_eq!(names(tenants).await, told("ann bob olga", 4));
        assert_eq!(names(Search { only: Only::Operators, ..Search::default() }).await, told("olga", 1));
        assert_eq!(names(Search { only: Only::Nowhere, ..Search::default() }).await, told("zoe", 1));
        change(&world, &olga, "zoe", |edit| edit.active = false).await.unwrap();
        assert_eq!(names(Search { only: Only::Inactive, ..Search::default() }).await, told("zoe", 1));

        let acme = world.ask(&world.sign_in("ann").await, "acme").await.unwrap().tenant();
        let of_acme = members::list(&world.tenancy, acme, Search { size: 10, ..Search::default() }).await.unwrap();
        let roles: Vec<_> = of_acme.items.iter().map(|a| (a.email.clone(), a.role)).collect();
        assert_eq!(roles, [(address("ann"), Some(Role::Viewer))]);
    })
    .await;
}

#[tokio::test]
async fn a_change_is_written_down_with_what_it_changed_and_nothing_when_nothing_did() {
    in_both_worlds(async |world| {
        let olga = world.sign_in("olga").await;
        let before = world.audited(Action::UpdateUser).await.len();
        change(&world, &olga, "zoe", |_| {}).await.unwrap();
        assert_eq!(world.audited(Action::UpdateUser).await.len(), before);
        world.stage.clock.advance(TimeDelta::seconds(1));
        let after = change(&world, &olga, "zoe", |edit| {
            edit.email = address("zora");
            edit.operator = true;
        });
        let after = after.await.unwrap();
        assert_eq!((after.email, after.operator), (address("zora"), true));
        let rows = world.audited(Action::UpdateUser).await;
        let last = rows.last().unwrap();
        assert_eq!((last.actor.as_str(), last.target.as_deref()), ("olga@example.com", Some("zoe@example.com")));
        assert_eq!(last.detail, r#"{"changed":["email","operator"],"email":"zora@example.com","operator":true}"#);
    })
    .await;
}

#[tokio::test]
async fn two_who_edit_one_account_do_not_overwrite_each_other_unseen() {
    in_both_worlds(async |world| {
        let olga = world.sign_in("olga").await;
        let drawn = account(&world, "zoe").await;
        world.stage.clock.advance(TimeDelta::seconds(1));
        change(&world, &olga, "zoe", |edit| edit.name = Some("Zoe Adams".to_owned())).await.unwrap();
        let mine = Edit { name: Some("Zoe Barnes".to_owned()), ..as_it_is(&drawn) };
        let refused = people::update(&world.central, olga.actor(), drawn.id, &mine, Some(drawn.updated_at)).await.unwrap_err();
        let PeopleError::Stale(now) = refused else { panic!("{refused}") };
        assert_eq!(now.name.as_deref(), Some("Zoe Adams"));
        let removed = people::remove(&world.central, olga.actor(), drawn.id, Some(drawn.updated_at)).await;
        assert!(matches!(removed, Err(PeopleError::Stale(_))));
        // having seen both, they decide
        let saved = people::update(&world.central, olga.actor(), drawn.id, &mine, Some(now.updated_at)).await.unwrap();
        assert_eq!(saved.name.as_deref(), Some("Zoe Barnes"));
    })
    .await;
}

#[tokio::test]
async fn there_is_always_somebody_left_who_runs_the_installation() {
    in_both_worlds(async |world| {
        let olga = world.sign_in("olga").await;
        for edit in [|edit: &mut Edit| edit.operator = false, |edit: &mut Edit| edit.active = false] {
            let refused = change(&world, &olga, "olga", edit).await.unwrap_err();
            assert!(matches!(refused, PeopleError::Yourself), "{refused}");
        }
        let own = people::remove(&world.central, olga.actor(), olga.user(), None).await;
        assert!(matches!(own, Err(PeopleError::Yourself)));
        // somebody at the console is no user, and still may not lock everybody out
        let before = account(&world, "olga").await;
        let demoted = Edit { operator: false, ..as_it_is(&before) };
        let refused = people::update(&world.central, &system(), before.id, &demoted, None).await.unwrap_err();
        assert!(matches!(refused, PeopleError::LastOperator), "{refused}");
        assert!(matches!(people::remove(&world.central, &system(), before.id, None).await, Err(PeopleError::LastOperator)));
        change(&world, &olga, "bob", |edit| edit.operator = true).await.unwrap();
        people::update(&world.central, &system(), before.id, &demoted, None).await.unwrap();
        assert!(!world.who(&world.token_of("olga").await).await.unwrap().is_operator());
    })
    .await;
}

#[tokio::test]
async fn who_is_closed_or_removed_is_out_at_once_and_what_they_did_stays() {
    in_both_worlds(async |world| {
        let (olga, token) = (world.sign_in("olga").await, world.token_of("ann").await);
        assert!(world.who(&token).await.is_some());
        change(&world, &olga, "ann", |edit| edit.active = false).await.unwrap();
        assert!(world.who(&token).await.is_none());
        let ann = account(&world, "ann").await;
        people::remove(&world.central, olga.actor(), ann.id, Some(ann.updated_at)).await.unwrap();
        assert_eq!(people::find(&world.central, ann.id).await.unwrap(), None);
        assert!(matches!(people::remove(&world.central, olga.actor(), ann.id, None).await, Err(PeopleError::Unknown)));
        let row = world.audited(Action::DeleteUser).await.pop().unwrap();
        assert_eq!((row.target.as_deref(), row.detail.as_str()), (Some("ann@example.com"), r#"{"operator":false,"tenants":1}"#));
        let signed_in = world.audited(Action::SignIn).await;
        assert!(signed_in.iter().any(|row| row.actor == "ann@example.com"));
    })
    .await;
}

#[tokio::test]
async fn an_address_is_one_account() {
    in_both_worlds(async |world| {
        let olga = world.sign_in("olga").await;
        let refused = change(&world, &olga, "zoe", |edit| edit.email = address("ann")).await.unwrap_err();
        assert!(matches!(refused, PeopleError::Taken), "{refused}");
        assert_eq!(account(&world, "zoe").await.email, address("zoe"));
    })
    .await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_only_their_owners() {
    in_both_worlds(async |world| {
        let olga = world.sign_in("olga").await;
        let (first, second) = (world.token_of("ann").await, world.token_of("ann").await);
        let (ann, bob) = (account(&world, "ann").await, account(&world, "bob").await);
        let open = world.identities.sessions_of(ann.id).await.unwrap();
        assert_eq!(open.len(), 2);
        assert_eq!(open[0].user_agent.as_deref(), Some("a test"));
        let id = world.who(&first).await.unwrap().session().expect("a session").to_string();
        world.identities.revoke(olga.actor(), bob.id, &id).await.unwrap();
        assert!(world.who(&first).await.is_some(), "it is not Bob's");
        world.identities.revoke(olga.actor(), ann.id, &id).await.unwrap();
        assert!(world.who(&first).await.is_none());
        assert!(world.who(&second).await.is_some());
        world.stage.clock.advance(TimeDelta::hours(12));
        assert_eq!(world.identities.sessions_of(ann.id).await.unwrap(), [], "what has ended is not listed");
    })
    .await;
}

#[tokio::test]
async fn memberships_are_given_and_taken_by_user_and_listed_with_their_origin() {
    in_both_worlds(async |world| {
        let olga = world.sign_in("olga").await;
        let zoe = account(&world, "zoe").await;
        let id = async |name| world.tenancy.record(name).await.expect("a tenant").tenant.id;
        let (acme, globex) = (id("acme").await, id("globex").await);
        members::grant(&world.tenancy, olga.actor(), zoe.id, globex, Role::Viewer).await.unwrap();
        members::grant(&world.tenancy, olga.actor(), zoe.id, acme, Role::Admin).await.unwrap();
        members::grant(&world.tenancy, olga.actor(), zoe.id, acme, Role::Admin).await.unwrap();
        let held = members::memberships(&world.tenancy, zoe.id).await.unwrap();
        let shown: Vec<_> = held.iter().map(|m| (m.slug.as_str(), m.role, m.origin)).collect();
        assert_eq!(shown, [("acme", Role::Admin, Origin::Manual), ("globex", Role::Viewer, Origin::Manual)]);
        members::withdraw(&world.tenancy, olga.actor(), zoe.id, acme).await.unwrap();
        assert!(members::withdraw(&world.tenancy, olga.actor(), zoe.id, acme).await.is_err());
        assert!(members::grant(&world.tenancy, olga.actor(), zoe.id, TenantId::new(), Role::Viewer).await.is_err());
        assert_eq!(members::memberships(&world.tenancy, zoe.id).await.unwrap().len(), 1);
        let mine = world.audited(Action::AssignTenant).await.into_iter().filter(|row| row.actor == "olga@example.com");
        assert_eq!(mine.count(), 2, "the same again is not written down");
    })
    .await;
}
