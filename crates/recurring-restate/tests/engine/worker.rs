//! Workers inside of this program.

use recurring_restate::Worker;
use restate_sdk::prelude::*;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::world::World;

/// A worker that ends with its runtime, and with it all of its tasks and connections, as a process that is killed.
pub(crate) struct Dying(Option<Runtime>);

impl Dying {
    pub(crate) fn start(listener: std::net::TcpListener, endpoint: Endpoint) -> Self {
        let runtime = Runtime::new().unwrap();
        runtime.spawn(async move {
            listener.set_nonblocking(true).unwrap();
            let listener = TcpListener::from_std(listener).unwrap();
            HttpServer::new(endpoint).serve_with_cancel(listener, std::future::pending::<()>()).await;
        });
        Self(Some(runtime))
    }
}

/// Listens again where a worker that was killed listened.
pub(crate) async fn again_at(address: std::net::SocketAddr) -> std::net::TcpListener {
    loop {
        match std::net::TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
}

/// Starts a worker at an address of its own, which the engine is told.
pub(crate) async fn start(world: &World, worker: Worker) -> (Dying, std::net::SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let dying = Dying::start(listener, worker.bind(Endpoint::builder()).build());
    world.register(&format!("http://{address}")).await;
    (dying, address)
}

impl Drop for Dying {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
