use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::super::entity::audit_log::{Column, Entity};
use super::super::tenants::like;
use super::super::{Error, LIMIT, Source};
use super::Action;
use crate::domain::TenantId;

/// One row of the audit, as it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number in the chain.
    pub id: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What was done, see [`Action`].
    pub action: String,
    /// `person`, `console`, `system`, `nobody`.
    pub actor_kind: String,
    /// The user, where there is one.
    pub actor_id: Option<Uuid>,
    /// Who, in words.
    pub actor: String,
    /// In which tenant.
    pub tenant: Option<Uuid>,
    /// What it was about.
    pub target: Option<String>,
    /// More, as JSON with sorted keys.
    pub detail: String,
    /// From where.
    pub address: Option<String>,
    /// The request.
    pub correlation: String,
    /// What the next row is chained to.
    pub hash: String,
}

/// Which rows are wanted; what is not set does not matter.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Only of this tenant.
    pub tenant: Option<TenantId>,
    /// Only of this actor, by the words it is named with.
    pub actor: Option<String>,
    /// Only of actors or about targets in whose names this stands.
    pub text: Option<String>,
    /// Only this action.
    pub action: Option<Action>,
    /// Only from this moment on.
    pub since: Option<DateTime<Utc>>,
    /// Only before this moment.
    pub until: Option<DateTime<Utc>>,
    /// Only rows before this number: the next page.
    pub before: Option<i64>,
}

/// The newest rows first, at most `limit` (and never more than [`LIMIT`]).
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn list(from: &impl Source, search: &Search, limit: u64) -> Result<Vec<Row>, Error> {
    let mut query = Entity::find().order_by_desc(Column::Id).limit(Ord::min(limit, LIMIT));
    if let Some(tenant) = search.tenant {
        query = query.filter(Column::TenantId.eq(tenant.0));
    }
    if let Some(actor) = &search.actor {
        query = query.filter(Column::Actor.eq(actor.as_str()));
    }
    if let Some(action) = search.action {
        query = query.filter(Column::Action.eq(action.as_str()));
    }
    if let Some(text) = search.text.as_deref().map(like) {
        let named = |column: Column| Expr::expr(Func::lower(Expr::col(column))).like(LikeExpr::new(text.as_str()).escape('\\'));
        query = query.filter(Condition::any().add(named(Column::Actor)).add(named(Column::Target)));
    }
    if let Some(since) = search.since {
        query = query.filter(Column::At.gte(since));
    }
    if let Some(until) = search.until {
        query = query.filter(Column::At.lt(until));
    }
    if let Some(before) = search.before {
        query = query.filter(Column::Id.lt(before));
    }
    let rows = query.all(from.on()).await?;
    let read = rows.into_iter().map(|row| Row {
        id: row.id,
        at: row.at,
        action: row.action,
        actor_kind: row.actor_kind,
        actor_id: row.actor_id,
        actor: row.actor,
        tenant: row.tenant_id,
        target: row.target,
        detail: row.detail,
        address: row.address,
        correlation: row.correlation_id,
        hash: row.hash,
    });
    Ok(read.collect())
}
