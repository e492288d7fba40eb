use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::Tag;
use super::bodies::{TenantAccess, UserBody, UserChange, UserList, UserNew, UserTenant};
use super::panels::Direction;
use crate::central;
use crate::domain::{Email, UserId};
use crate::error::{Error, FieldFault, Result};
use crate::identity::accounts::{self, AccountError, NewAccount};
use crate::identity::people::{self, Account, Edit, PeopleError, Search, Sort};
use crate::identity::{Cost, Policy};
use crate::tenancy::{Operator, members};
use crate::web::Parts;
use crate::web::openapi::{Body, By};

/// A user that was made.
#[derive(ApiResponse)]
pub enum Made {
    /// The user.
    #[oai(status = 201)]
    Created(Json<UserBody>),
}

/// Nothing is left to say.
#[derive(ApiResponse)]
pub enum Gone {
    /// Done.
    #[oai(status = 204)]
    Gone,
}

/// What users are listed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, poem_openapi::Enum)]
#[oai(rename_all = "lowercase")]
pub enum SortBy {
    /// The address.
    Email,
    /// The full name.
    Name,
    /// When the account was made.
    Created,
}

pub struct Users;

#[OpenApi(prefix_path = "/api/v1/admin/users", tag = "Tag::Users")]
impl Users {
    /// The users
    ///
    /// Searched, sorted and paged on the server, each with the tenants they are in.
    #[allow(clippy::too_many_arguments)] // the parameters of the operation
    #[oai(path = "/", method = "get", operation_id = "list_users")]
    async fn list(
        &self,
        _operator: By<Operator>,
        parts: Data<&Arc<Parts>>,
        /// A text looked for in addresses and names.
        #[oai(validator(max_length = 100))]
        q: Query<Option<String>>,
        /// What they are sorted by; the address unless said.
        sort: Query<Option<SortBy>>,
        /// Which way; ascending unless said.
        dir: Query<Option<Direction>>,
        /// Which page, from 1.
        #[oai(validator(minimum(value = "1"), maximum(value = "1000000")))]
        page: Query<Option<u32>>,
        /// How many a page holds; 50 unless said.
        #[oai(validator(minimum(value = "1"), maximum(value = "200")))]
        page_size: Query<Option<u32>>,
    ) -> Result<Json<UserList>> {
        let search = Search {
            text: q.0.unwrap_or_default(),
            sort: match sort.0 {
                None | Some(SortBy::Email) => Sort::Email,
                Some(SortBy::Name) => Sort::Name,
                Some(SortBy::Created) => Sort::Created,
            },
            descending: dir.0 == Some(Direction::Desc),
            page: page.unwrap_or(1),
            size: page_size.unwrap_or(50),
            ..Search::default()
        };
        let found = people::list(&parts.central, &search).await?;
        let (page, page_size, total) = (found.number, found.size, found.total);
        let mut users = Vec::with_capacity(found.items.len());
        for account in found.items {
            users.push(told(&parts, account).await?);
        }
        Ok(Json(UserList { users, page, page_size, total }))
    }

    /// Make a user
    ///
    /// With a password they sign in here; without one they are invited, and sign in with the company's account.
    #[oai(path = "/", method = "post", operation_id = "create_user")]
    async fn create(&self, operator: By<Operator>, parts: Data<&Arc<Parts>>, new: Body<UserNew>) -> Result<Made> {
        let (actor, new) = (operator.0.actor(), new.0);
        let (email, name) = (address(&new.email)?, written(&new.full_name));
        let user = if new.password.is_empty() {
            people::invite(&parts.central, actor, email, name, new.is_admin).await
        } else {
            let account = NewAccount { email, name, password: new.password, operator: new.is_admin };
            accounts::create(&parts.central, actor, account, Policy::Real, Cost::default()).await
        };
        let id = user.map_err(not_made)?.id;
        Ok(Made::Created(Json(found(&parts, id.0).await?)))
    }

    /// One user
    ///
    /// With the tenants they are in.
    #[oai(path = "/:id", method = "get", operation_id = "get_user")]
    async fn get(
        &self,
        _operator: By<Operator>,
        parts: Data<&Arc<Parts>>,
        /// The user's id.
        id: Path<String>,
    ) -> Result<Json<UserBody>> {
        Ok(Json(found(&parts, read(&id)?).await?))
    }

    /// Change a user
    ///
    /// What is left out stays as it is. Somebody who may no longer sign in has no session left. Send `updated_at` as it was
    /// read, and a change that somebody else made meanwhile is not lost: the answer is then 409.
    #[oai(path = "/:id", method = "put", operation_id = "update_user")]
    async fn update(
        &self,
        operator: By<Operator>,
        parts: Data<&Arc<Parts>>,
        /// The user's id.
        id: Path<String>,
        change: Body<UserChange>,
    ) -> Result<Json<UserBody>> {
        let (id, change) = (UserId(read(&id)?), change.0);
        let email = change.email.as_deref().map(address).transpose()?;
        let edit = |now: &Account| Edit {
            email: email.unwrap_or_else(|| now.email.clone()),
            name: change.full_name.as_deref().map_or_else(|| now.name.clone(), written),
            operator: change.is_admin.unwrap_or(now.operator),
            active: change.is_active.unwrap_or(now.active),
        };
        let account = people::change(&parts.central, operator.0.actor(), id, change.updated_at, edit).await;
        Ok(Json(told(&parts, account.map_err(not_changed)?).await?))
    }

