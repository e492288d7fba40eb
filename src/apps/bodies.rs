//! Bodies on their way to an app and back: piece by piece, within limits of size and time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame as Piece, Incoming, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};

use super::Fault;
use super::callback::Tap;

/// What is sent to an app.
pub(super) type Sent = BoxBody<Bytes, io::Error>;

/// A request that is held up must move on by so much within the app's patience: nobody keeps one open drop by drop.
const MOVES: u64 = 16 * 1024;

/// When the last piece of a request went by, and whether it was one too many.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    began: Instant,
    moved: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Progress {
    pub(super) fn new() -> Progress {
        Progress { began: Instant::now(), moved: Arc::default(), over: Arc::default() }
    }

    pub(super) fn moves(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(since, Ordering::Relaxed);
    }

    pub(super) fn last(&self) -> Instant {
        self.began + Duration::from_millis(self.moved.load(Ordering::Relaxed))
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// The first piece of a body, looked at.
pub(super) async fn first(body: &mut Sent, tap: &mut Tap, patience: Duration) -> Result<Option<Bytes>, Fault> {
    let broke = |_| Fault::Unreachable("the request did not arrive".to_owned());
    let piece = tokio::time::timeout(patience, body.frame()).await.map_err(|_| Fault::Late)?;
    let piece = piece.transpose().map_err(broke)?.and_then(|piece| piece.into_data().ok());
    Ok(piece.inspect(|data| tap.look(data)))
}

/// A request's body on its way to the app: as long as it says it is, up to what the app takes.
pub(super) struct Upload {
    pub(super) inner: Sent,
    /// What was taken of it already.
    pub(super) ahead: Option<Bytes>,
    pub(super) left: u64,
    /// What has gone by since it was last said that it moves.
    pub(super) moved: u64,
    pub(super) progress: Progress,
    pub(super) tap: Option<Tap>,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Piece<Bytes>, io::Error>>> {
        let (piece, is_new) = match self.ahead.take() {
            Some(ahead) => (Piece::data(ahead), false),
            None => match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(piece) => (piece?, true),
                None => {
                    self.progress.moves();
                    return Poll::Ready(None);
                }
            },
        };
        if let Some(data) = piece.data_ref() {
            let length = data.len() as u64;
            if length > self.left {
                self.progress.over.store(true, Ordering::Relaxed);
                return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::InvalidData, "larger than the app takes"))));
            }
            self.left -= length;
            self.moved += length;
            if self.moved >= MOVES || self.inner.is_end_stream() {
                self.moved = 0;
                self.progress.moves();
            }
            if let Some(tap) = self.tap.as_mut().filter(|_| is_new) {
                tap.look(data);
            }
        }
        Poll::Ready(Some(Ok(piece)))
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = self.ahead.as_ref().map_or(0, |ahead| ahead.len() as u64);
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + ahead);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + ahead);
        }
        hint
    }
}

/// An answer's body on its way to the browser; its place among the app's requests is free when it has arrived or is given up.
pub(super) struct Download {
    inner: Incoming,
    patience: Duration,
    still: Option<Pin<Box<Sleep>>>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Download {
    /// Patience of zero is patience without end.
    pub(super) fn new(inner: Incoming, patience: Duration, slot: Option<OwnedSemaphorePermit>) -> Download {
        Download { inner, patience, still: None, _slot: slot }
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Piece<Bytes>, io::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(piece) = Pin::new(&mut this.inner).poll_frame(context) {
            this.still = None;
            return Poll::Ready(piece.map(|piece| piece.map_err(io::Error::other)));
        }
        if this.patience.is_zero() {
            return Poll::Pending;
        }
        let patience = this.patience;
        let still = this.still.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(still.as_mut().poll(context));
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the app stopped in the middle of its answer"))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
