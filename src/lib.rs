//! Loggia: every tenant's dashboards and reports over its own database.
//!
//! The rooms, from the ground up. A room may use only rooms above it in this list;
//! `tests/suite/architecture.rs` reads this file and says so when one does not.

// ground: no I/O
pub mod domain;
pub mod error;
pub mod settings;
pub mod yaml;
pub mod frame;
pub mod observe;
// stores
pub mod central;
pub mod datastore;
// who
pub mod identity;
pub mod tenancy;
// what
pub mod query;
pub mod chart;
pub mod panel;
pub mod custom_panels;
pub mod config;
pub mod report;
pub mod demo;
pub mod apps;
// outside
pub mod web;
pub mod app;
