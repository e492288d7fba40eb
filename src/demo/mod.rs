//! The demo: three tenants over real readings that end now and keep arriving.
//!
//! This is the only room that writes into tenants' databases, because a demo has to bring its own data. It writes through plain
//! connections of its own (one for each file); dashboards read the same files through their datastores, read-only.

mod accounts;
mod demand;
mod operations;
mod purchases;
mod sample;
mod server;
mod services;
mod store;
mod tenants;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, MissedTickBehavior};

pub use accounts::{ACCOUNTS, Account, OPERATOR, PASSWORD, TENANTS};
pub use tenants::unpack;

use crate::central::make_private_folder;
use crate::domain::Clock;
use crate::observe::Metrics;

/// How often readings whose time has come are written.
pub const EVERY: Duration = Duration::from_secs(5);

/// When the first are written: use of the machine can be told after a moment only.
const FIRST: Duration = Duration::from_millis(300);

/// Why the demo's data could not be made or kept arriving.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be written.
    #[error("{path}: {cause}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A demo database could not be made or written.
    #[error("demo database {path}: {cause}")]
    Database {
        /// Which one.
        path: PathBuf,
        /// Why.
        cause: sqlx::Error,
    },
    /// The sample in the binary cannot be read.
    #[error("demo sample {0}")]
    Sample(String),
}

/// The demo's databases, made and ready; [`Prepared::arrive`] writes what is due.
pub struct Prepared(Mutex<Open>);

/// What is written: three databases, and the machine that is looked at.
struct Open {
    acme: store::Writer,
    retail: store::Writer,
    server: store::Writer,
    machine: server::Machine,
}

/// The demo's databases.
const FILES: [&str; 3] = ["acme-corp.db", "global-retail.db", "this-server.db"];

/// Whether the demo's databases are there.
pub fn is_made(data_dir: &Path) -> bool {
    FILES.iter().all(|file| data_dir.join(file).exists())
}

/// Makes the demo's databases in `data_dir` where they do not exist. Only a first start takes time; what was missed
/// since an earlier one is written by the first [`Prepared::arrive`].
///
/// # Errors
/// A folder or file that cannot be written.
pub async fn prepare(data_dir: &Path, clock: &Clock) -> Result<Prepared, Error> {
    make_private_folder(data_dir).map_err(|cause| Error::File { path: data_dir.to_owned(), cause })?;
    let now = clock.now();
    let open = Open {
        acme: make_acme(&data_dir.join(FILES[0]), now).await?,
        retail: make_retail(&data_dir.join(FILES[1]), now).await?,
        server: store::make(&data_dir.join(FILES[2]), async |db| server::create(db).await).await?,
        machine: server::Machine::new(now),
    };
    Ok(Prepared(Mutex::new(open)))
}

async fn make_acme(path: &Path, now: DateTime<Utc>) -> Result<store::Writer, Error> {
    let made = async |db: &mut store::Writer| {
        operations::load(db, now).await?;
        purchases::load(db, purchases::Catalogue::LargeFirstOrders, now).await
    };
    store::make(path, made).await
}

async fn make_retail(path: &Path, now: DateTime<Utc>) -> Result<store::Writer, Error> {
    let made = async |db: &mut store::Writer| {
        demand::load(db, now).await?;
        purchases::load(db, purchases::Catalogue::SmallFirstOrders, now).await
    };
    store::make(path, made).await
}

impl Prepared {
    /// Adds what the product itself serves to what `this-server` shows of the machine.
    pub fn watch(&mut self, metrics: Arc<Metrics>) {
        self.0.get_mut().machine.watch(metrics);
    }

    /// Writes every reading whose time has come by `now` since the last call or the last run, and forgets those that fell out of the sample.
    ///
    /// # Errors
    /// A database that cannot be written; the next call catches up.
    pub async fn arrive(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let Open { acme, retail, server, machine } = &mut *self.0.lock().await;
        machine.look();
        server.change(async |db| machine.write(db, now).await).await?;
        let memory = machine.memory_percent();
        let arrived = async |db: &mut store::Writer| {
            operations::arrive(db, now, memory).await?;
            purchases::redate(db, now).await
        };
        acme.change(arrived).await?;
        let arrived = async |db: &mut store::Writer| {
            demand::arrive(db, now).await?;
            purchases::redate(db, now).await
        };
        retail.change(arrived).await
    }
}

/// Keeps readings arriving until `stopped` turns true. A write that fails is told to the log and made up for by the next.
pub async fn keep_arriving(prepared: Prepared, clock: Clock, mut stopped: watch::Receiver<bool>) {
    let mut beat = tokio::time::interval_at(Instant::now() + FIRST, EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let arriving = async {
        loop {
            beat.tick().await;
            if let Err(error) = prepared.arrive(clock.now()).await {
                tracing::warn!(%error, "the demo's readings could not be written");
            }
        }
    };
    tokio::select! {
        () = arriving => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}
