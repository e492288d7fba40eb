//! Files: a panel's rows or its picture, a dashboard's files in one. Streamed; what breaks off is seen to be broken off.

use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use http::HeaderValue;
use poem::{Body, Request, Response};
use serde_json::json;

use super::trail::Trail;
use super::view::PageView;
use super::{Parts, guards};
use crate::config::{Dashboard, Placed};
use crate::datastore::Failure;
use crate::domain::{ActorKind, Key};
use crate::error::{Error, Result};
use crate::frame::write::{Format, Writer};
use crate::panel::{Export, View};
use crate::report::{self, Allowed, Bundle, Part, Piece};
use crate::tenancy::TenantScope;

/// A panel, and how it is being looked at.
pub struct Wanted<'a> {
    /// The tenant.
    pub scope: TenantScope,
    /// Its dashboard.
    pub dashboard: Arc<Dashboard>,
    /// How it is looked at.
    pub view: PageView,
    /// The request.
    pub request: &'a Request,
}

impl Wanted<'_> {
    fn view_of(&self, placed: &Placed) -> View {
        let mut view = self.view.of_panel(&self.scope, &self.dashboard, placed);
        view.aggregate &= !is_on(self.request, "disable_aggregation");
        view
    }

    fn export_of(&self, placed: &Placed) -> Option<Export> {
        let view = self.view_of(placed);
        placed.panel.export(&view).map(|export| export.filtered(&view.filters))
    }

    fn name(&self, what: &Key, ending: &str) -> String {
        report::file_name(self.scope.slug(), what, self.view.range, self.view.zone, ending)
    }
}

fn is_on(request: &Request, name: &str) -> bool {
    let query = request.uri().query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(key, value)| key == name && matches!(&*value, "true" | "1" | "on"))
}

/// A wall screen is looked at; nothing is carried away from it.
fn may_take_away(scope: &TenantScope) -> Result<()> {
    if scope.identity().kind() == ActorKind::Device { Err(Error::Forbidden) } else { Ok(()) }
}

