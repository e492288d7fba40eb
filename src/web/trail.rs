//! What is known of a request while it runs: its id, and who it turned out to be. Ends as one log line and its metrics.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::{HeaderValue, Method};
use ipnet::IpNet;
use poem::{PathPattern, Request, Response};

use crate::domain::CorrelationId;
use crate::observe::{HttpLabels, Metrics};

/// Whom a request turned out to come from, for its log line.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The user's id.
    pub sub: String,
    /// The user's address.
    pub email: String,
    /// The tenant's id, once authorised.
    pub tenant_id: String,
    /// The tenant's slug, once authorised.
    pub tenant: String,
}

/// One request's trail, in its extensions.
#[derive(Debug)]
pub struct Trail {
    /// Its id.
    pub correlation: CorrelationId,
    /// Where it came from, seen through the proxies that are trusted.
    pub address: Option<IpAddr>,
    caller: Mutex<Caller>,
}

impl Trail {
    /// The trail of a request; every request has one.
    pub fn of(request: &Request) -> Arc<Trail> {
        request.data::<Arc<Trail>>().cloned().unwrap_or_else(|| Arc::new(Trail::new(None)))
    }

    fn new(address: Option<IpAddr>) -> Trail {
        Trail { correlation: CorrelationId::new(), address, caller: Mutex::default() }
    }

    /// What is known of the caller, to read or to add to.
    pub fn caller(&self) -> MutexGuard<'_, Caller> {
        self.caller.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address a request came from. `X-Forwarded-For` is believed only as far as trusted proxies wrote it.
fn address(request: &Request, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    // A socket for both families tells IPv4 as part of IPv6.
    let peer = request.remote_addr().as_socket_addr()?.ip().to_canonical();
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let named: Vec<&str> = request.headers().get_all("x-forwarded-for").iter().map(|v| v.to_str().unwrap_or("?")).collect();
    Some(origin(&named.join(","), peer, is_trusted))
}

/// The first hop, read from our end, that is no proxy of ours. What stands before something unreadable could be anybody's word.
fn origin(named: &str, peer: IpAddr, is_trusted: impl Fn(&IpAddr) -> bool) -> IpAddr {
    let mut nearest = peer;
    for hop in named.rsplit(',') {
        let Some(ip) = hop_address(hop.trim()) else { return nearest };
        nearest = ip.to_canonical();
        if !is_trusted(&nearest) {
            return nearest;
        }
    }
    nearest
}

/// A hop's address; some proxies write its port as well.
fn hop_address(hop: &str) -> Option<IpAddr> {
    hop.parse::<IpAddr>().ok().or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()))
}

/// A request on its way.
pub struct Begun {
    /// What is known of it.
    pub trail: Arc<Trail>,
    method: Method,
    at: Instant,
}

/// Gives a request its trail.
pub fn begin(request: &mut Request, trusted: &[IpNet]) -> Begun {
    let trail = Arc::new(Trail::new(address(request, trusted)));
    request.set_data(trail.clone());
    Begun { trail, method: request.method().clone(), at: Instant::now() }
}

impl Begun {
    /// The answer with its id; its log line and its metrics are written.
    pub fn end(self, mut response: Response, metrics: &Metrics) -> Response {
        if let Ok(value) = HeaderValue::from_str(&self.trail.correlation.to_string()) {
            response.headers_mut().insert("x-correlation-id", value);
        }
        tell(&self.trail, &self.method, &response, self.at, metrics);
        response
    }
}

fn tell(trail: &Trail, method: &Method, response: &Response, began: Instant, metrics: &Metrics) {
    let caller = trail.caller().clone();
    let route = response.data::<PathPattern>().map_or("none", |pattern| &*pattern.0);
    let status = response.status().as_u16();
    let took = began.elapsed();
    let labels = HttpLabels {
        service: "loggia",
        method: known(method),
        route: route.to_owned(),
        status,
        tenant_id: caller.tenant_id.clone(),
    };
    metrics.answered(&labels, took);
    let latency_ms = (took.as_secs_f64() * 1e4).round() / 10.0;
    let (sub, email, tenant_id, tenant) = (caller.sub, caller.email, caller.tenant_id, caller.tenant);
    let correlation_id = trail.correlation.to_string();
    match status {
        500.. => tracing::error!(
            route,
            method = labels.method,
            status,
            latency_ms,
            sub,
            email,
            tenant_id,
            tenant,
            correlation_id,
            "answered"
        ),
        _ if route.starts_with("/assets") => {
            tracing::debug!(route, method = labels.method, status, latency_ms, correlation_id, "answered")
        }
        _ => tracing::info!(
            route,
            method = labels.method,
            status,
            latency_ms,
            sub,
            email,
            tenant_id,
            tenant,
            correlation_id,
            "answered"
        ),
    }
}

/// The method as a label: invented ones are one word, so that nobody grows our metrics from outside.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn a_forwarded_address_is_believed_only_as_far_as_trusted_proxies_wrote_it() {
        let peer = "10.0.0.1".parse().expect("an address");
        let seen = |named: &str| origin(named, peer, |ip| ip.to_string().starts_with("10.")).to_string();
        assert_eq!(seen("203.0.113.9"), "203.0.113.9");
        assert_eq!(seen("198.51.100.1, 203.0.113.9, 10.0.0.2"), "203.0.113.9", "what the caller wrote before it is no matter");
        assert_eq!(seen("198.51.100.1, unknown, 10.0.0.2"), "10.0.0.2", "nothing is believed beyond what cannot be read");
        assert_eq!(seen("198.51.100.1, unknown"), "10.0.0.1");
        assert_eq!(seen(""), "10.0.0.1");
        assert_eq!(seen("10.0.0.3, 10.0.0.2"), "10.0.0.3");
        assert_eq!(seen("203.0.113.9, ::ffff:10.0.0.2"), "203.0.113.9", "IPv4 as part of IPv6 is IPv4");
        assert_eq!(seen("203.0.113.9:5123, [::ffff:10.0.0.2]:443"), "203.0.113.9", "a port says nothing about who it is");
    }
}
