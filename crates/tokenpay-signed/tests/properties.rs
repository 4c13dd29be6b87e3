//! No bytes that a gateway could send make a reader panic.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use odd_bytes::odd_bytes;
use proptest::prelude::*;
use tokenpay_signed::{
    Account, AddToken, Currency, DeleteToken, Money, Operation as _, OrderKey, QueryOrder, QueryToken,
    Recurring, RefundOrder, Reply, Sale, TokenId, VoidOrder,
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
        let account = Account::new("3");
        let _ = account.operation(&Recurring::new("u", "436", money, "r", 5798)).read(&reply);
        let _ = account.operation(&Sale::new("u", "436", money, "r")).read(&reply);
        let _ = account.operation(&AddToken::new("u", "https://a.example", "https://a.example", "https://a.example")).read(&reply);
        let _ = account.operation(&QueryToken::new("u")).read(&reply);
        let _ = account.operation(&DeleteToken::new("u", TokenId::from("436"))).read(&reply);
        let _ = account.operation(&QueryOrder::new(OrderKey::OrderId(1))).read(&reply);
        let _ = account.operation(&VoidOrder::new(OrderKey::OrderId(1))).read(&reply);
        let _ = account.operation(&RefundOrder::new(OrderKey::OrderId(1), money)).read(&reply);
    }
}
