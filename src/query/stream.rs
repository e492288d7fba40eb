//! A question whose whole answer leaves as a file: read row by row, never kept.

use super::{Order, Query, Set};
use crate::datastore::{Failure, Rows};
use crate::query::Name;
use crate::tenancy::TenantScope;

/// The most rows a file holds, whatever the settings say.
pub const FILE_CAP: u64 = 5_000_000;

impl Query {
    /// All rows of a set, for a file.
    pub fn all_rows(set: Set, columns: Vec<Name>, sort: Option<Order>) -> Query {
        // One more than a file holds, so that it shows when something is left out.
        let limit = u32::try_from(FILE_CAP + 1).unwrap_or(u32::MAX);
        Query::Rows { set, columns, sort, offset: 0, limit }
    }

    /// Asks the tenant's datastore past the cache; at most `cap` rows, and never more than [`FILE_CAP`].
    ///
    /// # Errors
    /// Why the rows cannot be read.
    pub async fn stream(&self, scope: &TenantScope, cap: u64) -> Result<Rows, Failure> {
        let Some(datastore) = scope.datastore() else {
            return Err(Failure::Unreachable("this tenant has no datastore in this environment".to_owned()));
        };
        datastore.stream(&self.statement(datastore.dialect(), datastore.schema()), cap.min(FILE_CAP)).await
    }
}
