//! Times, ranges and titles in words.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::View;
use crate::domain::TimeRange;
use crate::query::Aggregate;

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

/// `10 min`, `hour`, `2 days`: a bucket's width, behind “per”.
pub(super) fn width(length: TimeDelta) -> String {
    match length.num_seconds() {
        60 => "minute".to_owned(),
        3_600 => "hour".to_owned(),
        86_400 => "day".to_owned(),
        604_800 => "week".to_owned(),
        s if s > 0 && s % 86_400 == 0 => plural(s / 86_400, "day"),
        s if s > 0 && s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s > 0 && s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

/// What was made of the values of a bucket: `mean`, `sum`.
pub(super) fn made(aggregate: Aggregate) -> &'static str {
    match aggregate {
        Aggregate::Avg => "mean",
        Aggregate::Sum => "sum",
        Aggregate::Min => "lowest",
        Aggregate::Max => "highest",
        Aggregate::Count => "count",
        Aggregate::Last => "last",
    }
}

/// What an earlier stretch of that length is called: `the day before`, `the 6 hours before`.
pub(super) fn before(length: TimeDelta) -> String {
    let (count, unit) = match length.num_seconds() {
        604_800 => (1, "week"),
        s if s > 0 && s % 86_400 == 0 => (s / 86_400, "day"),
        s if s > 0 && s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s > 0 && s % 60 == 0 && s <= 10_800 => (s / 60, "minute"),
        _ => return "the same length before".to_owned(),
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
            Some(first) if letters.clone().all(|c| !c.is_uppercase()) && letters.clone().any(char::is_lowercase) => {
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{before, cut, in_sentence, lately, moment, since, width};
    use crate::panel::stage::{at, view};

    #[test]
    fn lengths_are_said_as_people_say_them() {
        assert_eq!(before(TimeDelta::days(1)), "the day before");
        assert_eq!(before(TimeDelta::days(7)), "the week before");
        assert_eq!(before(TimeDelta::hours(6)), "the 6 hours before");
        assert_eq!(before(TimeDelta::seconds(12_345)), "the same length before");
        assert_eq!([1, 10, 60, 1_440].map(|minutes| width(TimeDelta::minutes(minutes))), ["minute", "10 min", "hour", "day"]);
    }

    #[test]
    fn times_are_told_in_the_shown_zone() {
        let view = view(24, &[]);
        assert_eq!(since(at("2026-11-20T18:41:00Z"), &view), "since 13:41");
        assert_eq!(since(at("2026-11-20T04:59:00Z"), &view), "since yesterday, 23:59");
        assert_eq!(since(at("2026-11-11T18:41:00Z"), &view), "9 days");
        assert_eq!(lately(at("2026-11-18T18:41:00Z"), &view), "2 days ago");
        assert_eq!(lately(at("2026-11-20T19:06:00Z"), &view), "14:06", "a clock ahead of ours");
        assert_eq!(moment(at("2025-11-20T18:41:07Z"), &view), "Nov 20 2025, 13:41:07");
    }

    #[test]
    fn titles_stand_in_sentences_and_long_text_ends() {
        assert_eq!(in_sentence("Recent Errors of the API"), "recent errors of the API");
        assert_eq!(in_sentence("p95 in Q3, iPhone"), "p95 in Q3, iPhone");
        assert_eq!((cut("äöü", 2), cut("äöü", 3)), ("äö…".to_owned(), "äöü".to_owned()));
    }
}
