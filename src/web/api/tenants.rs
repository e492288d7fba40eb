use std::sync::Arc;

use poem::Request;
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

use super::Tag;
use super::bodies::{TenantItem, TenantList};
use crate::error::{Error, Result};
use crate::web::guards::{self, Person};
use crate::web::openapi::By;
use crate::web::{Parts, limits};

pub struct Tenants;

#[OpenApi(prefix_path = "/api/v1/tenants", tag = "Tag::Tenants")]
impl Tenants {
    /// The tenants the caller may open
    ///
    /// By name, 50 a page. With a token for one tenant, that tenant alone.
    #[oai(path = "/", method = "get", operation_id = "list_tenants")]
    async fn list(
        &self,
        person: By<Person>,
        parts: Data<&Arc<Parts>>,
        /// A text looked for in names and slugs.
        #[oai(validator(max_length = 100))]
        q: Query<Option<String>>,
        /// Which page, from 1.
        #[oai(validator(minimum(value = "1"), maximum(value = "1000000")))]
        page: Query<Option<u32>>,
    ) -> Result<Json<TenantList>> {
        let mine = limits::in_time(parts.tenancy.mine(&person.0.0, q.as_deref(), page.unwrap_or(1))).await?;
        Ok(Json(TenantList {
            tenants: mine.items.into_iter().map(TenantItem::from).collect(),
            page: mine.number,
            page_size: mine.size,
            total: mine.total,
        }))
    }

    /// Select a tenant
    ///
    /// Calls of this session are about it from now on; pages are not (their address names the tenant). With a token for
    /// one tenant this is 403. A tenant that is not the caller's is 403 as well, whether or not it exists.
    #[oai(path = "/:id/select", method = "post", operation_id = "select_tenant")]
    async fn select(
        &self,
        person: By<Person>,
        parts: Data<&Arc<Parts>>,
        request: &Request,
        /// The tenant's id or slug.
        id: Path<String>,
    ) -> Result<Json<TenantItem>> {
        let Person(identity) = &person.0;
        if identity.session().is_none() {
            return Err(Error::Forbidden);
        }
        let scope = guards::scope(request, &parts, identity, &id).await?;
        parts.tenancy.select(&scope).await?;
        Ok(Json(TenantItem::from(&scope)))
    }
}
