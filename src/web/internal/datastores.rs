use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::{Example, MaybeUndefined};
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use uuid::Uuid;

use super::address::Address;
use super::tenants::Gone;
use super::{Administration, Group, TenantReading, said};
use crate::error::{Error, Result};
use crate::tenancy::datastores::DatastoreView;
use crate::tenancy::{AddressView, DatastoreDraft, SecretReference};
use crate::web::openapi::{Body, By};
use crate::web::{Parts, limits};

pub struct Datastores;

/// How a datastore's address is kept.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "lowercase")]
enum Secret {
    /// There is no secret in it.
    None,
    /// Encrypted; it never comes back out.
    Sealed,
    /// In the environment variable that `url` names.
    Env,
    /// In the file that `url` names.
    File,
}

/// A datastore. Secrets are never in it.
#[derive(Debug, Object)]
#[oai(example = true)]
struct Datastore {
    /// Its id.
    id: Uuid,
    /// `dev`, `stage`, `prod`, or `any` for every environment.
    env: String,
    /// `sqlite`, `postgres` or `databricks`.
    kind: String,
    /// Its address, or where that is kept; null where it is kept encrypted.
    url: Option<Address>,
    /// How its address is kept.
    secret: Secret,
    /// Its server.
    host: Option<String>,
    /// The server's port.
    port: Option<u16>,
    /// The database on that server.
    database: Option<String>,
    /// The role it is read as.
    user: Option<String>,
    /// The schema its tables are in.
    schema: Option<String>,
    /// Its catalog, which tokens carry.
    uc_catalog: Option<String>,
    /// Its workspace.
    uc_workspace: Option<String>,
    /// Whether it is the one that dashboards read in its environment.
    is_primary: bool,
    /// How long a statement may run, in milliseconds.
    statement_timeout_ms: Option<u64>,
    /// How many connections are kept at most.
    max_connections: Option<u32>,
    /// Since when it is known.
    created_at: DateTime<Utc>,
    /// When it was changed last.
    updated_at: DateTime<Utc>,
}

