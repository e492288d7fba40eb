//! Who belongs to which tenant, and as what.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};

use super::entity::member::{ActiveModel, Column, Entity};
use super::entity::user;
use super::tenants::statement;
use super::{Change, Error, LIMIT, Source, Table};
use crate::domain::{Email, Role, TenantId, UserId};

/// Where a membership comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody assigned it.
    Manual,
    /// A claim of the identity provider.
    Claim,
}

impl Origin {
    /// The word stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Manual => "manual",
            Origin::Claim => "claim",
        }
    }
}

/// A member of a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// Their address.
    pub email: Email,
    /// Their name, if it is known.
    pub name: Option<String>,
    /// As what.
    pub role: Role,
    /// Since when.
    pub granted_at: DateTime<Utc>,
}

/// The members of a tenant by address, at most [`LIMIT`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn of(from: &impl Source, tenant: TenantId) -> Result<Vec<Member>, Error> {
    let rows = Entity::find()
        .find_also_related(user::Entity)
        .filter(Column::TenantId.eq(tenant.0))
        .order_by_asc(user::Column::Email)
        .limit(LIMIT)
        .all(from.on())
        .await?;
    let members = rows.into_iter().filter_map(|(row, user)| user.map(|user| (row, user)));
    members
        .map(|(row, user)| {
            Ok(Member {
                user: UserId(row.user_id),
                email: user.email.parse().map_err(Error::Internal)?,
                name: user.full_name,
                role: row.role.parse().map_err(Error::Internal)?,
                granted_at: row.granted_at,
            })
        })
        .collect()
}

/// What somebody is in a tenant, if anything.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn role_of(from: &impl Source, user: UserId, tenant: TenantId) -> Result<Option<Role>, Error> {
    let row = Entity::find_by_id((user.0, tenant.0)).one(from.on()).await?;
    row.map(|row| row.role.parse().map_err(Error::Internal)).transpose()
}

/// The address of an account, and what it is in a tenant, if anything; none when there is no such account.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn standing(from: &impl Source, user: UserId, tenant: TenantId) -> Result<Option<(Email, Option<Role>)>, Error> {
    let sql =
        "SELECT u.email, m.role FROM users u LEFT JOIN user_tenants m ON m.user_id = u.id AND m.tenant_id = $2 WHERE u.id = $1";
    let asked = statement(from, sql, [user.0.into(), tenant.0.into()]);
    let Some(row) = StandingRow::find_by_statement(asked).one(from.on()).await? else { return Ok(None) };
    let role = row.role.as_deref().map(str::parse).transpose().map_err(Error::Internal)?;
    Ok(Some((row.email.parse().map_err(Error::Internal)?, role)))
}

#[derive(FromQueryResult)]
struct StandingRow {
    email: String,
    role: Option<String>,
}

/// Makes somebody a member, or changes what they are.
///
/// # Errors
/// `Internal` when `role` is not one a membership can hold, or user or tenant are gone.
pub async fn assign(change: &Change, user: UserId, tenant: TenantId, role: Role, origin: Origin) -> Result<(), Error> {
    let row = ActiveModel {
        user_id: Set(user.0),
        tenant_id: Set(tenant.0),
        role: Set(role.as_str().to_owned()),
        source: Set(origin.as_str().to_owned()),
        granted_at: Set(change.at()),
    };
    let again = OnConflict::columns([Column::UserId, Column::TenantId])
        .update_columns([Column::Role, Column::Source, Column::GrantedAt])
        .to_owned();
    change.alters(&[Table::Members]);
    Entity::insert(row).on_conflict(again).exec_without_returning(change.on()).await?;
    Ok(())
}

/// Ends a membership.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn remove(change: &Change, user: UserId, tenant: TenantId) -> Result<(), Error> {
    change.alters(&[Table::Members]);
    let done = Entity::delete_by_id((user.0, tenant.0)).exec(change.on()).await?;
    if done.rows_affected == 0 { Err(Error::NotFound("the membership".to_owned())) } else { Ok(()) }
}
