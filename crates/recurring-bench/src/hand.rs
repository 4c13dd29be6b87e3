//! One charge by hand: the members that a careful program needs, with serde and nothing else.
#![allow(clippy::expect_used, reason = "a benchmark that goes wrong must stop")]

use std::hint::black_box;

use serde::{Deserialize, Serialize};

use crate::repeat::repeat;
use crate::{hand_emspay, inputs};

pub(crate) fn charge(gateway: &str, times: usize) -> bool {
    match gateway {
        "emspay" => repeat(times, inputs::emspay, emspay),
        "ngenius" => repeat(times, inputs::ngenius, ngenius),
        "omno" => repeat(times, inputs::omno, omno),
        "revio" => repeat(times, inputs::revio, revio),
        "tokenpay-signed" => repeat(times, inputs::tokenpay, tokenpay_signed),
        _ => false,
    }
}

/// Writes the body, and reads the answer as it comes from an HTTP client.
fn exchange<A: for<'de> Deserialize<'de>>(body: &impl Serialize, answer: &[u8]) -> A {
    black_box(serde_json::to_vec(body).expect("a body"));
    let received = answer.to_vec();
    serde_json::from_slice(&received).expect("an answer")
}

fn emspay(input: inputs::Emspay) {
    black_box(hand_emspay::body(&input));
    let received = Vec::from(answer!("emspay/create-order/recurring"));
    black_box(hand_emspay::read(&input, &received));
}

fn ngenius(input: inputs::Ngenius) {
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
            email_address: &input.email,
            amount: Amount { currency_code: "AED", value: 150 },
        },
        payment: Card {
            pan: &input.pan,
            expiry: &input.expiry,
            cvv: &input.cvv,
            cardholder_name: &input.name,
        },
    };
    let outlet = "5edab6d7-5946-43f4-b8c7-06b29c272bdd";
    black_box(format!("/transactions/outlets/{outlet}/recurring-payment"));
    let answer: Answer = exchange(&body, answer!("ngenius/create-recurring-payment/documented"));
    assert_eq!(answer.outlet_id.as_deref(), Some(outlet));
    black_box(answer);
}

fn omno(input: inputs::Omno) {
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
        hook_url: &input.hook_url,
        callback: &input.callback,
        callback_fail: &input.callback_fail,
        billing: Billing {
            first_name: &input.first_name,
            last_name: &input.last_name,
            address1: &input.address,
            city: &input.city,
            state: &input.state,
            country: &input.country,
            postal_code: &input.postal_code,
            phone: &input.phone,
            email: &input.email,
        },
        lang: &input.lang,
        order_id: &input.order_id,
        card_token: &input.token,
    };
    let answer: Answer = exchange(&body, answer!("omno/create-payment/with-card-token"));
    black_box(answer);
}

fn revio(input: inputs::Revio) {
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
    let id = &input.purchase;
    black_box(format!("/purchases/{id}/charge/"));
    let body = Body { recurring_token: &input.token };
    let purchase: Purchase = exchange(&body, answer!("revio/charge-purchase/paid"));
    assert!(purchase.purchase.total == 100 && purchase.purchase.currency == "ZAR", "another amount");
    assert_eq!(&purchase.id, id);
    black_box(purchase);
}

fn tokenpay_signed(input: inputs::TokenPay) {
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
        user_id: &input.user,
        token_id: &input.token,
        merchant_reference: &input.reference,
        amount: 30,
        parent_order_id: 5798,
    };
    let answer: Answer = exchange(&body, answer!("tokenpay-signed/recurring/documented"));
    let order = &answer.order;
    assert!(
        answer.response_code == "0000" && order.amount == 30.0 && order.currency.as_deref() == Some("USD"),
        "another answer"
    );
    assert_eq!(answer.order.merchant_reference.as_deref(), Some(input.reference.as_str()));
    black_box((answer.message, answer.order, answer.transaction));
}
