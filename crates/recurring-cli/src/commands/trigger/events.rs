//! The events that can be triggered, and how each comes about.

use recurring_facade::ProviderId;

/// How an event comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// The customer pays a first payment on the page.
    Paid,
    /// The card of the first payment is declined on the page.
    Declined,
    /// The customer leaves the page by its button.
    Canceled,
    /// A stored card is charged.
    Renewed,
    /// A stored card is charged and declined.
    RenewalDeclined,
    /// A first payment is refunded.
    Refunded,
}

impl Flow {
    /// The second part of an event's name.
    fn name(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Declined => "declined",
            Self::Canceled => "canceled",
            Self::Renewed => "renewed",
            Self::RenewalDeclined => "renewal-declined",
            Self::Refunded => "refunded",
        }
    }

    /// What happens.
    pub(super) fn summary(self) -> &'static str {
        match self {
            Self::Paid => "a first payment is paid",
            Self::Declined => "a first payment is declined",
            Self::Canceled => "the customer cancels a first payment",
            Self::Renewed => "a stored card is charged",
            Self::RenewalDeclined => "the charge of a stored card is declined",
            Self::Refunded => "a payment is refunded",
        }
    }
}

/// One event of one gateway.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) provider: ProviderId,
    pub(super) flow: Flow,
}

impl Event {
    /// Its name, such as `emspay.paid`.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.provider, self.flow.name())
    }
}

/// All events: those for which the gateway sends a webhook in the sandbox.
pub(super) fn all() -> Vec<Event> {
    use Flow::{Canceled, Declined, Paid, Refunded, RenewalDeclined, Renewed};
    let gateways: [(ProviderId, &[Flow]); 5] = [
        (ProviderId::EMSPAY, &[Paid, Declined, Canceled, Renewed, RenewalDeclined, Refunded]),
        (ProviderId::REVIO, &[Paid, Declined, Renewed, RenewalDeclined, Refunded]),
        // The first payment starts a schedule that the gateway runs: `recurring clock advance 31d` renews it.
        (ProviderId::NGENIUS, &[Paid, Declined, Refunded]),
        (ProviderId::OMNO, &[Paid, Declined, Renewed, RenewalDeclined]),
        (ProviderId::TOKENPAY_SIGNED, &[Paid, Renewed, RenewalDeclined, Refunded]),
    ];
    let events = gateways.into_iter().flat_map(|(provider, flows)| {
        flows.iter().map(move |flow| Event { provider: provider.clone(), flow: *flow })
    });
    events.collect()
}
