//! A custom panel's call: who makes what it shows, and what they are told.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Map;

use super::{Parameter, Trouble, Value};
use crate::domain::{Key, TimeRange};
use crate::frame::Frame;
use crate::panel::draft::Draft;
use crate::panel::spec::Ordered;
use crate::query::{Bound, Cache, Chosen, Name, Query};
use crate::tenancy::TenantScope;

/// The path under which our own endpoints stand.
const OWN: &str = "/api/v1/custom/";

/// What a panel draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wants {
    /// JSON for a template.
    Words,
    /// A picture.
    Picture,
}

impl Wants {
    /// As an author would say it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Wants::Words => "words for a template",
            Wants::Picture => "a picture",
        }
    }
}

/// Who makes what a custom panel shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Maker {
    /// One of ours, by its name.
    Own(String),
    /// Another server's address.
    Other(url::Url),
}

/// What a custom panel asks for, as its file says.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointCall {
    /// Who is asked.
    pub maker: Maker,
    /// What they are told.
    pub parameters: Map<String, serde_json::Value>,
    /// Which filters of the dashboard narrow what: the filter, and the endpoint's word for what it narrows.
    pub filters: Vec<(Key, String)>,
    /// What is needed.
    pub wants: Wants,
    /// Whether they are told the page's range; else the last day.
    pub follows: bool,
    /// Whether another server is told, by a token, for whom and for which tenant it is asked.
    pub token: bool,
}

impl EndpointCall {
    /// Checks endpoint and parameters.
    pub(in crate::panel) fn build(
        written: &str,
        parameters: Map<String, serde_json::Value>,
        filters: &Ordered<String>,
        (wants, follows): (Wants, bool),
        draft: &mut Draft<'_>,
    ) -> Option<EndpointCall> {
        for (name, value) in &parameters {
            if value.is_array() || value.is_object() {
                draft.fault(&format!("panel.parameters.{name}"), "a parameter is a text, a number, true or false");
            }
        }
        let filters: Vec<Option<(Key, String)>> = filters.0.iter().map(|(id, what)| filter(id, what, draft)).collect();
        let maker = draft.check("panel.endpoint", parse(written.trim()))?;
        Some(EndpointCall {
            maker,
            parameters,
            filters: filters.into_iter().collect::<Option<_>>()?,
            wants,
            follows,
            token: false,
        })
    }

    /// The same with a token, where the file asks for one.
    pub(in crate::panel) fn with_token(self, asked_for: bool, draft: &mut Draft<'_>) -> Option<EndpointCall> {
        let needless = asked_for && matches!(self.maker, Maker::Own(_));
        let fault = || {
            "a token is for an address that begins with https://; this server's own endpoints know the tenant without one"
                .to_owned()
        };
        draft.check("panel.endpoint_token", if needless { Err(fault()) } else { Ok(()) })?;
        Some(EndpointCall { token: asked_for, ..self })
    }

    /// The filters that are set, each with the endpoint's word for what it narrows.
    pub(super) fn chosen(&self, set: &[(Key, Chosen)]) -> Vec<(Key, String, Chosen)> {
        let chosen = |(id, what): &(Key, String)| {
            let (_, value) = set.iter().find(|(set, _)| set == id)?;
            Some((id.clone(), what.clone(), value.clone()))
        };
        self.filters.iter().filter_map(chosen).collect()
    }
}

/// A filter and what it narrows, as plain words.
fn filter(id: &str, what: &str, draft: &mut Draft<'_>) -> Option<(Key, String)> {
    let path = format!("panel.filters.{id}");
    let key = draft.check(&path, id.parse::<Key>());
    let plain = (1..=64).contains(&what.len()) && what.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let fault = || format!("“{what}” is no name: 1 to 64 letters, digits, -, _ and . are");
    draft.check(&path, if plain { Ok(()) } else { Err(fault()) })?;
    Some((key?, what.to_owned()))
}

