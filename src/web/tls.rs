//! TLS at our own doors: handshakes beside the accepting of connections, callers' certificates where an authority is named,
//! new certificates without a restart, and a word for who comes without TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};
use std::{fmt, io};

use arc_swap::ArcSwap;
use http::uri::Scheme;
use poem::Request;
use poem::web::{LocalAddr, RemoteAddr};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::ring};
use tokio_rustls::server::TlsStream;

use crate::settings::{InternalTls, Tls};

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many may be under way at once; more are turned away, so that half-open ones cannot fill the memory.
const AT_ONCE: usize = 512;
/// How often the files are looked at for a new certificate.
const LOOK: Duration = Duration::from_secs(60);
/// How an encrypted connection with a caller's certificate names it: in the place of our own address.
const CERTIFICATE: &str = "certificate";
/// How a connection that came without TLS is marked, in the same place: it is led to https and nowhere else.
const ASTRAY: &str = "astray";
/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// A connection, encrypted or not.
pub enum Stream {
    /// As it came.
    Plain(TcpStream),
    /// Through TLS.
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// What a door encrypts with: files that are read again when they change.
#[derive(Clone)]
pub struct Encrypted {
    files: Arc<Files>,
    every: Duration,
    /// Shared by all doors that encrypt with it: however many there are, no more handshakes are under way.
    room: Arc<Semaphore>,
}

struct Files {
    own: Tls,
    client_ca: Option<PathBuf>,
    now: ArcSwap<(TlsAcceptor, Stamp)>,
}

/// When each file was last written.
type Stamp = Vec<Option<SystemTime>>;

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").field("cert", &self.files.own.cert).finish_non_exhaustive()
    }
}

impl Encrypted {
    /// For visitors.
    ///
    /// # Errors
    /// Which file is wrong, and how.
    pub fn public(tls: &Tls) -> Result<Encrypted, String> {
        Encrypted::read(tls.clone(), None)
    }

    /// For operators' tools: a caller may bring a certificate of the authority, and who brings none is asked for a token.
    ///
    /// # Errors
    /// Which file is wrong, and how.
    pub fn internal(tls: &InternalTls) -> Result<Encrypted, String> {
        Encrypted::read(tls.own.clone(), tls.client_ca.clone())
    }

