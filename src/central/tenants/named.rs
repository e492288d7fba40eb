use std::collections::{BTreeMap, HashMap};

use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::super::entity::tenant::{Column, Entity};
use super::super::{Error, LIMIT, Source};
use super::{Status, statement};

/// The slug and the name of each of these tenants that there (still) is, at most [`LIMIT`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn named(from: &impl Source, ids: impl IntoIterator<Item = Uuid>) -> Result<BTreeMap<Uuid, (String, String)>, Error> {
    let ids: Vec<Uuid> = ids.into_iter().take(LIMIT as usize).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = Entity::find().filter(Column::Id.is_in(ids)).limit(LIMIT).all(from.on()).await?;
    Ok(rows.into_iter().map(|row| (row.id, (row.slug, row.name))).collect())
}

#[derive(FromQueryResult)]
struct StateRow {
    status: String,
    total: i64,
}

/// How many tenants there are in each state.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn counts(from: &impl Source) -> Result<HashMap<Status, u64>, Error> {
    let sql = "SELECT status, count(*) AS total FROM tenants GROUP BY status";
    let rows = StateRow::find_by_statement(statement(from, sql, [])).all(from.on()).await?;
    let counted = |row: StateRow| Ok((row.status.parse().map_err(Error::Internal)?, u64::try_from(row.total).unwrap_or(0)));
    rows.into_iter().map(counted).collect()
}
