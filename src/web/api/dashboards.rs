use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;

use super::Tag;
use super::bodies::{DashboardBody, DashboardItem, DashboardList};
use crate::error::Result;
use crate::web::Parts;
use crate::web::guards::ActiveTenant;
use crate::web::openapi::By;
use crate::web::pages::dashboard::find;

pub struct Dashboards;

#[OpenApi(prefix_path = "/api/v1/dashboards", tag = "Tag::Dashboards")]
impl Dashboards {
    /// The dashboards of the active tenant
    ///
    /// The front page (`default`) first, then by title.
    #[oai(path = "/", method = "get", operation_id = "list_dashboards")]
    async fn list(&self, tenant: By<ActiveTenant>, parts: Data<&Arc<Parts>>) -> Result<Json<DashboardList>> {
        let dashboards = parts.catalog.now().dashboards(&tenant.0.0);
        Ok(Json(DashboardList { dashboards: dashboards.into_iter().map(DashboardItem::from).collect() }))
    }

    /// One dashboard
    ///
    /// What stands on it and where: its grid, filters and panels.
    #[oai(path = "/:name", method = "get", operation_id = "get_dashboard")]
    async fn get(
        &self,
        tenant: By<ActiveTenant>,
        parts: Data<&Arc<Parts>>,
        /// The dashboard's name.
        name: Path<String>,
    ) -> Result<Json<DashboardBody>> {
        let scope = &tenant.0.0;
        let dashboard = find(&parts, scope, &name)?;
        parts.tenancy.viewed(scope, &dashboard.key);
        Ok(Json(DashboardBody::from(&*dashboard)))
    }
}
