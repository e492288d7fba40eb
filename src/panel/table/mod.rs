//! Rows: sorted, searched, filtered and turned page by page, all of it in the address.

mod asked;
mod behind;
mod column;
mod draw;
mod sample;
mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(super) use behind::behind;
pub(super) use sample::sample;
pub(super) use spec::Spec;

use super::draft::{Draft, Times};
use super::spec::RangeMode;
use super::{Common, Data, Drawing, Export, Panel, RowData, View, data};
use crate::domain::TimeRange;
use crate::error::FieldFault;
use crate::frame::Frame;
use crate::query::{Order, Query, Set, Source, Window};
use asked::Asked;
use column::{Column, Format};
use spec::Direction;

/// Columns and rows it takes when its dashboard does not say.
pub(super) const SIZE: (u16, u16) = (12, 3);
/// Rows on a page, where the author says nothing.
const PAGE: u32 = 25;
/// The most rows that are printed.
const PRINTED: u32 = 10_000;
/// The most rows a page may have.
const LONGEST_PAGE: u32 = 500;

/// Rows, checked.
#[derive(Clone, Debug)]
struct Table {
    common: Common,
    source: Source,
    times: Times,
    columns: Vec<Column>,
    /// The first column of times, which tells how new a row is.
    time: Option<usize>,
    /// Whether the range acts on it.
    follows: bool,
    sortable: bool,
    default_sort: Option<Order>,
    page: u32,
    search: bool,
    filters: bool,
    /// For paper: all rows, and nothing to press.
    printed: bool,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    let source = draft.source(&spec.data_source, spec.query.as_ref());
    let times = draft.times(spec.data_source.timezone.as_deref(), spec.data_source.time_format);
    let display = &spec.display;
    let columns = columns(spec.data_source.columns, draft);
    let written = columns.as_deref().unwrap_or_default();
    let default_sort = display.default_sort.as_deref().and_then(|name| {
        let found = written.iter().find(|column| column.name.as_str() == name);
        if found.is_none() && columns.is_some() {
            draft.fault("panel.display.default_sort", format!("there is no column “{name}” here; {}", listed(written)));
        }
        let descending = display.default_sort_order == Some(Direction::Desc);
        found.map(|column| Order { column: column.name.clone(), descending })
    });
    if display.default_sort.is_none() && display.default_sort_order.is_some() {
        draft.fault("panel.display.default_sort_order", "say which column: default_sort");
    }
    if display.pagination.is_some_and(|rows| !(1..=LONGEST_PAGE).contains(&rows)) {
        draft.fault("panel.display.pagination", format!("must be 1 to {LONGEST_PAGE} rows"));
    }
    let time = written.iter().position(|column| column.format == Format::DateTime);
    if time.is_none() {
        if spec.range == Some(RangeMode::Follow) {
            draft.fault("panel.range", "to follow the range a column with “format: datetime” is needed");
        }
        if spec.stale_after.is_some() && columns.is_some() {
            draft.fault("panel.stale_after", "this needs a column with “format: datetime”");
        }
    }
    Some(Arc::new(Table {
        common,
        source: source?,
        times,
        time,
        follows: time.is_some() && spec.range != Some(RangeMode::Ignore),
        columns: columns?,
        sortable: display.sortable.unwrap_or(true),
        default_sort,
        page: display.pagination.unwrap_or(PAGE),
        search: display.search.unwrap_or(true),
        filters: display.filters.unwrap_or(true),
        printed: false,
    }))
}

fn columns(written: spec::Columns, draft: &mut Draft<'_>) -> Option<Vec<Column>> {
    let written = written.into_list();
    if written.is_empty() {
        draft.fault("panel.data_source.columns", "a table needs at least one column");
        return None;
    }
    let mut columns: Vec<Option<Column>> = Vec::new();
    for (path, spec) in &written {
        let column = Column::build(spec, path, draft);
        let twice = column.as_ref().is_some_and(|new| columns.iter().flatten().any(|known| known.name == new.name));
        if twice {
            draft.fault(path, format!("the column “{}” stands here a second time", spec.name));
        }
        columns.push(column.filter(|_| !twice));
    }
    columns.into_iter().collect()
}

