//! Workers inside of this program.

use restate_sdk::prelude::*;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

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

impl Drop for Dying {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
