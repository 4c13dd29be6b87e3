//! Checks of a [`Provider`](crate::Provider) of your own, with the feature `conformance`: for its tests.
//!
//! They find what a reader of the code easily misses: an operation that is listed and not implemented, a limit that is
//! ignored, an error that proves too much. They cannot see what the gateway did with the money: compare that with the
//! gateway's own record, or with a test server that counts.

use std::time::Duration;

use recurring_core::notification::RawNotification;
use recurring_core::{AttemptId, Effect, Money, NotAfter, Proof, Timestamp};

use crate::call::Call;
use crate::capabilities::Operation;
use crate::credential::{OtherCredential, PendingEnrolment, StoredCredential};
use crate::error::{Error, ReceiveError, Refusal};
use crate::ids::{PaymentRef, ProviderId};
use crate::lost::LostCharge;
use crate::provider::Provider;
use crate::record::NoRecord;
use crate::request::{CaptureRequest, ChargeRequest, EnrolRequest, RefundRequest, ScheduleRequest};

/// What the checks ask a provider with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Samples {
    /// An amount that the gateway could take.
    pub amount: Money,
    /// A first payment.
    pub enrol: EnrolRequest,
    /// A stored credential of the provider.
    pub credential: StoredCredential,
    /// What is kept of a first payment with the provider.
    pub pending: PendingEnrolment,
    /// The card for a schedule, as JSON.
    pub card: String,
}

impl Samples {
    /// Takes a first payment, whose amount is used for everything else too, and what is stored for a later one.
    pub fn new(enrol: EnrolRequest, credential: StoredCredential, pending: PendingEnrolment) -> Self {
        let card = r#"{"pan":"4111111111111111","expiry":"2099-12","cvv":"123","cardholder_name":"A B"}"#;
        Self { amount: enrol.amount, enrol, credential, pending, card: card.to_owned() }
    }
}

/// Checks a provider. The findings are sentences; without any, it conforms.
///
/// Every operation that moves money is asked with a time limit that has passed, so that nothing may be sent. **A provider
/// that ignores the limit does what it is asked**: run this against a test server.
pub async fn findings(provider: &dyn Provider, samples: &Samples) -> Vec<String> {
    let mut findings = Vec::new();
    facts(provider, &mut findings);
    operations(provider, samples, &mut findings).await;
    foreign_credential(provider, samples, &mut findings).await;
    findings
}

fn facts(provider: &dyn Provider, findings: &mut Vec<String>) {
    let (id, can, facts) = (provider.id(), provider.capabilities(), provider.facts());
    if id.as_str().parse() != Ok(id.clone()) {
        findings.push(format!("`{id}` is not a valid name of a gateway"));
    }
    if facts.nothing_found_is_proof && !can.has(Operation::LookUp) {
        findings.push("`nothing_found_is_proof`, but there is no look-up".to_owned());
    }
    if facts.gateway_fence.is_some() != can.has(Operation::CancelUnpaid) {
        findings
            .push("`gateway_fence` must be stated exactly when unpaid payments can be canceled".to_owned());
    }
    for (credential, payable) in
        [(Operation::Enrol, Operation::Resume), (Operation::Resume, Operation::Charge)]
    {
        if can.has(credential) && !can.has(payable) {
            findings.push(format!("has `{credential}`, but not `{payable}`, without which it is of no use"));
        }
    }
}

/// Every operation with a limit that has passed: one that is listed may fail for it, but not as unsupported; one that is
/// not listed must.
async fn operations(provider: &dyn Provider, samples: &Samples, findings: &mut Vec<String>) {
    for &operation in Operation::ALL {
        let has = provider.capabilities().has(operation);
        let moves_money = matches!(
            operation,
            Operation::Charge | Operation::Schedule | Operation::Refund | Operation::Capture
        );
        let error = ask(provider, operation, samples).await;
        let unsupported = match &error {
            Some(error) => {
                matches!(error.refusal(), Some(Refusal::Unsupported { operation: named }) if *named == operation)
            }
            None => false,
        };
        match (has, unsupported) {
            (true, true) => findings.push(format!("`{operation}` is listed, but not implemented")),
            (false, false) => {
                findings.push(format!("`{operation}` is not listed, and does not fail as unsupported"))
            }
            _ => {}
        }
        match error {
            Some(error) if has && moves_money && !error.effect().is_not_applied() => findings.push(format!(
                "`{operation}` failed after its time limit had passed, and does not say that nothing was applied: {error}"
            )),
            None if has && moves_money => findings.push(format!("`{operation}` went on although its time limit had passed")),
            _ => {}
        }
    }
}

/// The error of one operation, if it fails.
async fn ask(provider: &dyn Provider, operation: Operation, samples: &Samples) -> Option<Error> {
    let call = Call::new(&NoRecord).with_not_after(NotAfter::within(Duration::ZERO));
    let attempt = samples.enrol.attempt.clone();
    let payment = PaymentRef::new("conformance");
    let mut lost = LostCharge::new(attempt.clone(), samples.amount, Timestamp::now(), Timestamp::now());
    lost.payment = Some(payment.clone());
    match operation {
        Operation::Enrol => provider.enrol(&samples.enrol).await.err(),
        Operation::Resume => provider.resume(&samples.pending, &call).await.err(),
        Operation::StoredCards => provider.stored_cards("customer").await.err(),
        Operation::Charge => {
            let request = ChargeRequest::new(attempt, samples.credential.clone(), samples.amount);
            provider.charge(&request, &call).await.err()
        }
        Operation::Schedule => {
            let card = samples.card.as_str();
            let request = ScheduleRequest::new(attempt, samples.amount, "MONTHLY", "ann@shop.example", card);
            provider.schedule(&request, &call).await.err()
        }
        Operation::Status => provider.status(&payment).await.err(),
        Operation::LookUp => provider.look_up(&lost).await.err(),
        Operation::CancelUnpaid => provider.cancel_unpaid(&lost).await.err(),
        Operation::Refund => provider.refund(&RefundRequest::new(attempt, payment), &call).await.err(),
        Operation::Capture => provider.capture(&CaptureRequest::new(attempt, payment), &call).await.err(),
        Operation::Receive => {
            let raw = RawNotification::new([("content-type", "application/json")], "{}").ok()?;
            match provider.receive(raw).await {
                Err(ReceiveError::Unavailable(error)) => Some(error),
                Ok(_) | Err(_) => None,
            }
        }
    }
}

/// A credential of another gateway is refused before anything is sent.
async fn foreign_credential(provider: &dyn Provider, samples: &Samples, findings: &mut Vec<String>) {
    if !provider.capabilities().has(Operation::Charge) {
        return;
    }
    let foreign =
        StoredCredential::Other(OtherCredential::new(ProviderId::new("conformance-foreign"), "token"));
    let Ok(attempt) = AttemptId::new("conformance-foreign") else { return };
    let request = ChargeRequest::new(attempt, foreign, samples.amount);
    match provider.charge(&request, &Call::new(&NoRecord)).await {
        Err(error) if error.effect() == Effect::NotApplied(Proof::Local) => {}
        Err(error) => {
            findings.push(format!("a credential of another gateway must be refused locally: {error}"))
        }
        Ok(_) => findings.push("a credential of another gateway was charged".to_owned()),
    }
}
