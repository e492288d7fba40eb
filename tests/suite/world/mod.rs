//! The world around Loggia in the tests: databases, files and people.

pub mod people;
pub mod postgres;
