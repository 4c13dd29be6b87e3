//! Every operation of every adapter: one that is in the capabilities is never refused as unsupported, one that is not
//! there always is, and nothing is sent. A gateway that is not set up is another error.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{attempt, billing, credential, enrol_request, facade_at, price};
use recurring_facade::{
    Call, CaptureRequest, ChargeRequest, Effect, Error, ErrorKind, Facade, LostCharge, NoRecord, Operation,
    PaymentRef, PendingEnrolment, Proof, Provider, ProviderId, RawNotification, ReceiveError, RefundRequest,
    Refusal, ScheduleRequest, Settings, Timestamp,
};
use recurring_fixtures::fault::{Behavior, FaultServer};
use recurring_sandbox::Sandbox;

const CARD: &str = r#"{"pan":"4012001037141112","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}"#;

fn pending(id: &ProviderId) -> PendingEnrolment {
    let json = match id.as_str() {
        "emspay" => r#"{"provider":"emspay","order_id":"p-1"}"#.to_owned(),
        "revio" => r#"{"provider":"revio","client_id":"c","purchase_id":"p-1"}"#.to_owned(),
        "omno" => {
            let billing = serde_json::to_string(&billing()).expect("JSON");
            format!(r#"{{"provider":"omno","payment_id":"p-1","customer_id":"c","billing":{billing}}}"#)
        }
        // There is none of ngenius: that of another gateway goes nowhere.
        _ => r#"{"provider":"tokenpay-signed","attempt":"a-1","user_id":"u","amount_minor":4000,"currency":"USD",
            "known_tokens":[]}"#
            .to_owned(),
    };
    serde_json::from_str(&json).expect("a pending enrolment")
}

/// No gateway has a number as the name of an order but one, which takes every number.
fn payment() -> PaymentRef {
    PaymentRef::new("5803")
}

fn lost(id: &ProviderId) -> LostCharge {
    let mut lost = LostCharge::new(attempt("a-1"), price(id), Timestamp::now(), Timestamp::now());
    lost.payment = Some(payment());
    lost
}

fn charge(id: &ProviderId) -> ChargeRequest {
    // Nothing of ngenius can be charged: that of another gateway goes nowhere.
    let of = if *id == ProviderId::NGENIUS { &ProviderId::EMSPAY } else { id };
    ChargeRequest::new(attempt("a-1"), credential(of), price(id))
}

fn schedule(id: &ProviderId) -> ScheduleRequest {
    ScheduleRequest::new(attempt("a-1"), price(id), "MONTHLY", "ann@example.org", CARD)
}

fn notification() -> RawNotification {
    RawNotification::new([("content-type", "application/json")], "{}").expect("a notification")
}

fn received<T>(result: Result<T, ReceiveError>) -> Option<Error> {
    match result {
        Err(ReceiveError::Unavailable(error)) => Some(error),
        _ => None,
    }
}

/// The error of an operation that is asked of the adapter itself, if there is one.
async fn ask(provider: &dyn Provider, operation: Operation) -> Option<Error> {
    let id = provider.id();
    let call = Call::new(&NoRecord);
    match operation {
        Operation::Enrol => provider.enrol(&enrol_request(&id, "a-1")).await.err(),
        Operation::Resume => {
            let resumed = provider.resume(&pending(&id), &call).await.err();
            let rebuilt = provider.credential_of(&pending(&id), None).await.err();
            let refused = |error: &Option<Error>| error.as_ref().is_some_and(|e| e.refusal().is_some());
            assert_eq!(refused(&resumed), refused(&rebuilt), "{id}");
            resumed
        }
        Operation::StoredCards => provider.stored_cards("c").await.err(),
        Operation::Charge => provider.charge(&charge(&id), &call).await.err(),
        Operation::Schedule => provider.schedule(&schedule(&id), &call).await.err(),
        Operation::Status => provider.status(&payment()).await.err(),
        Operation::LookUp => provider.look_up(&lost(&id)).await.err(),
        Operation::CancelUnpaid => provider.cancel_unpaid(&lost(&id)).await.err(),
        Operation::Refund => {
            provider.refund(&RefundRequest::new(attempt("r-1"), payment()), &call).await.err()
        }
        Operation::Capture => {
            provider.capture(&CaptureRequest::new(attempt("c-1"), payment()), &call).await.err()
        }
        Operation::Receive => received(provider.receive(notification()).await),
        other => panic!("{other} is not tested"),
    }
}

