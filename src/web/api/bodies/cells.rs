//! A heatmap's cells, as the API says them.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::shape::{Nullable, Point};
use crate::panel::{self, CellData};

/// A grid: rows of cells over time, every row there is.
#[derive(Clone, Debug, PartialEq, Object, Serialize)]
#[oai(example)]
pub struct HeatmapData {
    /// The width of a cell in seconds.
    pub bucket_seconds: i64,
    /// The rows: categories by their names, or ranges of values from the lowest.
    pub rows: Vec<HeatmapRow>,
    /// Whether there are more cells than are given at once.
    pub truncated: bool,
}

/// A row: a category and its values, or a range of values and how many readings fell into it.
#[derive(Clone, Debug, PartialEq, Object, Serialize)]
pub struct HeatmapRow {
    /// The category; null of a range.
    pub label: Nullable<String>,
    /// Where the range begins; null of a category, and of the lowest range.
    pub from: Nullable<f64>,
    /// Where the range ends, itself not in it; null of a category, and of the highest range.
    pub below: Nullable<f64>,
    /// The cells, oldest first. In a range a time with readings, none of which fell into it, is zero; a time without any is left out.
    pub cells: Vec<Point>,
}

impl From<CellData> for HeatmapData {
    fn from(data: CellData) -> HeatmapData {
        let cell = |(at, value): (DateTime<Utc>, Option<f64>)| Point(at, value);
        let row = |row: panel::CellRow| HeatmapRow {
            label: row.label.into(),
            from: row.from.into(),
            below: row.below.into(),
            cells: row.cells.into_iter().map(cell).collect(),
        };
        HeatmapData {
            bucket_seconds: data.bucket.num_seconds(),
            rows: data.rows.into_iter().map(row).collect(),
            truncated: data.truncated,
        }
    }
}

impl Example for HeatmapData {
    fn example() -> HeatmapData {
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        let cells = vec![Point(at(1_795_179_600), Some(12.0)), Point(at(1_795_183_200), Some(0.0))];
        let row = HeatmapRow { label: None.into(), from: Some(50.0).into(), below: Some(100.0).into(), cells };
        HeatmapData { bucket_seconds: 3600, rows: vec![row], truncated: false }
    }
}
