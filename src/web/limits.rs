//! How much and how often: the size of an address, of a form, and the rate of one caller.

use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::{Method, header};
use poem::error::ReadBodyError;
use poem::{Body, Request};
use serde::de::DeserializeOwned;

use crate::domain::TenantId;
use crate::error::{Error, Result};
use crate::settings;

/// Bytes of an address; a view with every filter set fits many times.
const ADDRESS: usize = 16 * 1024;
/// Parameters of an address.
const PARAMETERS: usize = 500;
/// Bytes of all headers; the largest of ours, a token and a long address to come back to, fit several times.
const HEADERS: usize = 32 * 1024;
/// Bytes of a form.
const FORM: usize = 64 * 1024;

/// Bytes of a body of JSON.
const JSON: usize = 256 * 1024;
/// How long the central database may take, a free connection to it included.
const CENTRAL_TIME: Duration = Duration::from_secs(10);

/// Refuses addresses no page of ours has.
///
/// # Errors
/// [`Error::TooLarge`] or [`Error::Malformed`].
pub fn check_address(request: &Request) -> Result<()> {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    if uri.path().len() + query.len() > ADDRESS {
        return Err(Error::TooLarge("The address is longer than 16 KiB"));
    }
    if query.bytes().filter(|b| *b == b'&').count() >= PARAMETERS {
        return Err(Error::TooLarge("The address has more than 500 parameters"));
    }
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().is_ok_and(|t| !t.contains('\0'));
    if !plain(uri.path()) || !plain(query) {
        return Err(Error::Malformed("The address is not valid UTF-8"));
    }
    Ok(())
}

/// Refuses heads larger than any browser's, and those that a proxy could read otherwise than we do: a length said twice, a
/// host said twice.
///
/// # Errors
/// [`Error::HeadersTooLarge`] or [`Error::Malformed`].
pub fn check_head(request: &Request) -> Result<()> {
    let headers = request.headers();
    if headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() > HEADERS {
        return Err(Error::HeadersTooLarge);
    }
    let times = |name: http::HeaderName| headers.get_all(name).iter().count();
    if times(header::HOST) > 1 {
        return Err(Error::Malformed("The request names its host twice"));
    }
    if times(header::CONTENT_LENGTH) > 1 || (times(header::CONTENT_LENGTH) > 0 && times(header::TRANSFER_ENCODING) > 0) {
        return Err(Error::Malformed("The request says twice how long it is"));
    }
    Ok(())
}

/// Refuses a body that says it is too large, and holds the others to their limits of bytes and of time while they are read:
/// whichever handler reads it, it ends.
///
/// # Errors
/// [`Error::TooLarge`].
pub fn bound_body(request: &mut Request, limits: &settings::Limits) -> Result<()> {
    let most = limits.body_bytes;
    let said = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|length| length > most as u64) {
        return Err(Error::TooLarge("The request is larger than is taken"));
    }
    if said.is_none_or(|length| length > 0) && !matches!(*request.method(), Method::GET | Method::HEAD) {
        let body = request.take_body().into_bytes_stream();
        request.set_body(Body::from_bytes_stream(bounded(body, most, limits.body)));
    }
    Ok(())
}

/// The pieces of a body until it is too large or too late.
fn bounded(
    body: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    most: usize,
    time: Duration,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let due = tokio::time::Instant::now() + time;
    let body = Box::pin(body);
    futures_util::stream::try_unfold((body, 0), move |(mut body, taken)| async move {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the body took too long to arrive");
        let Some(piece) = tokio::time::timeout_at(due, body.next()).await.map_err(late)? else { return Ok(None) };
        let piece = piece?;
        let taken = taken + piece.len();
        if taken > most {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the body is larger than is taken"));
        }
        Ok(Some((piece, (body, taken))))
    })
}

/// What the central database gives, unless it hangs: a request that waits for it for ever would never be told.
///
/// # Errors
/// [`Error::Unavailable`], or what it says.
pub async fn in_time<T, E: Into<Error>>(asked: impl Future<Output = std::result::Result<T, E>>) -> Result<T> {
    let late = || Error::unavailable("the central database did not answer in time");
    tokio::time::timeout(CENTRAL_TIME, asked).await.map_err(|_| late())?.map_err(Into::into)
}

/// Reads a form, at most 64 KiB of it.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::Late`] or [`Error::Malformed`].
pub async fn read_form<T: DeserializeOwned>(body: &mut poem::RequestBody) -> Result<T> {
    let body = body.take().map_err(|_| Error::Malformed("The form has no content"))?;
    let content = body.into_bytes_limit(FORM).await.map_err(|fault| match fault {
        ReadBodyError::PayloadTooLarge => Error::TooLarge("The form is larger than 64 KiB"),
        fault if is_late(&fault) => Error::Late,
        _ => Error::Malformed("The form did not arrive whole"),
    })?;
    serde_urlencoded(&content).ok_or(Error::Malformed("The form cannot be read"))
}

