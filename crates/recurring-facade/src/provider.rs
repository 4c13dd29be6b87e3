use std::any::Any;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use recurring_core::notification::RawNotification;

use crate::call::Call;
use crate::capabilities::{Capabilities, Operation};
use crate::credential::PendingEnrolment;
use crate::error::{Error, ReceiveError};
use crate::facts::Facts;
use crate::ids::{PaymentRef, ProviderId};
use crate::lost::{Found, LostCharge, Rebuilt};
use crate::notification::{NotificationAnswer, ReceivedNotification};
use crate::payment::{EnrolStarted, Enrolment, Payment, PaymentStatus, Scheduled, StoredCard};
use crate::request::{CaptureRequest, ChargeRequest, EnrolRequest, RefundRequest, ScheduleRequest};

/// One gateway behind the words of this crate.
///
/// What a gateway can do is in its [`capabilities`](Self::capabilities). An operation that is not there has the default
/// method, which fails with [`Error::unsupported`] before anything is sent. The methods may be called directly, but then
/// a dropped future leaves an unknown outcome; [`Facade`](crate::Facade) runs those that move money to the end in a task
/// of their own.
#[async_trait]
pub trait Provider: fmt::Debug + Send + Sync {
    /// Which gateway it is.
    fn id(&self) -> ProviderId;

    /// What protects against a second charge here, and other facts that a caller must know.
    fn facts(&self) -> &'static Facts;

    /// The operations that this gateway has: exactly those whose methods are implemented. [`Facade`](crate::Facade)
    /// refuses every other one.
    fn capabilities(&self) -> Capabilities;

    /// The gateway's own client, for [`Facade::native`](crate::Facade::native).
    fn native(&self) -> &dyn Any;

    /// Returns an upper bound on how long one operation that can move money may take, from its first byte to its
    /// answer, by the client's own time-outs: every request of the operation, with its repeats and its access tokens.
    ///
    /// What the caller adds is not in it: the time that a [`Record`](crate::Record) or a signer takes. `None` when the provider
    /// does not know.
    fn longest_operation(&self) -> Option<Duration> {
        None
    }

    /// Begins a first payment: the customer is sent to a page, and comes back. Takes no money yet; the customer pays on
    /// the page.
    ///
    /// # Errors
    /// With the effect `Unknown`, an unpaid order may have been left behind.
    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolStarted, Error> {
        let _ = request;
        Err(Error::unsupported(self.id(), Operation::Enrol))
    }

    /// After the customer came back: where the first payment stands, and the stored credential once there is one.
    ///
    /// **For `tokenpay-signed` this takes the first payment**, since the page there only stores the card: call it
    /// once, and treat an `Unknown` like that of a charge. For the other gateways it only reads.
    ///
    /// # Errors
    /// Those of a read; for `tokenpay-signed` those of a charge.
    async fn resume(&self, pending: &PendingEnrolment, call: &Call<'_>) -> Result<Enrolment, Error> {
        let _ = (pending, call);
        Err(Error::unsupported(self.id(), Operation::Resume))
    }

    /// Rebuilds the stored credential of a first payment that was taken and whose answer was lost. Only reads: moves no
    /// money. `payment` is the gateway's identifier of the payment, where it is known.
    ///
    /// It goes with [`resume`](Self::resume). By default it is not possible: where `resume` only reads, call that again.
    ///
    /// # Errors
    /// Those of a read. With `Protocol` and `Unknown`, what was found is not the payment of this enrolment.
    async fn credential_of(
        &self,
        pending: &PendingEnrolment,
        payment: Option<&PaymentRef>,
    ) -> Result<Rebuilt, Error> {
        let _ = payment;
        if !self.capabilities().has(Operation::Resume) {
            return Err(Error::unsupported(self.id(), Operation::Resume));
        }
        Ok(Rebuilt::NotPossible(format!(
            "cannot rebuild the stored credential: {} offers no way to do so; the payment stands, do not take it again: \
             enrol the customer anew for later payments",
            pending.provider()
        )))
    }

    /// Lists the cards that the gateway keeps for a customer. Moves no money.
    ///
    /// # Errors
    /// Those of a read.
    async fn stored_cards(&self, customer: &str) -> Result<Vec<StoredCard>, Error> {
        let _ = customer;
        Err(Error::unsupported(self.id(), Operation::StoredCards))
    }

