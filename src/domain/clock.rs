//! The time of day, passed in, so that a test can hold it still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the time. Cheap to clone; clones of a held clock move together.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// A clock that stands still at `at` until it is moved.
    pub fn held(at: DateTime<Utc>) -> Clock {
        Clock(Source::Held(Arc::new(AtomicI64::new(at.timestamp_micros()))))
    }

    /// Now, in UTC.
    #[allow(clippy::disallowed_methods)] // the one place that asks the machine
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => Utc::now(),
            Source::Held(micros) => DateTime::from_timestamp_micros(micros.load(Ordering::Relaxed)).unwrap_or_default(),
        }
    }

    /// Moves a held clock by `by`; the machine's clock is not moved.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Held(micros) = &self.0 {
            micros.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::Relaxed);
        }
    }
}
