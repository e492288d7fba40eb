//! The people (and later the machines) that can sign in.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::entity::user::{ActiveModel, Column, Entity, Model};
use super::members::Origin;
use super::{Change, Error, LIMIT, Source, Table};
use crate::domain::{Email, UserId};

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
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
    /// The hash of the password, if they have one.
    pub password_hash: Option<String>,
}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The address.
    pub email: Email,
    /// The full name, if it is known.
    pub name: Option<String>,
    /// Whether this person runs the installation.
    pub operator: bool,
    /// The hash of the password, if they have one.
    pub password_hash: Option<String>,
}

impl TryFrom<Model> for User {
    type Error = Error;

    fn try_from(row: Model) -> Result<User, Error> {
        Ok(User {
            id: UserId(row.id),
            email: row.email.parse().map_err(Error::Internal)?,
            name: row.full_name,
            operator: row.is_admin,
            active: row.is_active,
            password_hash: row.password_hash,
        })
    }
}

/// The user with this id.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(from: &impl Source, id: UserId) -> Result<Option<User>, Error> {
    Entity::find_by_id(id.0).one(from.on()).await?.map(User::try_from).transpose()
}

/// The user with this address.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find_by_email(from: &impl Source, email: &Email) -> Result<Option<User>, Error> {
    Entity::find().filter(Column::Email.eq(email.as_str())).one(from.on()).await?.map(User::try_from).transpose()
}

/// All users by address, at most [`LIMIT`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn list(from: &impl Source) -> Result<Vec<User>, Error> {
    let rows = Entity::find().order_by_asc(Column::Email).limit(LIMIT).all(from.on()).await?;
    rows.into_iter().map(User::try_from).collect()
}

/// Makes a user.
///
/// # Errors
/// `Conflict` on `email` when the address is taken.
pub async fn create(change: &Change, new: NewUser) -> Result<User, Error> {
    let user = User {
        id: UserId::new(),
        email: new.email,
        name: new.name,
        operator: new.operator,
        active: true,
        password_hash: new.password_hash,
    };
    let row = ActiveModel {
        id: Set(user.id.0),
        issuer: Set(None),
        subject: Set(None),
        email: Set(user.email.to_string()),
        full_name: Set(user.name.clone()),
        password_hash: Set(user.password_hash.clone()),
        is_admin: Set(user.operator),
        admin_source: Set(Origin::Manual.as_str().to_owned()),
        is_active: Set(true),
        created_at: Set(change.at()),
        updated_at: Set(change.at()),
    };
    Entity::insert(row).exec_without_returning(change.on()).await.map_err(Error::taken("email"))?;
    Ok(user)
}

/// Gives a user another password.
///
/// # Errors
/// `NotFound` when there is no such user.
pub async fn set_password(change: &Change, id: UserId, hash: &str) -> Result<(), Error> {
    change.alters(&[Table::Users]);
    set(change, id, Column::PasswordHash, Expr::value(hash)).await
}

/// Lets a user in, or out. A user who is out has no session left.
///
/// # Errors
/// `NotFound` when there is no such user.
pub async fn set_active(change: &Change, id: UserId, active: bool) -> Result<(), Error> {
    change.alters(&[Table::Users]);
    set(change, id, Column::IsActive, Expr::value(active)).await?;
    if !active {
        super::sessions::revoke_all(change, id).await?;
    }
    Ok(())
}

/// Makes a user an operator of the installation, or no longer one.
///
/// # Errors
/// `NotFound` when there is no such user.
pub async fn set_operator(change: &Change, id: UserId, operator: bool) -> Result<(), Error> {
    change.alters(&[Table::Users]);
    set(change, id, Column::AdminSource, Expr::value(Origin::Manual.as_str())).await?;
    set(change, id, Column::IsAdmin, Expr::value(operator)).await
}

async fn set(change: &Change, id: UserId, column: Column, value: Expr) -> Result<(), Error> {
    let done = Entity::update_many()
        .col_expr(column, value)
        .col_expr(Column::UpdatedAt, Expr::value(change.at()))
        .filter(Column::Id.eq(id.0))
        .exec(change.on())
        .await?;
    if done.rows_affected == 0 { Err(Error::NotFound(format!("user {id}"))) } else { Ok(()) }
}
