//! What a program has in its hands before a charge: owned texts, as from a row of its database. Both ways begin with the
//! same, and to make them is not counted.

use std::hint::black_box;

use crate::repeat::repeat;

/// Makes the texts of a charge so often, and nothing else: what they take is taken off.
pub(crate) fn make(gateway: &str, times: usize) -> bool {
    match gateway {
        "emspay" => repeat(times, emspay, |input| drop(black_box(input))),
        "ngenius" => repeat(times, ngenius, |input| drop(black_box(input))),
        "omno" => repeat(times, omno, |input| drop(black_box(input))),
        "revio" => repeat(times, revio, |input| drop(black_box(input))),
        "tokenpay-signed" => repeat(times, tokenpay, |input| drop(black_box(input))),
        _ => false,
    }
}

pub(crate) struct Emspay {
    pub(crate) reference: String,
    pub(crate) description: String,
    pub(crate) token: String,
}

pub(crate) struct Ngenius {
    pub(crate) email: String,
    pub(crate) pan: String,
    pub(crate) expiry: String,
    pub(crate) cvv: String,
    pub(crate) name: String,
}

pub(crate) struct Omno {
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) address: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) country: String,
    pub(crate) postal_code: String,
    pub(crate) phone: String,
    pub(crate) email: String,
    pub(crate) hook_url: String,
    pub(crate) callback: String,
    pub(crate) callback_fail: String,
    pub(crate) lang: String,
    pub(crate) order_id: String,
    pub(crate) token: String,
}

pub(crate) struct Revio {
    pub(crate) purchase: String,
    pub(crate) token: String,
}

pub(crate) struct TokenPay {
    pub(crate) user: String,
    pub(crate) token: String,
    pub(crate) reference: String,
}

pub(crate) fn emspay() -> Emspay {
    Emspay {
        reference: "2".to_owned(),
        description: "Credit card order - Actual recurring".to_owned(),
        token: "0c8fd8ab-25ec-4109-ac8f-495804aa5026".to_owned(),
    }
}

pub(crate) fn ngenius() -> Ngenius {
    Ngenius {
        email: "customer@example.com".to_owned(),
        pan: "4012001037141112".to_owned(),
        expiry: "2025-04".to_owned(),
        cvv: "123".to_owned(),
        name: "Test Customer".to_owned(),
    }
}

pub(crate) fn omno() -> Omno {
    Omno {
        first_name: "Test".to_owned(),
        last_name: "Customer".to_owned(),
        address: "1 Example Street".to_owned(),
        city: "Tallinn".to_owned(),
        state: "Harju".to_owned(),
        country: "EE".to_owned(),
        postal_code: "10111".to_owned(),
        phone: "+3725550100".to_owned(),
        email: "customer@example.com".to_owned(),
        hook_url: "https://shop.example/hooks/omno".to_owned(),
        callback: "https://shop.example/paid".to_owned(),
        callback_fail: "https://shop.example/failed".to_owned(),
        lang: "en".to_owned(),
        order_id: "attempt-0002".to_owned(),
        token: "retrieved_card_token".to_owned(),
    }
}

pub(crate) fn revio() -> Revio {
    Revio {
        purchase: "00000000-0000-4000-8000-0000000000a1".to_owned(),
        token: "82e6eb62-90e8-405c-9ec9-d43affba41d2".to_owned(),
    }
}

pub(crate) fn tokenpay() -> TokenPay {
    TokenPay {
        user: "user1".to_owned(),
        token: "436".to_owned(),
        reference: "merRef1656991803097".to_owned(),
    }
}
