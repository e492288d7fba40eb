//! What a panel shows, as the API says it. These shapes are a contract.

use chrono::{DateTime, Utc};
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{Object, Union};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::cells::HeatmapData;
use super::shape::{BarPoint, Nullable, Point, Row, Scalar, Words};
use crate::panel::{self, Data, StateData};

/// What a panel shows: which of these depends on its type.
#[derive(Clone, Debug, PartialEq, Union)]
pub enum PanelData {
    /// Of a `timeseries` panel.
    Lines(TimeSeriesData),
    /// Of a `kpi` panel.
    Number(KpiData),
    /// Of a `health_status` panel.
    Services(HealthStatusData),
    /// Of a `table` panel.
    Rows(TableData),
    /// Of a `bar` panel.
    Bars(BarChartData),
    /// Of a `heatmap` panel.
    Cells(HeatmapData),
    /// Of a `text` panel.
    Text(TextData),
    /// Of a `custom_template` panel.
    Words(CustomData),
    /// Of a `custom_image` panel.
    Picture(PictureData),
}

/// Lines over time: every point there is, never thinned.
#[derive(Clone, Debug, PartialEq, Object, Serialize)]
#[oai(rename = "TimeSeriesData", example)]
pub struct TimeSeriesData {
    /// The width of a bucket in seconds; null where every reading is a point of its own (ranges up to 8 hours, or `disable_aggregation`).
    pub bucket_seconds: Nullable<i64>,
    /// The lines, in the order of their labels.
    pub series: Vec<Series>,
    /// Whether there are more readings than are given at once (50,000); ask for a shorter range.
    pub truncated: bool,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Object, Serialize)]
pub struct Series {
    /// Whose readings these are.
    pub label: String,
    /// The points, oldest first.
    pub points: Vec<Point>,
}

/// One number and its state.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example)]
pub struct KpiData {
    /// The number (or the text that stands in its place); null where there is none.
    pub value: Scalar,
    /// Its unit, as its author writes it.
    pub unit: Nullable<String>,
    /// How many decimals its author wants shown.
    pub decimals: Nullable<u8>,
    /// `good`, `warn`, `bad`, or `unknown`; null where the author sets no limits.
    pub status: Nullable<String>,
    /// The colour of that state.
    pub color: Nullable<String>,
    /// The author's word for that state.
    pub label: Nullable<String>,
    /// The number against an earlier one; null where the author compares it with nothing.
    pub trend: Nullable<Trend>,
}

/// A number against an earlier one.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct Trend {
    /// `up`, `down` or `same`; null where one of the two is missing.
    pub direction: Nullable<String>,
    /// The earlier number.
    pub previous: Nullable<f64>,
    /// By how much it differs.
    pub change: Nullable<f64>,
    /// How long before, in seconds.
    pub period_seconds: i64,
    /// The same in words.
    pub words: String,
}

/// How services are.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example)]
pub struct HealthStatusData {
    /// Every service, the worst first.
    pub services: Vec<Service>,
}

/// How a service is.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct Service {
    /// Who.
    pub name: String,
    /// `good`, `warn`, `bad`, or `unknown`.
    pub status: String,
    /// The author's word for its code.
    pub label: String,
    /// The colour of that state.
    pub color: Nullable<String>,
    /// The code as the database has it.
    pub code: Scalar,
    /// Since when it is so, where that is known.
    pub since: Nullable<DateTime<Utc>>,
    /// When that was last seen.
    pub last_checked_at: Nullable<DateTime<Utc>>,
    /// What was wrong.
    pub error_message: Nullable<String>,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example)]
