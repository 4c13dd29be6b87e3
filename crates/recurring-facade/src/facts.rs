use std::fmt;

use serde::{Serialize, Serializer};

/// What a caller must know of a gateway before charging through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// How a customer's first payment is made.
    pub first_payment: &'static str,
    /// How a later payment is made.
    pub renewal: &'static str,
    /// What can be known when the answer to a charge is lost.
    pub lost_answer: LostAnswer,
    /// What to do then, in a sentence.
    pub after_lost_answer: &'static str,
    /// Whether a look-up that finds nothing, after a quiet period and more than once, proves that nothing was charged.
    /// See [`Provider::look_up`](crate::Provider::look_up). Where the payment had a reference, the gateway must have canceled it first
    /// ([`gateway_fence`](Self::gateway_fence)): otherwise a call that is still under way could take the money later.
    pub nothing_found_is_proof: bool,
    /// What bars a charge that is still under way at the gateway itself, where it has such a call
    /// ([`Provider::cancel_unpaid`](crate::Provider::cancel_unpaid)). Without one, only an operator can decide "not charged" after a lost answer.
    pub gateway_fence: Option<&'static str>,
    /// Whether the identifier of a first payment is itself the token that later payments are made with: then it is a
    /// secret, and is not kept where only references are.
    pub payment_is_token: bool,
    /// How amounts are written on the wire.
    pub amounts: &'static str,
}

impl Facts {
    /// Creates the facts of a [`Provider`](crate::Provider) of your own: nothing that is found missing is proof, and all
    /// texts are empty.
    pub const fn new(lost_answer: LostAnswer) -> Self {
        Self {
            first_payment: "",
            renewal: "",
            lost_answer,
            after_lost_answer: "",
            nothing_found_is_proof: false,
            gateway_fence: None,
            payment_is_token: false,
            amounts: "",
        }
    }

    /// Sets how a customer's first payment is made.
    #[must_use]
    pub const fn with_first_payment(mut self, text: &'static str) -> Self {
        self.first_payment = text;
        self
    }

    /// Sets how a later payment is made.
    #[must_use]
    pub const fn with_renewal(mut self, text: &'static str) -> Self {
        self.renewal = text;
        self
    }

    /// Sets what to do when the answer to a charge is lost.
    #[must_use]
    pub const fn with_after_lost_answer(mut self, text: &'static str) -> Self {
        self.after_lost_answer = text;
        self
    }

    /// States that a look-up which finds nothing is proof, under the conditions of
    /// [`nothing_found_is_proof`](Self::nothing_found_is_proof). **If it is not, customers are charged twice.**
    #[must_use]
    pub const fn with_nothing_found_as_proof(mut self) -> Self {
        self.nothing_found_is_proof = true;
        self
    }

    /// Sets what bars a charge that is still under way at the gateway itself.
    #[must_use]
    pub const fn with_gateway_fence(mut self, text: &'static str) -> Self {
        self.gateway_fence = Some(text);
        self
    }

    /// States that the identifier of a first payment is a token, and so a secret.
    #[must_use]
    pub const fn with_payment_as_token(mut self) -> Self {
        self.payment_is_token = true;
        self
    }

    /// Sets how amounts are written on the wire.
    #[must_use]
    pub const fn with_amounts(mut self, text: &'static str) -> Self {
        self.amounts = text;
        self
    }
}

/// What can be known when the answer to a charge is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostAnswer {
    /// The payment has a reference before money moves: reading it settles the question.
    Anchored,
    /// The merchant's reference is claimed to be unique, but looking it up is not documented for certain.
    UniqueReference,
    /// Orders can be listed by period, as documented by other brands of the platform only.
    ListedByPeriod,
    /// Nothing is proven: an operator decides.
    ManualReview,
}

impl LostAnswer {
    /// The word for tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anchored => "anchored",
            Self::UniqueReference => "unique reference",
            Self::ListedByPeriod => "list by period",
            Self::ManualReview => "manual review",
        }
    }
}

impl fmt::Display for LostAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for LostAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Omno.
#[cfg(feature = "omno")]
pub(crate) static OMNO: Facts = Facts {
    first_payment: "the customer pays on a page and the card is saved",
    renewal: "transaction/create with the card's token",
    lost_answer: LostAnswer::ManualReview,
    after_lost_answer: "nothing proves what happened: manual review",
    nothing_found_is_proof: false,
    gateway_fence: None,
    payment_is_token: false,
    amounts: "decimal number in major units",
};

/// N-Genius Online.
#[cfg(feature = "ngenius")]
pub(crate) static NGENIUS: Facts = Facts {
    first_payment: "the card charges at once and the schedule begins",
    renewal: "the gateway's own scheduler",
    lost_answer: LostAnswer::ManualReview,
    after_lost_answer: "the reference needed to look is in the lost answer: manual review",
    nothing_found_is_proof: false,
    gateway_fence: None,
    payment_is_token: false,
    amounts: "whole minor units",
};

/// The signed tokenization gateway.
#[cfg(feature = "tokenpay-signed")]
pub(crate) static TOKENPAY_SIGNED: Facts = Facts {
    first_payment: "the customer stores the card on a page, then a sale",
    renewal: "recurring with the id of the first sale's order",
    lost_answer: LostAnswer::UniqueReference,
    after_lost_answer: "the reference is said to be unique: look, then manual review",
    nothing_found_is_proof: false,
    gateway_fence: None,
    payment_is_token: false,
    amounts: "decimal number in major units, at most 2 decimals and 9 digits",
};

/// Revio.
#[cfg(feature = "revio")]
pub(crate) static REVIO: Facts = Facts {
    first_payment: "the customer pays a purchase with force_recurring on a page",
    renewal: "a new purchase, then a charge of it",
    lost_answer: LostAnswer::Anchored,
    after_lost_answer: "the purchase has an id before it is charged: read it, and cancel it before it counts as not charged",
    nothing_found_is_proof: true,
    gateway_fence: Some("the purchase is canceled: a later charge of it is refused"),
    payment_is_token: true,
    amounts: "whole minor units",
};

/// EMS Online.
#[cfg(feature = "emspay")]
pub(crate) static EMSPAY: Facts = Facts {
    first_payment: "the customer pays the first order on a page",
    renewal: "an order with the vault token, same amount, within a year",
    lost_answer: LostAnswer::ListedByPeriod,
    after_lost_answer: "list the orders of the period (other brands document it), then manual review",
    nothing_found_is_proof: false,
    gateway_fence: None,
    payment_is_token: false,
    amounts: "whole minor units",
};