    /// Remove a user
    ///
    /// With their sessions, memberships and preferences; what they did stays in the audit. Nobody removes themselves, nor
    /// the last operator.
    #[oai(path = "/:id", method = "delete", operation_id = "delete_user")]
    async fn delete(
        &self,
        operator: By<Operator>,
        parts: Data<&Arc<Parts>>,
        /// The user's id.
        id: Path<String>,
    ) -> Result<Gone> {
        let id = UserId(read(&id)?);
        people::remove(&parts.central, operator.0.actor(), id, None).await.map_err(not_changed)?;
        Ok(Gone::Gone)
    }

    /// Give a user access to a tenant
    ///
    /// Or change what they may do there.
    #[oai(path = "/:id/tenants", method = "post", operation_id = "assign_tenant")]
    async fn assign(
        &self,
        operator: By<Operator>,
        parts: Data<&Arc<Parts>>,
        /// The user's id.
        id: Path<String>,
        access: Body<TenantAccess>,
    ) -> Result<Json<UserBody>> {
        let id = read(&id)?;
        let tenant = parts.tenancy.named(&operator.0, &access.0.tenant_id).await?;
        let tenant = tenant.ok_or_else(|| fault("tenant_id", "there is no such tenant"))?;
        let role = access.0.role.into();
        members::grant(&parts.tenancy, operator.0.actor(), UserId(id), tenant, role).await.map_err(missing)?;
        Ok(Json(found(&parts, id).await?))
    }

    /// Take a user's access to a tenant away
    ///
    /// The tenant is closed to them at once.
    #[oai(path = "/:id/tenants/:tenant", method = "delete", operation_id = "unassign_tenant")]
    async fn unassign(
        &self,
        operator: By<Operator>,
        parts: Data<&Arc<Parts>>,
        /// The user's id.
        id: Path<String>,
        /// The tenant's id or slug.
        tenant: Path<String>,
    ) -> Result<Gone> {
        let id = read(&id)?;
        let tenant = parts.tenancy.named(&operator.0, &tenant).await?.ok_or(Error::NotFound("membership"))?;
        members::withdraw(&parts.tenancy, operator.0.actor(), UserId(id), tenant).await.map_err(missing)?;
        Ok(Gone::Gone)
    }
}

const NO_USER: Error = Error::NotFound("user");

fn read(id: &str) -> Result<Uuid> {
    id.parse().map_err(|_| NO_USER)
}

async fn found(parts: &Parts, id: Uuid) -> Result<UserBody> {
    let account = people::find(&parts.central, UserId(id)).await?.ok_or(NO_USER)?;
    told(parts, account).await
}

async fn told(parts: &Parts, account: Account) -> Result<UserBody> {
    // Most people of a long list are in a few tenants; who is in none is not asked about.
    let memberships = if account.tenants == 0 { Vec::new() } else { members::memberships(&parts.tenancy, account.id).await? };
    let tenants = memberships.into_iter().map(|membership| UserTenant {
        id: membership.tenant.0,
        slug: membership.slug.to_string(),
        name: membership.name,
        role: membership.role.into(),
    });
    Ok(UserBody {
        id: account.id.0,
        email: account.email.to_string(),
        full_name: account.name.into(),
        is_admin: account.operator,
        is_active: account.active,
        tenants: tenants.collect(),
        created_at: account.created_at,
        updated_at: account.updated_at,
    })
}

fn fault(field: &str, message: &str) -> Error {
    Error::Invalid(vec![FieldFault { field: field.to_owned(), message: message.to_owned() }])
}

fn address(text: &str) -> Result<Email> {
    text.parse().map_err(|why: String| fault("email", &why))
}

fn written(name: &str) -> Option<String> {
    Some(name.trim()).filter(|name| !name.is_empty()).map(str::to_owned)
}

fn not_made(why: AccountError) -> Error {
    match why {
        AccountError::Password(words) => fault("password", &words),
        AccountError::Taken => Error::Conflict("There is already an account with this address.".to_owned()),
        AccountError::Unknown => NO_USER,
        AccountError::Central(cause) => cause.into(),
    }
}

fn not_changed(why: PeopleError) -> Error {
    match why {
        PeopleError::Unknown => NO_USER,
        PeopleError::Central(cause) => cause.into(),
        PeopleError::Taken => Error::Conflict("There is already an account with this address.".to_owned()),
        PeopleError::Stale(now) => {
            Error::Conflict(format!("Somebody changed this user at {}. Read it anew and try again.", now.updated_at.to_rfc3339()))
        }
        PeopleError::Yourself | PeopleError::LastOperator | PeopleError::Provided => {
            let mut words = why.to_string();
            if let Some(first) = words.get_mut(0..1) {
                first.make_ascii_uppercase();
            }
            Error::Conflict(format!("{words}."))
        }
    }
}

fn missing(cause: central::Error) -> Error {
    match cause {
        central::Error::NotFound(_) => Error::NotFound("user, or no such membership"),
        other => other.into(),
    }
}
