//! The tables as they are today. Private to this room: what leaves it are the types of the nouns.

pub mod audit_log;
pub mod datastore;
pub mod member;
pub mod meta;
pub mod preference;
pub mod session;
pub mod tenant;
pub mod user;
