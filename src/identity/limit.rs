use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// So many counters are kept; beyond it those with the least used up are forgotten.
const REMEMBERED: usize = 20_000;

/// How often something may be tried: one try comes back every so often, and so many may be used at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How long one try takes to come back.
    pub every: TimeDelta,
    /// How many there are at rest.
    pub burst: i32,
}

impl Default for Allowance {
    /// Ten a minute, twenty at once (DECISIONS 7).
    fn default() -> Allowance {
        Allowance { every: TimeDelta::seconds(6), burst: 20 }
    }
}

impl Allowance {
    /// What all strangers together may try on one account, where each network may try this. It comes back twice as fast and
    /// holds five times as many: no network alone can use it up, so none can lock somebody else out.
    pub(super) fn of_strangers(self) -> Allowance {
        Allowance { every: self.every / 2, burst: self.burst.saturating_mul(5) }
    }
}

/// How often somebody may try to sign in, per key; told by the clock that is passed in.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<String, DateTime<Utc>>>);

impl Attempts {
    /// Uses one attempt up on every key, or on none.
    ///
    /// # Errors
    /// How long to wait when one of them has none left.
    pub(super) fn take(&self, keys: &[(String, Allowance)], now: DateTime<Utc>) -> Result<(), Duration> {
        let mut full_at = self.full_at();
        let until =
            |(key, allowed): &(String, Allowance)| Some(*full_at.get(key)? + allowed.every - now - allowed.every * allowed.burst);
        let wait = keys.iter().filter_map(until).max();
        if let Some(wait) = wait.filter(|wait| *wait > TimeDelta::zero()) {
            return Err(wait.to_std().unwrap_or_default());
        }
        for (key, allowed) in keys {
            let at = full_at.entry(key.clone()).or_insert(now);
            *at = (*at).max(now) + allowed.every;
        }
        if full_at.len() > REMEMBERED {
            forget(&mut full_at, now);
        }
        Ok(())
    }

    fn full_at(&self) -> MutexGuard<'_, HashMap<String, DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets who is at rest; where nobody is, the half with the least used up. Never those who try most.
fn forget(full_at: &mut HashMap<String, DateTime<Utc>>, now: DateTime<Utc>) {
    full_at.retain(|_, at| *at > now);
    if full_at.len() > REMEMBERED / 2 {
        let mut times: Vec<DateTime<Utc>> = full_at.values().copied().collect();
        let (_, middle, _) = times.select_nth_unstable(full_at.len() - REMEMBERED / 2);
        let middle = *middle;
        full_at.retain(|_, at| *at > middle);
    }
}

/// The network one household or server has: an IPv4 address, an IPv6 /64.
pub(super) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => std::net::Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX)).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Attempts, REMEMBERED, network};
    use chrono::{DateTime, TimeDelta};
    use std::time::Duration;

    fn of(name: &str) -> [(String, Allowance); 1] {
        [(name.to_owned(), Allowance::default())]
    }

    #[test]
    fn twenty_at_once_then_one_every_six_seconds() {
        let (attempts, mut now) = (Attempts::default(), DateTime::UNIX_EPOCH);
        for _ in 0..20 {
            assert_eq!(attempts.take(&of("ann"), now), Ok(()));
        }
        assert_eq!(attempts.take(&of("ann"), now), Err(Duration::from_secs(6)));
        assert_eq!(attempts.take(&of("bob"), now), Ok(()), "one caller's attempts are not another's");
        now += TimeDelta::seconds(6);
        assert_eq!(attempts.take(&of("ann"), now), Ok(()));
        assert!(attempts.take(&of("ann"), now).is_err());
        now += TimeDelta::minutes(2);
        for _ in 0..20 {
            assert_eq!(attempts.take(&of("ann"), now), Ok(()));
        }
    }

    #[test]
    fn one_network_trying_for_an_hour_never_uses_an_account_up() {
        let (attempts, mut now) = (Attempts::default(), DateTime::UNIX_EPOCH);
        let account = ("mail ann".to_owned(), Allowance::default().of_strangers());
        let from = |network: &str| [(format!("net {network}"), Allowance::default()), account.clone()];
        let mut turned_away = 0;
        for second in 0..3_600 {
            now += TimeDelta::seconds(1);
            turned_away += usize::from(attempts.take(&from("evil"), now).is_err());
            if second % 60 == 59 {
                assert_eq!(attempts.take(&from("home"), now), Ok(()), "Ann herself, once a minute");
            }
        }
        assert!(turned_away > 2_900, "{turned_away}");
    }

    #[test]
    fn a_flood_of_names_is_counted_in_bounded_memory_and_whoever_tries_most_is_not_forgotten() {
        let (attempts, now) = (Attempts::default(), DateTime::UNIX_EPOCH);
        for _ in 0..20 {
            assert_eq!(attempts.take(&of("evil"), now), Ok(()));
        }
        for n in 0..3 * REMEMBERED {
            assert_eq!(attempts.take(&of(&format!("n{n}")), now), Ok(()));
        }
        assert!(attempts.full_at().len() <= REMEMBERED, "{}", attempts.full_at().len());
        assert!(attempts.take(&of("evil"), now).is_err());
    }

    #[test]
    fn addresses_of_one_network_are_one_caller() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:aaaa::1"), of("2001:db8:1:2::ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
