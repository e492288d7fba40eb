//! `loggia doctor`: looks at everything an installation stands on, and says what is wrong and what to do about it.

mod apps;
mod central;
mod issuer;
mod rollout;
mod settings;

use std::fmt::Write;

pub(super) use rollout::EVERY;

use crate::central::audit::{About, Action};
use crate::central::{Central, Change};
use crate::domain::{Clock, CorrelationId, Finding, Level};
use crate::identity;
use crate::settings::Settings;

fn good(what: impl Into<String>) -> Finding {
    Finding::good(what)
}

fn note(what: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding::note(what, fix)
}

fn bad(what: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding::bad(what, fix)
}

/// What the command was asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Also what only matters to those who mean harm.
    pub security: bool,
    /// Also whether this tenant, or [`EVERY`] one, can move to the new flow of its hosted apps.
    pub rollout: Option<String>,
    /// Who signs what was found.
    pub sign: Option<String>,
}

/// Looks, and tells; false when something is bad.
///
/// # Errors
/// Only when what was found cannot be signed.
pub async fn examine(settings: &Settings, asked: &Asked) -> Result<(String, bool), String> {
    let clock = Clock::system();
    let mut findings = settings::look(settings, asked.security);
    let (seen, central) = central::look(settings, &clock, asked.security).await;
    findings.extend(seen);
    findings.extend(issuer::look(settings, &clock).await);
    if asked.security {
        findings.extend(apps::look(settings).await);
    }
    if let Some(slug) = &asked.rollout {
        findings.extend(rollout::look(settings, central.as_ref(), slug).await);
    }
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    let (goods, notes, bads) = (count(Level::Good), count(Level::Note), count(Level::Bad));
    let mut text = told(&findings);
    let _ = write!(text, "{goods} good, {notes} worth knowing, {bads} bad");
    if let Some(name) = &asked.sign {
        let central = central.as_ref().ok_or("nothing was signed: the central database does not answer")?;
        sign(central, name, &findings).await?;
        let _ = write!(text, "\nsigned by {name}: the audit has it");
    }
    Ok((text, bads == 0))
}

/// The worst last, where eyes are.
pub(super) fn told(findings: &[Finding]) -> String {
    let mut text = String::new();
    for (level, word) in [(Level::Good, "good"), (Level::Note, "note"), (Level::Bad, "BAD ")] {
        for finding in findings.iter().filter(|finding| finding.level == level) {
            let _ = writeln!(text, "{word}  {}", finding.what);
            if !finding.fix.is_empty() {
                let _ = writeln!(text, "      → {}", finding.fix);
            }
        }
    }
    text
}

async fn sign(central: &Central, name: &str, findings: &[Finding]) -> Result<(), String> {
    let of = |level: Level| findings.iter().filter(|f| f.level == level).map(|f| f.what.clone()).collect::<Vec<String>>();
    let actor = identity::console(CorrelationId::new());
    let change = Change::open(central, &actor).await.map_err(|e| e.to_string())?;
    let about =
        About::target(name).with("bad", of(Level::Bad)).with("notes", of(Level::Note)).with("good", of(Level::Good).len());
    change.commit(Action::SignDoctor, about).await.map_err(|e| format!("nothing was signed: {e}"))
}
