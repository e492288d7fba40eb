//! How the pages that are open fare: a callback that fails inside a frame is shown to nobody by Dash, so it is noted here.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::{DateTime, Utc};

use super::callback::UNKNOWN;
use crate::central::frames::{self, Failing, Frame};
use crate::central::{Central, Error};

/// So many pages are watched in one process; those that began to fail first are forgotten first.
const PAGES: usize = 20_000;
/// So many callbacks of one page are told apart.
const CALLBACKS: usize = 64;
/// So many redirects in a row lead round in circles.
const TURNS: u8 = 12;

/// What fails, by page and callback.
#[derive(Debug)]
pub struct Watch {
    central: Central,
    pages: Mutex<HashMap<String, Page>>,
}

#[derive(Debug, Default)]
struct Page {
    failing: HashMap<String, Failing>,
    turns: u8,
}

impl Page {
    fn first(&self) -> Option<&Failing> {
        self.failing.values().min_by_key(|failing| failing.since)
    }
}

impl Watch {
    /// Nothing fails yet.
    pub fn new(central: &Central) -> Watch {
        Watch { central: central.clone(), pages: Mutex::default() }
    }

    /// Notes how a callback of a page was answered. The central database hears of it only when that changes what the page's
    /// viewer is told.
    pub async fn answered(&self, frame: &Frame, callback: &str, status: u16, reference: String, at: DateTime<Utc>) {
        let told = self.change(frame, |page| {
            let before = page.first().cloned();
            if status < 400 {
                page.failing.remove(callback);
                // one that could not be told apart may have been this one
                page.failing.remove(UNKNOWN);
            } else if page.failing.len() < CALLBACKS || page.failing.contains_key(callback) {
                page.failing.entry(callback.to_owned()).or_insert(Failing { since: at, status, reference });
            }
            let after = page.first().cloned();
            (before != after).then_some(after)
        });
        if let Some(failing) = told
            && let Err(fault) = Box::pin(frames::set_failing(&self.central, &frame.id, failing.as_ref())).await
        {
            tracing::warn!("how an app's page fares was not noted: {fault}");
        }
    }

    /// Counts a redirect of a page; true when there were too many in a row.
    pub fn turns(&self, frame: &Frame) -> bool {
        self.change(frame, |page| {
            page.turns = page.turns.saturating_add(1);
            if page.turns > TURNS {
                page.turns = 0;
                return true;
            }
            false
        })
    }

    /// Notes that a page has arrived: its callbacks begin anew, and no redirect went before them.
    pub async fn arrived(&self, frame: &Frame) {
        let failed = self.change(frame, |page| {
            page.turns = 0;
            !std::mem::take(&mut page.failing).is_empty()
        });
        if failed && let Err(fault) = Box::pin(frames::set_failing(&self.central, &frame.id, None)).await {
            tracing::warn!("how an app's page fares was not noted: {fault}");
        }
    }

    /// Since when, and how, the callbacks of a page fail; none when they do not.
    ///
    /// # Errors
    /// That the central database does not answer.
    pub async fn failing(&self, frame: &Frame) -> Result<Option<Failing>, Error> {
        frames::failing(&self.central, &frame.id).await
    }

    fn change<T>(&self, frame: &Frame, how: impl FnOnce(&mut Page) -> T) -> T {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let page = pages.entry(frame.id.clone()).or_default();
        let done = how(page);
        if page.failing.is_empty() && page.turns == 0 {
            pages.remove(&frame.id);
        } else if pages.len() > PAGES {
            let oldest = pages.iter().min_by_key(|(_, page)| page.first().map(|failing| failing.since)).map(|(id, _)| id.clone());
            oldest.map(|id| pages.remove(&id));
        }
        done
    }
}
