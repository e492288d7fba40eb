use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};
use poem::web::Data;
use poem::{IntoResponse, Request, RequestBody, Response};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{Example, ToJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object, OpenApi};
use serde::Deserialize;

use super::Group;
use crate::error::{Error, Result};
use crate::identity::machines::{ClientCredentials, OAuthFault};
use crate::web::trail::Trail;
use crate::web::{Parts, limits, tls};

pub struct Tokens;

/// What a machine client asks with (RFC 6749, section 4.4). Its name and secret may stand in `Authorization: Basic` instead.
#[derive(Debug, Default, Deserialize, Object)]
#[oai(example = true)]
#[serde(default)]
struct TokenRequest {
    /// `client_credentials`.
    grant_type: String,
    /// The client's id; a client with a certificate may leave it out.
    client_id: Option<String>,
    /// Its secret.
    client_secret: Option<String>,
    /// The scopes asked for, with spaces between; all it has when it asks for none.
    scope: Option<String>,
}

impl Example for TokenRequest {
    fn example() -> TokenRequest {
        TokenRequest {
            grant_type: "client_credentials".to_owned(),
            client_id: Some("mc_Zk3v1x".to_owned()),
            client_secret: Some("lgs_…".to_owned()),
            scope: Some("admin".to_owned()),
        }
    }
}

/// A token.
#[derive(Debug, Object)]
#[oai(example = true)]
struct TokenGranted {
    /// It.
    access_token: String,
    /// `Bearer`.
    token_type: String,
    /// For how many seconds it is good.
    expires_in: i64,
    /// What it may do, with spaces between.
    scope: String,
}

impl Example for TokenGranted {
    fn example() -> TokenGranted {
        TokenGranted {
            access_token: "eyJhbGciOiJSUzI1NiIs…".to_owned(),
            token_type: "Bearer".to_owned(),
            expires_in: 600,
            scope: "admin".to_owned(),
        }
    }
}

/// Why there is no token (RFC 6749, section 5.2).
#[derive(Debug, Object)]
#[oai(example = true, skip_serializing_if_is_none = true)]
struct TokenRefused {
    /// `invalid_request`, `invalid_client`, `invalid_scope` or `unsupported_grant_type`.
    error: String,
    /// What that means here.
    error_description: Option<String>,
}

impl Example for TokenRefused {
    fn example() -> TokenRefused {
        TokenRefused { error: "invalid_client".to_owned(), error_description: None }
    }
}

/// The form, or what is wrong with it: this endpoint's errors are OAuth's own.
struct Asked(std::result::Result<TokenRequest, Error>, Option<(String, String)>);

impl<'a> ApiExtractor<'a> for Asked {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        TokenRequest::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let form = MetaMediaType { content_type: "application/x-www-form-urlencoded", schema: TokenRequest::schema_ref() };
        Some(MetaRequest { description: None, content: vec![form], required: true })
    }

    async fn from_request(request: &'a Request, body: &mut RequestBody, _: ExtractParamOptions<()>) -> poem::Result<Self> {
        let form = match limits::read_form::<TokenRequest>(body).await {
            Err(fault @ (Error::Late | Error::TooLarge(_) | Error::Unavailable { .. })) => return Err(fault.into()),
            read => read,
        };
        Ok(Asked(form, basic(request)))
    }
}

/// The name and the secret in `Authorization: Basic`, where they are form-encoded before they are put together.
fn basic(request: &Request) -> Option<(String, String)> {
    let (scheme, content) = request.header(header::AUTHORIZATION)?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(content.trim()).ok()?).ok()?;
    let (name, secret) = text.split_once(':')?;
    let plain = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    Some((plain(name), plain(secret)))
}

enum Answer {
    Granted(TokenGranted),
    Refused(StatusCode, TokenRefused),
}