fn listed(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    format!("there are: {}", names.join(", "))
}

impl Table {
    /// The page's range, put on its grid, where the table follows one.
    fn range(&self, view: &View) -> Option<TimeRange> {
        self.follows.then(|| Window::new(view.range, view.spec.is_relative(), view.refresh, view.zone, false).range)
    }

    /// Row `i`, each value as the database has it.
    fn row(&self, frame: &Frame, i: usize) -> serde_json::Map<String, serde_json::Value> {
        let values = self.columns.iter().zip(&frame.columns);
        let cell = |(column, answer): (&Column, &crate::frame::Column)| {
            (column.name.as_str().to_owned(), data::value(&answer.values, i, column.timed(self.times)))
        };
        values.map(cell).collect()
    }

    fn set(&self, asked: &Asked, view: &View) -> Set {
        let names = || self.columns.iter().map(|column| column.name.clone()).collect();
        Set {
            source: self.source.clone(),
            time: self.time.filter(|_| self.follows).map(|at| self.times.column(self.columns[at].name.clone())),
            range: self.range(view),
            search: asked.search.clone().map(|text| (text, names())),
            filters: asked.filters.iter().map(|(at, text)| (self.columns[*at].name.clone(), text.clone())).collect(),
        }
    }
}

impl Panel for Table {
    fn common(&self) -> &Common {
        &self.common
    }

    fn follows_range(&self) -> bool {
        self.follows
    }

    /// One page of rows, and how many there are in all.
    fn queries(&self, view: &View) -> Vec<Query> {
        let asked = Asked::read(self, view);
        let set = self.set(&asked, view);
        let rows = Query::Rows {
            set: set.clone(),
            columns: self.columns.iter().map(|column| column.name.clone()).collect(),
            sort: asked.sort.clone().or_else(|| self.default_sort.clone()),
            offset: (asked.page - 1) * u64::from(self.page),
            limit: self.page,
        };
        vec![rows, Query::Count { set }]
    }

    fn draw(&self, frames: &[Arc<Frame>], view: &View) -> Drawing {
        self.drawing(frames, view)
    }

    fn data(&self, frames: &[Arc<Frame>], view: &View) -> Option<Data> {
        let rows = frames.first()?;
        let count = frames.get(1).and_then(|frame| frame.column("count")?.number(0)).map(|count| count.max(0.0) as u64);
        Some(Data::Rows(RowData {
            columns: self.columns.iter().map(Column::data).collect(),
            rows: (0..rows.rows()).map(|i| self.row(rows, i)).collect(),
            page: Asked::read(self, view).page,
            page_size: self.page,
            total: count.unwrap_or(rows.rows() as u64),
        }))
    }

    fn refuses(&self, view: &View) -> Vec<FieldFault> {
        asked::sort_faults(self, view)
    }

    fn paged(&self, rows: u32) -> Option<Arc<dyn Panel>> {
        Some(Arc::new(Table { page: rows.max(1), ..self.clone() }))
    }

    /// All rows of the set that is shown, in the order shown.
    fn export(&self, view: &View) -> Option<Export> {
        let asked = Asked::read(self, view);
        let set = self.set(&asked, view);
        let names = self.columns.iter().map(|column| column.name.clone()).collect();
        let query = Query::all_rows(set.clone(), names, asked.sort.or_else(|| self.default_sort.clone()));
        let columns = self.columns.iter().map(|column| column.exported(self.times, view.aggregate));
        Some(Export::new(query, Some(Query::Count { set }), columns.collect()))
    }

    fn on_paper(&self) -> Option<Arc<dyn Panel>> {
        Some(Arc::new(Table { page: PRINTED, printed: true, ..self.clone() }))
    }
}
