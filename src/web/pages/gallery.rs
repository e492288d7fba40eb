//! Every type of panel, drawn beside the file that says so: over made-up data, so that it shows no tenant's.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use poem::web::Data;
use poem::{Request, Response, handler};

use super::{Chrome, PanelFrame, PanelState, Place};
use crate::domain::{Key, RangeSpec};
use crate::error::{Error, Result};
use crate::panel::{Address, Drawing, Kind, View, kinds};
use crate::web::guards::Person;
use crate::web::{Parts, around};

const PATH: &str = "/help/panels";
/// So many parameters of examples are read from one address.
const PARAMETERS: usize = 64;

/// One type of panel.
#[derive(Clone, Debug)]
pub struct Exhibit {
    /// Its word.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: String,
    /// Its size without one, in words: "8 columns wide, 2 rows high".
    pub size: String,
    /// Its example, drawn.
    pub panel: PanelFrame,
    /// Its example, as it is written.
    pub yaml: &'static str,
}

/// All types of panel.
#[derive(Clone, Debug, Template)]
#[template(path = "gallery.html")]
pub struct GalleryPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The types, in the order of their list.
    pub exhibits: Vec<Exhibit>,
}

/// `GET /help/panels`: all types; for the script the one it names, in its frame.
#[handler]
pub async fn show(Person(identity): Person, Data(parts): Data<&Arc<Parts>>, request: &Request) -> Result<Response> {
    let given: Vec<(String, String)> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
    let page = Address { path: PATH.to_owned(), query: kept(&given) };
    let now = parts.clock.now();
    if request.header("hx-request").is_some() {
        let named = given.iter().find(|(name, _)| name == "panel").and_then(|(_, name)| kinds().iter().find(|k| k.name == name));
        return around::page(&drawn(named.ok_or(Error::NotFound("type of panel"))?, &page, now)?);
    }
    let exhibit = |kind: &Kind| {
        let (width, height) = kind.size;
        let rows = if height == 1 { "row" } else { "rows" };
        Ok(Exhibit {
            name: kind.name,
            about: kind.about(),
            size: format!("{width} columns wide, {height} {rows} high"),
            panel: drawn(kind, &page, now)?,
            yaml: kind.example,
        })
    };
    let exhibits = kinds().iter().map(exhibit).collect::<Result<Vec<_>>>()?;
    around::page(&GalleryPage { chrome: around::bare("Panel types", around::theme(request), Some(&identity), page), exhibits })
}

/// The parameters of the examples, which links carry on.
fn kept(given: &[(String, String)]) -> Vec<(String, String)> {
    let ours = |name: &str| name.split_once('.').is_some_and(|(kind, _)| kinds().iter().any(|known| known.name == kind));
    let fits = |(name, value): &&(String, String)| ours(name) && name.len() <= 200 && value.len() <= 1000;
    given.iter().filter(fits).take(PARAMETERS).cloned().collect()
}

fn drawn(kind: &Kind, page: &Address, now: DateTime<Utc>) -> Result<PanelFrame> {
    let broken = |what: &str| Error::Internal(anyhow::anyhow!("the example of {}: {what}", kind.name));
    let key: Key = kind.name.parse().map_err(|_| broken("its name is no key"))?;
    let panel = kind.shown().ok_or_else(|| broken("it cannot be read"))?;
    let (spec, zone) = (RangeSpec::last_day(), Tz::UTC);
    let prefix = format!("{key}.");
    let own = page.query.iter().filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?.to_owned(), value.clone())));
    let view = View {
        now,
        zone,
        range: spec.resolve(now, zone),
        spec,
        refresh: TimeDelta::seconds(60),
        aggregate: true,
        filters: Vec::new(),
        close: false,
        params: own.collect(),
        fragment: page.with("panel", Some(kind.name)),
        page: page.clone(),
        key,
    };
    let drawing = kind.draw(panel.as_ref(), &view).map_err(|trouble| broken(&trouble.to_string()))?;
    Ok(framed(kind, &view, panel.common(), drawing))
}

/// The example in its frame, which never asks for itself again.
fn framed(kind: &Kind, view: &View, common: &crate::panel::Common, drawing: Drawing) -> PanelFrame {
    PanelFrame {
        key: view.key.to_string(),
        kind: kind.name,
        place: Place { col: 1, row: 1, width: kind.size.0, height: kind.size.1 },
        title: common.title.clone(),
        description: common.description.clone(),
        detail: None,
        note: drawing.note,
        badge: drawing.badge,
        turn: drawing.turn,
        notices: drawing.notices,
        truncated: false,
        summary: drawing.summary,
        updated: None,
        refresh_seconds: None,
        fragment: view.fragment.href(),
        again: view.page.href(),
        etag: None,
        state: if drawing.empty { PanelState::Empty(drawing.body) } else { PanelState::Ready(drawing.body) },
    }
}