/// Reads a body of JSON, at most 256 KiB of it; nothing where there is none.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::Late`] or [`Error::Malformed`].
pub async fn read_json(body: &mut poem::RequestBody) -> Result<bytes::Bytes> {
    let Ok(body) = body.take() else { return Ok(bytes::Bytes::new()) };
    body.into_bytes_limit(JSON).await.map_err(|fault| match fault {
        ReadBodyError::PayloadTooLarge => Error::TooLarge("The body is larger than 256 KiB"),
        fault if is_late(&fault) => Error::Late,
        _ => Error::Malformed("The body did not arrive whole"),
    })
}

/// Whether it was [`bounded`] that ended the body, for its time was over.
fn is_late(fault: &ReadBodyError) -> bool {
    matches!(fault, ReadBodyError::Io(cause) if cause.kind() == io::ErrorKind::TimedOut)
}

/// A form's fields as the struct that names them; strict about UTF-8.
fn serde_urlencoded<T: DeserializeOwned>(content: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(content).ok()?;
    percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    let fields: serde_json::Map<String, serde_json::Value> =
        url::form_urlencoded::parse(content).map(|(key, value)| (key.into_owned(), value.into_owned().into())).collect();
    serde_json::from_value(fields.into()).ok()
}

/// So many callers are remembered, and so many tenants; those asked for longest ago are forgotten first.
const REMEMBERED: u64 = 100_000;
/// Who was quiet for so long has their whole allowance again, so nothing is lost with the counter.
const QUIET: Duration = Duration::from_secs(120);

/// Counts what callers and tenants ask (DECISIONS 7).
#[derive(Debug)]
pub struct Rates {
    enabled: bool,
    callers: Counters<String>,
    tenants: Counters<TenantId>,
}

impl Rates {
    /// All counters at rest.
    pub fn new(chosen: &settings::Rates) -> Rates {
        let quota = |rate: NonZeroU32, burst: NonZeroU32| Quota::per_second(rate).allow_burst(burst);
        Rates {
            enabled: chosen.enabled,
            callers: Counters::new(quota(chosen.caller_per_second, chosen.caller_burst), REMEMBERED),
            tenants: Counters::new(quota(chosen.tenant_per_second, chosen.tenant_burst), REMEMBERED),
        }
    }

    /// Counts a request of a caller: who they are where that is known, else their network.
    ///
    /// # Errors
    /// [`Error::TooMany`] with the time to wait.
    pub fn count_caller(&self, key: &str) -> Result<()> {
        if self.enabled { self.callers.count(key.to_owned()) } else { Ok(()) }
    }

    /// Counts a request for a tenant.
    ///
    /// # Errors
    /// [`Error::TooMany`] with the time to wait.
    pub fn count_tenant(&self, tenant: TenantId) -> Result<()> {
        if self.enabled { self.tenants.count(tenant) } else { Ok(()) }
    }
}

/// A counter each, in bounded memory: a flood of new callers makes it forget the oldest, never grow.
struct Counters<K> {
    quota: Quota,
    each: moka::sync::Cache<K, Arc<DefaultDirectRateLimiter>>,
}

impl<K: Hash + Eq + Send + Sync + 'static> Counters<K> {
    fn new(quota: Quota, remembered: u64) -> Counters<K> {
        // least recently used, not least often: else a newcomer to a full house would start anew with every request
        let each = moka::sync::Cache::builder()
            .max_capacity(remembered)
            .eviction_policy(moka::policy::EvictionPolicy::lru())
            .time_to_idle(QUIET)
            .build();
        Counters { quota, each }
    }

    fn count(&self, key: K) -> Result<()> {
        let counter = self.each.get_with(key, || Arc::new(RateLimiter::direct(self.quota)));
        counter.check().map_err(|wait| Error::TooMany(rounded_up(wait.wait_time_from(DefaultClock::default().now()))))
    }
}

impl<K> fmt::Debug for Counters<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counters").field("quota", &self.quota).finish_non_exhaustive()
    }
}

/// Whole seconds, at least one: what `Retry-After` can say.
fn rounded_up(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs() + 1)
}

/// An address as a key: a whole /64 is one caller in IPv6.
pub fn network(address: Option<IpAddr>) -> String {
    match address.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V6(ip)) => format!("{:x?}", &ip.segments()[..4]),
        Some(ip) => ip.to_string(),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Counters, Quota, network};
    use std::num::NonZeroU32;

    #[test]
    fn a_flood_of_callers_is_counted_in_bounded_memory_and_each_of_them_still_waits() {
        let quota = Quota::per_second(NonZeroU32::MIN).allow_burst(NonZeroU32::MIN);
        let counters = Counters::new(quota, 1_000);
        for n in 0..50_000 {
            assert!(counters.count(n).is_ok(), "a newcomer");
            assert!(counters.count(n).is_err(), "who asks twice");
        }
        counters.each.run_pending_tasks();
        assert!(counters.each.entry_count() <= 1_000, "{}", counters.each.entry_count());
    }

    #[test]
    fn a_household_is_one_caller_and_ipv4_within_ipv6_is_ipv4() {
        let of = |text: &str| network(text.parse().ok());
        assert_eq!(of("2001:db8:1:2:aaaa::1"), of("2001:db8:1:2::ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("::ffff:10.0.0.1"), of("::ffff:10.0.0.2"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
