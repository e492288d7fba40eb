//! Dashboards: what stands where.

use poem_openapi::Object;
use poem_openapi::types::Example;

use super::shape::Nullable;
use crate::config::{self, Choices, Filter, FilterKind, Placed};

/// How many columns a dashboard's grid has.
const COLUMNS: u16 = 12;

/// The dashboards of the active tenant.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct DashboardList {
    /// The front page first, then by title.
    pub dashboards: Vec<DashboardItem>,
}

/// A dashboard in a list.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct DashboardItem {
    /// Its name in addresses.
    pub name: String,
    /// Its title.
    pub title: String,
    /// A sentence about it.
    pub description: Nullable<String>,
}

/// A dashboard: a grid of panels.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Dashboard", example)]
pub struct DashboardBody {
    /// Its name in addresses.
    pub name: String,
    /// Its title.
    pub title: String,
    /// A sentence about it.
    pub description: Nullable<String>,
    /// How often its panels are refreshed where they do not say, in seconds; null: the usual (60).
    pub refresh_interval: Nullable<i64>,
    /// The grid.
    pub layout: Layout,
    /// What its viewers may set.
    pub filters: Vec<FilterBody>,
    /// Its panels, in reading order.
    pub panels: Vec<PanelItem>,
}

/// The grid.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Layout {
    /// How many columns it has.
    pub columns: u16,
}

/// A panel and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct PanelItem {
    /// Its id: what `/api/v1/panels/{id}/data` takes.
    pub id: String,
    /// Its type: tells the shape of its data.
    #[oai(rename = "type")]
    pub kind: String,
    /// Its title.
    pub title: String,
    /// A sentence about it.
    pub description: Nullable<String>,
    /// How often it is refreshed, in seconds; null: as its dashboard says.
    pub refresh_interval: Nullable<i64>,
    /// Where it stands.
    pub position: Position,
}

/// Where a panel stands; rows and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Position {
    /// Its first row.
    pub row: u16,
    /// Its first column.
    pub col: u16,
    /// How many columns it takes.
    pub width: u16,
    /// How many rows it takes.
    pub height: u16,
}

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Filter")]
pub struct FilterBody {
    /// Its id: the parameter is `var-{id}`.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// `select` (one), `multi` (several) or `text` (a part of a text).
    #[oai(rename = "type")]
    pub kind: String,
    /// What there is to choose from; null where that is not listed in the dashboard's file.
    pub choices: Nullable<Vec<String>>,
}

impl From<&config::Dashboard> for DashboardBody {
    fn from(dashboard: &config::Dashboard) -> DashboardBody {
        DashboardBody {
            name: dashboard.key.to_string(),
            title: dashboard.name.clone(),
            description: dashboard.description.clone().into(),
            refresh_interval: dashboard.refresh.map(|every| every.num_seconds()).into(),
            layout: Layout { columns: COLUMNS },
            filters: dashboard.filters.iter().map(FilterBody::from).collect(),
            panels: dashboard.panels.iter().map(PanelItem::from).collect(),
        }
    }
}

impl From<&Placed> for PanelItem {
    fn from(placed: &Placed) -> PanelItem {
        let (common, at) = (placed.panel.common(), placed.position);
        PanelItem {
            id: placed.key.to_string(),
            kind: placed.kind.to_owned(),
            title: common.title.clone(),
            description: common.description.clone().into(),
            refresh_interval: common.refresh.map(|every| every.num_seconds()).into(),
            position: Position { row: at.row, col: at.col, width: at.width, height: at.height },
        }
    }
}

impl From<&Filter> for FilterBody {
    fn from(filter: &Filter) -> FilterBody {
        let kind = match filter.kind {
            FilterKind::Select => "select",
            FilterKind::Multi => "multi",
            FilterKind::Text => "text",
        };
        let choices = match &filter.choices {
            Choices::Listed(list) => Some(list.clone()),
            Choices::Any | Choices::Column(..) => None,
        };
        FilterBody { id: filter.id.to_string(), label: filter.label.clone(), kind: kind.to_owned(), choices: choices.into() }
    }
}

impl From<config::DashboardTitle> for DashboardItem {
    fn from(title: config::DashboardTitle) -> DashboardItem {
        DashboardItem { name: title.key.to_string(), title: title.name, description: title.description.into() }
    }
}

impl Example for DashboardList {
    fn example() -> DashboardList {
        let item = DashboardItem { name: "default".to_owned(), title: "Operations".to_owned(), description: None.into() };
        DashboardList { dashboards: vec![item] }
    }
}

impl Example for DashboardBody {
    fn example() -> DashboardBody {
        let panel = PanelItem {
            id: "cpu_usage".to_owned(),
            kind: "timeseries".to_owned(),
            title: "CPU usage".to_owned(),
            description: None.into(),
            refresh_interval: Some(60).into(),
            position: Position { row: 1, col: 1, width: 8, height: 2 },
        };
        DashboardBody {
            name: "default".to_owned(),
            title: "Operations".to_owned(),
            description: None.into(),
            refresh_interval: Some(60).into(),
            layout: Layout { columns: COLUMNS },
            filters: Vec::new(),
            panels: vec![panel],
        }
    }
}
