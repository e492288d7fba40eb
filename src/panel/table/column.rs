//! A column: what it is called, and how its values are written.

use std::borrow::Cow;

use askama::Template;

use super::spec::{AlignWord, ListedColumn};
use crate::domain::Unit;
use crate::domain::unit::grouped;
use crate::frame::Values;
use crate::panel::draft::{Draft, Times};
use crate::panel::export;
use crate::panel::status::{State, Statuses};
use crate::panel::{ColumnData, View, cells, words};
use crate::query::Name;
use crate::yaml::nearest;

/// Longer text is clipped to one line; the whole of it is one focus away.
const CLIPPED: usize = 60;
/// No cell shows more.
const LONGEST: usize = 2_000;

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: Name,
    /// Its heading.
    pub(super) heading: String,
    pub(super) format: Format,
    /// The format as written.
    format_word: Option<String>,
    decimals: Option<u8>,
    align: Option<AlignWord>,
    statuses: Option<Statuses>,
}

/// How values are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// By the type that the database gives.
    Plain,
    Text,
    DateTime,
    Date,
    Time,
    /// A number with its unit.
    Number(Unit),
}

const FORMATS: &[&str] =
    &["text", "number", "datetime", "date", "time", "percent", "ratio", "bytes", "bytes/s", "s", "ms", "short", "currency:EUR"];

/// A cell, as it is drawn.
#[derive(Debug, Template)]
#[template(path = "table/cell.html")]
pub(super) enum Cell {
    Null,
    Text(String),
    Long(String),
    Time { machine: String, shown: String },
    Status(State),
}

impl askama::filters::HtmlSafe for Cell {}

