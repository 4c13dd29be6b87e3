//! Capture, void, refund and payment with a saved card: what goes over the wire, and what is made of what comes back.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{
    HOME, ORDER, OUTLET, PAYMENT, client, dirham, mock_of, order_at, outlet, refund_at, saved_card,
    saved_card_payment_at, server_with_token,
};
use ngenius::{
    CapturePayment, DeclineReason, GetOrder, Method, Operation as _, Order, Outcome, PayWithSavedCard,
    Payment, PaymentState, PreparedRequest, RefundPayment, Reply, VoidPayment,
};
use recurring_fixtures::{Case, variants};
use serde_json::{Value, json};

const CAPTURE: &str = "00000000-0000-4000-8000-0000000000c1";

/// Puts a stored answer onto a server, calls, and makes sure that exactly the stored request was sent.
async fn sent(
    case: &Case,
    prepared: &PreparedRequest,
    call: impl AsyncFnOnce(ngenius::Client, String) -> Result<Payment, ngenius::Error>,
) -> Payment {
    if let Some(body) = prepared.body_bytes() {
        case.assert_request_body(body);
    }
    let (mut server, token) = server_with_token(case).await;
    let mock = mock_of(&mut server, case, prepared.body_bytes()).create_async().await;
    let payment = call(client(&server.url()), server.url()).await.expect("a payment");
    token.assert_async().await;
    mock.assert_async().await;
    payment
}

#[tokio::test]
async fn a_part_is_captured() {
    let case = Case::load("ngenius/capture-payment/part");
    let capture = CapturePayment::new(ORDER, PAYMENT, dirham(100));
    let prepared = outlet().operation(&capture).request().expect("valid");
    let payment = sent(&case, &prepared, async |client, _| client.capture_payment(&capture).await).await;
    assert_eq!((payment.outcome(), payment.captures.len()), (Outcome::Paid, 1));
    insta::assert_debug_snapshot!(payment);
}

#[tokio::test]
async fn hold_is_released() {
    let case = Case::load("ngenius/void-payment/reversed");
    let void = VoidPayment::new(ORDER, PAYMENT);
    let prepared = outlet().operation(&void).request().expect("valid");
    assert_eq!(prepared.body_bytes(), None);
    let payment = sent(&case, &prepared, async |client, _| client.void_payment(&void).await).await;
    assert_eq!((payment.outcome(), &payment.state), (Outcome::Canceled, &PaymentState::Reversed));
    assert_eq!(payment.decline_reason(), None);
    insta::assert_debug_snapshot!(payment);
}

#[tokio::test]
async fn a_part_of_a_capture_is_given_back() {
    let case = Case::load("ngenius/refund-payment/capture");
    let prepared = outlet().operation(&refund_at(HOME)).request().expect("valid");
    // By the capture's link, and by the documented path where the link leads elsewhere.
    for elsewhere in [false, true] {
        let payment = sent(&case, &prepared, async |client, url| {
            let refund = refund_at(if elsewhere { "http://transaction-service" } else { &url });
            client.refund_payment(&refund).await
        })
        .await;
        assert_eq!((payment.outcome(), payment.refunds.len()), (Outcome::Paid, 1));
        insta::assert_debug_snapshot!("a_part_of_a_capture_is_given_back", payment);
    }
}

#[tokio::test]
async fn a_purchase_is_given_back_as_a_whole() {
    let case = Case::load("ngenius/refund-payment/purchase");
    let refund = |url: &str| {
        let order = order_at("ngenius/get-order/purchased", url);
        RefundPayment::of(&order.payments[0], ORDER, dirham(150)).expect("a refund")
    };
    let prepared = outlet().operation(&refund(HOME)).request().expect("valid");
    let payment =
        sent(&case, &prepared, async |client, url| client.refund_payment(&refund(&url)).await).await;
    assert_eq!(payment.state, PaymentState::Reversed);
    let posted = outlet().operation(&refund(HOME).with_cancel_method(Method::Post)).request().expect("valid");
    assert_eq!((posted.method(), posted.path()), (Method::Post, prepared.path()));
}

