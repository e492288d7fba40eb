//! The whole audit: who did what, in which tenant, when; and whether the chain holds.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::{Chrome, Desk, framed};
use crate::central::audit::Look;
use crate::error::Result;
use crate::tenancy::Operator;
use crate::web::form::Field;
use crate::web::guards::Sent;
use crate::web::ledger::{self, Asked, Leaf};
use crate::web::listing::moment;
use crate::web::{Parts, around};

/// How long a page waits for the chain to be walked.
const PATIENCE: Duration = Duration::from_millis(400);

/// Whether the chain holds, as a badge.
#[derive(Clone, Debug)]
pub struct Chain {
    /// `good`, `bad` or `warn`.
    pub mark: &'static str,
    /// In a few words.
    pub words: String,
    /// More of it.
    pub more: String,
}

/// What is known of the chain.
pub(super) async fn chain(parts: &Parts, anew: bool) -> Chain {
    let now = parts.clock.now();
    let told = |mark, words: &str, more: String| Chain { mark, words: words.to_owned(), more };
    match parts.chain.look(&parts.central, anew, PATIENCE).await {
        Look::Whole { rows, at } => {
            let rows = crate::domain::unit::grouped(rows as f64, 0);
            told(
                "good",
                "Chain verified",
                format!("{rows} rows, each chained to the one before; walked {}", moment(at, now).words),
            )
        }
        Look::Broken { row, at } => {
            told("bad", "Chain broken", format!("Row {}: {}. Found {}", row.id, row.why, moment(at, now).words))
        }
        Look::Walking => told("warn", "Chain being verified", "There is much to walk; look again in a while".to_owned()),
        Look::Unknown => told("warn", "Chain not verified", "The central database did not answer".to_owned()),
    }
}

/// The audit, a page at a time, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/audit.html")]
pub struct AuditPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// Whether the chain holds.
    pub chain: Chain,
    /// The form of the search.
    pub fields: Vec<Field>,
    /// Where the form leads.
    pub action: String,
    /// The rows.
    pub leaf: Leaf,
    /// Whether anything was asked for.
    pub is_search: bool,
    /// The newest again.
    pub newest: Option<String>,
    /// The next page.
    pub older: Option<String>,
    /// All rows that match, as a file.
    pub export: String,
}

/// `GET /admin/audit`.
#[handler]
pub async fn show(
    operator: Operator,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let here = asked.address("/admin/audit".to_owned());
    let (chrome, desk) = framed(request, &operator, "Audit", here.clone(), None);
    let wish = asked.wish(parts, None).await?;
    let leaf = if wish.faults.is_empty() { ledger::read(parts, &wish.search).await? } else { Leaf::default() };
    around::page(&AuditPage {
        chrome,
        desk,
        chain: chain(parts, false).await,
        fields: asked.fields(&wish, true),
        action: here.path.clone(),
        is_search: !here.query.is_empty(),
        newest: wish.search.before.map(|_| here.href()),
        older: leaf.older.map(|id| here.with("before", Some(&id.to_string())).href()),
        export: asked.address("/admin/audit.ndjson".to_owned()).href(),
        leaf,
    })
}

/// `GET /admin/audit.ndjson`: the rows that match, as a file.
#[handler]
pub async fn export(operator: Operator, Query(asked): Query<Asked>, Data(parts): Data<&Arc<Parts>>) -> Result<Response> {
    let wish = asked.wish(parts, None).await?;
    if !wish.faults.is_empty() {
        return Err(crate::error::Error::Invalid(wish.faults));
    }
    ledger::exported(parts, operator.identity(), wish.search.tenant);
    Ok(ledger::file(parts, wish.search, "audit.ndjson"))
}

/// What the form sends: nothing but that it was pressed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Again {}

/// `POST /admin/audit/verify`: walks the chain anew.
#[handler]
pub async fn verify(_operator: Operator, mut sent: Sent<Again>, Data(parts): Data<&Arc<Parts>>) -> Result<Response> {
    let Again {} = sent.take();
    chain(parts, true).await;
    Ok(around::see_other("/admin/audit"))
}
