//! Who of us is whom at the identity provider, and what its claims gave them.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use uuid::Uuid;

use super::entity::user::{ActiveModel, Column, Entity, Model};
use super::entity::{member, tenant};
use super::members::Origin;
use super::users::User;
use super::{Change, Error, LIMIT, Source, Table};
use crate::domain::{Email, Role, Slug, TenantId, UserId};

/// An account, and what binds it to a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Linked {
    /// The account.
    pub user: User,
    /// The provider it signs in with.
    pub issuer: Option<String>,
    /// Who it is there.
    pub subject: Option<String>,
    /// Whether somebody, or a claim, made (or did not make) it an operator.
    pub operator_by: Origin,
}

impl TryFrom<Model> for Linked {
    type Error = Error;

    fn try_from(row: Model) -> Result<Linked, Error> {
        let operator_by = if row.admin_source == Origin::Claim.as_str() { Origin::Claim } else { Origin::Manual };
        let (issuer, subject) = (row.issuer.clone(), row.subject.clone());
        Ok(Linked { user: row.try_into()?, issuer, subject, operator_by })
    }
}

/// The account of this subject of this issuer.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(from: &impl Source, issuer: &str, subject: &str) -> Result<Option<Linked>, Error> {
    let query = Entity::find().filter(Column::Issuer.eq(issuer)).filter(Column::Subject.eq(subject));
    query.one(from.on()).await?.map(Linked::try_from).transpose()
}

/// The account with this address.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find_by_email(from: &impl Source, email: &Email) -> Result<Option<Linked>, Error> {
    Entity::find().filter(Column::Email.eq(email.as_str())).one(from.on()).await?.map(Linked::try_from).transpose()
}

/// Makes an account for a subject.
///
/// # Errors
/// `Conflict` on `email` when the address is taken, or the subject has an account.
pub async fn create(change: &Change, user: &User, issuer: &str, subject: &str) -> Result<(), Error> {
    let row = ActiveModel {
        id: Set(user.id.0),
        issuer: Set(Some(issuer.to_owned())),
        subject: Set(Some(subject.to_owned())),
        email: Set(user.email.to_string()),
        full_name: Set(user.name.clone()),
        password_hash: Set(None),
        is_admin: Set(user.operator),
        admin_source: Set(Origin::Claim.as_str().to_owned()),
        is_active: Set(true),
        created_at: Set(change.at()),
        updated_at: Set(change.at()),
    };
    Entity::insert(row).exec_without_returning(change.on()).await.map_err(Error::taken("email"))?;
    Ok(())
}

/// Gives an invited account its subject. Only one that has neither a password nor another identity is to be had.
///
/// # Errors
/// `Conflict` when it is not to be had (any more).
pub async fn attach(change: &Change, id: UserId, issuer: &str, subject: &str) -> Result<(), Error> {
    change.alters(&[Table::Users]);
    let done = Entity::update_many()
        .col_expr(Column::Issuer, Expr::value(issuer))
        .col_expr(Column::Subject, Expr::value(subject))
        .col_expr(Column::UpdatedAt, Expr::value(change.at()))
        .filter(Column::Id.eq(id.0))
        .filter(Column::Issuer.is_null())
        .filter(Column::PasswordHash.is_null())
        .exec(change.on())
        .await
        .map_err(Error::taken("email"))?;
    if done.rows_affected == 0 { Err(Error::Conflict { field: "email" }) } else { Ok(()) }
}

/// Brings name and address of an account to what the provider says.
///
/// # Errors
/// `Conflict` on `email` when the address is taken.
pub async fn rename(change: &Change, id: UserId, email: &Email, name: Option<&str>) -> Result<(), Error> {
    change.alters(&[Table::Users]);
    Entity::update_many()
        .col_expr(Column::Email, Expr::value(email.as_str()))
        .col_expr(Column::FullName, Expr::value(name))
        .col_expr(Column::UpdatedAt, Expr::value(change.at()))
        .filter(Column::Id.eq(id.0))
        .exec(change.on())
        .await
        .map_err(Error::taken("email"))?;
    Ok(())
}

/// Makes an account an operator by claim, or takes that again.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn set_operator(change: &Change, id: UserId, operator: bool) -> Result<(), Error> {
    change.alters(&[Table::Users]);
    Entity::update_many()
        .col_expr(Column::IsAdmin, Expr::value(operator))
        .col_expr(Column::AdminSource, Expr::value(Origin::Claim.as_str()))
        .col_expr(Column::UpdatedAt, Expr::value(change.at()))
        .filter(Column::Id.eq(id.0))
        .exec(change.on())
        .await?;
    Ok(())
}

/// One tenant somebody is in.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    /// The tenant.
    pub tenant: TenantId,
    /// Its slug.
    pub slug: Slug,
    /// As what.
    pub role: Role,
    /// Where it comes from.
    pub origin: Origin,
}

/// What somebody is a member of, by slug, at most [`LIMIT`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn memberships(from: &impl Source, user: UserId) -> Result<Vec<Membership>, Error> {
    let rows = member::Entity::find()
        .find_also_related(tenant::Entity)
        .filter(member::Column::UserId.eq(user.0))
        .order_by_asc(tenant::Column::Slug)
        .limit(LIMIT)
        .all(from.on())
        .await?;
    let pairs = rows.into_iter().filter_map(|(row, tenant)| tenant.map(|tenant| (row, tenant)));
    pairs
        .map(|(row, tenant)| {
            Ok(Membership {
                tenant: TenantId(tenant.id),
                slug: tenant.slug.parse().map_err(Error::Internal)?,
                role: row.role.parse().map_err(Error::Internal)?,
                origin: if row.source == Origin::Claim.as_str() { Origin::Claim } else { Origin::Manual },
            })
        })
        .collect()
}

/// A tenant by one of its names.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Name<'a> {
    Slug(&'a Slug),
    Id(Uuid),
}

/// The tenant of this name, whatever state it is in.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn tenant(from: &impl Source, name: Name<'_>) -> Result<Option<(TenantId, Slug)>, Error> {
    let query = match name {
        Name::Slug(slug) => tenant::Entity::find().filter(tenant::Column::Slug.eq(slug.as_str())),
        Name::Id(id) => tenant::Entity::find_by_id(id),
    };
    let Some(row) = query.one(from.on()).await? else { return Ok(None) };
    Ok(Some((TenantId(row.id), row.slug.parse().map_err(Error::Internal)?)))
}
