#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, clippy::panic, reason = "only tests use it")]

use std::time::Duration;

use recurring_core::{Error, HttpOptions, Reply};
use recurring_facade::{
    Agreement, AttemptId, Billing, Currency, Customer, EnrolRequest, Facade, Money, Outcome, ProviderId,
    Settings, StoredCredential,
};
use recurring_fixtures::Case;
use recurring_fixtures::fault::RawReply;
use recurring_gateway::{BaseUrl, Class, Method, PreparedRequest, Transport};
use recurring_sandbox::Sandbox;

/// Approved always.
pub const GOOD_CARD: &str = "4111111111111111";
/// Approved while the customer is present, refused later.
pub const FADING_CARD: &str = "4000000000000341";

pub fn settings(sandbox: &Sandbox) -> Settings {
    Settings::new().set_all(sandbox.settings()).expect("known names")
}

pub async fn sandbox() -> (Sandbox, Facade) {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let facade = settings(&sandbox).facade().expect("a facade");
    (sandbox, facade)
}

pub fn attempt(name: &str) -> AttemptId {
    AttemptId::new(name).expect("an attempt")
}

/// 40.00 in a currency that the gateway's account in the sandbox has.
pub fn price(id: &ProviderId) -> Money {
    let code = match id.as_str() {
        "ngenius" => "AED",
        "tokenpay-signed" => "USD",
        "revio" => "ZAR",
        _ => "EUR",
    };
    Money::from_minor(4000, Currency::from_code(code).expect("a currency")).expect("money")
}

pub fn enrol_request(id: &ProviderId, name: &str) -> EnrolRequest {
    let mut customer = Customer::new(format!("customer-{name}"), "ann@example.org");
    customer.billing = Some(billing());
    let mut request = EnrolRequest::new(attempt(&format!("{name}-first")), price(id), customer);
    request.success_url = Some("https://shop.example/paid".to_owned());
    request.failure_url = Some("https://shop.example/failed".to_owned());
    request.notification_url = Some("https://shop.example/notify".to_owned());
    request
}

pub fn billing() -> Billing {
    let text = str::to_owned;
    Billing {
        first_name: text("Ann"),
        last_name: text("Example"),
        address1: text("1 High Street"),
        city: text("Amsterdam"),
        state: text("NH"),
        country: text("NL"),
        postal_code: text("1011AA"),
        phone: text("+31200000000"),
        email: text("ann@example.org"),
    }
}

/// The customer's browser: sends the form of the page.
pub async fn customer_pays(page: &str, card: &str) {
    customer(page, card, "pay").await;
}

/// The customer's browser: leaves the page by its way to the merchant's failure page.
pub async fn customer_declines(page: &str) {
    customer(page, GOOD_CARD, "decline").await;
}

async fn customer(page: &str, card: &str, action: &str) {
    let (origin, path) = page.split_at(page.match_indices('/').nth(2).expect("a path").0);
    let form = format!("card_number={card}&expiry=12%2F30&cvc=123&cardholder=Ann+Example&action={action}");
    post(origin, path, "application/x-www-form-urlencoded", form).await;
}

/// One of the sandbox's own calls.
pub async fn post_json(sandbox: &Sandbox, path: &str, body: &str) {
    post(sandbox.url(), path, "application/json", body.to_owned()).await;
}

pub async fn post(origin: &str, path: &str, content_type: &str, body: String) {
    let base = BaseUrl::parse("page", origin).expect("an address on this machine");
    let request = PreparedRequest::new("post", Class::Write, Method::Post, path.to_owned())
        .header("content-type", content_type.to_owned())
        .body(body.into_bytes());
    let transport = Transport::new(HttpOptions::new()).expect("options");
    let reply: Result<Reply, Error<String>> = transport.send(&base, &request).await;
    let status = reply.expect("a reply").status();
    assert!((200..400).contains(&status), "{path} answered {status}");
}

/// A first payment from beginning to end.
pub async fn enrolled(facade: &Facade, id: &ProviderId, name: &str, card: &str) -> StoredCredential {
    let started = facade.enrol(id, enrol_request(id, name)).await.expect("begun");
    assert_eq!(started.payment.outcome, Outcome::ActionRequired, "{id}");
    customer_pays(started.payment.redirect.as_deref().expect("a page"), card).await;
    let enrolment = facade.resume(started.pending).await.expect("resumed");
    assert_eq!(enrolment.payment.outcome, Outcome::Paid, "{id}");
    match enrolment.agreement {
        Some(Agreement::ChargeOnDemand(credential)) => credential,
        other => panic!("{id}: no stored credential but {other:?}"),
    }
}

/// The documented answer of an example.
pub fn good(case: &str) -> RawReply {
    RawReply::json(200, Case::load(case).response_body())
}

/// The sandbox's settings, for its keys, with the server's address in the place of the sandbox's.
pub fn facade_at(id: &ProviderId, url: &str, sandbox: &Sandbox) -> Facade {
    ["OMNO_BASE_URL", "NGENIUS_BASE_URL", "TOKENPAY_BASE_URL", "REVIO_BASE_URL", "EMSPAY_BASE_URL"]
        .into_iter()
        .try_fold(settings(sandbox), |settings: Settings, name| settings.set(name, url))
        .and_then(|settings| settings.set("OMNO_TOKEN_URL", format!("{url}/token")))
        .expect("known names")
        .with_timeout(Duration::from_millis(500))
        .facade_of(id)
        .expect("a facade")
}

/// A stored credential that is made up.
pub fn credential(id: &ProviderId) -> StoredCredential {
    let json = match id.as_str() {
        "emspay" => r#"{"provider":"emspay","vault_token":"t"}"#.to_owned(),
        "revio" => r#"{"provider":"revio","client_id":"c","recurring_token":"t"}"#.to_owned(),
        "omno" => {
            let billing = serde_json::to_string(&billing()).expect("JSON");
            format!(r#"{{"provider":"omno","customer_id":"c","card_token":"t","billing":{billing}}}"#)
        }
        _ => r#"{"provider":"tokenpay-signed","user_id":"u","token_id":"436","parent_order_id":5798}"#
            .to_owned(),
    };
    serde_json::from_str(&json).expect("a credential")
}
