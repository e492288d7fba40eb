//! The tenants: who they are, in which state, and what their file or form says about them.

mod cards;
mod named;
mod records;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Statement, Value, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entity::tenant::{ActiveModel, Column, Entity, Model};
use super::{Change, Error, LIMIT, Source, Table};
use crate::domain::{Role, Rollout, Slug, TenantId, UserId};

pub(in crate::central) use cards::like;
pub use cards::{TenantCard, Whose, cards};
pub use named::{counts, named};
pub(in crate::central) use records::is;
pub use records::{Listing, Record, Sort, record, records};

/// What state a tenant is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the words explain themselves
pub enum Status {
    Draft,
    Provisioning,
    Active,
    Suspended,
    Deleting,
    Failed,
    /// Its folder has vanished.
    Missing,
}

impl Status {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Provisioning => "provisioning",
            Status::Active => "active",
            Status::Suspended => "suspended",
            Status::Deleting => "deleting",
            Status::Failed => "failed",
            Status::Missing => "missing",
        }
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(word: &str) -> Result<Status, String> {
        let all = [
            Status::Draft,
            Status::Provisioning,
            Status::Active,
            Status::Suspended,
            Status::Deleting,
            Status::Failed,
            Status::Missing,
        ];
        all.into_iter().find(|status| status.as_str() == word).ok_or_else(|| format!("“{word}” is not a tenant's status"))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a tenant looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    /// The accent colour, as the author wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// The logo's file in the tenant's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
}

/// Where a tenant's files lie in the storage that pipelines fill; what is not set follows from its id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// What pipelines made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processed: Option<String>,
    /// What it sent in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploads: Option<String>,
}

impl Storage {
    /// The folder of what pipelines made.
    pub fn processed(&self, tenant: TenantId) -> String {
        self.processed.clone().unwrap_or_else(|| format!("/processed/{tenant}/"))
    }

    /// The folder of what came in.
    pub fn uploads(&self, tenant: TenantId) -> String {
        self.uploads.clone().unwrap_or_else(|| format!("/uploads/{tenant}/"))
    }
}

/// What is kept of a tenant beside its name and state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The IANA name of its zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What it looks like.
    #[serde(default)]
    pub brand: Brand,
    /// The shared dashboards it uses.
    #[serde(default)]
    pub dashboards: Vec<String>,
    /// The shared apps it uses.
    #[serde(default)]
    pub apps: Vec<String>,
    /// Whether a folder of this slug described it: only such a tenant can go missing.
    #[serde(default)]
    pub declared: bool,
    /// What its file sets, by its path there (`name`, `branding.accent`, `datastores`): only the file changes that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owned: Vec<String>,
    /// The shared dashboards assigned to it beside those its file names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<String>,
    /// What filters are set to for who has saved nothing, by the filter's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<String, Vec<String>>,
    /// The panels it sees; all of them where this says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<String>>,
    /// Where its files lie.
    #[serde(default)]
    pub storage: Storage,
}

impl Config {
    /// The shared dashboards the tenant sees: those its file names, and those assigned to it.
    pub fn shown(&self) -> Vec<String> {
        let more = self.assigned.iter().filter(|key| !self.dashboards.contains(key));
        self.dashboards.iter().chain(more).cloned().collect()
    }
}

/// A tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// The id.
    pub id: TenantId,
    /// The short name, unique in the installation.
    pub slug: Slug,
    /// The name.
    pub name: String,
    /// The state.
    pub status: Status,
    /// By which flow its hosted apps are reached.
    pub rollout: Rollout,
    /// The rest.
    pub config: Config,
}

impl TryFrom<Model> for Tenant {
    type Error = Error;

    fn try_from(row: Model) -> Result<Tenant, Error> {
        Ok(Tenant {
            id: TenantId(row.id),
            slug: row.slug.parse().map_err(Error::Internal)?,
            name: row.name,
            status: row.status.parse().map_err(Error::Internal)?,
            rollout: row.rollout.parse().map_err(Error::Internal)?,
            config: serde_json::from_value(row.config).map_err(|cause| Error::Internal(cause.to_string()))?,
        })
    }
}

/// The tenant of this slug, whoever may open it.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(from: &impl Source, slug: &Slug) -> Result<Option<Tenant>, Error> {
    Entity::find().filter(Column::Slug.eq(slug.as_str())).one(from.on()).await?.map(Tenant::try_from).transpose()
}

/// The tenants by slug, those behind `after`, at most [`LIMIT`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn list(from: &impl Source, after: Option<&Slug>) -> Result<Vec<Tenant>, Error> {
    let after = after.map_or("", Slug::as_str);
    let query = Entity::find().filter(Column::Slug.gt(after)).order_by_asc(Column::Slug).limit(LIMIT);
    query.all(from.on()).await?.into_iter().map(Tenant::try_from).collect()
}

