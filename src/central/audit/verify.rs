use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::super::entity::audit_log::{Column, Entity, Model};
use super::super::{Error, Source};
use super::Action;
use super::chain::{GENESIS, canonical, hash_of};

/// What walking the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many rows were walked, the broken one included.
    pub rows: u64,
    /// The first row that does not fit.
    pub broken: Option<Broken>,
    /// The last row that fits: to be kept elsewhere, and compared with the next time.
    pub head: Option<Head>,
    /// The last row that was taken out to an archive; a later row of the chain vouches for it.
    pub archived: Option<Head>,
}

/// A row that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its number.
    pub id: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// One row's number and hash: with them everything up to it is pinned down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The row's number.
    pub id: i64,
    /// Its hash, in hex.
    pub hash: String,
}

/// Walks the whole chain from the first row and tells the first one that was altered, removed or slipped in.
/// Rows cut off at the very end leave no trace in the chain itself: compare [`Verdict::head`] with what was seen last.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn verify(from: &impl Source) -> Result<Verdict, Error> {
    walk(from.on()).await
}

/// The hash of one row, if it is there.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn hash_at(from: &impl Source, id: i64) -> Result<Option<String>, Error> {
    Ok(Entity::find_by_id(id).one(from.on()).await?.map(|row| row.hash))
}

pub(super) async fn walk(db: &impl ConnectionTrait) -> Result<Verdict, Error> {
    let mut walk = Walk::default();
    loop {
        let after = walk.last.as_ref().map_or(i64::MIN, |row| row.id);
        let batch = Entity::find().filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(1_000).all(db).await?;
        if batch.is_empty() {
            return Ok(walk.end());
        }
        for row in batch {
            if let Some(why) = walk.step(row) {
                return Ok(walk.broken(why));
            }
        }
    }
}

/// A walk under way.
#[derive(Default)]
struct Walk {
    rows: u64,
    /// The last row that fits.
    last: Option<Model>,
    /// The number and hash that the first row hangs on, where it is not the first that ever was.
    hangs_on: Option<(i64, Head)>,
    /// Whether a row of the chain says that what it hangs on was archived.
    is_vouched: bool,
    stopped_at: i64,
}

impl Walk {
    /// Takes the next row, or tells what is wrong with it.
    fn step(&mut self, row: Model) -> Option<&'static str> {
        self.rows += 1;
        self.stopped_at = row.id;
        if self.last.is_none() && row.id > 1 {
            self.hangs_on = Some((row.id, Head { id: row.id - 1, hash: row.prev_hash.clone() }));
        }
        let fault = self.fault(&row);
        if fault.is_none() {
            self.is_vouched |= self.hangs_on.as_ref().is_some_and(|(_, head)| vouches(&row, head));
            self.last = Some(row);
        }
        fault
    }

    fn fault(&self, row: &Model) -> Option<&'static str> {
        let (number, prev) = match (&self.last, &self.hangs_on) {
            (Some(last), _) => (last.id + 1, last.hash.as_str()),
            (None, Some((first, head))) => (*first, head.hash.as_str()),
            (None, None) => (1, GENESIS),
        };
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

    fn end(self) -> Verdict {
        let unvouched = self.hangs_on.as_ref().filter(|_| !self.is_vouched);
        let why = "the rows before it are missing, and no archive vouches for them";
        let broken = unvouched.map(|(first, _)| Broken { id: *first, why });
        let archived = self.hangs_on.filter(|_| self.is_vouched).map(|(_, head)| head);
        let head = self.last.map(|row| Head { id: row.id, hash: row.hash });
        Verdict { rows: self.rows, broken, head, archived }
    }

    fn broken(self, why: &'static str) -> Verdict {
        let broken = Some(Broken { id: self.stopped_at, why });
        let head = self.last.map(|row| Head { id: row.id, hash: row.hash });
        Verdict { rows: self.rows, broken, head, archived: None }
    }
}

/// Whether this row is the checkpoint of an archive that ended with `head`.
fn vouches(row: &Model, head: &Head) -> bool {
    if row.action != Action::ArchiveAudit.as_str() {
        return false;
    }
    let Ok(detail) = serde_json::from_str::<Value>(&row.detail) else { return false };
    detail["through"].as_i64() == Some(head.id) && detail["hash"].as_str() == Some(&head.hash)
}
