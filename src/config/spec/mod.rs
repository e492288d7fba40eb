//! What may stand in the files: one struct a file, read and described as a schema from the same fields.

mod app;
mod dashboard;
mod filters;
mod tenant;
mod words;

pub use app::{AppDocument, UpstreamSpec};
pub use dashboard::{DashboardDocument, DashboardSpec, PanelReference, PositionSpec};
pub use filters::{ChoicesSpec, ColumnSpec, DependsSpec, FilterSpec, KindWord, Several};
pub use tenant::{DatastoreSpec, Environment, StoreKind, TenantDocument, TenantSpec};
pub use words::{Anything, Bounded, Period, SecretSpec, Word, Written};
