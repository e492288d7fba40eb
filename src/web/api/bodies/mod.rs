//! What the API takes and gives, as types: the document and the answers are both made from them.

mod cells;
mod dashboard;
mod me;
mod panel;
mod report;
mod shape;
mod token;
mod users;

pub use dashboard::{DashboardBody, DashboardItem, DashboardList};
pub use me::{Credentials, Exchange, LoginAnswer, LogoutAnswer, Me, Preferences, SignedIn, TenantItem, TenantList};
pub use panel::{CustomData, PanelData, PictureData};
pub use report::{ExportedRows, Exports, Range, ReportBody, ReportedPanel};
pub use shape::{FilterValue, Words};
pub use token::{Introspection, IntrospectionAsked, Token};
pub use users::{TenantAccess, UserBody, UserChange, UserList, UserNew, UserTenant};
