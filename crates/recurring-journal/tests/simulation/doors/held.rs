//! Payments to give back, and held payments to capture.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_core::{Error, HttpOptions, Reply};
use recurring_facade::{Money, Operation, Outcome, PaymentRef, ProviderId};
use recurring_gateway::{BaseUrl, Class, Method, PreparedRequest, Transport};

use crate::process::Bench;
use crate::world::common::{GOOD_CARD, customer_pays, price};
use crate::world::schedule_request;

/// A payment that was taken, under this reference.
pub(super) async fn paid(bench: &Bench, name: &str) -> PaymentRef {
    let (facade, id) = (bench.facade(), bench.provider());
    let payment = if facade.capabilities(id).unwrap().has(Operation::Charge) {
        facade.charge(bench.request(name, GOOD_CARD)).await.unwrap()
    } else {
        facade.schedule(id, schedule_request(name)).await.unwrap().payment
    };
    let payment = payment.payment.unwrap();
    // EMS Online says that a payment is complete when it is read.
    let read = facade.status(id, &payment).await.unwrap();
    assert_eq!(read.payment.outcome, Outcome::Paid, "{id}");
    payment
}

/// A payment that is only held, under this reference.
pub(super) async fn held(bench: &Bench, name: &str) -> PaymentRef {
    let (facade, amount) = (bench.facade(), price(bench.provider()));
    match bench.provider().as_str() {
        "revio" => {
            let client = facade.native::<revio::Client>().unwrap();
            let payer = revio::Payer::email("ann@example.org");
            let brand = client.brand_id().unwrap();
            let purchase = revio::CreatePurchase::one_product(brand, payer, "Deposit", amount)
                .with_reference(name)
                .with_skip_capture(true);
            let purchase = client.create_purchase(&purchase).await.unwrap();
            customer_pays(&purchase.checkout_address().unwrap(), GOOD_CARD).await;
            PaymentRef::new(purchase.id)
        }
        "ngenius" => {
            let client = facade.native::<ngenius::Client>().unwrap();
            let card = ngenius::Card::new(GOOD_CARD, "2049-12", "123", "Ann Example").unwrap();
            let monthly = ngenius::Frequency::from("MONTHLY");
            let create = ngenius::CreateRecurringPayment::new(amount, monthly, "ann@example.org", card)
                .with_action(ngenius::Action::from("AUTH"))
                .with_merchant_order_reference(name);
            let order = client.create_recurring_payment(&create).await.unwrap().order_reference.unwrap();
            let read = client.get_order(&order).await.unwrap();
            PaymentRef::new(format!("{order}:{}", read.payments[0].reference.as_ref().unwrap()))
        }
        _ => emspay_order(bench, name, amount).await,
    }
}

/// The client cannot ask EMS Online to hold a payment.
async fn emspay_order(bench: &Bench, name: &str, amount: Money) -> PaymentRef {
    let settings = bench.sandbox().settings();
    let setting = |name: &str| settings.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let body = serde_json::json!({
        "merchant_order_id": name, "amount": amount.minor(), "currency": amount.currency().code(),
        "transactions": [{"payment_method": "credit-card", "capture_mode": "manual"}],
    });
    let key = STANDARD.encode(format!("{}:", setting("EMSPAY_API_KEY")));
    let request = PreparedRequest::new("hold", Class::Write, Method::Post, "/orders/")
        .header("content-type", "application/json")
        .secret_header("authorization", format!("Basic {key}"))
        .body(body.to_string().into_bytes());
    let base = BaseUrl::parse("sandbox", &setting("EMSPAY_BASE_URL")).unwrap();
    let reply: Result<Reply, Error<String>> =
        Transport::new(HttpOptions::new()).unwrap().send(&base, &request).await;
    let order: serde_json::Value = serde_json::from_slice(reply.unwrap().body()).unwrap();
    let id = order["id"].as_str().unwrap();
    customer_pays(&format!("{}/pay/emspay/{id}", bench.sandbox().url()), GOOD_CARD).await;
    PaymentRef::new(id)
}

/// Which gateways give money back through the facade, and which capture what was held. Omno does neither, and the signed
/// gateway holds nothing.
pub(super) fn gateways(captures: bool) -> Vec<ProviderId> {
    let mut all = vec![ProviderId::NGENIUS, ProviderId::REVIO, ProviderId::EMSPAY];
    if !captures {
        all.push(ProviderId::TOKENPAY_SIGNED);
    }
    all
}
