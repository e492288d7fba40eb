//! What both APIs share: their errors, who may call, how a body is read, and the document that describes them.
//!
//! An operation is an `async fn` in an `#[OpenApi]` block. It names who may call it as `By<Guard>`, takes its body as
//! `Body<T>` where `T` derives `Object`, and answers `Result<Json<T>>` with the one [`Error`](crate::error::Error):
//! every refusal is then in the document, drawn by `catch`, and never told in the library's words.
//!
//! The library numbers what stands in a path (`param0`, `param1` …): a guard that reads the path reads it by number.

mod body;
mod document;
mod faults;
mod guard;
mod mount;
mod problem;
mod shape;
#[cfg(test)]
mod tests;
mod written;

pub use body::Body;
pub use document::document;
pub use faults::translate;
pub use guard::{By, Guard, Scheme};
pub use mount::{Verbs, mount, operations};
pub use written::Written;
