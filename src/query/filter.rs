//! What a dashboard's filters leave of a source's rows.

use super::{Name, Query, Source};
use crate::domain::Key;

/// The value of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Chosen {
    /// Exactly one of these.
    OneOf(Vec<String>),
    /// Any text that contains this, whatever its case.
    Contains(String),
}

/// A column that a filter acts on.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The id of the dashboard's filter; `None` for a choice of the panel's own.
    pub filter: Option<Key>,
    /// The column.
    pub column: Name,
    /// The value; an unset filter leaves every row.
    pub chosen: Option<Chosen>,
}

impl Source {
    /// The same source with its filters set to what is chosen; the others are unset.
    fn choose(&mut self, chosen: &[(Key, Chosen)]) {
        for bound in &mut self.filters {
            if let Some(filter) = &bound.filter {
                bound.chosen = chosen.iter().find(|(id, _)| id == filter).map(|(_, value)| value.clone());
            }
        }
    }
}

impl Query {
    /// The same question about the rows that the filters leave.
    #[must_use]
    pub fn filtered(mut self, chosen: &[(Key, Chosen)]) -> Query {
        self.source_mut().choose(chosen);
        self
    }

    /// Where its rows come from.
    pub fn source(&self) -> &Source {
        match self {
            Query::Series { source, .. }
            | Query::Spread { source, .. }
            | Query::Value { source, .. }
            | Query::Latest { source, .. }
            | Query::Groups { source, .. }
            | Query::Distinct { source, .. } => source,
            Query::Rows { set, .. } | Query::Count { set } | Query::CountTo { set, .. } => &set.source,
        }
    }

    fn source_mut(&mut self) -> &mut Source {
        match self {
            Query::Series { source, .. }
            | Query::Spread { source, .. }
            | Query::Value { source, .. }
            | Query::Latest { source, .. }
            | Query::Groups { source, .. }
            | Query::Distinct { source, .. } => source,
            Query::Rows { set, .. } | Query::Count { set } | Query::CountTo { set, .. } => &mut set.source,
        }
    }
}
