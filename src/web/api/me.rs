use std::sync::Arc;

use poem::Request;
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::payload::Json;

use super::Tag;
use super::bodies::{Me, TenantItem};
use crate::error::Result;
use crate::identity::Identity;
use crate::tenancy::TenantScope;
use crate::web::guards::Person;
use crate::web::openapi::By;
use crate::web::trail::Trail;
use crate::web::{Parts, limits};

pub struct Callers;

#[OpenApi(prefix_path = "/api", tag = "Tag::SignIn")]
impl Callers {
    /// Who is calling
    ///
    /// The caller, the tenants they may open, and the one that calls are about.
    #[oai(path = "/v1/auth/me", method = "get", operation_id = "auth_me")]
    async fn auth_me(&self, person: By<Person>, parts: Data<&Arc<Parts>>, request: &Request) -> Result<Json<Me>> {
        Ok(Json(me(&parts, &person.0.0, request).await?))
    }

    /// Who is calling, and what they may open
    ///
    /// The same as `/api/v1/auth/me`. With a token for one tenant, that tenant alone.
    #[oai(path = "/me", method = "get", operation_id = "me")]
    async fn me(&self, person: By<Person>, parts: Data<&Arc<Parts>>, request: &Request) -> Result<Json<Me>> {
        Ok(Json(me(&parts, &person.0.0, request).await?))
    }
}

async fn me(parts: &Parts, identity: &Identity, request: &Request) -> Result<Me> {
    let mine = limits::in_time(parts.tenancy.mine(identity, None, 1)).await?;
    let tenants: Vec<TenantItem> = mine.items.into_iter().map(TenantItem::from).collect();
    let tenant = match identity.bound_to().or(identity.selected()) {
        Some(id) => match tenants.iter().find(|tenant| tenant.id == id.0) {
            Some(tenant) => Some(tenant.clone()),
            None => named(parts, identity, &id.to_string(), request).await,
        },
        None => tenants.first().filter(|_| tenants.len() == 1).cloned(),
    };
    Ok(Me {
        id: identity.user().to_string(),
        email: identity.email().to_owned(),
        name: identity.name().to_owned(),
        is_admin: identity.is_operator(),
        tenant: tenant.into(),
        tenants,
    })
}

/// A tenant that is on another page of the list, or that may not be opened any more.
async fn named(parts: &Parts, identity: &Identity, id: &str, request: &Request) -> Option<TenantItem> {
    let scope = TenantScope::authorize(&parts.tenancy, identity, id, Trail::of(request).correlation).await.ok()?;
    Some(TenantItem::from(&scope))
}
