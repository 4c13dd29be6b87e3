//! A gateway that answers what a test says, beside the journal that it is asked by.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use recurring_facade::{
    Call, Capabilities, ChargeRequest, Error, Facade, Facts, Found, LostCharge, Operation, Outcome, Payment,
    PaymentRef, PaymentStatus, Provider, ProviderId, Settings,
};
use recurring_gateway::ErrorExt as _;

/// How the gateway can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// By the payment's identifier alone.
    Status,
    /// By a look-up that compares.
    LookUp,
    /// By such a look-up where "nothing found" is a proof, beside a call that cancels what is unpaid.
    Cancel,
    /// Not at all.
    ChargeOnly,
}

type Answers<T> = Mutex<VecDeque<Result<T, Error>>>;

#[derive(Debug)]
pub(crate) struct Fake {
    means: Means,
    /// Announces this payment before it charges.
    pub(crate) anchor: Option<&'static str>,
    /// The answers to charges, in their order.
    pub(crate) charges: Answers<Payment>,
    /// The answers to reads, in their order.
    pub(crate) reads: Answers<Payment>,
    /// What look-ups find, in their order; after them they find the reads.
    pub(crate) found: Answers<Found>,
    /// What was looked for.
    pub(crate) lost: Mutex<Vec<LostCharge>>,
    /// Held by a test, it keeps charges from ending.
    pub(crate) gate: tokio::sync::Mutex<()>,
}

impl Fake {
    pub(crate) fn new(means: Means) -> Self {
        Self {
            means,
            anchor: None,
            charges: Mutex::default(),
            reads: Mutex::default(),
            found: Mutex::default(),
            lost: Mutex::default(),
            gate: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn answers(self, charges: impl IntoIterator<Item = Result<Payment, Error>>) -> Self {
        self.charges.lock().unwrap().extend(charges);
        self
    }

    pub(crate) fn facade(self) -> (Arc<Self>, Facade) {
        let this = Arc::new(self);
        (Arc::clone(&this), Facade::new().with_provider(Shared(this)))
    }

    pub(crate) fn will_read(&self, read: Result<Payment, Error>) {
        self.reads.lock().unwrap().push_back(read);
    }

    pub(crate) fn will_find(&self, found: Found) {
        self.found.lock().unwrap().push_back(Ok(found));
    }

    /// How many of its answers to charges are left.
    pub(crate) fn left(&self) -> usize {
        self.charges.lock().unwrap().len()
    }

    fn read(&self) -> Result<Payment, Error> {
        self.reads.lock().unwrap().pop_front().unwrap_or_else(|| Err(lost(None)))
    }
}

/// A payment of 40 EUR, with the reference of the attempt that it is told to be of.
pub(crate) fn payment(outcome: Outcome, id: Option<&str>, reference: &str) -> Payment {
    let mut payment = Payment::new(ProviderId::EMSPAY, outcome, outcome.to_string());
    payment.payment = id.map(PaymentRef::new);
    payment.merchant_reference = Some(reference.to_owned());
    payment.amount = Some(crate::world::common::price(&ProviderId::EMSPAY));
    payment
}

pub(crate) fn lost(payment: Option<&str>) -> Error {
    let inner = recurring_core::Error::unknown(recurring_core::ErrorKind::Transport, "the answer was lost");
    let error = Error::new(ProviderId::EMSPAY, inner);
    match payment {
        Some(payment) => error.with_payment(PaymentRef::new(payment)),
        None => error,
    }
}

#[derive(Debug)]
struct Shared(Arc<Fake>);

#[async_trait]
impl Provider for Shared {
    fn id(&self) -> ProviderId {
        ProviderId::EMSPAY
    }

    fn facts(&self) -> &'static Facts {
        static ALL: LazyLock<Facade> = LazyLock::new(|| Settings::unreachable().unwrap());
        let like = if self.0.means == Means::Cancel { ProviderId::REVIO } else { ProviderId::EMSPAY };
        ALL.provider(&like).unwrap().facts()
    }

    fn native(&self) -> &dyn Any {
        self
    }

    fn capabilities(&self) -> Capabilities {
        match self.0.means {
            Means::ChargeOnly => Capabilities::new(&[(Operation::Charge, "")]),
            Means::Status => Capabilities::new(&[(Operation::Charge, ""), (Operation::Status, "")]),
            Means::LookUp => Capabilities::new(&[
                (Operation::Charge, ""),
                (Operation::Status, ""),
                (Operation::LookUp, ""),
            ]),
            Means::Cancel => Capabilities::new(&[
                (Operation::Charge, ""),
                (Operation::LookUp, ""),
                (Operation::CancelUnpaid, ""),
            ]),
        }
    }

    async fn charge(&self, request: &ChargeRequest, call: &Call<'_>) -> Result<Payment, Error> {
        if let Some(payment) = self.0.anchor {
            let payment = PaymentRef::new(payment);
            if let Err(problem) = call.record.payment_created(&request.attempt, &payment).await {
                let inner =
                    recurring_core::Error::never_sent(recurring_core::ErrorKind::Config, problem.to_string());
                return Err(Error::new(ProviderId::EMSPAY, inner).with_payment(payment));
            }
        }
        let answer = self.0.charges.lock().unwrap().pop_front().unwrap_or_else(|| Err(lost(None)));
        drop(self.0.gate.lock().await);
        answer
    }

    async fn status(&self, _: &PaymentRef) -> Result<PaymentStatus, Error> {
        self.0.read().map(PaymentStatus::single)
    }

    async fn look_up(&self, lost: &LostCharge) -> Result<Found, Error> {
        self.0.lost.lock().unwrap().push(lost.clone());
        let found = self.0.found.lock().unwrap().pop_front();
        found.unwrap_or_else(|| self.0.read().map(Found::Payment))
    }

    /// Its answer is always lost.
    async fn cancel_unpaid(&self, _: &LostCharge) -> Result<Found, Error> {
        Err(lost(None))
    }
}
