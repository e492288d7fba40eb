//! The audit as it is read: which rows, as rows of a page, as lines of a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};
use futures_util::{Stream, stream};
use poem::{Body, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::form::{Field, fault};
use super::listing::{Moment, moment};
use super::{Parts, limits};
use crate::central;
use crate::central::audit::{About, Action, Row, Search, list};
use crate::domain::{Slug, TenantId};
use crate::error::{FieldFault, Result};
use crate::identity::Identity;
use crate::panel::Address;

/// How many rows a page holds.
const SIZE: u64 = 50;
/// How many rows of a file are read at once.
const PIECE: u64 = 1_000;

/// What the address may say of the rows wanted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub(super) who: String,
    pub(super) what: String,
    pub(super) tenant: String,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) before: String,
}

/// The rows wanted, and what was not understood of the wish.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The rows.
    pub search: Search,
    /// What was not understood.
    pub faults: Vec<FieldFault>,
}

impl Asked {
    /// The rows wanted; of one tenant alone where `only` names it.
    ///
    /// # Errors
    /// When the central database does not answer.
    pub async fn wish(&self, parts: &Parts, only: Option<TenantId>) -> Result<Wish> {
        let mut faults = Vec::new();
        let who = self.who.trim().to_lowercase();
        let what = self.what.trim();
        let action = Action::parse(what);
        if action.is_none() && !what.is_empty() {
            faults.push(fault("what", format!("“{what}” is no action")));
        }
        let mut search = Search { tenant: only, action, before: self.before.parse().ok(), ..Search::default() };
        search.since = day("from", &self.from, &mut faults);
        // the last day is meant whole
        search.until = day("until", &self.until, &mut faults).map(|day| day + TimeDelta::days(1));
        if !who.is_empty() {
            // a whole address is looked up, a part of one is searched for
            match who.contains('@') {
                true => search.actor = Some(who),
                false => search.text = Some(who),
            }
        }
        if only.is_none() && !self.tenant.trim().is_empty() {
            match tenant(parts, self.tenant.trim()).await? {
                Some(id) => search.tenant = Some(id),
                None => faults.push(fault("tenant", format!("there is no tenant “{}”", self.tenant.trim()))),
            }
        }
        Ok(Wish { search, faults })
    }

    /// The form, filled in.
    pub fn fields(&self, wish: &Wish, with_tenant: bool) -> Vec<Field> {
        let any = [("".to_owned(), "Anything".to_owned())];
        let actions = any.into_iter().chain(Action::ALL.iter().map(|action| (action.to_string(), words(action.as_str()))));
        let mut fields = vec![
            Field::of_type("who", "Who", "search", &self.who).hint("A whole e-mail address, or a part of a name"),
            Field::choice("what", "What", actions, &self.what),
        ];
        if with_tenant {
            fields.push(Field::of_type("tenant", "Tenant", "search", &self.tenant).hint("Its short name"));
        }
        fields.push(Field::of_type("from", "From", "date", &self.from));
        fields.push(Field::of_type("until", "Until", "date", &self.until));
        fields.into_iter().map(|field| field.with(&wish.faults)).collect()
    }

    /// This list at `path`, without its place in it.
    pub fn address(&self, path: String) -> Address {
        let given =
            [("who", &self.who), ("what", &self.what), ("tenant", &self.tenant), ("from", &self.from), ("until", &self.until)];
        let query = given.into_iter().filter(|(_, value)| !value.trim().is_empty());
        Address { path, query: query.map(|(key, value)| (key.to_owned(), value.clone())).collect() }
    }
}

fn day(field: &str, text: &str, faults: &mut Vec<FieldFault>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    match text.parse::<NaiveDate>() {
        Ok(day) => Some(day.and_time(NaiveTime::MIN).and_utc()),
        Err(_) => {
            faults.push(fault(field, format!("“{text}” is no day like 2026-11-25")));
            None
        }
    }
}

/// The tenant of this slug or id; one that was deleted is still found by its id.
async fn tenant(parts: &Parts, text: &str) -> Result<Option<TenantId>> {
    if let Ok(id) = text.parse::<Uuid>() {
        return Ok(Some(TenantId(id)));
    }
    let Ok(slug) = text.parse::<Slug>() else { return Ok(None) };
    Ok(limits::in_time(central::tenants::find(&parts.central, &slug)).await?.map(|tenant| tenant.id))
}

/// A row as a page shows it.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number in the chain.
    pub id: i64,
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: String,
    /// What kind of caller, where it is not a person.
    pub kind: Option<String>,
    /// What was done, in words.
    pub action: String,
    /// The word itself.
    pub word: String,
    /// How it is marked: refusals and losses stand out.
    pub mark: &'static str,
    /// What it was about.
    pub target: String,
    /// In which tenant.
    pub tenant: String,
    /// More, as key and value.
    pub detail: Vec<(String, String)>,
    /// From where.
    pub address: String,
    /// The request.
    pub correlation: String,
}

