//! Stories about the whole of Loggia, against real databases.

#![allow(clippy::unwrap_used)] // a story that cannot go on has failed

mod central;
mod datastore;
mod identity;
mod tenancy;
mod world;
