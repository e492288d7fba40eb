//! The time axis: ticks at times people name, in the shown zone, right through the 23-hour and the 25-hour day.

use chrono::{
    DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc, Weekday,
};
use chrono_tz::Tz;

use crate::domain::TimeRange;

const DAY: i64 = 86_400_000;

/// A tick.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub at: DateTime<Utc>,
    pub label: String,
    /// Whether a new day (in a longer range: month, year) begins here.
    pub turn: bool,
    /// 0 is drawn always, 1 where there is room, 2 where there is plenty.
    pub rank: u8,
}

impl Tick {
    /// Its classes as an attribute: whether a day begins, and from which width on it is drawn.
    pub fn class(&self) -> String {
        let room = ["", "m", "f"].get(usize::from(self.rank)).copied().unwrap_or_default();
        match (self.turn, room) {
            (false, "") => String::new(),
            (true, "") => " class=\"day\"".to_owned(),
            (false, room) => format!(" class=\"{room}\""),
            (true, room) => format!(" class=\"day {room}\""),
        }
    }
}

/// The distance between ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Millis(i64),
    Days(i32),
    HalfMonth,
    Months(u32),
    Years(i32),
}

/// All of them, finest first.
const LADDER: &[Step] = {
    use Step::{Days, HalfMonth, Millis, Months, Years};
    &[
        Millis(1),
        Millis(5),
        Millis(10),
        Millis(50),
        Millis(100),
        Millis(500),
        Millis(1_000),
        Millis(2_000),
        Millis(5_000),
        Millis(10_000),
        Millis(15_000),
        Millis(30_000),
        Millis(60_000),
        Millis(120_000),
        Millis(300_000),
        Millis(600_000),
        Millis(900_000),
        Millis(1_800_000),
        Millis(3_600_000),
        Millis(7_200_000),
        Millis(10_800_000),
        Millis(21_600_000),
        Millis(43_200_000),
        Days(1),
        Days(2),
        Days(7),
        HalfMonth,
        Months(1),
        Months(2),
        Months(3),
        Months(6),
        Years(1),
        Years(2),
        Years(5),
        Years(10),
        Years(20),
        Years(50),
        Years(100),
        Years(200),
        Years(500),
        Years(1000),
        Years(2000),
    ]
};

impl Step {
    /// About how long it is, in milliseconds.
    fn length(self) -> i64 {
        match self {
            Step::Millis(ms) => ms,
            Step::Days(n) => i64::from(n) * DAY,
            Step::HalfMonth => 15 * DAY,
            Step::Months(n) => i64::from(n) * 30 * DAY,
            Step::Years(n) => i64::from(n) * 365 * DAY,
        }
    }

    /// How many of its labels fit where `usual` times like 14:05 would.
    fn most(self, usual: i64) -> i64 {
        match self {
            Step::Millis(..1000) => usual / 2,
            Step::Millis(..60_000) => usual * 3 / 4,
            Step::Months(_) if usual > 5 => usual.max(12),
            _ => usual,
        }
    }

    /// Whether all ticks of `coarse` are ticks of this too.
    fn divides(self, coarse: Step) -> bool {
        match (self, coarse) {
            (Step::Millis(a), Step::Millis(b)) => b % a == 0,
            (Step::Millis(_), _) | (Step::Days(1), Step::Days(_) | Step::HalfMonth | Step::Months(_) | Step::Years(_)) => true,
            (Step::Days(a), Step::Days(b)) => a == b,
            (Step::HalfMonth, Step::HalfMonth | Step::Months(_) | Step::Years(_)) => true,
            (Step::Months(a), Step::Months(b)) => b % a == 0,
            (Step::Months(a), Step::Years(_)) => 12 % a == 0,
            (Step::Years(a), Step::Years(b)) => b % a == 0,
            _ => false,
        }
    }

    /// Whether a local time that begins a day (`turn`) or not is one of its ticks.
    fn has(self, local: NaiveDateTime, turn: bool) -> bool {
        let date = local.date();
        match self {
            Step::Millis(ms) => {
                turn || (i64::from(local.num_seconds_from_midnight()) * 1000 + i64::from(local.nanosecond() / 1_000_000)) % ms
                    == 0
            }
            Step::Days(7) => turn && date.weekday() == Weekday::Mon,
            Step::Days(n) => turn && date.num_days_from_ce() % n == 0,
            Step::HalfMonth => turn && matches!(date.day(), 1 | 15),
            Step::Months(n) => turn && date.day() == 1 && date.month0().is_multiple_of(n),
            Step::Years(n) => turn && date.ordinal() == 1 && date.year() % n == 0,
        }
    }

