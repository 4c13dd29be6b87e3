//! One charge by hand: the members that a careful program needs, with serde and nothing else.
#![allow(clippy::expect_used, reason = "a benchmark that goes wrong must stop")]

use std::hint::black_box;

use serde::{Deserialize, Serialize};

pub(crate) fn charge(gateway: &str) -> Option<fn()> {
    Some(match gateway {
        "emspay" => emspay,
        "ngenius" => ngenius,
        "omno" => omno,
        "revio" => revio,
        "tokenpay-signed" => tokenpay_signed,
        _ => return None,
    })
}

/// Writes the body, and reads the answer as it comes from an HTTP client.
fn exchange<A: for<'de> Deserialize<'de>>(body: &impl Serialize, answer: &[u8]) -> A {
    black_box(serde_json::to_vec(body).expect("a body"));
    let received = answer.to_vec();
    serde_json::from_slice(&received).expect("an answer")
}

fn emspay() {
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
    struct Order {
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
    let body = Body {
        merchant_order_id: "2",
        amount: 4000,
        currency: "EUR",
        description: "Credit card order - Actual recurring",
        transactions: [Payment {
            payment_method: "credit-card",
            payment_method_details: Details {
                recurring_type: "recurring",
                vault_token: "0c8fd8ab-25ec-4109-ac8f-495804aa5026",
            },
        }],
    };
    let order: Order = exchange(&body, answer!("emspay/create-order/recurring"));
    assert!(order.amount == 4000 && order.currency == "EUR", "another amount");
    assert_eq!(order.merchant_order_id.as_deref(), Some("2"));
    black_box(order);
}

fn ngenius() {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        order: Order<'a>,
        payment: Card<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Order<'a> {
        action: &'a str,
        channel: &'a str,
        r#type: &'a str,
        frequency: &'a str,
        email_address: &'a str,
        amount: Amount<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Amount<'a> {
        currency_code: &'a str,
        value: i64,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Card<'a> {
        pan: &'a str,
        expiry: &'a str,
        cvv: &'a str,
        cardholder_name: &'a str,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "read as a program reads it")]
    struct Answer {
        state: String,
        reference: Option<String>,
        frequency: Option<String>,
        order_reference: Option<String>,
        outlet_id: Option<String>,
        merchant_order_reference: Option<String>,
        start_time: Option<String>,
        next_payment_on: Option<String>,
    }
    let body = Body {
        order: Order {
            action: "SALE",
            channel: "MoTo",
            r#type: "RECURRING",
            frequency: "MONTHLY",
            email_address: "customer@example.com",
            amount: Amount { currency_code: "AED", value: 150 },
        },
        payment: Card {
            pan: "4012001037141112",
            expiry: "2025-04",
            cvv: "123",
            cardholder_name: "Test Customer",
        },
    };
    let outlet = "5edab6d7-5946-43f4-b8c7-06b29c272bdd";
    black_box(format!("/transactions/outlets/{outlet}/recurring-payment"));
    let answer: Answer = exchange(&body, answer!("ngenius/create-recurring-payment/documented"));
    assert_eq!(answer.outlet_id.as_deref(), Some(outlet));
    black_box(answer);
}

fn omno() {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        amount: f64,
        currency: &'a str,
        hook_url: &'a str,
        callback: &'a str,
        callback_fail: &'a str,
        billing: Billing<'a>,
        lang: &'a str,
        order_id: &'a str,
        card_token: &'a str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Billing<'a> {
        first_name: &'a str,
        last_name: &'a str,
        address1: &'a str,
        city: &'a str,
        state: &'a str,
        country: &'a str,
        postal_code: &'a str,
        phone: &'a str,
        email: &'a str,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "read as a program reads it")]
    struct Answer {
        payment_id: String,
        payment_url: Option<String>,
        payment_url_iframe: Option<String>,
        payment_url_iframe_apm: Option<String>,
        status: Option<String>,
    }
    let body = Body {
        amount: 49.99,
        currency: "EUR",
        hook_url: "https://shop.example/hooks/omno",
        callback: "https://shop.example/paid",
        callback_fail: "https://shop.example/failed",
        billing: Billing {
            first_name: "Test",
            last_name: "Customer",
            address1: "1 Example Street",
            city: "Tallinn",
            state: "Harju",
            country: "EE",
            postal_code: "10111",
            phone: "+3725550100",
            email: "customer@example.com",
        },
        lang: "en",
        order_id: "attempt-0002",
        card_token: "retrieved_card_token",
    };
    let answer: Answer = exchange(&body, answer!("omno/create-payment/with-card-token"));
    black_box(answer);
}

fn revio() {
    #[derive(Serialize)]
    struct Body<'a> {
        recurring_token: &'a str,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "read as a program reads it")]
    struct Purchase {
        id: String,
        status: String,
        is_recurring_token: Option<bool>,
        force_recurring: Option<bool>,
        recurring_token: Option<String>,
        checkout_url: Option<String>,
        client_id: Option<String>,
        brand_id: Option<String>,
        reference: Option<String>,
        purchase: Details,
        payment: Option<Payment>,
        transaction_data: Option<Transactions>,
        refundable_amount: Option<i64>,
        created_on: Option<i64>,
        updated_on: Option<i64>,
        due: Option<i64>,
        is_test: Option<bool>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "read as a program reads it")]
    struct Details {
        total: i64,
        total_override: Option<i64>,
        currency: String,
        products: Vec<Product>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "read as a program reads it")]
    struct Product {
        name: Option<String>,
        price: Option<i64>,
        quantity: Option<String>,
        discount: Option<i64>,
        tax_percent: Option<String>,
        category: Option<String>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "read as a program reads it")]
    struct Payment {
        payment_type: Option<String>,
        amount: Option<i64>,
        currency: Option<String>,
        net_amount: Option<i64>,
        fee_amount: Option<i64>,
        paid_on: Option<i64>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "read as a program reads it")]
    struct Transactions {
        payment_method: Option<String>,
        flow: Option<String>,
        country: Option<String>,
        #[serde(default)]
        attempts: Vec<Attempt>,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "read as a program reads it")]
    struct Attempt {
        r#type: Option<String>,
        successful: Option<bool>,
        payment_method: Option<String>,
        processing_time: Option<i64>,
    }
    let id = "00000000-0000-4000-8000-0000000000a1";
    black_box(format!("/purchases/{id}/charge/"));
    let body = Body { recurring_token: "82e6eb62-90e8-405c-9ec9-d43affba41d2" };
    let purchase: Purchase = exchange(&body, answer!("revio/charge-purchase/paid"));
    assert!(purchase.purchase.total == 100 && purchase.purchase.currency == "ZAR", "another amount");
    assert_eq!(purchase.id, id);
    black_box(purchase);
}

