//! The pages, as structs of words: what a template prints stands in its fields, ready to read.
//!
//! A handler fills one of these and hands it over; nothing here asks a database or knows a rule.

pub mod admin;
pub mod brand;
pub mod chrome;
pub mod dashboard;
pub mod detail;
pub mod docs;
pub mod device;
pub mod error;
pub mod filters;
pub mod gallery;
pub mod heading;
pub mod hosted;
pub mod image;
pub mod landing;
pub mod login;
pub mod logout;
pub mod oidc;
pub mod panel;
mod prose;
pub mod report;
pub mod tenant;

#[cfg(test)]
mod tests;

pub use chrome::{Assets, Chrome, DashboardLink, Link, TenantLink, Theme, UserView};
pub use dashboard::{DashboardPage, RangeControls, Reach, Steps};
pub use docs::DocsPage;
pub use error::{ErrorPage, Way};
pub use heading::{FaultLine, Heading};
pub use landing::{LandingPage, TenantCard};
pub use login::{DemoAccount, DemoAccounts, LoginPage, ProviderLink};
pub use logout::LogoutPage;
pub use panel::{PanelFrame, PanelPage, PanelState, Place, Updated};
