use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use super::super::tenants::{like, statement};
use super::super::{Error, Page, Source};
use super::Account;
use crate::domain::{TenantId, UserId};

/// What a list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the words explain themselves
pub enum Sort {
    #[default]
    Email,
    Name,
    Created,
    Seen,
    Tenants,
    Role,
}

impl Sort {
    /// Every one, with the word an address has for it.
    pub const ALL: [(Sort, &str); 6] = [
        (Sort::Email, "email"),
        (Sort::Name, "name"),
        (Sort::Created, "created"),
        (Sort::Seen, "seen"),
        (Sort::Tenants, "tenants"),
        (Sort::Role, "role"),
    ];

    /// The one of this word.
    pub fn parse(word: &str) -> Option<Sort> {
        Sort::ALL.iter().find(|(_, known)| *known == word).map(|(sort, _)| *sort)
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        Sort::ALL.iter().find(|(sort, _)| *sort == self).map_or("email", |(_, word)| word)
    }

    fn sql(self) -> &'static str {
        match self {
            Sort::Email => "email",
            Sort::Name => "name_lower",
            Sort::Created => "created_at",
            Sort::Seen => "seen_at",
            Sort::Tenants => "tenants",
            Sort::Role => "role",
        }
    }
}

/// Which accounts are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Only {
    #[default]
    Everybody,
    Operators,
    /// Those who may not sign in.
    Inactive,
    /// Those who are in no tenant and run nothing.
    Nowhere,
}

impl Only {
    /// Every one, with the word an address has for it.
    pub const ALL: [(Only, &str); 4] =
        [(Only::Everybody, ""), (Only::Operators, "operators"), (Only::Inactive, "inactive"), (Only::Nowhere, "nowhere")];

    /// The one of this word.
    pub fn parse(word: &str) -> Option<Only> {
        Only::ALL.iter().find(|(_, known)| *known == word).map(|(only, _)| *only)
    }

    fn sql(self) -> &'static str {
        match self {
            Only::Everybody => "TRUE",
            Only::Operators => "u.is_admin",
            Only::Inactive => "NOT u.is_active",
            Only::Nowhere => "NOT u.is_admin AND NOT EXISTS (SELECT 1 FROM user_tenants n WHERE n.user_id = u.id)",
        }
    }
}

/// Which accounts, in which order, which page of them.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Looked for in addresses and names; empty for all.
    pub text: String,
    /// Only the members of this tenant.
    pub tenant: Option<TenantId>,
    /// Only these.
    pub only: Only,
    /// The order.
    pub sort: Sort,
    /// Whether it is turned round.
    pub descending: bool,
    /// Which page, from 1.
    pub page: u32,
    /// How many on a page, 1 to 200.
    pub size: u32,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    email: String,
    full_name: Option<String>,
    is_admin: bool,
    is_active: bool,
    is_local: bool,
    issuer: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    tenants: i64,
    seen_at: Option<DateTime<Utc>>,
    role: Option<String>,
    granted_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Count {
    total: i64,
}

impl TryFrom<Row> for Account {
    type Error = Error;

    fn try_from(row: Row) -> Result<Account, Error> {
        Ok(Account {
            id: UserId(row.id),
            email: row.email.parse().map_err(Error::Internal)?,
            name: row.full_name,
            operator: row.is_admin,
            active: row.is_active,
            local: row.is_local,
            issuer: row.issuer,
            created_at: row.created_at,
            updated_at: row.updated_at,
            tenants: u64::try_from(row.tenants).unwrap_or(0),
            seen_at: row.seen_at,
            role: row.role.as_deref().map(str::parse).transpose().map_err(Error::Internal)?,
            granted_at: row.granted_at,
        })
    }
}

const COLUMNS: &str = "u.id, u.email, u.full_name, u.is_admin, u.is_active, u.password_hash IS NOT NULL AS is_local, u.issuer, \
     u.created_at, u.updated_at, lower(coalesce(u.full_name, '')) AS name_lower, \
     (SELECT count(*) FROM user_tenants c WHERE c.user_id = u.id) AS tenants, \
     (SELECT max(s.last_seen_at) FROM sessions s WHERE s.user_id = u.id) AS seen_at, m.role, m.granted_at";

/// The accounts that match, a page of them.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn list(from: &impl Source, search: &Search) -> Result<Page<Account>, Error> {
    let (number, size) = (search.page.max(1), search.size.clamp(1, 200));
    let body = body(search.tenant.is_some(), search.only);
    let (tenant, like): (Value, Value) = (search.tenant.unwrap_or_default().0.into(), like(&search.text).into());
    let count = statement(from, &format!("SELECT count(*) AS total {body}"), [tenant.clone(), like.clone()]);
    let total = Count::find_by_statement(count).one(from.on()).await?.map_or(0, |count| count.total);
    let direction = if search.descending { "DESC NULLS LAST" } else { "ASC NULLS FIRST" };
    let order = format!("{} {direction}, email", search.sort.sql());
    let sql = format!("SELECT {COLUMNS} {body} ORDER BY {order} LIMIT $3 OFFSET $4");
    let offset = i64::from(number - 1) * i64::from(size);
    let values = [tenant, like, i64::from(size).into(), offset.into()];
    let rows = Row::find_by_statement(statement(from, &sql, values)).all(from.on()).await?;
    let items = rows.into_iter().map(Account::try_from).collect::<Result<_, Error>>()?;
    Ok(Page { items, number, size, total: u64::try_from(total).unwrap_or(0) })
}

/// Whoever is listed: $1 is the tenant whose members they are, $2 what is looked for.
fn body(members: bool, only: Only) -> String {
    let join = if members { "JOIN" } else { "LEFT JOIN" };
    let only = only.sql();
    format!(
        "FROM users u {join} user_tenants m ON m.user_id = u.id AND m.tenant_id = $1 \
         WHERE (u.email LIKE $2 ESCAPE '\\' OR lower(coalesce(u.full_name, '')) LIKE $2 ESCAPE '\\') AND {only}"
    )
}

/// One account.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(from: &impl Source, id: UserId) -> Result<Option<Account>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM users u LEFT JOIN user_tenants m ON m.user_id = u.id AND m.tenant_id = $1 WHERE u.id = $2"
    );
    let found = Row::find_by_statement(statement(from, &sql, [Uuid::nil().into(), id.0.into()])).one(from.on()).await?;
    found.map(Account::try_from).transpose()
}
