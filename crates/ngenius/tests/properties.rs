//! No bytes that a gateway could send make a reader panic.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use ngenius::{
    CapturePayment, Card, CreateRecurringPayment, Currency, Environment, Frequency, GetOrder, Money,
    Operation as _, Outlet, Reply, VoidPayment,
};
use odd_bytes::odd_bytes;
use proptest::prelude::*;

#[path = "../../recurring-fixtures/shared/odd_bytes.rs"]
mod odd_bytes;

/// Reading every stored answer does not count as a use of it: each needs a test of its own.
const PROVIDER: &str = "ngenius";

proptest! {
    #[test]
    fn no_reply_panics(body in odd_bytes(PROVIDER), status in prop::sample::select(vec![200_u16, 201, 204, 307, 400, 401, 404, 500])) {
        let reply = Reply::new(status, Vec::new(), body);
        let money = Money::from_minor(150, Currency::from_code("AED").expect("AED")).expect("money");
        let card = Card::new("4012001037141112", "2025-04", "123", "Test Customer").expect("a card");
        let outlet = Outlet::new(&Environment::UaeSandbox, "o").expect("an outlet");
        let _ = outlet.operation(&CreateRecurringPayment::new(money, Frequency::Monthly, "a@b.example", card)).read(&reply);
        let _ = outlet.operation(&GetOrder::new("1")).read(&reply);
        let _ = outlet.operation(&CapturePayment::new("1", "2", money)).read(&reply);
        let _ = outlet.operation(&VoidPayment::new("1", "2")).read(&reply);
    }
}
