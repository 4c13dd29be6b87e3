//! An order whose answer was lost: its own name for it is not unique here, and orders can only be listed by period.

use std::time::Duration;

use emspay::{ListOrders, Order, RecurringType};
use recurring_core::{InvalidInput, Timestamp};

use super::Emspay;
use super::order::{error, payment};
use crate::adapters::check_found;
use crate::credential::StoredCredential;
use crate::error::Error;
use crate::ids::ProviderId;
use crate::lost::{Found, LostCharge};
use crate::payment::Payment;

/// How far the gateway's clock may be from ours.
const MARGIN: Duration = Duration::from_secs(5 * 60);

impl Emspay {
    /// Reads the order, if its identifier is known. Otherwise lists the orders of the period and some minutes around
    /// it, and keeps the charges with the attempt's name.
    ///
    /// That orders can be listed is documented by other brands of the platform only, and whether a long list is cut is
    /// documented nowhere: what is not in it may exist.
    pub(super) async fn look_up_charge(&self, lost: &LostCharge) -> Result<Found, Error> {
        if let Some(known) = &lost.payment {
            let order = self.client.get_order(known.as_str()).await.map_err(error)?;
            return Ok(Found::Payment(expect_charge(&order, lost)?));
        }
        let orders = self.client.list_orders(&period(lost)?).await.map_err(error)?;
        let named: Vec<&Order> = orders.iter().filter(|order| is_candidate(order, lost)).collect();
        Ok(match named.as_slice() {
            [] => Found::Nothing,
            [order] => Found::Payment(expect_listed_charge(order, lost)?),
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
    let second = |field, time: Option<Timestamp>| {
        time.and_then(|time| Timestamp::from_unix_seconds(time.unix_seconds()).ok())
            .ok_or_else(|| invalid(field, "must be a time of this age"))
    };
    Ok(ListOrders::created_between(
        second("from", lost.from.checked_sub(MARGIN))?,
        second("until", lost.until.checked_add(MARGIN))?,
    ))
}

/// Whether an order of the list may be the charge: it has the attempt's name, and is neither a refund, which may repeat
/// the name of the order whose money it gives back, nor the first order of a series.
fn is_candidate(order: &Order, lost: &LostCharge) -> bool {
    order.merchant_order_id.as_deref() == Some(lost.attempt.as_str())
        && !order.is_refund()
        && order.recurring_type() != Some(&RecurringType::First)
}

/// The order must be the one that was made for the attempt, and say so: by its name, amount, currency, place in the
/// series, and token as far as it is known.
fn expect_charge(order: &Order, lost: &LostCharge) -> Result<Payment, Error> {
    let token = match &lost.credential {
        Some(StoredCredential::Emspay(credential)) => Some(&credential.vault_token),
        _ => None,
    };
    let same_token = token.zip(order.vault_token()).is_none_or(|(own, found)| own.expose() == found.expose());
    check_found(
        ProviderId::EMSPAY,
        Some(&order.id),
        &[
            ("merchant_order_id", order.merchant_order_id.as_deref() == Some(lost.attempt.as_str())),
            ("amount", order.amount == Some(lost.amount.minor())),
            ("currency", order.currency.as_deref() == Some(lost.amount.currency().code())),
            ("refund_of_order_id", !order.is_refund()),
            ("recurring_type", order.recurring_type() == Some(&RecurringType::Recurring)),
            ("vault_token", same_token),
            (order.contradiction().unwrap_or_default(), order.contradiction().is_none()),
        ],
    )?;
    Ok(payment(order))
}

/// An order out of a list must also have been created in the period: that the gateway heeds the period is documented
/// by other brands only.
fn expect_listed_charge(order: &Order, lost: &LostCharge) -> Result<Payment, Error> {
    let from = lost.from - MARGIN;
    let within = order.created.as_ref().and_then(|time| time.instant()).is_some_and(|created| {
        // The list is asked for by whole seconds.
        created + Duration::from_secs(1) >= from && created.duration_since(lost.until) <= MARGIN
    });
    check_found(ProviderId::EMSPAY, Some(&order.id), &[("created", within)])?;
    expect_charge(order, lost)
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test stops by panicking")]
mod tests {
    use recurring_core::{AttemptId, Currency, Money};

    use super::*;

    #[test]
    fn order_is_the_charge_only_if_it_says_so() {
        let amount = Money::from_minor(4000, Currency::from_code("EUR").expect("a currency"));
        let attempt = AttemptId::new("a-1").expect("an attempt");
        let now = Timestamp::from_unix_seconds(1_511_780_491).expect("a time");
        let mut lost = LostCharge::new(attempt, amount.expect("money"), now, now);
        let credential = r#"{"provider":"emspay","vault_token":"t-1"}"#;
        lost.credential = Some(serde_json::from_str(credential).expect("a credential"));
        let ours = r#""merchant_order_id":"a-1","amount":4000,"currency":"EUR","status":"completed","#;
        let at = r#""created":"2017-11-27T11:01:31.773782+00:00","#;
        let typed = |kind: &str, token: &str| {
            format!(r#""transactions":[{{"payment_method_details":{{"recurring_type":"{kind}"{token}}}}}]"#)
        };
        let recurring = typed("recurring", "");
        // Whether it is kept from a list, whether it is the charge there, and whether it is the charge by its id.
        for (members, kept, listed, read) in [
            (format!("{ours}{at}{recurring}"), true, true, true),
            (format!("{ours}{at}{}", typed("recurring", r#","vault_token":"t-1""#)), true, true, true),
            (format!("{ours}{at}{}", typed("recurring", r#","vault_token":"t-2""#)), true, false, false),
            (format!("{ours}{at}{}", typed("first", "")), false, false, false),
            (format!("{ours}{at}{}", typed("", "")), true, false, false),
            (format!("{ours}{recurring}"), true, false, true),
            (format!(r#"{ours}"created":"2017-11-27T11:08:31Z",{recurring}"#), true, false, true),
            (format!(r#"{ours}"created":"2017-11-27T11:05:31Z",{recurring}"#), true, true, true),
            (format!(r#"{ours}"created":"2017-11-27T10:57:31Z",{recurring}"#), true, true, true),
            (format!(r#"{ours}"created":"2017-11-27T10:56:30Z",{recurring}"#), true, true, true),
            (format!(r#"{ours}"created":"2017-11-27T10:56:29Z",{recurring}"#), true, false, true),
            (format!(r#"{ours}"created":"2017-11-27T11:06:31Z",{recurring}"#), true, true, true),
            (format!(r#"{ours}"created":"2017-11-27T11:06:32Z",{recurring}"#), true, false, true),
            (format!(r#"{ours}{at}"flags":["is-refund"],{recurring}"#), false, false, false),
            (format!(r#"{ours}{at}"refund_of_order_id":"o-9",{recurring}"#), false, false, false),
            (format!("{ours}{at}{recurring}").replace("4000", "4001"), true, false, false),
            (format!("{ours}{at}{recurring}").replace("4000", "null"), true, false, false),
            (format!("{ours}{at}{recurring}").replace("EUR", "GBP"), true, false, false),
            (format!("{ours}{at}{recurring}").replace("a-1", "A-1"), false, false, false),
            (format!("{ours}{at}{recurring}").replace("a-1", "a-10"), false, false, false),
            (format!("{ours}{at}{recurring}").replace("\"a-1\"", "null"), false, false, false),
            (
                format!("{ours}{at}{recurring}").replace(r#"{"payment"#, r#"{"status":"error","payment"#),
                true,
                false,
                false,
            ),
        ] {
            let order: Order = serde_json::from_str(&format!(r#"{{"id":"o-1",{members}}}"#)).expect(&members);
            let found = (
                is_candidate(&order, &lost),
                expect_listed_charge(&order, &lost).is_ok(),
                expect_charge(&order, &lost).is_ok(),
            );
            assert_eq!(found, (kept, listed, read), "{members}");
        }
    }
}
