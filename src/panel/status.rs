//! States: what a code or a number means, by shape, word and colour.

use std::fmt;

use askama::Template;

use super::draft::Draft;
use super::spec::{LevelWord, Ordered, StatusSpec, ThresholdSpec};
use super::{Badge, Level, StateData};
use crate::chart::Color;
use crate::frame::Values;

/// A state, as it is drawn.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "state.html")]
pub(super) struct State {
    pub(super) level: Level,
    pub(super) label: String,
    /// The author's own word, as written.
    pub(super) said: Option<String>,
    /// The author's colour, for the shape alone.
    pub(super) color: Option<Color>,
}

impl askama::filters::HtmlSafe for State {}

impl State {
    /// There is no telling.
    pub(super) fn unknown() -> State {
        State { level: Level::Unknown, label: "No value".to_owned(), said: None, color: None }
    }

    pub(super) fn data(&self) -> StateData {
        // In capitals, as authors and the examples write colours.
        let color = self.color.map(|color| color.to_string().to_uppercase());
        StateData { level: self.level.class(), label: self.said.clone().unwrap_or_else(|| self.label.clone()), color }
    }

    pub(super) fn badge(&self) -> Badge {
        Badge { level: self.level, label: self.label.clone() }
    }
}

/// What the codes of a column mean, the best first.
#[derive(Clone, Debug, Default)]
pub(super) struct Statuses(Vec<(String, State)>);

impl Statuses {
    /// Checks a `status_mapping` that stands at `path`.
    pub(super) fn build(written: &Ordered<StatusSpec>, path: &str, draft: &mut Draft<'_>) -> Statuses {
        let count = written.0.len();
        let states = written.0.iter().enumerate().map(|(place, (code, spec))| {
            let color = draft.color(&format!("{path}.{code}.color"), spec.color.as_deref());
            let level = level_of(spec.level, color, place, count);
            let label = word(Some(&spec.label), level);
            (code.trim().to_owned(), State { level, label, said: said(Some(&spec.label)), color })
        });
        Statuses(states.collect())
    }

    /// How bad row `i` is (a later code is worse; an unknown one is worse than the best) and how it is drawn.
    pub(super) fn of(&self, values: &Values, i: usize) -> (usize, State) {
        let Some(code) = code(values, i) else {
            return (1, State::unknown());
        };
        match self.0.iter().position(|(known, _)| known.eq_ignore_ascii_case(&code)) {
            Some(place) => (place * 2, self.0[place].1.clone()),
            None => {
                let label = format!("Unknown ({})", super::words::cut(&code, 40));
                (1, State { level: Level::Unknown, label, said: None, color: None })
            }
        }
    }
}

/// The code in row `i` as an author would write it: `2`, not `2.0`.
fn code(values: &Values, i: usize) -> Option<String> {
    if let Values::Float(_) | Values::Decimal(_) = values
        && let Some(number) = values.number(i)
        && number.fract() == 0.0
    {
        return Some(format!("{number:.0}"));
    }
    values.text(i).map(|text| text.trim().to_owned())
}

/// Limits, lowest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Thresholds(Vec<(f64, State)>);

impl Thresholds {
    /// Checks the `thresholds` at `path`.
    pub(super) fn build(written: &[ThresholdSpec], path: &str, draft: &mut Draft<'_>) -> Thresholds {
        let mut order: Vec<usize> = (0..written.len()).collect();
        order.sort_by(|a, b| written[*a].value.total_cmp(&written[*b].value));
        let mut limits: Vec<(f64, State)> = Vec::new();
        for (place, index) in order.into_iter().enumerate() {
            let spec = &written[index];
            if limits.last().is_some_and(|(value, _)| *value == spec.value) {
                draft.fault(&format!("{path}[{index}].value"), format!("there are two thresholds at {}", spec.value));
            }
            let color = draft.color(&format!("{path}[{index}].color"), spec.color.as_deref());
            let level = level_of(spec.level, color, place, written.len());
            let written = spec.label.as_deref();
            limits.push((spec.value, State { level, label: word(written, level), said: said(written), color }));
        }
        Thresholds(limits)
    }

    /// The highest limit that `number` reaches.
    pub(super) fn of(&self, number: f64) -> Option<&State> {
        self.0.iter().rev().find(|(value, _)| *value <= number).map(|(_, state)| state)
    }
}

/// What the author said; else what the colour says, as on a traffic light; else the place: first good, last bad.
fn level_of(said: Option<LevelWord>, color: Option<Color>, place: usize, count: usize) -> Level {
    match said {
        Some(LevelWord::Good) => return Level::Good,
        Some(LevelWord::Warn) => return Level::Warn,
        Some(LevelWord::Bad) => return Level::Bad,
        None => {}
    }
    let by_place = match place {
        0 => Level::Good,
        place if place + 1 == count => Level::Bad,
        _ => Level::Warn,
    };
    color.and_then(light).unwrap_or(by_place)
}

/// Red, amber or green, where a colour is one of them.
fn light(color: Color) -> Option<Level> {
    let [r, g, b] = color.rgb().map(f64::from);
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    if most - least < 40.0 {
        return None;
    }
    let sixth = match most {
        m if m == r => ((g - b) / (most - least)).rem_euclid(6.0),
        m if m == g => (b - r) / (most - least) + 2.0,
        _ => (r - g) / (most - least) + 4.0,
    };
    match sixth * 60.0 {
        hue if !(18.0..340.0).contains(&hue) => Some(Level::Bad),
        hue if hue < 70.0 => Some(Level::Warn),
        hue if hue < 175.0 => Some(Level::Good),
        _ => None,
    }
}

fn said(written: Option<&str>) -> Option<String> {
    written.map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned)
}

/// The author's word with a capital, or ours.
fn word(written: Option<&str>, level: Level) -> String {
    let written = written.map(str::trim).filter(|word| !word.is_empty());
    let mut letters = written.unwrap_or(level.word()).chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl Level {
    /// A word for it where the author has none.
    pub fn word(self) -> &'static str {
        match self {
            Level::Good => "Good",
            Level::Warn => "Warning",
            Level::Bad => "Critical",
            Level::Unknown => "Unknown",
        }
    }
}

/// A colour as an attribute, or nothing.
struct Fill(Option<Color>);

impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(color) => write!(f, " fill=\"{color}\""),
            None => Ok(()),
        }
    }
}

impl askama::filters::HtmlSafe for Fill {}
