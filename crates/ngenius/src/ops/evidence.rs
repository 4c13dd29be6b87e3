//! What the members of one answer prove together: which payment is the first, whether they contradict each other, and
//! what is left to take or to give back.

use std::time::Duration;

use recurring_core::{GatewayTime, Timestamp};

use crate::ops::amount::Amount;
use crate::ops::order::Order;
use crate::ops::payment::Payment;
use crate::status::PaymentState;

/// How long after the order's creation its first payment may have been made. The shortest interval of a schedule is a
/// day, so a payment that existed half a day after the creation is none of the later ones.
// Assumption(first-payment-within): the first payment is made within half a day of the order's creation.
const FIRST_PAYMENT_WITHIN: Duration = Duration::from_secs(12 * 60 * 60);

/// The word of a capture or refund that went through.
// Assumption(success-word): no document lists the words.
const SUCCESS: &str = "SUCCESS";

impl Order {
    /// Returns the payment that created the order's schedule. `None` when there is no payment, or when several could
    /// be it: the place in the list proves nothing.
    ///
    /// The times decide. The only payment that existed within half a day of the order's creation is the first one.
    /// Without a readable creation time, or when no payment existed that early, it is the earliest one, provided that
    /// every payment shows when it was made: a payment that was refunded or reversed later shows it in its captures
    /// only.
    pub fn first_payment(&self) -> Option<&Payment> {
        if let [only] = self.payments.as_slice() {
            return Some(only);
        }
        if let Some(created) = instant(self.create_date_time.as_ref()) {
            let latest = created + FIRST_PAYMENT_WITHIN;
            let early = |payment: &&Payment| payment.earliest_time().is_some_and(|time| time <= latest);
            let mut early = self.payments.iter().filter(early);
            match (early.next(), early.next()) {
                (Some(first), None) => return Some(first),
                (Some(_), Some(_)) => return None,
                (None, _) => {}
            }
        }
        let made: Option<Vec<_>> = self.payments.iter().map(Payment::made).collect();
        let made = made?;
        let earliest = made.iter().min()?;
        let mut first = self.payments.iter().zip(&made).filter(|(_, time)| *time == earliest);
        match (first.next(), first.next()) {
            (Some((first, _)), None) => Some(first),
            _ => None,
        }
    }

    /// Returns the member in which the order and one of its payments contradict each other, or the payment
    /// contradicts itself. Such a payment is neither paid nor declined.
    pub fn contradiction(&self, payment: &Payment) -> Option<&'static str> {
        let other = |ours: Option<&str>, theirs: Option<&str>| {
            ours.zip(theirs).is_some_and(|(ours, theirs)| !ours.eq_ignore_ascii_case(theirs))
        };
        if other(self.reference.as_deref(), payment.order_reference.as_deref()) {
            return Some("orderReference");
        }
        if other(self.outlet_id.as_deref(), payment.outlet_id.as_deref()) {
            return Some("outletId");
        }
        // What is still open may have another amount, such as a part that the issuer granted.
        if !payment.outcome().is_definite() {
            return None;
        }
        let (ours, theirs) = (self.amount.as_ref(), payment.amount.as_ref());
        let currency = |amount: Option<&Amount>| amount.and_then(|amount| amount.currency_code.clone());
        if other(currency(ours).as_deref(), currency(theirs).as_deref()) {
            return Some("currencyCode");
        }
        let values = ours.and_then(|amount| amount.value).zip(theirs.and_then(|amount| amount.value));
        if values.is_some_and(|(ours, theirs)| ours != theirs) {
            return Some("amount");
        }
        payment.contradiction()
    }
}

