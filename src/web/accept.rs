//! The doors: one address each, encrypted where there is a certificate, small packets sent at once, and a pause when the
//! machine has no more sockets.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::net::TcpListener;

use super::tls::{Encrypted, Handshakes, Stream};

/// Accepts TCP connections.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    local: LocalAddr,
    handshakes: Option<Handshakes>,
}

impl Door {
    /// Opens the door on `address`.
    ///
    /// # Errors
    /// What to do when the address cannot be had.
    pub async fn open(address: SocketAddr, setting: &str) -> Result<Door, String> {
        let listener = TcpListener::bind(address).await.map_err(|e| match e.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{address} is in use by another program: stop it, or choose another address with {setting}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("{address} may not be used by this account: choose a port from 1024 up with {setting}")
            }
            _ => format!("cannot listen on {address}: {e}"),
        })?;
        let local = LocalAddr(listener.local_addr().map_err(|e| e.to_string())?.into());
        Ok(Door { listener, local, handshakes: None })
    }

    /// The same door, which speaks TLS from now on.
    pub fn encrypted(self, with: Option<Encrypted>) -> Door {
        Door { handshakes: with.map(|with| Handshakes::new(with, self.local.clone())), ..self }
    }

    /// The address it has, the port chosen by the system where 0 was asked for.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Acceptor for Door {
    type Io = Stream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![self.local.clone()]
    }

    async fn accept(&mut self) -> io::Result<(Stream, LocalAddr, RemoteAddr, Scheme)> {
        loop {
            let ready = async {
                match &mut self.handshakes {
                    Some(handshakes) => handshakes.next().await,
                    None => std::future::pending().await,
                }
            };
            let accepted = tokio::select! {
                ready = ready => return Ok(ready),
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, from)) => {
                    // Fails on a connection that is gone already, which ends nobody else's.
                    let _ = stream.set_nodelay(true);
                    match &self.handshakes {
                        Some(handshakes) => handshakes.begin(stream, from),
                        None => return Ok((Stream::Plain(stream), self.local.clone(), RemoteAddr(from.into()), Scheme::HTTP)),
                    }
                }
                Err(error) => {
                    // Out of file descriptors: asking again at once would only burn the processor.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    return Err(error);
                }
            }
        }
    }
}
