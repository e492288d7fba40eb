//! Times, ranges and titles in words.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::View;
use crate::domain::TimeRange;

/// `Nov 21`, with the year where it is not this one.
pub(super) fn day(at: DateTime<Utc>, view: &View) -> String {
    let shown = at.with_timezone(&view.zone);
    let this_year = shown.year() == view.now.with_timezone(&view.zone).year();
    shown.format(if this_year { "%b %-d" } else { "%b %-d %Y" }).to_string()
}

/// `Nov 21, 14:05`, with seconds where there are any.
pub(super) fn moment(at: DateTime<Utc>, view: &View) -> String {
    let shown = at.with_timezone(&view.zone);
    let time = shown.format(if shown.second() == 0 { "%H:%M" } else { "%H:%M:%S" });
    format!("{}, {time}", day(at, view))
}

/// `Nov 21, 14:05:07`: for a column, where all are written alike.
pub(super) fn second(at: DateTime<Utc>, view: &View) -> String {
    format!("{}, {}", day(at, view), at.with_timezone(&view.zone).format("%H:%M:%S"))
}

/// `Nov 21, 2026, 14:05:07 CET`: nothing left to guess.
pub(super) fn exact(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%b %-d, %Y, %H:%M:%S %Z").to_string()
}

/// As a machine reads it.
pub(super) fn machine(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// `14:05` today, `yesterday, 23:10`, `9 days ago`.
pub(super) fn lately(at: DateTime<Utc>, view: &View) -> String {
    match days_ago(at, view) {
        ..=0 => at.with_timezone(&view.zone).format("%H:%M").to_string(),
        1 => at.with_timezone(&view.zone).format("yesterday, %H:%M").to_string(),
        days => format!("{days} days ago"),
    }
}

/// How long something has been so: `since 13:41`, `since yesterday, 23:10`, `9 days`.
pub(super) fn since(at: DateTime<Utc>, view: &View) -> String {
    match days_ago(at, view) {
        days @ 2.. => format!("{days} days"),
        _ => format!("since {}", lately(at, view)),
    }
}

/// Nights between then and now, in the shown zone.
fn days_ago(at: DateTime<Utc>, view: &View) -> i64 {
    (view.now.with_timezone(&view.zone).date_naive() - at.with_timezone(&view.zone).date_naive()).num_days()
}

/// `between Nov 20, 00:00 and Nov 22, 00:00`.
pub(super) fn between(range: TimeRange, view: &View) -> String {
    format!("between {} and {}", moment(range.from(), view), moment(range.to(), view))
}

/// `10 min`, `1 h`, `2 days`: a bucket's width.
pub(super) fn width(length: TimeDelta) -> String {
    let seconds = length.num_seconds();
    match seconds {
        s if s > 0 && s % 86_400 == 0 => plural(s / 86_400, "day"),
        s if s > 0 && s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s > 0 && s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

/// What an earlier stretch of that length is called: `the day before`, `the 6 hours before`.
pub(super) fn before(length: TimeDelta) -> String {
    let seconds = length.num_seconds();
    let (count, unit) = match seconds {
        s if s % 604_800 == 0 && s == 604_800 => (1, "week"),
        s if s % 86_400 == 0 => (s / 86_400, "day"),
        s if s % 3_600 == 0 => (s / 3_600, "hour"),
        s => (s / 60, "minute"),
    };
    if count == 1 { format!("the {unit} before") } else { format!("the {} before", plural(count, unit)) }
}

/// `1 day`, `2 days`.
pub(super) fn plural(count: i64, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// A title inside a sentence: `Recent Errors` is `recent errors`, `CPU` stays `CPU`.
pub(super) fn in_sentence(title: &str) -> String {
    let lowered = title.split(' ').map(|word| {
        let mut letters = word.chars();
        let first = letters.next();
        match first {
            Some(first) if letters.clone().all(|c| !c.is_uppercase()) && letters.clone().next().is_some() => {
                first.to_lowercase().chain(letters).collect()
            }
            _ => word.to_owned(),
        }
    });
    lowered.collect::<Vec<String>>().join(" ")
}

/// At most `most` characters, with a sign that there was more.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
