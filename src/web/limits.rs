//! How much and how often: the size of an address, of a form, and the rate of one caller.

use std::future::Future;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use poem::Request;
use serde::de::DeserializeOwned;

use crate::domain::TenantId;
use crate::error::{Error, Result};

/// Bytes of an address; a view with every filter set fits many times.
const ADDRESS: usize = 16 * 1024;
/// Parameters of an address.
const PARAMETERS: usize = 500;
/// Bytes of a form.
const FORM: usize = 64 * 1024;

/// Bytes of a body of JSON.
const JSON: usize = 256 * 1024;

/// How long a form may take to arrive.
const FORM_TIME: Duration = Duration::from_secs(20);

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
/// [`Error::TooLarge`] or [`Error::Malformed`].
pub async fn read_form<T: DeserializeOwned>(body: &mut poem::RequestBody) -> Result<T> {
    let body = body.take().map_err(|_| Error::Malformed("The form has no content"))?;
    let read = tokio::time::timeout(FORM_TIME, body.into_bytes_limit(FORM)).await;
    let content = read.map_err(|_| Error::Malformed("The form took too long to arrive"))?.map_err(|fault| match fault {
        poem::error::ReadBodyError::PayloadTooLarge => Error::TooLarge("The form is larger than 64 KiB"),
        _ => Error::Malformed("The form did not arrive whole"),
    })?;
    serde_urlencoded(&content).ok_or(Error::Malformed("The form cannot be read"))
}

/// Reads a body of JSON, at most 256 KiB of it; nothing where there is none.
///
/// # Errors
/// [`Error::TooLarge`] or [`Error::Malformed`].
pub async fn read_json(body: &mut poem::RequestBody) -> Result<bytes::Bytes> {
    let Ok(body) = body.take() else { return Ok(bytes::Bytes::new()) };
    let read = tokio::time::timeout(FORM_TIME, body.into_bytes_limit(JSON)).await;
    read.map_err(|_| Error::Malformed("The body took too long to arrive"))?.map_err(|fault| match fault {
        poem::error::ReadBodyError::PayloadTooLarge => Error::TooLarge("The body is larger than 256 KiB"),
        _ => Error::Malformed("The body did not arrive whole"),
    })
}

/// A form's fields as the struct that names them; strict about UTF-8.
fn serde_urlencoded<T: DeserializeOwned>(content: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(content).ok()?;
    percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    let fields: serde_json::Map<String, serde_json::Value> =
        url::form_urlencoded::parse(content).map(|(key, value)| (key.into_owned(), value.into_owned().into())).collect();
    serde_json::from_value(fields.into()).ok()
}

/// The rates of callers and tenants (DECISIONS 7): 50 a second with a burst of 300 for one caller, 500 a second for one tenant.
#[derive(Debug)]
pub struct Rates {
    on: bool,
    callers: DefaultKeyedRateLimiter<String>,
    tenants: DefaultKeyedRateLimiter<TenantId>,
}

impl Rates {
    /// All counters at rest.
    pub fn new(on: bool) -> Rates {
        let per_second = |rate: u32, burst: u32| {
            let number = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
            Quota::per_second(number(rate)).allow_burst(number(burst))
        };
        Rates { on, callers: RateLimiter::keyed(per_second(50, 300)), tenants: RateLimiter::keyed(per_second(500, 1000)) }
    }

    /// Counts a request of a caller: the session where there is one, else the address.
    ///
    /// # Errors
    /// [`Error::TooMany`] with the time to wait.
    pub fn count_caller(&self, key: &str) -> Result<()> {
        if !self.on {
            return Ok(());
        }
        self.callers
            .check_key(&key.to_owned())
            .map_err(|wait| Error::TooMany(rounded_up(wait.wait_time_from(DefaultClock::default().now()))))
    }

    /// Counts a request for a tenant.
    ///
    /// # Errors
    /// [`Error::TooMany`] with the time to wait.
    pub fn count_tenant(&self, tenant: TenantId) -> Result<()> {
        if !self.on {
            return Ok(());
        }
        self.tenants
            .check_key(&tenant)
            .map_err(|wait| Error::TooMany(rounded_up(wait.wait_time_from(DefaultClock::default().now()))))
    }

    /// Forgets callers that have been quiet; run now and then, since keys stay until then.
    pub fn forget_quiet(&self) {
        self.callers.retain_recent();
        self.callers.shrink_to_fit();
        self.tenants.retain_recent();
    }
}

/// Whole seconds, at least one: what `Retry-After` can say.
fn rounded_up(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs() + 1)
}

/// An address as a key: a whole /64 is one caller in IPv6.
pub fn network(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V6(ip)) => format!("{:x?}", &ip.segments()[..4]),
        Some(ip) => ip.to_string(),
        None => "unknown".to_owned(),
    }
}
