//! Connections: not more than there is room for, and none on which nothing has been said for a while. Whoever sends an address or a form
//! letter by letter, reads no answer, or only stays, holds a place for a minute and not for ever. Open pages hear something every 15
//! seconds.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// So many at once: below the 1,024 files that a process may have open where nobody says otherwise.
const MOST: usize = 768;
/// A connection on which we have said nothing for so long ends. Longer than proxies keep theirs (nginx: 60 s), so that no call of theirs
/// meets an end of ours.
const SILENCE: Duration = Duration::from_secs(75);

/// A listener with that much patience, and no more.
#[derive(Debug)]
pub(crate) struct Patient<L> {
    inner: L,
    room: Arc<Semaphore>,
    silence: Duration,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl<L> Patient<L> {
    /// Around a listener.
    pub(crate) fn new(inner: L) -> Self {
        Self::with(inner, MOST, SILENCE)
    }

    fn with(inner: L, most: usize, silence: Duration) -> Self {
        Self { inner, room: Arc::new(Semaphore::new(most)), silence }
    }
}

impl<L: Listener> Listener for Patient<L> {
    type Io = Watched<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, L::Addr) {
        // Never closed, so that there is a place sooner or later.
        let place = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, address) = self.inner.accept().await;
        let silence = self.silence;
        (Watched { stream, silence, end: Box::pin(sleep(silence)), _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<L::Addr> {
        self.inner.local_addr()
    }
}

impl<L: Listener<Addr = SocketAddr>> Connected<IncomingStream<'_, Patient<L>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Patient<L>>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A connection whose silence is counted.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    silence: Duration,
    end: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<S> Watched<S> {
    fn must_go_on(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }

    fn said(&mut self) {
        if let Some(end) = Instant::now().checked_add(self.silence) {
            self.end.as_mut().reset(end);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.must_go_on(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.must_go_on(context)?;
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        self.said();
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.must_go_on(context)?;
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, bytes));
        self.said();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use axum::Router;
    use axum::routing::get;
    use tokio::net::TcpListener;

    use super::*;

    async fn served(most: usize, silence: Duration) -> SocketAddr {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        let service = router.into_make_service_with_connect_info::<Peer>();
        tokio::spawn(async move { axum::serve(Patient::with(listener, most, silence), service).await });
        address
    }

    /// Whoever holds all places with half a head lets them go, and the next is heard.
    #[tokio::test]
    async fn who_says_nothing_whole_holds_no_place_for_ever() {
        let address = served(3, Duration::from_millis(50)).await;
        let heard = tokio::task::spawn_blocking(move || {
            let slow: Vec<TcpStream> = (0..3)
                .map(|_| {
                    let mut stream = TcpStream::connect(address).unwrap();
                    stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
                    stream
                })
                .collect();
            let mut next = TcpStream::connect(address).unwrap();
            next.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            next.read_to_string(&mut answer).unwrap();
            drop(slow);
            answer
        });
        let answer = heard.await.unwrap();
        assert!(answer.ends_with("here"), "{answer}");
    }
}
