use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryOrder, QuerySelect, Statement};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::Error;
use super::super::entity::audit_log::{ActiveModel, Column, Entity, Model};
use super::Entry;

/// What the first row is chained to.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A row that the next one is chained to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::central) struct End {
    id: i64,
    hash: String,
}

/// Writes the entries behind the last row, and tells which is the last then. `known` is the last as far as the caller knows:
/// where it still is, nobody needs to ask. The caller holds the chain's lock and commits at once.
pub(in crate::central) async fn append(tx: &impl ConnectionTrait, entries: &[Entry], known: Option<End>) -> Result<End, Error> {
    let (mut end, mut rest) = (None, entries);
    if let (Some(known), Some((first, others))) = (&known, entries.split_first())
        && let Some(added) = add_behind(tx, known, first).await?
    {
        (end, rest) = (Some(added), others);
    }
    let mut end = match end {
        Some(end) => end,
        None => last(tx).await?,
    };
    let rows: Vec<Model> = rest.iter().map(|entry| chained(entry, &mut end)).collect();
    // 14 values a row; both databases take far more than 1,400 in one statement
    for rows in rows.chunks(100) {
        Entity::insert_many(rows.iter().map(|row| active(row.clone()))).exec_without_returning(tx).await?;
    }
    Ok(end)
}

async fn last(tx: &impl ConnectionTrait) -> Result<End, Error> {
    let last = Entity::find().select_only().column(Column::Id).column(Column::Hash).order_by_desc(Column::Id);
    let (id, hash) = last.into_tuple().one(tx).await?.unwrap_or_else(|| (0, GENESIS.to_owned()));
    Ok(End { id, hash })
}

/// Adds one row if `end` is the last still: another process may have written since, or an older database been put in place.
async fn add_behind(tx: &impl ConnectionTrait, end: &End, entry: &Entry) -> Result<Option<End>, Error> {
    let mut added = end.clone();
    let row = chained(entry, &mut added);
    let values = [
        row.id.into(),
        row.at.into(),
        row.action.into(),
        row.actor_kind.into(),
        row.actor_id.into(),
        row.actor.into(),
        row.tenant_id.into(),
        row.target.into(),
        row.detail.into(),
        row.address.into(),
        row.correlation_id.into(),
        row.canonical.into(),
        row.prev_hash.into(),
        row.hash.into(),
        end.id.into(),
    ];
    let done = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), ADD_BEHIND, values)).await?;
    Ok((done.rows_affected() == 1).then_some(added))
}

const ADD_BEHIND: &str = "INSERT INTO audit_logs (id, at, action, actor_kind, actor_id, actor, tenant_id, target, detail, address, \
     correlation_id, canonical, prev_hash, hash) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 \
     WHERE EXISTS (SELECT 1 FROM audit_logs WHERE id = $15 AND hash = $13) AND NOT EXISTS (SELECT 1 FROM audit_logs WHERE id > $15)";

/// The entry as the row behind `end`, which it then is itself.
fn chained(entry: &Entry, end: &mut End) -> Model {
    let mut row = Model {
        id: end.id + 1,
        at: entry.at,
        action: entry.action.as_str().to_owned(),
        actor_kind: entry.actor_kind.to_owned(),
        actor_id: entry.actor_id,
        actor: entry.actor.clone(),
        tenant_id: entry.tenant,
        target: entry.target.clone(),
        detail: sorted(&Value::Object(entry.detail.clone().into_iter().collect())),
        address: entry.address.clone(),
        correlation_id: entry.correlation.clone(),
        canonical: String::new(),
        prev_hash: std::mem::take(&mut end.hash),
        hash: String::new(),
    };
    row.canonical = canonical(&row);
    row.hash = hash_of(&row.prev_hash, &row.canonical);
    (end.id, end.hash) = (row.id, row.hash.clone());
    row
}

fn active(row: Model) -> ActiveModel {
    ActiveModel {
        id: Set(row.id),
        at: Set(row.at),
        action: Set(row.action),
        actor_kind: Set(row.actor_kind),
        actor_id: Set(row.actor_id),
        actor: Set(row.actor),
        tenant_id: Set(row.tenant_id),
        target: Set(row.target),
        detail: Set(row.detail),
        address: Set(row.address),
        correlation_id: Set(row.correlation_id),
        canonical: Set(row.canonical),
        prev_hash: Set(row.prev_hash),
        hash: Set(row.hash),
    }
}

/// The text that is hashed: the row's columns as JSON, keys sorted, times in UTC to the microsecond.
pub(super) fn canonical(row: &Model) -> String {
    let text = |value: &str| Value::from(value).to_string();
    let maybe = |value: Option<String>| value.map_or_else(|| "null".to_owned(), |value| text(&value));
    format!(
        "{{\"action\":{},\"actor\":{},\"actor_id\":{},\"actor_kind\":{},\"address\":{},\"at\":{},\
         \"correlation_id\":{},\"detail\":{},\"id\":{},\"target\":{},\"tenant_id\":{}}}",
        text(&row.action),
        text(&row.actor),
        maybe(row.actor_id.map(|id| id.to_string())),
        text(&row.actor_kind),
        maybe(row.address.clone()),
        text(&micros(row.at)),
        text(&row.correlation_id),
        row.detail,
        row.id,
        maybe(row.target.clone()),
        maybe(row.tenant_id.map(|id| id.to_string())),
    )
}

pub(super) fn hash_of(prev_hash: &str, canonical: &str) -> String {
    hex::encode(Sha256::new().chain_update(prev_hash).chain_update("\n").chain_update(canonical).finalize())
}

fn micros(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// JSON with the keys of every object sorted.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.iter().collect();
            keys.sort_by_key(|(key, _)| key.as_str());
            let parts: Vec<String> =
                keys.iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), sorted(value))).collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::sorted;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        assert_eq!(sorted(&json!({"b": [{"z": 1, "a": null}], "a": "x\"y"})), r#"{"a":"x\"y","b":[{"a":null,"z":1}]}"#);
    }
}
