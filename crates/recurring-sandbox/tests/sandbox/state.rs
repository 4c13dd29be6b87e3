//! A sandbox that is started again from its state file.

use crate::emspay::{self, FIRST};
use crate::ngenius::order;
use crate::omno::payment;
use crate::{GOOD_CARD, World};
use recurring_sandbox::{Sandbox, SandboxBuilder};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const DAY: u64 = 24 * 3600;

/// An empty folder, removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path =
            std::env::temp_dir().join(format!("recurring-sandbox-state-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn state(&self) -> PathBuf {
        self.0.join("shop.state")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn kept(file: &Path) -> SandboxBuilder {
    Sandbox::builder().with_state(file.to_owned())
}

async fn refusal(file: &Path) -> String {
    kept(file).start().await.unwrap_err().to_string()
}

#[tokio::test]
async fn state_of_every_gateway_survives_a_restart() {
    let folder = Folder::new("all");
    let world = World::with(kept(&folder.state()).with_start(1_700_000_000)).await;
    let token = world.emspay_token(GOOD_CARD).await;
    let client = world.revio_client("ann@example.org").await;
    let revio_token = world.revio_token(&client, GOOD_CARD).await;
    let hook = r#"{"title":"paid","events":["purchase.paid"],"callback":"https://shop.example/paid"}"#;
    world.revio("POST", "/webhooks/", hook).await;
    let scheduled = world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await.json();
    let omno_token = world.omno_token().await;
    let paid = world.omno_create(&omno_token, &payment("omno-1", None)).await;
    world.customer(paid["paymentUrl"].as_str().unwrap(), GOOD_CARD, "pay").await;
    let checkout = json!({"merchantId": 3, "amount": 50, "merchantReference": "claimed"}).to_string();
    assert_eq!(world.tokenpay("/hosted-checkout/create", &checkout).await["responseCode"], "0000");
    world.sandbox.advance(Duration::from_secs(32 * DAY));
    let (ledger, settings) = (world.sandbox.ledger(), world.sandbox.settings());
    let order = world.ngenius_order(&scheduled["orderReference"]).await;
    assert_eq!(ledger.len(), 5, "{ledger:#?}");
    world.sandbox.shutdown().await;

    let world = World::with(kept(&folder.state())).await;
    assert_eq!(world.sandbox.ledger(), ledger);
    for name in ["REVIO_BRAND_ID", "NGENIUS_OUTLET", "REVIO_WEBHOOK_PUBLIC_KEY_FILE"] {
        let before = settings.iter().find(|(known, _)| *known == name).unwrap();
        assert_eq!(world.setting(name), before.1);
    }
    let again = world.ngenius_order(&scheduled["orderReference"]).await;
    assert_eq!(again["_embedded"]["payment"].as_array().unwrap().len(), 2);
    assert_eq!(again["createDateTime"], order["createDateTime"]);
    assert_eq!(world.omno_status(&world.omno_token().await, &paid).await["status"], "Success");
    let charged = world.emspay("POST", "/orders/", &emspay::later(&token, "after")).await;
    assert_eq!((charged.status, &charged.json()["status"]), (201, &json!("processing")));
    let (purchase, _) = world.revio_purchase(&client, false).await;
    assert_eq!(world.revio_charge(&purchase, &revio_token).await.json()["status"], "paid");
    assert_eq!(world.revio("GET", "/webhooks/", "").await.json()["results"].as_array().unwrap().len(), 1);
    assert_ne!(world.tokenpay("/hosted-checkout/create", &checkout).await["responseCode"], "0000");
    world.sandbox.advance(Duration::from_secs(31 * DAY));
    assert_eq!(world.sandbox.ledger().len(), ledger.len() + 3);
    let ledger = world.sandbox.ledger();
    world.sandbox.shutdown().await;
    // And a third time: what was done after the first restart counts too.
    assert_eq!(World::with(kept(&folder.state())).await.sandbox.ledger(), ledger);
}

#[tokio::test]
async fn account_addresses_survive_and_pending_webhooks_do_not() {
    let folder = Folder::new("hooks");
    let world = World::with(kept(&folder.state()).with_webhook("ngenius", "https://shop.example/n")).await;
    world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await;
    assert_eq!(world.sandbox.deliveries().len(), 2);
    world.sandbox.shutdown().await;
    let world = World::with(kept(&folder.state())).await;
    assert!(world.sandbox.deliveries().is_empty());
    world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await;
    assert_eq!(world.sandbox.deliveries()[0].url, "https://shop.example/n");
}

#[tokio::test]
async fn unusable_state_file_is_named() {
    let folder = Folder::new("broken");
    let file = folder.state();
    let world = World::with(kept(&file)).await;
    world.emspay("POST", "/orders", FIRST).await;
    assert!(refusal(&file).await.contains("another sandbox has it open"));
    world.sandbox.shutdown().await;
    let good = fs::read_to_string(&file).unwrap();
    let lines = good.lines().count();
    // Killed while it wrote the last line: that one was not answered.
    fs::write(&file, format!("{good}{{\"request\":{{\"at\":")).unwrap();
    kept(&file).start().await.unwrap().shutdown().await;
    let mended = fs::read_to_string(&file).unwrap();
    assert!(mended.starts_with(&good) && mended.lines().count() > lines);
    let head = good.lines().next().unwrap();
    let other = good.replacen(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"9.9.9\"", 1);
    for (text, says) in [
        (other, "was written by version 9.9.9"),
        (format!("{good}nonsense\n"), "is broken"),
        (good.replacen("\"answer\":\"", "\"answer\":\"0", 1), "has another result"),
        (format!("{head}\n{{\"unknown\":1}}\n"), "line 2 is broken"),
        ("{\"name\":\"a shop\"}\n".to_owned(), "was not written by a sandbox"),
        ("my notes".to_owned(), "was not written by a sandbox"),
    ] {
        fs::write(&file, &text).unwrap();
        let problem = refusal(&file).await;
        assert!(problem.contains(says) && problem.contains("shop.state"), "{says}: {problem}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "it is left as it is");
    }
}

#[tokio::test]
async fn state_file_is_private_and_holds_no_real_card() {
    let folder = Folder::new("private");
    let world = World::with(kept(&folder.state())).await;
    let order = world.emspay("POST", "/orders", FIRST).await.json();
    let page = format!("http://{}", order["transactions"][0]["payment_url"].as_str().unwrap());
    assert_eq!(world.customer(&page, "4242+4242+4242+4242", "pay").await.status, 400);
    assert_eq!(world.customer(&page, GOOD_CARD, "pay").await.status, 200);
    let text = fs::read_to_string(folder.state()).unwrap();
    let real = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "card_number=4242+4242");
    assert!(!text.contains(&real[..24]) && text.lines().count() > 5);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.state()), 0o600);
        assert_eq!(mode(&folder.0.join("shop.state.keys")), 0o700);
        let settings = folder.0.join("shop.env");
        world.sandbox.write_env_file(&settings).unwrap();
        assert_eq!(mode(&settings), 0o600);
    }
}

#[tokio::test]
async fn answers_of_issuers_survive_a_restart() {
    let folder = Folder::new("issuer");
    let world = World::with(kept(&folder.state())).await;
    let token = world.emspay_token(GOOD_CARD).await;
    world.sandbox.decline_cards("Ann Example", "51").unwrap();
    let declined = world.emspay("POST", "/orders/", &emspay::later(&token, "1")).await.json();
    assert_eq!(declined["status"], "error");
    let asked = world.sandbox.authorizations();
    world.sandbox.shutdown().await;
    let world = World::with(kept(&folder.state())).await;
    assert_eq!(world.sandbox.authorizations(), asked);
    let declined = world.emspay("POST", "/orders/", &emspay::later(&token, "2")).await.json();
    assert_eq!(declined["transactions"][0]["reason"], "insufficient_funds");
}
