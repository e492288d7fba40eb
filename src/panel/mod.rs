//! Panels: what a dashboard is made of. One folder a type; each asks its questions and draws the answers.

mod address;
mod behind;
mod cells;
mod data;
mod draft;
mod drawing;
mod endpoint;
mod export;
mod kind;
mod link;
mod markup;
mod pager;
mod readings;
mod sample;
mod spec;
mod status;
mod stretch;
mod turn;
mod view;
mod words;

#[cfg(test)]
mod stage;

use std::sync::Arc;

use chrono::TimeDelta;

pub use address::Address;
pub use behind::rows_behind;
pub use data::{
    BarData, CellData, CellRow, ColumnData, Data, LineData, NumberData, RowData, ServiceData, Stamp, StateData, TrendData,
    instant,
};
pub use draft::NOBODY;
pub use drawing::{Badge, Drawing, Html, Level};
pub use endpoint::{
    Answer, Asked, Call, Content, Endpoint, EndpointCall, Endpoints, Format, Made, Maker, Narrowed, Parameter, Picture, Reach,
    Registry, Trouble, Value, Wants, escaped,
};
pub use export::Export;
pub use kind::{Kind, Opened, kinds, read};
pub use sample::Sample;
pub use spec::SeenBy;
pub use view::View;

use crate::chart::Svg;
use crate::domain::VisibleTo;
use crate::error::FieldFault;
use crate::frame::Frame;
use crate::query::Query;
use kind::list;

list![timeseries, kpi, health_status, table, bar, heatmap, text, custom_image, custom_template];

/// What every panel has.
#[derive(Clone, Debug)]
pub struct Common {
    /// Its title.
    pub title: String,
    /// Shown behind the title.
    pub description: Option<String>,
    /// Its own refresh interval.
    pub refresh: Option<TimeDelta>,
    /// How old its newest row may be before the panel is called stale.
    pub stale_after: Option<TimeDelta>,
    /// What opens when it is looked at closely.
    pub drill_down: DrillDown,
    /// Who sees it.
    pub visible_to: VisibleTo,
}

/// What opens when a panel is looked at closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrillDown {
    /// Whether anything does.
    pub enabled: bool,
    /// Whether the rows behind the drawing stand below it.
    pub show_table: bool,
    /// Whether every reading may be asked for in place of buckets.
    pub disable_aggregation: bool,
}

/// A panel, ready to ask and to draw. Neither touches anything outside: queries are data, a drawing is text.
pub trait Panel: Send + Sync + std::fmt::Debug {
    /// Title, description, refresh.
    fn common(&self) -> &Common;

    /// Whether the page's range changes what it shows.
    fn follows_range(&self) -> bool;

    /// What it asks. An empty list: it is drawn without a question.
    fn queries(&self, view: &View) -> Vec<Query>;

    /// What it asks under the filters that are set: what callers run.
    fn asks(&self, view: &View) -> Vec<Query> {
        self.queries(view).into_iter().map(|query| query.filtered(&view.filters)).collect()
    }

    /// What tells which series there are, where it draws several.
    fn series(&self, _: &View) -> Option<Query> {
        None
    }

    /// Draws the answers, in the order of the queries.
    fn draw(&self, frames: &[Arc<Frame>], view: &View) -> Drawing;

    /// The answers as values, in the order of the queries. None: it is made by an endpoint, or cannot be read.
    fn data(&self, _frames: &[Arc<Frame>], _view: &View) -> Option<Data> {
        None
    }

    /// What of its own parameters it does not understand, for callers that are told instead of being shown the usual.
    fn refuses(&self, _view: &View) -> Vec<FieldFault> {
        Vec::new()
    }

    /// The same panel with so many rows on a page. None: it has no pages.
    fn paged(&self, _rows: u32) -> Option<Arc<dyn Panel>> {
        None
    }

    /// The endpoint that makes what it shows; it then has no queries, and [`Panel::draw_made`] draws.
    fn endpoint(&self) -> Option<&EndpointCall> {
        None
    }

    /// Draws what its endpoint made.
    ///
    /// # Errors
    /// Why that cannot be drawn, in the visitor's words.
    fn draw_made(&self, _made: &Content, _view: &View) -> Result<Drawing, Trouble> {
        Err(Trouble::Undrawn)
    }

    /// What of it leaves as a file: what it shows; without aggregation, the rows behind. None: it has no rows.
    fn export(&self, _view: &View) -> Option<Export> {
        None
    }

    /// The drawing as a picture that stands alone. None: it is words, for which there is the report.
    fn picture(&self, _frames: &[Arc<Frame>], _view: &View) -> Option<Svg> {
        None
    }

    /// The same panel as paper wants it: whole, with nothing to press. None: as it is.
    fn on_paper(&self) -> Option<Arc<dyn Panel>> {
        None
    }
}
