//! A panel's report: its data with everything a reader has to know beside it.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use poem_openapi::types::Example;

use super::panel::{KpiData, PanelData};
use super::shape::{Nullable, Row};

/// A panel's report.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "Report", example)]
pub struct ReportBody {
    /// The panel.
    pub panel: ReportedPanel,
    /// The name of the dashboard whose range and filters count.
    pub dashboard: String,
    /// The tenant's name.
    pub tenant: String,
    /// What the data is about.
    pub range: Range,
    /// The filters that are set, in words.
    pub filters: Vec<String>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// By whom.
    pub made_by: String,
    /// What the panel shows.
    pub data: PanelData,
    /// Where its rows leave as a file.
    pub exports: Exports,
}

/// The panel of a report.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct ReportedPanel {
    /// Its id.
    pub id: String,
    /// Its type: tells the shape of its data.
    #[oai(rename = "type")]
    pub kind: String,
    /// Its title.
    pub title: String,
    /// A sentence about it.
    pub description: Nullable<String>,
}

/// A stretch of time: from, inclusive, to, exclusive.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Range {
    /// The first instant.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
    /// Whose hours and days count: a name of the time zone database.
    pub zone: String,
}

/// Addresses of files; null where the panel has no rows.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Exports {
    /// The rows as CSV.
    pub csv: Nullable<String>,
    /// The rows as JSON.
    pub json: Nullable<String>,
}

/// A panel's rows as a file of JSON.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example)]
pub struct ExportedRows {
    /// The rows, times with the shown zone's offset.
    pub rows: Vec<Row>,
    /// Whether there are more rows than a file holds.
    pub truncated: bool,
}

impl Example for ExportedRows {
    fn example() -> ExportedRows {
        let row = serde_json::json!({ "timestamp": "2026-11-20T09:05:00-05:00", "service": "payments" });
        ExportedRows { rows: vec![Row(row)], truncated: false }
    }
}

impl Example for ReportBody {
    fn example() -> ReportBody {
        let at = DateTime::from_timestamp(1_795_183_500, 0).unwrap_or_default();
        let file = |format: &str| Some(format!("/api/v1/reports/memory/export?format={format}&dashboard=default"));
        ReportBody {
            panel: ReportedPanel {
                id: "memory".to_owned(),
                kind: "kpi".to_owned(),
                title: "Memory".to_owned(),
                description: None.into(),
            },
            dashboard: "default".to_owned(),
            tenant: "Acme Corp".to_owned(),
            range: Range { from: at - chrono::TimeDelta::days(1), to: at, zone: "America/New_York".to_owned() },
            filters: Vec::new(),
            made_at: at,
            made_by: "viewer@acme.example".to_owned(),
            data: PanelData::Number(KpiData::example()),
            exports: Exports { csv: file("csv").into(), json: file("json").into() },
        }
    }
}
