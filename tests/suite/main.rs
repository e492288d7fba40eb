//! The suite: one binary, black-box stories through the real server and the real databases.

mod access;
mod architecture;
mod config;
mod datastore;
mod isolation;
mod query;
mod world;
