//! A dashboard's filters, checked: what they choose from, and which depends on which.

use super::spec::{ChoicesSpec, ColumnSpec, FilterSpec, KindWord};
use crate::domain::Key;
use crate::query::{Bound, Chosen, Condition, Name, Query, Source};
use crate::yaml::{Document, Fault, nearest};

/// Choices that are offered at most; what is beyond them may still be named.
pub const CHOICES: usize = 500;
/// Filters of one dashboard.
const FILTERS: usize = 20;
/// Characters of one value.
pub const LONGEST: usize = 200;

/// How a filter is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterKind {
    /// To one of its choices.
    Select,
    /// To any of its choices.
    Multi,
    /// To any text.
    Text,
}

/// What there is to choose from.
#[derive(Clone, Debug, PartialEq)]
pub enum Choices {
    /// Any text will do.
    Any,
    /// These.
    Listed(Vec<String>),
    /// The values of a column; the source is bound to the filters it depends on.
    Column(Source, Name),
}

/// A filter of a dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Its name in addresses, behind `var-`.
    pub id: Key,
    /// What it is called.
    pub label: String,
    /// How it is set.
    pub kind: FilterKind,
    /// What there is to choose from.
    pub choices: Choices,
    /// What is chosen when the address says nothing.
    pub initial: Vec<String>,
}

/// A filter's id in a panel's file, with its place (the fault's message is empty).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The id.
    pub filter: String,
    /// Where it stands.
    pub place: Fault,
}

impl Filter {
    /// Its parameter in an address.
    pub fn parameter(&self) -> String {
        format!("var-{}", self.id)
    }

    /// What panels bind for these values; none: every row.
    pub fn chosen(&self, values: &[String]) -> Option<Chosen> {
        match (self.kind, values.first()) {
            (_, None) => None,
            (FilterKind::Text, Some(text)) => Some(Chosen::Contains(text.clone())),
            (FilterKind::Select | FilterKind::Multi, Some(_)) => Some(Chosen::OneOf(values.to_vec())),
        }
    }

    /// The question for its choices, where they stand in a column; one more than is offered, so that more are known of.
    pub fn question(&self, chosen: &[(Key, Chosen)]) -> Option<Query> {
        let Choices::Column(source, column) = &self.choices else { return None };
        let limit = u32::try_from(CHOICES + 1).unwrap_or(u32::MAX);
        let query = Query::Distinct { source: source.clone(), column: column.clone(), within: None, limit };
        Some(query.filtered(chosen))
    }

    /// The filters that its choices depend on.
    pub fn depends_on(&self) -> impl Iterator<Item = &Key> {
        let bound = match &self.choices {
            Choices::Column(source, _) => source.filters.as_slice(),
            Choices::Any | Choices::Listed(_) => &[],
        };
        bound.iter().filter_map(|bound| bound.filter.as_ref())
    }
}

/// Checks what was written. Filters come in an order in which each stands behind those it depends on.
pub(super) fn read(written: &[FilterSpec], document: &Document, faults: &mut Vec<Fault>) -> Vec<Filter> {
    let mut reading = Reading { document, faults };
    let mut filters: Vec<Filter> = Vec::new();
    if written.len() > FILTERS {
        reading.fault("dashboard.filters", format!("a dashboard has at most {FILTERS} filters"));
    }
    for (index, spec) in written.iter().enumerate() {
        let at = format!("dashboard.filters[{index}]");
        if filters.iter().any(|known| known.id == spec.id.0) {
            reading.fault(&format!("{at}.id"), format!("the filter “{}” stands here a second time", spec.id.0));
            continue;
        }
        filters.extend(reading.filter(spec, &at));
    }
    reading.dependencies(written, &filters);
    reading.in_order(filters, written)
}

