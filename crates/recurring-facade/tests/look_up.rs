//! What can be found out about a charge whose answer was lost.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use common::{FADING_CARD, GOOD_CARD, attempt, enrolled, price, sandbox};
use recurring_facade::{
    AttemptId, ChargeRequest, Error, Facade, Found, LostCharge, Money, Outcome, PaymentRef, ProviderId,
    Record, StoredCredential,
};
use recurring_sandbox::{Fault, FaultKind, Moment, Sandbox};

/// The gateways that give a means to look.
const LOOKED_AT: [ProviderId; 3] = [ProviderId::REVIO, ProviderId::EMSPAY, ProviderId::TOKENPAY_SIGNED];

#[derive(Debug, Default, Clone)]
struct Anchor(Arc<Mutex<Option<PaymentRef>>>);

#[async_trait]
impl Record for Anchor {
    async fn anchored(&self, _: &AttemptId, payment: &PaymentRef) -> Result<(), String> {
        *self.0.lock().expect("a lock") = Some(payment.clone());
        Ok(())
    }
}

fn charging(id: &ProviderId) -> Fault {
    let operation = match id.as_str() {
        "revio" => "POST /revio/**/charge/",
        "emspay" => "POST /emspay/v1/orders/",
        _ => "POST /tokenpay/tokenization/recurring",
    };
    Fault::new(FaultKind::Close).operation(operation)
}

fn lost(name: &str, id: &ProviderId, payment: Option<PaymentRef>) -> LostCharge {
    let now = SystemTime::now();
    let minute = Duration::from_secs(60);
    let mut lost = LostCharge::new(attempt(name), price(id), now - minute, now + minute);
    lost.payment = payment;
    lost
}

async fn charge(
    facade: &Facade,
    credential: &StoredCredential,
    name: &str,
) -> (Result<Outcome, Error>, Option<PaymentRef>) {
    let id = credential.provider();
    let anchor = Anchor::default();
    let charger = facade.charger(&id).expect("charges").recording(anchor.clone());
    let request = ChargeRequest::new(attempt(name), credential.clone(), price(&id));
    let result = charger.charge(request).await.map(|payment| payment.outcome);
    let anchored = anchor.0.lock().expect("a lock").clone();
    (result, anchored)
}

async fn look(facade: &Facade, lost: &LostCharge, id: &ProviderId) -> Found {
    facade.look_up(id).expect("a means to look").look_up(lost).await.expect("read")
}

fn only(found: Found) -> (Outcome, Option<Money>, Option<String>) {
    match found {
        Found::Payment(payment) => (payment.outcome, payment.amount, payment.merchant_reference),
        other => panic!("{other:?}"),
    }
}

async fn start(id: &ProviderId, card: &str) -> (Sandbox, Facade, StoredCredential) {
    let (sandbox, facade) = sandbox().await;
    let credential = enrolled(&facade, id, "series", card).await;
    (sandbox, facade, credential)
}

#[tokio::test]
async fn a_charge_that_went_through_is_found() {
    for id in LOOKED_AT {
        let (sandbox, facade, credential) = start(&id, GOOD_CARD).await;
        // At Revio the purchase is read once by the charge itself; that reading is lost, too.
        sandbox.inject(charging(&id).when(Moment::AfterActing)).expect("a fault");
        sandbox.inject(Fault::new(FaultKind::Close).operation("GET /revio/**").times(3)).expect("a fault");
        let (result, anchored) = charge(&facade, &credential, "renewal-1").await;
        assert!(result.expect_err("lost").effect().is_unknown(), "{id}");
        sandbox.clear_faults();
        sandbox.assert_charged_once("renewal-1");
        let found = only(look(&facade, &lost("renewal-1", &id, anchored), &id).await);
        assert_eq!(found, (Outcome::Approved, Some(price(&id)), Some("renewal-1".to_owned())), "{id}");
    }
}

