//! Facts about the whole installation, by key: the demo's mark, the generation of who may do what.

use std::time::Duration;

use sea_orm::{ActiveValue, ConnectionTrait, EntityTrait, sea_query::OnConflict};
use tokio::task::JoinHandle;

use super::entity::meta::{ActiveModel, Column, Entity};
use super::{Central, Change, Error, Source};

const GENERATION: &str = "generation";

/// The value of a key.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(from: &impl Source, key: &str) -> Result<Option<String>, Error> {
    Ok(Entity::find_by_id(key).one(from.on()).await?.map(|row| row.value))
}

/// Sets a key.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn set(change: &Change, key: &str, value: &str) -> Result<(), Error> {
    let row = ActiveModel { key: ActiveValue::Set(key.to_owned()), value: ActiveValue::Set(value.to_owned()) };
    let instead = OnConflict::column(Column::Key).update_column(Column::Value).to_owned();
    Entity::insert(row).on_conflict(instead).exec_without_returning(change.on()).await?;
    Ok(())
}

/// Removes a key.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn unset(change: &Change, key: &str) -> Result<(), Error> {
    Entity::delete_by_id(key).exec(change.on()).await?;
    Ok(())
}

pub(super) async fn next_generation(tx: &impl ConnectionTrait) -> Result<(), Error> {
    let sql = "UPDATE central_meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'generation'";
    tx.execute_unprepared(sql).await?;
    Ok(())
}

/// Looks each second whether another process changed who may do what, and then forgets what this one remembered.
pub fn watch(central: &Central) -> JoinHandle<()> {
    let central = central.clone();
    tokio::spawn(async move {
        let mut known = None;
        loop {
            match find(&central, GENERATION).await {
                Ok(now) if known.as_ref() == Some(&now) => {}
                Ok(now) => {
                    central.forget_access();
                    known = Some(now);
                }
                Err(error) => tracing::debug!(%error, "the central database's generation could not be read"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
}
