//! Drives a connection to its end.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::TokioIo;
use sessioning::Timeout;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt;

use super::connection::{Asked, Connection, Phase};
use super::connections::Place;
use super::watched::Watched;
use crate::source::Peer;

/// The most of a head that is held in memory.
const HEAD_BYTES: usize = 64 * 1024;

/// Drives a connection to its end, and frees its place.
pub(super) async fn drive<S>(stream: S, peer: Peer, place: Place, router: Router, write: Timeout)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let state = &place.connection;
    let stream = Watched::new(stream, write.bound(), Arc::clone(state));
    let service = service_fn(|mut request: Request<Incoming>| {
        state.enter(Phase::Busy);
        request.extensions_mut().insert(peer);
        if state.counts() {
            request.extensions_mut().insert(Arc::clone(state));
        }
        let answer = router.clone().oneshot(request);
        async move {
            let answer = answer.await;
            state.enter(Phase::Answered);
            answer
        }
    });
    let connection = http1::Builder::new()
        // How long a head may take, and a connection may wait for one, is looked after in `connections`.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES)
        // A client that sends its logout and leaves at once is logged out all the same.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    poll_fn(|cx| poll(connection.as_mut(), state, cx)).await;
}

/// Lets a connection go on, then does what was asked of it: a request that has come by then is answered.
fn poll<S, V>(
    mut connection: Pin<&mut http1::Connection<TokioIo<Watched<S>>, V>>,
    state: &Connection,
    cx: &mut Context<'_>,
) -> Poll<()>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
    V: HttpService<Incoming, ResBody = axum::body::Body>,
    V::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    state.register(cx.waker());
    // An error here is a client that left or spoke no HTTP: its own affair.
    if connection.as_mut().poll(cx).is_ready() {
        return Poll::Ready(());
    }
    match state.asked() {
        Asked::Nothing => Poll::Pending,
        Asked::Cut => Poll::Ready(()),
        Asked::Finish => {
            connection.as_mut().graceful_shutdown();
            // What has not sent a whole head is no request in flight; hyper would wait for the rest of it.
            match connection.poll(cx) {
                Poll::Pending if !matches!(state.phase(), Phase::Idle | Phase::Head) => Poll::Pending,
                _ => Poll::Ready(()),
            }
        }
    }
}
