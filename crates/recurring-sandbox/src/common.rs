//! What all gateways share: the clock, ids, the ledger, webhooks and faults.

use crate::clock::Clock;
use crate::faults::{FaultKind, Faults, forge};
use crate::ids::Ids;
use crate::ledger::{Ledger, LedgerKind, PaymentNames};
use crate::outbox::{Notification, Outbox};
use jiff::Timestamp;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) ledger: Ledger,
    pub(crate) outbox: Outbox,
    pub(crate) faults: Faults,
    /// How long the answer to the current request is held back.
    pub(crate) delay: Duration,
    /// `http://127.0.0.1:PORT`
    pub(crate) origin: String,
}

impl Common {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends a webhook, as far as the faults allow.
    pub(crate) fn notify(&mut self, notification: Notification) {
        let now = self.now();
        let gateway = notification.gateway;
        match self.faults.for_notification(gateway).map(|hit| hit.kind) {
            Some(FaultKind::NotificationReordered) => return self.outbox.hold(notification),
            Some(FaultKind::NotificationDropped) => {
                self.outbox.give_up(notification, now, "dropped by a fault");
                return;
            }
            Some(FaultKind::NotificationDuplicated) => self.outbox.push(notification.clone(), now),
            Some(FaultKind::NotificationForged) => self.outbox.push(forge(&notification), now),
            _ => {}
        }
        self.outbox.push(notification, now);
        self.outbox.release(Some(gateway), now);
    }

    /// Enters a movement of money into the ledger.
    pub(crate) fn move_money(
        &mut self,
        kind: LedgerKind,
        gateway: &str,
        names: PaymentNames<'_>,
        amount: (i64, &str),
    ) {
        self.ledger.record(kind, gateway, names, amount);
    }
}
