//! Leaves a database alone that could not be reached, and lets one query at a time try again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Failure;

const PATIENCE: u32 = 3;
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Failures to reach the database in a row.
    failures: u32,
    resting_until: Option<Instant>,
    probing: bool,
}

/// The right to try; dropped without a lesson (the caller went away) it changes nothing.
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Breaker {
    /// Lets a query through, unless the database rests or another query is already trying it.
    pub(super) fn enter(&self, now: Instant) -> Result<Pass<'_>, Failure> {
        let mut state = self.state();
        let Some(until) = state.resting_until else { return Ok(Pass { breaker: self, probe: false }) };
        let left = until.saturating_duration_since(now);
        if !left.is_zero() {
            return Err(Failure::Resting(left));
        }
        if state.probing {
            return Err(Failure::Resting(Duration::from_secs(1)));
        }
        state.probing = true;
        Ok(Pass { breaker: self, probe: true })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// Tells how it went. Being busy teaches nothing; any other answer shows that the database is there.
    pub(super) fn learn(self, failure: Option<&Failure>, now: Instant) {
        let mut state = self.breaker.state();
        match failure {
            Some(Failure::Unreachable(_)) => {
                state.failures = state.failures.saturating_add(1);
                if state.failures >= PATIENCE {
                    state.resting_until = Some(now + rest(state.failures - PATIENCE));
                }
            }
            Some(Failure::Busy | Failure::Resting(_)) => {}
            None | Some(Failure::TimedOut(_) | Failure::Refused(_)) => {
                state.failures = 0;
                state.resting_until = None;
            }
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.state().probing = false;
        }
    }
}

/// 1, 2, 4, 8, 16, 30, 30 … seconds.
fn rest(round: u32) -> Duration {
    LONGEST.min(Duration::from_secs(1 << round.min(5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, now: Instant) {
        let gone = Failure::Unreachable("gone".into());
        breaker.enter(now).expect("it should be let through").learn(Some(&gone), now);
    }

    fn left(breaker: &Breaker, now: Instant) -> Option<Duration> {
        match breaker.enter(now).err() {
            Some(Failure::Resting(left)) => Some(left),
            _ => None,
        }
    }

    #[test]
    fn after_three_failures_it_rests_longer_each_time_and_one_probe_recovers_it() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        fail(&breaker, now);
        fail(&breaker, now);
        assert_eq!(left(&breaker, now), None);
        fail(&breaker, now);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            assert_eq!(left(&breaker, now), Some(Duration::from_secs(seconds)));
            now += Duration::from_secs(seconds);
            fail(&breaker, now);
        }
        now += LONGEST;
        let probe = breaker.enter(now).expect("a probe");
        assert!(left(&breaker, now).is_some(), "a second query does not join the probe");
        probe.learn(None, now);
        assert_eq!(left(&breaker, now), None);
    }

    #[test]
    fn a_probe_whose_caller_went_away_does_not_lock_the_door() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        (0..3).for_each(|_| fail(&breaker, now));
        let later = now + Duration::from_secs(1);
        drop(breaker.enter(later));
        assert_eq!(left(&breaker, later), None);
    }
}
