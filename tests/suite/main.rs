//! Stories about the whole of Loggia, against real databases.

mod central;
mod datastore;
mod identity;
mod tenancy;
mod world;
