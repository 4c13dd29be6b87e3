//! What a test's code logs.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::format::FmtSpan;

/// Captures everything that is logged through `tracing`, at every level, on the current thread, until it is dropped. Spans are
/// written too, with their fields, when they open and close.
///
/// A test that uses it must run on one thread, as `#[tokio::test]` does by default.
#[derive(Debug)]
pub struct Capture {
    buffer: Buffer,
    _guard: DefaultGuard,
}

impl Capture {
    /// Starts to capture.
    #[must_use]
    pub fn start() -> Capture {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
            .with_writer(move || writer.clone())
            .finish();
        Capture { buffer, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// What was logged so far.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.buffer.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[derive(Debug, Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_of_every_level_are_captured_across_awaits() {
        let capture = Capture::start();
        let span = tracing::trace_span!("charge", attempt = "a-1");
        tokio::task::yield_now().await;
        tracing::trace!(amount = 4000, "sent");
        drop(span);
        let text = capture.text();
        assert!(
            text.contains("attempt=\"a-1\"") && text.contains("amount=4000") && text.contains("sent"),
            "{text}"
        );
    }

    #[test]
    fn nothing_is_captured_after_the_end() {
        let first = Capture::start();
        let buffer = first.buffer.clone();
        drop(first);
        tracing::error!("late");
        assert!(buffer.0.lock().unwrap().is_empty());
    }
}
