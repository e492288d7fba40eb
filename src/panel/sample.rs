//! Made-up answers to an example's questions: what the gallery of panel types draws, where there is no tenant's data.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::stretch::Stretches;
use super::{Content, Drawing, Kind, Panel, Trouble, View, read};
use crate::frame::{Column, Frame, Values};
use crate::query::Window;
use crate::yaml::Document;

/// What an example draws.
#[derive(Clone, Debug)]
pub enum Sample {
    /// A frame for each question, in their order.
    Frames(Vec<Frame>),
    /// What its endpoint would have made.
    Made(Content),
}

impl Kind {
    /// The example, read as any other file.
    pub fn shown(&self) -> Option<Arc<dyn Panel>> {
        let document = Document::parse(self.name, self.example).ok()?;
        read(&document).ok().map(|(_, panel, _)| panel)
    }

    /// Draws the example as it would be drawn on a dashboard, over answers that were made up.
    ///
    /// # Errors
    /// Why it cannot be drawn.
    pub fn draw(&self, example: &dyn Panel, view: &View) -> Result<Drawing, Trouble> {
        match (self.sample)(&example.queries(view), view) {
            Sample::Frames(frames) => Ok(example.draw(&frames.into_iter().map(Arc::new).collect::<Vec<_>>(), view)),
            Sample::Made(content) => example.draw_made(&content, view),
        }
    }
}

/// A frame of these columns.
pub(super) fn frame(columns: Vec<(&str, Values)>) -> Frame {
    let columns = columns.into_iter().map(|(name, values)| Column { name: name.into(), values });
    Frame { columns: columns.collect(), truncated: false }
}

/// A column of texts.
pub(super) fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> Values {
    Values::Text(values.into_iter().map(|text| Some(text.into())).collect())
}

/// A column of instants.
pub(super) fn instants(values: impl IntoIterator<Item = DateTime<Utc>>) -> Values {
    Values::Instant(values.into_iter().map(Some).collect())
}

/// The answer to a question for series: readings of each label, all through the window until now.
pub(super) fn series(window: Window, view: &View, labels: &[&str], value: impl Fn(usize, DateTime<Utc>) -> Option<f64>) -> Frame {
    let starts = match window.bucket {
        Some(_) => Stretches::of(&window).starts().to_vec(),
        None => {
            (0..window.range.length().num_minutes() / 5).map(|step| window.range.from() + TimeDelta::minutes(5 * step)).collect()
        }
    };
    let readings = labels.iter().enumerate().flat_map(|(n, label)| {
        let value = &value;
        let past = starts.iter().copied().filter(|at| *at < view.now);
        past.filter_map(move |at| Some((*label, at, value(n, at)?)))
    });
    let (mut names, mut times, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (label, at, value) in readings {
        names.push(label);
        times.push(at);
        values.push(Some(value));
    }
    frame(vec![("time", instants(times)), ("value", Values::Float(values)), ("label", texts(names))])
}

/// A day's rise and fall with some noise, 0 to 1, the same every time: like a reading, and none.
pub(super) fn wave(seed: usize, at: DateTime<Utc>) -> f64 {
    let hours = at.timestamp() as f64 / 3_600.0;
    let day = ((hours - 8.0) * std::f64::consts::TAU / 24.0).sin();
    let mixed = (at.timestamp() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(seed as u64).rotate_left(31);
    let noise = (mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / (1 << 24) as f64;
    (0.45 + 0.3 * day + 0.1 * ((hours + seed as f64 * 3.0) / 1.7).sin() + 0.04 * noise).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::Sample;
    use crate::panel::kinds;
    use crate::panel::stage::{is_harmless, view};
    use crate::query::Query;

    /// The columns that an answer to a question has, as `query` promises them.
    fn promised(query: &Query) -> Vec<String> {
        let all: Vec<Option<&str>> = match query {
            Query::Series { label, .. } => vec![Some("time"), Some("value"), label.as_ref().map(|_| "label")],
            Query::Spread { .. } => vec![Some("time"), Some("row"), Some("value")],
            Query::Value { time, .. } => vec![Some("value"), time.as_ref().map(|_| "time")],
            Query::Latest { time, .. } => {
                let timed = |name| time.as_ref().map(|_| name);
                vec![Some("key"), Some("status"), timed("time"), Some("message"), timed("since")]
            }
            Query::Groups { keys, .. } => vec![Some("key"), (keys.len() > 1).then_some("label"), Some("value")],
            Query::Rows { columns, .. } => columns.iter().map(|name| Some(name.as_str())).collect(),
            Query::Distinct { .. } => vec![Some("value")],
            Query::Count { .. } | Query::CountTo { .. } => vec![Some("count")],
        };
        let mut names: Vec<String> = all.into_iter().flatten().map(str::to_owned).collect();
        names.sort();
        names
    }

    #[test]
    fn every_type_answers_its_examples_questions_with_what_the_database_would_answer() {
        for kind in kinds() {
            let panel = kind.shown().unwrap();
            let view = view(24, &[]);
            let questions = panel.queries(&view);
            let Sample::Frames(frames) = (kind.sample)(&questions, &view) else {
                assert!(panel.endpoint().is_some(), "{}: only an endpoint makes", kind.name);
                continue;
            };
            assert_eq!(frames.len(), questions.len(), "{}", kind.name);
            for (question, frame) in questions.iter().zip(&frames) {
                let mut names: Vec<String> = frame.columns.iter().map(|column| column.name.to_string()).collect();
                names.sort();
                assert_eq!(names, promised(question), "{}: {question:?}", kind.name);
                assert!(frame.columns.iter().all(|column| column.values.len() == frame.rows()), "{}", kind.name);
            }
        }
    }

    #[test]
    fn every_types_example_is_drawn_without_a_word_of_trouble() {
        for kind in kinds() {
            let drawing =
                kind.draw(kind.shown().unwrap().as_ref(), &view(24, &[])).unwrap_or_else(|t| panic!("{}: {t}", kind.name));
            assert!(!drawing.empty && drawing.stale_since.is_none(), "{}", kind.name);
            assert!(drawing.notices.is_empty(), "{}: {:?}", kind.name, drawing.notices);
            is_harmless(&drawing);
        }
    }
}
