//! What is remembered of who may do what, and when it is stale. Whoever remembers something for some seconds names the tables
//! it was read from; whoever changes those says so. Other processes learn of it from the audit, within a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::FromQueryResult;
use tokio::task::JoinHandle;

use super::audit::Action;
use super::tenants::statement;
use super::{Central, Error, Source};

/// A table that others remember rows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the words explain themselves
pub enum Table {
    Users,
    Sessions,
    Members,
    Tenants,
    Datastores,
    Machines,
    Devices,
    Keys,
}

const TABLES: usize = 8;

/// How often each table was changed, as far as this process knows.
#[derive(Debug, Default)]
pub(super) struct Counts([AtomicU64; TABLES]);

impl Central {
    /// Counts the changes to these tables, as far as this process knows: what was read from them under another number is stale.
    pub fn epoch(&self, tables: &[Table]) -> u64 {
        // each only grows, so the sum is the same only when all are
        tables.iter().map(|table| self.counts.0[*table as usize].load(Ordering::Acquire)).fold(0, u64::wrapping_add)
    }

    pub(super) fn forget(&self, tables: Tables) {
        for (index, count) in self.counts.0.iter().enumerate() {
            if tables.0 & (1 << index) != 0 {
                count.fetch_add(1, Ordering::AcqRel);
            }
        }
    }
}

/// Some of the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tables(pub(super) u8);

impl Tables {
    const ALL: Tables = Tables(u8::MAX);

    pub(super) fn of(tables: &[Table]) -> Tables {
        Tables(tables.iter().fold(0, |bits, table| bits | 1 << *table as u8))
    }
}

#[derive(Debug, FromQueryResult)]
struct News {
    last: Option<i64>,
    altered: bool,
}

/// Looks each second whether anybody changed something since, and then forgets what this process remembers. No change is
/// without its audit row, so the audit's end tells; rows of those who only looked at something do not count.
pub fn watch(central: &Central) -> JoinHandle<()> {
    let central = central.clone();
    tokio::spawn(async move {
        let mut known = None;
        loop {
            match news(&central, known).await {
                Ok(News { last, altered }) => {
                    let last = last.unwrap_or(0);
                    // a number that went back: another database, or this one as it was before
                    if altered || known.is_none_or(|known| last < known) {
                        central.forget(Tables::ALL);
                    }
                    known = Some(last);
                }
                Err(error) => tracing::debug!(%error, "the audit's end could not be read"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
}

async fn news(central: &Central, known: Option<i64>) -> Result<News, Error> {
    let quiet: Vec<String> = Action::QUIET.iter().map(|action| format!("'{action}'")).collect();
    let sql = format!(
        "SELECT (SELECT max(id) FROM audit_logs) AS last, \
         EXISTS (SELECT 1 FROM audit_logs WHERE id > $1 AND action NOT IN ({})) AS altered",
        quiet.join(", ")
    );
    let found = News::find_by_statement(statement(central, &sql, [known.unwrap_or(i64::MAX).into()])).one(central.on()).await?;
    found.ok_or_else(|| Error::Internal("a question without an answer".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Counts, Table, Tables};

    #[test]
    fn every_table_has_its_own_place() {
        let all = [
            Table::Users,
            Table::Sessions,
            Table::Members,
            Table::Tenants,
            Table::Datastores,
            Table::Machines,
            Table::Devices,
            Table::Keys,
        ];
        assert_eq!(Tables::of(&all), Tables::ALL);
        assert_eq!(Counts::default().0.len(), all.len());
        assert_eq!(Tables::of(&[Table::Sessions]), Tables(0b10));
    }
}
