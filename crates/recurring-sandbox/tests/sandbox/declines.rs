use crate::ngenius::order;
use crate::omno::payment;
use crate::{World, emspay};
use recurring_sandbox::Sandbox;
use serde_json::json;
use std::time::Duration;

/// Number, revio's code, the card networks' code.
const CARDS: [(&str, &str, &str); 7] = [
    ("4000000000000341", "insufficient_funds", "51"),
    ("4000000000540007", "expired_card", "54"),
    ("4000000000050007", "do_not_honour", "05"),
    ("4000000000430001", "stolen_card", "43"),
    ("4000000000610008", "exceeds_withdrawal_limit", "61"),
    ("4000000000650004", "3ds_authentication_failed", "1A"),
    ("4000000000910002", "acquirer_internal_error", "96"),
];
const SLOW_CARD: &str = "4000000000600009";

#[tokio::test]
async fn decline_card_at_each_gateway_has_its_code() {
    let world = World::start().await;
    let client = world.revio_client("a@b.example").await;
    for (card, revio_code, network_code) in CARDS {
        let token = world.revio_token(&client, card).await;
        let (path, _) = world.revio_purchase(&client, false).await;
        let refused = world.revio_charge(&path, &token).await;
        assert_eq!(refused.json()["__all__"][0]["code"], "purchase_charge_error");
        let purchase = world.revio("GET", &path, "").await.json();
        assert_eq!(purchase["transaction_data"]["attempts"][0]["error"]["code"], revio_code);

        let token = world.emspay_token(card).await;
        let declined = world.emspay("POST", "/orders/", &emspay::later(&token, "1")).await.json();
        assert_eq!(
            (&declined["status"], &declined["transactions"][0]["reason"]),
            (&json!("error"), &json!(revio_code))
        );

        let created = world.ngenius_create(&order("MONTHLY", card).to_string()).await.json();
        assert_eq!(created["state"], "ACTIVE");
        world.sandbox.advance(Duration::from_secs(32 * 24 * 3600));
        let order = world.ngenius_order(&created["orderReference"]).await;
        let response = &order["_embedded"]["payment"][1]["authResponse"];
        assert_eq!((&response["success"], &response["resultCode"]), (&json!(false), &json!(network_code)));
    }
}

#[tokio::test]
async fn omno_decline_has_reason_text() {
    let world = World::start().await;
    let token = world.omno_token().await;
    for (card, code, _) in CARDS {
        let first = world.omno_create(&token, &payment("1", None)).await;
        world.customer(first["paymentUrl"].as_str().unwrap(), card, "pay").await;
        let saved = world.omno(&token, "GET", "/transaction/customer/user%2F1/cards", "").await.json();
        let card = saved.as_array().unwrap().last().unwrap()["cardToken"].as_str().unwrap();
        let later = world.omno_create(&token, &payment("2", Some(card))).await;
        let status = world.omno_status(&token, &later).await;
        assert_eq!(status["status"], "Declined", "{code}");
        assert!(status["paymentResult"].as_str().unwrap().ends_with('.'));
    }
}

#[tokio::test]
async fn slow_acquirer_settles_after_a_minute() {
    let world = World::with(Sandbox::builder().with_seed(1)).await;
    let client = world.revio_client("a@b.example").await;
    let token = world.revio_token(&client, SLOW_CARD).await;
    let (path, _) = world.revio_purchase(&client, false).await;
    let charged = world.revio_charge(&path, &token).await;
    assert_eq!((charged.status, &charged.json()["status"]), (200, &json!("pending_charge")));
    assert_eq!(world.money().len(), 1, "only the first payment");
    // It cannot be charged again meanwhile.
    let again = world.revio_charge(&path, &token).await;
    assert_eq!(again.json()["__all__"][0]["code"], "purchase_charge_wrong_status");
    world.sandbox.advance(Duration::from_secs(60));
    let settled = world.revio("GET", &path, "").await.json();
    assert_eq!((&settled["status"], &settled["payment"]["amount"]), (&json!("paid"), &json!(100)));
    assert_eq!(world.money().len(), 2);
}

#[tokio::test]
async fn tokenpay_decline_has_reason_text() {
    let world = World::start().await;
    let words = ["insufficient funds", "expired", "honour", "stolen", "limit", "authentication", "technical"];
    for (token, ((card, ..), words)) in (436..).zip(CARDS.into_iter().zip(words)) {
        let page = world.add_token("user").await;
        assert_eq!(world.customer(&page, card, "pay").await.status, 303);
        let sale = world.sale("user", token, &format!("sale-{token}"), true).await;
        assert_eq!(sale["responseCode"], "0000", "{sale}");
        let parent = &sale["order"]["id"];
        let request = format!(
            r#"{{"merchantId":3,"userId":"user","tokenId":"{token}","merchantReference":"later-{token}","amount":30,"parentOrderId":{parent}}}"#
        );
        let declined = world.tokenpay("/tokenization/recurring", &request).await;
        assert_eq!(
            (&declined["responseCode"], &declined["transaction"]["status"]),
            (&json!("2001"), &json!("DECLINED"))
        );
        assert!(declined["message"].as_str().unwrap().contains(words), "{declined}");
    }
}

#[tokio::test]
async fn issuer_declines_a_cardholder_until_it_approves() {
    let world = World::with(Sandbox::builder().with_start(1_700_000_000)).await;
    let token = world.emspay_token(crate::GOOD_CARD).await;
    let charge = async |name: &str| {
        let body = emspay::later(&token, name);
        world.emspay("POST", "/orders/", &body).await.json()["transactions"][0]["reason"].clone()
    };
    assert!(world.sandbox.decline_cards("Ann Example", "99").is_err());
    world.sandbox.decline_cards("Ben Example", "51").unwrap();
    assert_eq!(charge("1").await, json!(null));
    world.sandbox.decline_cards("Ann Example", "41").unwrap();
    assert_eq!(charge("2").await, json!("lost_card"));
    world.sandbox.approve_cards("Ann Example");
    assert_eq!(charge("3").await, json!(null));
    let asked = world.sandbox.authorizations();
    let seen: Vec<_> = asked.iter().map(|one| (one.number, one.response.as_str())).collect();
    assert_eq!(seen, [(1, "00"), (2, "41"), (3, "00")], "only charges of the stored card");
    let one = &asked[1];
    assert_eq!((one.gateway.as_str(), one.brand.as_str()), ("emspay", "visa"));
    assert_eq!((one.cardholder.as_str(), one.currency.as_str()), ("Ann Example", "EUR"));
    assert!(one.at.starts_with("2023-11-14T22:13:"), "{}", one.at);
}

#[tokio::test]
async fn issuer_answers_schedules_and_previews_of_them() {
    let world = World::with(Sandbox::builder().with_start(1_700_000_000)).await;
    let created = world.ngenius_create(&order("MONTHLY", crate::GOOD_CARD).to_string()).await.json();
    let holder = order("MONTHLY", crate::GOOD_CARD)["payment"]["cardholderName"].as_str().unwrap().to_owned();
    world.sandbox.decline_cards(&holder, "65").unwrap();
    let month = Duration::from_secs(32 * 24 * 3600);
    assert_eq!(world.sandbox.preview(month).due[0].kind, recurring_sandbox::DueKind::ScheduledDecline);
    world.sandbox.advance(month);
    let shown = world.ngenius_order(&created["orderReference"]).await;
    assert_eq!(shown["_embedded"]["payment"][1]["authResponse"]["resultCode"], "65");
    assert_eq!(world.sandbox.authorizations()[0].response, "65");
}
