use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::super::members::Origin;
use super::super::tenants::{Status, statement};
use super::super::{Error, LIMIT, Source};
use crate::domain::{Role, Slug, TenantId, UserId};

/// A tenant somebody is a member of.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    /// The tenant.
    pub tenant: TenantId,
    /// Its slug.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// Its state.
    pub status: Status,
    /// As what.
    pub role: Role,
    /// Where the membership comes from.
    pub origin: Origin,
    /// Since when.
    pub granted_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    slug: String,
    name: String,
    status: String,
    role: String,
    source: String,
    granted_at: DateTime<Utc>,
}

/// The tenants somebody is a member of, whatever their state, by name, at most [`LIMIT`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn memberships(from: &impl Source, user: UserId) -> Result<Vec<Membership>, Error> {
    let sql = format!(
        "SELECT t.id, t.slug, t.name, t.status, m.role, m.source, m.granted_at \
         FROM user_tenants m JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = $1 ORDER BY lower(t.name), t.slug LIMIT {LIMIT}"
    );
    let rows = Row::find_by_statement(statement(from, &sql, [user.0.into()])).all(from.on()).await?;
    rows.into_iter().map(Membership::try_from).collect()
}

impl TryFrom<Row> for Membership {
    type Error = Error;

    fn try_from(row: Row) -> Result<Membership, Error> {
        Ok(Membership {
            tenant: TenantId(row.id),
            slug: row.slug.parse().map_err(Error::Internal)?,
            name: row.name,
            status: row.status.parse().map_err(Error::Internal)?,
            role: row.role.parse().map_err(Error::Internal)?,
            origin: if row.source == Origin::Claim.as_str() { Origin::Claim } else { Origin::Manual },
            granted_at: row.granted_at,
        })
    }
}
