//! Loggia: every tenant's dashboards and reports over its own database.
//!
//! The rooms, from the ground up. A room may use only rooms above it in this list;
//! `tests/suite/architecture.rs` reads this file and says so when one does not.

// ground: no I/O
pub mod domain;
pub mod error;
pub mod frame;
pub mod observe;
pub mod settings;
pub mod yaml;
// stores
pub mod central;
pub mod datastore;
// who
pub mod identity;
pub mod tenancy;
// what
pub mod chart;
pub mod config;
pub mod demo;
pub mod panel;
pub mod query;
// outside
pub mod app;
pub mod web;
