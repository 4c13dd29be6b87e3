//! Faults by name: the failures that a client of a payment gateway must survive.

use super::fault::Fault;
use super::kind::{FaultKind, Moment};

/// The call of each gateway that charges a stored card.
const CHARGES: [(&str, &str); 6] = [
    ("emspay", "POST /emspay/v1/orders"),
    ("revio", "POST /revio/api/v1/purchases/*/charge"),
    ("ngenius", "POST /ngenius/recurring-payment/outlets/*/orders"),
    ("omno", "POST /omno/transaction/create"),
    ("tokenpay-signed", "POST /tokenpay/tokenization/sale"),
    ("tokenpay-signed", "POST /tokenpay/tokenization/recurring"),
];

/// What a preset is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The calls that charge a card: a fault for each.
    Charges,
    /// Whatever comes next.
    Any,
    /// Whatever comes next at any gateway; it cannot be limited to one.
    Connection,
}

/// A fault with a name and what it stands for, such as `lost-answer`.
#[derive(Debug, Clone)]
pub struct FaultPreset {
    name: &'static str,
    summary: &'static str,
    reach: Reach,
    fault: Fault,
}

impl FaultPreset {
    /// Returns all presets.
    #[must_use]
    pub fn all() -> Vec<FaultPreset> {
        let charge = |name, summary, kind, moment| {
            let fault = Fault::new(kind).with_moment(moment);
            FaultPreset { name, summary, reach: Reach::Charges, fault }
        };
        let any = |name, summary, fault| FaultPreset { name, summary, reach: Reach::Any, fault };
        let refused = Fault::new(FaultKind::RefuseConnection);
        vec![
            charge(
                "lost-answer",
                "the money is taken, the answer is lost",
                FaultKind::Reset,
                Moment::AfterActing,
            ),
            charge(
                "cut-answer",
                "the money is taken, the answer breaks off after 40 bytes",
                FaultKind::Cut { at: 40 },
                Moment::AfterActing,
            ),
            charge(
                "slow-answer",
                "the money is taken, the answer comes after a minute",
                FaultKind::Delay { millis: 60_000 },
                Moment::AfterActing,
            ),
            charge(
                "bad-gateway",
                "the money is taken, a proxy answers 502",
                status(502, None),
                Moment::AfterActing,
            ),
            charge("unavailable", "503, and no money moves", status(503, None), Moment::BeforeActing),
            charge(
                "rate-limit",
                "429 with Retry-After: 2, and no money moves",
                status(429, Some(2)),
                Moment::BeforeActing,
            ),
            charge(
                "other-amount",
                "the money is taken, the answer names another amount",
                FaultKind::OtherAmount,
                Moment::AfterActing,
            ),
            FaultPreset {
                name: "no-connection",
                summary: "the next connection is reset before anything is read",
                reach: Reach::Connection,
                fault: refused,
            },
            any(
                "outage",
                "503 to every request, until the faults are cleared",
                Fault::new(status(503, None)).until_cleared(),
            ),
            any(
                "expired-token",
                "the access token of omno or ngenius has just expired",
                Fault::new(FaultKind::TokenExpired),
            ),
            any("webhook-lost", "the next webhook is never sent", Fault::new(FaultKind::NotificationDropped)),
            any(
                "webhook-twice",
                "the next webhook is sent twice",
                Fault::new(FaultKind::NotificationDuplicated),
            ),
            any(
                "webhook-late",
                "the next webhook is sent after the one that follows it",
                Fault::new(FaultKind::NotificationReordered),
            ),
            any(
                "webhook-forged",
                "a forged copy is sent ahead of the next webhook",
                Fault::new(FaultKind::NotificationForged),
            ),
        ]
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what happens, in a few words.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// Returns the faults to arm, in this order, for one gateway or for all: where a charge is hit, one for each call that
    /// charges a card. Each hits once, except `outage`.
    ///
    /// # Errors
    /// When it cannot be limited to this gateway.
    pub fn faults(&self, gateway: Option<&str>) -> std::io::Result<Vec<Fault>> {
        let faults = match self.reach {
            Reach::Charges => CHARGES
                .iter()
                .filter(|(known, _)| gateway.is_none_or(|gateway| gateway == *known))
                .map(|(known, call)| self.fault.clone().with_gateway(known).with_operation(call))
                .collect(),
            Reach::Connection if gateway.is_some() => Vec::new(),
            Reach::Any | Reach::Connection => match gateway {
                Some(gateway) => vec![self.fault.clone().with_gateway(gateway)],
                None => vec![self.fault.clone()],
            },
        };
        if faults.is_empty() {
            let why = format!("{}: cannot be limited to this gateway", self.name);
            return Err(super::fault::invalid(why));
        }
        faults.into_iter().map(Fault::checked).collect()
    }
}

fn status(status: u16, retry_after: Option<u32>) -> FaultKind {
    FaultKind::Status { status, retry_after }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_for_the_gateways_it_takes() {
        for preset in FaultPreset::all() {
            let all = preset.faults(None).unwrap();
            assert_eq!(all.len(), if preset.reach == Reach::Charges { CHARGES.len() } else { 1 });
            for gateway in ["emspay", "revio", "ngenius", "omno", "tokenpay-signed"] {
                let limited = preset.faults(Some(gateway));
                let refused = preset.reach == Reach::Connection
                    || preset.name == "expired-token" && !matches!(gateway, "omno" | "ngenius");
                assert_eq!(limited.is_err(), refused, "{} {gateway}", preset.name);
                for fault in limited.into_iter().flatten() {
                    assert_eq!(fault.gateway(), Some(gateway));
                }
            }
            assert!(preset.faults(Some("paypal")).is_err(), "{}", preset.name);
        }
    }

    #[test]
    fn preset_names_are_unique() {
        let mut names: Vec<_> = FaultPreset::all().iter().map(FaultPreset::name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
