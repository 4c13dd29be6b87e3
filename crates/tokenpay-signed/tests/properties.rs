//! No bytes that a gateway could send make a reader panic.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use odd_bytes::odd_bytes;
use proptest::prelude::*;
use tokenpay_signed::{
    AddToken, Currency, DeleteToken, Money, OrderKey, QueryOrder, QueryToken, Recurring, RefundOrder, Reply,
    Sale, TokenId, VoidOrder,
};

#[path = "../../recurring-fixtures/shared/odd_bytes.rs"]
mod odd_bytes;

/// Reading every stored answer does not count as a use of it: each needs a test of its own.
const PROVIDER: &str = "tokenpay-signed";

proptest! {
    #[test]
    fn no_reply_panics(body in odd_bytes(PROVIDER), status in prop::sample::select(vec![200_u16, 201, 204, 307, 400, 401, 404, 500])) {
        let reply = Reply::new(status, Vec::new(), body);
        let money = Money::from_minor(3000, Currency::from_code("USD").expect("USD")).expect("money");
        let _ = Recurring::new("u", "436", money, "r", 5798).from_reply(&reply);
        let _ = Sale::new("u", "436", money, "r").from_reply(&reply);
        let _ = AddToken::new("u", "https://a.example", "https://a.example", "https://a.example").from_reply(&reply);
        let _ = QueryToken::new("u").from_reply(&reply);
        let _ = DeleteToken::new("u", TokenId::from("436")).from_reply(&reply);
        let _ = QueryOrder::new(OrderKey::OrderId(1)).from_reply(&reply);
        let _ = VoidOrder::new(OrderKey::OrderId(1)).from_reply(&reply);
        let _ = RefundOrder::new(OrderKey::OrderId(1), money).from_reply(&reply);
    }
}
