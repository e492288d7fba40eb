use std::sync::Arc;

use poem::web::Data;
use poem::{Request, RequestBody};
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, OpenApi};
use serde::Deserialize;

use super::Tag;
use super::bodies::{Exchange, Introspection, IntrospectionAsked, Token};
use crate::error::{Error, FieldFault, Result};
use crate::web::guards::Exchanging;
use crate::web::openapi::{Body, By};
use crate::web::trail::Trail;
use crate::web::{Parts, limits};

/// The form of RFC 7662, read within limits.
pub struct Asked(String);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    token: String,
}

impl<'a> ApiExtractor<'a> for Asked {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        IntrospectionAsked::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let form = MetaMediaType { content_type: "application/x-www-form-urlencoded", schema: IntrospectionAsked::schema_ref() };
        Some(MetaRequest { description: None, content: vec![form], required: true })
    }

    async fn from_request(_: &'a Request, body: &mut RequestBody, _: ExtractParamOptions<()>) -> poem::Result<Self> {
        let fields: Fields = limits::read_form(body).await?;
        if fields.token.is_empty() {
            let fault = FieldFault { field: "token".to_owned(), message: "is required".to_owned() };
            return Err(Error::Invalid(vec![fault]).into());
        }
        Ok(Asked(fields.token))
    }
}

pub struct Tokens;

#[OpenApi(prefix_path = "/api/token", tag = "Tag::SignIn")]
impl Tokens {
    /// Get a token for one tenant
    ///
    /// In exchange for a session, an access token of the identity provider or a machine client's own token. It is signed
    /// with RS256 by a key of `/.well-known/jwks.json` and good for the public API of that one tenant: used on another it
    /// is 403. Credentials that are good for one tenant already are not exchanged (403).
    #[oai(path = "/exchange", method = "post", operation_id = "exchange_token")]
    async fn exchange(
        &self,
        caller: By<Exchanging>,
        parts: Data<&Arc<Parts>>,
        request: &Request,
        wanted: Body<Exchange>,
    ) -> Result<Json<Token>> {
        let Exchanging(identity) = caller.0;
        let correlation = Trail::of(request).correlation;
        let tenant = &wanted.0.tenant_id;
        let given = limits::in_time(parts.tenancy.exchange(&parts.identities, &identity, tenant, correlation)).await?;
        let token_type = "Bearer".to_owned();
        Ok(Json(Token { access_token: given.access_token, token_type, expires_in: given.expires_in }))
    }

    /// Ask whether a token is still good
    ///
    /// As RFC 7662 says, for whoever holds the token: no other credentials are needed. `active` is false for a token that
    /// has expired, was not signed by us, or whose bearer, tenant or key is not good any more.
    #[oai(path = "/introspect", method = "post", operation_id = "introspect_token")]
    async fn introspect(&self, parts: Data<&Arc<Parts>>, request: &Request, asked: Asked) -> Result<Json<Introspection>> {
        let trail = Trail::of(request);
        let told = limits::in_time(parts.tenancy.introspect(&parts.identities, &asked.0, trail.correlation)).await?;
        // An app asks for all its viewers from one address: a good token counts for itself, a bad one for whoever brings it.
        match &told {
            Some(told) => parts.rates.count_caller(&format!("introspect {}", told.jti))?,
            None => parts.rates.count_caller(&limits::network(trail.address))?,
        }
        Ok(Json(told.map_or_else(Introspection::inactive, Introspection::from)))
    }
}
