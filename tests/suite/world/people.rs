//! Two tenants and four people in a central database of their own, on each kind of database.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use loggia::central::audit::{Action, Queue, Row, Search, list};
use loggia::central::{Central, migrate};
use loggia::domain::{Clock, CorrelationId, Email, Role, Slug};
use loggia::identity::accounts::{NewAccount, create};
use loggia::identity::password::{Cost, Policy};
use loggia::identity::{Identities, Identity, Sealer, SessionRules, system};
use loggia::tenancy::{
    DatastoreDeclaration, Env, House, Kind, SecretReference, Tenancy, TenantDeclaration, TenantScope, members,
};

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use super::postgres;

/// The password of everybody here.
pub const PASSWORD: &str = "open sesame";
/// What secrets are sealed with here.
pub const KEY: &str = "a key of the stage";
/// Hashing that takes no time.
pub const CHEAP: Cost = Cost { memory_kib: 64, passes: 1 };

/// An empty central database, and what keeps it alive.
pub struct Stage {
    /// Its address.
    pub url: String,
    /// What tests hold still.
    pub clock: Clock,
    scratch: Option<postgres::Scratch>,
    folder: tempfile::TempDir,
}

/// The stage once it is peopled: `acme` and `globex`; Ann views `acme`, Bob runs `globex`, Olga is the operator, Zoe is in none.
pub struct World {
    /// The central database.
    pub central: Central,
    /// The queue of its audit.
    pub audit: Queue,
    /// Who signs in.
    pub identities: Identities,
    /// Who may open what.
    pub tenancy: Tenancy,
    /// What all of it stands on.
    pub stage: Stage,
}

/// Runs a story on an empty SQLite database, then on an empty PostgreSQL database.
pub async fn on_both(story: impl AsyncFn(Stage)) {
    println!("on SQLite");
    story(Stage::sqlite()).await;
    println!("on PostgreSQL");
    story(Stage::postgres().await).await;
}

/// Runs a story in the peopled world, on both kinds.
pub async fn in_both_worlds(story: impl AsyncFn(World)) {
    on_both(async |stage| story(stage.peopled(false).await).await).await;
}

impl Stage {
    /// An empty SQLite database.
    pub fn sqlite() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("deep/central.db").display());
        Stage { url, clock: noon(), scratch: None, folder }
    }

    /// An empty PostgreSQL database.
    pub async fn postgres() -> Stage {
        let scratch = postgres::database().await;
        Stage { url: scratch.url.clone(), clock: noon(), scratch: Some(scratch), folder: tempfile::tempdir().unwrap() }
    }

    /// Whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.scratch.is_some()
    }

    /// A folder of this stage's own.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The database, brought to the current version.
    pub async fn central(&self) -> Central {
        migrate::run(&self.url).await.unwrap();
        Central::connect(&self.url, self.clock.clone()).await.unwrap()
    }

    /// The same database through another role's address.
    pub fn as_seen_by(&self, url: &str) -> Prompt {
        Prompt { url: url.to_owned(), postgres: self.is_postgres() }
    }

    /// Runs SQL past the program, as somebody at the database's own prompt would.
    ///
    /// # Errors
    /// What the database says.
    pub async fn at_the_prompt(&self, sql: &str) -> Result<(), String> {
        self.as_seen_by(&self.url).at_the_prompt(sql).await
    }

    /// Tenants and people moved in.
    pub async fn peopled(self, operators_read: bool) -> World {
        let central = self.central().await;
        let audit = Queue::start(&central);
        let identities = Identities::new(&central, &audit, SessionRules::default(), CHEAP, &sealer());
        let house = House { env: Env::Prod, operators_read, data: self.folder(), sealer: sealer() };
        let tenancy = Tenancy::new(&central, &audit, house);
        tenancy.declare(&system(), &[folder("acme"), folder("globex")]).await.unwrap();
        for (name, operator) in [("ann", false), ("bob", false), ("olga", true), ("zoe", false)] {
            let email = address(name);
            let new = NewAccount { email, name: None, password: PASSWORD.to_owned(), operator };
            create(&central, &system(), new, Policy::Real, CHEAP).await.unwrap();
        }
        members::assign(&tenancy, &system(), &slug("acme"), &address("ann"), Role::Viewer).await.unwrap();
        members::assign(&tenancy, &system(), &slug("globex"), &address("bob"), Role::Admin).await.unwrap();
        World { central, audit, identities, tenancy, stage: self }
    }
}

/// A way to the database past the program.
pub struct Prompt {
    url: String,
    postgres: bool,
}

impl Prompt {
    /// Runs SQL, several statements at once.
    ///
    /// # Errors
    /// What the database says.
    pub async fn at_the_prompt(&self, sql: &str) -> Result<(), String> {
        let sql = AssertSqlSafe(sql.to_owned());
        let done = if self.postgres {
            let mut db = PgConnection::connect(&self.url).await.map_err(|e| e.to_string())?;
            sqlx::raw_sql(sql).execute(&mut db).await.map(drop)
        } else {
            let mut db = SqliteConnection::connect(&self.url).await.map_err(|e| e.to_string())?;
            sqlx::raw_sql(sql).execute(&mut db).await.map(drop)
        };
        done.map_err(|e| e.to_string())
    }
}

impl World {
    /// Signs somebody in and gives their token.
    pub async fn token_of(&self, name: &str) -> String {
        let email = address(name);
        let signed = self.identities.sign_in(email.as_str(), PASSWORD, None, CorrelationId::new(), Some("a test")).await;
        signed.unwrap().token.as_str().to_owned()
    }

    /// Signs somebody in.
    pub async fn sign_in(&self, name: &str) -> Identity {
        let token = self.token_of(name).await;
        self.who(&token).await.expect("somebody who just signed in is known")
    }

    /// Whose token this is.
    pub async fn who(&self, token: &str) -> Option<Identity> {
        self.identities.identify(token, CorrelationId::new()).await.unwrap()
    }

    /// Asks for a tenant.
    pub async fn ask(&self, who: &Identity, tenant: &str) -> Result<TenantScope, loggia::tenancy::Denied> {
        TenantScope::authorize(&self.tenancy, who, tenant, CorrelationId::new()).await
    }

    /// What stands in the audit under this action, oldest first.
    pub async fn audited(&self, action: Action) -> Vec<Row> {
        self.audit.flush().await.unwrap();
        let search = Search { action: Some(action), ..Search::default() };
        let mut rows = list(&self.central, &search, 1_000).await.unwrap();
        rows.reverse();
        rows
    }
}

/// A tenant's folder with one SQLite file as its data.
pub fn folder(name: &str) -> TenantDeclaration {
    TenantDeclaration {
        name: Some(format!("The {name} company")),
        datastores: vec![DatastoreDeclaration::primary(Kind::Sqlite, SecretReference::Plain(format!("sqlite:{name}.db")))],
        ..TenantDeclaration::bare(slug(name))
    }
}

/// Somebody's address.
pub fn address(name: &str) -> Email {
    format!("{name}@example.com").parse().unwrap()
}

/// A slug.
pub fn slug(name: &str) -> Slug {
    name.parse().unwrap()
}

/// What seals secrets here.
pub fn sealer() -> Sealer {
    Sealer::new(KEY, None).unwrap()
}

fn noon() -> Clock {
    Clock::held(DateTime::<Utc>::from_timestamp(1_800_000_000, 123_456_000).unwrap())
}