    fn read(own: Tls, client_ca: Option<PathBuf>) -> Result<Encrypted, String> {
        let files = [Some(&own.cert), Some(&own.key), client_ca.as_ref()];
        let stamp = stamp(files);
        let acceptor = acceptor(&own, client_ca.as_deref())?;
        let files = Files { own, client_ca, now: ArcSwap::from_pointee((acceptor, stamp)) };
        Ok(Encrypted { files: Arc::new(files), every: LOOK, room: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// The same, whose door looks for new files so often.
    #[must_use]
    pub fn looking_every(self, every: Duration) -> Encrypted {
        Encrypted { every, ..self }
    }

    fn acceptor(&self) -> TlsAcceptor {
        self.files.now.load().0.clone()
    }

    /// Looks whether the files changed; what cannot be read leaves the certificate that was.
    pub fn look(&self) {
        let files = &self.files;
        let stamp = stamp([Some(&files.own.cert), Some(&files.own.key), files.client_ca.as_ref()]);
        if stamp == files.now.load().1 {
            return;
        }
        match acceptor(&files.own, files.client_ca.as_deref()) {
            Ok(acceptor) => {
                tracing::info!(cert = %files.own.cert.display(), "a new certificate is in use");
                files.now.store(Arc::new((acceptor, stamp)));
            }
            Err(fault) => tracing::error!("the certificate in use stays, the new one cannot be: {fault}"),
        }
    }
}

fn stamp(files: [Option<&PathBuf>; 3]) -> Stamp {
    files.into_iter().map(|file| file?.metadata().ok()?.modified().ok()).collect()
}

fn acceptor(own: &Tls, client_ca: Option<&Path>) -> Result<TlsAcceptor, String> {
    let chain = certificates(&own.cert)?;
    let key = PrivateKeyDer::from_pem_file(&own.key).map_err(|e| format!("{}: no private key: {e}", own.key.display()))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS cannot be set up: {e}"))?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let told = |e: &dyn fmt::Display| format!("{}: {e}", file.display());
            let mut roots = RootCertStore::empty();
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|e| told(&e))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).allow_unauthenticated();
            builder.with_client_cert_verifier(verifier.build().map_err(|e| told(&e))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|e| format!("{} and its key: {e}", own.cert.display()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let told = |e: &dyn fmt::Display| format!("{}: no certificate: {e}", file.display());
    let read = CertificateDer::pem_file_iter(file).map_err(|e| told(&e))?;
    let chain = read.collect::<Result<Vec<_>, _>>().map_err(|e| told(&e))?;
    if chain.is_empty() { Err(told(&"it holds none")) } else { Ok(chain) }
}

type Ready = (Stream, LocalAddr, RemoteAddr, Scheme);

/// The handshakes of one door. Each has a task of its own: a caller who never finishes keeps nobody waiting.
pub struct Handshakes {
    with: Encrypted,
    local: LocalAddr,
    done: mpsc::Sender<Ready>,
    ready: mpsc::Receiver<Ready>,
}

impl fmt::Debug for Handshakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshakes").field("with", &self.with).finish_non_exhaustive()
    }
}

impl Handshakes {
    pub(super) fn new(with: Encrypted, local: LocalAddr) -> Handshakes {
        let (done, ready) = mpsc::channel(AT_ONCE);
        let (watched, closed) = (with.clone(), done.clone());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(watched.every) => watched.look(),
                    () = closed.closed() => return,
                }
            }
        });
        Handshakes { with, local, done, ready }
    }

    /// The next connection whose handshake is done.
    pub(super) async fn next(&mut self) -> Ready {
        match self.ready.recv().await {
            Some(ready) => ready,
            // Never: this very struct holds a sender.
            None => std::future::pending().await,
        }
    }

    pub(super) fn begin(&self, stream: TcpStream, from: SocketAddr) {
        let Ok(place) = self.with.room.clone().try_acquire_owned() else { return };
        let (acceptor, local, done) = (self.with.acceptor(), self.local.clone(), self.done.clone());
        tokio::spawn(async move {
            let shaken = tokio::time::timeout(PATIENCE, shaken(acceptor, stream, local)).await;
            drop(place);
            match shaken {
                Ok(Ok((stream, local, scheme))) => {
                    let _ = done.send((stream, local, RemoteAddr(from.into()), scheme)).await;
                }
                Ok(Err(cause)) => tracing::debug!(%from, %cause, "a handshake failed"),
                Err(_) => tracing::debug!(%from, "a handshake took too long"),
            }
        });
    }
}

/// The connection once its handshake is done, or as it came where it begins like a request: who wrote http is told.
async fn shaken(acceptor: TlsAcceptor, stream: TcpStream, local: LocalAddr) -> io::Result<(Stream, LocalAddr, Scheme)> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    if first[0] != HANDSHAKE && first[0].is_ascii_uppercase() {
        let here = local.as_socket_addr().map(ToString::to_string).unwrap_or_default();
        return Ok((Stream::Plain(stream), LocalAddr(poem::Addr::custom(ASTRAY, here)), Scheme::HTTP));
    }
    let stream = acceptor.accept(stream).await?;
    let local = fingerprint(&stream).map_or(local, |hash| LocalAddr(poem::Addr::custom(CERTIFICATE, hash)));
    Ok((Stream::Encrypted(Box::new(stream)), local, Scheme::HTTPS))
}

/// The address of our door, where this request came in without TLS though the door speaks nothing else.
pub fn astray(request: &Request) -> Option<&str> {
    match &request.local_addr().0 {
        poem::Addr::Custom(ASTRAY, here) => Some(here),
        _ => None,
    }
}

/// The SHA-256 of the caller's certificate, which the handshake has checked against the authority.
fn fingerprint(stream: &TlsStream<TcpStream>) -> Option<String> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    Some(hex::encode(Sha256::digest(certificate)))
}

/// The SHA-256 of the certificate that the caller of this request has proven to hold.
pub fn certificate(request: &Request) -> Option<&str> {
    match &request.local_addr().0 {
        poem::Addr::Custom(CERTIFICATE, hash) => Some(hash),
        _ => None,
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Encrypted(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Encrypted(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Encrypted(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Encrypted(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Encrypted(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
