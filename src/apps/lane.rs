//! Which of the threads that serve visitors' connections a request came in by.

use std::thread;

/// More of them help no machine whose apps are elsewhere.
const MOST: usize = 16;

/// A thread that serves connections from the first byte to the last. What an app is asked goes on from the same thread, over
/// connections of its own: a request that is woken on another one each time something comes in took half as long again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(pub usize);

impl Lane {
    /// How many there are: one for each processor.
    pub fn count() -> usize {
        thread::available_parallelism().map_or(1, usize::from).min(MOST)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Lane> {
        (0..Lane::count()).map(Lane)
    }
}
