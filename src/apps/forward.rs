//! One request to an app and its answer, streamed both ways.

use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::ResponseFuture;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use poem::{Request, Response};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::rustls::crypto::ring;

use super::bodies::{Download, Progress, Sent, Upload, first};
use super::callback::Tap;
use super::headers::{self, Told};
use super::policy::{self, Place};
use super::target::FRAME;
use super::{Apps, Fault, Target, astray, cookies};
use crate::central::frames::Frame;
use crate::config::{App, Upstream};
use crate::domain::{CorrelationId, Key};

type Connector = HttpsConnector<HttpConnector>;

/// The connections to the apps, kept open between requests.
#[derive(Clone, Debug)]
pub struct Client {
    connector: Connector,
    pool: hyper_util::client::legacy::Client<Connector, Sent>,
}

/// gunicorn closes a connection that was idle for 2 s: one of ours is given up before, never in the same moment.
const IDLE: Duration = Duration::from_millis(1_500);
/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(3);
/// The largest head of an answer.
const HEAD: usize = 128 * 1024;
/// The largest document: its inline scripts are to be known before it begins.
const DOCUMENT: usize = 8 << 20;
/// How long an answer may stand still, at least.
const STILL: Duration = Duration::from_secs(60);

/// The connections to the apps, none open yet.
///
/// # Errors
/// That the system's cryptography is not to be had.
pub fn client() -> Result<Client, String> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let tls = HttpsConnectorBuilder::new().with_provider_and_webpki_roots(ring::default_provider()).map_err(|e| e.to_string())?;
    let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
    Ok(Client::over(connector))
}

impl Client {
    fn over(connector: Connector) -> Client {
        let mut builder = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
        builder.pool_idle_timeout(IDLE).pool_max_idle_per_host(64).pool_timer(TokioTimer::new()).http1_max_buf_size(HEAD);
        Client { pool: builder.build(connector.clone()), connector }
    }

    /// Connections of their own, none open yet, by the same rules.
    pub(super) fn anew(&self) -> Client {
        Client::over(self.connector.clone())
    }

    /// Sends a request over one of them.
    pub(super) fn request(&self, sent: http::Request<Sent>) -> ResponseFuture {
        self.pool.request(sent)
    }
}

/// Everything about one request but itself.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The app.
    pub app: &'a App,
    /// The page it belongs to.
    pub frame: &'a Frame,
    /// What of the app is asked for.
    pub target: &'a Target,
    /// Where the app is shown.
    pub place: &'a Place,
    /// The tenant's token, where one is injected.
    pub token: Option<String>,
    /// Where the tenant's files lie, where its token is injected.
    pub storage: Option<(String, String)>,
    /// The host the browser named.
    pub host: &'a str,
    /// Whether the browser came over https.
    pub https: bool,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// The id of the request.
    pub correlation: CorrelationId,
    /// Whether a page is asked for, not a part of one.
    pub is_document: bool,
}

/// An answer, and what was learnt on its way.
#[derive(Debug)]
pub struct Answer {
    /// The answer as the browser gets it.
    pub response: Response,
    /// Dash's id of the page load, where this is a page of Dash.
    pub end_id: Option<String>,
}

/// Where something of an app is asked for: the path as it was written.
///
/// # Errors
/// [`Fault::Unreachable`] where that is no address.
pub fn address(app: &Key, upstream: &Upstream, rest: &str, query: Option<&str>) -> Result<Uri, Fault> {
    let prefix = if upstream.strip_prefix { String::new() } else { format!("/dash/{app}") };
    let rest = if rest.is_empty() { "/" } else { rest };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let text = format!("{}{}{prefix}{rest}{query}", upstream.url.origin().ascii_serialization(), upstream.base());
    text.parse().map_err(|_| Fault::Unreachable("its address cannot be asked for".to_owned()))
}

impl Ask<'_> {
    /// Where its page goes.
    pub fn upstream(&self) -> &Upstream {
        self.app.upstream_of(self.frame.legacy)
    }

    fn told<'a>(&'a self, prefix: &'a str, from: &HeaderMap) -> Told<'a> {
        Told {
            host: self.host,
            https: self.https,
            address: self.address,
            prefix,
            correlation: self.correlation,
            token: self.token.as_deref(),
            storage: self.storage.clone(),
            cookies: cookies::to_app(from, self.app, self.frame.tenant),
        }
    }

    /// The head of the request as the app gets it.
    pub(super) fn head(&self, request: &Request, upgrade: bool) -> Result<http::request::Builder, Fault> {
        let prefix = self.target.prefix();
        let mut headers = headers::to_app(request.headers(), &self.told(&prefix, request.headers()), upgrade);
        if self.is_document {
            // its inline scripts are read here; it is compressed on its way out
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let uri = address(&self.app.key, self.upstream(), &self.target.rest, self.target.query.as_deref())?;
        let mut head = http::Request::builder().method(request.method().clone()).uri(uri);
        if let Some(to) = head.headers_mut() {
            *to = headers;
        }
        Ok(head)
    }
}

