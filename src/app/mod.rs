//! Builds the parts from the settings; starts and stops them.

pub mod command;
mod desk;
mod audit;
mod build;
mod doctor;
mod key;
mod secret;
mod serve;
mod tenant;

pub use serve::{Running, start, start_with};
