//! Listens, and drives each connection: bounded in number, in all and from one address, in the size and time of its
//! requests' heads, and ended politely when the service stops.

mod bind;
mod connection;
mod connections;
mod drive;
mod watched;

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use sessioning::Timeout;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::descriptors;
use crate::metrics::ConnectionCounts;
use crate::source::Peer;
use bind::Stream;
pub(crate) use bind::{Bound, bind};
pub(crate) use connection::Connection;
use connections::{Admission, Connections, Place};
pub(crate) use connections::{Bounds, Stop};
use drive::drive;

/// After an accept failed for want of something, trying at once would only burn time.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// The same complaint is made at most this often.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// Serves until told to stop. Then it goes on for the delay, while the answers say that their connections end; takes no
/// more connections; ends what is idle; and gives what is in flight time to end.
///
/// Whoever is told that the service stops has time to go elsewhere, so that no request is on its way on a connection
/// that is being closed.
pub(crate) async fn run(
    bound: Bound,
    router: Router,
    bounds: Bounds,
    counts: ConnectionCounts,
    mut stop: watch::Receiver<bool>,
) {
    let (stopping, write) = (bounds.stop, bounds.write);
    let connections = Connections::new(bounds, counts);
    let sweeper = tokio::spawn(sweep(Arc::clone(&connections)));
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = accept(&bound, &router, &connections, write) => {}
    }
    let _ = tokio::time::timeout(stopping.delay, accept(&bound, &router, &connections, write)).await;
    // From here on connections are refused.
    for stream in bound.close() {
        let peer = peer_of(&stream);
        if let Admission::In(place) = connections.try_admit(peer) {
            begin(stream, peer, place, router.clone(), write);
        }
    }
    // The last ones have yet to send their requests.
    tokio::time::sleep(stopping.delay / 4).await;
    connections.finish_all();
    match stopping.drain {
        Timeout::After(patience) => {
            if tokio::time::timeout(patience, connections.all_ended()).await.is_err() {
                tracing::warn!("some requests took longer than limits.drain and were cut off");
            }
        }
        Timeout::Never => connections.all_ended().await,
    }
    sweeper.abort();
}

async fn sweep(connections: Arc<Connections>) {
    let (began, mut ticks) = (Instant::now(), tokio::time::interval(connections.tick()));
    loop {
        ticks.tick().await;
        connections.sweep(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
    }
}

/// Accepts for ever. Connections beyond the limit wait in the system's own bounded queue, but for the first of them,
/// for which an idle one is ended.
async fn accept(bound: &Bound, router: &Router, connections: &Arc<Connections>, write: Timeout) {
    let mut complained = None;
    loop {
        match bound.accept().await {
            Ok(stream) => {
                let peer = peer_of(&stream);
                if let Some(place) = connections.admit(peer).await {
                    begin(stream, peer, place, router.clone(), write);
                }
            }
            // It was given up before it was accepted.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                let ended = connections.ended();
                complain(&error, &mut complained);
                let _ = tokio::time::timeout(ACCEPT_PAUSE, ended).await;
            }
        }
    }
}

fn peer_of(stream: &Stream) -> Peer {
    match stream {
        Stream::Tcp(_, address) => Peer::Address(*address),
        #[cfg(unix)]
        Stream::Unix(_) => Peer::Unix,
    }
}

fn begin(stream: Stream, peer: Peer, place: Place, router: Router, write: Timeout) {
    match stream {
        Stream::Tcp(stream, _) => tokio::spawn(drive(stream, peer, place, router, write)),
        #[cfg(unix)]
        Stream::Unix(stream) => tokio::spawn(drive(stream, peer, place, router, write)),
    };
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

fn complain(error: &io::Error, complained: &mut Option<Instant>) {
    if complained.is_some_and(|before| before.elapsed() < COMPLAIN_EVERY) {
        return;
    }
    *complained = Some(Instant::now());
    match descriptors::remedy(error) {
        Some(remedy) => tracing::warn!("connections cannot be accepted: {remedy}"),
        None => tracing::warn!(%error, "connections cannot be accepted"),
    }
}

#[cfg(test)]
#[path = "listen/tests.rs"]
mod tests;
