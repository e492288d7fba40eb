//! Everybody opens their own tenants and learns nothing of the others.

use chrono::TimeDelta;
use loggia::central::Error;
use loggia::central::audit::Action;
use loggia::domain::{Key, Role};
use loggia::identity::system;
use loggia::tenancy::{
    DatastoreDeclaration, Denied, Env, How, Kind, Operator, SecretReference, Status, TenantAdmin, members, preferences,
};

use crate::world::people::{World, address, folder, in_both_worlds, on_both, slug};

#[tokio::test]
async fn a_member_opens_their_tenant_and_its_data() {
    in_both_worlds(async |world| {
        let ann = world.sign_in("ann").await;
        let scope = world.ask(&ann, "acme").await.unwrap();
        assert_eq!((scope.slug().as_str(), scope.name(), scope.role()), ("acme", "The acme company", Role::Viewer));
        let target = scope.datastore().unwrap().target().url.clone();
        assert!(target.ends_with("/acme.db"), "{target}");
        let by_id = world.ask(&ann, &scope.tenant().to_string()).await.unwrap();
        assert_eq!(by_id.slug().as_str(), "acme");
        assert!(TenantAdmin::prove(&scope).is_none());
        let bob = world.sign_in("bob").await;
        let scope = world.ask(&bob, "globex").await.unwrap();
        assert!(TenantAdmin::prove(&scope).is_some());
        assert!(Operator::prove(&bob).is_none());
    })
    .await;
}

