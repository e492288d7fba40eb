//! What the identity provider gave for a session. It is sealed before it comes here, and gone with the session.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::entity::session_token::{ActiveModel, Column, Entity, Model};
use super::entity::{session, user};
use super::{Central, Change, Error, LIMIT, Source};
use crate::domain::{Email, UserId};

/// The tokens of one session.
#[derive(Clone, Debug, PartialEq)]
pub struct Tokens {
    /// The session's id.
    pub session: String,
    /// Who gave them.
    pub issuer: String,
    /// To whom.
    pub subject: String,
    /// Which session it is there, where it tells.
    pub sid: Option<String>,
    /// The id token, sealed.
    pub id_token: Option<String>,
    /// The refresh token, sealed.
    pub refresh_token: Option<String>,
    /// When to ask for new ones; none when there is nothing to ask with.
    pub due: Option<DateTime<Utc>>,
}

impl From<Model> for Tokens {
    fn from(row: Model) -> Tokens {
        Tokens {
            session: row.session_id,
            issuer: row.issuer,
            subject: row.subject,
            sid: row.sid,
            id_token: row.id_token,
            refresh_token: row.refresh_token,
            due: row.expires_at,
        }
    }
}

/// Keeps the tokens of a session that just began.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn create(change: &Change, tokens: Tokens) -> Result<(), Error> {
    let row = ActiveModel {
        session_id: Set(tokens.session),
        issuer: Set(tokens.issuer),
        subject: Set(tokens.subject),
        sid: Set(tokens.sid),
        id_token: Set(tokens.id_token),
        refresh_token: Set(tokens.refresh_token),
        expires_at: Set(tokens.due),
    };
    Entity::insert(row).exec_without_returning(change.on()).await?;
    Ok(())
}

/// The tokens of a session, where it has some.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn find(from: &impl Source, session: &str) -> Result<Option<Tokens>, Error> {
    Ok(Entity::find_by_id(session).one(from.on()).await?.map(Tokens::from))
}

/// The newest tokens of an account, where one of its sessions has some.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn newest(from: &impl Source, user: UserId) -> Result<Option<Tokens>, Error> {
    let ids = session::Entity::find().filter(session::Column::UserId.eq(user.0)).order_by_desc(session::Column::CreatedAt);
    for row in ids.limit(LIMIT).all(from.on()).await? {
        if let Some(tokens) = find(from, &row.id).await? {
            return Ok(Some(tokens));
        }
    }
    Ok(None)
}

/// Takes it on to ask for new tokens: whoever finds `due` unchanged has it alone until `until`. Two replicas that used one
/// refresh token twice would lose them all. Bookkeeping: it leaves no audit row.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn take_on(central: &Central, session: &str, due: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool, Error> {
    let update = Entity::update_many()
        .col_expr(Column::ExpiresAt, Expr::value(until))
        .filter(Column::SessionId.eq(session))
        .filter(Column::ExpiresAt.eq(due));
    Ok(central.jot(&update).await? == 1)
}

/// Keeps new tokens in place of the old ones. Bookkeeping: it leaves no audit row.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn replace(central: &Central, tokens: &Tokens) -> Result<(), Error> {
    let update = Entity::update_many()
        .col_expr(Column::IdToken, Expr::value(tokens.id_token.clone()))
        .col_expr(Column::RefreshToken, Expr::value(tokens.refresh_token.clone()))
        .col_expr(Column::ExpiresAt, Expr::value(tokens.due))
        .filter(Column::SessionId.eq(tokens.session.as_str()));
    central.jot(&update).await?;
    Ok(())
}

/// A session that a provider's logout means, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Meant {
    /// The session's id.
    pub session: String,
    /// The account's address.
    pub email: Email,
}

/// The sessions of a subject, or of one session there, or both; at most [`LIMIT`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn meant(from: &impl Source, issuer: &str, subject: Option<&str>, sid: Option<&str>) -> Result<Vec<Meant>, Error> {
    let mut query = Entity::find().filter(Column::Issuer.eq(issuer));
    if let Some(subject) = subject {
        query = query.filter(Column::Subject.eq(subject));
    }
    if let Some(sid) = sid {
        query = query.filter(Column::Sid.eq(sid));
    }
    let mut meant = Vec::new();
    for row in query.limit(LIMIT).all(from.on()).await? {
        let found = session::Entity::find_by_id(row.session_id).find_also_related(user::Entity).one(from.on()).await?;
        if let Some((session, Some(user))) = found {
            meant.push(Meant { session: session.id, email: user.email.parse().map_err(Error::Internal)? });
        }
    }
    Ok(meant)
}
