//! A worker that is stopped as SIGSTOP stops a process: neither its timers nor its connections go on.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use recurring_core::Timestamp;
use recurring_facade::{ChargeRequest, Facade, ProviderId, ScheduleRequest};
use recurring_journal::{Answer, Clock, Journal, JournalError, State};
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::hooked::Hook;
use crate::process::Bench;
use crate::world::common::GOOD_CARD;
use crate::world::{ManualClock, schedule_request};

/// What takes the money at a gateway.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Charge(ChargeRequest),
    Schedule(ScheduleRequest),
}

impl Asked {
    pub(crate) fn of(bench: &Bench, name: &str) -> Self {
        if *bench.provider() == ProviderId::NGENIUS {
            Self::Schedule(schedule_request(name))
        } else {
            Self::Charge(bench.request(name, GOOD_CARD))
        }
    }

    pub(crate) async fn make(self, journal: &Journal, facade: &Facade) -> Result<Answer, JournalError> {
        match self {
            Self::Charge(request) => journal.charge(facade, request).await,
            Self::Schedule(request) => journal.schedule(facade, &ProviderId::NGENIUS, request).await,
        }
    }
}

/// What a worker has done so far, and after how much of it it is stopped: in the wait that comes next.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Requests that were sent and have ended, with an answer or without.
    sends: AtomicUsize,
    /// Those of them for which no connection could be made.
    refusals: AtomicUsize,
    /// How often the clock of the time limit was read.
    readings: AtomicUsize,
    stop_at_refusal: Option<usize>,
    stop_at_reading: Option<usize>,
    stop: Notify,
}

impl Watch {
    pub(crate) fn stops_at_refusal(refusal: usize) -> Arc<Self> {
        Arc::new(Self { stop_at_refusal: Some(refusal), ..Self::default() })
    }

    pub(crate) fn stops_at_reading(reading: usize) -> Arc<Self> {
        Arc::new(Self { stop_at_reading: Some(reading), ..Self::default() })
    }

    pub(crate) fn sends(&self) -> usize {
        self.sends.load(Ordering::SeqCst)
    }

    pub(crate) fn readings(&self) -> usize {
        self.readings.load(Ordering::SeqCst)
    }

    /// Stops the worker in its next wait.
    pub(crate) fn stop(&self) {
        self.stop.notify_one();
    }

    fn count(&self, counter: &AtomicUsize, stop_at: Option<usize>) {
        if Some(counter.fetch_add(1, Ordering::SeqCst) + 1) == stop_at {
            self.stop();
        }
    }
}

/// The clock of a worker's machine.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) clock: ManualClock,
    pub(crate) watch: Arc<Watch>,
}

impl Clock for Watched {
    fn now(&self) -> Timestamp {
        self.watch.count(&self.watch.readings, self.watch.stop_at_reading);
        self.clock.now()
    }
}

/// Learns from the transport's log what was sent.
struct Log(Arc<Watch>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("recurring_gateway") && metadata.is_event()
    }

    fn event(&self, event: &Event<'_>) {
        let mut read = Failure { sent: false, refused: false };
        event.record(&mut read);
        if read.refused {
            self.0.count(&self.0.refusals, self.0.stop_at_refusal);
        }
        if read.sent {
            self.0.count(&self.0.sends, None);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Of the log's line about a send: whether there was one, and whether it found no connection.
struct Failure {
    sent: bool,
    refused: bool,
}

impl Visit for Failure {
    fn record_u64(&mut self, field: &Field, _: u64) {
        self.sent |= field.name() == "sends";
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.refused |= field.name() == "failed" && value.contains("no connection");
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// A process of its own, on one thread.
pub(crate) struct Worker {
    thread: JoinHandle<Vec<State>>,
    watch: Arc<Watch>,
    hook: Arc<Hook>,
    stopped: mpsc::Receiver<()>,
    go_on: mpsc::Sender<()>,
}

impl Worker {
    /// Starts a process that makes all of these at once. It is stopped where its watch or its hook says, or by
    /// [`Watch::stop`].
    pub(crate) fn start(
        asked: Vec<Asked>,
        process: (Journal, Facade),
        watch: &Arc<Watch>,
        hook: &Arc<Hook>,
    ) -> Self {
        let (journal, facade) = process;
        let (stops, stopped) = mpsc::channel();
        let (go_on, waits) = mpsc::channel();
        let (its_watch, its_hook) = (Arc::clone(watch), Arc::clone(hook));
        let thread = std::thread::spawn(move || {
            let _log = tracing::subscriber::set_default(Log(Arc::clone(&its_watch)));
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                // One thread runs everything of this worker: while this task blocks, nothing of it goes on.
                tokio::spawn(async move {
                    tokio::select! {
                        () = its_watch.stop.notified() => {}
                        () = its_hook.reached.notified() => {}
                    }
                    if stops.send(()).is_ok() {
                        let _ = waits.recv();
                    }
                });
                let mut tasks = Vec::new();
                for asked in asked {
                    let (journal, facade) = (journal.clone(), facade.clone());
                    tasks.push(tokio::spawn(async move { asked.make(&journal, &facade).await }));
                }
                let mut ended = Vec::new();
                for task in tasks {
                    ended.push(task.await.unwrap().unwrap().record.state);
                }
                ended
            })
        });
        Self { thread, watch: Arc::clone(watch), hook: Arc::clone(hook), stopped, go_on }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits until the worker stands still, and gives how many of its requests have ended; `None` when it has ended
    /// without coming to that place.
    pub(crate) fn sends_when_stopped(&self) -> Option<usize> {
        self.stopped.recv().ok().map(|()| self.watch.sends())
    }

    /// Lets it go on, and waits for its end: what it reports.
    pub(crate) fn go_on(self) -> Vec<State> {
        self.hook.go_on.notify_one();
        let _ = self.go_on.send(());
        self.thread.join().unwrap()
    }
}
