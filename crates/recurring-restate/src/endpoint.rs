use restate_sdk::endpoint::{Builder, Endpoint};
use restate_sdk::http_server::HttpServer;
use tokio::net::TcpListener;

use crate::attempt::Attempt;
use crate::gateway::Gateway;
use crate::lane::Lane;
use crate::run::Run;
use crate::worker::Worker;

impl Worker {
    /// Adds the handlers to an endpoint that has others too.
    #[must_use]
    pub fn bind(self, endpoint: Builder) -> Builder {
        endpoint.bind(Attempt(self.clone())).bind(Gateway).bind(Lane(self.clone())).bind(Run(self))
    }

    /// Serves the engine's calls until the future ends. **Every caller that reaches this address can charge what was planned**:
    /// let only the engine reach it.
    pub async fn serve(self, listener: TcpListener, until: impl Future) {
        let endpoint = self.bind(Endpoint::builder()).build();
        HttpServer::new(endpoint).serve_with_cancel(listener, until).await;
    }
}
