//! Stretches of time side by side: as many as fit, each a bucket of the shown zone.

use chrono::{DateTime, TimeDelta, Utc};

use super::View;
use crate::domain::TimeRange;
use crate::query::{Bucket, Window};

/// Widths of a stretch, in seconds; hours, days and weeks are the zone's.
const WIDTHS: &[i64] = &[60, 300, 600, 1_800, 3_600, 86_400, 604_800];
/// More than anybody can tell apart, whatever the range.
const MOST: usize = 2_000;

/// The page's range in at most about `fit` stretches, widened to whole ones.
pub(super) fn window(view: &View, fit: i64) -> Window {
    let length = view.range.length().num_seconds();
    // Between an hour and a day there is no width that follows every zone: the wider one is taken.
    let width = WIDTHS.iter().copied().find(|width| length / width <= fit).unwrap_or(604_800);
    let bucket = Bucket { width: TimeDelta::seconds(width), zone: view.zone };
    let ends = bucket.edge(view.range.from(), false).zip(bucket.edge(view.range.to(), true));
    let range = ends.and_then(|(from, to)| TimeRange::new(from, to)).unwrap_or(view.range);
    Window { range, bucket: Some(bucket) }
}

/// The stretches of a window, in their order.
pub(super) struct Stretches {
    starts: Vec<DateTime<Utc>>,
    /// Each as shares of the range, 0 to 1.
    pub(super) shares: Vec<(f64, f64)>,
}

impl Stretches {
    pub(super) fn of(window: &Window) -> Stretches {
        let range = window.range;
        let whole = range.length().num_milliseconds().max(1) as f64;
        let share = |at: DateTime<Utc>| (at - range.from()).num_milliseconds() as f64 / whole;
        let mut stretches = Stretches { starts: Vec::new(), shares: Vec::new() };
        let mut at = range.from();
        while at < range.to() && stretches.starts.len() < MOST {
            let next = window.bucket.and_then(|bucket| bucket.edge(at + TimeDelta::seconds(1), true)).filter(|next| *next > at);
            let Some(next) = next else { break };
            stretches.starts.push(at);
            stretches.shares.push((share(at), share(next)));
            at = next;
        }
        stretches
    }

    /// When each begins.
    pub(super) fn starts(&self) -> &[DateTime<Utc>] {
        &self.starts
    }

    /// Which one an instant lies in.
    pub(super) fn place(&self, at: DateTime<Utc>) -> Option<usize> {
        self.starts.partition_point(|start| *start <= at).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Stretches, window};
    use crate::panel::stage::view;

    #[test]
    fn stretches_fill_the_range_whatever_its_length() {
        for (hours, fit, seconds) in [(6, 60, 600), (48, 60, 3_600), (24, 170, 600), (168, 170, 3_600), (24 * 400, 170, 604_800)]
        {
            let window = window(&view(hours, &[]), fit);
            assert_eq!(window.bucket.map(|bucket| bucket.width.num_seconds()), Some(seconds), "{hours} h");
            let stretches = Stretches::of(&window);
            assert!(stretches.shares.len() as i64 <= fit + 2, "{hours} h: {}", stretches.shares.len());
            assert_eq!((stretches.shares[0].0, stretches.shares.last().map(|last| last.1)), (0.0, Some(1.0)));
            assert!(stretches.shares.windows(2).all(|pair| pair[0].1 == pair[1].0), "without a gap between them");
        }
        assert_eq!(Stretches::of(&window(&view(24 * 365 * 100, &[]), 60)).starts().len(), 2_000);
    }

    #[test]
    fn an_instant_lies_in_one_stretch_and_none_before_the_first() {
        let stretches = Stretches::of(&window(&view(48, &[]), 60));
        let second = stretches.starts()[1];
        assert_eq!(stretches.place(second), Some(1));
        assert_eq!(stretches.place(second - chrono::TimeDelta::seconds(1)), Some(0));
        assert_eq!(stretches.place(stretches.starts()[0] - chrono::TimeDelta::seconds(1)), None);
    }
}