    /// What is written at one of its ticks, and whether something larger begins there.
    fn label(self, local: NaiveDateTime, turn: bool) -> (String, bool) {
        let write = |format: &str| local.format(format).to_string();
        match self {
            Step::Millis(_) if turn => (write("%a %-d"), true),
            Step::Millis(..1000) => (write("%H:%M:%S%.3f"), false),
            Step::Millis(..60_000) => (write("%H:%M:%S"), false),
            Step::Millis(_) => (write("%H:%M"), false),
            Step::Days(..7) if local.day() == 1 => (write("%b %-d"), true),
            Step::Days(..7) => (write("%a %-d"), false),
            Step::Days(_) | Step::HalfMonth => (write("%b %-d"), false),
            Step::Months(_) if local.month() == 1 => (write("%Y"), true),
            Step::Months(_) => (write("%b"), false),
            Step::Years(_) => (write("%Y"), false),
        }
    }
}

/// The ticks of a range. Outside the years 1 to 9999 there are none.
pub(super) fn ticks(range: TimeRange, zone: Tz) -> Vec<Tick> {
    let (from, to) = (range.from(), range.to());
    if from.year() < 1 || to.year() > 9999 {
        return Vec::new();
    }
    let length = (to - from).num_milliseconds();
    let fits = |step: &Step, most: i64| length / step.length() <= step.most(most);
    let Some(coarse) = LADDER.iter().copied().find(|step| fits(step, 5)) else { return Vec::new() };
    let finer =
        |than: Step, most: i64| LADDER.iter().copied().find(|step| step.divides(than) && fits(step, most)).unwrap_or(than);
    let medium = finer(coarse, 9);
    let fine = finer(medium, 24);
    let mut ticks: Vec<Tick> = instants(fine, from, to, zone)
        .into_iter()
        .filter_map(|(at, turn)| {
            let local = at.with_timezone(&zone).naive_local();
            let (rank, step) = [coarse, medium, fine].into_iter().enumerate().find(|(_, step)| step.has(local, turn))?;
            let (label, turn) = step.label(local, turn);
            let rank = rank as u8;
            Some(Tick { at, label, turn, rank })
        })
        .collect();
    if let (Step::Days(..7), Some(first)) = (coarse, ticks.iter_mut().find(|tick| tick.rank == 0)) {
        // somebody has to say which month it is
        first.label = first.at.with_timezone(&zone).format("%b %-d").to_string();
    }
    ticks
}

/// All instants that could be ticks of `step`, each with whether a day begins there.
fn instants(step: Step, from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz) -> Vec<(DateTime<Utc>, bool)> {
    match step {
        Step::Millis(ms) => times(ms, from, to, zone),
        _ => days(from, to, zone, step),
    }
}

/// Instants on a fine grid whose wall-clock time is round: the grid is finer than any shift of a clock.
fn times(ms: i64, from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz) -> Vec<(DateTime<Utc>, bool)> {
    let grid = ms.min(900_000);
    let offset = |at: DateTime<Utc>| (at.with_timezone(&zone).naive_local() - at.naive_utc()).num_milliseconds();
    let start = from.timestamp_millis();
    let first = start + (-(start + offset(from))).rem_euclid(grid);
    let before = DateTime::from_timestamp_millis(first - grid).unwrap_or(from);
    let mut yesterday = before.with_timezone(&zone).date_naive();
    let mut found = Vec::new();
    let mut at = first;
    while at <= to.timestamp_millis() {
        let Some(instant) = DateTime::from_timestamp_millis(at) else { break };
        let local = instant.with_timezone(&zone).naive_local();
        let turn = local.date() != yesterday;
        yesterday = local.date();
        if instant >= from && Step::Millis(ms).has(local, turn) {
            found.push((instant, turn));
        }
        at += grid;
    }
    found
}

/// The first instants of days.
fn days(from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz, step: Step) -> Vec<(DateTime<Utc>, bool)> {
    let last = to.with_timezone(&zone).date_naive();
    let mut date = from.with_timezone(&zone).date_naive();
    let mut found = Vec::new();
    while date <= last {
        if step.has(date.and_time(NaiveTime::MIN), true)
            && let Some(at) = day_start(date, zone)
            && (from..=to).contains(&at)
        {
            found.push((at, true));
        }
        let next = match step {
            Step::Years(_) => NaiveDate::from_ymd_opt(date.year() + 1, 1, 1),
            Step::Months(_) => NaiveDate::from_ymd_opt(date.year() + i32::from(date.month() == 12), date.month() % 12 + 1, 1),
            _ => date.checked_add_days(Days::new(1)),
        };
        let Some(next) = next else { break };
        date = next;
    }
    found
}

/// The first instant of a local day: where midnight is skipped, what follows it; a day may be skipped whole.
pub(super) fn day_start(date: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = date.and_time(NaiveTime::MIN);
    (0..96).find_map(|quarter| match zone.from_local_datetime(&(midnight + TimeDelta::minutes(15 * quarter))) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.with_timezone(&Utc)),
        LocalResult::None => None,
    })
}