impl Column {
    pub(super) fn build(spec: &ListedColumn, path: &str, draft: &mut Draft<'_>) -> Option<Column> {
        // In a map the column's name is the key, and the place is the key's own.
        let place = if path.ends_with(']') { format!("{path}.name") } else { path.to_owned() };
        let name = draft.name(&place, &spec.name);
        let format = format(spec, path, draft);
        let decimals = draft.decimals(&format!("{path}.decimals"), spec.decimals);
        if decimals.is_some() && !matches!(format, Some(Format::Plain | Format::Number(_)) | None) {
            draft.fault(&format!("{path}.decimals"), "only numbers have decimals");
        }
        let statuses = spec.status_mapping.as_ref();
        let statuses = statuses.map(|written| Statuses::build(written, &format!("{path}.status_mapping"), draft));
        let heading = spec.display.as_deref().map(str::trim).filter(|text| !text.is_empty()).unwrap_or(&spec.name).to_owned();
        let format_word = spec.format.as_deref().map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned);
        Some(Column { name: name?, heading, format: format?, format_word, decimals, align: spec.align, statuses })
    }

    /// As a file has it: times with their offset, numbers as they are, codes in words unless the rows behind are wanted.
    pub(super) fn exported(&self, times: Times, shown: bool) -> export::Column {
        let column = export::Column::new(self.name.as_str(), &self.heading);
        match (&self.statuses, &self.format) {
            (Some(statuses), _) if shown => column.status(statuses.clone()),
            (Some(_), _) => column,
            (None, Format::DateTime | Format::Date | Format::Time) => column.time(times),
            (None, Format::Plain) => column.timely(times),
            (None, Format::Text | Format::Number(_)) => column,
        }
    }

    /// What an API says of it.
    pub(super) fn data(&self) -> ColumnData {
        ColumnData { name: self.name.as_str().to_owned(), display: self.heading.clone(), format: self.format_word.clone() }
    }

    /// How its values are read as times, where they are some.
    pub(super) fn timed(&self, times: Times) -> Option<Times> {
        matches!(self.format, Format::DateTime | Format::Date | Format::Time).then_some(times)
    }

    /// A column as the database has it.
    pub(super) fn plain(name: Name, format: Format) -> Column {
        let heading = name.as_str().to_owned();
        Column { heading, name, format, format_word: None, decimals: None, align: None, statuses: None }
    }

    /// Whether its values stand at the end of the line.
    pub(super) fn is_right(&self, values: Option<&Values>) -> bool {
        match (self.align, &self.format) {
            (Some(align), _) => align == AlignWord::Right,
            (None, _) if self.statuses.is_some() => false,
            (None, Format::Number(_)) => true,
            (None, Format::Plain) => matches!(values, Some(Values::Int(_) | Values::Float(_) | Values::Decimal(_))),
            (None, _) => false,
        }
    }

    /// Row `i`, as it is drawn.
    pub(super) fn cell(&self, values: &Values, i: usize, times: Times, view: &View) -> Cell {
        if values.is_null(i) {
            return Cell::Null;
        }
        if let Some(statuses) = &self.statuses {
            return Cell::Status(statuses.of(values, i).1);
        }
        let time = |write: &dyn Fn(chrono::DateTime<chrono::Utc>) -> String| {
            let at = cells::instant(values, i, times)?;
            Some(Cell::Time { machine: words::machine(at), shown: write(at) })
        };
        let shown = match (&self.format, values) {
            // A date alone has no zone to be shown in.
            (Format::Date | Format::DateTime | Format::Plain, Values::Date(_)) => None,
            (Format::DateTime, _) | (Format::Plain, Values::Instant(_) | Values::Local(_)) => time(&|at| words::second(at, view)),
            (Format::Date, _) => time(&|at| words::day(at, view)),
            (Format::Time, _) => time(&|at| at.with_timezone(&view.zone).format("%H:%M:%S").to_string()),
            (Format::Number(unit), _) => self.number(values, i, unit).map(Cell::Text),
            (Format::Plain, Values::Int(_) | Values::Float(_) | Values::Decimal(_)) if self.decimals.is_some() => {
                self.number(values, i, &Unit::None).map(Cell::Text)
            }
            (Format::Plain | Format::Text, _) => None,
        };
        shown.unwrap_or_else(|| text(values.text(i)))
    }

    /// A number with separators and its unit. Exact digits stay exact unless the unit has to be scaled.
    fn number(&self, values: &Values, i: usize, unit: &Unit) -> Option<String> {
        let digits = |decimals: Option<u8>| match values {
            Values::Float(_) => {
                let number = values.number(i)?;
                Some(match decimals {
                    Some(decimals) => grouped(number, decimals),
                    None => Unit::None.format(number, None).number,
                })
            }
            _ => cells::grouped(&values.text(i)?, decimals),
        };
        match unit {
            Unit::None => digits(self.decimals),
            Unit::Suffix(suffix) => Some(format!("{}\u{a0}{suffix}", digits(self.decimals)?)),
            Unit::Percent => Some(format!("{}\u{a0}%", digits(self.decimals)?)),
            Unit::Currency(_) => {
                let sign = unit.scale_for(1.0).prefix;
                let digits = digits(Some(self.decimals.unwrap_or(2)))?;
                Some(match digits.strip_prefix('\u{2212}') {
                    Some(digits) => format!("\u{2212}{sign}{digits}"),
                    None => format!("{sign}{digits}"),
                })
            }
            _ => Some(unit.format(values.number(i)?, self.decimals).to_string()),
        }
    }
}

fn text(text: Option<Cow<'_, str>>) -> Cell {
    let Some(text) = text else { return Cell::Null };
    match text.chars().take(CLIPPED + 1).count() {
        count if count > CLIPPED => Cell::Long(words::cut(&text, LONGEST)),
        _ => Cell::Text(text.into_owned()),
    }
}

fn format(spec: &ListedColumn, path: &str, draft: &mut Draft<'_>) -> Option<Format> {
    let suffix = spec.unit.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let number = |unit: Unit| match suffix {
        Some(suffix) => Format::Number(Unit::parse(suffix)),
        None => Format::Number(unit),
    };
    let format = match spec.format.as_deref().map(str::trim) {
        None if suffix.is_some() => number(Unit::None),
        None => Format::Plain,
        Some("text") => Format::Text,
        Some("datetime") => Format::DateTime,
        Some("date") => Format::Date,
        Some("time") => Format::Time,
        Some("number") => number(Unit::None),
        Some(word) => match Unit::parse(word) {
            Unit::Suffix(_) | Unit::None => {
                let meant = nearest(word, FORMATS.iter().copied());
                let meant = meant.map(|word| format!("; did you mean “{word}”?")).unwrap_or_default();
                draft.fault(&format!("{path}.format"), format!("“{word}” is no format{meant} There are: {}", FORMATS.join(", ")));
                return None;
            }
            unit => Format::Number(unit),
        },
    };
    if suffix.is_some() && !matches!(format, Format::Number(_)) {
        draft.fault(&format!("{path}.unit"), "only numbers have a unit");
    }
    Some(format)
}
