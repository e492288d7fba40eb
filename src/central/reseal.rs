//! Every secret that is stored sealed, in one place, so that all of them can be sealed anew under another key.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::entity::{datastore, session_token, signing_key};
use super::{Change, Error, LIMIT, Source, Table};

/// How many texts of each kind were sealed anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Private halves of signing keys.
    pub signing_keys: u64,
    /// Tokens of the identity provider.
    pub session_tokens: u64,
    /// Addresses of datastores.
    pub datastores: u64,
}

/// Why nothing was sealed anew.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ResealFault {
    /// One text does not open: which, and why.
    #[error("{which}: {why}")]
    Closed {
        /// The row, in words.
        which: String,
        /// Why, in the words of what should open it.
        why: String,
    },
    /// The database did not do it.
    #[error(transparent)]
    Central(#[from] Error),
}

impl From<sea_orm::DbErr> for ResealFault {
    fn from(error: sea_orm::DbErr) -> ResealFault {
        ResealFault::Central(error.into())
    }
}

/// Seals everything anew that `again` has a new text for. What somebody changes meanwhile is left to them: they seal with the
/// key of today.
///
/// # Errors
/// See [`ResealFault`]; the change is then to be dropped.
pub async fn reseal(change: &Change, again: Again<'_>) -> Result<Resealed, ResealFault> {
    change.alters(&[Table::Keys, Table::Sessions, Table::Datastores]);
    Ok(Resealed {
        signing_keys: signing_keys(change, again).await?,
        session_tokens: session_tokens(change, again).await?,
        datastores: datastores(change, again).await?,
    })
}

/// Opens a sealed text and seals it anew; none when it needs none.
///
/// # Errors
/// Why it does not open.
pub type Again<'a> = &'a (dyn Fn(&str) -> Result<Option<String>, String> + Sync);

fn anew(again: Again<'_>, sealed: &str, which: impl FnOnce() -> String) -> Result<Option<String>, ResealFault> {
    again(sealed).map_err(|why| ResealFault::Closed { which: which(), why })
}

async fn signing_keys(change: &Change, again: Again<'_>) -> Result<u64, ResealFault> {
    use signing_key::{Column, Entity};
    let mut count = 0;
    for row in Entity::find().filter(Column::PrivateKey.ne("")).all(change.on()).await? {
        let Some(sealed) = anew(again, &row.private_key, || format!("the signing key {}", row.kid))? else { continue };
        let update = Entity::update_many().col_expr(Column::PrivateKey, Expr::value(sealed));
        let same = Column::Kid.eq(&row.kid).and(Column::PrivateKey.eq(&row.private_key));
        count += update.filter(same).exec(change.on()).await?.rows_affected;
    }
    Ok(count)
}

async fn session_tokens(change: &Change, again: Again<'_>) -> Result<u64, ResealFault> {
    use session_token::{Column, Entity};
    let (mut count, mut after) = (0, String::new());
    loop {
        let page = Entity::find().filter(Column::SessionId.gt(&after)).order_by_asc(Column::SessionId).limit(LIMIT);
        let rows = page.all(change.on()).await?;
        let Some(last) = rows.last() else { return Ok(count) };
        after.clone_from(&last.session_id);
        for row in &rows {
            for (column, text) in [(Column::IdToken, &row.id_token), (Column::RefreshToken, &row.refresh_token)] {
                let Some(text) = text else { continue };
                let which = || format!("the identity provider's tokens of the session {}", row.session_id);
                let Some(sealed) = anew(again, text, which)? else { continue };
                let update = Entity::update_many().col_expr(column, Expr::value(sealed));
                let same = Column::SessionId.eq(&row.session_id).and(column.eq(text));
                count += update.filter(same).exec(change.on()).await?.rows_affected;
            }
        }
    }
}

async fn datastores(change: &Change, again: Again<'_>) -> Result<u64, ResealFault> {
    use datastore::{Column, Entity};
    let mut count = 0;
    // the few whose address was brought by a form or the API
    for row in Entity::find().filter(Column::SecretRef.contains("\"sealed\"")).all(change.on()).await? {
        let Ok(Value::Object(mut reference)) = serde_json::from_str(&row.secret_ref) else { continue };
        let Some(Value::String(text)) = reference.get("sealed") else { continue };
        let Some(sealed) = anew(again, text, || format!("the address of the datastore {}", row.id))? else { continue };
        reference.insert("sealed".to_owned(), sealed.into());
        let update = Entity::update_many().col_expr(Column::SecretRef, Expr::value(Value::Object(reference).to_string()));
        let same = Column::Id.eq(row.id).and(Column::SecretRef.eq(&row.secret_ref));
        count += update.filter(same).exec(change.on()).await?.rows_affected;
    }
    Ok(count)
}
