//! The suite: black-box, against real databases.

mod query;
