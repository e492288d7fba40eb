//! What happened in this tenant, an operator's look at it included.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};

use super::{Chrome, Desk, framed};
use crate::error::{Error, Result};
use crate::tenancy::TenantAdmin;
use crate::web::form::Field;
use crate::web::ledger::{self, Asked, Leaf};
use crate::web::{Parts, around};

/// The tenant's audit, a page at a time, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "tenant/audit.html")]
pub struct AuditPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The tenant administration's own frame.
    pub desk: Desk,
    /// The tenant's name.
    pub tenant: String,
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

/// `GET /tenant/{tenant}/audit`.
#[handler]
pub async fn show(
    admin: TenantAdmin,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let scope = admin.scope();
    let asked = Asked { tenant: String::new(), ..asked };
    let here = asked.address(format!("/tenant/{}/audit", scope.slug()));
    let (chrome, desk) = framed(parts, request, &admin, "Audit", here.clone(), None).await?;
    let wish = asked.wish(parts, Some(scope.tenant())).await?;
    let leaf = if wish.faults.is_empty() { ledger::read(parts, &wish.search).await? } else { Leaf::default() };
    around::page(&AuditPage {
        chrome,
        desk,
        tenant: scope.name().to_owned(),
        fields: asked.fields(&wish, false),
        action: here.path.clone(),
        is_search: !here.query.is_empty(),
        newest: wish.search.before.map(|_| here.href()),
        older: leaf.older.map(|id| here.with("before", Some(&id.to_string())).href()),
        export: asked.address(format!("/tenant/{}/audit.ndjson", scope.slug())).href(),
        leaf,
    })
}

/// `GET /tenant/{tenant}/audit.ndjson`: the rows that match, as a file.
#[handler]
pub async fn export(admin: TenantAdmin, Query(asked): Query<Asked>, Data(parts): Data<&Arc<Parts>>) -> Result<Response> {
    let scope = admin.scope();
    let wish = asked.wish(parts, Some(scope.tenant())).await?;
    if !wish.faults.is_empty() {
        return Err(Error::Invalid(wish.faults));
    }
    ledger::exported(parts, scope.identity(), Some(scope.tenant()));
    Ok(ledger::file(parts, wish.search, &format!("{}-audit.ndjson", scope.slug())))
}
