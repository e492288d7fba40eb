//! From readings to runs that can be drawn: what is no number is out, holes are holes, and no more points than can be seen.

use chrono::{DateTime, TimeDelta, Utc};

use super::value_axis::LARGEST;
use super::{Gaps, Point};
use crate::domain::TimeRange;

/// A reading as the canvas takes it: units from the left, and the value.
pub(super) type Spot = (f64, f64);

/// The columns into which a long line is thinned; each keeps its lowest and its highest reading.
pub(super) const COLUMNS: usize = 420;

/// A line in pieces.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Runs {
    /// Pieces without a hole, in time order; a piece of one is a dot.
    pub runs: Vec<Vec<Spot>>,
    /// Whether the holes between them are bridged by a guess.
    pub bridged: bool,
    /// Whether the last spot is a bucket that is still filling.
    pub open: bool,
}

/// The readings inside `range` in time order, each a finite number or a hole.
pub(super) fn readings(points: &[Point], range: TimeRange) -> Vec<(DateTime<Utc>, Option<f64>)> {
    let mut inside: Vec<_> = points
        .iter()
        .filter(|point| range.from() <= point.at && point.at <= range.to())
        .map(|point| (point.at, point.value.filter(|v| v.is_finite()).map(|v| v.clamp(-LARGEST, LARGEST))))
        .collect();
    if !inside.is_sorted_by_key(|(at, _)| *at) {
        inside.sort_by_key(|(at, _)| *at);
    }
    inside
}

/// How a line is cut and thinned.
pub(super) struct Cut {
    pub range: TimeRange,
    /// A bucket's width, when there are buckets.
    pub step: Option<TimeDelta>,
    pub gaps: Gaps,
    /// The canvas's width.
    pub units: u32,
    pub columns: usize,
}

impl Cut {
    /// Cuts readings into runs and thins them.
    pub fn runs(&self, readings: &[(DateTime<Utc>, Option<f64>)]) -> Runs {
        let widest = self.widest(readings);
        // a hole narrower than what can be seen would only cost bytes
        let visible = self.range.length() / i32::try_from(self.columns * 2).unwrap_or(i32::MAX);
        let mut runs: Vec<Vec<Spot>> = Vec::new();
        let mut before: Option<DateTime<Utc>> = None;
        let mut missing = false;
        for (at, value) in readings {
            let Some(value) = value else {
                missing = true;
                continue;
            };
            let hole = before
                .is_none_or(|before| (missing || widest.is_some_and(|widest| *at - before > widest)) && *at - before >= visible);
            match runs.last_mut() {
                Some(run) if !hole || self.gaps == Gaps::Connect => run.push((self.x(*at), *value)),
                _ => runs.push(vec![(self.x(*at), *value)]),
            }
            (before, missing) = (Some(*at), false);
        }
        if runs.iter().map(Vec::len).sum::<usize>() > self.columns * 2 {
            let width = f64::from(self.units) / self.columns as f64;
            runs.iter_mut().for_each(|run| thin(run, width));
        }
        Runs { runs, bridged: self.gaps == Gaps::Interpolate, open: false }
    }

    fn x(&self, at: DateTime<Utc>) -> f64 {
        let share = (at - self.range.from()).num_milliseconds() as f64 / self.range.length().num_milliseconds().max(1) as f64;
        (share * f64::from(self.units)).round()
    }

    /// The longest distance between neighbours that is no hole: a bucket and a half, or three usual distances where readings
    /// come more rarely than buckets (every 5 minutes into buckets of one).
    fn widest(&self, readings: &[(DateTime<Utc>, Option<f64>)]) -> Option<TimeDelta> {
        let bucket = self.step.map(|step| step.checked_add(&(step / 2)).unwrap_or(step));
        let usual = usual(readings);
        match (bucket, usual) {
            (Some(bucket), Some(usual)) if usual > bucket => Some(usual * 3),
            (Some(bucket), _) => Some(bucket),
            (None, usual) => usual.map(|usual| usual * 3),
        }
    }
}

/// The middle of the distances between neighbours, where there are enough to tell.
fn usual(readings: &[(DateTime<Utc>, Option<f64>)]) -> Option<TimeDelta> {
    let mut spacing: Vec<TimeDelta> =
        readings.windows(2).map(|pair| pair[1].0 - pair[0].0).filter(|gap| *gap > TimeDelta::zero()).collect();
    if spacing.len() < 4 {
        return None;
    }
    let middle = spacing.len() / 2;
    Some(*spacing.select_nth_unstable(middle).1)
}

