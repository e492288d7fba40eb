//! One panel from question to frame: asks its database, draws the answers, and says honestly which of the four states it is in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use futures_util::future::join_all;
use sha2::{Digest, Sha256};

use super::Parts;
use super::pages::{PanelFrame, PanelState, Place, Updated};
use super::view::PageView;
use crate::config::{Dashboard, Placed, Version};
use crate::datastore::Failure;
use crate::frame::Frame;
use crate::observe::PanelLabels;
use crate::panel::{Address, Asked, Drawing, EndpointCall, Trouble, View};
use crate::query::Answer;
use crate::tenancy::TenantScope;

/// After a failure the panel is asked for again this soon; the script backs off from there.
const RETRY_SECONDS: u32 = 8;

/// Where a drawing is shown: the grid, or alone on its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// In its dashboard's grid.
    Grid,
    /// Alone.
    Alone,
    /// Looked at closely: large, or the rows behind it.
    Close,
}

/// What a panel's questions came to.
enum Outcome {
    Drawn {
        drawing: Drawing,
        at: DateTime<Utc>,
        stale: Option<Trouble>,
        truncated: bool,
        hit: bool,
    },
    Failed(Trouble),
    /// The answers came, and drawing them broke off.
    Undrawable,
}

/// Asks and draws one panel of a dashboard.
pub async fn draw(
    parts: &Parts,
    scope: &TenantScope,
    dashboard: &Dashboard,
    placed: &Placed,
    page: &PageView,
    stand: Stand,
) -> PanelFrame {
    let view = page.of_panel(scope, dashboard, placed);
    let began = Instant::now();
    let outcome = match placed.panel.endpoint() {
        Some(call) => make_and_draw(parts, scope, placed, page, &view, call).await,
        None => outcome(placed, page, &view, ask(parts, scope, placed, page, &view).await),
    };
    framed(parts, scope, dashboard, placed, page, &view, (stand, began), outcome)
}

/// Draws what was answered since `began`, and counts it.
#[allow(clippy::too_many_arguments)] // everything a frame is made of
pub fn drawn(
    parts: &Parts,
    scope: &TenantScope,
    dashboard: &Dashboard,
    placed: &Placed,
    page: &PageView,
    view: &View,
    (stand, began): (Stand, Instant),
    answers: Answers,
) -> PanelFrame {
    framed(parts, scope, dashboard, placed, page, view, (stand, began), outcome(placed, page, view, answers))
}

#[allow(clippy::too_many_arguments)] // everything a frame is made of
fn framed(
    parts: &Parts,
    scope: &TenantScope,
    dashboard: &Dashboard,
    placed: &Placed,
    page: &PageView,
    view: &View,
    (stand, began): (Stand, Instant),
    outcome: Outcome,
) -> PanelFrame {
    count(parts, scope, dashboard, placed, &outcome, began.elapsed());
    let mut frame = empty_frame(dashboard, placed, page, view, stand);
    fill(&mut frame, outcome, scope, page.zone, page.now);
    frame.notices.extend(told_to_authors(scope, placed));
    frame.etag = Some(etag(&frame));
    frame
}

/// The answers to a panel's questions, in their order, or why there are none.
pub type Answers = Result<Vec<Answer>, Failure>;

/// The place kept for a panel that is late.
pub fn late(scope: &TenantScope, dashboard: &Dashboard, placed: &Placed, page: &PageView) -> PanelFrame {
    let view = page.of_panel(scope, dashboard, placed);
    empty_frame(dashboard, placed, page, &view, Stand::Grid)
}

/// Asks a panel's questions.
pub async fn ask(parts: &Parts, scope: &TenantScope, placed: &Placed, page: &PageView, view: &View) -> Answers {
    let queries = placed.panel.asks(view);
    let fresh_for = if page.fresh { Duration::ZERO } else { view.refresh.to_std().unwrap_or_default() };
    let answers = join_all(queries.iter().map(|query| query.run(scope, &parts.cache, placed.key.as_str(), fresh_for))).await;
    answers.into_iter().collect()
}

