use futures_util::FutureExt;
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

/// A way for a caller to say who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// The session's cookie.
    Session,
    /// A tenant's token, or the identity provider's access token.
    Bearer,
    /// A machine client's token for the internal API, or its certificate.
    Machine,
}

impl Scheme {
    /// The name it has in the document.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Session => "session",
            Scheme::Bearer => "bearer",
            Scheme::Machine => "machine",
        }
    }

    fn meta(self) -> MetaSecurityScheme {
        let bearer = MetaSecurityScheme {
            ty: "http",
            description: None,
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: Some("JWT"),
            flows: None,
            openid_connect_url: None,
        };
        match self {
            Scheme::Session => MetaSecurityScheme {
                ty: "apiKey",
                description: Some(
                    "The cookie that signing in sets: `loggia` over plain HTTP on this machine, `__Host-loggia` over HTTPS.",
                ),
                name: Some("loggia"),
                key_in: Some("cookie"),
                scheme: None,
                bearer_format: None,
                ..bearer
            },
            Scheme::Bearer => MetaSecurityScheme {
                description: Some("A token from `POST /api/token/exchange`, or the identity provider's own access token."),
                ..bearer
            },
            Scheme::Machine => MetaSecurityScheme {
                description: Some(
                    "A token from `POST /oauth/token`, the identity provider's access token with the configured audience and \
                     role, or, without a token, a client certificate that a machine client is registered with.",
                ),
                ..bearer
            },
        }
    }
}

/// A guard that an operation can name.
pub trait Guard: for<'a> FromRequest<'a> + Send {
    /// How its caller may say who they are, any one of these.
    const SCHEMES: &'static [Scheme];
}

/// Who calls, proven: the guard `G` as an operation names it, which puts its schemes into the document.
#[derive(Clone, Debug)]
pub struct By<G>(pub G);

impl<'a, G: Guard> ApiExtractor<'a> for By<G> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        for scheme in G::SCHEMES {
            registry.create_security_scheme(scheme.name(), scheme.meta());
        }
    }

    fn security_schemes() -> Vec<&'static str> {
        G::SCHEMES.iter().map(|scheme| scheme.name()).collect()
    }

    async fn from_request(request: &'a Request, body: &mut RequestBody, _: ExtractParamOptions<()>) -> poem::Result<Self> {
        // Boxed for the compiler's sake: https://github.com/rust-lang/rust/issues/100013.
        G::from_request(request, body).boxed().await.map(By)
    }
}
