//! Listens, and drives each connection: bounded in number, in the size and time of its requests' heads, and
//! ended politely when the service stops.

use std::io;
use std::net::IpAddr;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use sessioning::Timeout;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::config::{Address, LimitsConfig};
use crate::source::Peer;
use crate::umask;

/// How long a connection may take over the head of a request, or stay idle before the next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The most of a head that is held in memory.
const HEAD_BYTES: usize = 64 * 1024;
/// After an accept failed, for want of file descriptors mostly: trying at once would only burn time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listener, bound.
pub(crate) struct Bound {
    listener: Listener,
    /// Where, with the real port.
    pub(crate) address: String,
}

enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// Binds an address. A second process at the same one is refused.
pub(crate) async fn bind(address: &Address) -> io::Result<Bound> {
    match address {
        Address::Tcp { host, port } => {
            let listener = TcpListener::bind((host.as_str(), *port)).await?;
            let address = format!("http://{}", listener.local_addr()?);
            Ok(Bound { listener: Listener::Tcp(listener), address })
        }
        #[cfg(not(unix))]
        Address::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        #[cfg(unix)]
        Address::Unix(path) => {
            remove_stale(path)?;
            let listener = UnixListener::bind(path)?;
            umask::open_socket(path)?;
            Ok(Bound { listener: Listener::Unix(listener), address: format!("unix:{}", path.display()) })
        }
    }
}

/// A socket that a killed process left behind refuses connections; one in use does not.
#[cfg(unix)]
fn remove_stale(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(io::ErrorKind::AlreadyExists.into()),
        Ok(_) => {}
        Err(_) => return Ok(()),
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

/// Serves until told to stop; then ends what is idle at once, and gives what is in flight time to end.
pub(crate) async fn run(bound: Bound, router: Router, limits: LimitsConfig, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            // The place comes first: connections beyond the limit wait in the system's own bounded queue.
            accepted = accept(&bound.listener, &places) => accepted,
        };
        match accepted {
            Ok((Stream::Tcp(stream, address), place)) => {
                drive(stream, Peer::Address(address), place, &router, &limits, &graceful);
            }
            #[cfg(unix)]
            Ok((Stream::Unix(stream), place)) => {
                drive(stream, Peer::Unix, place, &router, &limits, &graceful);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // From here on connections are refused.
    drop(bound);
    let ended = graceful.shutdown();
    match limits.drain {
        Timeout::After(patience) => {
            if tokio::time::timeout(patience, ended).await.is_err() {
                tracing::warn!("some requests took longer than limits.drain and were cut off");
            }
        }
        Timeout::Never => ended.await,
    }
}

enum Stream {
    Tcp(tokio::net::TcpStream, IpAddr),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

type Place = tokio::sync::OwnedSemaphorePermit;

async fn accept(listener: &Listener, places: &Arc<Semaphore>) -> io::Result<(Stream, Place)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let stream = match listener {
        Listener::Tcp(listener) => {
            let (stream, peer) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Stream::Tcp(stream, peer.ip())
        }
        #[cfg(unix)]
        Listener::Unix(listener) => Stream::Unix(listener.accept().await?.0),
    };
    Ok((stream, place))
}

/// Drives a connection to its end, in a task of its own.
fn drive<S>(
    stream: S,
    peer: Peer,
    place: Place,
    router: &Router,
    limits: &LimitsConfig,
    graceful: &GracefulShutdown,
) where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    // A client that reads no answers does not keep its place for ever.
    let mut stream = TimeoutStream::new(stream);
    if let Timeout::After(timeout) = limits.request_timeout {
        stream.set_write_timeout(Some(timeout));
    }
    let service = router.clone().map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request
    });
    let service = TowerToHyperService::new(service);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        // A client that sends its logout and leaves at once is logged out all the same.
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // An error here is a client that left or spoke no HTTP: its own affair.
        let _ = connection.await;
        drop(place);
    });
}
