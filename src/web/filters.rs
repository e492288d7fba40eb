//! A dashboard's filters on a page: what there is to choose from, what is chosen, and what somebody saved as their own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Parts;
use super::view::PageView;
use crate::config::{CHOICES, Choices, Dashboard, Filter, FilterKind};
use crate::domain::Key;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::panel::Address;
use crate::tenancy::{TenantScope, preferences};

/// How long a column's choices are remembered.
const REMEMBERED: Duration = Duration::from_secs(120);
/// How long a page waits for one column's choices; the question goes on, so that the next page has them.
const PATIENCE: Duration = Duration::from_secs(3);
/// Filters in the preferences of a dashboard.
const PREFERENCES: &str = "filters";

/// The filters of a page, ready to print.
#[derive(Clone, Debug)]
pub struct FilterBar {
    /// Where the form leads.
    pub action: String,
    /// The rest of the view.
    pub keep: Vec<(String, String)>,
    /// The filters.
    pub controls: Vec<FilterControl>,
    /// Whether an unset filter has to be spelled out.
    pub spell: bool,
    /// Where what is set is saved as one's own.
    pub save: String,
    /// Where one's own is forgotten; none where nothing is saved.
    pub reset: Option<String>,
    /// Every filter unset; none where none is set.
    pub clear: Option<String>,
}

/// One filter.
#[derive(Clone, Debug)]
pub struct FilterControl {
    /// Its parameter.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// How it is set.
    pub kind: FilterKind,
    /// What there is to choose from, and whether each is chosen.
    pub choices: Vec<(String, bool)>,
    /// The text of a text filter.
    pub text: String,
    /// What is chosen, in words.
    pub words: String,
}

/// The choices of the filters that have any.
#[derive(Clone, Debug, Default)]
pub struct Offered(HashMap<Key, Vec<String>>);

/// Reads the choices that stand in columns, each filter's under those it depends on, and drops values that are not among
/// them, with a notice.
pub async fn settle(parts: &Arc<Parts>, scope: &TenantScope, dashboard: &Dashboard, page: &mut PageView) -> Offered {
    let mut offered = HashMap::new();
    for filter in &dashboard.filters {
        let choices = match &filter.choices {
            Choices::Any => continue,
            Choices::Listed(list) => list.clone(),
            Choices::Column(..) => column(parts, scope, dashboard, filter, page).await,
        };
        offered.insert(filter.id.clone(), choices);
    }
    Offered(offered)
}

/// A column's values; none where they could not be read, and what is set then stays.
async fn column(
    parts: &Arc<Parts>,
    scope: &TenantScope,
    dashboard: &Dashboard,
    filter: &Filter,
    page: &mut PageView,
) -> Vec<String> {
    let Some(query) = filter.question(&page.chosen(dashboard)) else { return Vec::new() };
    let fresh_for = if page.fresh { Duration::ZERO } else { REMEMBERED };
    let (shared, scope) = (parts.clone(), scope.clone());
    let asker = format!("filter {}", filter.id);
    let task = tokio::spawn(async move { query.run(&scope, &shared.cache, &asker, fresh_for).await });
    let Ok(Ok(Ok(answer))) = tokio::time::timeout(PATIENCE, task).await else {
        page.notices.push(format!("The choices of {} could not be read.", filter.label));
        return Vec::new();
    };
    let mut choices = texts(&answer.frame);
    let all = choices.len() <= CHOICES && !answer.frame.truncated;
    choices.truncate(CHOICES);
    let values = page.filters.iter().find(|(id, _)| *id == filter.id).map(|(_, values)| values.clone()).unwrap_or_default();
    if all {
        let (good, strange): (Vec<String>, Vec<String>) = values.into_iter().partition(|value| choices.contains(value));
        if !strange.is_empty() {
            for value in strange.iter().take(3) {
                let value: String = value.chars().take(80).collect();
                page.notices.push(format!("“{value}” is not among the choices of {} and is ignored.", filter.label));
            }
            page.choose(filter, good);
        }
    } else {
        choices.extend(values.into_iter().filter(|value| !choices.contains(value)).collect::<Vec<_>>());
    }
    choices
}

/// The texts of an answer's one column.
pub fn texts(frame: &Frame) -> Vec<String> {
    let Some(values) = frame.column("value") else { return Vec::new() };
    (0..frame.rows())
        .filter_map(|i| values.text(i))
        .map(|text| text.into_owned())
        .filter(|text| !text.trim().is_empty())
        .collect()
}

/// The filters that are set, in words: “Service: api, web”.
pub fn words(dashboard: &Dashboard, page: &PageView) -> Vec<String> {
    let values = |filter: &Filter| page.filters.iter().find(|(id, values)| *id == filter.id && !values.is_empty());
    let words = dashboard.filters.iter().filter_map(|filter| {
        let (_, values) = values(filter)?;
        Some(format!("{}: {}", filter.label, values.join(", ")))
    });
    words.collect()
}

