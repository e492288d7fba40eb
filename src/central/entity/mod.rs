//! The tables as they are today. Private to this room: what leaves it are the types of the nouns.
//! (The prelude is the one glob import of the house: the derive needs some twenty of its names.)

pub mod app_frame;
pub mod app_visitor;
pub mod audit_log;
pub mod datastore;
pub mod device;
pub mod machine_client;
pub mod member;
pub mod meta;
pub mod preference;
pub mod session;
pub mod session_token;
pub mod signing_key;
pub mod tenant;
pub mod user;
