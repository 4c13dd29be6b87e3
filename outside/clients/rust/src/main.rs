//! Runs `chip-sdk` against the sandbox's revio. Environment: `REVIO_BASE_URL`, `REVIO_API_KEY`, `REVIO_BRAND_ID`,
//! `REVIO_WEBHOOK_PUBLIC_KEY_FILE`, as the sandbox prints them, and `SANDBOX_URL`, its own address. The caller judges the
//! ledger.
//!
//! The client's answers are read where it can read them: it takes `quantity` and `tax_percent` for numbers, and the platform
//! answers `"1.0000"` and `"0.00"`. What it cannot read, the shop learns from the webhooks, whose bodies are read with the
//! client's own type once these two are numbers.
//!
//! With the argument `repeat` it does what a careless shop does: the answer to a charge is lost, and it charges a new purchase.
//! The judge must find that the customer paid twice.

mod shop;

use chip_sdk::model::{ClientDetails, Product, Purchase, PurchaseDetails, PurchaseStatus};
use chip_sdk::{ChipClient, ChipError, verify_signature};
use shop::{Receiver, Result};
use std::env;

#[tokio::main]
async fn main() -> Result<()> {
    let shop = Shop::open()?;
    let token = shop.first_payment().await?;
    if env::args().nth(1).as_deref() == Some("repeat") {
        return shop.repeat_after_lost_answer(&token).await;
    }
    shop.renewal(&token).await?;
    shop.hold(&token).await?;
    shop.refusals(&token).await
}

struct Shop {
    client: ChipClient,
    brand: String,
    public_key: String,
    receiver: Receiver,
}

impl Shop {
    fn open() -> Result<Self> {
        let (base, key) = (env::var("REVIO_BASE_URL")?, env::var("REVIO_API_KEY")?);
        let client = ChipClient::builder().base_url(&base).bearer_token(&key).build()?;
        let public_key = std::fs::read_to_string(env::var("REVIO_WEBHOOK_PUBLIC_KEY_FILE")?)?;
        let receiver = Receiver::start()?;
        // The client has no call for this; merchants register webhooks in the platform's portal.
        let webhook = serde_json::json!({"title": "shop", "all_events": true, "callback": receiver.url()});
        shop::post(&format!("{base}/webhooks/"), Some(&key), &webhook.to_string())?;
        Ok(Self { client, brand: env::var("REVIO_BRAND_ID")?, public_key, receiver })
    }

    fn purchase(&self, reference: &str, price: f64) -> Purchase {
        let product = Product { name: "Subscription".to_owned(), price, ..Product::default() };
        let details = PurchaseDetails {
            currency: Some("MYR".to_owned()),
            products: vec![product],
            ..PurchaseDetails::default()
        };
        Purchase {
            brand_id: Some(self.brand.clone()),
            client: Some(ClientDetails { email: "ann@example.org".to_owned(), ..ClientDetails::default() }),
            purchase: Some(details),
            reference: Some(reference.to_owned()),
            success_redirect: Some("https://shop.example/paid".to_owned()),
            failure_redirect: Some("https://shop.example/failed".to_owned()),
            ..Purchase::default()
        }
    }

    /// Creates a purchase; its id and its page come from the webhook.
    async fn create(&self, purchase: &Purchase) -> Result<(String, Purchase)> {
        taken(self.client.create_purchase(purchase).await)?;
        let created = self.webhook("purchase.created")?;
        check(created.reference == purchase.reference, "the reference", &created)?;
        check(created.status == Some(PurchaseStatus::Created), "a new purchase", &created)?;
        Ok((created.id.clone().ok_or("the purchase has no id")?, created))
    }

    /// The next webhook, proven by the client's own check, which must also refuse a changed body.
    fn webhook(&self, event: &str) -> Result<Purchase> {
        let webhook = self.receiver.take()?;
        let signature = webhook.header("x-signature").ok_or("the webhook has no X-Signature")?;
        let genuine = verify_signature(&webhook.body, signature, &self.public_key)?;
        let changed = [webhook.body.as_slice(), b" "].concat();
        let changed = verify_signature(&changed, signature, &self.public_key)?;
        check(genuine && !changed, "the signature of a webhook, and of a changed one", &(genuine, changed))?;
        let mut body: serde_json::Value = serde_json::from_slice(&webhook.body)?;
        check(body["event_type"] == event, event, &body)?;
        if let Some(products) = body.pointer_mut("/purchase/products").and_then(|list| list.as_array_mut()) {
            for product in products {
                for member in ["quantity", "tax_percent"] {
                    let number: f64 = product[member].as_str().ok_or("not a decimal text")?.parse()?;
                    product[member] = number.into();
                }
            }
        }
        Ok(serde_json::from_value(body)?)
    }

