use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::super::entity::audit_log::{Column, Entity, Model};
use super::super::{Error, Source};
use super::chain::{GENESIS, canonical, hash_of};

/// What walking the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many rows were walked, the broken one included.
    pub rows: u64,
    /// The first row that does not fit.
    pub broken: Option<Broken>,
}

/// A row that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its number.
    pub id: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Walks the whole chain from the first row and tells the first one that was altered, removed or slipped in.
/// Rows cut off at the very end leave no trace in the chain itself: compare [`Verdict::rows`] with what was seen last.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn verify(from: &impl Source) -> Result<Verdict, Error> {
    let mut rows = 0;
    let mut last: Option<Model> = None;
    loop {
        let after = last.as_ref().map_or(i64::MIN, |row| row.id);
        let batch = Entity::find().filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(1_000).all(from.on()).await?;
        if batch.is_empty() {
            return Ok(Verdict { rows, broken: None });
        }
        for row in batch {
            rows += 1;
            if let Some(why) = fault(last.as_ref(), &row) {
                return Ok(Verdict { rows, broken: Some(Broken { id: row.id, why }) });
            }
            last = Some(row);
        }
    }
}

fn fault(last: Option<&Model>, row: &Model) -> Option<&'static str> {
    let (number, prev) = last.map_or((1, GENESIS), |last| (last.id + 1, last.hash.as_str()));
    if row.id != number {
        Some("a row before it is missing")
    } else if row.prev_hash != prev {
        Some("it is not chained to the row before it")
    } else if row.canonical != canonical(row) {
        Some("its columns differ from what was recorded")
    } else if row.hash != hash_of(&row.prev_hash, &row.canonical) {
        Some("its hash does not match its text")
    } else {
        None
    }
}
