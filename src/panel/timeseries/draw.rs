//! The lines drawn, and the words around them.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};

use super::{TimeSeries, table};
use crate::chart::{Chart, Line, Point};
use crate::domain::Key;
use crate::frame::Frame;
use crate::panel::link::{self, Link};
use crate::panel::{Drawing, Html, View, cells, drawing, words};
use crate::query::Aggregate;

/// From the chart to its table, or back.
#[derive(Template)]
#[template(path = "timeseries/turn.html")]
struct Turn<'a> {
    key: &'a Key,
    title: &'a str,
    as_table: bool,
    link: Link,
}

impl TimeSeries {
    pub(super) fn drawing(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        let Some(frame) = frames.first().filter(|frame| !frame.is_empty()) else {
            return drawing::empty(&self.common, Some(self.window(view).range), view);
        };
        let lines = self.lines(frame);
        let mut notices = drawing::cut_notice(frame);
        let as_table = match view.param("view").filter(|_| !view.close) {
            Some("table") => true,
            None | Some("" | "chart") => false,
            Some(other) => {
                notices.push(format!("“{}” is no view of this panel; this is the chart.", words::cut(other, 40)));
                false
            }
        };
        let drawn = self.chart(lines, view);
        let (body, summary) = match as_table {
            true => (table::body(self, &drawn.lines, view, &mut notices), format!("{}, as a table", self.common.title)),
            false => {
                let drawn = drawn.draw();
                (Html::from(drawn.svg), drawn.summary)
            }
        };
        // Looked at closely, the rows stand below already.
        let turn = (!view.close).then(|| self.turn(as_table, view));
        let stale_since = drawing::stale_since(&self.common, self.newest(frame, view), view);
        Drawing { body, stale_since, note: Some(self.note(view)), turn, notices, summary, ..Drawing::default() }
    }

    fn turn(&self, as_table: bool, view: &View) -> Html {
        let changes: &[(&str, Option<&str>)] =
            if as_table { &[("view", None), ("page", None)] } else { &[("view", Some("table"))] };
        Html::of(&Turn { key: &view.key, title: &self.common.title, as_table, link: link::to(view, changes) })
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
            // The dashboard's own may stand on the same page.
            id: if view.close { format!("{}-close", view.key) } else { view.key.to_string() },
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
        let what = match self.aggregate {
            Aggregate::Avg => "mean",
            Aggregate::Sum => "sum",
            Aggregate::Min => "lowest",
            Aggregate::Max => "highest",
            Aggregate::Count => "count",
            Aggregate::Last => "last",
        };
        format!("{what} per {}", words::width(step))
    }
}