fn tokenpay_signed() {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        merchant_id: i64,
        user_id: &'a str,
        token_id: &'a str,
        merchant_reference: &'a str,
        amount: i64,
        parent_order_id: i64,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        response_code: String,
        message: Option<String>,
        order: Order,
        transaction: Option<Transaction>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "read as a program reads it")]
    struct Order {
        id: i64,
        merchant_id: Option<i64>,
        merchant_reference: Option<String>,
        currency: Option<String>,
        amount: f64,
        net_amount: Option<f64>,
        card_type: Option<String>,
        email: Option<String>,
        create_time: Option<String>,
        update_time: Option<String>,
        status: String,
        recurring: Option<bool>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "read as a program reads it")]
    struct Transaction {
        id: Option<i64>,
        merchant_id: Option<i64>,
        r#type: Option<String>,
        amount: Option<f64>,
        currency: Option<String>,
        status: Option<String>,
        masked_pan: Option<String>,
        stan: Option<String>,
    }
    let body = Body {
        merchant_id: 3,
        user_id: "user1",
        token_id: "436",
        merchant_reference: "merRef1656991803097",
        amount: 30,
        parent_order_id: 5798,
    };
    let answer: Answer = exchange(&body, answer!("tokenpay-signed/recurring/documented"));
    assert!(
        answer.response_code == "0000" && answer.order.currency.as_deref() == Some("USD"),
        "another answer"
    );
    assert_eq!(answer.order.merchant_reference.as_deref(), Some("merRef1656991803097"));
    black_box((answer.message, answer.order, answer.transaction));
}
