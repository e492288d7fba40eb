//! What each person set for themselves in each tenant: one row a pair, keyed by dashboard inside.

use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use serde_json::{Map, Value};

use super::entity::preference::{ActiveModel, Column, Entity};
use super::{Change, Error, Source};
use crate::domain::{TenantId, UserId};

/// Everything this person set in this tenant; empty when nothing.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn load(from: &impl Source, tenant: TenantId, user: UserId) -> Result<Map<String, Value>, Error> {
    let row = Entity::find_by_id((tenant.0, user.0)).one(from.on()).await?;
    match row.map(|row| row.prefs) {
        Some(Value::Object(prefs)) => Ok(prefs),
        _ => Ok(Map::new()),
    }
}

/// Replaces everything this person set in this tenant.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn save(change: &Change, tenant: TenantId, user: UserId, prefs: Map<String, Value>) -> Result<(), Error> {
    let row = ActiveModel {
        tenant_id: Set(tenant.0),
        user_id: Set(user.0),
        prefs: Set(Value::Object(prefs)),
        updated_at: Set(change.at()),
    };
    let again =
        OnConflict::columns([Column::TenantId, Column::UserId]).update_columns([Column::Prefs, Column::UpdatedAt]).to_owned();
    Entity::insert(row).on_conflict(again).exec_without_returning(change.on()).await?;
    Ok(())
}