/// The error of the facade's method, if there is one. What names its gateway itself names `id`.
async fn ask_facade(facade: &Facade, id: &ProviderId, operation: Operation) -> Option<Error> {
    match operation {
        Operation::Enrol => facade.enrol(id, enrol_request(id, "a-1")).await.err(),
        Operation::Resume => facade.resume(pending(id)).await.err(),
        Operation::StoredCards => facade.stored_cards(id, "c").await.err(),
        Operation::Charge => facade.charge(charge(id)).await.err(),
        Operation::Schedule => facade.schedule(id, schedule(id)).await.err(),
        Operation::Status => facade.status(id, &payment()).await.err(),
        Operation::LookUp => facade.look_up(id, &lost(id)).await.err(),
        Operation::CancelUnpaid => facade.cancel_unpaid(id, &lost(id)).await.err(),
        Operation::Refund => facade.refund(id, RefundRequest::new(attempt("r-1"), payment())).await.err(),
        Operation::Capture => facade.capture(id, CaptureRequest::new(attempt("c-1"), payment())).await.err(),
        Operation::Receive => received(facade.receive(id, notification()).await),
        other => panic!("{other} is not tested"),
    }
}

fn assert_unsupported(error: Option<Error>, id: &ProviderId, operation: Operation) {
    let error = error.expect("unsupported");
    assert_eq!(error.refusal(), Some(&Refusal::Unsupported { operation }), "{error}");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unsupported, Effect::NotApplied(Proof::Local)));
    let text = error.message();
    assert!(text.contains(id.as_str()) && text.contains(operation.as_str()), "{text}");
}

#[tokio::test]
async fn operation_is_unsupported_only_outside_capabilities() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    for id in ProviderId::ALL {
        let server = FaultServer::start(|_, _| Behavior::CloseAfterReading).await;
        let facade = facade_at(id, &server.url(), &sandbox);
        let provider = facade.provider(id).expect("set up");
        let can = facade.capabilities(id).expect("set up");
        for &operation in Operation::ALL {
            let seen = server.requests();
            let error = ask(provider, operation).await;
            if can.has(operation) {
                assert!(error.is_none_or(|error| error.refusal().is_none()), "{id} {operation}");
                facade.require(id, operation).expect("it has it");
                continue;
            }
            assert_unsupported(error, id, operation);
            assert_unsupported(facade.require(id, operation).err(), id, operation);
            // Nothing of ngenius is charged or resumed: the request itself names the gateway.
            let named = matches!(operation, Operation::Charge | Operation::Resume);
            if !(named && *id == ProviderId::NGENIUS) {
                assert_unsupported(ask_facade(&facade, id, operation).await, id, operation);
            }
            assert_eq!(server.requests(), seen, "{id} {operation}");
        }
        assert!(can.operations().count() > 4, "{id}");
    }
}

#[tokio::test]
async fn operation_of_a_gateway_not_set_up_names_the_missing() {
    let revio = [("REVIO_BRAND_ID", "b"), ("REVIO_API_KEY", "k"), ("REVIO_BASE_URL", "live")];
    let facade = Settings::new().set_all(revio).expect("known names").facade().expect("a facade");
    let id = ProviderId::EMSPAY;
    for &operation in Operation::ALL {
        let error = ask_facade(&facade, &id, operation).await.expect("not set up");
        let missing = Some("EMSPAY_API_KEY, EMSPAY_BASE_URL are not set".to_owned());
        assert_eq!(error.refusal(), Some(&Refusal::NotConfigured { missing }));
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotApplied(Proof::Local)));
        let says = "emspay: not configured: EMSPAY_API_KEY, EMSPAY_BASE_URL are not set";
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(facade.capabilities(&id).is_err() && facade.provider(&id).is_err());
    for (id, variable) in [
        (ProviderId::OMNO, "OMNO_CLIENT_ID"),
        (ProviderId::NGENIUS, "NGENIUS_API_KEY"),
        (ProviderId::TOKENPAY_SIGNED, "TOKENPAY_"),
    ] {
        let error = facade.capabilities(&id).expect_err("not set up");
        assert!(error.message().contains(variable), "{error}");
    }
    let unknown = facade.capabilities(&ProviderId::new("elsewhere")).expect_err("not set up");
    assert_eq!(unknown.refusal(), Some(&Refusal::NotConfigured { missing: None }));
}
