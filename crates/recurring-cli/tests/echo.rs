//! Gateways that quote the secrets of a call in every form: nothing of them in the output, the log or the journal.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;
mod hostile;

use common::Sandbox;
use hostile::Gateway;

const KEY: &str = "canary/api-key-4711";
const TOKEN: &str = "canary/card-token-0815";
const ACCESS: &str = "canary/access-token-1123";
/// base64 of `canary-user-4711:canary-password/2342`
const BASIC: &str = "Y2FuYXJ5LXVzZXItNDcxMTpjYW5hcnktcGFzc3dvcmQvMjM0Mg==";
const PAN: &str = "4012001037141112";
const BILLING: &str = r#"{"first_name":"Ann","last_name":"Example","address1":"1 High Street","city":"London",
    "state":"LND","country":"GB","postal_code":"SW1A 1AA","phone":"+442079460000","email":"ann@example.org"}"#;
/// In the place of `REF` is the reference that the gateway was sent.
const EMSPAY: [&str; 2] = [
    r#"{"id":"ID","status":"completed","amount":4000,"currency":"EUR","merchant_order_id":"REF","description":"ECHO","order_url":"https://pay.example/ECHO",
    "transactions":[{"id":"ID","status":"completed","reason":"ECHO","customer_message":"ECHO","payment_url":"https://pay.example/ECHO",
    "payment_method_details":{"truncated_pan":"ECHO","cardholder_name":"ECHO","vault_token":"new"}}]}"#,
    r#"{"id":"ID","status":"ECHO","amount":4000,"currency":"EUR","merchant_order_id":"ECHO","order_url":"ECHO",
    "transactions":[{"id":"ID","status":"error","reason":"ECHO","customer_message":"ECHO"}],"error":{"type":"ECHO","value":"ECHO","property_path":"ECHO"}}"#,
];
const REVIO: [&str; 2] = [
    r#"{"id":"ID","status":"paid","brand_id":"brand","client_id":"client","reference":"REF","checkout_url":"https://pay.example/ECHO",
    "is_recurring_token":true,"purchase":{"total":4000,"currency":"ZAR","notes":"ECHO"},
    "payment":{"amount":4000,"currency":"ZAR","description":"ECHO"},"transaction_data":{"attempts":[{"error":{"code":"ECHO","message":"ECHO"}}]},
    "results":[{"id":"ID","description":"ECHO","payment_method":"ECHO"}],"next":"https://pay.example/ECHO"}"#,
    r#"{"id":"ID","status":"ECHO","brand_id":"brand","client_id":"client","reference":"ECHO","purchase":{"total":4000,"currency":"ECHO"},
    "transaction_data":{"attempts":[{"error":{"code":"ECHO","message":"ECHO"}}]},"__all__":[{"message":"ECHO","code":"ECHO"}]}"#,
];
const OMNO: [&str; 2] = [
    r#"{"paymentId":"ID","id":"ID","orderId":"REF","status":"Paid","amount":40.00,"currency":"EUR","paymentUrl":"https://pay.example/ECHO",
    "psp":"ECHO","cardMask":"ECHO","message":"ECHO","cards":[{"cardToken":"new","cardMask":"ECHO","brand":"ECHO"}]}"#,
    r#"{"paymentId":"ID","status":"ECHO","orderId":"ECHO","currency":"ECHO","message":"ECHO","error":"ECHO","error_description":"ECHO","paymentResult":"ECHO"}"#,
];
const NGENIUS: [&str; 2] = [
    r#"{"_id":"ID","reference":"ID","state":"CAPTURED","outletId":"outlet","orderReference":"ID","merchantOrderReference":"REF",
    "amount":{"currencyCode":"AED","value":4000},"emailAddress":"ECHO","authResponse":{"success":true,"resultMessage":"ECHO","resultCode":"00","rrn":"ECHO"},
    "paymentMethod":{"name":"ECHO","pan":"ECHO","cardholderName":"ECHO"},"_embedded":{"payment":[{"_id":"ID","reference":"ID","state":"CAPTURED",
    "amount":{"currencyCode":"AED","value":4000},"authResponse":{"resultMessage":"ECHO"},"paymentMethod":{"pan":"ECHO"}}]}}"#,
    r#"{"reference":"ID","state":"ECHO","message":"ECHO","code":"ECHO","errors":[{"message":"ECHO","localizedMessage":"ECHO","errorCode":"ECHO","domain":"ECHO"}]}"#,
];
const TOKENPAY: [&str; 2] = [
    r#"{"responseCode":"0000","message":"ECHO","order":{"id":5803,"merchantId":3,"merchantReference":"REF","currency":"USD","amount":40,"status":"SUCCESS",
    "cardType":"ECHO"},"transaction":{"id":"ID","merchantId":3,"type":"SALE","amount":40,"currency":"USD","status":"SUCCESS","maskedPan":"ECHO","stan":"ECHO"},
    "tokens":[{"tokenId":"77","maskedPan":"ECHO","cardType":"ECHO"}],"redirectUrl":"https://pay.example/ECHO"}"#,
    r#"{"responseCode":"ECHO","message":"ECHO","order":{"id":"ID","merchantReference":"ECHO","currency":"ECHO","status":"ECHO"},
    "transaction":{"id":"ID","type":"ECHO","status":"ECHO","maskedPan":"ECHO"}}"#,
];

/// What every gateway is asked; `NEW` is the name of a new attempt or file.
const CHARGE: &str =
    "charge --attempt NEW --credential FOLDER/credential.json --amount 40.00 --currency CURRENCY";
