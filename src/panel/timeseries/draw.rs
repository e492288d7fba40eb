//! The lines drawn, and the words around them.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::TimeSeries;
use crate::chart::{Chart, Line, Point};
use crate::frame::Frame;
use crate::panel::readings::{self, Readings};
use crate::panel::{Drawing, Html, View, cells, drawing, turn, words};

impl TimeSeries {
    pub(super) fn drawing(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        let Some(frame) = frames.first().filter(|frame| !frame.is_empty()) else {
            return drawing::empty(&self.common, Some(self.window(view).range), view);
        };
        let lines = self.lines(frame);
        let mut notices = drawing::cut_notice(frame);
        let as_table = turn::as_table(view, &mut notices);
        let drawn = self.chart(lines, view);
        let (body, summary) = match as_table {
            true => (self.table(&drawn.lines, view, &mut notices), format!("{}, as a table", self.common.title)),
            false => {
                let drawn = drawn.draw();
                (Html::from(drawn.svg), drawn.summary)
            }
        };
        let turn = turn::link(&self.common.title, as_table, view);
        let stale_since = drawing::stale_since(&self.common, self.newest(frame, view), view);
        Drawing { body, stale_since, note: Some(self.note(view)), turn, notices, summary, ..Drawing::default() }
    }

    fn table(&self, lines: &[Line], view: &View, notices: &mut Vec<String>) -> Html {
        let (unit, decimals) = (&self.look.unit, self.look.decimals);
        readings::body(&Readings { title: &self.common.title, unit, decimals, lines }, view, notices)
    }

    /// One line a label, in the order they come.
    pub(super) fn lines(&self, frame: &Frame) -> Vec<Line> {
        let (Some(times), Some(values)) = (frame.column("time"), frame.column("value")) else { return Vec::new() };
        let labels = frame.column("label");
        let mut lines: Vec<Line> = Vec::new();
        // By their names, since looking through the lines themselves takes too long where there are thousands.
        let mut known: HashMap<String, usize> = HashMap::new();
        for i in 0..frame.rows() {
            let Some(at) = cells::instant(times, i, self.times) else { continue };
            let label = labels.map(|labels| labels.text(i));
            let name = match &label {
                None => self.common.title.as_str(),
                Some(None) => "no name",
                Some(Some(label)) => label,
            };
            let index = match known.get(name) {
                Some(index) => *index,
                None => {
                    known.insert(name.to_owned(), lines.len());
                    lines.push(Line { label: name.to_owned(), color: self.color(name, lines.is_empty()), points: Vec::new() });
                    lines.len() - 1
                }
            };
            lines[index].points.push(Point { at, value: values.number(i) });
        }
        lines
    }

    fn color(&self, label: &str, first: bool) -> Option<crate::chart::Color> {
        let own = self.look.series_colors.iter().find(|(name, _)| name == label).map(|(_, color)| *color);
        own.or(self.look.line_color.filter(|_| first))
    }

    pub(super) fn chart(&self, lines: Vec<Line>, view: &View) -> Chart {
        let look = &self.look;
        Chart {
            id: turn::id(view),
            title: self.common.title.clone(),
            description: self.common.description.clone(),
            lines,
            range: self.window(view).range,
            zone: view.zone,
            now: view.now,
            step: self.step(view),
            unit: look.unit.clone(),
            decimals: look.decimals,
            y_label: look.y_label.clone(),
            y_range: look.y_range,
            fill: look.fill,
            gaps: look.gaps,
            thresholds: look.thresholds.clone(),
        }
    }

    /// When the newest reading was; a bucket speaks for its whole width.
    fn newest(&self, frame: &Frame, view: &View) -> Option<DateTime<Utc>> {
        let newest = cells::newest(frame.column("time")?, self.times)?;
        Some(newest + self.step(view).unwrap_or_default())
    }

    /// `mean per 10 min`, `every reading`.
    fn note(&self, view: &View) -> String {
        let Some(step) = self.step(view) else { return "every reading".to_owned() };
        format!("{} per {}", words::made(self.aggregate), words::width(step))
    }
}
