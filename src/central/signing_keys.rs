//! The keys that sign tokens: which is next, which signs, which have signed. A key's row is never deleted, so that a key that
//! was given up is never taken up again; its private half goes when it stops signing.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
    sea_query::ExprTrait,
};

use super::entity::signing_key::{ActiveModel, Column, Entity, Model};
use super::{Change, Error, LIMIT, Source, Table};

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Published, so that everybody knows it before it signs.
    Next,
    /// Signs.
    Signing,
    /// Signs no more; what it signed is still good for a while.
    Retired,
}

impl State {
    /// The word stored.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Next => "next",
            State::Signing => "signing",
            State::Retired => "retired",
        }
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(word: &str) -> Result<State, String> {
        let all = [State::Next, State::Signing, State::Retired];
        all.into_iter().find(|state| state.as_str() == word).ok_or_else(|| format!("“{word}” is not a key's state"))
    }
}

/// A key as it is stored.
#[derive(Clone, PartialEq)]
pub struct SigningKey {
    /// Its id, as it stands in the header of what it signed.
    pub kid: String,
    /// Where it is in its life.
    pub state: State,
    /// The private half, or where it is, sealed; nothing once it is retired.
    pub private_key: String,
    /// The public half, as JSON.
    pub public_jwk: String,
    /// When it begins to sign, or began to.
    pub signs_at: DateTime<Utc>,
    /// When it stopped.
    pub retired_at: Option<DateTime<Utc>>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).field("state", &self.state).finish_non_exhaustive()
    }
}

impl TryFrom<Model> for SigningKey {
    type Error = Error;

    fn try_from(row: Model) -> Result<SigningKey, Error> {
        Ok(SigningKey {
            kid: row.kid,
            state: row.state.parse().map_err(Error::Internal)?,
            private_key: row.private_key,
            public_jwk: row.public_jwk,
            signs_at: row.signs_at,
            retired_at: row.retired_at,
        })
    }
}

/// The keys that are published: all but those retired before `since`, the youngest first.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn published(from: &impl Source, since: DateTime<Utc>) -> Result<Vec<SigningKey>, Error> {
    let still = Condition::any().add(Column::State.ne(State::Retired.as_str())).add(Column::RetiredAt.gt(since));
    let query = Entity::find().filter(still).order_by_desc(Column::CreatedAt).order_by_asc(Column::Kid).limit(LIMIT);
    query.all(from.on()).await?.into_iter().map(SigningKey::try_from).collect()
}

/// Which of these ids belong to keys there are or ever were.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn known(from: &impl Source, kids: &[String]) -> Result<Vec<String>, Error> {
    let rows = Entity::find().filter(Column::Kid.is_in(kids.iter().map(String::as_str))).all(from.on()).await?;
    Ok(rows.into_iter().map(|row| row.kid).collect())
}

/// Adds a key.
///
/// # Errors
/// `Conflict` on `signing key` when there is one of this id, or another that signs.
pub async fn create(change: &Change, key: &SigningKey) -> Result<(), Error> {
    change.alters(&[Table::Keys]);
    let row = ActiveModel {
        kid: Set(key.kid.clone()),
        state: Set(key.state.as_str().to_owned()),
        private_key: Set(key.private_key.clone()),
        public_jwk: Set(key.public_jwk.clone()),
        created_at: Set(change.at()),
        signs_at: Set(key.signs_at),
        retired_at: Set(key.retired_at),
    };
    Entity::insert(row).exec_without_returning(change.on()).await.map_err(Error::taken("signing key"))?;
    Ok(())
}

/// Has a key sign from now on; the one before must be retired already.
///
/// # Errors
/// `Conflict` on `signing key` when another signs, `NotFound` when there is no such key.
pub async fn promote(change: &Change, kid: &str) -> Result<(), Error> {
    change.alters(&[Table::Keys]);
    let done = Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Signing.as_str()))
        .filter(Column::Kid.eq(kid).and(Column::State.eq(State::Next.as_str())))
        .exec(change.on())
        .await
        .map_err(Error::taken("signing key"))?;
    if done.rows_affected == 0 { Err(Error::NotFound(format!("the key {kid}"))) } else { Ok(()) }
}

/// Has a key sign no more and forgets its private half. What it signed before `at` stays good for a while: a key that is
/// retired long ago is good for nothing.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn retire(change: &Change, kid: &str, at: DateTime<Utc>) -> Result<(), Error> {
    change.alters(&[Table::Keys]);
    Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Retired.as_str()))
        .col_expr(Column::RetiredAt, Expr::value(at))
        .col_expr(Column::PrivateKey, Expr::value(""))
        .filter(Column::Kid.eq(kid))
        .exec(change.on())
        .await?;
    Ok(())
}
