//! The suite: one binary, black-box stories through the real server and the real databases.

mod access;
mod apply;
mod architecture;
mod central;
mod commands;
mod config;
mod datastore;
mod docs;
mod identity;
mod isolation;
mod query;
mod tenancy;
mod world;