const ENROL: &str = "enrol --attempt NEW --amount 40.00 --currency CURRENCY --customer ann --email ann@example.org \
    --success-url https://shop.example/paid --failure-url https://shop.example/no --notification-url https://shop.example/n \
    --pending FOLDER/NEW.pending";
const RESUME: &str = "resume FOLDER/pending.json --credential FOLDER/NEW.credential";
const STATUS: &str = "status 1";
const REFUND: &str = "refund 1 --attempt NEW --amount 40.00 --currency CURRENCY";
const CAPTURE: &str = "capture 1 --attempt NEW";
const CARDS: &str = "cards client";

#[test]
fn emspay_quotes_reach_neither_output_nor_journal() {
    let gateway = Gateway::start("emspay", "EUR")
        .set("EMSPAY_BASE_URL", "URL")
        .set("EMSPAY_API_KEY", KEY)
        .file("credential.json", &format!(r#"{{"provider":"emspay","vault_token":"{TOKEN}"}}"#))
        .file("pending.json", r#"{"provider":"emspay","order_id":"1"}"#);
    gateway.quotes(EMSPAY, &[(KEY, &[CHARGE, STATUS, REFUND, ENROL, CAPTURE, RESUME]), (TOKEN, &[CHARGE])]);
}

#[test]
fn revio_quotes_reach_neither_output_nor_journal() {
    let credential = format!(r#"{{"provider":"revio","client_id":"client","recurring_token":"{TOKEN}"}}"#);
    let gateway = Gateway::start("revio", "ZAR")
        .set("REVIO_BASE_URL", "URL")
        .set("REVIO_API_KEY", KEY)
        .set("REVIO_BRAND_ID", "brand")
        .file("credential.json", &credential)
        .file("pending.json", r#"{"provider":"revio","client_id":"client","purchase_id":"1"}"#);
    let asked = [CHARGE, STATUS, REFUND, ENROL, CAPTURE, RESUME, CARDS];
    gateway.quotes(REVIO, &[(KEY, &asked), (TOKEN, &[CHARGE])]);
}

#[test]
fn omno_quotes_reach_neither_output_nor_journal() {
    let credential =
        format!(r#"{{"provider":"omno","customer_id":"ann","card_token":"{TOKEN}","billing":{BILLING}}}"#);
    let pending =
        format!(r#"{{"provider":"omno","payment_id":"1","customer_id":"ann","billing":{BILLING}}}"#);
    let gateway = Gateway::start("omno", "EUR")
        .set("OMNO_BASE_URL", "URL")
        .set("OMNO_TOKEN_URL", "URL/token")
        .set("OMNO_CLIENT_ID", "client")
        .set("OMNO_CLIENT_SECRET", KEY)
        .set("OMNO_HOOK_URL", "https://shop.example/hook")
        .set("OMNO_CALLBACK_URL", "https://shop.example/paid")
        .set("OMNO_CALLBACK_FAIL_URL", "https://shop.example/no")
        .token("/token", ACCESS)
        .file("billing.json", BILLING)
        .file("credential.json", &credential)
        .file("pending.json", &pending);
    let enrol = format!("{ENROL} --billing FOLDER/billing.json");
    let asked = [CHARGE, STATUS, &enrol, RESUME, CARDS];
    gateway.quotes(OMNO, &[(KEY, &asked), (ACCESS, &asked), (TOKEN, &[CHARGE])]);
}

#[test]
fn ngenius_quotes_reach_neither_output_nor_journal() {
    let gateway = Gateway::start("ngenius", "AED")
        .set("NGENIUS_BASE_URL", "URL")
        .set("NGENIUS_API_KEY", BASIC)
        .set("NGENIUS_OUTLET", "outlet")
        .token("/access-token", ACCESS)
        .input(&format!(
            r#"{{"pan":"{PAN}","expiry":"2049-12","cvv":"987","cardholder_name":"Ann Example"}}"#
        ));
    let schedule =
        "schedule --attempt NEW --frequency MONTHLY --email ann@example.org --amount 40.00 --currency AED";
    let asked = [schedule, STATUS, REFUND, schedule, CAPTURE];
    gateway.quotes(NGENIUS, &[(BASIC, &asked), (ACCESS, &asked), (PAN, &[schedule])]);
}

#[test]
fn tokenpay_quotes_reach_neither_output_nor_journal() {
    // Its key signs, and is never sent. Its tokens have no slash.
    const TOKEN: &str = "canary+card-token-0815";
    let sandbox = Sandbox::start("echo-key");
    let file = sandbox.settings().into_iter().find(|(name, _)| name == "TOKENPAY_PRIVATE_KEY_FILE");
    let credential = format!(
        r#"{{"provider":"tokenpay-signed","user_id":"ann","token_id":"{TOKEN}","parent_order_id":5798}}"#
    );
    let pending = r#"{"provider":"tokenpay-signed","attempt":"first","user_id":"ann","amount_minor":4000,"currency":"USD","known_tokens":["436"]}"#;
    let gateway = Gateway::start("tokenpay-signed", "USD")
        .set("TOKENPAY_BASE_URL", "URL")
        .set("TOKENPAY_MERCHANT_ID", "3")
        .set("TOKENPAY_CURRENCY", "USD")
        .set("TOKENPAY_PRIVATE_KEY_FILE", &file.expect("a key").1)
        .file("credential.json", &credential)
        .file("pending.json", pending);
    gateway.quotes(TOKENPAY, &[(TOKEN, &[CHARGE])]);
}
