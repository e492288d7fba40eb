//! The programs that have credentials of their own. Their secrets are not here: only what they hash to.

use std::fmt;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::machine_client::{ActiveModel, Column, Entity, Model};
use super::tenants::like;
use super::{Central, Change, Error, Page, Source, Table};

/// A machine client's row.
#[derive(Clone, PartialEq)]
pub struct Stored {
    /// The id of the row, and of the caller.
    pub id: Uuid,
    /// The name it gives when it asks for a token.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// What its secret hashes to, if it has one.
    pub secret_hash: Option<String>,
    /// What the secret before hashes to.
    pub previous_secret_hash: Option<String>,
    /// Until when the secret before is good.
    pub previous_until: Option<DateTime<Utc>>,
    /// The SHA-256 of its certificate, in hex, if it has one.
    pub certificate: Option<String>,
    /// What it may do: words with spaces between.
    pub scopes: String,
    /// Whether it may do anything at all.
    pub active: bool,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it last came, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("client_id", &self.client_id).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

impl From<Model> for Stored {
    fn from(row: Model) -> Stored {
        Stored {
            id: row.id,
            client_id: row.client_id,
            name: row.name,
            secret_hash: row.secret_hash,
            previous_secret_hash: row.previous_secret_hash,
            previous_until: row.previous_until,
            certificate: row.certificate,
            scopes: row.scopes,
            active: row.is_active,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// The client of this id.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(from: &impl Source, id: Uuid) -> Result<Option<Stored>, Error> {
    Ok(Entity::find_by_id(id).one(from.on()).await?.map(Stored::from))
}

/// The client that gives this name.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find_by_name(from: &impl Source, client_id: &str) -> Result<Option<Stored>, Error> {
    // PostgreSQL refuses a NUL in a text; nobody is called that
    if client_id.contains('\0') {
        return Ok(None);
    }
    Ok(Entity::find().filter(Column::ClientId.eq(client_id)).one(from.on()).await?.map(Stored::from))
}

/// The client with this certificate.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find_by_certificate(from: &impl Source, fingerprint: &str) -> Result<Option<Stored>, Error> {
    Ok(Entity::find().filter(Column::Certificate.eq(fingerprint)).one(from.on()).await?.map(Stored::from))
}

/// The clients by name; `search` is looked for in names and client ids, pages count from 1.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn list(from: &impl Source, search: Option<&str>, number: u32, size: u32) -> Result<Page<Stored>, Error> {
    let (number, size) = (Ord::max(number, 1), Ord::clamp(size, 1, 200));
    let mut query = Entity::find();
    if let Some(search) = search.filter(|text| !text.trim().is_empty()) {
        let found = |column| Func::lower(Expr::col(column)).like(LikeExpr::new(like(search)).escape('\\'));
        query = query.filter(Condition::any().add(found(Column::Name)).add(found(Column::ClientId)));
    }
    let total = query.clone().count(from.on()).await?;
    let offset = u64::from(number - 1) * u64::from(size);
    let rows = query.order_by_asc(Column::Name).order_by_asc(Column::ClientId).offset(offset).limit(u64::from(size));
    let items = rows.all(from.on()).await?.into_iter().map(Stored::from).collect();
    Ok(Page { items, number, size, total })
}

/// Adds a client.
///
/// # Errors
/// `Conflict` on `certificate` when another has it.
pub async fn create(change: &Change, client: &Stored) -> Result<(), Error> {
    let row = ActiveModel { id: Set(client.id), created_at: Set(change.at()), ..active(change, client) };
    change.alters(&[Table::Machines]);
    Entity::insert(row).exec_without_returning(change.on()).await.map_err(Error::taken("certificate"))?;
    Ok(())
}

/// Brings a client to what `client` says.
///
/// # Errors
/// `Conflict` on `certificate` when another has it, `NotFound` when there is no such client.
pub async fn update(change: &Change, client: &Stored) -> Result<(), Error> {
    change.alters(&[Table::Machines]);
    let row = active(change, client);
    let done = Entity::update_many().set(row).filter(Column::Id.eq(client.id)).exec(change.on()).await;
    let done = done.map_err(Error::taken("certificate"))?;
    if done.rows_affected == 0 { Err(Error::NotFound(format!("the client {}", client.client_id))) } else { Ok(()) }
}

/// Forgets a client.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn delete(change: &Change, id: Uuid) -> Result<(), Error> {
    change.alters(&[Table::Machines]);
    Entity::delete_by_id(id).exec(change.on()).await?;
    Ok(())
}

/// Notes that a client came. Bookkeeping: it leaves no audit row.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn touch(central: &Central, id: Uuid, at: DateTime<Utc>) -> Result<(), Error> {
    central.jot(&Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(at)).filter(Column::Id.eq(id))).await?;
    Ok(())
}

fn active(change: &Change, client: &Stored) -> ActiveModel {
    ActiveModel {
        client_id: Set(client.client_id.clone()),
        name: Set(client.name.clone()),
        secret_hash: Set(client.secret_hash.clone()),
        previous_secret_hash: Set(client.previous_secret_hash.clone()),
        previous_until: Set(client.previous_until),
        certificate: Set(client.certificate.clone()),
        scopes: Set(client.scopes.clone()),
        is_active: Set(client.active),
        updated_at: Set(change.at()),
        ..Default::default()
    }
}