impl Datastore {
    fn of(view: DatastoreView) -> Datastore {
        let DatastoreView { record, address, user } = view;
        let store = record.store;
        let secret = match address {
            AddressView::None | AddressView::Plain(_) => Secret::None,
            AddressView::Sealed => Secret::Sealed,
            AddressView::Env(_) => Secret::Env,
            AddressView::File(_) => Secret::File,
        };
        Datastore {
            id: store.id,
            env: store.env,
            kind: store.kind,
            url: Address::told(address),
            secret,
            port: store.host.is_some().then_some(store.port),
            host: store.host,
            database: store.database,
            user,
            schema: store.schema,
            uc_catalog: store.catalog,
            uc_workspace: store.workspace,
            is_primary: store.primary,
            statement_timeout_ms: store.options.statement_timeout_ms,
            max_connections: store.options.max_connections,
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

impl Example for Datastore {
    fn example() -> Datastore {
        let at = DateTime::from_timestamp(1_795_600_000, 0).unwrap_or_default();
        Datastore {
            id: Uuid::from_u128(0x0191_f2b4_6c1e_7d2a_9f60_1c2f_5a7e_8b91),
            env: "prod".to_owned(),
            kind: "postgres".to_owned(),
            url: Some(Address(SecretReference::Env { env: "ACME_DATABASE_URL".to_owned() })),
            secret: Secret::Env,
            host: None,
            port: None,
            database: None,
            user: None,
            schema: Some("public".to_owned()),
            uc_catalog: Some("kyros_acme_prod".to_owned()),
            uc_workspace: None,
            is_primary: true,
            statement_timeout_ms: Some(5000),
            max_connections: None,
            created_at: at,
            updated_at: at,
        }
    }
}

/// A tenant's datastores.
#[derive(Debug, Object)]
#[oai(example = true)]
struct DatastoreList {
    /// In the order they were made.
    datastores: Vec<Datastore>,
}

impl Example for DatastoreList {
    fn example() -> DatastoreList {
        DatastoreList { datastores: vec![Datastore::example()] }
    }
}

/// What is said of a datastore. Of a new one: what is not sent has the product's default. Of one that is there: what is not
/// sent stays, and an empty text takes away.
#[derive(Debug, Default, Object)]
#[oai(example = true)]
struct WriteDatastore {
    /// `dev`, `stage`, `prod`, or `any` for every environment, which is the default.
    env: Option<String>,
    /// `sqlite`, `postgres` or `databricks`; follows from the address where it is not said.
    kind: Option<String>,
    /// Its address: a text, or where the text is kept. A text with a password in it is encrypted before it is stored.
    url: Option<Address>,
    /// In place of `url`: the server, a name or an address without port.
    host: Option<String>,
    /// The server's port; 5432 unless said.
    port: Option<u32>,
    /// The database on that server.
    database: Option<String>,
    /// The role to read as.
    user: Option<String>,
    /// Its password, encrypted before it is stored. It is asked for again when host, port or user change.
    password: Option<String>,
    /// The schema its tables are in, kind postgres: `^[A-Za-z_][A-Za-z0-9_]*$`.
    schema: Option<String>,
    /// Its catalog, which tokens carry: `^[A-Za-z_][A-Za-z0-9_]*$`. A hyphen, though Unity Catalog allows it, is refused.
    uc_catalog: Option<String>,
    /// Its workspace, kind databricks: the name of a host, like `adb-123.azuredatabricks.net`.
    uc_workspace: Option<String>,
    /// Whether dashboards read it in its environment. The first of an environment is, unless said otherwise.
    is_primary: Option<bool>,
    /// How long a statement may run, in milliseconds: 100 to 600000; null: as long as the product's default.
    statement_timeout_ms: MaybeUndefined<u64>,
    /// How many connections are kept at most: 1 to 100; null: the product's default.
    max_connections: MaybeUndefined<u32>,
    /// `updated_at` as it was read: refused with 409 when somebody changed the datastore since.
    updated_at: Option<DateTime<Utc>>,
}

impl WriteDatastore {
    fn draft(self) -> DatastoreDraft {
        DatastoreDraft {
            env: self.env,
            kind: self.kind,
            url: self.url.map(|address| address.0),
            host: self.host,
            port: self.port,
            database: self.database,
            user: self.user,
            password: self.password,
            schema: self.schema,
            uc_catalog: self.uc_catalog,
            uc_workspace: self.uc_workspace,
            is_primary: self.is_primary,
            statement_timeout_ms: said(self.statement_timeout_ms),
            max_connections: said(self.max_connections),
            seen: self.updated_at,
        }
    }
}

impl Example for WriteDatastore {
    fn example() -> WriteDatastore {
        WriteDatastore {
            env: Some("prod".to_owned()),
            kind: Some("postgres".to_owned()),
            url: Some(Address(SecretReference::Env { env: "ACME_DATABASE_URL".to_owned() })),
            schema: Some("public".to_owned()),
            uc_catalog: Some("kyros_acme_prod".to_owned()),
            ..WriteDatastore::default()
        }
    }
}

/// A datastore was made.
#[derive(ApiResponse)]
enum Made {
    /// The datastore.
    #[oai(status = 201)]
    Datastore(
        Json<Datastore>,
        /// Its address here.
        #[oai(header = "Location")]
        String,
    ),
}

/// An id in a path: whatever is none names nothing.
fn named(text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Error::NotFound("datastore"))
}

#[OpenApi(tag = "Group::Datastores")]
impl Datastores {
    /// A tenant's datastores.
    #[oai(path = "/admin/tenants/:id/datastores", method = "get", operation_id = "list_datastores")]
    async fn list(
        &self,
        _who: By<TenantReading>,
        Data(parts): Data<&Arc<Parts>>,
        /// The tenant's id or slug.
        id: Path<String>,
    ) -> Result<Json<DatastoreList>> {
        let (_, views) = limits::in_time(parts.tenancy.datastores(&id)).await?;
        Ok(Json(DatastoreList { datastores: views.into_iter().map(Datastore::of).collect() }))
    }

    /// Give a tenant a datastore.
    ///
    /// Each environment has one primary at most: a second one is refused with 409. Names that cannot stand in SQL are refused
    /// with 400, and noted in the log and in the audit.
    #[oai(path = "/admin/tenants/:id/datastores", method = "post", operation_id = "create_datastore")]
    async fn create(
        &self,
        who: By<Administration>,
        Data(parts): Data<&Arc<Parts>>,
        /// The tenant's id or slug.
        id: Path<String>,
        datastore: Body<WriteDatastore>,
    ) -> Result<Made> {
        let draft = datastore.0.draft();
        let view = limits::in_time(parts.tenancy.add_datastore(who.0.actor(), &id, &draft)).await?;
        let at = format!("/admin/tenants/{}/datastores/{}", view.record.tenant, view.record.store.id);
        Ok(Made::Datastore(Json(Datastore::of(view)), at))
    }

    /// Change a datastore.
    ///
    /// What is not sent stays, its address and its password among it.
    #[oai(path = "/admin/tenants/:id/datastores/:datastore", method = "put", operation_id = "update_datastore")]
    async fn update(
        &self,
        who: By<Administration>,
        Data(parts): Data<&Arc<Parts>>,
        /// The tenant's id or slug.
        id: Path<String>,
        /// The datastore's id.
        datastore: Path<String>,
        write: Body<WriteDatastore>,
    ) -> Result<Json<Datastore>> {
        let draft = write.0.draft();
        let view = parts.tenancy.edit_datastore(who.0.actor(), &id, named(&datastore)?, &draft);
        Ok(Json(Datastore::of(limits::in_time(view).await?)))
    }

    /// Forget a datastore.
    ///
    /// The database itself is not touched.
    #[oai(path = "/admin/tenants/:id/datastores/:datastore", method = "delete", operation_id = "delete_datastore")]
    async fn delete(
        &self,
        who: By<Administration>,
        Data(parts): Data<&Arc<Parts>>,
        /// The tenant's id or slug.
        id: Path<String>,
        /// The datastore's id.
        datastore: Path<String>,
    ) -> Result<Gone> {
        limits::in_time(parts.tenancy.remove_datastore(who.0.actor(), &id, named(&datastore)?)).await?;
        Ok(Gone::Gone)
    }
}