impl Answer {
    fn refused(status: StatusCode, error: &str, description: Option<String>) -> Answer {
        Answer::Refused(status, TokenRefused { error: error.to_owned(), error_description: description })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Answer::Granted(token) => (StatusCode::OK, token.to_json_string()),
            Answer::Refused(status, why) => (status, why.to_json_string()),
        };
        let mut response = Response::builder().status(status).content_type("application/json").body(body);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"loggia\""));
        }
        response
    }
}

impl ApiResponse for Answer {
    fn meta() -> MetaResponses {
        let response = |status, description, schema| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: vec![MetaMediaType { content_type: "application/json", schema }],
            headers: Vec::new(),
        };
        let own = [
            response(200, "The token.", TokenGranted::schema_ref()),
            response(400, "The request is not as OAuth wants it.", TokenRefused::schema_ref()),
            response(401, "The client is not known by what it brought.", TokenRefused::schema_ref()),
        ];
        let mut meta = <Error as ApiResponse>::meta();
        meta.responses.retain(|response| matches!(response.status, Some(408 | 413 | 429 | 503)));
        MetaResponses { responses: own.into_iter().chain(meta.responses).collect() }
    }

    fn register(registry: &mut Registry) {
        TokenGranted::register(registry);
        TokenRefused::register(registry);
        <Error as ApiResponse>::register(registry);
    }
}

#[OpenApi]
impl Tokens {
    /// A token for a machine client.
    ///
    /// OAuth 2.0 client credentials: the client's id and secret in the form or in `Authorization: Basic`, or, over TLS with
    /// a certificate, that alone (RFC 8705). The token is good for ten minutes.
    #[oai(path = "/oauth/token", method = "post", operation_id = "get_token", tag = "Group::Tokens")]
    async fn token(&self, request: &Request, Data(parts): Data<&Arc<Parts>>, asked: Asked) -> poem::Result<Answer> {
        let trail = Trail::of(request);
        parts.rates.count_caller(&limits::network(trail.address))?;
        let Asked(form, header) = asked;
        let Ok(form) = form else {
            return Ok(Answer::refused(StatusCode::BAD_REQUEST, "invalid_request", Some("the form cannot be read".to_owned())));
        };
        match form.grant_type.as_str() {
            "client_credentials" => {}
            "" => {
                let missing = Some("grant_type is missing".to_owned());
                return Ok(Answer::refused(StatusCode::BAD_REQUEST, "invalid_request", missing));
            }
            _ => return Ok(Answer::refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", None)),
        }
        if header.is_some() && form.client_secret.is_some() {
            let twice = Some("the client proves itself twice".to_owned());
            return Ok(Answer::refused(StatusCode::BAD_REQUEST, "invalid_request", twice));
        }
        let (name, secret) = match header {
            Some((name, secret)) => (Some(name), Some(secret)),
            None => (form.client_id, form.client_secret),
        };
        let given = ClientCredentials {
            client_id: name.as_deref(),
            secret: secret.as_deref(),
            certificate: tls::certificate(request),
            scope: form.scope.as_deref(),
        };
        match limits::in_time(told(parts, given, &trail)).await? {
            Ok(granted) => Ok(Answer::Granted(granted)),
            Err(refused) => Ok(refused),
        }
    }
}

/// The token, or OAuth's word for why there is none; an outage is an error of ours.
async fn told(parts: &Parts, given: ClientCredentials<'_>, trail: &Trail) -> Result<std::result::Result<TokenGranted, Answer>> {
    let answer = parts.identities.client_credentials(given, trail.address, trail.correlation).await;
    Ok(match answer {
        Ok(granted) => Ok(TokenGranted {
            access_token: granted.access_token,
            token_type: "Bearer".to_owned(),
            expires_in: granted.expires_in,
            scope: granted.scopes.to_string(),
        }),
        Err(OAuthFault::InvalidClient) => Err(Answer::refused(StatusCode::UNAUTHORIZED, "invalid_client", None)),
        Err(OAuthFault::InvalidScope(why)) => Err(Answer::refused(StatusCode::BAD_REQUEST, "invalid_scope", Some(why))),
        Err(OAuthFault::Unavailable(cause)) => return Err(Error::unavailable(cause)),
    })
}