/// A panel's rows.
pub async fn rows(parts: &Arc<Parts>, wanted: &Wanted<'_>, placed: &Placed, format: Format) -> Result<Response> {
    may_take_away(&wanted.scope)?;
    let export = wanted.export_of(placed).ok_or(Error::NotFound("file: this panel has no rows"))?;
    let (scope, cap) = (&wanted.scope, parts.settings.limits.export_rows);
    let cut = report::is_cut(&export, scope, &parts.cache, &placed.key, cap).await;
    let rows = export.query.stream(scope, cap).await.map_err(|failure| down(&failure, scope))?;
    parts.tenancy.exported(scope, &placed.key, format.ending());
    let writer = Writer::new(format, wanted.view.zone);
    let pieces = report::pieces(rows, export, writer, allowed(parts, wanted), cut);
    // A file that is looked at long after has nothing but its name to tell that it is not all.
    let ending = if cut { format!("first-{cap}-rows.{}", format.ending()) } else { format.ending().to_owned() };
    let mut response = attachment(&wanted.name(&placed.key, &ending), format.content_type(), streamed(pieces));
    if cut {
        response.headers_mut().insert("x-loggia-truncated", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// A panel's drawing.
pub async fn picture(parts: &Parts, wanted: &Wanted<'_>, placed: &Placed, ending: &str) -> Result<Response> {
    let view = wanted.view_of(placed);
    let nothing = || Error::NotFound("picture: this panel is made of words, which its report prints");
    let mut frames = Vec::new();
    for query in placed.panel.asks(&view) {
        let fresh_for = view.refresh.to_std().unwrap_or_default();
        let answer = query.run(&wanted.scope, &parts.cache, placed.key.as_str(), fresh_for).await;
        frames.push(answer.map_err(|failure| down(&failure, &wanted.scope))?.frame);
    }
    let drawn = placed.panel.picture(&frames, &view).ok_or_else(nothing)?;
    parts.tenancy.exported(&wanted.scope, &placed.key, ending);
    let name = wanted.name(&placed.key, ending);
    if ending == "svg" {
        let mut response = attachment(&name, "image/svg+xml", Body::from_string(drawn.to_string()));
        response.headers_mut().insert("content-security-policy", HeaderValue::from_static("sandbox"));
        return Ok(response);
    }
    // Drawing pixels takes a while, which other answers need not wait for.
    let png = tokio::task::spawn_blocking(move || drawn.png()).await.map_err(|e| Error::Internal(e.into()))?;
    let png = png.map_err(|why| Error::Internal(anyhow::anyhow!("a picture could not be drawn: {why}")))?;
    Ok(attachment(&name, "image/png", Body::from_vec(png)))
}

/// All panels' rows and a list of them.
pub async fn bundle(parts: &Arc<Parts>, wanted: &Wanted<'_>) -> Result<Response> {
    may_take_away(&wanted.scope)?;
    let (scope, view, dashboard) = (&wanted.scope, &wanted.view, &wanted.dashboard);
    let all = dashboard.panels.iter().map(|placed| Part {
        panel: placed.key.to_string(),
        title: placed.panel.common().title.clone(),
        file: wanted.name(&placed.key, "csv"),
        export: wanted.export_of(placed),
    });
    let written = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&view.zone).to_rfc3339();
    let about = json!({
        "tenant": scope.slug().as_str(),
        "dashboard": dashboard.key.as_str(),
        "name": dashboard.name,
        "from": written(view.range.from()),
        "to": written(view.range.to()),
        "zone": view.zone.name(),
        "made_at": written(view.now),
        "made_by": scope.identity().email(),
    });
    let (parts_of, allowed, cap) = (all.collect(), allowed(parts, wanted), parts.settings.limits.export_rows);
    let parcel = Bundle { scope: scope.clone(), parts: parts_of, about, zone: view.zone, allowed, cap };
    let pieces = report::bundle(parcel).await.map_err(Error::unavailable)?;
    parts.tenancy.exported(scope, &dashboard.key, "zip");
    Ok(attachment(&wanted.name(&dashboard.key, "zip"), "application/zip", streamed(pieces)))
}

/// What was written last has this long to leave before the connection breaks.
const FAREWELL: Duration = Duration::from_millis(100);

/// A body that breaks its connection when it fails. After a body's error the server would ask the connection once more, which
/// then ends the body as if it were whole; only what unwinds leaves the end out. No hook is told, as nothing panics.
fn streamed(pieces: impl Stream<Item = Piece> + Send + 'static) -> Body {
    Body::from_bytes_stream(pieces.then(async |piece| match piece {
        Ok(piece) => Ok::<_, io::Error>(piece),
        Err(broken) => {
            tokio::time::sleep(FAREWELL).await;
            resume_unwind(Box::new(broken))
        }
    }))
}

fn attachment(name: &str, kind: &str, body: Body) -> Response {
    let disposition = report::disposition(name);
    Response::builder().content_type(kind).header("content-disposition", disposition).body(body)
}

/// Asks anew, with what the request brought, whether the session or token lasts and the tenant is still open to it.
fn allowed(parts: &Arc<Parts>, wanted: &Wanted<'_>) -> Allowed {
    let (parts, slug) = (parts.clone(), wanted.scope.slug().to_string());
    let pass = guards::Pass::of(wanted.request, parts.settings.is_https());
    let correlation = Trail::of(wanted.request).correlation;
    Box::new(move || {
        let (parts, slug, pass) = (parts.clone(), slug.clone(), pass.clone());
        Box::pin(async move {
            let Some(identity) = pass.again(&parts, correlation).await else { return false };
            TenantScope::authorize(&parts.tenancy, &identity, &slug, correlation).await.is_ok()
        })
    })
}

/// A tenant's database that gave no answer, told to the log.
pub fn down(failure: &Failure, scope: &TenantScope) -> Error {
    let (correlation_id, tenant) = (scope.correlation().to_string(), scope.slug().as_str());
    tracing::warn!(correlation_id, tenant, "{failure}");
    Error::unavailable(failure)
}
