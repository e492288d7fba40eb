//! The catalog in use, following its files.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::Catalog;
use super::files::Files;

/// How often the files are looked at, so that a saved one is live well within a second.
const EVERY: Duration = Duration::from_millis(500);
/// The longest pause, however many files there are.
const AT_MOST: Duration = Duration::from_secs(30);
/// Looking takes at most one part in this many of the time.
const SHARE: u32 = 20;

/// The catalog as it is now; readers take it whole and keep it for as long as they draw.
#[derive(Debug)]
pub struct Live {
    dir: PathBuf,
    current: ArcSwap<Catalog>,
    /// The files as last looked at: newer than the catalog's in their times, never in their content.
    seen: Mutex<Files>,
}

impl Live {
    /// Follows `dir`, which was read as `catalog`.
    pub fn new(dir: impl Into<PathBuf>, catalog: Catalog) -> Live {
        let seen = Mutex::new(catalog.files.clone());
        Live { dir: dir.into(), current: ArcSwap::from_pointee(catalog), seen }
    }

    /// The catalog now.
    pub fn now(&self) -> Arc<Catalog> {
        self.current.load_full()
    }

    /// Looks at the files once and swaps the catalog if one has changed. Blocks on files.
    pub fn refresh(&self) -> Option<Arc<Catalog>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Files::scan(&self.dir, Some(&seen));
        let before = self.current.load_full();
        if !seen.differs(&before.files) {
            return None;
        }
        let catalog = Arc::new(Catalog::read(seen.clone(), Some(&before)));
        self.current.store(catalog.clone());
        Some(catalog)
    }

    /// Follows the files for as long as it is awaited, and calls `changed` with every new catalog after it is in use.
    pub async fn watch<F: Future<Output = ()>>(self: &Arc<Self>, mut changed: impl FnMut(Arc<Catalog>) -> F) {
        let mut pause = EVERY;
        loop {
            tokio::time::sleep(pause).await;
            let live = self.clone();
            let looked = tokio::task::spawn_blocking(move || {
                let started = Instant::now();
                (live.refresh(), started.elapsed())
            });
            let Ok((catalog, took)) = looked.await else {
                tracing::error!("reading the tenants folder failed; the last catalog stays in use");
                pause = AT_MOST;
                continue;
            };
            pause = (took * SHARE).clamp(EVERY, AT_MOST);
            if let Some(catalog) = catalog {
                tracing::info!(
                    generation = catalog.generation,
                    faults = catalog.all_faults().len(),
                    "the tenants folder has changed"
                );
                changed(catalog).await;
            }
        }
    }
}
