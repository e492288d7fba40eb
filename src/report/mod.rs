//! Reports: what leaves the house as a file, row by row, and what it is called.

mod bundle;
mod file;
mod name;

use futures_util::future::BoxFuture;

pub use bundle::{Bundle, Part, bundle};
pub use file::{Piece, is_cut, pieces};
pub use name::{disposition, file_name};

use crate::datastore::Failure;

/// Asked before every piece: whether the one who takes the file may still have it.
pub type Allowed = Box<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// Why a file ends before its end. The connection is broken off, so that nobody takes it for whole.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The database.
    #[error(transparent)]
    Database(#[from] Failure),
    /// Signed out, or no member any more.
    #[error("whoever took the file may not have it any more")]
    NotAllowed,
    /// There are more rows than a file holds, and that could not be told at its beginning.
    #[error("there are more rows than a file holds")]
    Capped,
    /// Packing failed.
    #[error("the file could not be packed: {0}")]
    Packing(String),
}

impl Broken {
    /// What happened, for the one who took the file.
    pub fn words(&self) -> String {
        match self {
            Broken::Database(failure) => failure.words(),
            Broken::NotAllowed => "You are signed out, or no longer have access.".to_owned(),
            Broken::Capped => "There are more rows than a file holds.".to_owned(),
            Broken::Packing(_) => "The file could not be packed.".to_owned(),
        }
    }
}