pub struct TableData {
    /// The columns, in their order.
    pub columns: Vec<Column>,
    /// The rows of this page.
    pub rows: Vec<Row>,
    /// Which page this is, from 1.
    pub page: u64,
    /// How many rows a page holds.
    pub page_size: u32,
    /// How many rows there are in all.
    pub total: u64,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Column {
    /// The key of its values in a row.
    pub name: String,
    /// Its heading.
    pub display: String,
    /// How its values are meant: `text`, `number`, `datetime`, `date`, `time` or a unit; null where its author does not say.
    pub format: Nullable<String>,
}

/// Bars: every one there is.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct BarChartData {
    /// The width of a bar in time, in seconds; null where bars stand for categories.
    pub bucket_seconds: Nullable<i64>,
    /// The series.
    pub series: Vec<BarSeries>,
    /// Whether there are more bars than are given at once.
    pub truncated: bool,
}

/// The bars of one series.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct BarSeries {
    /// Whose bars these are.
    pub label: String,
    /// The bars.
    pub bars: Vec<BarPoint>,
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct TextData {
    /// In Markdown.
    pub markdown: String,
}

/// What a custom endpoint says.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct CustomData {
    /// Its words.
    pub content: Words,
}

/// A picture that a custom endpoint made.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct PictureData {
    /// `image/svg+xml`, `image/png` or `image/jpeg`.
    pub media_type: String,
    /// The file, in base64.
    pub base64: String,
}

impl From<Data> for PanelData {
    fn from(data: Data) -> PanelData {
        match data {
            Data::Lines(lines) => PanelData::Lines(lines.into()),
            Data::Number(number) => PanelData::Number(number.into()),
            Data::Services(services) => {
                PanelData::Services(HealthStatusData { services: services.into_iter().map(Service::from).collect() })
            }
            Data::Rows(rows) => PanelData::Rows(rows.into()),
            Data::Bars(bars) => PanelData::Bars(bars.into()),
            Data::Cells(cells) => PanelData::Cells(cells.into()),
            Data::Text(markdown) => PanelData::Text(TextData { markdown }),
        }
    }
}

impl From<panel::LineData> for TimeSeriesData {
    fn from(data: panel::LineData) -> TimeSeriesData {
        let point = |(at, value): (DateTime<Utc>, Option<f64>)| Point(at, value);
        let series =
            data.lines.into_iter().map(|(label, points)| Series { label, points: points.into_iter().map(point).collect() });
        TimeSeriesData {
            bucket_seconds: data.bucket.map(|width| width.num_seconds()).into(),
            series: series.collect(),
            truncated: data.truncated,
        }
    }
}

impl From<panel::NumberData> for KpiData {
    fn from(data: panel::NumberData) -> KpiData {
        let (status, color, label) = data
            .state
            .map_or((None, None, None), |StateData { level, label, color }| (Some(level.to_owned()), color, Some(label)));
        KpiData {
            value: Scalar(data.value),
            unit: data.unit.into(),
            decimals: data.decimals.into(),
            status: status.into(),
            color: color.into(),
            label: label.into(),
            trend: data.trend.map(Trend::from).into(),
        }
    }
}

impl From<panel::TrendData> for Trend {
    fn from(data: panel::TrendData) -> Trend {
        Trend {
            direction: data.direction.map(str::to_owned).into(),
            previous: data.previous.into(),
            change: data.change.into(),
            period_seconds: data.period.num_seconds(),
            words: data.words,
        }
    }
}

impl From<panel::ServiceData> for Service {
    fn from(data: panel::ServiceData) -> Service {
        Service {
            name: data.name,
            status: data.state.level.to_owned(),
            label: data.state.label,
            color: data.state.color.into(),
            code: Scalar(data.code),
            since: data.since.into(),
            last_checked_at: data.checked_at.into(),
            error_message: data.message.into(),
        }
    }
}

impl From<panel::RowData> for TableData {
    fn from(data: panel::RowData) -> TableData {
        let column =
            |column: panel::ColumnData| Column { name: column.name, display: column.display, format: column.format.into() };
        TableData {
            columns: data.columns.into_iter().map(column).collect(),
            rows: data.rows.into_iter().map(|row| Row(row.into())).collect(),
            page: data.page,
            page_size: data.page_size,
            total: data.total,
        }
    }
}

