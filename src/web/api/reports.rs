use std::sync::Arc;

use poem::web::Data;
use poem::{IntoResponse, Request};
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Enum, OpenApi};

use super::Tag;
use super::bodies::{ExportedRows, Exports, Range, ReportBody, ReportedPanel};
use super::look::{self, Look, Looked};
use crate::error::Result;
use crate::frame::write;
use crate::panel::Address;
use crate::tenancy::TenantScope;
use crate::web::exports::{self, Wanted};
use crate::web::guards::ActiveTenant;
use crate::web::openapi::By;
use crate::web::{Parts, filters};

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated, with a heading; what a spreadsheet would run as a formula is made text.
    Csv,
    /// The rows as objects, and whether there are more than a file holds.
    Json,
    /// An object a line; a file that breaks off ends with a line `{"error": …}`.
    Ndjson,
}

impl From<Format> for write::Format {
    fn from(format: Format) -> write::Format {
        match format {
            Format::Csv => write::Format::Csv,
            Format::Json => write::Format::Json,
            Format::Ndjson => write::Format::Ndjson,
        }
    }
}

/// A file, streamed.
pub struct File(poem::Response);

impl IntoResponse for File {
    fn into_response(self) -> poem::Response {
        self.0
    }
}

impl ApiResponse for File {
    fn meta() -> MetaResponses {
        let schema = || MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")));
        let header = |name: &str, description: &str, required, schema| MetaHeader {
            name: name.to_owned(),
            description: Some(description.to_owned()),
            required,
            deprecated: false,
            schema,
        };
        let content = [write::Format::Csv, write::Format::Json, write::Format::Ndjson].map(|format| MetaMediaType {
            content_type: format.content_type(),
            schema: if format == write::Format::Json { ExportedRows::schema_ref() } else { schema() },
        });
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The file. It has no length: a connection that breaks before its end means that the file is not whole.",
                status: Some(200),
                status_range: None,
                content: content.into_iter().collect(),
                headers: vec![
                    header("Content-Disposition", "The file's name.", true, String::schema_ref()),
                    header(
                        "X-Loggia-Truncated",
                        "`true` where there are more rows than a file holds.",
                        false,
                        bool::schema_ref(),
                    ),
                ],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        ExportedRows::register(registry);
    }
}

pub struct Reports;

#[OpenApi(prefix_path = "/api/v1/reports", tag = "Tag::Reports")]
impl Reports {
    /// A panel's report
    ///
    /// What the panel shows, with the range, the filters and the tenant it is about.
    #[oai(path = "/:panel_id", method = "get", operation_id = "panel_report")]
    #[allow(clippy::too_many_arguments)] // each is a parameter of the contract
    async fn show(
        &self,
        tenant: By<ActiveTenant>,
        parts: Data<&Arc<Parts>>,
        request: &Request,
        /// The panel's id.
        panel_id: Path<String>,
        /// The dashboard whose range and filters count; without it the front page, else the first that has the panel.
        #[oai(validator(max_length = 64))]
        dashboard: Query<Option<String>>,
        /// From when; see the panel's data.
        #[oai(validator(max_length = 64))]
        start_date: Query<Option<String>>,
        /// Until when (exclusive).
        #[oai(validator(max_length = 64))]
        end_date: Query<Option<String>>,
        /// Every reading instead of buckets.
        disable_aggregation: Query<Option<bool>>,
    ) -> Result<Json<ReportBody>> {
        let look = of(dashboard.0, start_date.0, end_date.0, disable_aggregation.0);
        let scope = &tenant.0.0;
        let looked = look::read(&parts, scope, &panel_id, &look, request.uri().query().unwrap_or_default()).await?;
        let data = looked.data(&parts, scope).await?;
        parts.tenancy.reported(scope, &looked.placed.key);
        let (common, page) = (looked.placed.panel.common(), &looked.page);
        Ok(Json(ReportBody {
            panel: ReportedPanel {
                id: looked.placed.key.to_string(),
                kind: looked.placed.kind.to_owned(),
                title: common.title.clone(),
                description: common.description.clone().into(),
            },
            dashboard: looked.dashboard.key.to_string(),
            tenant: scope.name().to_owned(),
            range: Range { from: page.range.from(), to: page.range.to(), zone: page.zone.name().to_owned() },
            filters: filters::words(&looked.dashboard, page),
            made_at: page.now,
            made_by: scope.identity().email().to_owned(),
            exports: exports_of(&looked, &look, request),
            data,
        }))
    }

    /// A panel's rows as a file
    ///
    /// What the panel shows, streamed; with `disable_aggregation` the rows behind it. At most 5 million.
    #[oai(path = "/:panel_id/export", method = "get", operation_id = "export_report")]
    #[allow(clippy::too_many_arguments)] // each is a parameter of the contract
    async fn export(
        &self,
        tenant: By<ActiveTenant>,
        parts: Data<&Arc<Parts>>,
        request: &Request,
        /// The panel's id.
        panel_id: Path<String>,
        /// The format; CSV unless said.
        format: Query<Option<Format>>,
        /// The dashboard whose range and filters count; without it the front page, else the first that has the panel.
        #[oai(validator(max_length = 64))]
        dashboard: Query<Option<String>>,
        /// From when; see the panel's data.
        #[oai(validator(max_length = 64))]
        start_date: Query<Option<String>>,
        /// Until when (exclusive).
        #[oai(validator(max_length = 64))]
        end_date: Query<Option<String>>,
        /// The rows behind what the panel shows.
        disable_aggregation: Query<Option<bool>>,
    ) -> Result<File> {
        let look = of(dashboard.0, start_date.0, end_date.0, disable_aggregation.0);
        let scope: TenantScope = tenant.0.0;
        let looked = look::read(&parts, &scope, &panel_id, &look, request.uri().query().unwrap_or_default()).await?;
        let wanted = Wanted { scope, dashboard: looked.dashboard, view: looked.page, request };
        let format = format.0.unwrap_or(Format::Csv).into();
        Ok(File(exports::rows(&parts, &wanted, &looked.placed, format).await?))
    }
}

fn of(dashboard: Option<String>, start: Option<String>, end: Option<String>, raw: Option<bool>) -> Look {
    Look { dashboard, start, end, raw: raw.unwrap_or(false), ..Look::default() }
}

/// Where the same rows leave as files: with the same range and filters.
fn exports_of(looked: &Looked, look: &Look, request: &Request) -> Exports {
    let own = |name: &str| name.starts_with("var-") || matches!(name, "start_date" | "end_date" | "disable_aggregation");
    let query = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let mut query: Vec<(String, String)> = query.into_owned().filter(|(name, _)| own(name)).collect();
    query.push(("dashboard".to_owned(), look.dashboard.clone().unwrap_or_else(|| looked.dashboard.key.to_string())));
    let address = Address { path: format!("/api/v1/reports/{}/export", looked.placed.key), query };
    let has_rows = looked.placed.panel.export(&looked.view).is_some();
    let file = |format: &str| has_rows.then(|| address.with("format", Some(format)).href());
    Exports { csv: file("csv").into(), json: file("json").into() }
}
