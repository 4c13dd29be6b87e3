//! An order whose answer was lost: its own name for it is not unique here, and orders can only be listed by period.

use std::time::SystemTime;

use async_trait::async_trait;
use emspay::{ListOrders, Order};
use jiff::{SignedDuration, Timestamp};
use recurring_core::InvalidInput;

use super::{Emspay, error, payment};
use crate::adapters::check_found;
use crate::error::Error;
use crate::payment::Payment;
use crate::provider::{Found, LookUp, LostCharge, ProviderId};

/// How far the gateway's clock may be from ours.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

#[async_trait]
impl LookUp for Emspay {
    /// Reads the order, if its identifier is known. Otherwise lists the orders of the period and some minutes around
    /// it, and keeps those with the attempt's name.
    ///
    /// That orders can be listed is documented by other brands of the platform only, and whether a long list is cut is
    /// documented nowhere: what is not in it may exist.
    async fn look_up(&self, lost: &LostCharge) -> Result<Found, Error> {
        if let Some(known) = &lost.payment {
            let order = self.client.get_order(known.as_str()).await.map_err(error)?;
            return Ok(Found::Payment(the_one(&order, lost)?));
        }
        let orders = self.client.list_orders(&period(lost)?).await.map_err(error)?;
        let named: Vec<&Order> = orders.iter().filter(|order| may_be(order, lost)).collect();
        Ok(match named.as_slice() {
            [] => Found::Nothing,
            [order] => Found::Payment(the_one(order, lost)?),
            several => Found::Several(several.iter().map(|order| payment(order)).collect()),
        })
    }
}

/// Whole seconds, since no document says that the gateway takes more; the margin is wider than what that cuts off.
fn period(lost: &LostCharge) -> Result<ListOrders, Error> {
    let invalid = |field, rule| Error::invalid(ProviderId::EMSPAY, InvalidInput::new(field, rule));
    if lost.until < lost.from {
        return Err(invalid("until", "must not lie before `from`"));
    }
    let second = |field, time: SystemTime, margin: SignedDuration| {
        Timestamp::try_from(time)
            .and_then(|time| time.checked_add(margin))
            .and_then(|time| Timestamp::from_second(time.as_second()))
            .map_err(|_| invalid(field, "must be a time of this age"))
    };
    Ok(ListOrders::created_between(second("from", lost.from, -MARGIN)?, second("until", lost.until, MARGIN)?))
}

/// Whether an order of the list has the attempt's name. A refund is an order too, and may repeat the name of the order
/// whose money it gives back.
fn may_be(order: &Order, lost: &LostCharge) -> bool {
    order.merchant_order_id.as_deref() == Some(lost.attempt.as_str()) && !is_refund(order)
}

fn is_refund(order: &Order) -> bool {
    order.refund_of_order_id.is_some() || order.flags.iter().any(|flag| flag == "is-refund")
}

/// The order must be the one that was made for the attempt, as far as it says.
fn the_one(order: &Order, lost: &LostCharge) -> Result<Payment, Error> {
    let name = order.merchant_order_id.as_deref();
    let currency = order.currency.as_deref();
    check_found(
        ProviderId::EMSPAY,
        Some(&order.id),
        &[
            ("merchant_order_id", name.is_none_or(|name| name == lost.attempt.as_str())),
            ("amount", order.amount.is_none_or(|minor| minor == lost.amount.minor())),
            ("currency", currency.is_none_or(|code| code == lost.amount.currency().code())),
            ("refund_of_order_id", !is_refund(order)),
        ],
    )?;
    Ok(payment(order))
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test stops by panicking")]
mod tests {
    use recurring_core::{AttemptId, Currency, Money};

    use super::*;

    #[test]
    fn an_order_is_the_attempts_by_its_name_and_a_refund_never_is() {
        let amount = Money::from_minor(4000, Currency::from_code("EUR").expect("a currency"));
        let attempt = AttemptId::new("a-1").expect("an attempt");
        let now = SystemTime::now();
        let lost = LostCharge::new(attempt, amount.expect("money"), now, now);
        // Whether it is kept from a list, and whether it is the charge.
        for (members, kept, is_it) in [
            (r#""merchant_order_id":"a-1""#, true, true),
            (r#""merchant_order_id":"a-1","amount":4000,"currency":"EUR","flags":["is-test"]"#, true, true),
            (r#""merchant_order_id":"a-1","amount":4001"#, true, false),
            (r#""merchant_order_id":"a-1","currency":"GBP""#, true, false),
            (r#""merchant_order_id":"a-1","flags":["is-refund"]"#, false, false),
            (r#""merchant_order_id":"a-1","refund_of_order_id":"o-9""#, false, false),
            (r#""merchant_order_id":"A-1""#, false, false),
            (r#""merchant_order_id":"a-10""#, false, false),
            // Without a name it is only the charge when it was asked for by its identifier.
            (r#""merchant_order_id":null"#, false, true),
        ] {
            let order: Order = serde_json::from_str(&format!(r#"{{"id":"o-1",{members}}}"#)).expect(members);
            assert_eq!((may_be(&order, &lost), the_one(&order, &lost).is_ok()), (kept, is_it), "{members}");
        }
    }
}
