//! The suite: one binary, black-box stories through the real server and the real databases.

// In a story an `unwrap` is an assertion; clippy sees that only inside the test functions themselves.
#![allow(clippy::unwrap_used)]

mod access;
mod architecture;
mod central;
mod config;
mod datastore;
mod demo;
mod exports;
mod identity;
mod isolation;
mod query;
mod tenancy;
mod world;
