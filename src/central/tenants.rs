//! The tenants: who they are, in which state, and what their file or form says about them.

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
use super::{Change, Error, LIMIT, Page, Source};
use crate::domain::{Role, Slug, TenantId, UserId};

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
    /// The rest.
    pub config: Config,
}

/// A tenant as somebody who may open it sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantCard {
    /// The id.
    pub id: TenantId,
    /// The short name.
    pub slug: Slug,
    /// The name.
    pub name: String,
    /// What the reader may do there.
    pub role: Role,
}

impl TryFrom<Model> for Tenant {
    type Error = Error;

    fn try_from(row: Model) -> Result<Tenant, Error> {
        Ok(Tenant {
            id: TenantId(row.id),
            slug: row.slug.parse().map_err(Error::Internal)?,
            name: row.name,
            status: row.status.parse().map_err(Error::Internal)?,
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

/// Whose tenants are listed.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// Those the user is a member of.
    Mine(UserId),
    /// All of them, for an operator who may read every tenant.
    Everybodys,
}

#[derive(FromQueryResult)]
struct CardRow {
    id: Uuid,
    slug: String,
    name: String,
    role: Option<String>,
}

#[derive(FromQueryResult)]
struct Count {
    total: i64,
}

/// The active tenants somebody may open, by name; `search` is looked for in names and slugs, `number` counts pages from 1.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn cards(
    from: &impl Source,
    whose: Whose,
    search: Option<&str>,
    number: u32,
    size: u32,
) -> Result<Page<TenantCard>, Error> {
    let (number, size) = (number.max(1), size.clamp(1, 200));
    let (user, join) = match whose {
        Whose::Mine(user) => (user.0, "JOIN"),
        Whose::Everybodys => (Uuid::nil(), "LEFT JOIN"),
    };
    let body = format!(
        "FROM tenants t {join} user_tenants m ON m.tenant_id = t.id AND m.user_id = $1 \
         WHERE t.status = 'active' AND (lower(t.name) LIKE $2 ESCAPE '\\' OR t.slug LIKE $2 ESCAPE '\\')"
    );
    let like = like(search.unwrap_or_default());
    let count = statement(from, &format!("SELECT count(*) AS total {body}"), [user.into(), like.as_str().into()]);
    let total = Count::find_by_statement(count).one(from.on()).await?.map_or(0, |count| count.total);
    let offset = i64::from(number - 1) * i64::from(size);
    let sql = format!("SELECT t.id, t.slug, t.name, m.role {body} ORDER BY lower(t.name), t.slug LIMIT $3 OFFSET $4");
    let values = [user.into(), like.as_str().into(), i64::from(size).into(), offset.into()];
    let rows = CardRow::find_by_statement(statement(from, &sql, values)).all(from.on()).await?;
    let items = rows.into_iter().map(|row| card(row, whose)).collect::<Result<_, Error>>()?;
    Ok(Page { items, number, size, total: u64::try_from(total).unwrap_or(0) })
}

fn card(row: CardRow, whose: Whose) -> Result<TenantCard, Error> {
    let role = match (whose, row.role) {
        (Whose::Everybodys, _) | (_, None) => Role::Operator,
        (Whose::Mine(_), Some(role)) => role.parse().map_err(Error::Internal)?,
    };
    Ok(TenantCard { id: TenantId(row.id), slug: row.slug.parse().map_err(Error::Internal)?, name: row.name, role })
}

/// A LIKE pattern that finds `text` anywhere, taken literally.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.trim().to_lowercase().chars().filter(|c| *c != '\0').take(100) {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn statement(from: &impl Source, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
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
        rollout: Set("current".to_owned()),
        config: Set(json(&tenant.config)?),
        created_at: Set(change.at()),
        updated_at: Set(change.at()),
    };
    change.alters_access();
    Entity::insert(row).exec_without_returning(change.on()).await.map_err(Error::taken("slug"))?;
    Ok(())
}

/// Brings name, state and configuration of a tenant to what `tenant` says; its slug stays.
///
/// # Errors
/// `NotFound` when there is no such tenant.
pub async fn update(change: &Change, tenant: &Tenant) -> Result<(), Error> {
    change.alters_access();
    let done = Entity::update_many()
        .col_expr(Column::Name, Expr::value(tenant.name.as_str()))
        .col_expr(Column::Status, Expr::value(tenant.status.as_str()))
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
    change.alters_access();
    Entity::delete_by_id(id.0).exec(change.on()).await?;
    Ok(())
}

fn json(config: &Config) -> Result<serde_json::Value, Error> {
    serde_json::to_value(config).map_err(|cause| Error::Internal(cause.to_string()))
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_search_is_taken_literally() {
        assert_eq!(like(" Acme_10% "), r"%acme\_10\%%");
        assert_eq!(like(""), "%%");
    }
}
