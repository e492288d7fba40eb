//! Pictures and words of other servers: only those the settings name, nothing behind their back, within time and size.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;

use super::answer::{MOST_PICTURE, MOST_WORDS, Picture, words};
use super::call::is_private_way;
use super::{Content, EndpointCall, Trouble, Wants};
use crate::domain::{Key, TimeRange};
use crate::identity::Identities;
use crate::query::Chosen;
use crate::tenancy::{STORAGE_PROCESSED, STORAGE_UPLOADS, Tenancy, TenantScope};

/// Which other servers may be asked.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Hosts by name, or by name and port; none: nobody is asked.
    pub hosts: Vec<String>,
    /// Whether their addresses may be private ones (this machine, this network).
    pub private: bool,
}

impl Reach {
    /// Whether the settings name this host.
    fn names(&self, url: &url::Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        self.hosts.iter().any(|named| {
            let named = named.trim();
            named.eq_ignore_ascii_case(&with_port) || (named.eq_ignore_ascii_case(host) && url.port().is_none())
        })
    }
}

#[derive(Debug)]
pub(super) struct Remote {
    /// Made for the first question: encryption and its authorities take megabytes, and few installations ask anybody.
    client: OnceLock<Result<reqwest::Client, String>>,
    reach: Reach,
    patience: Duration,
    signer: Option<Signer>,
}

/// Who makes tokens for other servers: it needs the proof of the tenant to make one.
pub(super) struct Signer {
    tenancy: Tenancy,
    identities: Identities,
}

impl Signer {
    pub(super) fn new(tenancy: Tenancy, identities: Identities) -> Signer {
        Signer { tenancy, identities }
    }

    /// What the other server is sent. It is good there alone: another host, or another port of it, is another audience.
    async fn header(&self, scope: &TenantScope, url: &url::Url, host: &str) -> Result<HeaderValue, Trouble> {
        let there = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let none = |why: String| Trouble::NoToken(host.to_owned(), why);
        let token =
            self.tenancy.endpoint_token(&self.identities, scope, &there).await.map_err(|fault| none(fault.to_string()))?;
        let mut header = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|fault| none(fault.to_string()))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Remote {
    pub(super) fn new(reach: Reach, patience: Duration) -> Remote {
        Remote { client: OnceLock::new(), reach, patience, signer: None }
    }

    pub(super) fn signing(self, signer: Signer) -> Remote {
        Remote { signer: Some(signer), ..self }
    }

    fn client(&self, host: &str) -> Result<&reqwest::Client, Trouble> {
        let made = || {
            let client = reqwest::Client::builder()
                .redirect(Policy::none())
                .timeout(self.patience)
                .connect_timeout(self.patience / 2)
                .no_proxy()
                .referer(false)
                .user_agent(concat!("loggia/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(Public { private: self.reach.private }));
            client.build().map_err(|cause| format!("other servers cannot be asked from here: {}", told(&cause)))
        };
        self.client.get_or_init(made).as_ref().map_err(|why| Trouble::Unreachable(host.to_owned(), why.clone()))
    }

    /// Asks the other server; it is told the range where the panel follows it, the filters under its own names for them, and
    /// for whom it is asked where the panel says so. What came is told from its bytes.
    pub(super) async fn ask(
        &self,
        url: &url::Url,
        call: &EndpointCall,
        scope: &TenantScope,
        range: Option<TimeRange>,
        filters: &[(Key, String, Chosen)],
    ) -> Result<Content, Trouble> {
        let host = url.host_str().unwrap_or("?").to_owned();
        self.admit(url, &host)?;
        let mut url = url.clone();
        for (name, value) in &call.parameters {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            url.query_pairs_mut().append_pair(name, &text);
        }
        for (name, value) in range_and_filters(range, filters) {
            url.query_pairs_mut().append_pair(name, &value);
        }
        let accept = if call.wants == Wants::Words { "application/json" } else { "image/svg+xml, image/png, image/jpeg" };
        let failed = |cause: reqwest::Error| match cause.is_timeout() {
            true => Trouble::TooSlow(self.patience),
            false => Trouble::Unreachable(host.clone(), told(&cause.without_url())),
        };
        let token = if call.token { Some(self.token(scope, &url, &host).await?) } else { None };
        let mut request = self.client(&host)?.get(url).header("accept", accept);
        if let Some(token) = token {
            let (processed, uploads) = scope.storage();
            request = request.header("authorization", token);
            request = request.header(STORAGE_PROCESSED, processed).header(STORAGE_UPLOADS, uploads);
        }
        // A redirect is an answer like any other that is not 200: it is not followed, so that nothing goes where nobody named.
        let response = request.send().await.map_err(failed)?;
        if response.status().as_u16() != 200 {
            return Err(Trouble::Unreachable(host, format!("it answered {}", response.status())));
        }
        let most = if call.wants == Wants::Words { MOST_WORDS } else { MOST_PICTURE };
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(failed)?;
            if body.len() + chunk.len() > most {
                return Err(Trouble::TooLarge(most));
            }
            body.extend_from_slice(&chunk);
        }
        let wants = call.wants;
        // Reading megabytes takes a while, which other answers need not wait for.
        let read = tokio::task::spawn_blocking(move || match wants {
            Wants::Picture => Picture::read(&body, false).map(Content::Picture),
            Wants::Words => words(&body),
        });
        read.await.unwrap_or(Err(Trouble::Undrawn))
    }

    async fn token(&self, scope: &TenantScope, url: &url::Url, host: &str) -> Result<HeaderValue, Trouble> {
        if !is_private_way(url) {
            return Err(Trouble::NotAllowed(host.to_owned(), "a token goes over https only"));
        }
        let signer = self.signer.as_ref().ok_or_else(|| Trouble::NoToken(host.to_owned(), "nobody signs here".to_owned()))?;
        signer.header(scope, url, host).await
    }

    fn admit(&self, url: &url::Url, host: &str) -> Result<(), Trouble> {
        if !self.reach.names(url) {
            return Err(Trouble::NotAllowed(host.to_owned(), "LOGGIA_ENDPOINTS__ALLOWED_HOSTS does not name it"));
        }
        // An address that stands in the URL itself is never looked up, so the resolver below does not see it.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.reach.private && is_private(address) => {
                Err(Trouble::NotAllowed(host.to_owned(), "its address is a private one"))
            }
            _ => Ok(()),
        }
    }
}

