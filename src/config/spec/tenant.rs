//! `tenant.yaml`.

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Deserialize;

use super::words::{Bounded, Colour, Period, SecretSpec, Title, Word};
use crate::domain::Key;

/// The file `tenants/{slug}/tenant.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Loggia tenant")]
pub struct TenantDocument {
    /// The tenant.
    pub tenant: TenantSpec,
}

/// What the file says of the tenant; what it does not say is kept in the central database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantSpec {
    /// Its name, as people write it.
    pub name: Option<Word<Title>>,
    /// Its time zone, like America/New_York.
    pub timezone: Option<Word<Tz>>,
    /// How its pages look.
    pub branding: Option<BrandSpec>,
    /// Its one datastore.
    pub datastore: Option<DatastoreSpec>,
    /// Its datastores, in place of `datastore`: one primary an environment.
    pub datastores: Option<Vec<DatastoreSpec>>,
    /// The dashboards it uses of _shared/dashboards.
    pub dashboards: Option<Vec<Word<Key>>>,
    /// The apps it uses of _shared/apps.
    pub apps: Option<Vec<Word<Key>>>,
}

/// How the tenant's pages look.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandSpec {
    /// The accent colour, like #3B82F6.
    pub accent: Option<Word<Colour>>,
    /// A picture file in the tenant's folder.
    pub logo: Option<String>,
}

/// Where the tenant's data lives.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatastoreSpec {
    /// Which environment it serves; without it, every one.
    pub env: Option<Environment>,
    /// Whether dashboards read from it, where an environment has several.
    pub primary: Option<bool>,
    /// What kind of database it is; databricks is read and checked, but this version does not open it.
    pub kind: StoreKind,
    /// Its address: { env: NAME }, { file: PATH }, or plain text where there is no secret in it.
    pub url: SecretSpec,
    /// Its catalog, which tokens carry as `uc_catalog`.
    pub catalog: Option<Word<Title>>,
    /// Its workspace (`uc_workspace`), kind databricks only.
    pub workspace: Option<Word<Title>>,
    /// The schema its tables are in, kind postgres only; without it the role's own search path.
    pub schema: Option<Word<Title>>,
    /// How long a statement may run: seconds, or a time like 500ms or 5s; 5s unless said.
    pub statement_timeout: Option<Period<100, 600_000>>,
    /// How many connections are kept at most; 4 unless said.
    pub max_connections: Option<Bounded<1, 100>>,
}

/// The environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[allow(missing_docs)]
pub enum Environment {
    Dev,
    Stage,
    Prod,
}

impl Environment {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Environment::Dev => "dev",
            Environment::Stage => "stage",
            Environment::Prod => "prod",
        }
    }
}

/// The kinds of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[allow(missing_docs)]
pub enum StoreKind {
    Sqlite,
    Postgres,
    Databricks,
}

impl StoreKind {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            StoreKind::Sqlite => "sqlite",
            StoreKind::Postgres => "postgres",
            StoreKind::Databricks => "databricks",
        }
    }
}