fn outcome(placed: &Placed, page: &PageView, view: &View, answers: Answers) -> Outcome {
    let answers = match answers {
        Ok(answers) => answers,
        Err(failure) => return Outcome::Failed(failure.into()),
    };
    let at = answers.iter().map(|a| a.at).min().unwrap_or(page.now);
    let hit = answers.iter().all(|a| a.hit);
    let stale = answers.iter().find_map(|a| a.stale.clone()).map(Trouble::Query);
    let frames: Vec<Arc<Frame>> = answers.into_iter().map(|a| a.frame).collect();
    let truncated = frames.iter().any(|frame| frame.truncated);
    // A drawing that panics is one panel's failure, never the page's.
    match catch_unwind(AssertUnwindSafe(|| placed.panel.draw(&frames, view))) {
        Ok(drawing) => Outcome::Drawn { drawing, at, stale, truncated, hit },
        Err(_) => Outcome::Undrawable,
    }
}

/// The same for a panel whose endpoint makes what it shows.
async fn make_and_draw(
    parts: &Parts,
    scope: &TenantScope,
    placed: &Placed,
    page: &PageView,
    view: &View,
    call: &EndpointCall,
) -> Outcome {
    let asked = Asked { scope, cache: &parts.cache, view, fresh: page.fresh };
    let made = match parts.endpoints.ask(call, asked).await {
        Ok(made) => made,
        Err(trouble) => return Outcome::Failed(trouble),
    };
    match catch_unwind(AssertUnwindSafe(|| placed.panel.draw_made(&made.content, view))) {
        Ok(Ok(drawing)) => Outcome::Drawn { drawing, at: made.at, stale: made.stale, truncated: false, hit: made.hit },
        Ok(Err(trouble)) => Outcome::Failed(trouble),
        Err(_) => Outcome::Undrawable,
    }
}

fn count(parts: &Parts, scope: &TenantScope, dashboard: &Dashboard, placed: &Placed, outcome: &Outcome, took: Duration) {
    let hit = matches!(outcome, Outcome::Drawn { hit: true, .. });
    let outcome = match outcome {
        Outcome::Drawn { stale: None, .. } => "ok",
        Outcome::Drawn { .. } => "stale",
        Outcome::Failed(_) | Outcome::Undrawable => "failed",
    };
    counted(parts, scope, dashboard, placed, outcome, hit, took);
}

/// Counts one answer of a panel: `ok`, `stale` or `failed`.
pub fn counted(
    parts: &Parts,
    scope: &TenantScope,
    dashboard: &Dashboard,
    placed: &Placed,
    outcome: &'static str,
    hit: bool,
    took: Duration,
) {
    let labels = PanelLabels {
        tenant_id: scope.tenant().to_string(),
        app_slug: dashboard.key.to_string(),
        callback: placed.key.to_string(),
        outcome,
        cache: if hit { "hit" } else { "miss" },
    };
    parts.metrics.panel_queried(&labels, took);
}

fn empty_frame(dashboard: &Dashboard, placed: &Placed, page: &PageView, view: &View, stand: Stand) -> PanelFrame {
    let common = placed.panel.common();
    let here = if stand == Stand::Alone { &view.fragment } else { &view.page };
    let opens = stand == Stand::Grid && common.drill_down.enabled && !page.tv;
    PanelFrame {
        key: placed.key.to_string(),
        kind: placed.kind,
        place: Place {
            col: placed.position.col,
            row: placed.position.row,
            width: placed.position.width,
            height: placed.position.height,
        },
        title: common.title.clone(),
        description: common.description.clone(),
        detail: opens.then(|| detail(&view.fragment).href()),
        note: None,
        badge: None,
        turn: None,
        notices: Vec::new(),
        truncated: false,
        summary: String::new(),
        updated: None,
        refresh_seconds: page.interval(dashboard, placed).map(|every| every.num_seconds().max(1) as u64),
        fragment: view.fragment.href(),
        again: here.with("fresh", Some("1")).href(),
        etag: None,
        state: PanelState::Loading,
    }
}

