//! What a test's code logs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// Captures everything that is logged through `tracing`, at every level, on the current thread, until it is dropped. Spans are
/// written too, with their fields, when they open and close.
///
/// A test that uses it must run on one thread, as `#[tokio::test]` does by default, or
/// [start it everywhere](Capture::start_everywhere).
#[derive(Debug)]
pub struct Capture {
    buffer: Buffer,
    spans: Spans,
    _guard: Option<DefaultGuard>,
}

impl Capture {
    /// Starts to capture.
    #[must_use]
    pub fn start() -> Capture {
        let (buffer, spans) = (Buffer::default(), Spans::default());
        let guard = tracing::subscriber::set_default(subscriber(&buffer, &spans));
        Capture { buffer, spans, _guard: Some(guard) }
    }

    /// Starts to capture on all threads of the program, until it ends. That can be done once.
    ///
    /// # Panics
    /// When it was done before.
    #[must_use]
    pub fn start_everywhere() -> Capture {
        let (buffer, spans) = (Buffer::default(), Spans::default());
        let set = tracing::subscriber::set_global_default(subscriber(&buffer, &spans));
        set.expect("no other log");
        Capture { buffer, spans, _guard: None }
    }

    /// What was logged so far.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.buffer.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The spans that were opened so far whose name begins like this, with the names of their fields.
    #[must_use]
    pub fn spans(&self, begin: &str) -> BTreeMap<String, BTreeSet<String>> {
        let spans = self.spans.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans
            .iter()
            .filter(|(name, _)| name.starts_with(begin))
            .map(|(name, of)| (name.clone(), of.clone()))
            .collect()
    }
}

fn subscriber(buffer: &Buffer, spans: &Spans) -> impl Subscriber + use<> {
    let writer = buffer.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .finish()
        .with(spans.clone())
}

/// The names and fields of spans.
#[derive(Debug, Clone, Default)]
struct Spans(Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>);

impl<S: Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let metadata = attributes.metadata();
        let fields = metadata.fields().iter().map(|field| field.name().to_owned());
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.entry(metadata.name().to_owned()).or_default().extend(fields);
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
        assert!(capture.spans("cha")["charge"].contains("attempt") && capture.spans("x").is_empty());
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
