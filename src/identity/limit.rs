use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// One attempt comes back every six seconds: ten a minute.
const EVERY: TimeDelta = TimeDelta::seconds(6);
/// So many may be used at once.
const BURST: i32 = 20;
/// So many callers are remembered; beyond it those with nothing used up are forgotten.
const REMEMBERED: usize = 20_000;

/// How often somebody may try to sign in, per key; told by the clock that is passed in.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<String, DateTime<Utc>>>);

impl Attempts {
    /// Uses one attempt up on every key, or on none.
    ///
    /// # Errors
    /// How long to wait when one of them has none left.
    pub(super) fn take(&self, keys: &[String], now: DateTime<Utc>) -> Result<(), Duration> {
        let mut full_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = keys.iter().filter_map(|key| full_at.get(key)).map(|at| *at + EVERY - now - EVERY * BURST).max();
        if let Some(wait) = wait.filter(|wait| *wait > TimeDelta::zero()) {
            return Err(wait.to_std().unwrap_or_default());
        }
        if full_at.len() >= REMEMBERED {
            full_at.retain(|_, at| *at > now);
        }
        for key in keys {
            let at = full_at.entry(key.clone()).or_insert(now);
            *at = (*at).max(now) + EVERY;
        }
        Ok(())
    }
}

/// The network one household or server has: an IPv4 address, an IPv6 /64.
pub(super) fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_string(),
            None => Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX)).to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempts, network};
    use chrono::{DateTime, TimeDelta};
    use std::time::Duration;

    #[test]
    fn twenty_at_once_then_one_every_six_seconds() {
        let (attempts, mut now) = (Attempts::default(), DateTime::UNIX_EPOCH);
        let ann = ["ann".to_owned()];
        for _ in 0..20 {
            assert_eq!(attempts.take(&ann, now), Ok(()));
        }
        assert_eq!(attempts.take(&ann, now), Err(Duration::from_secs(6)));
        assert_eq!(attempts.take(&["bob".to_owned()], now), Ok(()), "one caller's attempts are not another's");
        now += TimeDelta::seconds(6);
        assert_eq!(attempts.take(&ann, now), Ok(()));
        assert!(attempts.take(&ann, now).is_err());
        now += TimeDelta::minutes(2);
        for _ in 0..20 {
            assert_eq!(attempts.take(&ann, now), Ok(()));
        }
    }

    #[test]
    fn addresses_of_one_network_are_one_caller() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:aaaa::1"), of("2001:db8:1:2::ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
