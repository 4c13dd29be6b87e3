//! The inspector's cards, and what it shows of secrets.

use crate::payments::{lines, link_after};
use crate::{GOOD_CARD, World, emspay, ngenius};
use recurring_sandbox::Sandbox;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn card_of_each_gateway_is_listed() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    world.renewed(&token, "sub-1").await;
    let client = world.revio_client("person@merchant.example").await;
    world.revio_token(&client, GOOD_CARD).await;
    let page = world.add_token("user1").await;
    world.customer(&page, GOOD_CARD, "pay").await;
    world.ngenius_create(&ngenius::order("MONTHLY", GOOD_CARD).to_string()).await;
    world.sandbox.advance(Duration::from_secs(100 * 24 * 3600));
    let list = world.section("inspector/cards").await;
    let shown = lines(&list, "stored");
    let gateways: Vec<&str> = shown.iter().map(|line| line[1].as_str()).collect();
    // One for the schedule, however often it charged.
    assert_eq!(gateways, ["ngenius", "tokenpay-signed", "revio", "emspay"], "{shown:#?}");
    assert!(shown.iter().all(|line| line[2] == "visa •••• 1111" && line[3].contains('/')), "{shown:#?}");
    assert_eq!((shown[1][5].as_str(), shown[2][5].as_str()), ("user1", client.as_str()));
    assert!(!list.contains(&token) && list.contains(&format!("{}•••", &token[..4])), "{list}");

    let card = link_after(&world.section("inspector/cards?gateway=emspay").await, "<table id=\"stored\">");
    let page = world.section(&card).await;
    let used: Vec<String> = lines(&page, "payments").iter().map(|line| line[2].clone()).collect();
    assert_eq!((used.len(), used[0].as_str()), (2, "sub-1"), "{page}");
    assert!(!page.contains(&token), "{page}");
    let page = world.section(&format!("{card}?show=secrets")).await;
    assert!(page.contains(&token) && page.contains(">Hide</a>"), "{page}");

    let card = link_after(&world.section("inspector/cards?gateway=ngenius").await, "<table id=\"stored\">");
    let page = world.section(&card).await;
    assert_eq!((lines(&page, "payments").len(), lines(&page, "schedules").len()), (4, 1), "{page}");
    // The tokens of its later payments are found, too.
    let payments = world.section("inspector/payments?gateway=ngenius").await;
    let payment = world.section(&link_after(&payments, "<table id=\"payments\">")).await;
    let saved = world.section(&format!("{}?show=secrets", link_after(&payment, "<dt>Card</dt>"))).await;
    let token = saved.split_once("id=\"token\">").unwrap().1.split_once(' ').unwrap().0;
    let found = world.section(&format!("inspector/cards?q={token}")).await;
    assert_eq!(lines(&found, "stored").len(), 1, "{found}");
}

#[tokio::test]
async fn secrets_of_a_request_are_shown_on_demand() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    world.renewed(&token, "it's \u{fc}ber").await;
    let number = world.sandbox.exchanges().len();
    let hidden = world.section(&format!("exchanges/{number}")).await;
    let key = "c2FuZGJveF9lbXNwYXlfa2V5Og==";
    assert!(!hidden.contains(&token) && !hidden.contains(key), "{hidden}");
    assert!(hidden.contains("href=\"?show=secrets\"") && hidden.contains("Basic •••"), "{hidden}");
    let shown = world.section(&format!("exchanges/{number}?show=secrets")).await;
    assert!(shown.contains(&token) && shown.contains(key), "{shown}");
    // The generated ids are there either way, and the payment is linked.
    let order = world.section("inspector/payments?q=it%27s").await;
    let link = link_after(&order, "<table id=\"payments\">");
    assert!(hidden.contains(&link) && hidden.contains(link.rsplit('/').next().unwrap()), "{hidden}");
}

#[tokio::test]
async fn shown_command_sends_the_same_request() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    world.renewed(&token, "it's $HOME `x` \\ \u{fc}ber").await;
    let number = world.sandbox.exchanges().len();
    let shown = world.section(&format!("exchanges/{number}?show=secrets")).await;
    let (_, command) = shown.split_once("<pre id=\"curl\" tabindex=\"0\">").unwrap();
    let command = command.split_once("</pre>").unwrap().0;
    let command = [("&#39;", "'"), ("&#34;", "\""), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
        .iter()
        .fold(command.to_owned(), |text, (from, to)| text.replace(from, to));
    let line = format!("{command} --noproxy '*' -s");
    let run =
        tokio::task::spawn_blocking(move || std::process::Command::new("sh").arg("-c").arg(line).output());
    let output = run.await.unwrap().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {command}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(answer["merchant_order_id"], "it's $HOME `x` \\ \u{fc}ber");
    assert_eq!(world.money().iter().filter(|line| line.starts_with("it's ")).count(), 2);
}

#[tokio::test]
async fn real_card_is_not_kept() {
    let world = World::start().await;
    let page = world.emspay("POST", "/orders/", emspay::FIRST).await.json();
    let page = format!("{}/pay/emspay/{}/", world.sandbox.url(), page["id"].as_str().unwrap());
    let form = "card_number=4242+4242+4242+4242&expiry=12%2F49&cvc=987&cardholder=Ann&action=pay";
    assert_eq!(world.press(&page, form).await.status, 400);
    let number = world.sandbox.exchanges().len();
    let shown = world.section(&format!("exchanges/{number}?show=secrets")).await;
    assert!(!shown.contains("4242") && !shown.contains("987") && shown.contains("action=pay"), "{shown}");
    let found = world.section("inspector/requests?q=4242+4242").await;
    assert!(found.contains("Nothing here."), "{found}");
}

#[tokio::test]
async fn shared_key_of_a_webhook_is_hidden() {
    let world = World::with(Sandbox::builder().with_webhook("ngenius", "http://127.0.0.1:9/hook")).await;
    let created = world.ngenius_create(&ngenius::order("MONTHLY", GOOD_CARD).to_string()).await.json();
    world.sandbox.settle().await;
    let secret = world.setting("NGENIUS_WEBHOOK_SECRET");
    let hidden = world.section("inspector/webhooks/1").await;
    assert!(!hidden.contains(&secret) && hidden.contains("X-Sandbox-Webhook: sand•••"), "{hidden}");
    assert!(hidden.contains(created["reference"].as_str().unwrap()) && hidden.contains("rel=\"next\""));
    let shown = world.section("inspector/webhooks/1?show=secrets").await;
    assert!(shown.contains(&secret) && json!(world.sandbox.deliveries()[0].body).is_string(), "{shown}");
}