#[tokio::test]
async fn a_saved_card_pays_with_its_security_code_or_without() {
    let case = Case::load("ngenius/pay-with-saved-card/with-cvv");
    let order = order_at("ngenius/get-order/started", HOME);
    let mut card = saved_card();
    card.recapture_csc = Some(true);
    let by_card = PayWithSavedCard::new(&order, &card, dirham(150)).expect("valid").with_cvv("123");
    let prepared = outlet().operation(&by_card).request().expect("valid");
    let payment = sent(&case, &prepared, async |client, url| {
        let payment = saved_card_payment_at(&url).with_recapture_csc(true).with_cvv("123");
        client.pay_with_saved_card(&payment).await
    })
    .await;
    assert_eq!((payment.outcome(), payment.decline_reason()), (Outcome::Paid, None));
    insta::assert_debug_snapshot!(payment);

    let case = Case::load("ngenius/pay-with-saved-card/declined");
    let without = outlet().operation(&by_card.with_recapture_csc(false)).request();
    assert!(without.is_err(), "a security code that is not asked for is not dropped silently");
    card.recapture_csc = None;
    let without = PayWithSavedCard::new(&order, &card, dirham(150)).expect("valid");
    let prepared = outlet().operation(&without).request().expect("valid");
    let payment = sent(&case, &prepared, async |client, url| {
        client.pay_with_saved_card(&saved_card_payment_at(&url)).await
    })
    .await;
    assert_eq!(payment.outcome(), Outcome::Declined);
    assert_eq!(payment.decline_reason(), Some(DeclineReason::ExpiredCard));
}

type Change<'a> = &'a dyn Fn(&mut Value);

/// The purchased order again with its payment changed.
fn purchased(change: impl FnOnce(&mut Value)) -> Payment {
    let body = Case::load("ngenius/get-order/purchased").response_body();
    let mut order: Value = serde_json::from_slice(&body).expect("JSON");
    change(&mut order["_embedded"]["payment"][0]);
    let reply = Reply::new(200, Vec::new(), order.to_string().into_bytes());
    let order: Order = outlet().operation(&GetOrder::new(ORDER)).read(&reply).expect("an order");
    order.payments.into_iter().next().expect("a payment")
}

fn capture_at(home: &str, reference: &str, link: bool) -> Value {
    let payment = format!("transactions/outlets/{OUTLET}/orders/{ORDER}/payments/{PAYMENT}");
    let here = format!("{home}/{payment}/captures/{reference}");
    let refund = link.then(|| json!({"href": format!("{here}/refund?via=link")}));
    json!({"_links": {"self": {"href": here}, "cnp:refund": refund}})
}

#[test]
fn the_address_of_a_refund_is_the_first_that_is_at_home() {
    let payment_path = format!("/transactions/outlets/{OUTLET}/orders/{ORDER}/payments/{PAYMENT}");
    let inside = "http://transaction-service/x";
    let one = |home: &str, link| json!({"cnp:capture": [capture_at(home, CAPTURE, link)]});
    let of = |amount, change: Change<'_>| {
        let payment = purchased(|payment| change(payment));
        let refund = RefundPayment::of(&payment, ORDER, dirham(amount)).map_err(|error| error.to_string())?;
        let request = outlet().operation(&refund).request().map_err(|error| error.to_string())?;
        Ok::<_, String>(format!("{} {}", request.method().as_str(), request.path()))
    };
    let cancel = Ok(format!("PUT {payment_path}/cancel"));
    let own = Ok(format!("POST {payment_path}/refund"));
    let link = Ok(format!("POST {payment_path}/captures/{CAPTURE}/refund?via=link"));
    let documented = Ok(format!("POST {payment_path}/captures/{CAPTURE}/refund"));
    assert_eq!(of(150, &|_| ()), cancel);
    // Canceling gives everything back.
    assert_eq!(of(149, &|_| ()), own);
    assert_eq!(of(150, &|payment| payment["amount"] = Value::Null), own);
    assert_eq!(of(150, &|payment| payment["state"] = json!("CAPTURED")), own);
    assert_eq!(of(150, &|payment| payment["_links"]["cnp:cancel"]["href"] = json!(inside)), own);
    assert_eq!(of(150, &|payment| payment["_links"]["cnp:cancel"] = Value::Null), own);
    let without_own = |payment: &mut Value, embedded: Value| {
        payment["_links"] = json!({"cnp:refund": {"href": inside}});
        payment["_embedded"] = embedded;
    };
    assert_eq!(of(150, &|payment| without_own(payment, one(HOME, true))), link);
    assert_eq!(of(150, &|payment| without_own(payment, one(HOME, false))), documented);
    assert_eq!(of(150, &|payment| without_own(payment, one("http://inside", true))), documented);
    let two = json!({"cnp:capture": [capture_at(HOME, "other", false), capture_at(HOME, CAPTURE, true)]});
    assert_eq!(of(150, &|payment| without_own(payment, two.clone())), link);
    // A link at home that leads to another payment's money is not followed.
    let other = format!("{HOME}{}", payment_path.replace(PAYMENT, "00000000-0000-4000-8000-0000000000b2"));
    for (name, operation) in [("cnp:cancel", "cancel"), ("cnp:refund", "refund")] {
        let to_another = |payment: &mut Value| {
            payment["_links"] = json!({name: {"href": format!("{other}/{operation}")}});
            payment["_embedded"] = one(HOME, false);
        };
        assert_eq!(of(150, &to_another), documented, "{name}");
    }
    let elsewhere = of(150, &|payment| without_own(payment, json!({}))).expect_err("nowhere to go");
    assert!(
        elsewhere.contains("none of its links leads") && elsewhere.contains("nothing was sent"),
        "{elsewhere}"
    );
}