impl Apps {
    /// Sends a request to its app and gives the answer as the browser may have it.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn forward(&self, mut request: Request, ask: &Ask<'_>, mut tap: Option<Tap>) -> Result<Answer, Fault> {
        let slot = self.slot(ask.upstream()).ok_or(Fault::Busy)?;
        let limit = ask.app.body_limit;
        let said = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
        if said.is_some_and(|length| length > limit) {
            return Err(Fault::TooLarge(limit));
        }
        let method = request.method().clone();
        let client = self.client_of(&request);
        let head = ask.head(&request, false)?;
        let progress = Progress::new();
        let mut inner: Sent = request.take_body().into();
        // what a callback is for stands at its beginning, and is to be known also where the app is not there to be asked
        let ahead = match &mut tap {
            Some(tap) => first(&mut inner, tap, ask.app.timeout).await?,
            None => None,
        };
        let upload = Upload { inner, ahead, left: limit, moved: 0, progress: progress.clone(), tap };
        let sent = head.body(upload.boxed()).map_err(|_| Fault::Unreachable("the request cannot be written".to_owned()))?;
        let answer = match within(client, ask.app.timeout, &progress, sent).await {
            Err(_) if progress.is_over() => return Err(Fault::TooLarge(limit)),
            other => other?,
        };
        self.answer(answer, &method, ask, slot).await
    }

    async fn answer(
        &self,
        answer: http::Response<Incoming>,
        method: &Method,
        ask: &Ask<'_>,
        slot: OwnedSemaphorePermit,
    ) -> Result<Answer, Fault> {
        let (parts, body) = answer.into_parts();
        let status = parts.status;
        if ask.token.is_some() && matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(Fault::RefusedToken(status.as_u16()));
        }
        if status.is_server_error() {
            return Err(Fault::Failed(status.as_u16()));
        }
        let mut headers = headers::to_browser(&parts.headers);
        let fine = status.is_success() || status == StatusCode::NOT_MODIFIED;
        let caching = headers::caching(parts.headers.get(header::CACHE_CONTROL), ask.target.is_static(), fine);
        headers.insert(header::CACHE_CONTROL, caching);
        for cookie in cookies::to_browser(&parts.headers, ask.app, ask.frame.tenant, ask.https) {
            headers.append(header::SET_COOKIE, cookie);
        }
        if let Some(location) = headers.remove(header::LOCATION) {
            let location = self.location(&location, method, status, ask)?;
            headers.insert(header::LOCATION, location);
        }
        let is_page = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let whole =
            is_page && status == StatusCode::OK && *method == Method::GET && !headers.contains_key(header::CONTENT_ENCODING);
        let (body, hashes, end_id) = if whole {
            let read = Download::new(body, ask.app.timeout, Some(slot));
            let page = Limited::new(read, DOCUMENT).collect().await;
            let page = page.map_err(|fault| Fault::Unreachable(format!("its page did not arrive whole: {fault}")))?.to_bytes();
            let (hashes, end_id) = (policy::hashes(&page), policy::end_id(&page));
            // the browser gets it compressed, so that it is not the one the app knows by this tag
            headers.remove(header::CONTENT_LENGTH);
            headers.remove(header::ETAG);
            (poem::Body::from_bytes(page), hashes, end_id)
        } else {
            let endless =
                parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
            let patience = if endless { Duration::ZERO } else { ask.app.timeout.max(STILL) };
            (Download::new(body, patience, Some(slot)).boxed().into(), Vec::new(), None)
        };
        let policy = policy::policy(ask.app, ask.place, &hashes);
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        let mut response = Response::builder().status(status).body(body);
        *response.headers_mut() = headers;
        if whole {
            self.watch().arrived(ask.frame).await;
        } else {
            response.set_data(AsItIs);
        }
        Ok(Answer { response, end_id })
    }

    /// Where an app leads, as its browser sees it: inside the app, and not for ever.
    fn location(&self, said: &HeaderValue, method: &Method, status: StatusCode, ask: &Ask<'_>) -> Result<HeaderValue, Fault> {
        let said = said.to_str().map_err(|_| Fault::Astray("an address that cannot be read".to_owned()))?;
        let mut to = astray::within(said, ask.target, ask.upstream(), ask.host)
            .ok_or_else(|| Fault::Astray(said.chars().take(200).collect()))?;
        if status.is_redirection() && *method == Method::GET {
            let query = ask.target.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
            let here = format!("{}{}{query}", ask.target.prefix(), ask.target.rest);
            if to == here || (ask.is_document && self.watch().turns(ask.frame)) {
                return Err(Fault::Circles);
            }
        }
        if let (Some(key), true) = (&ask.target.frame, ask.is_document) {
            // the next page is this one's: its requests are to be traced back as well
            let (address, fragment) = to.split_once('#').map_or((to.as_str(), None), |(a, f)| (a, Some(f)));
            let joint = if address.contains('?') { '&' } else { '?' };
            let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
            to = format!("{address}{joint}{FRAME}={key}{fragment}");
        }
        HeaderValue::from_str(&to).map_err(|_| Fault::Astray("an address that cannot be written".to_owned()))
    }
}

/// The head of an answer, which may take `patience` from the last piece of the request on.
async fn within(
    client: &Client,
    patience: Duration,
    progress: &Progress,
    sent: http::Request<Sent>,
) -> Result<http::Response<Incoming>, Fault> {
    let mut answer = pin!(client.request(sent));
    loop {
        let due = progress.last() + patience;
        tokio::select! {
            answer = &mut answer => return answer.map_err(|fault| Fault::Unreachable(words(&fault))),
            () = sleep_until(due) => {
                if progress.last() + patience <= Instant::now() {
                    return Err(Fault::Late);
                }
            }
        }
    }
}

/// An answer that is neither compressed nor held on its way out.
#[derive(Clone, Copy, Debug)]
pub struct AsItIs;

/// What a failed connection says of itself, without anything of the request.
pub(super) fn words(fault: &hyper_util::client::legacy::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = std::error::Error::source(fault);
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