struct Reading<'a> {
    document: &'a Document,
    faults: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn fault(&mut self, path: &str, message: impl Into<String>) {
        self.faults.push(self.document.fault(path, message));
    }

    fn name(&mut self, path: &str, text: &str) -> Option<Name> {
        Name::parse(text).map_err(|message| self.fault(path, message)).ok()
    }

    fn filter(&mut self, spec: &FilterSpec, at: &str) -> Option<Filter> {
        let kind = match spec.kind {
            KindWord::Select => FilterKind::Select,
            KindWord::Multi => FilterKind::Multi,
            KindWord::Text => FilterKind::Text,
        };
        let path = format!("{at}.choices");
        let choices = match (&spec.choices, kind) {
            (None, FilterKind::Text) => Some(Choices::Any),
            (Some(_), FilterKind::Text) => {
                self.fault(&path, "a text filter takes any text; choices belong to select and multi");
                None
            }
            (None, _) => {
                self.fault(at, "missing key “choices”: a list, or the table and column to choose from");
                None
            }
            (Some(ChoicesSpec::Listed(list)), _) => self.listed(list, &path),
            (Some(ChoicesSpec::Column(column)), _) => self.column(column, &path),
        };
        let initial = spec.initial.as_ref().map(|several| several.0.clone()).unwrap_or_default();
        self.initial(&initial, kind, choices.as_ref(), &format!("{at}.default"));
        let label = spec.label.as_ref().map_or_else(|| spec.id.0.to_string(), |label| label.0.0.clone());
        Some(Filter { id: spec.id.0.clone(), label, kind, choices: choices?, initial })
    }

    fn listed(&mut self, list: &[String], path: &str) -> Option<Choices> {
        if list.is_empty() || list.len() > CHOICES {
            self.fault(path, format!("must be 1 to {CHOICES} choices"));
            return None;
        }
        for (index, choice) in list.iter().enumerate() {
            let place = format!("{path}[{index}]");
            if choice.trim().is_empty() {
                self.fault(&place, "this text is empty");
            } else if choice.chars().count() > LONGEST {
                self.fault(&place, format!("this text has more than {LONGEST} characters"));
            } else if list[..index].contains(choice) {
                self.fault(&place, format!("the choice “{choice}” stands here a second time"));
            }
        }
        Some(Choices::Listed(list.to_vec()))
    }

    fn column(&mut self, spec: &ColumnSpec, path: &str) -> Option<Choices> {
        let table = self.name(&format!("{path}.table"), &spec.table);
        let column = self.name(&format!("{path}.column"), &spec.column);
        let condition = match spec.condition.as_deref().map(Condition::parse) {
            Some(Err(wrong)) => {
                self.faults.push(self.document.fault_in(&format!("{path}.where"), wrong.at, wrong.message));
                return None;
            }
            Some(Ok(condition)) => Some(condition),
            None => None,
        };
        let mut filters = Vec::new();
        for (id, column) in spec.depends_on.iter().flat_map(|depends| &depends.0) {
            let place = format!("{path}.depends_on");
            let place = if self.document.has(&format!("{place}.{id}")) { format!("{place}.{id}") } else { place };
            let filter = id.parse::<Key>().map_err(|message| self.fault(&place, message)).ok();
            let column = self.name(&place, column);
            filters.push(Bound { filter: Some(filter?), column: column?, chosen: None });
        }
        Some(Choices::Column(Source { table: table?, condition, order: Vec::new(), limit: None, filters }, column?))
    }

    fn initial(&mut self, initial: &[String], kind: FilterKind, choices: Option<&Choices>, path: &str) {
        if kind != FilterKind::Multi && initial.len() > 1 {
            return self.fault(path, "only a multi filter has several values");
        }
        let Some(Choices::Listed(list)) = choices else { return };
        for value in initial.iter().filter(|value| !list.contains(value)) {
            let meant = nearest(value, list.iter().map(String::as_str));
            let hint = meant.map(|meant| format!("; did you mean “{meant}”?")).unwrap_or_default();
            self.fault(path, format!("“{value}” is not among the choices{hint}"));
        }
    }

    /// Every filter that another depends on must be there.
    fn dependencies(&mut self, written: &[FilterSpec], filters: &[Filter]) {
        for (index, spec) in written.iter().enumerate() {
            let Some(filter) = filters.iter().find(|filter| filter.id == spec.id.0) else { continue };
            for id in filter.depends_on().filter(|id| written.iter().all(|other| other.id.0 != **id)) {
                let known = written.iter().map(|other| other.id.0.as_str());
                let hint = nearest(id.as_str(), known).map(|meant| format!("; did you mean “{meant}”?")).unwrap_or_default();
                let path = format!("dashboard.filters[{index}].choices.depends_on");
                self.faults.push(self.document.fault(&path, format!("there is no filter “{id}” here{hint}")));
            }
        }
    }

    /// Each behind those it depends on; those that wait for one another in a circle are told and left out.
    fn in_order(&mut self, mut waiting: Vec<Filter>, written: &[FilterSpec]) -> Vec<Filter> {
        let mut placed: Vec<Filter> = Vec::new();
        while !waiting.is_empty() {
            let is_free = |filter: &Filter| filter.depends_on().all(|id| waiting.iter().all(|other| other.id != *id));
            let (free, rest): (Vec<Filter>, Vec<Filter>) = waiting.iter().cloned().partition(is_free);
            if free.is_empty() {
                let ids = rest.iter().map(|filter| filter.id.as_str()).collect::<Vec<_>>().join(", ");
                let first = written.iter().position(|spec| rest.first().is_some_and(|filter| filter.id == spec.id.0));
                let path = format!("dashboard.filters[{}].choices.depends_on", first.unwrap_or_default());
                self.fault(&path, format!("these filters wait for one another: {ids}"));
                break;
            }
            placed.extend(free);
            waiting = rest;
        }
        placed
    }
}
