//! The page that asks before a tenant is forgotten.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::tenant::SlugPath;
use super::{Chrome, Desk, again, at, framed};
use crate::error::Result;
use crate::tenancy::Operator;
use crate::tenancy::tenants::Record;
use crate::web::form::{Field, fault};
use crate::web::guards::Sent;
use crate::web::{Parts, around, limits};

/// One question, answered with the tenant's short name.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/tenant_delete.html")]
pub struct DeletePage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// The tenant's own page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its short name.
    pub slug: String,
    /// Whether a folder describes it.
    pub has_folder: bool,
    /// Where the short name is typed.
    pub field: Field,
}

fn page(request: &Request, operator: &Operator, record: &Record, faults: &[crate::error::FieldFault]) -> DeletePage {
    let slug = record.tenant.slug.to_string();
    let href = format!("/admin/tenants/{slug}");
    let (chrome, desk) = framed(request, operator, "Forget a tenant", at(format!("{href}/delete")), None);
    let field = Field::line("slug", "To go on, type its short name", "").required().with(faults);
    DeletePage { chrome, desk, href, name: record.tenant.name.clone(), slug, has_folder: record.tenant.config.declared, field }
}

/// `GET /admin/tenants/{slug}/delete`: asks.
#[handler]
pub async fn show(
    operator: Operator,
    Path(path): Path<SlugPath>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    around::page(&page(request, &operator, &path.record(parts).await?, &[]))
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    slug: String,
}

/// `POST /admin/tenants/{slug}/delete`: forgets it.
#[handler]
pub async fn submit(
    operator: Operator,
    Path(path): Path<SlugPath>,
    mut sent: Sent<Answer>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let record = path.record(parts).await?;
    if sent.take().slug.trim() != record.tenant.slug.as_str() {
        let faults = [fault("slug", format!("that is not “{}”", record.tenant.slug))];
        return again(&page(request, &operator, &record, &faults), http::StatusCode::UNPROCESSABLE_ENTITY);
    }
    limits::in_time(parts.tenancy.delete(operator.actor(), &record.tenant.slug)).await?;
    Ok(around::see_other("/admin/tenants?done=deleted"))
}