/// Keeps each column's lowest and highest spot in their order, and both ends of the run.
fn thin(run: &mut Vec<Spot>, width: f64) {
    if run.len() <= 2 {
        return;
    }
    let column = |spot: &Spot| (spot.0 / width) as i64;
    let mut kept: Vec<Spot> = Vec::with_capacity(run.len().min(COLUMNS * 2 + 2));
    kept.push(run[0]);
    for part in run[1..run.len() - 1].chunk_by(|a, b| column(a) == column(b)) {
        let mut ends = (0, 0);
        for (k, spot) in part.iter().enumerate() {
            if spot.1 < part[ends.0].1 {
                ends.0 = k;
            }
            if spot.1 > part[ends.1].1 {
                ends.1 = k;
            }
        }
        kept.push(part[ends.0.min(ends.1)]);
        if ends.0 != ends.1 {
            kept.push(part[ends.0.max(ends.1)]);
        }
    }
    kept.push(run[run.len() - 1]);
    *run = kept;
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{COLUMNS, Cut, readings};
    use crate::chart::{Gaps, Point};
    use crate::domain::TimeRange;

    fn start() -> DateTime<Utc> {
        "2026-03-01T00:00:00Z".parse().unwrap()
    }

    fn range(minutes: i64) -> TimeRange {
        TimeRange::new(start(), start() + TimeDelta::minutes(minutes)).unwrap()
    }

    fn point(minute: i64, value: impl Into<Option<f64>>) -> Point {
        Point { at: start() + TimeDelta::minutes(minute), value: value.into() }
    }

    fn cut(minutes: i64, step: Option<i64>, gaps: Gaps) -> Cut {
        Cut { range: range(minutes), step: step.map(TimeDelta::minutes), gaps, units: 14_400, columns: COLUMNS }
    }

    fn lengths(points: &[Point], cut: &Cut) -> Vec<usize> {
        cut.runs(&readings(points, cut.range)).runs.iter().map(Vec::len).collect()
    }

    #[test]
    fn thinning_keeps_the_highest_and_the_lowest_and_both_ends() {
        let points: Vec<Point> = (0..100_000)
            .map(|i| Point { at: start() + TimeDelta::milliseconds(i * 864), value: Some(f64::from((i % 97) as i32)) })
            .collect();
        let mut points = points;
        points[31_415].value = Some(1e6);
        points[77_777].value = Some(-1e6);
        let runs = cut(1440, None, Gaps::Break).runs(&readings(&points, range(1440))).runs;
        let all: Vec<f64> = runs.concat().iter().map(|spot| spot.1).collect();
        assert!(all.len() <= COLUMNS * 2 + 4, "{}", all.len());
        assert!(all.contains(&1e6) && all.contains(&-1e6));
        assert_eq!((all[0], all[all.len() - 1]), (0.0, 99_999f64 % 97.0));
        assert!(runs.concat().windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }

    #[test]
    fn a_missing_bucket_is_a_hole_and_so_is_a_null_and_a_number_that_is_none() {
        let missing: Vec<Point> = (0..20).filter(|m| *m != 7).map(|m| point(m, 1.0)).collect();
        assert_eq!(lengths(&missing, &cut(20, Some(1), Gaps::Break)), [7, 12]);
        for none in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            let nulls: Vec<Point> = (0..20).map(|m| point(m, if m == 7 { none } else { Some(1.0) })).collect();
            assert_eq!(lengths(&nulls, &cut(20, Some(1), Gaps::Break)), [7, 12]);
            assert_eq!(lengths(&nulls, &cut(20, None, Gaps::Break)), [7, 12]);
            assert_eq!(lengths(&nulls, &cut(20, Some(1), Gaps::Connect)), [19]);
        }
    }

    #[test]
    fn raw_readings_have_a_hole_where_three_usual_distances_are_empty() {
        let holed: Vec<Point> = (0..60).filter(|m| !(20..25).contains(m)).map(|m| point(m, 1.0)).collect();
        assert_eq!(lengths(&holed, &cut(60, None, Gaps::Break)), [20, 35]);
        let late: Vec<Point> = (0..60).filter(|m| *m != 20).map(|m| point(m, 1.0)).collect();
        assert_eq!(lengths(&late, &cut(60, None, Gaps::Break)), [59], "one late reading is no hole");
    }

    #[test]
    fn readings_rarer_than_their_buckets_are_a_line_and_not_dots() {
        let rare: Vec<Point> = (0..40).filter(|i| !(10..15).contains(i)).map(|i| point(i * 5, 1.0)).collect();
        assert_eq!(lengths(&rare, &cut(200, Some(1), Gaps::Break)), [10, 25]);
    }

    #[test]
    fn readings_outside_the_range_are_out_and_disorder_is_put_in_order() {
        let points = [point(5, 5.0), point(-3, 9.0), point(2, 2.0), point(99, 9.0)];
        let values: Vec<_> = readings(&points, range(10)).into_iter().filter_map(|(_, v)| v).collect();
        assert_eq!(values, [2.0, 5.0]);
    }

    #[test]
    fn every_second_reading_missing_costs_no_more_than_can_be_seen() {
        let points: Vec<Point> =
            (0..50_000).map(|i| Point { at: start() + TimeDelta::seconds(i), value: (i % 2 == 0).then_some(i as f64) }).collect();
        let cut =
            Cut { range: TimeRange::new(start(), start() + TimeDelta::seconds(50_000)).unwrap(), ..cut(1, Some(1), Gaps::Break) };
        assert!(lengths(&points, &cut).iter().sum::<usize>() <= COLUMNS * 2 + 4);
    }
}
