//! The picture of a custom panel, as a file: only ever from this server, whoever made it.

use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use poem::web::{Data, Path};
use poem::{Request, Response, handler};

use super::dashboard::find;
use crate::error::{Error, Result};
use crate::panel::{Asked, Content};
use crate::tenancy::TenantScope;
use crate::web::Parts;
use crate::web::view::PageView;

/// A drawing opened by itself is a document: it may do nothing at all.
pub const ALONE: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// `GET …/panel/{panel}/image`: what the panel's endpoint drew; 404 for panels that show no picture.
#[handler]
pub async fn show(
    scope: TenantScope,
    Path((_, dashboard, panel)): Path<(String, String, String)>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let dashboard = find(parts, &scope, &dashboard)?;
    let placed = dashboard.panels.iter().find(|p| p.key.as_str() == panel).ok_or(Error::NotFound("panel"))?;
    let call = placed.panel.endpoint().ok_or(Error::NotFound("picture"))?;
    let page = PageView::read(request.uri().query().unwrap_or_default(), &dashboard, &scope, parts.clock.now());
    let view = page.of_panel(&scope, &dashboard, placed);
    let asked = Asked { scope: &scope, cache: &parts.cache, view: &view, fresh: page.fresh };
    let made = parts.endpoints.ask(call, asked).await.map_err(Error::unavailable)?;
    let Content::Picture(picture) = made.content else { return Err(Error::NotFound("picture")) };
    let etag = format!("\"{}\"", picture.print());
    let known = request.header("if-none-match") == Some(etag.as_str());
    let mut response = match known {
        true => Response::builder().status(StatusCode::NOT_MODIFIED).finish(),
        false => Response::builder().content_type(picture.content_type()).body(picture.file()),
    };
    let headers = response.headers_mut();
    headers.insert("cache-control", HeaderValue::from_static("private, no-cache"));
    headers.insert("vary", HeaderValue::from_static("cookie"));
    headers.insert("content-security-policy", HeaderValue::from_static(ALONE));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert("etag", etag);
    }
    Ok(response)
}
