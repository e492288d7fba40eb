//! `dashboards/*.yaml`.

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Deserialize;

use super::filters::FilterSpec;
use super::words::{Anything, Bounded, Period, Title, Word};
use crate::domain::{Key, Moment};
use crate::panel::SeenBy;

/// A file `dashboards/{key}.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Loggia dashboard")]
pub struct DashboardDocument {
    /// The dashboard.
    pub dashboard: DashboardSpec,
}

/// A grid of panels, or the frame of an app.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["panels"]}, {"required": ["app"]}]))]
pub struct DashboardSpec {
    /// Its title.
    pub name: Word<Title>,
    /// A sentence below the title.
    pub description: Option<String>,
    /// How often panels that say nothing themselves are refreshed: seconds, or a time like 5m; 7 days at most.
    pub refresh_interval: Option<Period<1_000, 604_800_000>>,
    /// Its time zone, before the tenant's.
    pub timezone: Option<Word<Tz>>,
    /// The range that is shown when the address names none.
    pub range: Option<RangeDefault>,
    /// Who sees the dashboard: `viewer`, `admin` or `operator`, each with the roles above it; everybody, when it is left out.
    pub visible_to: Option<Vec<SeenBy>>,
    /// The grid.
    pub layout: Option<LayoutSpec>,
    /// What narrows the panels that name it in `data_source.filters`.
    pub filters: Option<Vec<FilterSpec>>,
    /// The app that is its body, by its file's name in _shared/apps; this or `panels` is there.
    pub app: Option<Word<Key>>,
    /// Its panels.
    pub panels: Option<Vec<PanelReference>>,
}

/// Both ends of a range, like now-24h and now.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeDefault {
    /// Where it begins.
    pub from: Word<Moment>,
    /// Where it ends.
    pub to: Word<Moment>,
}

/// The grid.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayoutSpec {
    /// Always 12.
    pub columns: Option<Bounded<12, 12>>,
}

/// A panel and its place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["config_file"]}, {"required": ["panel"]}]))]
pub struct PanelReference {
    /// Its id, one panel a tenant.
    pub id: Word<Key>,
    /// Its file, like panels/cpu_usage.yaml, in the tenant's folder or else in _shared; this or `panel` is there.
    pub config_file: Option<String>,
    /// The panel itself, in place of a file.
    pub panel: Option<Anything>,
    /// Where it stands; without it, below the panels that have one.
    pub position: Option<PositionSpec>,
}

/// Where a panel stands on the grid; `row` and `col` together or not at all.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("dependentRequired" = {"row": ["col"], "col": ["row"]}))]
pub struct PositionSpec {
    /// The first row, from 1.
    pub row: Option<Bounded<1, 99>>,
    /// The first column, from 1.
    pub col: Option<Bounded<1, 12>>,
    /// How many columns; the default depends on the panel's type.
    pub width: Option<Bounded<1, 12>>,
    /// How many rows; the default depends on the panel's type.
    pub height: Option<Bounded<1, 12>>,
}