#[test]
fn a_refund_that_cannot_be_right_is_refused() {
    let refuse = |change: Change<'_>, order: &str, minor| {
        let payment = purchased(|payment| change(payment));
        RefundPayment::of(&payment, order, dirham(minor)).expect_err("refused").to_string()
    };
    let table: [(Change<'_>, &str, i64, &str); 8] = [
        (&|_| (), "another", 1, "is not the order"),
        (&|_| (), "a/b", 1, "order_reference"),
        (&|_| (), ORDER, 151, "must not be more"),
        (&|payment| payment["amount"]["currencyCode"] = json!("USD"), ORDER, 1, "currency"),
        (&|payment| payment["state"] = json!("REFUNDED"), ORDER, 1, "already"),
        (&|payment| payment["_links"] = Value::Null, ORDER, 1, "offers no refund"),
        (&|payment| payment["_links"]["cnp:refund"] = Value::Null, ORDER, 1, "as a whole only"),
        (
            &|payment| {
                payment["_id"] = Value::Null;
                payment["reference"] = Value::Null;
            },
            ORDER,
            1,
            "has no reference",
        ),
    ];
    for (change, order, minor, words) in table {
        let refused = refuse(change, order, minor);
        assert!(refused.contains(words), "{refused}");
    }
    let several = purchased(|payment| {
        payment["_links"] = Value::Null;
        let captures = [capture_at(HOME, "c1", true), capture_at("http://inside", "c2", true)];
        payment["_embedded"] = json!({"cnp:capture": captures});
    });
    let refused = RefundPayment::of(&several, ORDER, dirham(1)).expect_err("two captures").to_string();
    assert!(refused.contains("several captures"), "{refused}");
    for (capture, path) in [("c1", "/captures/c1/refund?via=link"), ("c2", "/captures/c2/refund")] {
        let refund = RefundPayment::of_capture(&several, ORDER, capture, dirham(1)).expect("a refund");
        let request = outlet().operation(&refund).request().expect("valid");
        assert!(request.path().contains(path), "{}", request.path());
    }
    assert!(RefundPayment::of_capture(&several, ORDER, "c3", dirham(1)).is_err());
}

