use recurring_core::written_as_words;
use serde::{Serialize, Serializer};

/// An operation of the facade: each is one method of [`Facade`](crate::Facade) and of
/// [`Provider`](crate::Provider).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// Begins a first payment with the customer present.
    Enrol,
    /// Ends a first payment after the customer came back, and rebuilds a stored credential whose answer was lost.
    Resume,
    /// Lists the cards that the gateway keeps for a customer.
    StoredCards,
    /// Charges a stored credential on demand.
    Charge,
    /// Starts a schedule that the gateway itself runs.
    Schedule,
    /// Reads where a payment stands.
    Status,
    /// Looks for a charge whose answer was lost.
    LookUp,
    /// Closes a payment that was not paid.
    CancelUnpaid,
    /// Gives money back.
    Refund,
    /// Takes money that is only held.
    Capture,
    /// Verifies and reads a notification (webhook) of the gateway.
    Receive,
}

impl Operation {
    /// All operations, in the order of the tables.
    pub const ALL: &'static [Self] = &[
        Self::Enrol,
        Self::Resume,
        Self::StoredCards,
        Self::Charge,
        Self::Schedule,
        Self::Status,
        Self::LookUp,
        Self::CancelUnpaid,
        Self::Refund,
        Self::Capture,
        Self::Receive,
    ];

    /// The word for tables and machine-readable output. Where the program `recurring` has a command for it, its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enrol => "enrol",
            Self::Resume => "resume",
            Self::StoredCards => "cards",
            Self::Charge => "charge",
            Self::Schedule => "schedule",
            Self::Status => "status",
            Self::LookUp => "look_up",
            Self::CancelUnpaid => "cancel_unpaid",
            Self::Refund => "refund",
            Self::Capture => "capture",
            Self::Receive => "notification",
        }
    }
}

written_as_words!(Operation, "operation");

/// The operations that a gateway has. Every table of them, in the program and in the documentation, is made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities(&'static [(Operation, &'static str)]);

impl Capabilities {
    /// No operation.
    pub const NONE: Self = Self(&[]);

    /// Takes the operations, each with a note of a few words for the tables, such as `by period`: empty when there is
    /// nothing to note.
    pub const fn new(operations: &'static [(Operation, &'static str)]) -> Self {
        Self(operations)
    }

    /// Whether the gateway has an operation.
    pub fn has(self, operation: Operation) -> bool {
        self.note(operation).is_some()
    }

    /// The operations, in the order of [`Operation::ALL`].
    pub fn operations(self) -> impl Iterator<Item = Operation> {
        Operation::ALL.iter().copied().filter(move |operation| self.has(*operation))
    }

    /// The note on an operation, which may be empty; `None` when the gateway does not have the operation.
    pub fn note(self, operation: Operation) -> Option<&'static str> {
        self.0.iter().find(|(known, _)| *known == operation).map(|(_, note)| *note)
    }

    /// The cell of a table: the note, `yes` where there is none, and nothing where the gateway does not have the
    /// operation.
    pub fn cell(self, operation: Operation) -> &'static str {
        match self.note(operation) {
            None => "",
            Some("") => "yes",
            Some(note) => note,
        }
    }
}

/// An object: each operation with its note.
impl Serialize for Capabilities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.operations().map(|operation| (operation, self.note(operation))))
    }
}

/// Omno.
#[cfg(feature = "omno")]
pub(crate) const OMNO: Capabilities = Capabilities::new(&[
    (Operation::Enrol, ""),
    (Operation::Resume, ""),
    (Operation::StoredCards, ""),
    (Operation::Charge, ""),
    (Operation::Status, ""),
    (Operation::Receive, "unsigned"),
]);

/// N-Genius Online.
#[cfg(feature = "ngenius")]
pub(crate) const NGENIUS: Capabilities = Capabilities::new(&[
    (Operation::Schedule, ""),
    (Operation::Status, ""),
    (Operation::LookUp, "by reference"),
    (Operation::Refund, ""),
    (Operation::Capture, ""),
    (Operation::Receive, "secret header"),
]);

/// The signed tokenization gateway.
#[cfg(feature = "tokenpay-signed")]
pub(crate) const TOKENPAY_SIGNED: Capabilities = Capabilities::new(&[
    (Operation::Enrol, ""),
    (Operation::Resume, "takes the first payment"),
    (Operation::StoredCards, ""),
    (Operation::Charge, ""),
    (Operation::Status, "a guess"),
    (Operation::LookUp, "a guess"),
    (Operation::Refund, "a guess"),
    (Operation::Receive, "signed"),
]);

/// Revio.
#[cfg(feature = "revio")]
pub(crate) const REVIO: Capabilities = Capabilities::new(&[
    (Operation::Enrol, ""),
    (Operation::Resume, ""),
    (Operation::StoredCards, ""),
    (Operation::Charge, ""),
    (Operation::Status, ""),
    (Operation::LookUp, "proof"),
    (Operation::CancelUnpaid, ""),
    (Operation::Refund, ""),
    (Operation::Capture, ""),
    (Operation::Receive, "signed"),
]);

/// EMS Online.
#[cfg(feature = "emspay")]
pub(crate) const EMSPAY: Capabilities = Capabilities::new(&[
    (Operation::Enrol, ""),
    (Operation::Resume, ""),
    (Operation::Charge, ""),
    (Operation::Status, ""),
    (Operation::LookUp, "by period"),
    (Operation::Refund, ""),
    (Operation::Capture, ""),
    (Operation::Receive, "unsigned"),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_word_is_read_back() {
        for operation in Operation::ALL {
            assert_eq!(operation.to_string().parse(), Ok(*operation));
            let json = serde_json::to_string(operation).expect("JSON");
            assert_eq!(serde_json::from_str::<Operation>(&json).expect("read"), *operation);
        }
        assert!("void".parse::<Operation>().is_err());
    }
}
