//! The order of EMS Online by hand.
#![allow(clippy::expect_used, reason = "a benchmark that goes wrong must stop")]

use serde::{Deserialize, Serialize};

use crate::inputs;

#[derive(Serialize)]
struct Body<'a> {
    merchant_order_id: &'a str,
    amount: i64,
    currency: &'a str,
    description: &'a str,
    transactions: [Payment<'a>; 1],
}

#[derive(Serialize)]
struct Payment<'a> {
    payment_method: &'a str,
    payment_method_details: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    recurring_type: &'a str,
    vault_token: &'a str,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read as a program reads it")]
pub(crate) struct Order {
    id: String,
    status: String,
    amount: i64,
    currency: String,
    merchant_order_id: Option<String>,
    description: Option<String>,
    created: Option<String>,
    modified: Option<String>,
    completed: Option<String>,
    last_transaction_added: Option<String>,
    merchant_id: Option<String>,
    project_id: Option<String>,
    order_url: Option<String>,
    #[serde(default)]
    flags: Vec<String>,
    transactions: Vec<Transaction>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read as a program reads it")]
struct Transaction {
    id: Option<String>,
    status: String,
    amount: Option<i64>,
    currency: Option<String>,
    created: Option<String>,
    modified: Option<String>,
    payment_method: Option<String>,
    payment_method_brand: Option<String>,
    payment_method_details: Option<Card>,
    payment_url: Option<String>,
    reason: Option<String>,
    customer_message: Option<String>,
    expiration_period: Option<String>,
    credit_debit: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read as a program reads it")]
struct Card {
    recurring_type: Option<String>,
    vault_token: Option<String>,
    first_authorised_transaction_id: Option<String>,
    card_expiry: Option<String>,
    cardholder_name: Option<String>,
    truncated_pan: Option<String>,
    liability_shift: Option<bool>,
}

pub(crate) fn body(input: &inputs::Emspay) -> Vec<u8> {
    let body = Body {
        merchant_order_id: &input.reference,
        amount: 4000,
        currency: "EUR",
        description: &input.description,
        transactions: [Payment {
            payment_method: "credit-card",
            payment_method_details: Details { recurring_type: "recurring", vault_token: &input.token },
        }],
    };
    serde_json::to_vec(&body).expect("a body")
}

/// Reads the answer, and compares what shows that it is ours.
pub(crate) fn read(input: &inputs::Emspay, answer: &[u8]) -> Order {
    let order: Order = serde_json::from_slice(answer).expect("an answer");
    assert!(order.amount == 4000 && order.currency == "EUR", "another amount");
    assert_eq!(order.merchant_order_id.as_deref(), Some(input.reference.as_str()));
    order
}
