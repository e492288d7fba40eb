//! A file on its way to being a panel: checks what was written, and collects every fault with its place.

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::spec::{DataSource, DrillDownSpec, Ordered, QueryParts, QuerySpec, SeenBy, TimeFormat};
use super::{Common, DrillDown};
use crate::chart::Color;
use crate::domain::{Key, Role, VisibleTo};
use crate::query::{Bound, Condition, FragmentFault, Name, Order, Source, TimeColumn};
use crate::yaml::{Document, Fault};

/// What is wrong with a list of roles that is empty.
pub const NOBODY: &str = "nobody would see it: name viewer, admin or operator, or leave the key out";

/// A file being checked.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    document: &'a Document,
    faults: Vec<Fault>,
}

/// How the times of a source are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) zone: Tz,
    pub(super) format: crate::query::TimeFormat,
}

impl<'a> Draft<'a> {
    pub(super) fn new(document: &'a Document) -> Draft<'a> {
        Draft { document, faults: Vec::new() }
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Tells a fault at `path`.
    pub(super) fn fault(&mut self, path: &str, message: impl Into<String>) {
        self.faults.push(self.document.fault(path, message));
    }

    /// Tells a fault `offset` characters into the text at `path`.
    pub(super) fn fault_in(&mut self, path: &str, offset: usize, message: impl Into<String>) {
        self.faults.push(self.document.fault_in(path, offset, message));
    }

    /// Tells something worth a look that does not keep the file from being used.
    pub(super) fn warn(&mut self, path: &str, message: impl Into<String>) {
        self.faults.push(Fault { warning: true, ..self.document.fault(path, message) });
    }

    /// The value, or its fault told at `path`.
    pub(super) fn check<T>(&mut self, path: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|message| self.fault(path, message)).ok()
    }

    fn fragment<T>(&mut self, path: &str, read: Result<T, FragmentFault>) -> Option<T> {
        read.map_err(|wrong| self.faults.push(self.document.fault_in(path, wrong.at, wrong.message))).ok()
    }

    /// The keys that every panel has.
    pub(super) fn common(
        &mut self,
        title: &str,
        description: Option<&str>,
        refresh: Option<u32>,
        stale_after: Option<u32>,
        drill_down: Option<DrillDownSpec>,
    ) -> Common {
        if title.trim().is_empty() {
            self.fault("panel.title", "a panel needs a title");
        }
        let written = drill_down.unwrap_or_default();
        let drill_down = DrillDown {
            enabled: written.enabled.unwrap_or(true),
            show_table: written.show_table.unwrap_or(true),
            disable_aggregation: written.disable_aggregation.unwrap_or(true),
        };
        Common {
            title: title.trim().to_owned(),
            description: description.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
            refresh: self.seconds("panel.refresh_interval", refresh),
            stale_after: self.seconds("panel.stale_after", stale_after),
            drill_down,
            visible_to: VisibleTo::default(),
        }
    }

    /// Who sees it.
    pub(super) fn visible_to(&mut self, named: Option<&[SeenBy]>) -> VisibleTo {
        let Some(named) = named else { return VisibleTo::default() };
        let read = VisibleTo::roles(named.iter().map(|role| Role::from(*role))).ok_or_else(|| NOBODY.to_owned());
        self.check("panel.visible_to", read).unwrap_or_default()
    }

    fn seconds(&mut self, path: &str, seconds: Option<u32>) -> Option<TimeDelta> {
        if seconds == Some(0) {
            self.fault(path, "must be at least 1 second");
        }
        seconds.filter(|s| *s > 0).map(|s| TimeDelta::seconds(s.into()))
    }

    /// A column or table name.
    pub(super) fn name(&mut self, path: &str, text: &str) -> Option<Name> {
        self.check(path, Name::parse(text))
    }

    /// A name that may be absent; the outer `None` is a fault.
    #[allow(clippy::option_option)]
    pub(super) fn optional_name(&mut self, path: &str, text: Option<&str>) -> Option<Option<Name>> {
        match text {
            None => Some(None),
            Some(text) => self.name(path, text).map(Some),
        }
    }

    /// A colour; one that can hardly be seen on a ground of ours is a warning.
    pub(super) fn color(&mut self, path: &str, text: Option<&str>) -> Option<Color> {
        let color = self.check(path, text?.parse::<Color>())?;
        if let Some(theme) = color.hard_to_see() {
            self.warn(path, format!("{color} can hardly be seen in the {theme} theme"));
        }
        Some(color)
    }

    /// Decimals as a number can have them.
    pub(super) fn decimals(&mut self, path: &str, decimals: Option<u8>) -> Option<u8> {
        if decimals.is_some_and(|d| d > 12) {
            self.fault(path, "must be 0 to 12");
        }
        decimals.map(|d| d.min(12))
    }

    /// How the source writes its times.
    pub(super) fn times(&mut self, timezone: Option<&str>, format: Option<TimeFormat>) -> Times {
        let zone = timezone.and_then(|name| {
            let read = name.parse::<Tz>().map_err(|_| format!("“{name}” is no time zone; write one like Europe/Berlin"));
            self.check("panel.data_source.timezone", read)
        });
        Times { zone: zone.unwrap_or(Tz::UTC), format: format.map(Into::into).unwrap_or_default() }
    }

    /// Table and query of a source. The query may stand in `data_source` or beside it.
    pub(super) fn source<C>(&mut self, written: &DataSource<C>, beside: Option<&QuerySpec>) -> Option<Source> {
        let table = self.name("panel.data_source.table", &written.table);
        let filters = self.filters(&written.filters);
        let (path, query) = match (&written.query, beside) {
            (Some(_), Some(_)) => {
                self.fault("panel.query", "the query stands twice: here and in “data_source”; keep one");
                return None;
            }
            (Some(query), None) => ("panel.data_source.query", Some(query)),
            (None, query) => ("panel.query", query),
        };
        let (condition, order, limit) = match query {
            None => (None, Vec::new(), None),
            Some(QuerySpec::Whole(text)) => self.fragment(path, Condition::parse_whole(text))?,
            Some(QuerySpec::Parts(parts)) => self.parts(path, parts)?,
        };
        Some(Source { table: table?, condition, order, limit, filters: filters? })
    }

    /// Which filters act on which columns. Whether there are such filters, the dashboard knows.
    pub(super) fn filters(&mut self, written: &Ordered<String>) -> Option<Vec<Bound>> {
        let bound = written.0.iter().map(|(id, column)| {
            let path = format!("panel.data_source.filters.{id}");
            let filter = self.check(&path, id.parse::<Key>());
            let column = self.name(&path, column);
            Some(Bound { filter: Some(filter?), column: column?, chosen: None })
        });
        let bound: Vec<Option<Bound>> = bound.collect();
        bound.into_iter().collect()
    }

    fn parts(&mut self, path: &str, parts: &QueryParts) -> Option<(Option<Condition>, Vec<Order>, Option<u32>)> {
        let condition = parts.condition.as_deref().map(|text| self.fragment(&format!("{path}.where"), Condition::parse(text)));
        let order =
            parts.order_by.as_deref().map(|text| self.fragment(&format!("{path}.order_by"), Condition::parse_order(text)));
        if parts.limit == Some(0) {
            self.fault(&format!("{path}.limit"), "must be at least 1");
            return None;
        }
        let condition = match condition {
            None => None,
            Some(read) => Some(read?),
        };
        let order = match order {
            None => Vec::new(),
            Some(read) => read?,
        };
        Some((condition, order, parts.limit))
    }
}

impl Times {
    /// A column of this source that holds times.
    pub(super) fn column(self, column: Name) -> TimeColumn {
        TimeColumn { column, zone: self.zone, format: self.format }
    }
}
