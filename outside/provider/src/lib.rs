//! A gateway of one's own: it keeps its payments in memory, and charges every token.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use recurring_core::{Error as CoreError, InvalidInput};
use recurring_facade::{
    Agreement, Authenticity, Call, Capabilities, CaptureRequest, ChargeRequest, Effect, EnrolRequest,
    EnrolStarted, Enrolment, Error, ErrorKind, Facts, Found, GatewayError, LostAnswer, LostCharge, Money,
    NotificationError, Operation, OtherCredential, Outcome, Payment, PaymentRef, PaymentStatus, PendingEnrolment, Portion,
    Proof, Provider, ProviderId, RawNotification, ReceiveError, ReceivedNotification, RefundRequest,
    StoredCredential,
};

/// The name of the gateway.
pub const ID: ProviderId = ProviderId::from_static("in-memory");

static FACTS: Facts = Facts::new(LostAnswer::Anchored)
    .with_first_payment("the customer says yes")
    .with_renewal("the token is charged")
    .with_after_lost_answer("ask for the attempt")
    .with_amounts("whole minor units");

/// The gateway.
#[derive(Debug, Default)]
pub struct InMemory {
    payments: Mutex<BTreeMap<String, Money>>,
}

impl InMemory {
    /// Returns how many payments were taken.
    pub fn taken(&self) -> usize {
        self.payments().len()
    }

    fn payments(&self) -> MutexGuard<'_, BTreeMap<String, Money>> {
        self.payments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, reference: &PaymentRef) -> Result<Money, Error> {
        self.payments().get(reference.as_str()).copied().ok_or_else(|| {
            let inner =
                CoreError::new(ErrorKind::NotFound, Effect::Unknown, "the gateway knows no such payment")
                    .with_api(GatewayError::new(Some("404".to_owned()), "no such payment"));
            Error::new(ID, inner).with_payment(reference.clone())
        })
    }
}

fn paid(reference: &str, amount: Money) -> Payment {
    let mut payment = Payment::new(ID, Outcome::Paid, "PAID");
    payment.payment = Some(PaymentRef::new(reference));
    payment.merchant_reference = Some(reference.to_owned());
    payment.amount = Some(amount);
    payment.captured = Some(Portion::Of(amount));
    payment
}

fn in_time(call: &Call<'_>) -> Result<(), Error> {
    match &call.not_after {
        Some(limit) if limit.has_passed() => Err(Error::new(
            ID,
            CoreError::new(
                ErrorKind::Transport,
                Effect::NotApplied(Proof::NeverSent),
                "the time limit has passed",
            ),
        )),
        _ => Ok(()),
    }
}

#[async_trait]
impl Provider for InMemory {
    fn id(&self) -> ProviderId {
        ID
    }

    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&[
            (Operation::Enrol, ""),
            (Operation::Resume, ""),
            (Operation::Charge, ""),
            (Operation::Status, ""),
            (Operation::LookUp, "by attempt"),
            (Operation::Refund, "whole"),
            (Operation::Capture, ""),
            (Operation::Receive, "unsigned"),
        ])
    }

    fn native(&self) -> &dyn Any {
        self
    }

    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolStarted, Error> {
        let mut payment = Payment::new(ID, Outcome::ActionRequired, "WAITING");
        payment.redirect = Some(format!("https://pay.example/{}", request.attempt));
        Ok(EnrolStarted::new(payment, PendingEnrolment::Other(OtherCredential::new(ID, request.attempt.as_str()))))
    }

    async fn resume(&self, pending: &PendingEnrolment, _: &Call<'_>) -> Result<Enrolment, Error> {
        let data = match pending {
            PendingEnrolment::Other(own) if own.gateway == ID => &own.data,
            _ => return Err(Error::invalid(ID, InvalidInput::new("pending", "must be of this gateway"))),
        };
        let token = OtherCredential::new(ID, format!("token-{}", data.expose()));
        let credential = StoredCredential::Other(token);
        let payment = Payment::new(ID, Outcome::Paid, "PAID");
        Ok(Enrolment::new(payment, Some(Agreement::ChargeOnDemand(credential))))
    }

    async fn charge(&self, request: &ChargeRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let token = match &request.credential {
            StoredCredential::Other(own) if own.gateway == ID => &own.data,
            _ => return Err(Error::invalid(ID, InvalidInput::new("credential", "must be of this gateway"))),
        };
        in_time(call)?;
        if !token.expose().starts_with("token-") {
            return Ok(Payment::new(ID, Outcome::Declined, "NO TOKEN"));
        }
        let reference = PaymentRef::new(request.attempt.as_str());
        call.record.payment_created(&request.attempt, &reference).await.map_err(|problem| {
            let inner =
                CoreError::new(ErrorKind::Config, Effect::NotApplied(Proof::NeverSent), problem.to_string());
            Error::new(ID, inner)
        })?;
        self.payments().insert(reference.as_str().to_owned(), request.amount);
        Ok(paid(reference.as_str(), request.amount))
    }

    async fn status(&self, payment: &PaymentRef) -> Result<PaymentStatus, Error> {
        Ok(PaymentStatus::single(paid(payment.as_str(), self.find(payment)?)))
    }

    async fn look_up(&self, lost: &LostCharge) -> Result<Found, Error> {
        let reference = lost.attempt.as_str();
        let found = self.payments().get(reference).copied();
        Ok(found.map_or(Found::Nothing, |amount| Found::Payment(paid(reference, amount))))
    }

    async fn refund(&self, request: &RefundRequest, call: &Call<'_>) -> Result<Payment, Error> {
        in_time(call)?;
        let amount = self.find(&request.payment)?;
        let mut refund = paid(request.payment.as_str(), amount);
        refund.refunded = Some(Portion::Of(amount));
        Ok(refund)
    }

    /// This gateway says that the money is still held.
    async fn capture(&self, _: &CaptureRequest, call: &Call<'_>) -> Result<Payment, Error> {
        in_time(call)?;
        Ok(Payment::new(ID, Outcome::Authorized, "HELD"))
    }

    async fn receive(&self, raw: RawNotification) -> Result<ReceivedNotification, ReceiveError> {
        if raw.body() != b"paid" {
            return Err(NotificationError::unreadable("it is not the word of this gateway").into());
        }
        Ok(ReceivedNotification::new(ID, Authenticity::Unsigned, "key"))
    }
}
