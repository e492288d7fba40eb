//! Who did what: a table that only grows, each row chained to the last by its hash.

mod action;
mod archive;
mod chain;
mod entry;
mod queue;
mod read;
mod verify;
mod watch;

pub use action::Action;
pub use archive::{Archived, NotArchived, archive, check_archive};
pub use entry::{About, Entry};
pub use queue::Queue;
pub use read::{Row, Search, list};
pub use verify::{Broken, Head, Verdict, hash_at, verify};
pub use watch::{ChainWatch, Look};

pub(super) use chain::{End, append};
