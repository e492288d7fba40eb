//! The whole view as an address tells it: range, zone, refresh, theme, and each panel's own parameters.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::pages::Theme;
use crate::config::{Choices, Dashboard, Filter, FilterKind, LONGEST, Placed};
use crate::domain::{Key, RangeSpec, TimeRange};
use crate::panel::{Address, View};
use crate::query::Chosen;
use crate::tenancy::TenantScope;

/// Refreshed this often where neither panel nor dashboard says.
const REFRESH: TimeDelta = TimeDelta::seconds(60);
/// Values that a filter may be set to at once.
const VALUES: usize = 100;
/// Dashboards that take turns at most.
const TURNS: usize = 20;
/// Nobody reads a dashboard in less.
const SHORTEST_TURN: TimeDelta = TimeDelta::seconds(5);

/// So many parameters of panels are read from one address; nobody sets as many by hand.
const PARAMETERS: usize = 64;

/// How often panels are refreshed when the address says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// As the files say.
    AsWritten,
    /// Never by themselves.
    Off,
    /// All of them, this often.
    Every(TimeDelta),
}

/// Dashboards that take turns on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    /// Which, in their order.
    pub keys: Vec<Key>,
    /// How long each is shown.
    pub every: TimeDelta,
}

/// One page's view.
#[derive(Clone, Debug)]
pub struct PageView {
    /// Now.
    pub now: DateTime<Utc>,
    /// The shown zone.
    pub zone: Tz,
    /// The range as written.
    pub spec: RangeSpec,
    /// The range as it resolves.
    pub range: TimeRange,
    /// Refreshing.
    pub refresh: Refresh,
    /// Light, dark or the system's, where the address says.
    pub theme: Option<Theme>,
    /// Panels alone.
    pub kiosk: bool,
    /// Panels alone and nothing to press: a wall screen.
    pub tv: bool,
    /// The dashboards that take turns.
    pub turns: Option<Turns>,
    /// The filters' values, in the dashboard's order; an unset one has none.
    pub filters: Vec<(Key, Vec<String>)>,
    /// Ask the database again, whatever is remembered; not part of the view.
    pub fresh: bool,
    /// What stands in links: the parameters that mean something here, as written.
    pub query: Vec<(String, String)>,
    /// What was not understood.
    pub notices: Vec<String>,
}

impl PageView {
    /// Reads an address's query for a dashboard. Bad values become the default and a notice.
    pub fn read(query: &str, dashboard: &Dashboard, scope: &TenantScope, now: DateTime<Utc>) -> PageView {
        let given: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        let mut reader = Reader { given, kept: Vec::new(), notices: Vec::new() };
        let fallback = dashboard.zone.unwrap_or(scope.zone());
        let zone =
            reader.read("tz", |text| text.parse::<Tz>().map_err(|_| format!("“{text}” is not a time zone"))).unwrap_or(fallback);
        let spec = reader.range(dashboard, now, zone);
        let refresh = reader.read("refresh", parse_refresh).unwrap_or(Refresh::AsWritten);
        let theme =
            reader.read("theme", |text| Theme::parse(text).ok_or_else(|| format!("“{text}” is not system, light or dark")));
        let kiosk = reader.read("kiosk", |text| Ok(!matches!(text, "0" | "false" | "off"))).unwrap_or(false);
        let tv = kiosk && reader.first("kiosk") == Some("tv");
        let turns = reader.turns();
        let filters = reader.filters(dashboard);
        reader.keep_panels(dashboard);
        let fresh = reader.first("fresh").is_some();
        PageView {
            now,
            zone,
            range: spec.resolve(now, zone),
            spec,
            refresh,
            theme,
            kiosk,
            tv,
            turns,
            filters,
            fresh,
            query: reader.kept,
            notices: reader.notices,
        }
    }

    /// The page with this view.
    pub fn page(&self, scope: &TenantScope, dashboard: &Dashboard) -> Address {
        Address { path: dashboard_path(scope.slug().as_str(), dashboard.key.as_str()), query: self.query.clone() }
    }

    /// What the panels bind.
    pub fn chosen(&self, dashboard: &Dashboard) -> Vec<(Key, Chosen)> {
        let values = |filter: &Filter| self.filters.iter().find(|(id, _)| *id == filter.id).map(|(_, values)| values.as_slice());
        let chosen = |filter: &Filter| Some((filter.id.clone(), filter.chosen(values(filter)?)?));
        dashboard.filters.iter().filter_map(chosen).collect()
    }