/// `from` and `to` in UTC; a filter's values, one pair each.
fn range_and_filters(range: Option<TimeRange>, filters: &[(Key, String, Chosen)]) -> Vec<(&str, String)> {
    let written = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let range = range.into_iter().flat_map(|range| [("from", written(range.from())), ("to", written(range.to()))]);
    let values = filters.iter().flat_map(|(_, name, chosen)| {
        let values = match chosen {
            Chosen::OneOf(values) => values.clone(),
            Chosen::Contains(text) => vec![text.clone()],
        };
        values.into_iter().map(|value| (name.as_str(), value))
    });
    range.chain(values).collect()
}

/// A failure with its causes, for the log.
fn told(cause: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(cause), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Looks names up and keeps private addresses to itself: the connection goes to what was checked, not to a second look-up.
struct Public {
    private: bool,
}

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            // “localhost” may be asked without encryption, so it is this machine whatever a name server says.
            let here = |address: &SocketAddr| !name.as_str().eq_ignore_ascii_case("localhost") || address.ip().is_loopback();
            let open = |address: &SocketAddr| private || !is_private(address.ip());
            let good: Vec<SocketAddr> = found.filter(|address| here(address) && open(address)).collect();
            if good.is_empty() {
                return Err("the name leads to private addresses only".into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is not one of the public internet.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (18..20).contains(&b))
                || (a == 192 && b == 0)
        }
        IpAddr::V6(v6) => embedded(v6).map_or_else(
            || v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local(),
            |v4| is_private(IpAddr::V4(v4)),
        ),
    }
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, translated (64:ff9b::/96) or tunnelled (2002::/16).
fn embedded(v6: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    let s = v6.segments();
    let of = |high: u16, low: u16| std::net::Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0x2002, high, low, ..] => Some(of(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0xffff, high, low] => Some(of(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high > 0 => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Reach, is_private};

    #[test]
    fn private_addresses_are_known_in_every_dress() {
        for private in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.5.5",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "::7f00:1",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn only_named_hosts_are_within_reach() {
        let reach = Reach { hosts: vec!["maps.example".into(), "near.example:8443".into()], private: false };
        let names = |url: &str| reach.names(&url.parse().unwrap());
        assert!(names("https://maps.example/x") && names("https://MAPS.example:443/") && names("https://near.example:8443/"));
        assert!(!names("https://maps.example:22/") && !names("https://near.example/") && !names("https://xmaps.example/"));
        assert!(!Reach::default().names(&"https://maps.example/".parse().unwrap()));
    }
}
