use std::sync::Arc;

use http::HeaderValue;
use poem::web::Data;
use poem::{IntoResponse, Request};
use poem_openapi::param::{Path, Query};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, OpenApi};

use super::Tag;
use super::bodies::Words;
use super::look::{self, Look};
use crate::config::{Dashboard, Placed};
use crate::domain::Key;
use crate::error::{Error, Result};
use crate::panel::{Content, Maker};
use crate::tenancy::TenantScope;
use crate::web::Parts;
use crate::web::guards::ActiveTenant;
use crate::web::openapi::By;
use crate::web::pages::image;

const JSON: &str = "application/json; charset=utf-8";

/// What an endpoint made: words or a picture.
pub struct Made(Content);

impl IntoResponse for Made {
    fn into_response(self) -> poem::Response {
        match self.0 {
            Content::Words(words) => poem::Response::builder().content_type(JSON).body(words.to_string()),
            Content::Picture(picture) => {
                let mut response = poem::Response::builder().content_type(picture.content_type()).body(picture.file());
                response.headers_mut().insert("content-security-policy", HeaderValue::from_static(image::ALONE));
                response
            }
        }
    }
}

impl ApiResponse for Made {
    fn meta() -> MetaResponses {
        let picture = || MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary")));
        let words = MetaSchema {
            example: Some(serde_json::json!({ "date": "2026-11-20", "total_requests": 18240, "error_rate": 0.4 })),
            ..Words::schema_ref().unwrap_inline().clone()
        };
        let words = MetaMediaType { content_type: JSON, schema: MetaSchemaRef::Inline(Box::new(words)) };
        let pictures = ["image/svg+xml", "image/png", "image/jpeg"];
        let pictures = pictures.map(|content_type| MetaMediaType { content_type, schema: picture() });
        MetaResponses {
            responses: vec![MetaResponse {
                description: "What the endpoint makes: words as JSON, or a picture.",
                status: Some(200),
                status_range: None,
                content: std::iter::once(words).chain(pictures).collect(),
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

pub struct Custom;

#[OpenApi(prefix_path = "/api/v1/custom", tag = "Tag::Panels")]
impl Custom {
    /// What a custom endpoint makes
    ///
    /// Exactly what the panel that names this endpoint draws, made with the parameters in the panel's file: a caller
    /// chooses the range and among the panels, never what the endpoint reads.
    #[oai(path = "/:endpoint", method = "get", operation_id = "custom_endpoint")]
    #[allow(clippy::too_many_arguments)] // each is a parameter of the contract
    async fn show(
        &self,
        tenant: By<ActiveTenant>,
        parts: Data<&Arc<Parts>>,
        request: &Request,
        /// The endpoint's name.
        endpoint: Path<String>,
        /// The panel whose parameters count, where several name the endpoint; the first unless said.
        #[oai(validator(max_length = 64))]
        panel: Query<Option<String>>,
        /// The dashboard to look for the panel in; all unless said.
        #[oai(validator(max_length = 64))]
        dashboard: Query<Option<String>>,
        /// From when; see the panel's data.
        #[oai(validator(max_length = 64))]
        start_date: Query<Option<String>>,
        /// Until when (exclusive).
        #[oai(validator(max_length = 64))]
        end_date: Query<Option<String>>,
    ) -> Result<Made> {
        let scope = &tenant.0.0;
        let (at, panel) = naming(&parts, scope, &endpoint, panel.0.as_deref(), dashboard.0.as_deref())?;
        let look = Look { dashboard: Some(at.to_string()), start: start_date.0, end: end_date.0, ..Look::default() };
        let looked = look::read(&parts, scope, panel.as_str(), &look, request.uri().query().unwrap_or_default()).await?;
        let call = looked.placed.panel.endpoint().ok_or(Error::NotFound("endpoint"))?;
        Ok(Made(look::made(&parts, scope, call, &looked.view).await?))
    }
}

/// The first panel that names the endpoint, and its dashboard.
fn naming(
    parts: &Parts,
    scope: &TenantScope,
    endpoint: &str,
    panel: Option<&str>,
    dashboard: Option<&str>,
) -> Result<(Key, Key)> {
    let catalog = parts.catalog.now();
    let fits = |dashboard: &Dashboard, placed: &Placed| {
        let named = placed.panel.endpoint().is_some_and(|call| call.maker == Maker::Own(endpoint.to_owned()));
        let wanted = panel.is_none_or(|panel| placed.key.as_str() == panel);
        (named && wanted).then(|| (dashboard.key.clone(), placed.key.clone()))
    };
    let titles = catalog.dashboards(scope).into_iter();
    let wanted = titles.filter(|title| dashboard.is_none_or(|name| title.key.as_str() == name));
    let mut dashboards = wanted.filter_map(|title| catalog.dashboard(scope, &title.key));
    let found = dashboards.find_map(|dashboard| dashboard.panels.iter().find_map(|placed| fits(&dashboard, placed)));
    found.ok_or(Error::NotFound("endpoint on a panel of this tenant"))
}
