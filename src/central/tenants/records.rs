use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, Value};
use uuid::Uuid;

use super::super::entity::tenant::{Column, Entity, Model};
use super::super::{Error, Page, Source};
use super::cards::like;
use super::{Status, Tenant, statement};

/// A tenant with its dates, as operators see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The tenant.
    pub tenant: Tenant,
    /// Since when it is known.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

impl TryFrom<Model> for Record {
    type Error = Error;

    fn try_from(row: Model) -> Result<Record, Error> {
        let (created_at, updated_at) = (row.created_at, row.updated_at);
        Ok(Record { tenant: row.try_into()?, created_at, updated_at })
    }
}

/// The tenant of this slug or id, in whatever state.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn record(from: &impl Source, name: &str) -> Result<Option<Record>, Error> {
    Entity::find().filter(is(name)).one(from.on()).await?.map(Record::try_from).transpose()
}

/// That a tenant has this slug or id.
pub(in crate::central) fn is(name: &str) -> Condition {
    match id(name) {
        Some(id) => Condition::all().add(Column::Id.eq(id)),
        None => Condition::all().add(Column::Slug.eq(searchable(name))),
    }
}

/// The id, where the name is one in its usual form.
pub(super) fn id(name: &str) -> Option<Uuid> {
    if name.len() == 36 { name.parse().ok() } else { None }
}

/// PostgreSQL refuses a NUL in a text.
pub(super) fn searchable(slug: &str) -> String {
    slug.replace('\0', "?")
}

/// What a list of tenants is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Sort {
    #[default]
    Name,
    Slug,
    Status,
    CreatedAt,
    UpdatedAt,
}

impl Sort {
    fn column(self) -> &'static str {
        match self {
            Sort::Name => "lower(name)",
            Sort::Slug => "slug",
            Sort::Status => "status",
            Sort::CreatedAt => "created_at",
            Sort::UpdatedAt => "updated_at",
        }
    }
}

/// Which tenants a list holds, and how it is sorted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listing<'a> {
    /// Looked for in names and slugs.
    pub search: Option<&'a str>,
    /// Only those in this state.
    pub status: Option<Status>,
    /// Sorted by this.
    pub sort: Sort,
    /// The last first.
    pub descending: bool,
    /// Which page, from 1.
    pub page: u32,
    /// How many a page holds, at most 200.
    pub size: u32,
}

#[derive(FromQueryResult)]
struct Count {
    total: i64,
}

/// The tenants in every state, one page of them.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn records(from: &impl Source, listing: Listing<'_>) -> Result<Page<Record>, Error> {
    let (number, size) = (listing.page.max(1), listing.size.clamp(1, 200));
    let (mut conditions, mut values) = (Vec::new(), Vec::<Value>::new());
    // only what is asked for: to compare each of ten thousand names with nothing takes long
    if let Some(search) = listing.search.filter(|search| !search.trim().is_empty()) {
        values.push(like(search).into());
        let n = values.len();
        conditions.push(format!("(lower(name) LIKE ${n} ESCAPE '\\' OR slug LIKE ${n} ESCAPE '\\')"));
    }
    if let Some(status) = listing.status {
        values.push(status.as_str().into());
        conditions.push(format!("status = ${}", values.len()));
    }
    let which = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    let count = statement(from, &format!("SELECT count(*) AS total FROM tenants {which}"), values.clone());
    let total = Count::find_by_statement(count).one(from.on()).await?.map_or(0, |count| count.total);
    let direction = if listing.descending { "DESC" } else { "ASC" };
    let (limit, offset) = (values.len() + 1, values.len() + 2);
    // slugs in the same direction as names: as their index stands
    let sql = format!(
        "SELECT id, slug, name, status, rollout, config, created_at, updated_at FROM tenants {which} \
         ORDER BY {} {direction}, slug {direction} LIMIT ${limit} OFFSET ${offset}",
        listing.sort.column()
    );
    values.extend([i64::from(size).into(), (i64::from(number - 1) * i64::from(size)).into()]);
    let rows = Model::find_by_statement(statement(from, &sql, values)).all(from.on()).await?;
    let items = rows.into_iter().map(Record::try_from).collect::<Result<_, Error>>()?;
    Ok(Page { items, number, size, total: u64::try_from(total).unwrap_or(0) })
}