#[test]
fn only_an_order_that_waits_for_its_payment_is_paid() {
    let refuse = |change: Change<'_>| {
        let body = Case::load("ngenius/get-order/started").response_body();
        let mut order: Value = serde_json::from_slice(&body).expect("JSON");
        change(&mut order);
        let reply = Reply::new(200, Vec::new(), order.to_string().into_bytes());
        let order = outlet().operation(&GetOrder::new(ORDER)).read(&reply).expect("an order");
        PayWithSavedCard::new(&order, &saved_card(), dirham(150)).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(refuse(&|_| ()), Ok(()));
    for state in ["CAPTURED", "AWAIT_3DS", "FAILED", "POST_AUTH_REVIEW", "UNHEARD_OF", ""] {
        assert!(
            refuse(&|order| order["_embedded"]["payment"][0]["state"] = json!(state)).is_err(),
            "{state}"
        );
    }
    let twice = |order: &mut Value| {
        let payment = order["_embedded"]["payment"][0].clone();
        order["_embedded"]["payment"] = json!([payment, payment]);
    };
    let table: [(Change<'_>, &str); 6] = [
        (&twice, "exactly one"),
        (&|order| order["_embedded"] = Value::Null, "exactly one"),
        (&|order| order["_embedded"]["payment"][0]["_links"] = Value::Null, "no link"),
        (&|order| order["_embedded"]["payment"][0]["amount"]["value"] = json!(151), "amount"),
        (&|order| order["_embedded"]["payment"][0]["amount"]["currencyCode"] = json!("USD"), "amount"),
        (&|order| order["_embedded"]["payment"][0]["amount"]["value"] = Value::Null, "amount"),
    ];
    for (change, words) in table {
        let refused = refuse(change).expect_err(words);
        assert!(refused.contains(words), "{refused}");
    }
    let order = order_at("ngenius/get-order/started", HOME);
    let mut tokenless = saved_card();
    tokenless.card_token = None;
    let mut endless = saved_card();
    endless.expiry = Some("04/25".to_owned());
    let mut nameless = saved_card();
    nameless.cardholder_name = None;
    for (card, field) in [(tokenless, "card"), (endless, "expiry"), (nameless, "cardholder_name")] {
        let refused = PayWithSavedCard::new(&order, &card, dirham(150)).expect_err(field);
        assert_eq!(refused.field(), field);
    }
}

/// Every answer again with an unknown member, with odd links, and with a new state.
#[test]
fn new_members_and_new_values_do_no_harm() {
    let reply = |body| Reply::new(200, Vec::new(), body);
    let capture = CapturePayment::new(ORDER, PAYMENT, dirham(100));
    let void = VoidPayment::new(ORDER, PAYMENT);
    let saved = saved_card_payment_at(HOME);
    let refund = refund_at(HOME);
    type Read<'a> = &'a dyn Fn(Vec<u8>) -> Result<Payment, ngenius::Error>;
    let all: [(&str, Read<'_>); 4] = [
        ("ngenius/capture-payment/part", &|body| outlet().operation(&capture).read(&reply(body))),
        ("ngenius/void-payment/reversed", &|body| outlet().operation(&void).read(&reply(body))),
        ("ngenius/refund-payment/capture", &|body| outlet().operation(&refund).read(&reply(body))),
        ("ngenius/pay-with-saved-card/with-cvv", &|body| outlet().operation(&saved).read(&reply(body))),
    ];
    for (case, read) in all {
        let body = Case::load(case).response_body();
        let known = read(body.clone()).expect(case);
        for body in variants::with_unknown_member(&body) {
            let payment = read(body).expect(case);
            assert_eq!(payment.outcome(), known.outcome());
            assert_eq!(payment.captures.len(), known.captures.len());
            assert_eq!(payment.refunds.len(), known.refunds.len());
        }
        for value in [json!("UNHEARD_OF"), json!(7), json!({"a": 1}), json!(["a"]), Value::Null] {
            for body in variants::with_member_replaced(&body, "state", value.clone()) {
                let payment = read(body).expect(case);
                assert!([Outcome::Pending, known.outcome()].contains(&payment.outcome()), "{value}");
            }
            for member in ["_links", "self", "href", "authResponse", "paymentMethod", "createdTime"] {
                for body in variants::with_member_replaced(&body, member, value.clone()) {
                    let payment = read(body).expect(case);
                    assert_eq!(payment.outcome(), known.outcome(), "{member} {value}");
                    assert_eq!(payment.captures.len(), known.captures.len());
                }
            }
        }
    }
    for case in ["ngenius/get-order/purchased", "ngenius/get-order/started"] {
        let body = Case::load(case).response_body();
        for body in variants::with_unknown_member(&body) {
            let order = outlet().operation(&GetOrder::new(ORDER)).read(&reply(body)).expect(case);
            assert_eq!(order.payments.len(), 1);
        }
    }
}
