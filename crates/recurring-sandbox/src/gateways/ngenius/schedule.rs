//! The schedules, for whoever looks on.

use super::Ngenius;
use jiff::Timestamp;

/// One schedule as it stands.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// The gateway's reference of the order.
    pub(crate) order: String,
    /// The merchant's own reference; empty when it sent none.
    pub(crate) reference: String,
    /// `MONTHLY` and the like, as it was sent.
    pub(crate) frequency: String,
    /// In minor units of the currency.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    /// The payments tried so far.
    pub(crate) payments: usize,
    /// `None` when the first payment failed.
    pub(crate) next: Option<Timestamp>,
}

impl Ngenius {
    /// The newest first.
    pub(crate) fn schedules(&self) -> impl Iterator<Item = Schedule> {
        self.orders.iter().rev().filter_map(|order| {
            Some(Schedule {
                order: order.reference.clone(),
                reference: order.merchant_reference.clone().unwrap_or_default(),
                frequency: order.plan.as_ref()?.frequency_text.clone(),
                amount: order.amount,
                currency: order.currency.clone(),
                payments: order.payments.len(),
                next: order.next,
            })
        })
    }
}