    /// Sets a filter to other values than the address said; the address of links follows.
    pub fn choose(&mut self, filter: &Filter, values: Vec<String>) {
        let name = filter.parameter();
        let given = self.query.iter().any(|(key, _)| *key == name);
        self.query.retain(|(key, value)| *key != name || values.contains(value));
        if given && values.is_empty() && !filter.initial.is_empty() {
            self.query.push((name, String::new()));
        }
        if let Some((_, kept)) = self.filters.iter_mut().find(|(id, _)| *id == filter.id) {
            *kept = values;
        }
    }

    fn is_raw(&self, placed: &Placed) -> bool {
        let name = format!("{}.raw", placed.key);
        self.query.iter().any(|(key, value)| *key == name && value == "1")
    }

    /// How often a panel is refreshed: `None` is never.
    pub fn interval(&self, dashboard: &Dashboard, placed: &Placed) -> Option<TimeDelta> {
        match self.refresh {
            Refresh::Off => None,
            Refresh::Every(every) => Some(every),
            Refresh::AsWritten => Some(placed.panel.common().refresh.or(dashboard.refresh).unwrap_or(REFRESH)),
        }
    }

    /// The view of one of its panels.
    pub fn of_panel(&self, scope: &TenantScope, dashboard: &Dashboard, placed: &Placed) -> View {
        let page = self.page(scope, dashboard);
        let prefix = format!("{}.", placed.key);
        let raw = placed.panel.common().drill_down.disable_aggregation && self.is_raw(placed);
        let own = self.query.iter().filter_map(|(k, v)| Some((k.strip_prefix(&prefix)?.to_owned(), v.clone())));
        View {
            key: placed.key.clone(),
            now: self.now,
            zone: self.zone,
            spec: self.spec.clone(),
            range: self.range,
            refresh: self.interval(dashboard, placed).unwrap_or(REFRESH),
            aggregate: !raw,
            filters: self.chosen(dashboard),
            close: false,
            params: own.collect(),
            fragment: Address { path: format!("{}/panel/{}", page.path, placed.key), query: page.query.clone() },
            page,
        }
    }
}

/// The path of a dashboard.
pub fn dashboard_path(tenant: &str, dashboard: &str) -> String {
    format!("/tenant/{tenant}/dashboard/{dashboard}")
}

struct Reader {
    given: Vec<(String, String)>,
    kept: Vec<(String, String)>,
    notices: Vec<String>,
}

impl Reader {
    fn first(&self, key: &str) -> Option<&str> {
        self.given.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// One parameter: kept when it can be read, told of when it cannot.
    fn read<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.first(key)?.to_owned();
        match parse(&text) {
            Ok(value) => {
                self.kept.push((key.to_owned(), text));
                Some(value)
            }
            Err(why) => {
                self.notices.push(format!("{}, so the usual one is shown.", shortened(&why)));
                None
            }
        }
    }

    /// The range: the address's, else the dashboard's, else the last day.
    fn range(&mut self, dashboard: &Dashboard, now: DateTime<Utc>, zone: Tz) -> RangeSpec {
        let usual = dashboard
            .range
            .as_ref()
            .and_then(|(from, to)| RangeSpec::parse(from, to, now, zone).ok())
            .unwrap_or_else(RangeSpec::last_day);
        let (from, to) = (self.first("from").map(str::to_owned), self.first("to").map(str::to_owned));
        if from.is_none() && to.is_none() {
            return usual;
        }
        let from = from.unwrap_or_else(|| usual.from.as_str().to_owned());
        let to = to.unwrap_or_else(|| "now".to_owned());
        match RangeSpec::parse(&from, &to, now, zone) {
            Ok(spec) => {
                self.kept.push(("from".to_owned(), from));
                self.kept.push(("to".to_owned(), to));
                spec
            }
            Err(why) => {
                self.notices.push(format!("The range was not understood: {}. The usual range is shown.", shortened(&why)));
                usual
            }
        }
    }

    /// The values of the dashboard's filters; what is not among a filter's written choices is told and left out.
    fn filters(&mut self, dashboard: &Dashboard) -> Vec<(Key, Vec<String>)> {
        let strange: Vec<String> = self.given.iter().filter_map(|(key, _)| key.strip_prefix("var-").map(str::to_owned)).collect();
        for name in strange.iter().filter(|name| dashboard.filters.iter().all(|filter| filter.id.as_str() != **name)).take(3) {
            self.notices.push(shortened(&format!("This dashboard has no filter “{name}”.")));
        }
        dashboard.filters.iter().map(|filter| (filter.id.clone(), self.filter(filter))).collect()
    }

