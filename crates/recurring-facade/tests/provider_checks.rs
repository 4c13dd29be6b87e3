//! The published checks of a provider, over the gateways of this workspace, against the sandbox.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{GOOD_CARD, enrol_request, enrolled, sandbox};
use recurring_facade::conformance::{Samples, findings};
use recurring_facade::{Facade, Operation, OtherCredential, PendingEnrolment, ProviderId, StoredCredential};

/// What is asked with: of a first payment that was paid, and of one that waits for the customer.
async fn samples(facade: &Facade, id: &ProviderId) -> Samples {
    let request = enrol_request(id, &format!("{id}-checks"));
    if !facade.capabilities(id).expect("set up").has(Operation::Enrol) {
        let none = || OtherCredential::new(id.clone(), "none");
        return Samples::new(request, StoredCredential::Other(none()), PendingEnrolment::Other(none()));
    }
    let credential = enrolled(facade, id, &format!("{id}-paid"), GOOD_CARD).await;
    let waiting = facade.enrol(id, enrol_request(id, &format!("{id}-waiting"))).await.expect("begun");
    Samples::new(request, credential, waiting.pending)
}

#[tokio::test]
async fn every_built_in_provider_conforms() {
    let (sandbox, facade) = sandbox().await;
    for id in ProviderId::ALL {
        let samples = samples(&facade, id).await;
        let before = sandbox.ledger().len();
        let provider = facade.provider(id).expect("set up");
        assert_eq!(findings(provider, &samples).await, Vec::<String>::new(), "{id}");
        // The ledger is the judge: a limit that has passed took no money.
        assert_eq!(sandbox.ledger().len(), before, "{id}");
    }
}