/// How many units wide the canvas is: fine enough that a time read back from the drawing is the time that went in.
pub(super) fn units(range: TimeRange, step: Option<TimeDelta>) -> u32 {
    let length = range.length().num_milliseconds().max(1) as f64;
    let unit = step.map_or(1000, |step| step.num_milliseconds().clamp(1000, 900_000)) as f64;
    let mut units = (length / unit).ceil().max(1.0);
    while units < 6000.0 {
        units *= 2.0;
    }
    units.min(if step.is_some() { 100_000.0 } else { 40_000.0 }) as u32
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use chrono_tz::Tz;

    use super::{Tick, ticks};
    use crate::domain::TimeRange;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn drawn(from: &str, to: &str, zone: Tz, rank: u8) -> Vec<Tick> {
        ticks(TimeRange::new(at(from), at(to)).unwrap(), zone).into_iter().filter(|tick| tick.rank <= rank).collect()
    }

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn two_days_have_a_tick_every_six_hours_and_name_the_day_at_midnight() {
        let ticks = drawn("2014-02-20T00:00:00Z", "2014-02-22T00:00:00Z", Tz::UTC, 1);
        assert_eq!(labels(&ticks), ["Thu 20", "06:00", "12:00", "18:00", "Fri 21", "06:00", "12:00", "18:00", "Sat 22"]);
        assert!(ticks[4].turn && !ticks[5].turn);
    }

    #[test]
    fn the_short_day_of_spring_has_no_two_o_clock_and_its_ticks_stay_at_round_local_times() {
        // Berlin, 2025-03-30: 02:00 becomes 03:00
        let ticks = drawn("2025-03-29T22:30:00Z", "2025-03-30T04:00:00Z", Tz::Europe__Berlin, 1);
        assert_eq!(labels(&ticks), ["Sun 30", "01:00", "03:00", "04:00", "05:00", "06:00"]);
        assert_eq!(ticks[2].at - ticks[1].at, TimeDelta::hours(1));
        let day = drawn("2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z", Tz::Europe__Berlin, 0);
        assert_eq!(labels(&day), ["Sun 30", "06:00", "12:00", "18:00", "Mon 31"]);
        assert_eq!(day[1].at - day[0].at, TimeDelta::hours(5));
    }

    #[test]
    fn the_long_day_of_autumn_has_two_o_clock_twice() {
        let ticks = drawn("2025-10-25T22:30:00Z", "2025-10-26T03:00:00Z", Tz::Europe__Berlin, 0);
        assert_eq!(labels(&ticks), ["01:00", "02:00", "02:00", "03:00", "04:00"]);
        let day = drawn("2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z", Tz::Europe__Berlin, 0);
        assert_eq!(labels(&day), ["Sun 26", "06:00", "12:00", "18:00", "Mon 27"]);
        assert_eq!(day[1].at - day[0].at, TimeDelta::hours(7));
    }

    #[test]
    fn where_midnight_is_skipped_the_day_is_named_at_its_first_instant() {
        // Beirut, 2024-03-31: 00:00 becomes 01:00
        let ticks = drawn("2024-03-30T12:00:00Z", "2024-03-31T12:00:00Z", Tz::Asia__Beirut, 0);
        let turn = ticks.iter().find(|tick| tick.turn).unwrap();
        assert_eq!((turn.label.as_str(), turn.at), ("Sun 31", at("2024-03-30T22:00:00Z")));
        let week = drawn("2024-03-28T12:00:00Z", "2024-04-04T12:00:00Z", Tz::Asia__Beirut, 1);
        assert_eq!(labels(&week), ["Mar 29", "Sat 30", "Sun 31", "Apr 1", "Tue 2", "Wed 3", "Thu 4"]);
    }

    #[test]
    fn longer_ranges_have_days_weeks_months_and_years() {
        assert_eq!(
            labels(&drawn("2026-01-28T12:00:00Z", "2026-02-27T12:00:00Z", Tz::UTC, 0)),
            ["Feb 2", "Feb 9", "Feb 16", "Feb 23"]
        );
        assert_eq!(labels(&drawn("2025-06-10T00:00:00Z", "2026-06-10T00:00:00Z", Tz::UTC, 0)), ["Jul", "Oct", "2026", "Apr"]);
        assert_eq!(
            labels(&drawn("1920-06-10T00:00:00Z", "2020-06-10T00:00:00Z", Tz::UTC, 0)),
            ["1940", "1960", "1980", "2000", "2020"]
        );
    }

    #[test]
    fn any_range_has_few_ticks_in_order_and_inside() {
        for zone in [Tz::UTC, Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::Pacific__Apia, Tz::Asia__Kathmandu] {
            for from in ["2011-12-28T07:13:21.123Z", "1880-01-01T00:00:00Z", "2025-03-08T09:00:00Z"] {
                let mut length = 1i64;
                while length < 3_000_000_000_000 {
                    let range = TimeRange::new(at(from), at(from) + TimeDelta::milliseconds(length)).unwrap();
                    let ticks = ticks(range, zone);
                    assert!(ticks.len() <= 40, "{zone} {from} {length}: {}", ticks.len());
                    assert!(ticks.iter().filter(|tick| tick.rank == 0).count() <= 8, "{zone} {from} {length}");
                    assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at));
                    assert!(ticks.iter().all(|tick| tick.at >= range.from() && tick.at <= range.to()));
                    length = length * 17 / 10 + 1;
                }
            }
        }
    }
}
