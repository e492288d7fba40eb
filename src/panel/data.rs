//! What a panel shows as values, for callers that draw it themselves: nothing thinned, nothing rounded, nothing left out.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use serde_json::{Map, Number, Value};

use super::cells;
use super::draft::Times;
use crate::frame::Values;

/// Points of a line: when, and what was read.
pub type Points = Vec<(DateTime<Utc>, Option<f64>)>;

/// Bars of a series: where each stands, and how long it is.
pub type Lengths = Vec<(Value, Option<f64>)>;

/// What a panel shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Lines over time.
    Lines(LineData),
    /// One number.
    Number(NumberData),
    /// How services are, the worst first.
    Services(Vec<ServiceData>),
    /// A page of rows.
    Rows(RowData),
    /// Bars.
    Bars(BarData),
    /// A grid of cells.
    Cells(CellData),
    /// The author's text, in Markdown.
    Text(String),
}

/// Lines over time.
#[derive(Clone, Debug, PartialEq)]
pub struct LineData {
    /// The width of a bucket; none where every reading is a point.
    pub bucket: Option<TimeDelta>,
    /// The lines, each with its label.
    pub lines: Vec<(String, Points)>,
    /// Whether rows beyond the cap were left out.
    pub truncated: bool,
}

/// One number, with what is said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberData {
    /// A number, the text that stands there instead, or null.
    pub value: Value,
    /// The unit as its author would write it.
    pub unit: Option<String>,
    /// How many decimals its author wants.
    pub decimals: Option<u8>,
    /// The state that its value has reached; none where the author sets no limits.
    pub state: Option<StateData>,
    /// The number against an earlier one; none where the author compares it with nothing.
    pub trend: Option<TrendData>,
}

/// A state: how bad, in which word and colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateData {
    /// `good`, `warn`, `bad` or `unknown`.
    pub level: &'static str,
    /// The author's word.
    pub label: String,
    /// The author's colour, `#rrggbb`.
    pub color: Option<String>,
}

/// A number against an earlier one.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendData {
    /// `up`, `down` or `same`; none where one of both is missing.
    pub direction: Option<&'static str>,
    /// The earlier number.
    pub previous: Option<f64>,
    /// By how much it differs.
    pub change: Option<f64>,
    /// How long ago the earlier number was.
    pub period: TimeDelta,
    /// The same in words.
    pub words: String,
}

/// How a service is.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceData {
    /// Who.
    pub name: String,
    /// How it is.
    pub state: StateData,
    /// The code as the database has it.
    pub code: Value,
    /// Since when it is so.
    pub since: Option<DateTime<Utc>>,
    /// When that was last seen.
    pub checked_at: Option<DateTime<Utc>>,
    /// What was wrong.
    pub message: Option<String>,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct RowData {
    /// The columns, in their order.
    pub columns: Vec<ColumnData>,
    /// The rows, each by the names of its columns.
    pub rows: Vec<Map<String, Value>>,
    /// Which page this is, from 1.
    pub page: u64,
    /// How many rows a page holds.
    pub page_size: u32,
    /// How many rows there are in all.
    pub total: u64,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnData {
    /// The key of its values.
    pub name: String,
    /// Its heading.
    pub display: String,
    /// How its values are meant: `text`, `datetime`, `percent` …; none where the author does not say.
    pub format: Option<String>,
}

/// Bars: for each series a value at each place.
#[derive(Clone, Debug, PartialEq)]
pub struct BarData {
    /// The width of a place in time; none where places are categories.
    pub bucket: Option<TimeDelta>,
    /// The series, each with its label and its bars.
    pub series: Vec<(String, Lengths)>,
    /// Whether something was left out.
    pub truncated: bool,
}

/// A grid of cells: rows, each with a value at each stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct CellData {
    /// The width of a cell.
    pub bucket: TimeDelta,
    /// The rows.
    pub rows: Vec<CellRow>,
    /// Whether something was left out.
    pub truncated: bool,
}

/// A row of a grid: a category, or a range of values whose cells count readings.
#[derive(Clone, Debug, PartialEq)]
pub struct CellRow {
    /// The category; none of a range, and of readings that have no category.
    pub label: Option<String>,
    /// Where the range begins; none of the lowest.
    pub from: Option<f64>,
    /// Where it ends, itself not in it; none of the highest.
    pub below: Option<f64>,
    /// The cells.
    pub cells: Points,
}

/// An instant as an API writes it: RFC 3339 in UTC.
pub fn instant(at: DateTime<Utc>) -> String {
    Stamp::of(at).as_str().to_owned()
}

