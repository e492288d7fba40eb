//! Frames as files: CSV, JSON and NDJSON, written piece by piece so that a million rows need the memory of a few.

mod csv;
mod json;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Datelike, Offset, SecondsFormat, Timelike, Utc};
use chrono_tz::Tz;

use super::{Frame, Values};

/// How rows are written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RFC 4180: CRLF, a heading line, UTF-8.
    Csv,
    /// One object: `{"rows": [{…}, …], "truncated": false}`.
    Json,
    /// One object a line.
    Ndjson,
}

impl Format {
    /// The format whose file names end like this.
    pub fn of_ending(ending: &str) -> Option<Format> {
        [Format::Csv, Format::Json, Format::Ndjson].into_iter().find(|format| format.ending() == ending)
    }

    /// What file names end with, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Ndjson => "ndjson",
        }
    }

    /// The content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Json => "application/json",
            Format::Ndjson => "application/x-ndjson",
        }
    }
}

/// Writes frames of the same columns, one after the other. Text is appended to a buffer of the caller's.
#[derive(Clone, Debug)]
pub struct Writer {
    format: Format,
    zone: Tz,
    rows: u64,
    truncated: bool,
}

impl Writer {
    /// Times are written in `zone`, with its offset.
    pub fn new(format: Format, zone: Tz) -> Writer {
        Writer { format, zone, rows: 0, truncated: false }
    }

    /// What stands before the first row.
    pub fn begin(&self, headings: &[&str], out: &mut Vec<u8>) {
        match self.format {
            Format::Csv => csv::headings(headings, out),
            Format::Json => out.extend_from_slice(b"{\"rows\":["),
            Format::Ndjson => {}
        }
    }

    /// The rows of a frame.
    pub fn rows(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        for i in 0..frame.rows() {
            match self.format {
                Format::Csv => csv::row(frame, i, self.zone, out),
                Format::Json => {
                    out.extend_from_slice(if self.rows == 0 { b"\n" } else { b",\n" });
                    json::row(frame, i, self.zone, out);
                }
                Format::Ndjson => {
                    json::row(frame, i, self.zone, out);
                    out.push(b'\n');
                }
            }
            self.rows += 1;
        }
        self.truncated |= frame.truncated;
    }

    /// What stands behind the last row; in NDJSON a last line where rows beyond the cap were left out.
    pub fn end(&self, out: &mut Vec<u8>) {
        match self.format {
            Format::Csv => {}
            Format::Json => out.extend_from_slice(format!("\n],\"truncated\":{}}}\n", self.truncated).as_bytes()),
            Format::Ndjson if self.truncated => out.extend_from_slice(b"{\"truncated\":true}\n"),
            Format::Ndjson => {}
        }
    }

    /// How a broken end is told: NDJSON has a line for it; the others just stop, and the reader sees that the end is missing.
    pub fn broken(&self, why: &str, out: &mut Vec<u8>) {
        if self.format == Format::Ndjson {
            out.extend_from_slice(serde_json::json!({ "error": why }).to_string().as_bytes());
            out.push(b'\n');
        }
    }

    /// How it writes.
    pub fn format(&self) -> Format {
        self.format
    }

    /// How many rows were written.
    pub fn written(&self) -> u64 {
        self.rows
    }

    /// Whether a frame said that rows beyond the cap were left out.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }
}

/// `2026-11-20T14:05:00-05:00`; an infinite time has no zone and keeps its word.
fn time(at: DateTime<Utc>, zone: Tz) -> Option<String> {
    let finite = at != DateTime::<Utc>::MAX_UTC && at != DateTime::<Utc>::MIN_UTC;
    finite.then(|| {
        let local = at.with_timezone(&zone);
        usual(&local).unwrap_or_else(|| local.to_rfc3339_opts(SecondsFormat::AutoSi, false))
    })
}

/// The same by hand, for all but odd times: a format that is read anew for every cell takes longer than everything else of a row.
fn usual(local: &DateTime<Tz>) -> Option<String> {
    let (seconds, nanos) = (local.offset().fix().local_minus_utc(), local.nanosecond());
    let year = u32::try_from(local.year()).ok().filter(|year| *year <= 9_999)?;
    if seconds % 60 != 0 || nanos >= 1_000_000_000 {
        return None;
    }
    let mut text = String::with_capacity(35);
    let mut put = |before: Option<char>, number: u32, digits: u32| {
        text.extend(before);
        text.extend((0..digits).rev().map(|place| char::from(b'0' + (number / 10u32.pow(place) % 10) as u8)));
    };
    put(None, year, 4);
    put(Some('-'), local.month(), 2);
    put(Some('-'), local.day(), 2);
    put(Some('T'), local.hour(), 2);
    put(Some(':'), local.minute(), 2);
    put(Some(':'), local.second(), 2);
    match nanos {
        0 => {}
        _ if nanos % 1_000_000 == 0 => put(Some('.'), nanos / 1_000_000, 3),
        _ if nanos % 1_000 == 0 => put(Some('.'), nanos / 1_000, 6),
        _ => put(Some('.'), nanos, 9),
    }
    let minutes = seconds.unsigned_abs() / 60;
    put(Some(if seconds < 0 { '-' } else { '+' }), minutes / 60, 2);
    put(Some(':'), minutes % 60, 2);
    Some(text)
}

/// The instant in row `i` as text, where the column holds instants.
fn instant(values: &Values, i: usize, zone: Tz) -> Option<String> {
    match values {
        Values::Instant(times) => time(times.get(i).copied().flatten()?, zone),
        _ => None,
    }
}
