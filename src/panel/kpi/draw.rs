//! The number drawn: first and large, its unit small, its change in words.

use std::sync::Arc;

use askama::Template;
use chrono::TimeDelta;
use serde_json::Value;

use super::Kpi;
use crate::chart::{Card, Point, Svg, spark};
use crate::domain::Unit;
use crate::domain::unit::Formatted;
use crate::frame::Frame;
use crate::panel::status::State;
use crate::panel::{Drawing, Html, NumberData, TrendData, View, cells, data, drawing, words};
use crate::query::Aggregate;

#[derive(Template)]
#[template(path = "kpi/view.html")]
struct Body {
    value: Option<Formatted>,
    spark: Option<Svg>,
    change: Option<Change>,
}

/// The number against an earlier one.
struct Change {
    level: Direction,
    words: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
    Same,
}

impl Kpi {
    pub(super) fn drawing(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        let range = self.follows.then(|| self.range(view));
        let Some(frame) = frames.first().filter(|frame| !frame.is_empty()) else {
            return drawing::empty(&self.common, range, view);
        };
        let number = number(frame);
        let earlier = self.earlier(view);
        let before = earlier.and_then(|(_, period)| Some((frames.get(1)?, period)));
        let history = frames.get(if earlier.is_some() { 2 } else { 1 });
        let value = self.written(frame);
        let state = number.and_then(|number| self.thresholds.of(number));
        let change = before.map(|(frame, period)| self.change(number, self::number(frame), period));
        let newest = frame.column("time").and_then(|times| cells::newest(times, self.times));
        let summary = self.summary(value.as_ref(), state.map(|state| state.label.as_str()), change.as_ref());
        let body = Html::of(&Body { spark: history.and_then(|frame| self.spark(frame, view)), value, change });
        Drawing {
            body,
            stale_since: drawing::stale_since(&self.common, newest, view),
            badge: state.map(super::super::status::State::badge),
            notices: frames.iter().flat_map(|frame| drawing::cut_notice(frame)).take(1).collect(),
            note: self.note(),
            summary,
            ..Drawing::default()
        }
    }

    /// The number as a picture that stands alone.
    pub(super) fn card(&self, frames: &[Arc<Frame>], view: &View) -> Svg {
        let frame = frames.first().filter(|frame| !frame.is_empty());
        let state = frame.and_then(|frame| self.thresholds.of(number(frame)?));
        let range = self.follows.then(|| words::between(self.range(view), view));
        Card {
            title: self.common.title.clone(),
            below: range.into_iter().chain(self.note()).collect::<Vec<_>>().join(", "),
            number: frame.and_then(|frame| self.written(frame)).map_or_else(|| "no value".to_owned(), |value| value.to_string()),
            state: state.map(|state| state.label.clone()),
        }
        .file()
    }

    /// The number, and what is said about it, as values.
    pub(super) fn number_data(&self, frames: &[Arc<Frame>], view: &View) -> NumberData {
        let none = Arc::new(Frame::default());
        let frame = frames.first().unwrap_or(&none);
        let number = number(frame);
        let earlier = self.earlier(view).and_then(|(_, period)| Some((self::number(frames.get(1)?), period)));
        NumberData {
            value: frame.column("value").map_or(Value::Null, |values| data::value(values, 0, None)),
            unit: self.unit_word.clone(),
            decimals: self.decimals,
            state: number.and_then(|number| self.thresholds.of(number)).map(State::data),
            trend: earlier.map(|(before, period)| self.trend_data(number, before, period)),
        }
    }

    fn trend_data(&self, now: Option<f64>, before: Option<f64>, period: TimeDelta) -> TrendData {
        let change = self.change(now, before, period);
        let direction = match change.level {
            Direction::Up => "up",
            Direction::Down => "down",
            Direction::Same => "same",
        };
        let both = now.zip(before);
        TrendData {
            direction: both.map(|_| direction),
            previous: before,
            change: both.map(|(now, before)| now - before),
            period,
            words: change.in_words(),
        }
    }

    /// The value as a reader wants it: a number with its unit, else the text that is there.
    fn written(&self, frame: &Frame) -> Option<Formatted> {
        match number(frame) {
            Some(number) => Some(self.unit.format(number, self.decimals)),
            None => {
                let text = frame.column("value")?.text(0)?;
                Some(Formatted { number: words::cut(&text, 40), unit: String::new() })
            }
        }
    }

    fn change(&self, now: Option<f64>, before: Option<f64>, period: TimeDelta) -> Change {
        let then = words::before(period);
        let same = |words: String| Change { level: Direction::Same, words };
        let (Some(now), Some(before)) = (now, before) else { return same(format!("nothing to compare with {then}")) };
        let difference = now - before;
        let level = match difference {
            d if d > 0.0 => Direction::Up,
            d if d < 0.0 => Direction::Down,
            _ => return same(format!("no change on {then}")),
        };
        let size = match self.unit {
            // Shares are compared in points: from 50 % to 55 % is 5 points.
            Unit::Percent => format!("{} points", Unit::None.format(difference.abs(), Some(1)).number),
            Unit::Ratio => format!("{} points", Unit::None.format(difference.abs() * 100.0, Some(1)).number),
            _ if before == 0.0 => {
                return Change { level, words: format!("from {} on {then}", self.unit.format(before, self.decimals)) };
            }
            _ => format!("{}\u{a0}%", Unit::None.format((difference / before).abs() * 100.0, Some(1)).number),
        };
        Change { level, words: format!("{size} on {then}") }
    }

    fn spark(&self, frame: &Frame, view: &View) -> Option<Svg> {
        let (times, values) = (frame.column("time")?, frame.column("value")?);
        let points =
            (0..frame.rows()).filter_map(|i| Some(Point { at: cells::instant(times, i, self.times)?, value: values.number(i) }));
        let points: Vec<Point> = points.collect();
        let drawn = points.iter().filter(|point| point.value.is_some()).count() > 1;
        let window = self.window(view);
        drawn.then(|| spark(&points, window.range, &format!("{} {}", self.common.title, words::between(window.range, view))))
    }

    /// What was done with the values, and whether the page's range matters.
    fn note(&self) -> Option<String> {
        let what = match self.aggregate {
            Some(Aggregate::Avg) => Some("mean"),
            Some(Aggregate::Sum) => Some("sum"),
            Some(Aggregate::Min) => Some("lowest"),
            Some(Aggregate::Max) => Some("highest"),
            Some(Aggregate::Count) => Some("count"),
            Some(Aggregate::Last) | None => None,
        };
        let whatever = (self.time.is_some() && !self.follows).then_some("whatever the range");
        let told: Vec<&str> = what.into_iter().chain(whatever).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }

    fn summary(&self, value: Option<&Formatted>, state: Option<&str>, change: Option<&Change>) -> String {
        let value = value.map_or_else(|| "no value".to_owned(), ToString::to_string);
        let state = state.map(|state| format!(", {}", words::in_sentence(state))).unwrap_or_default();
        let change = change.map(|change| format!(", {}", change.in_words())).unwrap_or_default();
        format!("{}: {value}{state}{change}", self.common.title)
    }
}

impl Change {
    fn in_words(&self) -> String {
        match self.level {
            Direction::Up => format!("up {}", self.words),
            Direction::Down => format!("down {}", self.words),
            Direction::Same => self.words.clone(),
        }
    }
}

/// The number of the only row; null is none, never zero.
fn number(frame: &Frame) -> Option<f64> {
    frame.column("value")?.number(0)
}