    /// Charges a stored credential on demand: our clock, not the gateway's. **Takes money.** Sent at most once, whatever
    /// happens.
    ///
    /// The record of the call is told the gateway's reference as soon as there is one, before money moves, where the
    /// gateway has such a step.
    ///
    /// # Errors
    /// `NotApplied`: the same attempt may be made again. `Unknown`: look before doing anything else.
    async fn charge(&self, request: &ChargeRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let _ = (request, call);
        Err(Error::unsupported(self.id(), Operation::Charge))
    }

    /// Starts a schedule that the gateway itself runs. **Takes the first payment at once**, and lets the gateway repeat
    /// it.
    ///
    /// # Errors
    /// `Unknown`: the customer may have been charged and may be charged again: manual review.
    async fn schedule(&self, request: &ScheduleRequest, call: &Call<'_>) -> Result<Scheduled, Error> {
        let _ = (request, call);
        Err(Error::unsupported(self.id(), Operation::Schedule))
    }

    /// Reads where a payment stands. Moves no money.
    ///
    /// # Errors
    /// Those of a read. That a payment is not found does not prove that it was not made.
    async fn status(&self, payment: &PaymentRef) -> Result<PaymentStatus, Error> {
        let _ = payment;
        Err(Error::unsupported(self.id(), Operation::Status))
    }

    /// Looks for a charge whose answer was lost. Only reads, moves no money.
    ///
    /// # Errors
    /// Those of a read: what the charge did stays unknown. **The effect of this error is that of the look-up, not that
    /// of the charge**: a look-up that was refused, or never left, proves nothing. With `Protocol` and `Unknown`, what
    /// was found contradicts the charge: it names another amount, currency or reference.
    async fn look_up(&self, lost: &LostCharge) -> Result<Found, Error> {
        let _ = lost;
        Err(Error::unsupported(self.id(), Operation::LookUp))
    }

    /// Whether it can look only for a charge whose [`payment`](LostCharge::payment) is known. Without one there is nothing
    /// to look with, and [`look_up`](Self::look_up) fails before anything is sent.
    fn look_up_needs_payment(&self) -> bool {
        false
    }

    /// Closes the payment that [`LostCharge::payment`] names and that was not paid, so that a charge of it which is still
    /// under way is refused by the gateway. Moves no money; money that was taken stays taken.
    ///
    /// It is the one proof that outlasts a lost call: "not paid" alone says nothing of a moment later.
    /// [`Found::Canceled`]: nothing was taken, and nothing can be any more. Anything else: the gateway did not cancel it,
    /// and this is how it stands.
    ///
    /// # Errors
    /// It may have been canceled or not. **The effect of this error is that of the cancellation, not that of the
    /// charge.** With `Protocol` and `Unknown`, the payment is not that of the charge.
    async fn cancel_unpaid(&self, lost: &LostCharge) -> Result<Found, Error> {
        let _ = lost;
        Err(Error::unsupported(self.id(), Operation::CancelUnpaid))
    }

    /// **Gives money back**, all of it or a part. Sent at most once: at most gateways every call is a new refund.
    ///
    /// The payment is read first where the wire carries no currency: a read that fails is `NotApplied(NeverSent)`.
    ///
    /// The answer is the refund: `Paid` means that the money was given back, `Declined` that it was not.
    ///
    /// # Errors
    /// `Unknown`: the money may have been given back: look before doing anything else.
    async fn refund(&self, request: &RefundRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let _ = (request, call);
        Err(Error::unsupported(self.id(), Operation::Refund))
    }

    /// **Takes money** that was authorized before, all of it or a part. Sent at most once.
    ///
    /// The answer is the payment, `Paid` when the money was taken. [`Facade`](crate::Facade) makes `Authorized` of it
    /// `Pending`: what is still held was not taken yet.
    ///
    /// # Errors
    /// `Unknown`: the money may have been taken: look before doing anything else.
    async fn capture(&self, request: &CaptureRequest, call: &Call<'_>) -> Result<Payment, Error> {
        let _ = (request, call);
        Err(Error::unsupported(self.id(), Operation::Capture))
    }

    /// Checks where a notification comes from, then reads it. It is a hint: read the payment's state from the
    /// gateway ([`status`](Self::status)) before acting on it.
    ///
    /// # Errors
    /// `Refused` when its origin is not proven although this gateway proves it, or when the key to check it with is
    /// not configured; `Unreadable` when it is not what the gateway sends.
    async fn receive(&self, raw: RawNotification) -> Result<ReceivedNotification, ReceiveError> {
        let _ = raw;
        Err(Error::unsupported(self.id(), Operation::Receive).into())
    }

    /// The HTTP response that the gateway expects, once the notification has been stored: it sends it again otherwise.
    fn notification_answer(&self) -> NotificationAnswer {
        NotificationAnswer { status: 200, body: "" }
    }
}
