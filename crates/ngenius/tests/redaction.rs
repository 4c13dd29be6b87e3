//! No secret in anything that is shown or logged.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test stops by panicking")]

use ngenius::{
    CapturePayment, Card, Client, CreateRecurringPayment, Currency, Environment, Frequency, GetOrder, Money,
    Operation as _, Order, Outlet, PayWithSavedCard, RefundPayment, Reply, SavedCard, VoidPayment,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::assert_absent;

const KEY: &str = "sentinel-api-key-4711";
const TOKEN: &str = "sentinel-access-token-0815";
const REFRESH: &str = "sentinel-refresh-token-2342";
const CARD_TOKEN: &str = "sentinel-card-token-1729";
const LINK: &str = "sentinel-of-a-link-3141";
const PAN: &str = "4012001037141112";
/// Far from any time stamp of a log.
const EXPIRY: &str = "2999-07";
const CVV: &str = "9876";
const NAME: &str = "Sentinel Cardholder";
const SECRETS: &[&str] = &[KEY, TOKEN, REFRESH, CARD_TOKEN, PAN, EXPIRY, NAME];

/// The security code is too short to be looked for anywhere: ports and time stamps may hold its digits. It is looked for
/// as a whole number.
fn assert_no_secret(shown: &str, what: &str) {
    assert_absent(SECRETS, shown, what);
    let mut numbers = shown.split(|c: char| !c.is_ascii_digit());
    assert!(!numbers.any(|number| number == CVV), "{what} shows the security code:\n{shown}");
}

fn payment() -> CreateRecurringPayment {
    let money = Money::from_minor(1, Currency::from_code("AED").expect("AED")).expect("money");
    let card = Card::new(PAN, EXPIRY, CVV, NAME).expect("a card");
    CreateRecurringPayment::new(money, Frequency::Monthly, "ann@example.org", card)
}

/// A gateway that quotes everything it was sent.
fn replies() -> Vec<RawReply> {
    let all = [KEY, TOKEN, PAN, EXPIRY, CVV, NAME].join(" ");
    vec![
        RawReply::json(200, format!(r#"{{"state":"odd {all}","reference":"1","orderReference":"1"}}"#)),
        RawReply::json(
            400,
            format!(
                r#"{{"message":"bad {all}","code":"{all}","errors":[{{"message":"{all}","localizedMessage":"{all}","errorCode":"{all}","domain":"{all}"}}]}}"#
            ),
        ),
        RawReply::json(401, format!(r#"{{"message":"{all}"}}"#)),
        RawReply::json(401, format!(r#"{{"errors":[{{"message":"{all}"}}]}}"#)),
        RawReply::json(500, all.clone()),
        RawReply::json(200, format!(r#"{{"state":{{"{all}":"{all}"}}}}"#)),
        RawReply::json(200, format!(r#"["{all}""#)),
    ]
}

/// One test: a capture of the log needs the program for itself, since a log statement that another thread reaches
/// first, while nothing is captured there, may be switched off for all.
fn outlet() -> Outlet {
    Outlet::new(&Environment::UaeSandbox, "outlet").expect("an outlet")
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    let logs = Capture::start();
    whatever_the_gateway_quotes().await;
    a_saved_card_and_a_whole_card_number().await;
    a_refused_key_and_a_refused_card().await;
    a_saved_card_that_pays().await;
    let logged = logs.text();
    assert!(
        logged.contains("create recurring payment")
            && logged.contains("pay with saved card")
            && logged.contains("get access token")
    );
    assert_no_secret(&logged, "the log");
}

async fn whatever_the_gateway_quotes() {
    let mut shown = String::new();
    for reply in replies() {
        let server = FaultServer::start(move |request, _| {
            Behavior::Reply(match request.path.as_str() {
                "/identity/auth/access-token" => RawReply::json(
                    200,
                    format!(r#"{{"access_token":"{TOKEN}","expires_in":300,"refresh_token":"{REFRESH}"}}"#),
                ),
                _ => reply.clone(),
            })
        })
        .await;
        let builder = Client::builder(Environment::Custom(server.url()), KEY, "outlet");
        shown += &format!("{builder:?}");
        let client = builder.build().expect("a client");
        let request = payment();
        shown += &format!("{client:?} {request:?} {:?}", outlet().operation(&request).request());
        let answer = client.create_recurring_payment(&request).await;
        if let Err(error) = &answer {
            shown += &format!("{error} {:?} {:?}", error.api(), error.reply());
        }
        shown += &format!("{answer:?} {client:?}");
        let answer = client.get_order("1").await;
        // The card of another call is not a secret of this one, so only what the read sent or would return is hidden.
        let text = format!("{answer:?}");
        assert_absent(&[KEY, TOKEN, REFRESH], &text, "the answer to a read");
    }
    assert!(shown.contains("bad [redacted]") && shown.contains("odd [redacted]"), "{shown}");
    assert_no_secret(&shown, "what is shown");
}

async fn a_saved_card_and_a_whole_card_number() {
    let body = format!(
        r#"{{"reference":"1","_embedded":{{"payment":[{{"state":"{TOKEN}","paymentMethod":{{"pan":"{PAN}"}},
        "savedCard":{{"maskedPan":"{PAN}","cardToken":"{CARD_TOKEN}"}},"authResponse":{{"resultMessage":"{TOKEN}"}}}}]}}}}"#
    );
    let server = FaultServer::start(move |request, _| {
        Behavior::Reply(match request.path.as_str() {
            "/identity/auth/access-token" => RawReply::json(200, format!(r#"{{"access_token":"{TOKEN}"}}"#)),
            _ => RawReply::json(200, body.clone()),
        })
    })
    .await;
    let client = Client::builder(Environment::Custom(server.url()), KEY, "outlet").build().expect("a client");
    let order = client.get_order("1").await.expect("an order");
    assert!(
        order
            .payments
            .first()
            .and_then(|payment| payment.saved_card.as_ref())
            .is_some_and(|card| card.card_token.is_some())
    );
    let shown = format!("{order:?} {:?}", outlet().operation(&GetOrder::new("1")).request());
    assert!(shown.contains("[redacted]"), "{shown}");
    assert_no_secret(&shown, "the order");
}

/// An order whose payment waits, with a link whose query must not be shown.
fn waiting(url: &str) -> Order {
    let payment = format!("{url}/transactions/outlets/outlet/orders/1/payments/1");
    let body = format!(
        r#"{{"reference":"1","_embedded":{{"payment":[{{"reference":"1","state":"STARTED",
        "amount":{{"currencyCode":"AED","value":1}},
        "_links":{{"payment:saved-card":{{"href":"{payment}/saved-card?token={LINK}"}},"cnp:refund":{{"href":"{payment}/refund?token={LINK}"}}}}}}]}}}}"#
    );
    outlet()
        .operation(&GetOrder::new("1"))
        .read(&Reply::new(200, Vec::new(), body.into_bytes()))
        .expect("an order")
}