#[tokio::test]
async fn a_strange_tenant_and_an_unknown_one_are_the_same() {
    in_both_worlds(async |world| {
        let ann = world.sign_in("ann").await;
        let globex = world.tenancy.every(None).await.unwrap()[1].id.to_string();
        let mut shapes = Vec::new();
        for asked in ["globex", "unknown", globex.as_str(), "00000000-0000-0000-0000-000000000000", "A/../b", "x\0y", ""] {
            assert!(matches!(world.ask(&ann, asked).await, Err(Denied::NotYours)), "{asked}");
            let row = world.audited(Action::Denied).await.pop().unwrap();
            assert_eq!(row.target.as_deref(), Some(asked.replace('\0', "").as_str()));
            shapes.push((row.actor, row.tenant, row.detail));
        }
        shapes.dedup();
        assert_eq!(shapes, [("ann@example.com".to_owned(), None, "{}".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn a_membership_counts_from_the_moment_it_is_given_to_the_moment_it_is_taken() {
    in_both_worlds(async |world| {
        let ann = world.sign_in("ann").await;
        assert!(world.ask(&ann, "globex").await.is_err());
        members::assign(&world.tenancy, &system(), &slug("globex"), &address("ann"), Role::Admin).await.unwrap();
        let globex = world.ask(&ann, "globex").await.unwrap();
        assert_eq!(globex.role(), Role::Admin);
        assert_eq!(members::of(&world.tenancy, globex.tenant()).await.unwrap().len(), 2);
        members::remove(&world.tenancy, &system(), &slug("globex"), &address("ann")).await.unwrap();
        assert!(world.ask(&ann, "globex").await.is_err());
        assert!(world.ask(&ann, "acme").await.is_ok());
        let gone = members::remove(&world.tenancy, &system(), &slug("globex"), &address("ann")).await.unwrap_err();
        assert!(matches!(gone, Error::NotFound(_)));
    })
    .await;
}

#[tokio::test]
async fn a_suspended_tenant_is_named_to_its_members_alone() {
    in_both_worlds(async |world| {
        let (ann, bob) = (world.sign_in("ann").await, world.sign_in("bob").await);
        assert!(world.ask(&ann, "acme").await.is_ok());
        world.tenancy.set_status(&system(), &slug("acme"), Status::Suspended).await.unwrap();
        let denied = world.ask(&ann, "acme").await.unwrap_err();
        assert!(matches!(denied, Denied::Suspended { name } if name == "The acme company"));
        assert!(matches!(world.ask(&bob, "acme").await, Err(Denied::NotYours)));
        assert_eq!(world.tenancy.mine(&ann, None, 1).await.unwrap().total, 0);
        world.tenancy.set_status(&system(), &slug("acme"), Status::Active).await.unwrap();
        assert!(world.ask(&ann, "acme").await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn operators_read_every_tenant_only_where_the_house_says_so() {
    on_both(async |stage| {
        let world = stage.peopled(true).await;
        let olga = world.sign_in("olga").await;
        assert!(Operator::prove(&olga).is_some());
        for _ in 0..3 {
            assert_eq!(world.ask(&olga, "acme").await.unwrap().role(), Role::Operator);
            assert_eq!(world.ask(&olga, "globex").await.unwrap().role(), Role::Operator);
        }
        let seen = world.audited(Action::OperatorAccess).await;
        assert_eq!(seen.len(), 2, "the first read per session and tenant");
        assert!(seen.iter().all(|row| row.tenant.is_some()));
        assert_eq!(world.tenancy.mine(&olga, None, 1).await.unwrap().total, 2);
        assert!(matches!(world.ask(&olga, "unknown").await, Err(Denied::NotYours)));
    })
    .await;
    in_both_worlds(async |world: World| {
        let olga = world.sign_in("olga").await;
        assert!(matches!(world.ask(&olga, "acme").await, Err(Denied::NotYours)));
        assert_eq!(world.tenancy.mine(&olga, None, 1).await.unwrap().total, 0);
    })
    .await;
}

#[tokio::test]
async fn the_list_of_mine_is_searched_literally() {
    in_both_worlds(async |world| {
        members::assign(&world.tenancy, &system(), &slug("globex"), &address("ann"), Role::Admin).await.unwrap();
        let ann = world.sign_in("ann").await;
        let found = async |text| {
            let page = world.tenancy.mine(&ann, text, 1).await.unwrap();
            page.items.into_iter().map(|card| card.slug.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found(None).await, ["acme", "globex"]);
        assert_eq!(found(Some("GLOB")).await, ["globex"]);
        assert_eq!(found(Some("%")).await, Vec::<String>::new());
        assert_eq!(found(Some("_cme")).await, Vec::<String>::new());
        assert_eq!(world.tenancy.mine(&ann, None, 2).await.unwrap().items, []);
    })
    .await;
}

#[tokio::test]
async fn saying_the_same_again_changes_nothing() {
    in_both_worlds(async |world| {
        let folders = [folder("acme"), folder("globex")];
        let before = world.audited(Action::UpdateTenant).await.len();
        assert_eq!(world.tenancy.declare(&system(), &folders).await.unwrap(), []);
        assert_eq!(world.audited(Action::UpdateTenant).await.len(), before);

        let mut folders = folders.to_vec();
        folders[0].name = Some("Acme Corp".to_owned());
        folders[0].zone = Some(chrono_tz::America::New_York);
        let planned = world.tenancy.plan(&folders, How::default()).await.unwrap();
        let words: Vec<_> = planned.iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            ["acme: name “The acme company” → “Acme Corp”; zone none → America/New_York; other fields are set by its file"]
        );
        assert_eq!(world.tenancy.declare(&system(), &folders).await.unwrap(), planned);
        assert_eq!(world.tenancy.declare(&system(), &folders).await.unwrap(), []);
        let ann = world.sign_in("ann").await;
        let scope = world.ask(&ann, "acme").await.unwrap();
        assert_eq!((scope.name(), scope.zone()), ("Acme Corp", chrono_tz::America::New_York));
    })
    .await;
}

#[tokio::test]
async fn a_vanished_folder_closes_its_tenant_until_it_returns() {
    in_both_worlds(async |world| {
        let ann = world.sign_in("ann").await;
        let gone = world.tenancy.declare(&system(), &[folder("globex")]).await.unwrap();
        assert_eq!(gone[0].to_string(), "acme: missing, its folder is gone");
        assert!(matches!(world.ask(&ann, "acme").await, Err(Denied::Suspended { .. })));
        assert_eq!(world.tenancy.declare(&system(), &[folder("globex")]).await.unwrap(), []);
        let back = world.tenancy.declare(&system(), &[folder("acme"), folder("globex")]).await.unwrap();
        assert_eq!(back[0].to_string(), "acme: its folder is back");
        assert!(world.ask(&ann, "acme").await.is_ok(), "with its members as they were");

        let pruned = How { prune: true, restore: false };
        let gone = world.tenancy.apply(&system(), &[folder("globex")], pruned).await.unwrap();
        assert_eq!(gone[0].to_string(), "acme: removed, its folder is gone");
        assert!(matches!(world.ask(&ann, "acme").await, Err(Denied::NotYours)));
    })
    .await;
}

#[tokio::test]
async fn a_tenant_deleted_by_hand_stays_deleted_until_it_is_restored() {
    in_both_worlds(async |world| {
        let folders = [folder("acme"), folder("globex")];
        world.tenancy.delete(&system(), &slug("acme")).await.unwrap();
        assert_eq!(world.tenancy.declare(&system(), &folders).await.unwrap(), []);
        let restore = How { prune: false, restore: true };
        assert!(!world.tenancy.apply(&system(), &folders, restore).await.unwrap().is_empty());
        assert_eq!(world.tenancy.every(None).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_tenant_has_one_primary_in_an_environment() {
    in_both_worlds(async |world| {
        let store = |name: &str, env, primary| DatastoreDeclaration {
            env,
            primary,
            ..DatastoreDeclaration::primary(Kind::Sqlite, SecretReference::Plain(format!("sqlite:{name}.db")))
        };
        let mut acme = folder("acme");
        acme.datastores = vec![store("a", None, true), store("b", None, true)];
        let refused = world.tenancy.declare(&system(), &[acme.clone(), folder("globex")]).await.unwrap_err();
        assert!(matches!(refused, Error::Conflict { field: "primary" }), "{refused}");

        let ann = world.sign_in("ann").await;
        let opened = async || {
            let scope = world.ask(&ann, "acme").await.unwrap();
            let url = scope.datastore().map(|store| store.target().url.clone()).unwrap_or_default();
            url.rsplit('/').next().unwrap_or_default().to_owned()
        };
        assert_eq!(opened().await, "acme.db", "the refused file changed nothing");
        acme.datastores = vec![store("a", None, true), store("p", Some(Env::Prod), true), store("d", Some(Env::Dev), true)];
        world.tenancy.declare(&system(), &[acme.clone(), folder("globex")]).await.unwrap();
        assert_eq!(opened().await, "p.db", "the one made for this environment");
        acme.datastores = vec![store("a", None, false), store("b", None, true)];
        world.tenancy.declare(&system(), &[acme.clone(), folder("globex")]).await.unwrap();
        assert_eq!(opened().await, "b.db", "what the file no longer names is not read");
        acme.datastores.swap(0, 1);
        world.tenancy.declare(&system(), &[acme.clone(), folder("globex")]).await.unwrap();
        assert_eq!(world.tenancy.declare(&system(), &[acme, folder("globex")]).await.unwrap(), []);
        assert_eq!(opened().await, "b.db");
    })
    .await;
}

#[tokio::test]
async fn a_missing_secret_closes_the_data_and_nothing_else() {
    in_both_worlds(async |world| {
        let mut acme = folder("acme");
        let reference = SecretReference::Env { env: "LOGGIA_TEST_NOT_SET_ANYWHERE".to_owned() };
        acme.datastores = vec![DatastoreDeclaration::primary(Kind::Postgres, reference)];
        world.tenancy.declare(&system(), &[acme, folder("globex")]).await.unwrap();
        let ann = world.sign_in("ann").await;
        let scope = world.ask(&ann, "acme").await.unwrap();
        assert!(scope.datastore().is_none());
        assert!(scope.datastore_fault().unwrap().contains("LOGGIA_TEST_NOT_SET_ANYWHERE"));
        let file = world.stage.folder().join("secret");
        std::fs::write(&file, "postgres://acme:hunter2@db.example/acme\n").unwrap();
        let mut acme = folder("acme");
        acme.datastores = vec![DatastoreDeclaration::primary(Kind::Postgres, SecretReference::File { file })];
        world.tenancy.declare(&system(), &[acme, folder("globex")]).await.unwrap();
        let scope = world.ask(&ann, "acme").await.unwrap();
        assert_eq!(scope.datastore().unwrap().target().url, "postgres://acme:hunter2@db.example/acme");
        assert!(!format!("{scope:?}").contains("hunter2"));
    })
    .await;
}

#[tokio::test]
async fn what_somebody_sets_is_theirs_in_this_tenant_and_on_this_dashboard() {
    in_both_worlds(async |world| {
        for tenant in ["acme", "globex"] {
            members::assign(&world.tenancy, &system(), &slug(tenant), &address("bob"), Role::Viewer).await.unwrap();
        }
        let (ann, bob) = (world.sign_in("ann").await, world.sign_in("bob").await);
        let acme = world.ask(&ann, "acme").await.unwrap();
        let key = |name: &str| name.parse::<Key>().unwrap();
        preferences::save(&world.tenancy, &acme, &key("default"), serde_json::json!({"region": "eu"})).await.unwrap();
        preferences::save(&world.tenancy, &acme, &key("sales"), serde_json::json!({"region": "us"})).await.unwrap();
        let kept = preferences::load(&world.tenancy, &acme).await.unwrap();
        assert_eq!(kept["default"]["region"], "eu");
        assert_eq!(kept["sales"]["region"], "us");
        for other in [world.ask(&bob, "acme").await.unwrap(), world.ask(&bob, "globex").await.unwrap()] {
            assert!(preferences::load(&world.tenancy, &other).await.unwrap().is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn the_selected_tenant_stays_with_the_session_and_views_are_noted_once() {
    in_both_worlds(async |world| {
        let token = world.token_of("ann").await;
        let ann = world.who(&token).await.unwrap();
        assert_eq!(ann.selected(), None);
        let acme = world.ask(&ann, "acme").await.unwrap();
        world.tenancy.select(&acme).await.unwrap();
        assert_eq!(world.who(&token).await.unwrap().selected(), Some(acme.tenant()));
        let dashboard = "default".parse::<Key>().unwrap();
        world.tenancy.viewed(&acme, &dashboard);
        world.tenancy.viewed(&acme, &dashboard);
        assert_eq!(world.audited(Action::ViewDashboard).await.len(), 1);
        world.stage.clock.advance(TimeDelta::minutes(5));
        world.tenancy.viewed(&acme, &dashboard);
        assert_eq!(world.audited(Action::ViewDashboard).await.len(), 2);
    })
    .await;
}
