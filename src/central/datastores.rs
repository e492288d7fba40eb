//! Where each tenant's data is: addresses by reference, never a resolved secret.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entity::datastore::{ActiveModel, Column, Entity, Model};
use super::entity::tenant;
use super::{Change, Error, LIMIT, Source, Table, tenants};
use crate::domain::TenantId;

/// Limits of a datastore; what is not set has the product's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// How long one statement may run, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_timeout_ms: Option<u64>,
    /// How many connections at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<u32>,
}

/// A datastore's row.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The id.
    pub id: Uuid,
    /// `dev`, `stage`, `prod`, or `any` for one that serves every environment.
    pub env: String,
    /// `sqlite`, `postgres`, `databricks`.
    pub kind: String,
    /// Where the address is: the reference as JSON (a text, `{"env": …}` or `{"file": …}`).
    pub secret_ref: String,
    /// The schema names are qualified with.
    pub schema: Option<String>,
    /// `uc_catalog`.
    pub catalog: Option<String>,
    /// `uc_workspace`.
    pub workspace: Option<String>,
    /// Whether it is the one dashboards read in its environment.
    pub primary: bool,
    /// Its limits.
    pub options: Options,
    /// The server, where the address itself is known; for lists, never for connecting.
    pub host: Option<String>,
    /// The server's port.
    pub port: u16,
    /// The database on that server.
    pub database: Option<String>,
}

impl TryFrom<Model> for Stored {
    type Error = Error;

    fn try_from(row: Model) -> Result<Stored, Error> {
        Ok(Stored {
            id: row.id,
            env: row.env,
            kind: row.kind,
            secret_ref: row.secret_ref,
            schema: row.schema,
            catalog: row.uc_catalog,
            workspace: row.uc_workspace,
            primary: row.is_primary,
            options: serde_json::from_value(row.options).map_err(|cause| Error::Internal(cause.to_string()))?,
            host: row.host,
            port: u16::try_from(row.port).map_err(|cause| Error::Internal(cause.to_string()))?,
            database: row.database,
        })
    }
}

/// A datastore with its tenant and its dates, as operators see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The datastore.
    pub store: Stored,
    /// Whose it is.
    pub tenant: TenantId,
    /// Since when it is known.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

impl TryFrom<Model> for Record {
    type Error = Error;

    fn try_from(row: Model) -> Result<Record, Error> {
        let (tenant, created_at, updated_at) = (TenantId(row.tenant_id), row.created_at, row.updated_at);
        Ok(Record { store: row.try_into()?, tenant, created_at, updated_at })
    }
}

/// The tenant of this slug or id, in whatever state, and its datastores with their dates, in the order they were made.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn of_named(from: &impl Source, name: &str) -> Result<Option<(tenants::Record, Vec<Record>)>, Error> {
    let query = tenant::Entity::find().filter(tenants::is(name)).find_with_related(Entity).order_by_asc(Column::Id);
    let Some((owner, rows)) = query.all(from.on()).await?.into_iter().next() else { return Ok(None) };
    Ok(Some((owner.try_into()?, rows.into_iter().map(Record::try_from).collect::<Result<_, _>>()?)))
}

/// The datastores of a tenant in the order they were made, at most [`LIMIT`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn of(from: &impl Source, tenant: TenantId) -> Result<Vec<Stored>, Error> {
    let rows = Entity::find().filter(Column::TenantId.eq(tenant.0)).order_by_asc(Column::Id).limit(LIMIT).all(from.on()).await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// So many tenants that share a catalog are named at most.
const OWNERS: u64 = 50;

/// Whose primary datastores, in whatever environment, have this catalog: Unity Catalog does not tell capitals apart.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn owners(from: &impl Source, catalog: &str) -> Result<Vec<TenantId>, Error> {
    let same = Expr::expr(Func::lower(Expr::col(Column::UcCatalog))).eq(catalog.to_lowercase());
    let query = Entity::find().select_only().column(Column::TenantId).distinct();
    let query = query.filter(Column::IsPrimary.eq(true)).filter(same).order_by_asc(Column::TenantId).limit(OWNERS);
    Ok(query.into_tuple::<Uuid>().all(from.on()).await?.into_iter().map(TenantId).collect())
}

/// Adds a datastore.
///
/// # Errors
/// `Conflict` on `primary` when the tenant has a primary in this environment.
pub async fn create(change: &Change, tenant: TenantId, store: &Stored) -> Result<(), Error> {
    change.alters(&[Table::Datastores]);
    let row = ActiveModel { tenant_id: Set(tenant.0), created_at: Set(change.at()), ..active(change, store)? };
    Entity::insert(row).exec_without_returning(change.on()).await.map_err(Error::taken("primary"))?;
    Ok(())
}

/// Brings a datastore to what `store` says.
///
/// # Errors
/// `Conflict` on `primary` when the tenant has another primary in this environment.
pub async fn update(change: &Change, store: &Stored) -> Result<(), Error> {
    change.alters(&[Table::Datastores]);
    let mut row = active(change, store)?;
    row.id = sea_orm::ActiveValue::NotSet;
    Entity::update_many().set(row).filter(Column::Id.eq(store.id)).exec(change.on()).await.map_err(Error::taken("primary"))?;
    Ok(())
}

/// Forgets a datastore; the database itself is not touched.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn delete(change: &Change, id: Uuid) -> Result<(), Error> {
    change.alters(&[Table::Datastores]);
    Entity::delete_by_id(id).exec(change.on()).await?;
    Ok(())
}

fn active(change: &Change, store: &Stored) -> Result<ActiveModel, Error> {
    let options = serde_json::to_value(&store.options).map_err(|cause| Error::Internal(cause.to_string()))?;
    Ok(ActiveModel {
        id: Set(store.id),
        env: Set(store.env.clone()),
        kind: Set(store.kind.clone()),
        schema: Set(store.schema.clone()),
        uc_catalog: Set(store.catalog.clone()),
        uc_workspace: Set(store.workspace.clone()),
        is_primary: Set(store.primary),
        secret_ref: Set(store.secret_ref.clone()),
        options: Set(options),
        host: Set(store.host.clone()),
        port: Set(i32::from(store.port)),
        database: Set(store.database.clone()),
        updated_at: Set(change.at()),
        ..Default::default()
    })
}
