//! No bytes that a gateway could send make a reader panic.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use odd_bytes::odd_bytes;
use proptest::prelude::*;
use revio::{
    CapturePurchase, ChargePurchase, ClientDetails, CreateClient, CreatePurchase, Currency, GetPublicKey,
    GetPurchase, ListRecurringTokens, Money, Operation as _, Payer, PaymentMethodsQuery, RefundPurchase,
    Reply, Secret,
};

#[path = "../../recurring-fixtures/shared/odd_bytes.rs"]
mod odd_bytes;

/// Reading every stored answer does not count as a use of it: each needs a test of its own.
const PROVIDER: &str = "revio";

proptest! {
    #[test]
    fn no_reply_panics(body in odd_bytes(PROVIDER), status in prop::sample::select(vec![200_u16, 201, 204, 307, 400, 401, 404, 500])) {
        let reply = Reply::new(status, Vec::new(), body);
        let currency = Currency::from_code("ZAR").expect("ZAR");
        let money = Money::from_minor(100, currency).expect("money");
        let _ = CreateClient::new(ClientDetails::new("a@b.example")).read(&reply);
        let _ = CreatePurchase::one_product("b", Payer::client_id("c"), "n", money).read(&reply);
        let _ = GetPurchase::new("1").read(&reply);
        let _ = ChargePurchase::new("1", Secret::new("t")).with_expected(money).read(&reply);
        let _ = ListRecurringTokens::new("c").read(&reply);
        let _ = RefundPurchase::new("1").read(&reply);
        let _ = CapturePurchase::new("1").read(&reply);
        let _ = PaymentMethodsQuery::new("b", currency).read(&reply);
        let _ = GetPublicKey.read(&reply);
    }
}
