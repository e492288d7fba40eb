//! Stories about the whole of Loggia, against real databases.

mod config;
mod datastore;
mod query;
mod world;
