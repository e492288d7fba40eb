use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::calendar::{Fold, Unit, instant};
use super::{Moment, PRESETS, RangeSpec};

const NEW_YORK: Tz = Tz::America__New_York;

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn now() -> DateTime<Utc> {
    at("2026-04-15T12:34:56Z") // a Wednesday
}

fn from(text: &str, zone: Tz) -> DateTime<Utc> {
    Moment::parse(text).unwrap().resolve(now(), zone, false).unwrap()
}

fn to(text: &str, zone: Tz) -> DateTime<Utc> {
    Moment::parse(text).unwrap().resolve(now(), zone, true).unwrap()
}

#[test]
fn every_form_of_the_grammar_resolves() {
    for (text, starts, ends) in [
        ("now", "2026-04-15T12:34:56Z", "2026-04-15T12:34:56Z"),
        ("now-24h", "2026-04-14T12:34:56Z", "2026-04-14T12:34:56Z"),
        ("now-90s", "2026-04-15T12:33:26Z", "2026-04-15T12:33:26Z"),
        ("now+1h", "2026-04-15T13:34:56Z", "2026-04-15T13:34:56Z"),
        ("now 1h", "2026-04-15T13:34:56Z", "2026-04-15T13:34:56Z"),
        ("now/h", "2026-04-15T12:00:00Z", "2026-04-15T13:00:00Z"),
        ("now/d", "2026-04-15T00:00:00Z", "2026-04-16T00:00:00Z"),
        ("now-1d/d", "2026-04-14T00:00:00Z", "2026-04-15T00:00:00Z"),
        ("now/w", "2026-04-13T00:00:00Z", "2026-04-20T00:00:00Z"),
        ("now-1M/M", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"),
        ("now/Q", "2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("now/y", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("now/d+8h", "2026-04-15T08:00:00Z", "2026-04-16T08:00:00Z"),
        ("1776211200000", "2026-04-15T00:00:00Z", "2026-04-15T00:00:00Z"),
        ("2026-04-10", "2026-04-10T00:00:00Z", "2026-04-10T00:00:00Z"),
        ("2026-04-10T08:30", "2026-04-10T08:30:00Z", "2026-04-10T08:30:00Z"),
        ("2026-04-10 08:30:05", "2026-04-10T08:30:05Z", "2026-04-10T08:30:05Z"),
        ("2026-04-10T08:30:05+05:30", "2026-04-10T03:00:05Z", "2026-04-10T03:00:05Z"),
        ("2026-04-10T08:30:05 05:30", "2026-04-10T03:00:05Z", "2026-04-10T03:00:05Z"),
    ] {
        assert_eq!(from(text, Tz::UTC), at(starts), "{text}");
        assert_eq!(to(text, Tz::UTC), at(ends), "{text}");
        assert_eq!(Moment::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn nonsense_is_refused_with_words_and_never_panics() {
    let long = "now".to_owned() + &"-1d".repeat(400);
    for text in [
        "",
        "no",
        "nowish",
        "now-",
        "now-1",
        "now-1x",
        "now/2d",
        "now*2",
        "yesterday",
        "2026",
        "20260410",
        "2026-13-01",
        "2026-02-30",
        "26:00",
        "now-99999999999999999999h",
        "1e9",
        "--5",
        "now-1d-1d-1d-1d-1d-1d-1d-1d-1d",
        "nöw",
        "now-1ä",
        &long,
    ] {
        assert!(Moment::parse(text).is_err(), "{text}");
    }
    for text in
        ["now-9223372036854775807h", "now-9223372036854775807M", "now+9000000000y", "now-9223372036854775807w", "999999999999999"]
    {
        assert_eq!(Moment::parse(text).unwrap().resolve(now(), NEW_YORK, true), None, "{text}");
    }
}

#[test]
fn days_of_23_and_25_hours_are_whole_days() {
    let day = |text: &str| {
        let noon = at(text);
        let (start, end) = (Unit::Day.round(noon, NEW_YORK, false).unwrap(), Unit::Day.round(noon, NEW_YORK, true).unwrap());
        (end - start).num_hours()
    };
    assert_eq!(day("2026-03-08T17:00:00Z"), 23);
    assert_eq!(day("2026-11-01T17:00:00Z"), 25);
    assert_eq!(day("2026-11-02T17:00:00Z"), 24);
    // 24 hours are 24 hours; a day back is the same time of day.
    let monday = at("2026-03-09T00:00:00Z"); // 20:00 on the day the clock jumped
    assert_eq!(Unit::Day.shift(monday, -1, NEW_YORK), Some(at("2026-03-08T01:00:00Z")));
    assert_eq!(Unit::Hour.shift(monday, -24, NEW_YORK), Some(at("2026-03-08T00:00:00Z")));
}

#[test]
fn local_times_that_come_twice_or_never_have_one_meaning() {
    let read = |text: &str, fold| instant(text.parse().unwrap(), NEW_YORK, fold).unwrap();
    assert_eq!(read("2026-11-01T01:30:00", Fold::Earlier), at("2026-11-01T05:30:00Z"));
    assert_eq!(read("2026-11-01T01:30:00", Fold::Later), at("2026-11-01T06:30:00Z"));
    assert_eq!(read("2026-03-08T02:30:00", Fold::Earlier), at("2026-03-08T07:30:00Z"));
    // Havana's clocks jump at midnight: that day begins at 01:00.
    let start = Unit::Day.round(at("2026-03-08T17:00:00Z"), Tz::America__Havana, false).unwrap();
    assert_eq!(start, at("2026-03-08T05:00:00Z"));
    // Samoa left out a whole day.
    let start = Unit::Day.round(at("2011-12-30T12:00:00Z"), Tz::Pacific__Apia, false).unwrap();
    assert_eq!(start, at("2011-12-30T10:00:00Z"));
}

#[test]
fn hours_follow_the_zone_where_it_is_half_an_hour_off() {
    let hour = Unit::Hour.round(at("2026-04-15T12:34:56Z"), Tz::Asia__Kolkata, false);
    assert_eq!(hour, Some(at("2026-04-15T12:30:00Z")));
    assert_eq!(from("2026-04-10", Tz::Asia__Kolkata), at("2026-04-09T18:30:00Z"));
}

#[test]
fn a_range_must_begin_before_it_ends_and_stay_within_a_century() {
    let parse = |from, to| RangeSpec::parse(from, to, now(), Tz::UTC);
    assert!(parse("now-24h", "now").is_ok());
    assert!(parse("now/d", "now/d").is_ok());
    assert!(parse("now", "now-1h").unwrap_err().contains("begin before"));
    assert!(parse("2026-04-10", "2026-04-10").is_err());
    assert!(parse("now-101y", "now").unwrap_err().contains("100 years"));
    assert!(parse("1776-07-04", "now").unwrap_err().contains("1900"));
    assert!(parse("now-1h", "9999-01-01").unwrap_err().contains("2200"));
    assert!(parse("now-100y", "now").is_ok());
}

#[test]
fn a_range_is_told_in_words() {
    let words = |from, to| RangeSpec::parse(from, to, now(), Tz::UTC).unwrap().words(now(), Tz::UTC);
    for preset in PRESETS {
        assert_eq!(words(preset.from, preset.to), preset.label);
    }
    assert_eq!(words("now-36h", "now"), "Last 36 hours");
    assert_eq!(words("now-1m", "now"), "Last minute");
    assert_eq!(words("now/d", "now"), "Today so far");
    assert_eq!(words("now/Q", "now/Q"), "This quarter");
    assert_eq!(words("2026-04-10", "2026-04-12"), "Apr 10, 00:00 – Apr 12, 00:00");
    assert_eq!(words("2025-12-31T23:00", "2026-01-01T01:30:30"), "Dec 31 2025, 23:00 – Jan 1, 01:30:30");
    assert_eq!(RangeSpec::last_day().words(now(), Tz::UTC), "Last 24 hours");
}

#[test]
fn steps_go_back_on_and_out() {
    let spec = |from, to| RangeSpec::parse(from, to, now(), NEW_YORK).unwrap();
    let ends = |spec: &RangeSpec| (spec.from.as_str().to_owned(), spec.to.as_str().to_owned());
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());

    let day = RangeSpec::last_day();
    assert_eq!(ends(&day.earlier(now(), NEW_YORK)), pair("2026-04-13T12:34:56Z", "2026-04-14T12:34:56Z"));
    assert_eq!(day.later(now(), NEW_YORK), day);
    assert_eq!(ends(&day.zoom_out(now(), NEW_YORK)), pair("now-48h", "now"));

    // A step on that would pass now ends at now.
    let near = spec("2026-04-14T12:00:00Z", "2026-04-15T12:00:00Z");
    assert_eq!(ends(&near.later(now(), NEW_YORK)), pair("2026-04-14T12:34:56Z", "2026-04-15T12:34:56Z"));
    assert_eq!(ends(&near.zoom_out(now(), NEW_YORK)), pair("2026-04-13T12:34:56Z", "2026-04-15T12:34:56Z"));

    // Today reaches beyond now already, so tomorrow may be looked at.
    assert_eq!(ends(&spec("now/d", "now/d").later(now(), NEW_YORK)), pair("2026-04-16T04:00:00Z", "2026-04-17T04:00:00Z"));

    // Whole days and months move by the calendar, through the 23-hour day.
    let after = spec("2026-03-09", "2026-03-10");
    assert_eq!(ends(&after.earlier(now(), NEW_YORK)), pair("2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"));
    let march = spec("2026-03-01", "2026-04-01");
    assert_eq!(ends(&march.earlier(now(), NEW_YORK)), pair("2026-02-01T05:00:00Z", "2026-03-01T05:00:00Z"));
    assert_eq!(spec("now-90y", "now").zoom_out(now(), NEW_YORK), spec("now-90y", "now"));
}

#[test]
fn the_end_of_a_relative_range_is_resolved_again_each_time() {
    let spec = RangeSpec::last_day();
    let later = now() + TimeDelta::hours(1);
    assert_eq!(spec.resolve(later, Tz::UTC).from(), at("2026-04-14T13:34:56Z"));
    assert_eq!(spec.resolve(later, Tz::UTC).length(), TimeDelta::hours(24));
}
