//! What the lines say in numbers and in words.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;

use super::{Chart, LineStats};
use crate::domain::TimeRange;
use crate::domain::unit::Scale;

/// The numbers of a line from all its readings.
pub(super) fn of(label: &str, readings: &[(DateTime<Utc>, Option<f64>)]) -> LineStats {
    let mut stats = LineStats { label: label.to_owned(), count: 0, last: None, min: None, max: None, max_at: None, mean: None };
    let mut mean = 0.0;
    for (at, value) in readings {
        let Some(value) = *value else { continue };
        stats.count += 1;
        // step by step, so that huge values do not overflow a sum
        mean += (value - mean) / stats.count as f64;
        stats.last = Some(value);
        stats.min = Some(stats.min.map_or(value, |min| min.min(value)));
        if stats.max.is_none_or(|max| value > max) {
            (stats.max, stats.max_at) = (Some(value), Some(*at));
        }
    }
    stats.mean = (stats.count > 0 && mean.is_finite()).then_some(mean);
    stats
}

/// The smallest and the largest value of all lines.
pub(super) fn extent(stats: &[LineStats]) -> Option<(f64, f64)> {
    let ends = stats.iter().filter_map(|line| Some((line.min?, line.max?)));
    ends.reduce(|(lo, hi), (min, max)| (lo.min(min), hi.max(max)))
}

/// A time as it reads inside a range: with the day when the range has more than one.
pub(super) fn time(at: DateTime<Utc>, range: TimeRange, zone: Tz) -> String {
    if !(1..=9999).contains(&range.from().year()) || !(1..=9999).contains(&range.to().year()) {
        // at the ends of the calendar a zone's shift may have nowhere to go
        return at.format("%Y").to_string();
    }
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let format = match day(range.from()) == day(range.to()) {
        true => "%H:%M",
        false if range.length().num_days() > 300 => "%b %-d, %Y",
        false => "%b %-d, %H:%M",
    };
    at.with_timezone(&zone).format(format).to_string()
}

/// The chart in one sentence.
pub(super) fn summary(chart: &Chart, stats: &[LineStats], scale: &Scale, decimals: u8) -> String {
    let mut words = vec![if chart.title.is_empty() { "Chart".to_owned() } else { chart.title.clone() }];
    if stats.len() != 1 {
        words.push(format!("{} series", stats.len()));
    }
    let value = |value: f64| scale.format(value, Some(decimals)).to_string();
    let known: Vec<&LineStats> = stats.iter().filter(|line| line.count > 0).collect();
    let lasts: Vec<f64> = known.iter().filter_map(|line| line.last).collect();
    match (known.as_slice(), lasts.as_slice()) {
        ([], _) => {
            let (from, to) = (chart.range.from(), chart.range.to());
            words.push(format!(
                "no values from {} to {}",
                time(from, chart.range, chart.zone),
                time(to, chart.range, chart.zone)
            ));
        }
        ([_], [last]) => words.push(format!("last {}", value(*last))),
        (lines, lasts) if lines.len() <= 4 => {
            let each: Vec<String> =
                lines.iter().zip(lasts).map(|(line, last)| format!("{} {}", line.label, value(*last))).collect();
            words.push(format!("last {}", each.join(", ")));
        }
        (_, lasts) => {
            let (lo, hi) = lasts.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
            words.push(format!("last between {} and {}", value(lo), value(hi)));
        }
    }
    // the first of equals, so that the words do not depend on anything but the order of the lines
    let highest = known.iter().copied().reduce(|a, b| if b.max > a.max { b } else { a });
    if let Some(LineStats { label, max: Some(max), max_at: Some(at), .. }) = highest {
        let who = if known.len() > 1 { format!(" ({label})") } else { String::new() };
        words.push(format!("highest {}{who} at {}", value(*max), time(*at, chart.range, chart.zone)));
    }
    words.join(", ")
}