#[tokio::test]
async fn a_charge_that_never_arrived_is_not_found() {
    for id in LOOKED_AT {
        let (sandbox, facade, credential) = start(&id, GOOD_CARD).await;
        sandbox.inject(charging(&id).when(Moment::BeforeActing)).expect("a fault");
        let (result, anchored) = charge(&facade, &credential, "renewal-1").await;
        assert!(result.expect_err("lost").effect().is_unknown(), "{id}");
        assert_eq!(anchored.is_some(), id == ProviderId::REVIO);
        let found = look(&facade, &lost("renewal-1", &id, anchored), &id).await;
        assert!(matches!(found, Found::Nothing), "{id}: {found:?}");
        let facts = facade.provider(&id).expect("a gateway").facts();
        assert_eq!(facts.nothing_found_is_proof, id == ProviderId::REVIO);
        // Without a recorded purchase, Revio was never charged.
        let found = look(&facade, &lost("renewal-2", &id, None), &id).await;
        assert!(matches!(found, Found::Nothing), "{id}: {found:?}");
    }
}

#[tokio::test]
async fn a_refused_charge_is_found_as_refused() {
    for id in LOOKED_AT {
        let (sandbox, facade, credential) = start(&id, FADING_CARD).await;
        sandbox.inject(charging(&id).when(Moment::AfterActing)).expect("a fault");
        sandbox.inject(Fault::new(FaultKind::Close).operation("GET /revio/**").times(3)).expect("a fault");
        let (_, anchored) = charge(&facade, &credential, "renewal-1").await;
        sandbox.clear_faults();
        let found = only(look(&facade, &lost("renewal-1", &id, anchored), &id).await);
        assert_eq!(found.0, Outcome::Declined, "{id}");
    }
}

#[tokio::test]
async fn two_orders_of_one_name_are_shown_as_two() {
    let id = ProviderId::EMSPAY;
    let (_sandbox, facade, credential) = start(&id, GOOD_CARD).await;
    for _ in 0..2 {
        charge(&facade, &credential, "twice").await.0.expect("charged");
    }
    let found = look(&facade, &lost("twice", &id, None), &id).await;
    assert!(matches!(&found, Found::Several(payments) if payments.len() == 2), "{found:?}");
}

#[tokio::test]
async fn a_payment_of_another_attempt_is_no_answer() {
    for id in LOOKED_AT {
        let (_sandbox, facade, credential) = start(&id, GOOD_CARD).await;
        let charger = facade.charger(&id).expect("charges");
        let request = ChargeRequest::new(attempt("mine"), credential, price(&id));
        let paid = charger.charge(request).await.expect("charged");
        assert_eq!(paid.merchant_reference.as_deref(), Some("mine"), "{id}");
        let error = facade.look_up(&id).expect("a means").look_up(&lost("other", &id, paid.payment)).await;
        let error = error.expect_err("another attempt's");
        assert!(error.effect().is_unknown() && error.to_string().contains("another attempt"), "{error}");
    }
}

#[tokio::test]
async fn omno_and_ngenius_give_no_means_to_look_but_repeat_the_reference() {
    let (_sandbox, facade) = sandbox().await;
    for id in [ProviderId::OMNO, ProviderId::NGENIUS] {
        assert!(facade.look_up(&id).is_none(), "{id}");
    }
    let credential = enrolled(&facade, &ProviderId::OMNO, "series", GOOD_CARD).await;
    let request = ChargeRequest::new(attempt("renewal-1"), credential, price(&ProviderId::OMNO));
    let charger = facade.charger(&ProviderId::OMNO).expect("charges");
    let paid = charger.charge(request).await.expect("charged").payment.expect("a reference");
    let read = facade.status(&ProviderId::OMNO).expect("a status").status(&paid).await.expect("read");
    assert_eq!(read.payment.merchant_reference.as_deref(), Some("renewal-1"));
}
