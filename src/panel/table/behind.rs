//! A table made of another panel's question.

use std::sync::Arc;

use super::column::{Column, Format};
use super::{PAGE, Table};
use crate::domain::VisibleTo;
use crate::panel::draft::Times;
use crate::panel::{Common, DrillDown, Panel};
use crate::query::{Name, Order, Query, Source, TimeColumn, TimeFormat};

/// The rows that a question is about; none for a question that asks for rows already.
pub(in crate::panel) fn behind(title: String, query: Query) -> Option<Arc<dyn Panel>> {
    let (source, time, follows, others) = match query {
        Query::Series { source, time, value, label, .. } => (source, Some(time), true, vec![label, Some(value)]),
        Query::Spread { source, time, value, .. } => (source, Some(time), true, vec![Some(value)]),
        Query::Value { source, value, time, range, .. } => (source, time, range.is_some(), vec![Some(value)]),
        Query::Latest { source, key, status, time, message } => (source, time, false, vec![Some(key), Some(status), message]),
        Query::Groups { source, keys, value, time, range, .. } => {
            (source, time, range.is_some(), keys.into_iter().chain([value]).map(Some).collect())
        }
        Query::Rows { .. } | Query::Count { .. } | Query::CountTo { .. } | Query::Distinct { .. } => return None,
    };
    Some(Arc::new(of(title, source, time, follows, others.into_iter().flatten().collect())))
}

fn of(title: String, source: Source, time: Option<TimeColumn>, follows: bool, others: Vec<Name>) -> Table {
    let times = Times {
        zone: time.as_ref().map_or(chrono_tz::Tz::UTC, |time| time.zone),
        format: time.as_ref().map_or(TimeFormat::Iso, |time| time.format),
    };
    let first = time.as_ref().map(|time| Column::plain(time.column.clone(), Format::DateTime));
    let newest_first = time.as_ref().map(|time| Order { column: time.column.clone(), descending: true });
    let mut columns: Vec<Column> = first.into_iter().collect();
    for name in others {
        if columns.iter().all(|known| known.name != name) {
            columns.push(Column::plain(name, Format::Plain));
        }
    }
    Table {
        printed: false,
        common: Common {
            title,
            description: None,
            refresh: None,
            stale_after: None,
            drill_down: DrillDown { enabled: false, show_table: false, disable_aggregation: false },
            visible_to: VisibleTo::default(),
        },
        default_sort: newest_first.filter(|_| source.order.is_empty()),
        source,
        times,
        time: time.map(|_| 0),
        follows,
        columns,
        sortable: true,
        page: PAGE,
        search: true,
        filters: true,
    }
}
