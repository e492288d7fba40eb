//! Which of the threads that serve visitors' connections a request came in by.

use std::thread;

/// No more than so many, however many processors there are: each keeps connections and buffers of its own.
const MOST: usize = 16;

/// A thread that serves connections from the first byte to the last. What an app is asked goes on from the same thread, over
/// connections of its own: where any thread takes up what came in, as many processors carried little more than half the requests.
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
