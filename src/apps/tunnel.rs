//! A web socket of an app: let through while its session, its tenant and its token last.

use std::time::Duration;

use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use poem::{Request, Response};
use tokio::io::copy_bidirectional;
use tokio::time::{Instant, sleep_until, timeout};

use super::forward::{Ask, words};
use super::{Apps, Fault, headers};

/// How often a socket is asked whether it still may be open.
const AGAIN: Duration = Duration::from_secs(2);

/// Whether a request wants to become a web socket.
pub fn wants(request: &Request) -> bool {
    let said = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    *request.method() == Method::GET
        && said.is_some_and(|said| said.split(',').any(|word| word.trim().eq_ignore_ascii_case("websocket")))
}

/// Whether a request wants to become anything else than what it is.
pub fn wants_any(request: &Request) -> bool {
    request.headers().contains_key(header::UPGRADE)
}

impl Apps {
    /// Opens a web socket to the app, which ends when `good` says that its opener may not look any more, and at the latest
    /// `until`, when the token it was opened with is over: the browser opens it anew then.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn tunnel<G, F>(&self, request: &Request, ask: &Ask<'_>, until: Option<Instant>, good: G) -> Result<Response, Fault>
    where
        G: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = bool> + Send,
    {
        let slot = self.slot(ask.upstream()).ok_or(Fault::Busy)?;
        let body = Empty::new().map_err(|never| match never {}).boxed();
        let sent =
            ask.head(request, true)?.body(body).map_err(|_| Fault::Unreachable("the request cannot be written".to_owned()))?;
        let answer = timeout(ask.app.timeout, self.client_of(request).request(sent)).await.map_err(|_| Fault::Late)?;
        let mut answer = answer.map_err(|fault| Fault::Unreachable(words(&fault)))?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return match answer.status().as_u16() {
                status @ (401 | 403) if ask.token.is_some() => Err(Fault::RefusedToken(status)),
                status => Err(Fault::Failed(status)),
            };
        }
        let ours = request.take_upgrade().map_err(|_| Fault::Unreachable("this connection cannot become a socket".to_owned()))?;
        let theirs = hyper::upgrade::on(&mut answer);
        let mut response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS).finish();
        *response.headers_mut() = headers::to_browser(answer.headers());
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        tokio::spawn(async move {
            let _slot = slot;
            let (Ok(mut ours), Ok(theirs)) = tokio::join!(ours, theirs) else { return };
            let mut theirs = TokioIo::new(theirs);
            let over = async {
                loop {
                    let next = Instant::now() + AGAIN;
                    sleep_until(until.map_or(next, |until| until.min(next))).await;
                    if until.is_some_and(|until| until <= Instant::now()) || !good().await {
                        return;
                    }
                }
            };
            tokio::select! {
                _ = copy_bidirectional(&mut ours, &mut theirs) => {}
                () = over => {}
            }
        });
        Ok(response)
    }
}