#[derive(FromQueryResult)]
struct StandingRow {
    id: Uuid,
    slug: String,
    name: String,
    status: String,
    rollout: String,
    config: serde_json::Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    role: Option<String>,
}

/// The tenant with this slug or id, and the user's membership in it: one query, whether or not there is either.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn standing(from: &impl Source, user: UserId, slug: &str, id: Uuid) -> Result<Option<(Tenant, Option<Role>)>, Error> {
    let sql = "SELECT t.id, t.slug, t.name, t.status, t.rollout, t.config, t.created_at, t.updated_at, m.role \
               FROM tenants t LEFT JOIN user_tenants m ON m.tenant_id = t.id AND m.user_id = $1 \
               WHERE t.slug = $2 OR t.id = $3 ORDER BY t.slug LIMIT 1";
    let statement = statement(from, sql, [user.0.into(), slug.into(), id.into()]);
    let Some(row) = StandingRow::find_by_statement(statement).one(from.on()).await? else { return Ok(None) };
    let role = row.role.as_deref().map(str::parse).transpose().map_err(Error::Internal)?;
    let tenant = Model {
        id: row.id,
        slug: row.slug,
        name: row.name,
        status: row.status,
        rollout: row.rollout,
        config: row.config,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(Some((tenant.try_into()?, role)))
}

pub(in crate::central) fn statement(from: &impl Source, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(from.on().get_database_backend(), sql, values)
}

/// Makes a tenant.
///
/// # Errors
/// `Conflict` on `slug` when it is taken.
pub async fn create(change: &Change, tenant: &Tenant) -> Result<(), Error> {
    let row = ActiveModel {
        id: Set(tenant.id.0),
        slug: Set(tenant.slug.to_string()),
        name: Set(tenant.name.clone()),
        status: Set(tenant.status.as_str().to_owned()),
        rollout: Set(tenant.rollout.as_str().to_owned()),
        config: Set(json(&tenant.config)?),
        created_at: Set(change.at()),
        updated_at: Set(change.at()),
    };
    change.alters(&[Table::Tenants]);
    Entity::insert(row).exec_without_returning(change.on()).await.map_err(Error::taken("slug"))?;
    Ok(())
}

/// Brings name, state and configuration of a tenant to what `tenant` says; its slug stays.
///
/// # Errors
/// `NotFound` when there is no such tenant.
pub async fn update(change: &Change, tenant: &Tenant) -> Result<(), Error> {
    change.alters(&[Table::Tenants]);
    let done = Entity::update_many()
        .col_expr(Column::Name, Expr::value(tenant.name.as_str()))
        .col_expr(Column::Status, Expr::value(tenant.status.as_str()))
        .col_expr(Column::Rollout, Expr::value(tenant.rollout.as_str()))
        .col_expr(Column::Config, Expr::value(json(&tenant.config)?))
        .col_expr(Column::UpdatedAt, Expr::value(change.at()))
        .filter(Column::Id.eq(tenant.id.0))
        .exec(change.on())
        .await?;
    if done.rows_affected == 0 { Err(Error::NotFound(format!("tenant {}", tenant.slug))) } else { Ok(()) }
}

/// Removes a tenant with its members, datastores and preferences; its audit stays.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn delete(change: &Change, id: TenantId) -> Result<(), Error> {
    change.alters(&[Table::Tenants, Table::Sessions, Table::Members, Table::Datastores, Table::Devices]);
    Entity::delete_by_id(id.0).exec(change.on()).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Gone {
    id: Uuid,
    slug: String,
}

/// Removes the tenant of this slug or id, as [`delete`] does, and says which it was; none when there is no such tenant.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn delete_named(change: &Change, name: &str) -> Result<Option<(TenantId, Slug)>, Error> {
    change.alters(&[Table::Tenants, Table::Sessions, Table::Members, Table::Datastores, Table::Devices]);
    let (column, value): (_, Value) = match records::id(name) {
        Some(id) => ("id", id.into()),
        None => ("slug", records::searchable(name).into()),
    };
    let sql = format!("DELETE FROM tenants WHERE {column} = $1 RETURNING id, slug");
    let gone = Gone::find_by_statement(statement(change, &sql, [value])).one(change.on()).await?;
    gone.map(|gone| Ok((TenantId(gone.id), gone.slug.parse().map_err(Error::Internal)?))).transpose()
}

fn json(config: &Config) -> Result<serde_json::Value, Error> {
    serde_json::to_value(config).map_err(|cause| Error::Internal(cause.to_string()))
}
