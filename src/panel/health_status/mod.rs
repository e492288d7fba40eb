//! How each service is: the worst first, by shape, word and colour, with since when.

mod draw;
mod sample;
mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(super) use sample::sample;
pub(super) use spec::Spec;

use super::draft::{Draft, Times};
use super::export::{self, Column};
use super::spec::RangeMode;
use super::status::Statuses;
use super::{Common, Data, Drawing, Export, Panel, View};
use crate::frame::Frame;
use crate::query::{Name, Query, Source};

/// Columns and rows it takes when its dashboard does not say.
pub(super) const SIZE: (u16, u16) = (4, 1);

/// The health of services, checked.
#[derive(Debug)]
struct Health {
    common: Common,
    source: Source,
    times: Times,
    key: Name,
    status: Name,
    time: Option<Name>,
    message: Option<Name>,
    statuses: Statuses,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    let written = &spec.data_source;
    let columns = &written.columns;
    let source = draft.source(written, spec.query.as_ref());
    let times = draft.times(written.timezone.as_deref(), written.time_format);
    let key = draft.name("panel.data_source.columns.service_name", &columns.service_name);
    let status = draft.name("panel.data_source.columns.status_value", &columns.status_value);
    let time = draft.optional_name("panel.data_source.columns.timestamp", columns.timestamp.as_deref());
    let message = draft.optional_name("panel.data_source.columns.error_message", columns.error_message.as_deref());
    if spec.range == Some(RangeMode::Follow) {
        draft.fault("panel.range", "health is shown as it is now, whatever the range");
    }
    if columns.timestamp.is_none() && spec.stale_after.is_some() {
        draft.fault("panel.stale_after", "this needs a time column: name it in data_source.columns.timestamp");
    }
    let mapping = &spec.display.status_mapping;
    if mapping.0.is_empty() {
        draft.fault("panel.display.status_mapping", "say what at least one code means: 0: {label: Healthy, color: \"#10B981\"}");
    }
    let statuses = Statuses::build(mapping, "panel.display.status_mapping", draft);
    let (time, message) = (time?, message?);
    Some(Arc::new(Health { common, source: source?, times, key: key?, status: status?, time, message, statuses }))
}

impl Panel for Health {
    fn common(&self) -> &Common {
        &self.common
    }

    fn follows_range(&self) -> bool {
        false
    }

    fn queries(&self, _view: &View) -> Vec<Query> {
        vec![Query::Latest {
            source: self.source.clone(),
            key: self.key.clone(),
            status: self.status.clone(),
            time: self.time.clone().map(|column| self.times.column(column)),
            message: self.message.clone(),
        }]
    }

    fn draw(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        self.drawing(frames, view)
    }

    /// All of them, however many.
    fn data(&self, frames: &[Arc<Frame>], _view: &View) -> Option<Data> {
        Some(Data::Services(self.services(frames.first()?)))
    }

    /// How each service is now, in words and as its code; without aggregation, everything that was ever reported.
    fn export(&self, view: &View) -> Option<Export> {
        let time = self.time.clone().map(|column| self.times.column(column));
        if !view.aggregate {
            let names = [Some(&self.key), Some(&self.status), self.time.as_ref(), self.message.as_ref()];
            let columns = [
                Some(Column::new(self.key.as_str(), "service").named("service")),
                Some(Column::new(self.status.as_str(), "code").named("code")),
                self.time.as_ref().map(|name| Column::new(name.as_str(), "time").named("time").time(self.times)),
                self.message.as_ref().map(|name| Column::new(name.as_str(), "message").named("message")),
            ];
            let distinct = export::distinct(names.into_iter().flatten());
            return Some(Export::rows(&self.source, time, None, distinct, columns.into_iter().flatten().collect()));
        }
        let timed = |from: &str, name: &str| time.as_ref().map(|_| Column::new(from, name).named(name).time(self.times));
        let columns = [
            Some(Column::new("key", "service").named("service")),
            Some(Column::new("status", "status").status(self.statuses.clone())),
            Some(Column::new("status", "code").named("code")),
            timed("since", "since"),
            timed("time", "checked"),
            self.message.as_ref().map(|_| Column::new("message", "message")),
        ];
        let query = self.queries(view).pop()?;
        Some(Export::new(query, None, columns.into_iter().flatten().collect()))
    }
}
