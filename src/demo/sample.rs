//! The real readings that the binary carries, read one line at a time.

use std::io::Read;

use chrono::{NaiveDate, NaiveDateTime};
use flate2::read::GzDecoder;

use super::Error;

const CLOUDWATCH: &[u8] = include_bytes!("data/cloudwatch.csv.gz");
const TAXI: &[u8] = include_bytes!("data/nyc_taxi.csv.gz");
const CDNOW: &[u8] = include_bytes!("data/cdnow.csv.gz");

/// What one resource of a cloud account measured.
pub(super) struct CloudReading {
    /// Which resource.
    pub(super) resource: String,
    /// When, UTC.
    pub(super) at: NaiveDateTime,
    /// How much, in the metric's unit.
    pub(super) value: f64,
}

/// How much was asked for in half an hour.
pub(super) struct Demand {
    /// When the half hour began, on the city's clock.
    pub(super) at: NaiveDateTime,
    /// How much.
    pub(super) count: i64,
}

/// One purchase.
pub(super) struct Purchase {
    /// Who.
    pub(super) customer: String,
    /// On which day.
    pub(super) on: NaiveDate,
    /// How many articles.
    pub(super) units: i64,
    /// For how much, in US cents.
    pub(super) cents: i64,
}

/// Every reading of the cloud account, a resource after the other, each in the order of time.
pub(super) fn cloudwatch() -> impl Iterator<Item = Result<CloudReading, Error>> {
    rows("cloudwatch", CLOUDWATCH, |row| {
        Some(CloudReading { resource: row.get(0)?.to_owned(), at: time(row.get(2)?)?, value: row.get(3)?.parse().ok()? })
    })
}

/// Demand, in the order of time.
pub(super) fn demand() -> impl Iterator<Item = Result<Demand, Error>> {
    rows("nyc_taxi", TAXI, |row| Some(Demand { at: time(row.get(0)?)?, count: row.get(1)?.parse().ok()? }))
}

/// Purchases, a customer after the other, each in the order of time.
pub(super) fn purchases() -> impl Iterator<Item = Result<Purchase, Error>> {
    rows("cdnow", CDNOW, |row| {
        let on = row.get(1)?.parse().ok()?;
        Some(Purchase { customer: row.get(0)?.to_owned(), on, units: row.get(2)?.parse().ok()?, cents: cents(row.get(3)?)? })
    })
}

fn rows<T>(
    name: &'static str,
    bytes: &'static [u8],
    read: fn(&csv::StringRecord) -> Option<T>,
) -> impl Iterator<Item = Result<T, Error>> {
    let text: Box<dyn Read + Send> = Box::new(GzDecoder::new(bytes));
    csv::Reader::from_reader(text).into_records().map(move |row| {
        let row = row.map_err(|cause| Error::Sample(format!("{name}: {cause}")))?;
        read(&row).ok_or_else(|| Error::Sample(format!("{name}: {row:?}")))
    })
}

fn time(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()
}

/// `29.5` and `29.50` are 2950: money is counted, not measured.
fn cents(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<2}");
    Some(whole.parse::<i64>().ok()? * 100 + part.get(..2)?.parse::<i64>().ok()?)
}
