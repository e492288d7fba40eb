//! Saving a dashboard's filters as one's own, and forgetting them.

use std::sync::Arc;

use poem::web::{Data, Path};
use poem::{Request, Response, handler};

use super::dashboard::find;
use crate::error::Result;
use crate::tenancy::TenantScope;
use crate::web::view::PageView;
use crate::web::{Parts, around, filters};

/// `POST …/dashboard/{dashboard}/filters/save`: what the address sets is what this dashboard opens with from now on.
#[handler]
pub async fn save(
    scope: TenantScope,
    Path((_, dashboard)): Path<(String, String)>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let dashboard = find(parts, &scope, &dashboard)?;
    let mut page = PageView::read(request.uri().query().unwrap_or_default(), &dashboard, &scope, parts.clock.now());
    if !dashboard.filters.is_empty() {
        filters::settle(parts, &scope, &dashboard, &mut page).await;
        filters::save(parts, &scope, &dashboard, Some(&page)).await?;
    }
    Ok(around::see_other(&page.page(&scope, &dashboard).href()))
}

/// `POST …/dashboard/{dashboard}/filters/reset`: it opens as its author made it.
#[handler]
pub async fn reset(
    scope: TenantScope,
    Path((_, dashboard)): Path<(String, String)>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let dashboard = find(parts, &scope, &dashboard)?;
    let page = PageView::read(request.uri().query().unwrap_or_default(), &dashboard, &scope, parts.clock.now());
    filters::save(parts, &scope, &dashboard, None).await?;
    let mut address = page.page(&scope, &dashboard);
    address.query.retain(|(name, _)| !name.starts_with("var-"));
    Ok(around::see_other(&address.href()))
}
