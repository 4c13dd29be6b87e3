//! No bytes that a gateway could send make a reader panic.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use odd_bytes::odd_bytes;
use omno::{
    Addresses, Billing, CreatePayment, Currency, GetPayment, ListCards, Money, Operation as _, Reply,
};
use proptest::prelude::*;

#[path = "../../recurring-fixtures/shared/odd_bytes.rs"]
mod odd_bytes;

/// Reading every stored answer does not count as a use of it: each needs a test of its own.
const PROVIDER: &str = "omno";

proptest! {
    #[test]
    fn no_reply_panics(body in odd_bytes(PROVIDER), status in prop::sample::select(vec![200_u16, 201, 204, 307, 400, 401, 404, 500])) {
        let reply = Reply::new(status, Vec::new(), body);
        let money = Money::from_minor(4999, Currency::from_code("EUR").expect("EUR")).expect("money");
        let _ = CreatePayment::new(money, Billing::default(), Addresses::default()).read(&reply);
        let _ = GetPayment::new("1").read(&reply);
        let _ = ListCards::new("1").read(&reply);
    }
}
