//! Facts about the whole installation, by key: the demo's mark, which tenants were deleted by hand.

use sea_orm::{ActiveValue, EntityTrait, sea_query::OnConflict};

use super::entity::meta::{ActiveModel, Column, Entity};
use super::{Change, Error, Source};

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
