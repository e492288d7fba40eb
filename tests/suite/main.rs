//! The suite: one binary, black-box stories through the real server and the real databases.

mod access;
mod architecture;
mod central;
mod config;
mod datastore;
mod demo;
mod identity;
mod isolation;
mod query;
mod tenancy;
mod world;
