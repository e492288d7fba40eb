use std::fmt::Display;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use reqwest::{Certificate, Client, redirect::Policy};
use serde_json::Value;

/// How long one answer of the provider may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// The most that is read of one answer.
const LARGEST: usize = 1 << 20;

/// The provider did not answer, or not in a way that says anything.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Silence(pub(super) String);

impl Silence {
    pub(super) fn of(cause: impl Display) -> Silence {
        Silence(cause.to_string())
    }
}

/// A request on its way.
pub(super) type Sending = Pin<Box<dyn Future<Output = Result<HttpResponse, Silence>> + Send>>;

/// The client all talk with the provider goes through. It follows no redirect: an answer that leads elsewhere would make
/// this server ask whatever address somebody names.
///
/// # Errors
/// The authority's file cannot be read, or the system has no TLS.
pub(super) fn client(authority: Option<&Path>) -> Result<Client, String> {
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .connect_timeout(PATIENCE / 2)
        .referer(false)
        .user_agent(concat!("loggia/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = authority {
        let told = |e: &dyn Display| format!("oidc.ca: {}: {e}", path.display());
        let pem = std::fs::read(path).map_err(|e| told(&e))?;
        for certificate in Certificate::from_pem_bundle(&pem).map_err(|e| told(&e))? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(|e| format!("the client for the identity provider: {e}"))
}

/// Sends one request. An answer that only says that the provider is in trouble is silence, so that an outage is never
/// taken for a refusal.
pub(super) async fn send(client: &Client, request: HttpRequest) -> Result<HttpResponse, Silence> {
    let request = reqwest::Request::try_from(request).map_err(Silence::of)?;
    let mut response = client.execute(request).await.map_err(|e| Silence(without_address(e)))?;
    let status = response.status();
    if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
        return Err(Silence(format!("it answered {status}")));
    }
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| Silence(without_address(e)))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            return Err(Silence("its answer is larger than 1 MiB".to_owned()));
        }
    }
    let mut answer = http::Response::new(plain_numbers(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// Asks for a document.
pub(super) async fn document(client: &Client, url: &str) -> Result<Value, Silence> {
    let request = http::Request::get(url).header("accept", "application/json").body(Vec::new()).map_err(Silence::of)?;
    let answer = send(client, request).await?;
    if answer.status() != http::StatusCode::OK {
        return Err(Silence(format!("{url} answered {}", answer.status())));
    }
    serde_json::from_slice(answer.body()).map_err(|e| Silence(format!("{url} is not JSON: {e}")))
}

/// What the client says without the address it asked: a token may stand in its query.
fn without_address(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

/// Azure writes the seconds of a token answer as text; the specification wants a number.
fn plain_numbers(body: Vec<u8>) -> Vec<u8> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(&body) else { return body };
    let seconds = fields.get("expires_in").and_then(Value::as_str).and_then(|text| text.parse::<u64>().ok());
    let Some(seconds) = seconds else { return body };
    fields.insert("expires_in".to_owned(), seconds.into());
    serde_json::to_vec(&fields).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::plain_numbers;

    #[test]
    fn seconds_written_as_text_become_a_number_and_nothing_else_changes() {
        let of = |text: &str| String::from_utf8(plain_numbers(text.as_bytes().to_vec())).expect("text");
        assert_eq!(of(r#"{"expires_in":"3600","scope":"1"}"#), r#"{"expires_in":3600,"scope":"1"}"#);
        for same in [r#"{"expires_in": 3600}"#, r#"{"expires_in":"soon"}"#, "[1]", "no JSON", ""] {
            assert_eq!(of(same), same);
        }
    }
}
