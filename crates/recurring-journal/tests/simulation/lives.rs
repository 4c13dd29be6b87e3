//! Processes whose journal keeps credentials, and which may end on the way, whatever they do.

use std::sync::Arc;
use std::time::Duration;

use recurring_facade::Facade;
use recurring_journal::store::Store;
use recurring_journal::{EncryptionKey, Journal};
use recurring_sandbox::{Fault, FaultKind, Moment};
use tokio::runtime::Builder;

use crate::hooked::{Hook, Hooked, Point, Side};
use crate::process::{Bench, Crash};

/// The journal of a process, with the key that all of them have.
pub(crate) async fn keyed(bench: &Bench, store: Arc<dyn Store>) -> Journal {
    let key = EncryptionKey::new(&recurring_fixtures::key(7)).unwrap();
    Journal::builder()
        .with_clock(bench.clock.clone())
        .with_encryption_key(key)
        .with_store(store)
        .await
        .unwrap()
}

/// The journal of another process.
pub(crate) async fn another(bench: &Bench) -> Journal {
    keyed(bench, bench.store().await).await
}

/// Runs a process under a fault of the gateway until it is done; `None` when it has ended on the way.
pub(crate) fn life<T>(
    bench: &Bench,
    crash: Crash,
    fault: Option<&Fault>,
    work: impl AsyncFnOnce(&Journal, &Facade) -> T,
) -> Option<T> {
    bench.fault(None);
    let silent = match crash {
        Crash::AtCall(operation, when) => {
            Some(Fault::new(FaultKind::Silent).with_operation(operation).with_moment(when))
        }
        _ => None,
    };
    let faults: Vec<&Fault> = silent.iter().chain(fault).collect();
    for fault in &faults {
        bench.sandbox().inject(Fault::clone(fault)).unwrap();
    }
    let hook = Hook::dies_at(match crash {
        // Write 0 is that of opening the journal.
        Crash::AtWrite(point) => Some(Point { write: point.write + 1, side: point.side }),
        _ => None,
    });
    let arrived = async {
        if let Crash::AtCall(..) = crash {
            // The call has arrived once its fault is used up.
            while bench.sandbox().faults().len() == faults.len() {
                tokio::task::yield_now().await;
            }
        } else {
            std::future::pending::<()>().await;
        }
    };
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let done = runtime.block_on(async {
        let life = async {
            let store = Hooked::new(bench.store().await, Arc::clone(&hook));
            work(&keyed(bench, Arc::new(store)).await, &bench.facade()).await
        };
        tokio::select! {
            done = life => Some(done),
            () = hook.reached.notified() => None,
            () = arrived => None,
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    done
}

/// A process that nothing happens to.
pub(crate) fn calm<T>(bench: &Bench, work: impl AsyncFnOnce(&Journal, &Facade) -> T) -> T {
    life(bench, Crash::Never, None, work).unwrap()
}

/// How often this is written to the store.
pub(crate) fn writes(bench: &Bench, work: impl AsyncFnOnce(&Journal, &Facade)) -> usize {
    let hook = Hook::dies_at(None);
    bench.fault(None);
    bench.run(async {
        let store = Hooked::new(bench.store().await, Arc::clone(&hook));
        work(&keyed(bench, Arc::new(store)).await, &bench.facade()).await;
    });
    // The first one is that of opening the journal.
    hook.writes() - 1
}

/// Every point at which a process can end that writes so often and makes these calls.
pub(crate) fn crashes(writes: usize, calls: &[&'static str]) -> Vec<Crash> {
    let mut all = Vec::new();
    for write in 0..writes {
        all.extend([Side::Before, Side::After].map(|side| Crash::AtWrite(Point { write, side })));
    }
    for call in calls {
        all.extend([Moment::BeforeActing, Moment::AfterActing].map(|when| Crash::AtCall(call, when)));
    }
    all
}
