use std::fmt;

/// Where a payment stands, as far as the gateway's answer proves it.
///
/// A gateway's status that nobody has seen before is [`Pending`](Outcome::Pending): ask again. It is never read
/// as paid and never as failed, however long it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The money was taken, or is authorised to be taken.
    Approved,
    /// Not decided yet, or not understood: read the payment again, or wait for the gateway's notification.
    Pending,
    /// The customer must do something first, usually visit a page.
    CustomerNeeded,
    /// The gateway said no. Final for this attempt.
    Declined,
}

impl Outcome {
    /// The word used in machine-readable output: `approved`, `pending`, `customer_needed`, `declined`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::CustomerNeeded => "customer_needed",
            Self::Declined => "declined",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
