//! A door that gives everybody time, but not for ever: who sends a request or takes an answer drop by drop is let go, and
//! nobody holds all the seats.

mod seats;
#[cfg(test)]
mod tests;

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::uri::Scheme;
use ipnet::IpNet;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::settings::Limits;

use seats::Seat;
pub use seats::Seats;

/// An answer that is held up must move on by so much in [`Limits::stall`].
const PROGRESS: usize = 32 * 1024;
/// No more of a head than this is looked at: what is larger is refused further in.
const HEAD: usize = 64 * 1024;
/// How HTTP/2 begins. Without TLS nobody needs it, and its frames would pass by what is counted here.
const HTTP_2: &[u8] = b"PRI * HT";

/// A door with patience.
#[derive(Debug)]
pub struct Paced<A> {
    door: A,
    pace: Limits,
    trusted: Arc<[IpNet]>,
    seats: Seats,
}

impl<A> Paced<A> {
    /// Puts patience into a door whose visitors take these seats.
    pub fn new(door: A, pace: Limits, trusted: &[IpNet], seats: &Seats) -> Paced<A> {
        Paced { door, pace, trusted: trusted.into(), seats: seats.clone() }
    }

    /// A seat, if there is one left for this address.
    fn seat(&self, from: Option<IpAddr>) -> Option<Seat> {
        let from = from.map(|ip| ip.to_canonical());
        let counted = from.filter(|ip| !self.trusted.iter().any(|net| net.contains(ip)));
        self.seats.take(counted, &self.pace)
    }
}

impl<A: Acceptor> Acceptor for Paced<A> {
    type Io = Stream<A::Io>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.door.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        loop {
            let (io, local, remote, scheme) = self.door.accept().await?;
            let from = remote.as_socket_addr().map(|address| address.ip());
            match self.seat(from) {
                Some(seat) => return Ok((Stream::new(io, seat, self.pace, scheme == Scheme::HTTPS), local, remote, scheme)),
                None => tracing::warn!(from = ?from, "a connection was turned away: too many are open"),
            }
        }
    }
}

/// What is being read.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// The head of a request, due once its first byte is there; how much of it is HTTP/2's beginning; line ends in a row.
    Head { due: Option<Instant>, opening: Option<usize>, newlines: u8 },
    /// What follows the head; whoever reads it has limits of their own.
    Body,
    /// Something else than requests and answers, since an upgrade.
    Free,
}

impl Reading {
    /// Between two requests of a connection that is kept open.
    const REST: Reading = Reading::Head { due: None, opening: Some(0), newlines: 0 };
}

/// Whether a head says once how long its body is. With both ways at once a proxy could take the one and we the other, and what
/// is a body to it would be a request to us; what reads heads further in drops one of them silently.
fn unambiguous(head: &[u8]) -> io::Result<()> {
    let lines = head.split(|byte| *byte == b'\n').map(|line| line.split(|byte| *byte == b':').next().unwrap_or_default());
    let named = |name: &[u8]| lines.clone().any(|line| line.trim_ascii().eq_ignore_ascii_case(name));
    if named(b"content-length") && named(b"transfer-encoding") {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the request says twice how long it is"));
    }
    Ok(())
}

/// An answer that does not get away.
#[derive(Clone, Copy, Debug)]
struct Held {
    due: Instant,
    gone: usize,
}

/// A connection with patience.
#[derive(Debug)]
pub struct Stream<S> {
    io: S,
    pace: Limits,
    encrypted: bool,
    reading: Reading,
    held: Option<Held>,
    /// Whether the other end has gone while it was being answered.
    gone: bool,
    /// The head as far as it is there.
    head: Vec<u8>,
    timer: Pin<Box<Sleep>>,
    write_timer: Pin<Box<Sleep>>,
    _seat: Seat,
}

impl<S> Stream<S> {
    fn new(io: S, seat: Seat, pace: Limits, encrypted: bool) -> Stream<S> {
        let due = Instant::now() + pace.head;
        Stream {
            io,
            pace,
            encrypted,
            reading: Reading::Head { due: Some(due), opening: Some(0), newlines: 0 },
            held: None,
            gone: false,
            head: Vec::new(),
            timer: Box::pin(sleep_until(due)),
            write_timer: Box::pin(sleep_until(due)),
            _seat: seat,
        }
    }

    /// Follows what came in, to where the head ends: at an empty line.
    fn follow(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Reading::Head { mut due, mut opening, mut newlines } = self.reading else { return Ok(()) };
        for (at, byte) in bytes.iter().enumerate().filter(|(_, byte)| **byte != b'\r') {
            if *byte != b'\n' {
                newlines = 0;
                opening = opening.filter(|known| HTTP_2[*known] == *byte).map(|known| known + 1);
            } else if opening != Some(0) {
                newlines += 1;
            }
            if opening == Some(HTTP_2.len()) {
                return self.other_protocol();
            }
            if newlines == 2 {
                self.reading = Reading::Body;
                return match self.head.is_empty() {
                    true => unambiguous(&bytes[..=at]),
                    false => {
                        self.keep(&bytes[..=at]);
                        unambiguous(&std::mem::take(&mut self.head))
                    }
                };
            }
        }
        self.keep(bytes);
        if due.is_none() {
            let soon = Instant::now() + self.pace.head;
            self.timer.as_mut().reset(soon);
            due = Some(soon);
        }
        self.reading = Reading::Head { due, opening, newlines };
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn other_protocol(&mut self) -> io::Result<()> {
        if self.encrypted {
            self.reading = Reading::Free;
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::Unsupported, "HTTP/2 without TLS"))
    }

    /// An answer begins: the next thing to come is a request again.
    fn answered(&mut self, bytes: &[u8]) {
        let interim = bytes.starts_with(b"HTTP/1.1 100");
        if bytes.starts_with(b"HTTP/1.1 101") {
            self.reading = Reading::Free;
        } else if matches!(self.reading, Reading::Body) && !interim {
            self.reading = Reading::REST;
        }
    }

    /// What a write came to: one that is held up again and again has to move on all the same.
    fn moved(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match (&outcome, &mut self.held) {
            (Poll::Ready(Ok(count)), Some(held)) => {
                held.gone += count;
                if held.gone >= PROGRESS {
                    self.held = None;
                }
            }
            (Poll::Pending, held) => {
                let due = held.get_or_insert_with(|| Held { due: Instant::now() + self.pace.stall, gone: 0 }).due;
                if self.write_timer.deadline() != due {
                    self.write_timer.as_mut().reset(due);
                }
                ready!(self.write_timer.as_mut().poll(cx));
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer is not being taken")));
            }
            _ => {}
        }
        outcome
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.io).poll_read(cx, buf) {
            read?;
            // An answer that has nothing to say for a while would never learn that nobody listens: the web library goes on with
            // a connection that has ended, and only what is written tells it.
            let ended = buf.filled().len() == before && buf.remaining() > 0;
            this.gone |= ended && matches!(this.reading, Reading::Head { .. });
            return Poll::Ready(this.follow(&buf.filled()[before..]));
        }
        if let Reading::Head { due: Some(_), .. } = this.reading {
            ready!(this.timer.as_mut().poll(cx));
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the request took too long to arrive")));
        }
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.answered(buf);
        let outcome = Pin::new(&mut this.io).poll_write(cx, buf);
        this.moved(cx, outcome)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.answered(bufs.iter().find(|buf| !buf.is_empty()).map_or(&[], |buf| buf));
        let outcome = Pin::new(&mut this.io).poll_write_vectored(cx, bufs);
        this.moved(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
