use std::time::Duration;

use recurring_journal::StoreError;
use restate_sdk::endpoint::{Builder, Endpoint, ServiceOptions};
use restate_sdk::http_server::HttpServer;
use restate_sdk::service::IntoServiceDefinition as _;
use tokio::net::TcpListener;

use crate::attempt::Attempt;
use crate::gateway::Gateway;
use crate::lane::Lane;
use crate::period::Period;
use crate::run::Run;
use crate::worker::Worker;

impl Worker {
    /// Adds the handlers to an endpoint that has others too.
    ///
    /// A step that fails, as when the store cannot be reached or a failover is not acknowledged, is repeated at least every 20
    /// seconds, for months. The engine's own default gives up after 70 times, until an operator resumes it.
    #[must_use]
    pub fn bind(self, endpoint: Builder) -> Builder {
        endpoint
            .bind(Attempt(self.clone()).into_service_definition().options(patient()))
            .bind(Gateway.into_service_definition().options(patient()))
            .bind(Lane(self.clone()).into_service_definition().options(patient()))
            .bind(Period(self.clone()).into_service_definition().options(patient()))
            .bind(Run(self).into_service_definition().options(patient()))
    }

    /// Serves the engine's calls until the future ends. **Every caller that reaches this address can charge what was planned**:
    /// let only the engine reach it.
    ///
    /// # Errors
    /// [`StoreError::FailedOver`] as soon as a step finds that a replica or a copy has taken the journal over. An open journal
    /// stays closed for good then. End the process, and let it be started again: it can begin once the failover is acknowledged,
    /// and until then the engine repeats its calls.
    pub async fn serve(self, listener: TcpListener, until: impl Future) -> Result<(), StoreError> {
        let mut taken_over = self.taken_over.subscribe();
        let mut seen = taken_over.clone();
        let endpoint = self.bind(Endpoint::builder()).build();
        let mut until = std::pin::pin!(until);
        let ended = async {
            tokio::select! {
                _ = &mut until => {}
                _ = seen.wait_for(Option::is_some) => {}
            }
        };
        HttpServer::new(endpoint).serve_with_cancel(listener, ended).await;
        match taken_over.borrow_and_update().clone() {
            Some((found, known)) => Err(StoreError::FailedOver { found, known }),
            None => Ok(()),
        }
    }
}

fn patient() -> ServiceOptions {
    ServiceOptions::new()
        .retry_policy_initial_interval(Duration::from_millis(100))
        .retry_policy_exponentiation_factor(2.0)
        .retry_policy_max_interval(Duration::from_secs(20))
        .retry_policy_max_attempts(1_000_000)
        .retry_policy_pause_on_max_attempts()
}
