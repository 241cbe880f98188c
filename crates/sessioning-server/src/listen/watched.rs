//! A connection's bytes, watched: the first of a request, and answers that cannot be sent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_io_timeout::TimeoutStream;

use super::connection::{Connection, Phase};

pub(super) struct Watched<S> {
    stream: Pin<Box<TimeoutStream<S>>>,
    connection: Arc<Connection>,
}

impl<S: AsyncRead + AsyncWrite> Watched<S> {
    /// A client that reads no answers for so long loses its connection.
    pub(super) fn new(stream: S, write_timeout: Option<Duration>, connection: Arc<Connection>) -> Self {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(write_timeout);
        Self { stream: Box::pin(stream), connection }
    }

    /// While a request is answered hyper reads only its body; so what it waits for otherwise is the next head.
    fn read(&self, came: bool) {
        match (self.connection.phase(), came) {
            (Phase::Idle | Phase::Answered, true) => self.connection.enter(Phase::Head),
            (Phase::Answered, false) => self.connection.enter(Phase::Idle),
            _ => {}
        }
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = self.stream.as_mut().poll_read(cx, buf);
        match &result {
            Poll::Pending => self.read(false),
            Poll::Ready(Ok(())) if buf.filled().len() > before => self.read(true),
            Poll::Ready(_) => {}
        }
        result
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
