//! What an operator says after a failover.

use recurring_core::AttemptId;
use recurring_facade::{PaymentRef, ProviderId};
use serde::Serialize;

/// What an operator found out after the store had forgotten something: a replica of PostgreSQL took over, or the
/// journal was restored from a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failover {
    /// Who compared the journal with the gateways. Kept for good.
    pub by: String,
    /// What came of it. Kept for good.
    pub why: String,
    /// Whether nothing that the journal shows as planned was sent in the time that is missing: it then stays planned,
    /// and is charged when it is due. **If that is wrong, it is charged twice.**
    pub planned_were_not_sent: bool,
    /// What the gateways charged in that time. An attempt that the journal does not show as settled by the gateway goes
    /// to manual review; one that it lacks is added there, so that its name cannot be charged again.
    pub charged: Vec<FoundCharge>,
}

/// A charge that an operator found at a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCharge {
    /// The merchant's reference of it: the attempt's name.
    pub attempt: AttemptId,
    /// Which gateway.
    pub provider: ProviderId,
    /// The gateway's identifier of the payment, where it is known.
    pub payment: Option<PaymentRef>,
}

/// The payment and the note to record for a charge that was found: a payment that belongs to another attempt is not
/// recorded a second time.
pub(super) fn found<'a>(
    failover: &Failover,
    charge: &'a FoundCharge,
    other: Option<&str>,
) -> (Option<&'a str>, String) {
    let payment = charge.payment.as_ref().map(PaymentRef::as_str);
    let note = format!("found at the gateway: {}", failover.why);
    match (payment, other) {
        (Some(payment), Some(other)) => {
            let note =
                format!("{note}; its payment {payment} belongs to the attempt {other} already: compare both");
            (None, note)
        }
        _ => (payment, note),
    }
}

/// What became of the attempts after a failover.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Acknowledged {
    /// How many were armed and are unknown now.
    pub unknown: u64,
    /// How many are in manual review now: planned, not applied, or found at a gateway.
    pub review: u64,
}

/// The rule for what an operator says about a decision.
pub(crate) const NOTE_RULE: &str = "must have 1 to 1000 characters: it is kept for good";

/// Which of the two breaks that rule.
pub(crate) fn missing_note(by: &str, why: &str) -> Option<&'static str> {
    let breaks = |text: &str| text.trim().is_empty() || text.len() > 1000;
    [("by", by), ("why", why)].into_iter().find(|(_, text)| breaks(text)).map(|(field, _)| field)
}
