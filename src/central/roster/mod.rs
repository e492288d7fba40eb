//! The people as those who run the installation or a tenant see them: found, changed, removed.

mod list;
mod memberships;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};

use super::entity::user::{Column, Entity};
use super::{Change, Error, Source, Table, sessions};
use crate::domain::{Email, Role, UserId};

pub use list::{Only, Search, Sort, find, list};
pub use memberships::{Membership, memberships};

/// An account, with what is known of its use.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The id.
    pub id: UserId,
    /// The address, unique in the installation.
    pub email: Email,
    /// The full name, if it is known.
    pub name: Option<String>,
    /// Whether this person runs the installation.
    pub operator: bool,
    /// Whether they may sign in at all.
    pub active: bool,
    /// Whether there is a password: they can sign in here.
    pub local: bool,
    /// The identity provider that vouches for them, once they came by it.
    pub issuer: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed: what a form was drawn from is told by it.
    pub updated_at: DateTime<Utc>,
    /// How many tenants they are a member of.
    pub tenants: u64,
    /// When one of their open sessions was last used, to the minute.
    pub seen_at: Option<DateTime<Utc>>,
    /// What they are in the tenant whose members are listed.
    pub role: Option<Role>,
    /// Since when.
    pub granted_at: Option<DateTime<Utc>>,
}

/// What can be changed of an account, as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The address.
    pub email: Email,
    /// The full name.
    pub name: Option<String>,
    /// Whether this person runs the installation.
    pub operator: bool,
    /// Whether they may sign in.
    pub active: bool,
}

/// Brings an account to what `edit` says. Who may no longer sign in has no session left.
///
/// # Errors
/// `NotFound` when there is no such user; `Conflict` on `email` when the address is taken.
pub async fn update(change: &Change, id: UserId, edit: &Edit) -> Result<(), Error> {
    change.alters(&[Table::Users]);
    let done = Entity::update_many()
        .col_expr(Column::Email, Expr::value(edit.email.as_str()))
        .col_expr(Column::FullName, Expr::value(edit.name.clone()))
        .col_expr(Column::IsAdmin, Expr::value(edit.operator))
        .col_expr(Column::IsActive, Expr::value(edit.active))
        .col_expr(Column::UpdatedAt, Expr::value(change.at()))
        .filter(Column::Id.eq(id.0))
        .exec(change.on())
        .await
        .map_err(Error::taken("email"))?;
    if done.rows_affected == 0 {
        return Err(Error::NotFound(format!("user {id}")));
    }
    if !edit.active {
        sessions::revoke_all(change, id).await?;
    }
    Ok(())
}

/// Removes an account with its sessions, memberships and preferences; what it did stays in the audit.
///
/// # Errors
/// `NotFound` when there is no such user.
pub async fn remove(change: &Change, id: UserId) -> Result<(), Error> {
    change.alters(&[Table::Users, Table::Sessions, Table::Members]);
    let done = Entity::delete_by_id(id.0).exec(change.on()).await?;
    if done.rows_affected == 0 { Err(Error::NotFound(format!("user {id}"))) } else { Ok(()) }
}

/// How many active operators there are beside this user.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn other_operators(from: &impl Source, id: UserId) -> Result<u64, Error> {
    let others = Entity::find().filter(Column::IsAdmin.eq(true)).filter(Column::IsActive.eq(true)).filter(Column::Id.ne(id.0));
    Ok(others.count(from.on()).await?)
}
