//! What all gateways share: the clock, ids, the ledger, webhooks and faults.

use crate::clock::Clock;
use crate::faults::{FaultKind, Faults, forge};
use crate::ids::Ids;
use crate::issuer::Issuer;
use crate::ledger::{Ledger, LedgerKind, PaymentNames};
use crate::outbox::{Notification, Outbox};
use jiff::Timestamp;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) ledger: Ledger,
    pub(crate) issuer: Issuer,
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

    /// Sends a webhook to the merchant's addresses and to every listener, as far as the faults allow.
    pub(crate) fn notify(
        &mut self,
        notification: &Notification,
        addresses: impl IntoIterator<Item = String>,
    ) {
        let own: Vec<String> = addresses.into_iter().collect();
        let listeners = self.outbox.listeners.targets().into_iter().filter(|target| !own.contains(target));
        // What a fault does to the first one, it does to the listeners.
        let first: Vec<String> = own.first().cloned().into_iter().chain(listeners).collect();
        if first.is_empty() && !self.outbox.listeners.is_empty() {
            let now = self.now();
            return self.outbox.give_up(notification.clone(), now, "no address is set");
        }
        for to in std::iter::once(first)
            .chain(own.into_iter().skip(1).map(|url| vec![url]))
            .filter(|to| !to.is_empty())
        {
            self.send(notification, &to);
        }
    }

    /// Sends a webhook to these addresses; one fault hits all of them.
    fn send(&mut self, notification: &Notification, addresses: &[String]) {
        let now = self.now();
        let gateway = notification.gateway;
        let hit = self.faults.for_notification(gateway).map(|hit| hit.kind);
        for url in addresses {
            let notification = notification.to(url);
            match hit {
                Some(FaultKind::NotificationReordered) => {
                    self.outbox.hold(notification);
                    continue;
                }
                Some(FaultKind::NotificationDropped) => {
                    self.outbox.give_up(notification, now, "dropped by a fault");
                    continue;
                }
                Some(FaultKind::NotificationDuplicated) => self.outbox.push(notification.clone(), now),
                Some(FaultKind::NotificationForged) => self.outbox.push(forge(&notification), now),
                _ => {}
            }
            self.outbox.push(notification, now);
        }
        if !matches!(hit, Some(FaultKind::NotificationReordered | FaultKind::NotificationDropped)) {
            self.outbox.release(Some(gateway), now);
        }
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
