//! Negative controls: each guard is taken out, in the test only, and the same scenario takes the money twice.

use std::sync::Arc;
use std::time::Duration;

use recurring_facade::ProviderId;
use recurring_journal::State;
use recurring_journal::store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::careless::Careless;
use crate::process::Bench;
use crate::world::ManualClock;
use crate::world::clocked::Clocked;
use crate::world::common::{GOOD_CARD, attempt, settings};

/// What keeps a call that is still under way from being charged a second time.
#[derive(Debug, Clone, Copy)]
struct Guards {
    /// Every worker goes by the clock of the store.
    clock_of_the_store: bool,
    /// The gateway cancels the unpaid purchase before it counts as not charged.
    gateway_fence: bool,
}

const ALL: Guards = Guards { clock_of_the_store: true, gateway_fence: true };

/// A proxy between the worker and the sandbox, which holds the first charge back until it is let go.
struct Holding {
    url: String,
    reached: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Holding {
    async fn start(sandbox: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (reached, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (arrived, let_go) = (Arc::clone(&reached), Arc::clone(&go_on));
        let upstream = sandbox.trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&upstream).await.unwrap();
                let (arrived, let_go) = (Arc::clone(&arrived), Arc::clone(&let_go));
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
                tokio::spawn(async move {
                    let mut bytes = vec![0; 64 * 1024];
                    while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
                        if bytes[..count].windows(8).any(|window| window == b"/charge/") {
                            arrived.notify_one();
                            let_go.notified().await;
                        }
                        if to_server.write_all(&bytes[..count]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { url, reached, go_on }
    }
}

/// The charge of one worker stays under way to Revio for long. Meanwhile another worker, on a machine whose clock is
/// hours ahead, or after hours have passed, looks and asks again. Returns how often the money was taken.
fn slow_charge(hours_pass: bool, guards: Guards) -> usize {
    let bench = Bench::sqlite(ProviderId::REVIO);
    bench.run(async {
        let facade = settings(bench.sandbox()).facade_of(&ProviderId::REVIO).unwrap();
        let proxy = Holding::start(bench.sandbox().url()).await;
        let base = format!("{}/revio/api/v1", proxy.url);
        let slow = settings(bench.sandbox())
            .set("REVIO_BASE_URL", base)
            .unwrap()
            .facade_of(&ProviderId::REVIO)
            .unwrap();
        let request = bench.request("slow", GOOD_CARD);
        let first = {
            let (journal, request) = (bench.journal(bench.store().await).await, request.clone());
            tokio::spawn(async move { journal.charge(&slow, request).await.unwrap() })
        };
        proxy.reached.notified().await;
        let hours = Duration::from_secs(5 * 60 * 60);
        let clock = if guards.clock_of_the_store { bench.clock.clone() } else { ManualClock::new() };
        if !guards.clock_of_the_store || hours_pass {
            clock.advance(hours);
        }
        let store: Arc<dyn Store> = Arc::new(Clocked::new(bench.store().await, clock.clone()));
        let other = bench.journal(store).await;
        let facade = if guards.gateway_fence { facade } else { Careless::facade(facade, &ProviderId::REVIO) };
        for _ in 0..4 {
            other.reconcile(&facade).await.unwrap();
            clock.advance(Duration::from_secs(60));
        }
        let second = other.charge(&facade, request).await.unwrap();
        proxy.go_on.notify_one();
        let first = first.await.unwrap();
        // One of them reports the payment, or it waits for an operator.
        let stands = other.attempt(&attempt("slow")).await.unwrap();
        assert!(
            first.is_paid() || second.is_paid() || stands.state == State::Review,
            "{first:?} {second:?} {stands:?}"
        );
    });
    bench.taken("slow")
}

#[test]
fn clock_that_is_ahead_charges_nothing_twice() {
    for gateway_fence in [true, false] {
        assert_eq!(slow_charge(false, Guards { gateway_fence, ..ALL }), 1);
    }
    let neither = Guards { clock_of_the_store: false, gateway_fence: false };
    assert_eq!(slow_charge(false, neither), 2, "the suite does not see what the store's clock is for");
}

#[test]
fn call_that_outlasts_everything_is_barred_by_the_gateway() {
    assert_eq!(slow_charge(true, ALL), 1);
    let without = Guards { gateway_fence: false, ..ALL };
    assert_eq!(slow_charge(true, without), 2, "the suite does not see what the gateway's fence is for");
}
