use recurring_core::{DeclineReason, GatewayTime, Money, Outcome, Portion};
use serde::Serialize;

use crate::card::PaymentCard;
use crate::credential::{Agreement, PendingEnrolment, StoredCredential};
use crate::ids::{PaymentRef, ProviderId};

/// A payment as far as the gateway's answer proves it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Payment {
    /// Which gateway.
    pub provider: ProviderId,
    /// The gateway's identifier, where the answer has one. That of a first payment is a secret at a gateway where it becomes
    /// the token for later ones: see [`Facts::payment_is_token`](crate::Facts::payment_is_token).
    pub payment: Option<PaymentRef>,
    /// Your reference, as the gateway repeats it in this answer; `None` where the answer does not name it.
    pub merchant_reference: Option<String>,
    /// Where it stands.
    pub outcome: Outcome,
    /// The amount that the gateway names, where it names one.
    pub amount: Option<Money>,
    /// How much was taken. `None`: nothing, as far as the gateway says.
    pub captured: Option<Portion>,
    /// How much was given back, or is on its way back. `None`: nothing, as far as the gateway says.
    pub refunded: Option<Portion>,
    /// How much the customer disputes, or has got back by a dispute. `None`: nothing, as far as the gateway says.
    pub disputed: Option<Portion>,
    /// The gateway's own word for where it stands.
    pub status: String,
    /// Why the gateway declined it, when it did.
    pub decline: Option<Decline>,
    /// The page to send the customer to.
    pub redirect: Option<String>,
    /// Whether the gateway says that this is a test, in which no money moves whatever the outcome. `None` where the
    /// answer does not say.
    pub test: Option<bool>,
    /// The card behind it, where the answer says something about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<PaymentCard>,
}

impl Payment {
    /// A payment of which nothing more is known.
    pub fn new(provider: ProviderId, outcome: Outcome, status: impl Into<String>) -> Self {
        Self {
            provider,
            payment: None,
            merchant_reference: None,
            outcome,
            amount: None,
            captured: None,
            refunded: None,
            disputed: None,
            status: status.into(),
            decline: None,
            redirect: None,
            test: None,
            card: None,
        }
    }

    /// Whether money of it was taken and is still with the merchant, as far as the gateway says: it is paid, not
    /// disputed, and was not given back, or in a part only that the gateway states.
    pub fn is_kept(&self) -> bool {
        let left = match (self.refunded, self.captured.and_then(Portion::amount).or(self.amount)) {
            (None, _) => true,
            (Some(Portion::Of(back)), Some(taken)) => {
                back.currency() == taken.currency() && back.minor() < taken.minor()
            }
            (Some(_), _) => false,
        };
        self.outcome == Outcome::Paid && self.disputed.is_none() && left
    }
}

/// Why the gateway declined it: in the vocabulary of all gateways, and in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Decline {
    /// The reason, interpreted. Its [`advice`](DeclineReason::advice) says what to do next.
    pub reason: DeclineReason,
    /// The gateway's code.
    pub code: Option<String>,
    /// The gateway's words.
    pub message: Option<String>,
}

impl Decline {
    /// A reason, and the gateway's code and message as far as there are any.
    pub fn new(reason: DeclineReason, code: Option<String>, message: Option<String>) -> Self {
        Self { reason, code, message }
    }
}

/// A first payment that has begun.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[must_use = "the customer must be sent to its page, and `pending` kept until they come back"]
pub struct EnrolStarted {
    /// The payment; its `redirect` is the page to send the customer to.
    pub payment: Payment,
    /// What to keep until the customer comes back. It may hold tokens, so it is left out when this is serialized: store it on
    /// its own.
    #[serde(skip)]
    pub pending: PendingEnrolment,
}

impl EnrolStarted {
    /// What a [`Provider`](crate::Provider) of your own answers.
    pub fn new(payment: Payment, pending: PendingEnrolment) -> Self {
        Self { payment, pending }
    }
}

/// A first payment after the customer came back.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[must_use = "it holds what later payments are made with"]
pub struct Enrolment {
    /// Where the payment stands.
    pub payment: Payment,
    /// What later payments are made with. `None` while the customer has not paid, and also when the customer has
    /// paid but the gateway shows no card, or more than one that could be meant.
    pub agreement: Option<Agreement>,
}

impl Enrolment {
    /// What a [`Provider`](crate::Provider) of your own answers.
    pub fn new(payment: Payment, agreement: Option<Agreement>) -> Self {
        Self { payment, agreement }
    }
}

/// A schedule that the gateway runs, and its first payment.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Scheduled {
    /// The first payment.
    pub payment: Payment,
    /// The schedule, unless the gateway refused it.
    pub agreement: Option<Agreement>,
    /// When the gateway will charge next, as it said. Never computed here.
    pub next_payment_on: Option<GatewayTime>,
}

impl Scheduled {
    /// What a [`Provider`](crate::Provider) of your own answers.
    pub fn new(payment: Payment, agreement: Option<Agreement>, next_payment_on: Option<GatewayTime>) -> Self {
        Self { payment, agreement, next_payment_on }
    }
}

/// Where a payment stands.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct PaymentStatus {
    /// The payment; for a schedule, its first one, which the attempt made. What became of the later ones says nothing of it.
    pub payment: Payment,
    /// Every charge that the gateway lists, in its order: more than one for a schedule.
    pub charges: Vec<Payment>,
}

impl PaymentStatus {
    /// A payment that is one charge.
    pub fn single(payment: Payment) -> Self {
        Self { charges: vec![payment.clone()], payment }
    }

    /// A payment with several charges.
    pub fn new(payment: Payment, charges: Vec<Payment>) -> Self {
        Self { payment, charges }
    }
}

/// A card that the gateway keeps for a customer.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct StoredCard {
    /// What a charge is made with, where the list alone is enough to make one. Left out when this is serialized: store it on
    /// its own.
    #[serde(skip)]
    pub credential: Option<StoredCredential>,
    /// The card, masked by the gateway.
    pub masked: Option<String>,
    /// The brand, as the gateway writes it.
    pub brand: Option<String>,
    /// The expiry date, as the gateway writes it.
    pub expires: Option<String>,
}

impl StoredCard {
    /// A card of which nothing is known but perhaps how to charge it.
    pub fn new(credential: Option<StoredCredential>) -> Self {
        Self { credential, masked: None, brand: None, expires: None }
    }
}