/// The bar with all filters; none where there are no filters. `saved`: whether something is saved as one's own.
pub fn bar(dashboard: &Dashboard, address: &Address, page: &PageView, offered: &Offered, saved: bool) -> Option<FilterBar> {
    if dashboard.filters.is_empty() {
        return None;
    }
    let controls = dashboard.filters.iter().map(|filter| control(filter, page, offered));
    let keep: Vec<(String, String)> = address.query.iter().filter(|(name, _)| !name.starts_with("var-")).cloned().collect();
    let spell = saved || dashboard.filters.iter().any(|filter| !filter.initial.is_empty());
    let unset = dashboard.filters.iter().filter(|_| spell).map(|filter| (filter.parameter(), String::new()));
    let bare = Address { path: address.path.clone(), query: keep.iter().cloned().chain(unset).collect() };
    let post = |what: &str| Address { path: format!("{}/filters/{what}", address.path), query: address.query.clone() }.href();
    Some(FilterBar {
        action: address.path.clone(),
        controls: controls.collect(),
        spell,
        save: post("save"),
        reset: saved.then(|| post("reset")),
        clear: page.filters.iter().any(|(_, values)| !values.is_empty()).then(|| bare.href()),
        keep,
    })
}

fn control(filter: &Filter, page: &PageView, offered: &Offered) -> FilterControl {
    let none = Vec::new();
    let values = page.filters.iter().find(|(id, _)| *id == filter.id).map_or(&none, |(_, values)| values);
    let mut choices: Vec<(String, bool)> =
        offered.0.get(&filter.id).unwrap_or(&none).iter().map(|choice| (choice.clone(), values.contains(choice))).collect();
    if filter.kind != FilterKind::Text {
        let strange: Vec<&String> = values.iter().filter(|value| choices.iter().all(|(choice, _)| choice != *value)).collect();
        choices.extend(strange.into_iter().map(|value| (value.clone(), true)).collect::<Vec<_>>());
    }
    let words = match values.as_slice() {
        [] => "All".to_owned(),
        [one] => one.clone(),
        several => format!("{} chosen", several.len()),
    };
    FilterControl {
        name: filter.parameter(),
        label: filter.label.clone(),
        kind: filter.kind,
        choices,
        text: values.first().cloned().unwrap_or_default(),
        words,
    }
}

/// What somebody saved for a dashboard, as an address writes it; none where they saved nothing.
///
/// # Errors
/// When the central database does not answer.
pub async fn saved(parts: &Parts, scope: &TenantScope, dashboard: &Dashboard) -> Result<Option<Vec<(String, String)>>> {
    if dashboard.filters.is_empty() {
        return Ok(None);
    }
    let all = preferences::load(&parts.tenancy, scope).await.map_err(Error::unavailable)?;
    let Some(Value::Object(saved)) = all.get(dashboard.key.as_str()).and_then(|set| set.get(PREFERENCES)) else {
        return Ok(None);
    };
    let mut query = Vec::new();
    for filter in &dashboard.filters {
        let Some(Value::Array(values)) = saved.get(filter.id.as_str()) else { continue };
        let values: Vec<&str> = values.iter().filter_map(Value::as_str).filter(|value| is_choice(filter, value)).collect();
        query.extend(values.iter().map(|value| (filter.parameter(), (*value).to_owned())));
        if values.is_empty() && !filter.initial.is_empty() {
            query.push((filter.parameter(), String::new()));
        }
    }
    Ok((!query.is_empty()).then_some(query))
}

/// What the tenant's filters are set to for who saved nothing, as an address writes it.
pub fn preset(scope: &TenantScope, dashboard: &Dashboard) -> Option<Vec<(String, String)>> {
    let of = |filter: &Filter| {
        let values = scope.preset(&filter.id).unwrap_or_default().iter().filter(|value| is_choice(filter, value));
        values.map(|value| (filter.parameter(), value.clone())).collect::<Vec<_>>()
    };
    let query: Vec<(String, String)> = dashboard.filters.iter().flat_map(of).collect();
    (!query.is_empty()).then_some(query)
}

fn is_choice(filter: &Filter, value: &str) -> bool {
    match &filter.choices {
        Choices::Listed(list) => list.iter().any(|choice| choice == value),
        Choices::Any | Choices::Column(..) => true,
    }
}

/// Saves what is set as the caller's own, or forgets it.
///
/// # Errors
/// When the central database does not answer, or the caller is nobody who has anything of their own.
pub async fn save(parts: &Parts, scope: &TenantScope, dashboard: &Dashboard, set: Option<&PageView>) -> Result<()> {
    if !scope.identity().is_person() {
        return Err(Error::Forbidden);
    }
    let all = preferences::load(&parts.tenancy, scope).await.map_err(Error::unavailable)?;
    let mut own: Map<String, Value> = match all.get(dashboard.key.as_str()) {
        Some(Value::Object(own)) => own.clone(),
        _ => Map::new(),
    };
    let before = own.clone();
    match set {
        Some(page) => {
            let values: Map<String, Value> = page.filters.iter().map(|(id, values)| (id.to_string(), json!(values))).collect();
            own.insert(PREFERENCES.to_owned(), values.into());
        }
        None => drop(own.remove(PREFERENCES)),
    }
    if own == before {
        return Ok(());
    }
    preferences::save(&parts.tenancy, scope, &dashboard.key, own.into()).await.map_err(Error::unavailable)
}
