//! One panel's rows as a file: a piece at a time, each only when the last was taken.

use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::unfold;

use super::{Allowed, Broken};
use crate::datastore::Rows;
use crate::domain::Key;
use crate::frame::Frame;
use crate::frame::write::{Format, Writer};
use crate::panel::Export;
use crate::query::Cache;
use crate::tenancy::TenantScope;

/// A piece of a file, or why there are no more.
pub type Piece = Result<Vec<u8>, Broken>;

/// A count may be this old.
const COUNTED: Duration = Duration::from_secs(60);

/// Where writing a file stands.
enum Stage {
    Rows,
    Broken(Broken),
    Over,
}

struct Writing {
    rows: Rows,
    export: Export,
    writer: Writer,
    allowed: Allowed,
    told: bool,
    begun: bool,
    stage: Stage,
}

/// Whether there are more than `cap` rows; no when the database cannot tell in time.
pub async fn is_cut(export: &Export, scope: &TenantScope, cache: &Cache, panel: &Key, cap: u64) -> bool {
    let Some(count) = export.more_than(cap) else { return false };
    let Ok(answer) = count.run(scope, cache, panel.as_str(), COUNTED).await else { return false };
    answer.frame.column("count").and_then(|count| count.number(0)).is_some_and(|count| count > cap as f64)
}

/// The file, piece by piece. Dropped, it stops the database's work. `told`: its head says that rows are left out.
pub fn pieces(rows: Rows, export: Export, writer: Writer, allowed: Allowed, told: bool) -> impl Stream<Item = Piece> + Send {
    let writing = Writing { rows, export, writer, allowed, told, begun: false, stage: Stage::Rows };
    unfold(writing, async |mut writing| {
        let piece = writing.next().await?;
        Some((piece, writing))
    })
}

impl Writing {
    async fn next(&mut self) -> Option<Piece> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Over => None,
            Stage::Broken(broken) => Some(Err(broken)),
            Stage::Rows => Some(self.rows().await),
        }
    }

    async fn rows(&mut self) -> Piece {
        let mut out = Vec::new();
        match next(&mut self.rows, &self.allowed).await {
            Ok(Some(frame)) => {
                if !std::mem::replace(&mut self.begun, true) {
                    self.writer.begin(&self.export.headings(), &mut out);
                }
                self.writer.rows(&self.export.shape(&frame), &mut out);
                self.stage = Stage::Rows;
            }
            // A CSV has no place for the word that rows are missing, and its head is gone.
            Ok(None) if self.writer.is_truncated() && !self.told && self.writer.format() == Format::Csv => {
                return Err(Broken::Capped);
            }
            Ok(None) => self.writer.end(&mut out),
            Err(broken) => {
                tracing::warn!(%broken, "an export broke off");
                self.writer.broken(&broken.words(), &mut out);
                if out.is_empty() {
                    return Err(broken);
                }
                self.stage = Stage::Broken(broken);
            }
        }
        Ok(out)
    }
}

/// The next rows, for one who may still have them.
pub(super) async fn next(rows: &mut Rows, allowed: &Allowed) -> Result<Option<Frame>, Broken> {
    let frame = rows.next().await?;
    if frame.is_some() && !allowed().await {
        return Err(Broken::NotAllowed);
    }
    Ok(frame)
}
