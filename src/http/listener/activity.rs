//! What a connection is doing, so that one which does nothing, or sends a head too slowly, can be closed. Noted with a
//! few plain stores per request: a timer that is set again for every request would cost more.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first byte of a request's head (or from the start of the connection) to the last one.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
}

pub enum Verdict {
    /// Nothing is wrong; look again after this time.
    Fine(Duration),
    /// A head has been under way for too long.
    SlowHead,
    /// Nothing has been asked for too long.
    Idle,
}

pub struct Activity {
    start: Instant,
    in_flight: AtomicUsize,
    /// Milliseconds from the start to the last change between waiting, reading a head and answering.
    since: AtomicU64,
    reading_head: AtomicBool,
    /// HTTP/2: bytes between two requests may be anything, so that only the idle limit can be told.
    multiplexed: AtomicBool,
}

impl Activity {
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            in_flight: AtomicUsize::new(0),
            since: AtomicU64::new(0),
            reading_head: AtomicBool::new(true),
            multiplexed: AtomicBool::new(false),
        }
    }

    pub fn request_began(&self, multiplexed: bool) {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        self.reading_head.store(false, Ordering::Relaxed);
        if multiplexed {
            self.multiplexed.store(true, Ordering::Relaxed);
        }
    }

    pub fn request_ended(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
    }

    fn bytes_came(&self) {
        let waiting = self.in_flight.load(Ordering::Acquire) == 0 && !self.reading_head.load(Ordering::Relaxed);
        if waiting && !self.multiplexed.load(Ordering::Relaxed) {
            self.since.store(self.now(), Ordering::Relaxed);
            self.reading_head.store(true, Ordering::Relaxed);
        }
    }

    pub fn verdict(&self, limits: Limits) -> Verdict {
        if self.in_flight.load(Ordering::Acquire) > 0 {
            return Verdict::Fine(limits.head);
        }
        let reading_head = self.reading_head.load(Ordering::Relaxed);
        let limit = if reading_head { limits.head } else { limits.idle };
        let since = Duration::from_millis(self.since.load(Ordering::Relaxed));
        let left = (since + limit).saturating_sub(self.start.elapsed());
        match (left.is_zero(), reading_head) {
            (true, true) => Verdict::SlowHead,
            (true, false) => Verdict::Idle,
            // Not later than one head limit from now, because by then a head may have begun and be overdue. The
            // millisecond makes up for what `since` was rounded down by.
            (false, _) => Verdict::Fine(left.min(limits.head) + Duration::from_millis(1)),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A stream that notes when bytes come in.
pub struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    pub fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.bytes_came();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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