impl From<panel::BarData> for BarChartData {
    fn from(data: panel::BarData) -> BarChartData {
        let series = data.series.into_iter().map(|(label, bars)| BarSeries {
            label,
            bars: bars.into_iter().map(|(place, value)| BarPoint(json!([place, value]))).collect(),
        });
        BarChartData {
            bucket_seconds: data.bucket.map(|width| width.num_seconds()).into(),
            series: series.collect(),
            truncated: data.truncated,
        }
    }
}

impl PanelData {
    /// Whether something was left out.
    pub fn is_truncated(&self) -> bool {
        match self {
            PanelData::Lines(lines) => lines.truncated,
            PanelData::Bars(bars) => bars.truncated,
            PanelData::Cells(cells) => cells.truncated,
            _ => false,
        }
    }
}

/// What has thousands of values is written straight; the rest as its type says.
impl Serialize for PanelData {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            PanelData::Lines(lines) => lines.serialize(to),
            PanelData::Cells(cells) => cells.serialize(to),
            other => other.to_json().serialize(to),
        }
    }
}

impl Example for TimeSeriesData {
    fn example() -> TimeSeriesData {
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        let points = vec![Point(at(1_795_183_440), Some(41.0)), Point(at(1_795_183_500), None)];
        TimeSeriesData {
            bucket_seconds: Some(60).into(),
            series: vec![Series { label: "web-1".to_owned(), points }],
            truncated: false,
        }
    }
}

impl Example for KpiData {
    fn example() -> KpiData {
        let trend = Trend {
            direction: Some("up".to_owned()).into(),
            previous: Some(71.5).into(),
            change: Some(2.5).into(),
            period_seconds: 86_400,
            words: "up 2.5 points on the day before".to_owned(),
        };
        KpiData {
            value: Scalar(json!(74.0)),
            unit: Some("%".to_owned()).into(),
            decimals: Some(1).into(),
            status: Some("warn".to_owned()).into(),
            color: Some("#F59E0B".to_owned()).into(),
            label: Some("warning".to_owned()).into(),
            trend: Some(trend).into(),
        }
    }
}

impl Example for HealthStatusData {
    fn example() -> HealthStatusData {
        let at = DateTime::from_timestamp(1_795_183_500, 0);
        let service = Service {
            name: "payments".to_owned(),
            status: "bad".to_owned(),
            label: "Down".to_owned(),
            color: Some("#EF4444".to_owned()).into(),
            code: Scalar(json!(2)),
            since: at.into(),
            last_checked_at: at.into(),
            error_message: Some("connection refused".to_owned()).into(),
        };
        HealthStatusData { services: vec![service] }
    }
}

impl Example for TableData {
    fn example() -> TableData {
        let column = |name: &str, display: &str, format: Option<&str>| Column {
            name: name.to_owned(),
            display: display.to_owned(),
            format: format.map(str::to_owned).into(),
        };
        TableData {
            columns: vec![column("timestamp", "Time", Some("datetime")), column("service", "Service", None)],
            rows: vec![Row(json!({ "timestamp": "2026-11-20T14:05:00Z", "service": "payments" }))],
            page: 1,
            page_size: 25,
            total: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::{Example, ToJSON};

    use super::super::cells::HeatmapData;
    use super::{KpiData, PanelData, TimeSeriesData};

    #[test]
    fn what_is_written_straight_is_what_the_document_promises() {
        for data in [
            PanelData::Lines(TimeSeriesData::example()),
            PanelData::Cells(HeatmapData::example()),
            PanelData::Number(KpiData::example()),
        ] {
            let text = serde_json::to_string(&data).unwrap();
            assert_eq!(text, data.to_json_string(), "to the letter: also the order, and null where there is nothing");
        }
    }
}
