//! Who is signed in. A session is known by the hash of its token; the token itself is nowhere.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::entity::session::{ActiveModel, Column, Entity, Model};
use super::entity::user;
use super::users::User;
use super::{Central, Change, Error, LIMIT, Source, Table};
use crate::domain::{TenantId, UserId};

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The token's SHA-256, in hex.
    pub id: String,
    /// Whose it is.
    pub user: UserId,
    /// The tenant last selected for the API.
    pub selected: Option<TenantId>,
    /// When it was last used for navigation, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends, however busy it is.
    pub expires_at: DateTime<Utc>,
}

/// The session with this token hash, and whose it is.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(from: &impl Source, id: &str) -> Result<Option<(Session, User)>, Error> {
    let found = Entity::find_by_id(id).find_also_related(user::Entity).one(from.on()).await?;
    let Some((row, Some(user))) = found else { return Ok(None) };
    let session = Session {
        id: row.id,
        user: UserId(row.user_id),
        selected: row.selected_tenant_id.map(TenantId),
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
    };
    Ok(Some((session, user.try_into()?)))
}

/// A session as its owner and the operators see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The token's SHA-256, in hex; nobody can sign in with it.
    pub id: String,
    /// The browser, in its own words.
    pub user_agent: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used for navigation, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends, however busy it is.
    pub expires_at: DateTime<Utc>,
}

/// Somebody's sessions that have not ended, the last used first, at most [`LIMIT`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn of(central: &Central, user: UserId, idle: TimeDelta) -> Result<Vec<Open>, Error> {
    let now = central.clock().now();
    let query = Entity::find()
        .filter(Column::UserId.eq(user.0))
        .filter(Column::ExpiresAt.gt(now))
        .filter(Column::LastSeenAt.gt(now - idle))
        .order_by_desc(Column::LastSeenAt)
        .limit(LIMIT);
    let open = |row: Model| Open {
        id: row.id,
        user_agent: row.user_agent,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
    };
    Ok(query.all(central.on()).await?.into_iter().map(open).collect())
}

/// Ends one session of this user and says whether there was one.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn revoke_of(change: &Change, user: UserId, id: &str) -> Result<bool, Error> {
    change.alters(&[Table::Sessions]);
    let done = Entity::delete_by_id(id).filter(Column::UserId.eq(user.0)).exec(change.on()).await?;
    Ok(done.rows_affected > 0)
}

/// Begins a session.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn create(change: &Change, session: &Session, user_agent: Option<&str>) -> Result<(), Error> {
    let row = ActiveModel {
        id: Set(session.id.clone()),
        user_id: Set(session.user.0),
        selected_tenant_id: Set(session.selected.map(|tenant| tenant.0)),
        user_agent: Set(user_agent.map(|text| text.chars().filter(|c| *c != '\0').take(256).collect())),
        created_at: Set(change.at()),
        last_seen_at: Set(session.last_seen_at),
        expires_at: Set(session.expires_at),
    };
    Entity::insert(row).exec_without_returning(change.on()).await?;
    Ok(())
}

/// Notes that a session was used. Bookkeeping: it leaves no audit row.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn touch(central: &Central, id: &str, at: DateTime<Utc>) -> Result<(), Error> {
    central.jot(&Entity::update_many().col_expr(Column::LastSeenAt, Expr::value(at)).filter(Column::Id.eq(id))).await?;
    Ok(())
}

/// Remembers the tenant selected for the API.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn select(change: &Change, id: &str, tenant: TenantId) -> Result<(), Error> {
    change.alters(&[Table::Sessions]);
    Entity::update_many()
        .col_expr(Column::SelectedTenantId, Expr::value(tenant.0))
        .filter(Column::Id.eq(id))
        .exec(change.on())
        .await?;
    Ok(())
}

/// Ends one session.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn revoke(change: &Change, id: &str) -> Result<(), Error> {
    change.alters(&[Table::Sessions]);
    Entity::delete_by_id(id).exec(change.on()).await?;
    Ok(())
}

/// Ends every session of a user and says how many there were.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn revoke_all(change: &Change, user: UserId) -> Result<u64, Error> {
    change.alters(&[Table::Sessions]);
    Ok(Entity::delete_many().filter(Column::UserId.eq(user.0)).exec(change.on()).await?.rows_affected)
}

/// Removes what has expired, of everybody.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn sweep(change: &Change, idle: TimeDelta) -> Result<(), Error> {
    let over = Condition::any().add(Column::ExpiresAt.lte(change.at())).add(Column::LastSeenAt.lte(change.at() - idle));
    Entity::delete_many().filter(over).exec(change.on()).await?;
    Ok(())
}
