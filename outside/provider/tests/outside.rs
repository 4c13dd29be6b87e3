//! The facade, and its conformance suite, with a gateway that it does not know.

use outside_provider::{ID, InMemory};
use recurring_facade::conformance::{Samples, findings};
use recurring_facade::{
    Agreement, AttemptId, Call, Capabilities, CaptureRequest, ChargeRequest, Customer, EnrolRequest, Error,
    Facade, Facts, NoRecord, Operation, OtherCredential, Outcome, Payment, PaymentRef, PaymentStatus, PendingEnrolment,
    Provider, ProviderId, RawNotification, RefundRequest, StoredCredential,
};

fn attempt(name: &str) -> AttemptId {
    AttemptId::new(name).expect("an attempt")
}

fn first() -> EnrolRequest {
    let amount = "40.00 EUR".parse().expect("an amount");
    EnrolRequest::new(attempt("first"), amount, Customer::new("ann", "ann@shop.example"))
}

#[tokio::test]
async fn own_provider_takes_a_payment_and_a_renewal() {
    let facade = Facade::new().with_provider(InMemory::default());
    let started = facade.enrol(&ID, first()).await.expect("begun");
    let stored = serde_json::to_string(&started.pending).expect("JSON");
    let pending: PendingEnrolment = serde_json::from_str(&stored).expect("read back");
    let enrolment = facade.resume(pending).await.expect("resumed");
    let Some(Agreement::ChargeOnDemand(credential)) = enrolment.agreement else { panic!("no credential") };
    assert!(!format!("{credential:?}").contains("token-"), "a token is not shown");
    let stored = serde_json::to_string(&credential).expect("JSON");
    let credential: StoredCredential = serde_json::from_str(&stored).expect("read back");
    assert_eq!(credential.provider(), ID);
    let charge = ChargeRequest::new(attempt("renewal"), credential, first().amount);
    let paid = facade.charge(charge).await.expect("charged");
    assert_eq!(paid.outcome, Outcome::Paid);
    let reference = paid.payment.expect("a reference");
    assert_eq!(facade.status(&ID, &reference).await.expect("read").payment.outcome, Outcome::Paid);
    let refund = RefundRequest::new(attempt("refund"), reference);
    assert_eq!(facade.refund(&ID, refund).await.expect("refunded").outcome, Outcome::Paid);
    assert_eq!(facade.native::<InMemory>().expect("its own client").taken(), 1);
    let raw = RawNotification::new([("content-type", "text/plain")], "paid").expect("a notification");
    assert_eq!(facade.receive(&ID, raw).await.expect("received").provider, ID);
}

/// What an own provider calls still held is not captured, whatever it thinks.
#[tokio::test]
async fn capture_of_money_still_held_is_pending() {
    let facade = Facade::new().with_provider(InMemory::default());
    let request = CaptureRequest::new(attempt("capture"), PaymentRef::new("p"));
    assert_eq!(facade.capture(&ID, request).await.expect("an answer").outcome, Outcome::Pending);
}

#[tokio::test]
async fn own_provider_conforms() {
    let provider = InMemory::default();
    let samples =
        Samples::new(first(), StoredCredential::Other(OtherCredential::new(ID, "token-1")), PendingEnrolment::Other(OtherCredential::new(ID, "first")));
    assert_eq!(findings(&provider, &samples).await, Vec::<String>::new());
    assert_eq!(provider.taken(), 0);
}

#[tokio::test]
async fn operation_not_listed_is_refused() {
    let facade = Facade::new().with_provider(InMemory::default());
    assert!(facade.require(&ID, Operation::Schedule).is_err());
    let other = StoredCredential::Other(OtherCredential::new(ProviderId::new("elsewhere"), "token-1"));
    let charge = ChargeRequest::new(attempt("a-1"), other, first().amount);
    assert!(facade.charge(charge).await.expect_err("not set up").refusal().is_some());
}

/// Lists what it does not implement, and does not list what it implements.
#[derive(Debug)]
struct Wrong(InMemory);

#[async_trait::async_trait]
impl Provider for Wrong {
    fn id(&self) -> ProviderId {
        ID
    }

    fn facts(&self) -> &'static Facts {
        self.0.facts()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&[(Operation::Charge, ""), (Operation::Refund, "")])
    }

    fn native(&self) -> &dyn std::any::Any {
        self
    }

    async fn charge(&self, request: &ChargeRequest, _: &Call<'_>) -> Result<Payment, Error> {
        // It ignores the limit.
        self.0.charge(request, &Call::new(&NoRecord)).await
    }

    async fn status(&self, payment: &PaymentRef) -> Result<PaymentStatus, Error> {
        self.0.status(payment).await
    }
}

#[tokio::test]
async fn wrong_provider_is_found_out() {
    let samples =
        Samples::new(first(), StoredCredential::Other(OtherCredential::new(ID, "token-1")), PendingEnrolment::Other(OtherCredential::new(ID, "first")));
    let found = findings(&Wrong(InMemory::default()), &samples).await;
    for expected in [
        "`refund` is listed, but not implemented",
        "`status` is not listed, and does not fail as unsupported",
        "`charge` went on although its time limit had passed",
    ] {
        assert!(found.iter().any(|finding| finding == expected), "{expected}: {found:?}");
    }
    assert_eq!(found.len(), 3, "{found:?}");
}
