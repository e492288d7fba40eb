//! Stories about the whole of Loggia, against real databases.

mod datastore;
mod query;
mod world;