impl Payment {
    /// Returns the member in which the payment's state and the rest of it contradict each other.
    pub fn contradiction(&self) -> Option<&'static str> {
        let granted = self.auth_response.as_ref().and_then(|answer| answer.success);
        match self.state {
            PaymentState::Authorised
            | PaymentState::Captured
            | PaymentState::Purchased
            | PaymentState::PartiallyCaptured
            | PaymentState::PartiallyRefunded
            | PaymentState::Refunded => (granted == Some(false)).then_some("authResponse"),
            PaymentState::Failed if granted == Some(true) => Some("authResponse"),
            PaymentState::Failed if !self.captures.is_empty() => Some("cnp:capture"),
            _ => None,
        }
    }

    /// Returns what can still be given back, in minor units: what was taken, less what was given back before. `None`
    /// when the payment does not show it.
    pub fn refundable(&self) -> Option<i64> {
        let taken = match self.captures.as_slice() {
            [] => self.amount.as_ref()?.money()?.minor(),
            _ => self.captures_sum()?,
        };
        taken.checked_sub(self.refunds_sum()?)
    }

    /// Returns what was taken, in minor units. `None` when nothing was, or the payment does not show how much.
    pub fn captured(&self) -> Option<i64> {
        match (&self.state, self.captures.as_slice()) {
            (
                PaymentState::Captured
                | PaymentState::Purchased
                | PaymentState::PartiallyRefunded
                | PaymentState::Refunded,
                [],
            ) => Some(self.amount.as_ref()?.money()?.minor()),
            (_, []) => None,
            _ => self.captures_sum(),
        }
    }

    /// Returns what was given back, in minor units. `None` when nothing was, or the payment does not show how much.
    pub fn refunded(&self) -> Option<i64> {
        match (&self.state, self.refunds.as_slice()) {
            (PaymentState::Refunded, []) => self.captured(),
            (_, []) => None,
            _ => self.refunds_sum(),
        }
    }

    /// Returns whether some of the money was given back.
    pub fn has_refunds(&self) -> bool {
        matches!(self.state, PaymentState::Refunded | PaymentState::PartiallyRefunded)
            || !self.refunds.is_empty()
    }

    fn captures_sum(&self) -> Option<i64> {
        sum(self.captures.iter().map(|one| (one.state.as_deref(), one.amount.as_ref())))
    }

    fn refunds_sum(&self) -> Option<i64> {
        sum(self.refunds.iter().map(|one| (one.state.as_deref(), one.amount.as_ref())))
    }

    /// Returns what of the hold can still be taken, in minor units. `None` when the payment does not show it.
    pub fn capturable(&self) -> Option<i64> {
        let held = self.amount.as_ref()?.money()?.minor();
        held.checked_sub(self.captures_sum()?)
    }

    /// The earliest moment at which the payment is known to have existed.
    fn earliest_time(&self) -> Option<Timestamp> {
        let captures = self.captures.iter().map(|capture| &capture.created_time);
        let refunds = self.refunds.iter().map(|refund| &refund.created_time);
        let all = captures.chain(refunds).chain([&self.update_date_time]);
        all.filter_map(|time| instant(time.as_ref())).min()
    }

    /// When the payment was made, as far as it shows that: what gave money back later has moved the time of its last
    /// change.
    fn made(&self) -> Option<Timestamp> {
        let captured =
            self.captures.iter().filter_map(|capture| instant(capture.created_time.as_ref())).min();
        let changed_later = !self.refunds.is_empty()
            || matches!(
                self.state,
                PaymentState::Refunded | PaymentState::PartiallyRefunded | PaymentState::Reversed
            );
        if changed_later { captured } else { captured.or_else(|| self.earliest_time()) }
    }
}

fn instant(time: Option<&GatewayTime>) -> Option<Timestamp> {
    time?.instant()
}

/// The sum of captures or refunds. `None` when one does not say that it went through, or how much it is.
fn sum<'a>(entries: impl Iterator<Item = (Option<&'a str>, Option<&'a Amount>)>) -> Option<i64> {
    entries.into_iter().try_fold(0_i64, |sum, (state, amount)| {
        state.is_none_or(|state| state == SUCCESS).then_some(())?;
        sum.checked_add(amount?.value?)
    })
}