fn fill(frame: &mut PanelFrame, outcome: Outcome, scope: &TenantScope, zone: Tz, now: DateTime<Utc>) {
    match outcome {
        Outcome::Drawn { drawing, at, stale, truncated, .. } => {
            frame.truncated = truncated;
            frame.note = drawing.note;
            frame.badge = drawing.badge;
            frame.turn = drawing.turn;
            frame.notices = drawing.notices;
            frame.summary = drawing.summary;
            frame.updated = Some(updated(at, zone));
            frame.state = match (stale, drawing.stale_since) {
                (Some(failure), _) => {
                    PanelState::Stale { body: drawing.body, since: moment(at, zone, now), reason: failure.words() }
                }
                (None, Some(since)) => PanelState::Stale {
                    body: drawing.body,
                    since: moment(since, zone, now),
                    reason: "the source has sent nothing newer".to_owned(),
                },
                (None, None) if drawing.empty => PanelState::Empty(drawing.body),
                (None, None) => PanelState::Ready(drawing.body),
            };
        }
        Outcome::Failed(failure) => {
            let correlation_id = scope.correlation().to_string();
            tracing::warn!(correlation_id, tenant = scope.slug().as_str(), panel = frame.key, "{failure}");
            frame.state = failed(failure.words(), correlation_id, Some(RETRY_SECONDS));
        }
        Outcome::Undrawable => {
            let correlation_id = scope.correlation().to_string();
            tracing::error!(correlation_id, tenant = scope.slug().as_str(), panel = frame.key, "a panel could not be drawn");
            // The same answers would break it again.
            frame.state = failed("The answer is there, but it could not be drawn.".to_owned(), correlation_id, None);
        }
    }
}

fn failed(reason: String, correlation: String, retry_seconds: Option<u32>) -> PanelState {
    PanelState::Failed { reason, correlation: Some(correlation), retry_seconds }
}

/// Which file does not say what is shown: its authors' business, and nobody else's.
fn told_to_authors(scope: &TenantScope, placed: &Placed) -> Option<String> {
    if !scope.role().is_author() {
        return None;
    }
    match placed.version {
        Version::Current => None,
        Version::LastGood => Some(format!("{} has a fault: this is its last good version.", placed.file)),
        Version::Faulty => Some(format!("{} has a fault, and there was no version without one.", placed.file)),
    }
}

/// The way from a panel to its detail.
pub fn detail(panel: &Address) -> Address {
    Address { path: format!("{}/detail", panel.path), query: panel.query.clone() }
}

fn updated(at: DateTime<Utc>, zone: Tz) -> Updated {
    Updated {
        ms: at.timestamp_millis(),
        iso: at.to_rfc3339_opts(SecondsFormat::Secs, true),
        words: at.with_timezone(&zone).format("%H:%M").to_string(),
    }
}

/// The time of day, with its date where that is not today.
fn moment(at: DateTime<Utc>, zone: Tz, now: DateTime<Utc>) -> String {
    let (local, today) = (at.with_timezone(&zone), now.with_timezone(&zone).date_naive());
    if local.date_naive() == today { local.format("%H:%M").to_string() } else { local.format("%b %-d, %H:%M").to_string() }
}

/// A hash of what is drawn: no clock and no correlation id is in it, so that the same data has the same tag.
fn etag(frame: &PanelFrame) -> String {
    let mut hash = Sha256::new();
    let body = match &frame.state {
        PanelState::Ready(body) | PanelState::Empty(body) | PanelState::Stale { body, .. } => body.as_str(),
        PanelState::Failed { reason, .. } => reason,
        PanelState::Loading | PanelState::SignedOut { .. } => "",
    };
    for part in [
        env!("CARGO_PKG_VERSION"),
        frame.state.word(),
        &frame.place.to_string(),
        &frame.title,
        frame.description.as_deref().unwrap_or_default(),
        body,
        frame.note.as_deref().unwrap_or_default(),
        frame.badge.as_ref().map_or("", |badge| &badge.label),
        frame.turn.as_ref().map_or("", crate::panel::Html::as_str),
        &frame.summary,
        &frame.refresh_seconds.unwrap_or_default().to_string(),
        &frame.fragment,
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    if let PanelState::Stale { since, reason, .. } = &frame.state {
        hash.update(since.as_bytes());
        hash.update(reason.as_bytes());
    }
    for notice in &frame.notices {
        hash.update(notice.as_bytes());
    }
    format!("\"{}\"", hex::encode(&hash.finalize()[..10]))
}
