//! A panel asked by the API: found, looked at as the parameters say, and answered in values.

use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::{Serializer, parse};

use super::bodies::{CustomData, PanelData, PictureData, Words};
use crate::config::{Dashboard, Placed};
use crate::domain::range::Moment;
use crate::error::{Error, FieldFault, Result};
use crate::panel::{Asked, Content, EndpointCall, View};
use crate::tenancy::TenantScope;
use crate::web::pages::dashboard::find;
use crate::web::view::PageView;
use crate::web::{Parts, exports, filters, panels};

/// What a call says about how a panel is looked at; what is left out is as on its dashboard.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Look {
    pub dashboard: Option<String>,
    pub start: Option<String>,
    pub end: Option<String>,
    pub raw: bool,
    pub series: Vec<String>,
    pub sort: Option<String>,
    pub dir: Option<&'static str>,
    pub page: Option<u64>,
    pub page_size: Option<u32>,
    pub q: Option<String>,
}

/// A panel, and how it is looked at.
#[derive(Debug)]
pub struct Looked {
    /// The dashboard whose range and filters count.
    pub dashboard: Arc<Dashboard>,
    /// The panel.
    pub placed: Placed,
    /// The view of the whole dashboard.
    pub page: PageView,
    /// The view of the panel.
    pub view: View,
}

/// Finds the panel (in the dashboard named, else in the front page, else in the first that has it) and reads how it is looked at.
///
/// # Errors
/// There is no such panel, or what was sent has faults.
pub async fn read(parts: &Arc<Parts>, scope: &TenantScope, id: &str, look: &Look, query: &str) -> Result<Looked> {
    let (dashboard, mut placed) = holding(parts, scope, id, look.dashboard.as_deref())?;
    check_range(look)?;
    let mut page = PageView::read(&look.address(id, query), &dashboard, scope, parts.clock.now());
    if !page.filters.iter().all(|(_, values)| values.is_empty()) {
        filters::settle(parts, scope, &dashboard, &mut page).await;
    }
    let mut faults: Vec<FieldFault> = page.notices.iter().map(|notice| fault(field_of(notice), notice)).collect();
    if let Some(rows) = look.page_size {
        placed.panel = placed.panel.paged(rows).unwrap_or(placed.panel);
    }
    let mut view = page.of_panel(scope, &dashboard, &placed);
    view.aggregate &= !look.raw;
    faults.extend(placed.panel.refuses(&view));
    if faults.is_empty() { Ok(Looked { dashboard, placed, page, view }) } else { Err(Error::Invalid(faults)) }
}

fn holding(parts: &Parts, scope: &TenantScope, id: &str, named: Option<&str>) -> Result<(Arc<Dashboard>, Placed)> {
    let none = || Error::NotFound("panel");
    let key = id.parse().map_err(|_| none())?;
    let (dashboard, index) = match named {
        Some(name) => {
            let dashboard = find(parts, scope, name)?;
            let index = dashboard.panels.iter().position(|placed| placed.key == key).ok_or_else(none)?;
            (dashboard, index)
        }
        None => parts.catalog.now().panel(scope, &key).ok_or_else(none)?,
    };
    let placed = dashboard.panels[index].clone();
    Ok((dashboard, placed))
}

fn check_range(look: &Look) -> Result<()> {
    let ends = [("start_date", &look.start), ("end_date", &look.end)];
    let faults = ends.into_iter().filter_map(|(field, end)| Some(fault(field, &Moment::parse(end.as_deref()?).err()?)));
    let faults: Vec<FieldFault> = faults.collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

fn fault(field: &str, message: &str) -> FieldFault {
    FieldFault { field: field.to_owned(), message: message.trim_end_matches('.').to_owned() }
}

/// What a page would only remark, a caller is told at its parameter.
fn field_of(notice: &str) -> &'static str {
    if notice.starts_with("The range") { "start_date" } else { "filters" }
}

impl Look {
    /// The same as a page's address says it; the dashboard's filters are taken from the call's own query.
    fn address(&self, id: &str, query: &str) -> String {
        let mut address = Serializer::new(String::new());
        let own = [
            ("sort", self.sort.clone()),
            ("dir", self.dir.map(str::to_owned)),
            ("page", self.page.map(|page| page.to_string())),
            ("q", self.q.clone()),
        ];
        for (name, value) in [("from", &self.start), ("to", &self.end)] {
            if let Some(value) = value {
                address.append_pair(name, value);
            }
        }
        for (name, value) in own {
            if let Some(value) = value {
                address.append_pair(&format!("{id}.{name}"), &value);
            }
        }
        for label in &self.series {
            address.append_pair(&format!("{id}.series"), label);
        }
        address.extend_pairs(parse(query.as_bytes()).filter(|(name, _)| name.starts_with("var-")));
        address.finish()
    }
}

impl Looked {
    /// Asks the tenant's database (or the panel's endpoint) and gives what the panel shows. An API never gives what is old
    /// for new: where the database is down, the answer is 503.
    ///
    /// # Errors
    /// What it needs is down.
    pub async fn data(&self, parts: &Parts, scope: &TenantScope) -> Result<PanelData> {
        let began = Instant::now();
        let answer = match self.placed.panel.endpoint() {
            Some(call) => self.made(parts, scope, call).await.map(|content| (content, false)),
            None => self.answered(parts, scope).await,
        };
        let (outcome, hit) = answer.as_ref().map_or(("failed", false), |(_, hit)| ("ok", *hit));
        panels::counted(parts, scope, &self.dashboard, &self.placed, outcome, hit, began.elapsed());
        Ok(answer?.0)
    }

    async fn answered(&self, parts: &Parts, scope: &TenantScope) -> Result<(PanelData, bool)> {
        let answers = panels::ask(parts, scope, &self.placed, &self.page, &self.view).await;
        let answers = answers.map_err(|failure| exports::down(&failure, scope))?;
        if let Some(failure) = answers.iter().find_map(|answer| answer.stale.as_ref()) {
            return Err(exports::down(failure, scope));
        }
        let hit = answers.iter().all(|answer| answer.hit);
        let frames: Vec<_> = answers.into_iter().map(|answer| answer.frame).collect();
        let data = self.placed.panel.data(&frames, &self.view);
        let data = data.ok_or(Error::NotFound("panel that can be read: its file has a fault"))?;
        Ok((data.into(), hit))
    }

    async fn made(&self, parts: &Parts, scope: &TenantScope, call: &EndpointCall) -> Result<PanelData> {
        Ok(match made(parts, scope, call, &self.view).await? {
            Content::Words(words) => PanelData::Words(CustomData { content: Words(words) }),
            Content::Picture(picture) => PanelData::Picture(PictureData {
                media_type: picture.content_type().to_owned(),
                base64: STANDARD.encode(picture.file()),
            }),
        })
    }
}

/// What an endpoint makes for a panel, never what it made before it failed.
///
/// # Errors
/// Why there is nothing.
pub async fn made(parts: &Parts, scope: &TenantScope, call: &EndpointCall, view: &View) -> Result<Content> {
    let made = parts.endpoints.ask(call, Asked { scope, cache: &parts.cache, view, fresh: false }).await;
    match made {
        Ok(made) => made.stale.map_or(Ok(made.content), |trouble| Err(Error::unavailable(trouble))),
        Err(trouble) => Err(Error::unavailable(trouble)),
    }
}
