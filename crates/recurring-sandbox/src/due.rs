//! What falls due when the clock moves, shown before it moves.

use crate::issuer::Answers;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many events a preview lists; of more, the earliest.
const CAPACITY: usize = 1_000;

/// What happens at a moment of the sandbox's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DueKind {
    /// A schedule takes money from the card.
    ScheduledCharge,
    /// A schedule tries to take money, and the card declines it.
    ScheduledDecline,
    /// A schedule authorizes a payment, which takes no money until it is captured.
    ScheduledAuthorization,
    /// A charge that was pending takes its money.
    PendingCharge,
    /// An unpaid order ends, and can no longer be paid.
    Expiry,
    /// An unpaid order becomes overdue, and can still be paid.
    Overdue,
    /// A saved card can no longer be charged: its series is over.
    SeriesEnd,
    /// A webhook that was not accepted is sent again. When it is not accepted then either, further attempts follow.
    WebhookRetry,
}

/// One event of a [`ClockPreview`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DueEvent {
    /// When it happens, by the sandbox's clock: RFC 3339, UTC.
    pub at: String,
    /// The gateway, named as in [`LedgerEntry::gateway`](crate::LedgerEntry::gateway).
    pub gateway: String,
    /// What happens.
    pub kind: DueKind,
    /// The merchant's own reference; empty where there is none.
    pub reference: String,
    /// The gateway's id of the order, purchase or payment.
    pub payment: String,
    /// The amount in minor units of the currency; `None` where no payment is concerned.
    pub amount_minor: Option<i64>,
    /// The currency, ISO 4217, upper case.
    pub currency: Option<String>,
    /// Why a card declines, the interval of a schedule, or the event and the address of a webhook; empty for the rest.
    pub detail: String,
}

/// What falls due before the clock reaches a time. Nothing has moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClockPreview {
    /// What the sandbox's clock shows now: RFC 3339, UTC.
    pub now: String,
    /// What it would show.
    pub to: String,
    /// What would happen, the earliest first; at most 1,000 events. Access tokens, which last five minutes, are not listed.
    pub due: Vec<DueEvent>,
    /// How many later events are not listed.
    pub more: u64,
}

/// The names and the amount of a payment that falls due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DuePayment<'a> {
    pub(crate) reference: &'a str,
    pub(crate) payment: &'a str,
    /// In minor units, with the currency.
    pub(crate) amount: Option<(i64, &'a str)>,
}

/// Collects the events between two times.
#[derive(Debug)]
pub(crate) struct DueList {
    now: Timestamp,
    to: Timestamp,
    /// By time, then in the order in which they were found.
    events: BTreeMap<(Timestamp, u64), DueEvent>,
    found: u64,
    /// What the issuers answer.
    pub(crate) answers: Answers,
}

impl DueList {
    pub(crate) fn new(now: Timestamp, to: Timestamp, answers: Answers) -> DueList {
        DueList { now, to, events: BTreeMap::new(), found: 0, answers }
    }

    /// Whether a time is later than now, and reached.
    pub(crate) fn reaches(&self, at: Timestamp) -> bool {
        at > self.now && at <= self.to
    }

    /// Adds an event, if its time is reached.
    pub(crate) fn add(
        &mut self,
        at: Timestamp,
        gateway: &str,
        kind: DueKind,
        payment: DuePayment<'_>,
        detail: &str,
    ) {
        if !self.reaches(at) {
            return;
        }
        self.found += 1;
        let full = self.events.len() >= CAPACITY;
        if full && self.events.last_key_value().is_some_and(|((last, _), _)| *last <= at) {
            return;
        }
        let event = DueEvent {
            at: at.to_string(),
            gateway: gateway.to_owned(),
            kind,
            reference: payment.reference.to_owned(),
            payment: payment.payment.to_owned(),
            amount_minor: payment.amount.map(|(amount, _)| amount),
            currency: payment.amount.map(|(_, currency)| currency.to_owned()),
            detail: detail.to_owned(),
        };
        self.events.insert((at, self.found), event);
        if full {
            self.events.pop_last();
        }
    }

    pub(crate) fn preview(self) -> ClockPreview {
        let due: Vec<DueEvent> = self.events.into_values().collect();
        let listed = u64::try_from(due.len()).unwrap_or(u64::MAX);
        let more = self.found.saturating_sub(listed);
        ClockPreview { now: self.now.to_string(), to: self.to.to_string(), due, more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earliest_events_are_listed_and_the_rest_counted() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut list = DueList::new(at(0), at(5_000), Answers::default());
        let payment = DuePayment { reference: "a", payment: "b", amount: Some((1, "EUR")) };
        for second in (-5..6_000).rev() {
            list.add(at(second), "omno", DueKind::Expiry, payment, "");
        }
        let preview = list.preview();
        assert_eq!((preview.due.len(), preview.more), (1_000, 4_000));
        assert_eq!(
            (preview.due[0].at.as_str(), preview.to.as_str()),
            ("1970-01-01T00:00:01Z", "1970-01-01T01:23:20Z")
        );
        assert_eq!(preview.due[999].at, "1970-01-01T00:16:40Z");
    }
}
