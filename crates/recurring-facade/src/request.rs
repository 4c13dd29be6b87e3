use recurring_core::{AttemptId, Money, Secret};

use crate::credential::StoredCredential;
use crate::customer::Customer;
use crate::ids::PaymentRef;

/// The first payment of a customer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EnrolRequest {
    /// Your name for this attempt, stored before this is sent.
    pub attempt: AttemptId,
    /// What the customer pays now.
    pub amount: Money,
    /// Who pays.
    pub customer: Customer,
    /// What the customer reads.
    pub description: Option<String>,
    /// Where the customer goes after paying. Some gateways need it.
    pub success_url: Option<String>,
    /// Where the customer goes after a failure. Some gateways need it.
    pub failure_url: Option<String>,
    /// Where the gateway reports what happens. Some gateways need it.
    pub notification_url: Option<String>,
}

impl EnrolRequest {
    /// Creates a first payment with what every gateway needs.
    pub fn new(attempt: AttemptId, amount: Money, customer: Customer) -> Self {
        Self {
            attempt,
            amount,
            customer,
            description: None,
            success_url: None,
            failure_url: None,
            notification_url: None,
        }
    }

    /// Sets what the customer reads.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets where the customer goes after paying.
    #[must_use]
    pub fn with_success_url(mut self, success_url: impl Into<String>) -> Self {
        self.success_url = Some(success_url.into());
        self
    }

    /// Sets where the customer goes after a failure.
    #[must_use]
    pub fn with_failure_url(mut self, failure_url: impl Into<String>) -> Self {
        self.failure_url = Some(failure_url.into());
        self
    }

    /// Sets where the gateway reports what happens.
    #[must_use]
    pub fn with_notification_url(mut self, notification_url: impl Into<String>) -> Self {
        self.notification_url = Some(notification_url.into());
        self
    }
}

/// One charge of a stored credential.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChargeRequest {
    /// Your name for this attempt, stored before this is sent. It goes on the wire as the merchant's reference.
    pub attempt: AttemptId,
    /// What is charged with.
    pub credential: StoredCredential,
    /// How much.
    pub amount: Money,
    /// Why, in words for the gateway or the customer's statement.
    pub reason: Option<String>,
    /// Where the gateway reports what happens.
    pub notification_url: Option<String>,
}

impl ChargeRequest {
    /// Creates a charge.
    pub fn new(attempt: AttemptId, credential: StoredCredential, amount: Money) -> Self {
        Self { attempt, credential, amount, reason: None, notification_url: None }
    }

    /// Sets why, in words for the gateway or the customer's statement.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Sets where the gateway reports what happens.
    #[must_use]
    pub fn with_notification_url(mut self, notification_url: impl Into<String>) -> Self {
        self.notification_url = Some(notification_url.into());
        self
    }
}

/// A schedule that the gateway itself runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ScheduleRequest {
    /// Your name for this attempt, stored before this is sent.
    pub attempt: AttemptId,
    /// What is charged at once and at each repeat.
    pub amount: Money,
    /// How often, in the gateway's word, such as `MONTHLY`.
    pub frequency: String,
    /// The customer's e-mail address.
    pub email: String,
    /// The card as a JSON object `{"pan":..,"expiry":"YYYY-MM","cvv":..,"cardholder_name":..}`. It is read inside
    /// the gateway's adapter and nowhere else.
    pub card: Secret,
}

impl ScheduleRequest {
    /// Creates a schedule.
    pub fn new(
        attempt: AttemptId,
        amount: Money,
        frequency: impl Into<String>,
        email: impl Into<String>,
        card: impl Into<Secret>,
    ) -> Self {
        Self { attempt, amount, frequency: frequency.into(), email: email.into(), card: card.into() }
    }
}

/// Money to give back.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RefundRequest {
    /// Your name for this attempt, stored before this is sent. No gateway here takes it for a refund.
    pub attempt: AttemptId,
    /// The gateway's identifier of the payment.
    pub payment: PaymentRef,
    /// How much; all that is left when there is none. It is refused before it is sent when it is in another currency than
    /// the payment or more than the payment, and, where the gateway does not say what is left, when it is not given.
    pub amount: Option<Money>,
}

impl RefundRequest {
    /// Creates a refund of all that is left of the payment.
    pub fn new(attempt: AttemptId, payment: PaymentRef) -> Self {
        Self { attempt, payment, amount: None }
    }

    /// Sets how much, for a part of the payment.
    #[must_use]
    pub fn with_amount(mut self, amount: Money) -> Self {
        self.amount = Some(amount);
        self
    }
}

/// Held money to take.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CaptureRequest {
    /// Your name for this attempt, stored before this is sent. No gateway here takes it for a capture.
    pub attempt: AttemptId,
    /// The gateway's identifier of the payment.
    pub payment: PaymentRef,
    /// How much; all of it when there is none.
    pub amount: Option<Money>,
}

impl CaptureRequest {
    /// Creates a capture of all that is held.
    pub fn new(attempt: AttemptId, payment: PaymentRef) -> Self {
        Self { attempt, payment, amount: None }
    }

    /// Sets how much, for a part of what is held.
    #[must_use]
    pub fn with_amount(mut self, amount: Money) -> Self {
        self.amount = Some(amount);
        self
    }
}