    fn filter(&mut self, filter: &Filter) -> Vec<String> {
        let name = filter.parameter();
        let given: Vec<String> = self.given.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.clone()).collect();
        if given.is_empty() {
            return filter.initial.clone();
        }
        let mut values: Vec<String> = Vec::new();
        let mut strange = false;
        for value in given.iter().filter(|value| !value.trim().is_empty()) {
            let fits = match &filter.choices {
                Choices::Listed(list) => list.contains(value),
                Choices::Any | Choices::Column(..) => value.chars().count() <= LONGEST,
            };
            if !fits {
                strange = true;
                self.notices.push(shortened(&format!("“{value}” is not among the choices of {} and is ignored.", filter.label)));
            } else if !values.contains(value) && values.len() < VALUES {
                values.push(value.clone());
            }
        }
        if filter.kind != FilterKind::Multi {
            values.truncate(1);
        }
        if values.is_empty() && strange {
            return filter.initial.clone();
        }
        match values.is_empty() {
            true => self.kept.push((name, String::new())),
            false => self.kept.extend(values.iter().map(|value| (name.clone(), value.clone()))),
        }
        values
    }

    /// `rotate=a,b,c` and `every=60s`.
    fn turns(&mut self) -> Option<Turns> {
        let keys = self.read("rotate", |text| {
            let keys: Vec<Key> = text.split(',').filter_map(|key| key.trim().parse().ok()).take(TURNS).collect();
            let fault = || format!("“{text}” is no list of dashboards like default,capacity");
            if keys.is_empty() { Err(fault()) } else { Ok(keys) }
        })?;
        let every = self.read("every", |text| match parse_refresh(text) {
            Ok(Refresh::Every(every)) if every >= SHORTEST_TURN => Ok(every),
            _ => Err(format!("“{text}” is not a time like 60s or 5m, at least 5 seconds")),
        });
        Some(Turns { keys, every: every.unwrap_or(REFRESH) })
    }

    /// The parameters of this dashboard's panels; those of others mean nothing here and are not carried on.
    fn keep_panels(&mut self, dashboard: &Dashboard) {
        let ours =
            |key: &str| key.split_once('.').is_some_and(|(panel, _)| dashboard.panels.iter().any(|p| p.key.as_str() == panel));
        let mut seen = std::collections::HashSet::new();
        let fitting = self.given.iter().filter(|(k, v)| ours(k) && k.len() <= 200 && v.len() <= 1000 && !v.is_empty());
        // Series are chosen by naming each; of everything else the first counts.
        let once =
            |(k, v): &&(String, String)| seen.insert((k.clone(), if k.ends_with(".series") { v.clone() } else { String::new() }));
        let mut fitting = fitting.filter(once);
        // Every link of the page repeats them.
        self.kept.extend(fitting.by_ref().take(PARAMETERS).cloned());
        if fitting.next().is_some() {
            self.notices.push(format!("The address asks more of the panels than is read; these are the first {PARAMETERS}."));
        }
    }
}

/// A fault that quotes what was sent, kept to a readable length.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 160 { text.to_owned() } else { text.chars().take(160).chain(['…']).collect() }
}

/// `30s`, `5m`, `1h`, `off`.
fn parse_refresh(text: &str) -> Result<Refresh, String> {
    let fault = || format!("“{text}” is not a refresh interval like 30s, 5m, 1h or off");
    if text == "off" {
        return Ok(Refresh::Off);
    }
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: i64 = number.parse().map_err(|_| fault())?;
    let seconds = match unit {
        "" | "s" => number,
        "m" => number.saturating_mul(60),
        "h" => number.saturating_mul(3600),
        _ => return Err(fault()),
    };
    // Less than a second would only hammer the database; more than a day is off.
    if (1..=86_400).contains(&seconds) { Ok(Refresh::Every(TimeDelta::seconds(seconds))) } else { Err(fault()) }
}

#[cfg(test)]
mod tests {
    use super::{Refresh, parse_refresh};
    use chrono::TimeDelta;

    #[test]
    fn refresh_intervals_are_read_or_refused() {
        assert_eq!(parse_refresh("30s"), Ok(Refresh::Every(TimeDelta::seconds(30))));
        assert_eq!(parse_refresh("5m"), Ok(Refresh::Every(TimeDelta::minutes(5))));
        assert_eq!(parse_refresh("off"), Ok(Refresh::Off));
        for bad in ["", "0s", "x", "9999999999999999999s", "5d", "-1s", "5ms"] {
            assert!(parse_refresh(bad).is_err(), "{bad}");
        }
    }
}
