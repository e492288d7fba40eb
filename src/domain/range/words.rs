//! A range in words, and the ranges offered by name.

use chrono::{DateTime, Datelike, Timelike, Utc};
use chrono_tz::Tz;

use super::RangeSpec;
use super::calendar::local;
use super::moment::Step;

/// A range offered by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// What it is called.
    pub label: &'static str,
    /// Its `from`.
    pub from: &'static str,
    /// Its `to`.
    pub to: &'static str,
}

const fn preset(label: &'static str, from: &'static str, to: &'static str) -> Preset {
    Preset { label, from, to }
}

/// The ranges offered by name, in the order they are shown.
pub const PRESETS: &[Preset] = &[
    preset("Last 15 minutes", "now-15m", "now"),
    preset("Last hour", "now-1h", "now"),
    preset("Last 6 hours", "now-6h", "now"),
    preset("Last 24 hours", "now-24h", "now"),
    preset("Last 2 days", "now-2d", "now"),
    preset("Last 7 days", "now-7d", "now"),
    preset("Last 30 days", "now-30d", "now"),
    preset("Last 90 days", "now-90d", "now"),
    preset("Last year", "now-1y", "now"),
    preset("Today", "now/d", "now/d"),
    preset("Yesterday", "now-1d/d", "now-1d/d"),
    preset("This week", "now/w", "now/w"),
    preset("Last week", "now-1w/w", "now-1w/w"),
    preset("This month", "now/M", "now/M"),
    preset("Last month", "now-1M/M", "now-1M/M"),
    preset("This year", "now/y", "now/y"),
];

pub(super) fn of(spec: &RangeSpec, now: DateTime<Utc>, zone: Tz) -> String {
    let named = PRESETS.iter().find(|p| p.from == spec.from.as_str() && p.to == spec.to.as_str());
    if let Some(preset) = named {
        return preset.label.to_owned();
    }
    match (spec.from.steps(), spec.to.steps()) {
        (Some([Step::By(count, unit)]), Some([])) if *count < -1 => format!("Last {} {}s", -count, unit.word()),
        (Some([Step::By(-1, unit)]), Some([])) => format!("Last {}", unit.word()),
        (Some([Step::Round(unit)]), Some([])) if unit.word() == "day" => "Today so far".to_owned(),
        (Some([Step::Round(unit)]), Some([])) => format!("This {} so far", unit.word()),
        (Some([Step::Round(a)]), Some([Step::Round(b)])) if a == b => format!("This {}", a.word()),
        _ => {
            let range = spec.resolve(now, zone);
            format!("{} – {}", end(range.from(), now, zone), end(range.to(), now, zone))
        }
    }
}

fn end(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let shown = local(at, zone);
    let day = if shown.year() == local(now, zone).year() { shown.format("%b %-d") } else { shown.format("%b %-d %Y") };
    let time = if shown.second() == 0 { shown.format("%H:%M") } else { shown.format("%H:%M:%S") };
    format!("{day}, {time}")
}
