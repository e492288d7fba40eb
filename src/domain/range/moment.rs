//! One end of a range as written: Grafana's grammar, dates, epoch milliseconds.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use super::calendar::{Fold, Unit, instant};

/// The most characters an end may have.
const LONGEST: usize = 64;
/// The most steps behind `now`.
const STEPS: usize = 8;

/// One end of a range as written: Grafana's grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Relative(Vec<Step>),
    Fixed(DateTime<Utc>),
    Local(NaiveDateTime),
}

/// What happens to `now`, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `-3h`, `+1d`.
    By(i64, Unit),
    /// `/d`.
    Round(Unit),
}

impl Moment {
    /// Reads `now`, `now-24h`, `now/d`, `now-1M/M`, RFC 3339, a plain date or date-time (in the shown zone), or epoch milliseconds.
    /// A plain date is its midnight, at either end.
    ///
    /// # Errors
    /// What is wrong with the text, in the viewer's words.
    pub fn parse(text: &str) -> Result<Moment, String> {
        let text = text.trim();
        if text.chars().count() > LONGEST {
            return Err(format!("a time has at most {LONGEST} characters"));
        }
        let kind = kind_of(text).ok_or_else(|| {
            format!("“{text}” is not a time; write now-24h, now/d, 2026-04-10, 2026-04-10T08:00 or 2026-04-10T08:00:00Z")
        })?;
        Ok(Moment { text: text.to_owned(), kind })
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it moves with the clock.
    pub fn is_relative(&self) -> bool {
        matches!(self.kind, Kind::Relative(_))
    }

    /// The instant it means, if it lies in the years 1900 to 2200. `round_up`: as an end, `now/d` is the end of the day,
    /// and a local time that comes twice means its second time.
    pub fn resolve(&self, now: DateTime<Utc>, zone: Tz, round_up: bool) -> Option<DateTime<Utc>> {
        let at = match &self.kind {
            Kind::Relative(steps) => steps.iter().try_fold(now, |at, step| {
                let at = match step {
                    Step::By(count, unit) => unit.shift(at, *count, zone),
                    Step::Round(unit) => unit.round(at, zone, round_up),
                };
                at.filter(is_sane) // far from the ends of what the calendar can hold, before the next step
            })?,
            Kind::Fixed(at) => *at,
            Kind::Local(local) => instant(*local, zone, if round_up { Fold::Later } else { Fold::Earlier })?,
        };
        Some(at).filter(is_sane)
    }

    /// `now`.
    pub(super) fn now() -> Moment {
        Moment { text: "now".to_owned(), kind: Kind::Relative(Vec::new()) }
    }

    /// `now-{count}{unit}`; an unknown letter is `now`.
    pub(super) fn now_less(count: i64, letter: char) -> Moment {
        Unit::of(letter).map_or_else(Moment::now, |unit| Moment {
            text: format!("now-{count}{letter}"),
            kind: Kind::Relative(vec![Step::By(-count, unit)]),
        })
    }

    /// An instant, written in RFC 3339.
    pub(super) fn fixed(at: DateTime<Utc>) -> Moment {
        let precision =
            if at.timestamp_subsec_millis() == 0 { chrono::SecondsFormat::Secs } else { chrono::SecondsFormat::Millis };
        Moment { text: at.to_rfc3339_opts(precision, true), kind: Kind::Fixed(at) }
    }

    /// The steps behind `now`, when it moves with the clock.
    pub(super) fn steps(&self) -> Option<&[Step]> {
        match &self.kind {
            Kind::Relative(steps) => Some(steps),
            _ => None,
        }
    }
}

/// Whether an instant lies in the years that ranges may reach.
pub(super) fn is_sane(at: &DateTime<Utc>) -> bool {
    (1900..=2200).contains(&at.year())
}

fn kind_of(text: &str) -> Option<Kind> {
    if let Some(rest) = text.strip_prefix("now") {
        return steps_of(rest).map(Kind::Relative);
    }
    if text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit()) {
        return epoch_of(text).map(Kind::Fixed);
    }
    rfc3339_of(text).map(Kind::Fixed).or_else(|| local_of(text).map(Kind::Local))
}

fn steps_of(mut rest: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while let Some(sign) = rest.chars().next() {
        rest = rest.get(sign.len_utf8()..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count = if digits == 0 { 1 } else { rest.get(..digits)?.parse::<i64>().ok()? };
        let letter = rest.get(digits..)?.chars().next()?;
        let unit = Unit::of(letter)?;
        rest = rest.get(digits + letter.len_utf8()..)?;
        steps.push(match sign {
            '+' | ' ' => Step::By(count, unit), // an unencoded + in a link arrives as a space
            '-' => Step::By(-count, unit),
            '/' if digits == 0 => Step::Round(unit),
            _ => return None,
        });
        if steps.len() > STEPS {
            return None;
        }
    }
    Some(steps)
}

/// Epoch milliseconds. Four and eight digits are refused: they are a year or a date without hyphens.
fn epoch_of(text: &str) -> Option<DateTime<Utc>> {
    let digits = text.trim_start_matches('-').len();
    if matches!(digits, 0 | 4 | 8 | 16..) {
        return None;
    }
    DateTime::from_timestamp_millis(text.parse().ok()?)
}

fn rfc3339_of(text: &str) -> Option<DateTime<Utc>> {
    let read = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    // An unencoded + in a link arrives as a space.
    read(text)
        .or_else(|| text.rsplit_once(' ').filter(|(head, _)| head.contains('T')).and_then(|(a, b)| read(&format!("{a}+{b}"))))
}

fn local_of(text: &str) -> Option<NaiveDateTime> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(day.and_time(NaiveTime::MIN));
    }
    let text = text.replacen(' ', "T", 1);
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"];
    forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
}