/// One page of rows, newest first.
#[derive(Clone, Debug, Default)]
pub struct Leaf {
    /// The rows.
    pub lines: Vec<Line>,
    /// The number before which the next page begins.
    pub older: Option<i64>,
}

/// The rows wanted, one page of them.
///
/// # Errors
/// When the central database does not answer.
pub async fn read(parts: &Parts, search: &Search) -> Result<Leaf> {
    // what was just done stands in it
    let _ = limits::in_time(parts.audit.flush()).await;
    let mut rows = limits::in_time(list(&parts.central, search, SIZE + 1)).await?;
    let more = rows.len() as u64 > SIZE;
    rows.truncate(SIZE as usize);
    let ids: std::collections::BTreeSet<Uuid> = rows.iter().filter_map(|row| row.tenant).collect();
    let names = limits::in_time(central::tenants::named(&parts.central, ids)).await?;
    let now = parts.clock.now();
    Ok(Leaf {
        older: rows.last().filter(|_| more).map(|row| row.id),
        lines: rows.into_iter().map(|row| line(row, &names, now)).collect(),
    })
}

fn line(row: Row, names: &BTreeMap<Uuid, (String, String)>, now: DateTime<Utc>) -> Line {
    let tenant = row.tenant.map(|id| names.get(&id).map_or_else(|| format!("{id} (deleted)"), |(slug, _)| slug.clone()));
    Line {
        id: row.id,
        at: moment(row.at, now),
        kind: (row.actor_kind != "person" && row.actor_kind != row.actor).then_some(row.actor_kind),
        actor: if row.actor.is_empty() { "nobody".to_owned() } else { row.actor },
        mark: match row.action.as_str() {
            "denied" | "sign_in_failed" => "warn",
            "audit_lost" => "bad",
            _ => "",
        },
        action: words(&row.action),
        word: row.action,
        target: row.target.unwrap_or_default(),
        tenant: tenant.unwrap_or_default(),
        detail: told(&row.detail),
        address: row.address.unwrap_or_default(),
        correlation: row.correlation,
    }
}

/// `sign_in_failed` as people read it.
fn words(action: &str) -> String {
    let text = action.replace('_', " ");
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn told(detail: &str) -> Vec<(String, String)> {
    let Ok(Value::Object(map)) = serde_json::from_str(detail) else { return Vec::new() };
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Array(items) => items
            .into_iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    };
    map.into_iter().map(|(key, value)| (key.replace('_', " "), text(value))).collect()
}

/// Notes that somebody took the audit away, of one tenant or all of it.
pub fn exported(parts: &Parts, identity: &Identity, tenant: Option<TenantId>) {
    let about = About::target("audit").with("format", "ndjson");
    let about = tenant.into_iter().fold(about, About::in_tenant);
    parts.audit.push(identity.actor(), Action::Export, about);
}

/// The rows wanted as a file, a line of JSON each, newest first.
pub fn file(parts: &Arc<Parts>, search: Search, name: &str) -> Response {
    Response::builder()
        .content_type("application/x-ndjson")
        .header("content-disposition", format!("attachment; filename=\"{name}\""))
        .body(Body::from_bytes_stream(pieces(parts.central.clone(), search)))
}

/// Where the reading of a file stands.
enum At {
    Here(Search),
    End,
}

fn pieces(central: central::Central, search: Search) -> impl Stream<Item = std::io::Result<String>> {
    stream::unfold(At::Here(search), move |at| {
        let central = central.clone();
        async move {
            let At::Here(search) = at else { return None };
            match list(&central, &search, PIECE).await {
                Ok(rows) if rows.is_empty() => None,
                Ok(rows) => {
                    let next = match rows.last() {
                        Some(last) if rows.len() as u64 == PIECE => At::Here(Search { before: Some(last.id), ..search }),
                        _ => At::End,
                    };
                    Some((Ok(rows.iter().map(|row| format!("{}\n", as_json(row))).collect()), next))
                }
                Err(error) => {
                    tracing::warn!(%error, "an export of the audit broke off");
                    let told = json!({ "error": "the central database did not answer; the file is not whole" });
                    Some((Ok(format!("{told}\n")), At::End))
                }
            }
        }
    })
}

fn as_json(row: &Row) -> Value {
    json!({
        "id": row.id,
        "at": row.at.to_rfc3339_opts(SecondsFormat::Micros, true),
        "action": row.action,
        "actor_kind": row.actor_kind,
        "actor": row.actor,
        "actor_id": row.actor_id,
        "tenant_id": row.tenant,
        "target": row.target,
        "detail": serde_json::from_str::<Value>(&row.detail).unwrap_or_default(),
        "address": row.address,
        "correlation_id": row.correlation,
        "hash": row.hash,
    })
}

#[cfg(test)]
mod tests {
    use super::{told, words};

    #[test]
    fn actions_and_details_are_told_in_words() {
        assert_eq!(words("sign_in_failed"), "Sign in failed");
        let detail = told(r#"{"changed":["email","operator"],"operator":true,"sessions_ended":2}"#);
        let pairs: Vec<_> = detail.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("changed", "email, operator"), ("operator", "true"), ("sessions ended", "2")]);
    }
}
