//! The doors: one address each, encrypted where there is a certificate, small packets sent at once, and a pause when the
//! machine has no more sockets. Behind a gate a door is one of several on the same address, each served by a thread of its own.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::tls::{Encrypted, Handshakes, Stream};

/// So many connections wait for a lane that is busy.
const WAITING: usize = 64;

/// A connection that came in at the gate, and from where.
type Handed = (std::net::TcpStream, SocketAddr);

/// Where a door's connections come from.
#[derive(Debug)]
enum Source {
    /// From the network.
    Here(TcpListener),
    /// From the gate.
    Gate(mpsc::Receiver<Handed>),
}

impl Source {
    async fn next(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        match self {
            Source::Here(listener) => accept(listener).await,
            Source::Gate(handed) => match handed.recv().await {
                Some((stream, from)) => Ok((TcpStream::from_std(stream)?, from)),
                // the gate is closed: what is open already is served to its end
                None => std::future::pending().await,
            },
        }
    }
}

async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let accepted = listener.accept().await;
    if accepted.is_err() {
        // Out of file descriptors: asking again at once would only burn the processor.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    accepted
}

/// Accepts TCP connections.
#[derive(Debug)]
pub struct Door {
    source: Source,
    local: LocalAddr,
    with: Option<Encrypted>,
    handshakes: Option<Handshakes>,
}

impl Door {
    fn new(source: Source, local: LocalAddr, with: Option<Encrypted>) -> Door {
        Door { source, local, with, handshakes: None }
    }
}

/// An address that is listened on.
#[derive(Debug)]
pub struct Entrance {
    listener: TcpListener,
    address: SocketAddr,
    with: Option<Encrypted>,
}

impl Entrance {
    /// Listens on `address`, and speaks TLS there where it is told with what.
    ///
    /// # Errors
    /// What to do when the address cannot be had.
    pub async fn open(address: SocketAddr, setting: &str, with: Option<Encrypted>) -> Result<Entrance, String> {
        let listener = TcpListener::bind(address).await.map_err(|e| match e.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{address} is in use by another program: stop it, or choose another address with {setting}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("{address} may not be used by this account: choose a port from 1024 up with {setting}")
            }
            _ => format!("cannot listen on {address}: {e}"),
        })?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        Ok(Entrance { listener, address, with })
    }

    /// The address it has, the port chosen by the system where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its only door.
    pub fn door(self) -> Door {
        Door::new(Source::Here(self.listener), LocalAddr(self.address.into()), self.with)
    }

    /// So many doors behind a gate, each for a thread of its own.
    pub fn doors(self, count: usize) -> (Gate, Vec<Door>) {
        let (lanes, doors) = (0..count)
            .map(|_| {
                let (lane, handed) = mpsc::channel(WAITING);
                (lane, Door::new(Source::Gate(handed), LocalAddr(self.address.into()), self.with.clone()))
            })
            .unzip();
        (Gate { listener: self.listener, lanes }, doors)
    }
}

/// Takes connections in and hands them round.
#[derive(Debug)]
pub struct Gate {
    listener: TcpListener,
    lanes: Vec<mpsc::Sender<Handed>>,
}

impl Gate {
    /// Hands out what comes in, until it is dropped.
    pub async fn stand(&self) {
        for lane in self.lanes.iter().cycle() {
            let handed = loop {
                // a connection that is gone already ends nobody else's
                if let Ok((stream, from)) = accept(&self.listener).await
                    && let Ok(stream) = stream.into_std()
                {
                    break (stream, from);
                }
            };
            let _ = lane.send(handed).await;
        }
    }
}

impl Acceptor for Door {
    type Io = Stream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![self.local.clone()]
    }

    async fn accept(&mut self) -> io::Result<(Stream, LocalAddr, RemoteAddr, Scheme)> {
        if let (Some(with), None) = (&self.with, &self.handshakes) {
            // they run where the door is served
            self.handshakes = Some(Handshakes::new(with.clone(), self.local.clone()));
        }
        loop {
            let ready = async {
                match &mut self.handshakes {
                    Some(handshakes) => handshakes.next().await,
                    None => std::future::pending().await,
                }
            };
            let (stream, from) = tokio::select! {
                ready = ready => return Ok(ready),
                accepted = self.source.next() => accepted?,
            };
            // Fails on a connection that is gone already, which ends nobody else's.
            let _ = stream.set_nodelay(true);
            match &self.handshakes {
                Some(handshakes) => handshakes.begin(stream, from),
                None => return Ok((Stream::Plain(stream), self.local.clone(), RemoteAddr(from.into()), Scheme::HTTP)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Door, Entrance};
    use poem::listener::Acceptor;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn next(door: &mut Door) -> (super::Stream, SocketAddr) {
        let (stream, _, from, _) = door.accept().await.expect("a connection");
        (stream, *from.as_socket_addr().expect("an address"))
    }

    #[tokio::test]
    async fn connections_are_handed_round_and_outlive_the_gate() {
        let entrance = Entrance::open("127.0.0.1:0".parse().expect("an address"), "--listen", None).await.expect("open");
        let address = entrance.address();
        let (gate, mut doors) = entrance.doors(2);
        let standing = tokio::spawn(async move { gate.stand().await });
        let mut visitors = Vec::new();
        for _ in 0..4 {
            visitors.push(TcpStream::connect(address).await.expect("let in"));
        }
        let came: Vec<SocketAddr> = visitors.iter().map(|visitor| visitor.local_addr().expect("its end")).collect();
        let [first, second] = doors.as_mut_slice() else { panic!("two doors") };
        let mut served = Vec::new();
        for n in 0..2 {
            for (door, at) in [(&mut *first, 2 * n), (&mut *second, 2 * n + 1)] {
                let (stream, from) = next(door).await;
                assert_eq!(from, came[at], "in turn");
                served.push(stream);
            }
        }
        standing.abort();
        assert!(standing.await.expect_err("it stood until then").is_cancelled());
        assert!(TcpStream::connect(address).await.is_err(), "nobody new comes in");
        served[3].write_all(b"to the end").await.expect("written");
        let mut heard = [0; 10];
        visitors[3].read_exact(&mut heard).await.expect("read");
        assert_eq!(&heard, b"to the end");
    }
}
