//! Endpoints of custom panels: each file here is one, and is found by itself when the program is built.
//!
//! A file declares `pub(super) struct Endpoint` and implements [`crate::panel::Endpoint`] for it; nothing else has to be touched.

#[cfg(test)]
mod tests;

include!(concat!(env!("OUT_DIR"), "/custom_panels.rs"));
