//! No bytes that a gateway could send make a reader panic.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use emspay::{
    CancelOrder, CaptureTransaction, CreateOrder, Currency, GetCurrencies, GetOrder, ListOrders, Money,
    Operation as _, RefundOrder, Reply, UpdateOrder,
};
use odd_bytes::odd_bytes;
use proptest::prelude::*;

#[path = "../../recurring-fixtures/shared/odd_bytes.rs"]
mod odd_bytes;

/// Reading every stored answer does not count as a use of it: each needs a test of its own.
const PROVIDER: &str = "emspay";

proptest! {
    #[test]
    fn no_reply_panics(body in odd_bytes(PROVIDER), status in prop::sample::select(vec![200_u16, 201, 204, 307, 400, 401, 404, 500])) {
        let reply = Reply::new(status, Vec::new(), body);
        let money = Money::from_minor(4000, Currency::from_code("EUR").expect("EUR")).expect("money");
        let _ = CreateOrder::first("1", money).read(&reply);
        let _ = GetOrder::new("1").read(&reply);
        let _ = CancelOrder::new("1").read(&reply);
        let _ = RefundOrder::new("1", money).read(&reply);
        let _ = UpdateOrder::new("1").read(&reply);
        let _ = CaptureTransaction::new("1", "2").read(&reply);
        let _ = ListOrders::created_between("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z").read(&reply);
        let _ = GetCurrencies::new().read(&reply);
    }
}
