//! The suite: one binary, black-box stories through the real server and the real databases.

// In a story an `unwrap` is an assertion; clippy sees that only inside the test functions themselves.
#![allow(clippy::unwrap_used)]

mod access;
mod apply;
mod architecture;
mod bad_input;
mod central;
mod commands;
mod config;
mod custom;
mod datastore;
mod demo;
mod detail;
mod docs;
mod doors;
mod exports;
mod filters;
mod identity;
mod internal;
mod isolation;
mod keys;
mod machines;
mod outages;
mod pages;
mod query;
mod reload;
mod sessions;
mod tenancy;
mod tokens;
mod world;