    async fn first_payment(&self) -> Result<String> {
        let methods = self.client.payment_methods(&self.brand, "MYR", None).await?;
        let names = methods.available_payment_methods.unwrap_or_default();
        check(!names.is_empty(), "payment methods", &names)?;
        let purchase = Purchase { force_recurring: Some(true), ..self.purchase("chip-first", 4000.0) };
        let (id, created) = self.create(&purchase).await?;
        let to = shop::pay(&created.checkout_url.ok_or("the purchase has no page")?)?;
        check(to.starts_with("https://shop.example/paid"), "the way back to the shop", &to)?;
        let paid = self.webhook("purchase.paid")?;
        check(paid.status == Some(PurchaseStatus::Paid), "the first payment", &paid)?;
        check(paid.is_recurring_token == Some(true) && paid.id.as_ref() == Some(&id), "the token", &paid)?;
        taken(self.client.get_purchase(&id).await)?;
        println!("first payment, page, webhook: paid, with a token");
        Ok(id)
    }

    async fn renewal(&self, token: &str) -> Result<()> {
        let (id, _) = self.create(&self.purchase("chip-renewal", 2500.0)).await?;
        taken(self.client.charge_purchase(&id, token).await)?;
        let charged = self.webhook("purchase.paid")?;
        let paid = charged.status == Some(PurchaseStatus::Paid) && charged.id.as_ref() == Some(&id);
        check(paid, "the renewal", &charged)?;
        println!("renewal, webhook: paid");
        taken(self.client.refund_purchase(&id, Some(1000.0)).await)?;
        let refund = self.webhook("payment.refunded")?;
        let amount = refund.payment.as_ref().and_then(|payment| payment.amount);
        check(amount == Some(1000.0), "the refund", &refund)?;
        println!("refund, webhook: refunded");
        Ok(())
    }

    async fn hold(&self, token: &str) -> Result<()> {
        for (reference, captures) in [("chip-capture", true), ("chip-release", false)] {
            let purchase = Purchase { skip_capture: Some(true), ..self.purchase(reference, 1500.0) };
            let (id, _) = self.create(&purchase).await?;
            taken(self.client.charge_purchase(&id, token).await)?;
            let held = self.webhook("purchase.hold")?;
            check(held.status == Some(PurchaseStatus::Hold), "the authorization", &held)?;
            let (ended, status) = if captures {
                taken(self.client.capture_purchase(&id, Some(1500.0)).await)?;
                (self.webhook("purchase.captured")?, PurchaseStatus::Paid)
            } else {
                taken(self.client.release_purchase(&id).await)?;
                (self.webhook("purchase.released")?, PurchaseStatus::Released)
            };
            check(ended.status == Some(status), reference, &ended)?;
        }
        println!("authorization, capture, release: captured, released");
        Ok(())
    }

    /// Two charges that must not happen: of a canceled purchase, and with a deleted token.
    async fn refusals(&self, token: &str) -> Result<()> {
        let (id, _) = self.create(&self.purchase("chip-canceled", 900.0)).await?;
        taken(self.client.cancel_purchase(&id).await)?;
        let canceled = self.webhook("purchase.cancelled")?;
        check(canceled.status == Some(PurchaseStatus::Cancelled), "the cancellation", &canceled)?;
        refused(self.client.charge_purchase(&id, token).await)?;
        taken(self.client.delete_recurring_token(token).await)?;
        self.webhook("purchase.recurring_token_deleted")?;
        let (id, _) = self.create(&self.purchase("chip-deleted-token", 900.0)).await?;
        refused(self.client.charge_purchase(&id, token).await)?;
        println!("charge of a canceled purchase, charge with a deleted token: refused");
        Ok(())
    }

    async fn repeat_after_lost_answer(&self, token: &str) -> Result<()> {
        let (id, _) = self.create(&self.purchase("chip-renewal", 2500.0)).await?;
        let fault = r#"{"kind":"reset","when":"after_acting","operation":"POST /revio/**/charge/"}"#;
        shop::post(&format!("{}/_sandbox/faults", env::var("SANDBOX_URL")?), None, fault)?;
        let lost = self.client.charge_purchase(&id, token).await;
        check(lost.is_err(), "a lost answer", &lost.is_ok())?;
        self.webhook("purchase.paid")?;
        let (again, _) = self.create(&self.purchase("chip-renewal", 2500.0)).await?;
        taken(self.client.charge_purchase(&again, token).await)
    }
}

/// The platform took the request: the answer was a success, whether the client could read it or not.
fn taken(answer: std::result::Result<Purchase, ChipError>) -> Result<()> {
    match answer {
        Err(ChipError::Http(error)) if error.is_decode() => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

/// The platform refused the request in its own words.
fn refused(answer: std::result::Result<Purchase, ChipError>) -> Result<()> {
    match answer {
        Err(ChipError::Api { status: 400, .. }) => Ok(()),
        other => Err(format!("not refused: {other:?}").into()),
    }
}

fn check(holds: bool, what: &str, seen: &impl std::fmt::Debug) -> Result<()> {
    if holds { Ok(()) } else { Err(format!("{what}: {seen:?}").into()) }
}