pub(super) fn parse(text: &str) -> Result<Maker, String> {
    let fault = || format!("“{text}” is no endpoint: write {OWN}NAME, or an address that begins with https://");
    if let Some(name) = text.strip_prefix(OWN) {
        let shape = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
            && name.starts_with(|c: char| c.is_ascii_lowercase());
        return if shape { Ok(Maker::Own(name.to_owned())) } else { Err(fault()) };
    }
    let url = url::Url::parse(text).map_err(|_| fault())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address must not hold a name or a password".to_owned());
    }
    if is_private_way(&url) { Ok(Maker::Other(url)) } else { Err(fault()) }
}

/// Whether nobody between here and there can listen. A neighbour on this very machine needs no encryption; whether it may
/// be asked is for the settings to say.
pub(super) fn is_private_way(url: &url::Url) -> bool {
    match url.host_str() {
        Some("localhost" | "127.0.0.1" | "[::1]") => matches!(url.scheme(), "https" | "http"),
        Some(host) => !host.is_empty() && url.scheme() == "https",
        None => false,
    }
}

/// What an endpoint is given: the proof of its tenant, the range, the filters that are set, what the file says, and a way
/// to ask the tenant's database.
#[derive(Debug)]
pub struct Call {
    /// The proof that the viewer may read this tenant.
    pub scope: TenantScope,
    pub(super) cache: Cache,
    pub(super) panel: Key,
    pub(super) range: TimeRange,
    pub(super) zone: Tz,
    pub(super) now: DateTime<Utc>,
    pub(super) fresh_for: Duration,
    pub(super) declared: &'static [Parameter],
    pub(super) given: Map<String, serde_json::Value>,
    pub(super) filters: Vec<(Key, String, Chosen)>,
}

impl Call {
    /// The page's range where the panel follows it, else the last 24 hours.
    pub fn range(&self) -> TimeRange {
        self.range
    }

    /// The shown zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Now.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// What the dashboard's filters are set to for one of the endpoint's own words; nothing where none is bound or set.
    pub fn chosen<'a>(&'a self, what: &'a str) -> impl Iterator<Item = &'a Chosen> {
        self.filters.iter().filter(move |(_, narrowed, _)| narrowed == what).map(|(_, _, chosen)| chosen)
    }

    /// The same as conditions on a column, for the `filters` of a query's source: bound values, never text of the statement.
    pub fn bound(&self, what: &str, column: &Name) -> Vec<Bound> {
        let bound = |(id, _, chosen): &(Key, String, Chosen)| Bound {
            filter: Some(id.clone()),
            column: column.clone(),
            chosen: Some(chosen.clone()),
        };
        self.filters.iter().filter(|(_, narrowed, _)| narrowed == what).map(bound).collect()
    }

    /// Asks the tenant's database, through the cache.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, query: &Query) -> Result<Arc<Frame>, Trouble> {
        let answer = query.run(&self.scope, &self.cache, self.panel.as_str(), self.fresh_for).await?;
        // What an endpoint makes of old rows would not say that they are old.
        answer.stale.map_or(Ok(answer.frame), |failure| Err(Trouble::Query(failure)))
    }

    fn default(&self, name: &str) -> Option<Value> {
        self.declared.iter().find(|parameter| parameter.name == name).map(|parameter| parameter.default)
    }

    /// A parameter that is true or false; false when none of that name is declared.
    pub fn flag(&self, name: &str) -> bool {
        let written = self.given.get(name).and_then(serde_json::Value::as_bool);
        written.unwrap_or(self.default(name) == Some(Value::Flag(true)))
    }

    /// A parameter that is a number; 0 when none of that name is declared.
    pub fn number(&self, name: &str) -> f64 {
        let written = self.given.get(name).and_then(serde_json::Value::as_f64);
        written.unwrap_or(if let Some(Value::Number(number)) = self.default(name) { number } else { 0.0 })
    }

    /// A parameter that is a text; empty when none of that name is declared.
    pub fn text(&self, name: &str) -> &str {
        let written = self.given.get(name).and_then(serde_json::Value::as_str);
        written.unwrap_or(if let Some(Value::Text(text)) = self.default(name) { text } else { "" })
    }
}