/// An instant as an API writes it. An answer may hold tens of thousands: whole seconds, which most are, are written by hand.
#[derive(Clone, Debug)]
pub struct Stamp(Written);

#[derive(Clone, Debug)]
enum Written {
    ByHand([u8; 20]),
    Else(String),
}

impl Stamp {
    /// Writes it.
    pub fn of(at: DateTime<Utc>) -> Stamp {
        let year = u32::try_from(at.year()).ok().filter(|year| *year <= 9_999);
        let Some(year) = year.filter(|_| at.nanosecond() == 0) else {
            return Stamp(Written::Else(at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)));
        };
        let mut text = *b"0000-00-00T00:00:00Z";
        let parts =
            [(2, year / 100), (4, year), (7, at.month()), (10, at.day()), (13, at.hour()), (16, at.minute()), (19, at.second())];
        for (end, number) in parts {
            text[end - 2] = b'0' + (number / 10 % 10) as u8;
            text[end - 1] = b'0' + (number % 10) as u8;
        }
        Stamp(Written::ByHand(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Written::ByHand(text) => std::str::from_utf8(text).unwrap_or_default(),
            Written::Else(text) => text,
        }
    }
}

/// Row `i` as JSON. What JSON's readers would round (long decimals, large integers) or cannot read (NaN) stays text.
pub(super) fn value(values: &Values, i: usize, times: Option<Times>) -> Value {
    if values.is_null(i) {
        return Value::Null;
    }
    if let Some(times) = times.filter(|_| !matches!(values, Values::Date(_)))
        && let Some(at) = cells::instant(values, i, times)
    {
        return instant(at).into();
    }
    let text = || values.text(i).map_or(Value::Null, |text| text.into_owned().into());
    match values {
        Values::Bool(all) => all.get(i).copied().flatten().map_or(Value::Null, Value::Bool),
        Values::Int(all) => match all.get(i).copied().flatten() {
            Some(number) if number.unsigned_abs() <= SAFE => number.into(),
            _ => text(),
        },
        Values::Float(all) => all.get(i).copied().flatten().and_then(Number::from_f64).map_or_else(text, Value::Number),
        Values::Decimal(all) => all.get(i).and_then(Option::as_deref).and_then(exact).map_or_else(text, Value::Number),
        Values::Instant(all) => all.get(i).copied().flatten().map_or(Value::Null, |at| instant(at).into()),
        Values::Json(all) => all.get(i).cloned().flatten().unwrap_or(Value::Null),
        Values::Text(_) | Values::Date(_) | Values::Local(_) | Values::Uuid(_) => text(),
    }
}

/// The largest integer that every reader of JSON keeps.
const SAFE: u64 = (1 << 53) - 1;

/// A decimal as a number, where a double keeps all of its digits.
fn exact(text: &str) -> Option<Number> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    if !plain || digits == 0 || digits > 15 {
        return None;
    }
    match text.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => text.parse::<f64>().ok().and_then(Number::from_f64),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{instant, value};
    use crate::frame::Values;

    #[test]
    fn an_instant_is_written_as_everybody_writes_it() {
        for text in [
            "2026-11-20T14:05:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2024-02-29T09:08:07Z",
            "2026-11-20T14:05:00.250Z",
            "2026-11-20T14:05:00.000001Z",
            "1969-12-31T23:59:59Z",
            "2016-12-31T23:59:60Z",
        ] {
            assert_eq!(instant(text.parse().unwrap()), text);
        }
        assert_eq!(
            instant(chrono::DateTime::<chrono::Utc>::MAX_UTC),
            chrono::DateTime::<chrono::Utc>::MAX_UTC.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
        );
    }

    #[test]
    fn numbers_are_numbers_only_where_every_reader_keeps_their_digits() {
        let decimals =
            Values::Decimal(vec![Some("12.50".into()), Some("NaN".into()), Some("0.1234567890123456789".into()), None]);
        let of = |i| value(&decimals, i, None);
        assert_eq!([of(0), of(1), of(2), of(3)], [json!(12.5), json!("NaN"), json!("0.1234567890123456789"), json!(null)]);
        let whole = Values::Int(vec![Some(7), Some(9_007_199_254_740_993)]);
        assert_eq!([value(&whole, 0, None), value(&whole, 1, None)], [json!(7), json!("9007199254740993")]);
        let floats = Values::Float(vec![Some(0.5), Some(f64::INFINITY)]);
        assert_eq!(value(&floats, 0, None), json!(0.5));
        assert!(value(&floats, 1, None).is_string(), "no number of JSON, and not nothing either");
    }
}