async fn a_saved_card_that_pays() {
    let money = Money::from_minor(1, Currency::from_code("AED").expect("AED")).expect("money");
    let card = SavedCard::new(CARD_TOKEN, EXPIRY, NAME);
    let query = format!("token={LINK}");
    let all = [KEY, TOKEN, CARD_TOKEN, EXPIRY, CVV, NAME, &query].join(" ");
    let mut shown = String::new();
    for body in [
        format!(
            r#"{{"state":"odd {all}","reference":"1","authResponse":{{"resultMessage":"{all}"}},
            "_embedded":{{"cnp:capture":[{{"state":"{all}"}}],"cnp:refund":[{{"state":"{all}"}}]}}}}"#
        ),
        format!(r#"{{"message":"bad {all}","errors":[{{"message":"bad {all}"}}]}}"#),
    ] {
        for status in [200, 400, 500] {
            let body = body.clone();
            let server = FaultServer::start(move |request, _| {
                Behavior::Reply(match request.path.as_str() {
                    "/identity/auth/access-token" => {
                        RawReply::json(200, format!(r#"{{"access_token":"{TOKEN}"}}"#))
                    }
                    _ => RawReply::json(status, body.clone()),
                })
            })
            .await;
            let url = server.url();
            let client =
                Client::builder(Environment::Custom(url.clone()), KEY, "outlet").build().expect("a client");
            let outlet = client.outlet();
            let order = waiting(&url);
            let pay = PayWithSavedCard::new(&order, &card, money)
                .expect("valid")
                .with_recapture_csc(true)
                .with_cvv(CVV);
            let refund = RefundPayment::of(&order.payments[0], "1", money).expect("valid");
            shown += &format!("{order:?} {pay:?} {refund:?} {:?}", outlet.operation(&pay).request());
            shown += &format!("{:?}", outlet.operation(&refund).request());
            let paid = client.pay_with_saved_card(&pay).await;
            if let Err(error) = &paid {
                shown += &format!("{error} {:?} {:?}", error.api(), error.reply());
            }
            shown += &format!("{paid:?}");
            // The card of another call is not a secret of these.
            let (capture, void) = (CapturePayment::new("1", "1", money), VoidPayment::new("1", "1"));
            let others = format!(
                "{:?} {:?} {:?}",
                client.refund_payment(&refund).await,
                client.capture_payment(&capture).await,
                client.void_payment(&void).await
            );
            assert_absent(&[KEY, TOKEN], &others, "the other answers");
        }
    }
    assert!(shown.contains("odd [redacted]") && shown.contains("bad [redacted]"), "{shown}");
    assert_no_secret(&shown, "a payment with a saved card");
    assert_absent(&[LINK], &shown, "a payment with a saved card");
    let order = waiting("https://a.example");
    for card in [
        SavedCard::new(CARD_TOKEN, EXPIRY, "Sentinel Cardholder\n"),
        SavedCard::new(CARD_TOKEN, "2999-77", NAME),
        SavedCard::new(format!("{CARD_TOKEN}\n"), EXPIRY, NAME),
    ] {
        let refused = PayWithSavedCard::new(&order, &card, money).expect_err("refused");
        assert_no_secret(&format!("{refused} {refused:?}"), "a refused card");
    }
}

async fn a_refused_key_and_a_refused_card() {
    let server = FaultServer::start(|_, _| {
        let body = format!(
            r#"{{"message":"bad {KEY}","errors":[{{"message":"{KEY}","errorCode":"badTokenRequest"}}]}}"#
        );
        Behavior::Reply(RawReply::json(400, body))
    })
    .await;
    let client = Client::builder(Environment::Custom(server.url()), KEY, "outlet").build().expect("a client");
    let error = client.create_recurring_payment(&payment()).await.expect_err("refused");
    let mut shown = format!("{error} {error:?} {:?}", error.reply());
    assert!(shown.contains("bad [redacted]"), "{shown}");
    for bad in [format!("{KEY}\n"), format!("Basic {KEY}")] {
        shown += &format!("{:?}", Client::builder(Environment::UaeSandbox, bad, "outlet").build());
    }
    for [pan, expiry, cvv, name] in [
        ["4012001037141113", EXPIRY, CVV, NAME],
        [PAN, "2999-77", CVV, NAME],
        [PAN, EXPIRY, "98765", NAME],
        [PAN, EXPIRY, CVV, "Sentinel Cardholder\n"],
    ] {
        shown += &format!("{:?}", Card::new(pan, expiry, cvv, name));
    }
    assert_no_secret(&shown, "the errors");
    assert_absent(&["4012001037141113", "2999-77", "98765"], &shown, "the errors");
}

#[test]
fn serialized_answers_hold_no_token() {
    let card = r#"{"maskedPan":"401200******1112","cardToken":"canary-0815"}"#;
    let link = r#"{"cnp:cancel":{"href":"https://a.example/?token=canary-link"}}"#;
    let payment = format!(r#"{{"state":"UNHEARD_OF","reference":"p-1","savedCard":{card},"_links":{link}}}"#);
    let body = format!(r#"{{"reference":"o-1","_embedded":{{"payment":[{payment}]}}}}"#);
    let order: Order = serde_json::from_str(&body).expect("an order");
    let json = serde_json::to_string(&order).expect("JSON");
    assert_absent(&["canary", "cardToken", "links"], &json, "JSON");
    for shown in ["o-1", "p-1", r#""state":"UNHEARD_OF""#, "401200******1112"] {
        assert!(json.contains(shown), "{shown}: {json}");
    }
}
