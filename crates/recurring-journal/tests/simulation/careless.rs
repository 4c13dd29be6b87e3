//! A provider without the time limit and without the cancellation at the gateway: the negative control.

use std::any::Any;

use async_trait::async_trait;
use recurring_facade::{
    Call, Capabilities, ChargeRequest, Error, Facade, Facts, Found, LostCharge, Operation, Outcome, Payment,
    PaymentRef, PaymentStatus, Provider, ProviderId, ScheduleRequest, Scheduled,
};

/// What it passes on.
const PASSED_ON: [Operation; 5] =
    [Operation::Charge, Operation::Schedule, Operation::Status, Operation::LookUp, Operation::CancelUnpaid];

/// Sends whenever it gets to it, and claims that every unpaid payment is canceled.
#[derive(Debug)]
pub(crate) struct Careless {
    inner: Facade,
    id: ProviderId,
    can: Capabilities,
}

impl Careless {
    /// The facade of one gateway, without its care.
    pub(crate) fn facade(inner: Facade, id: &ProviderId) -> Facade {
        let all = inner.capabilities(id).unwrap();
        let can =
            PASSED_ON.into_iter().filter(|operation| all.has(*operation)).map(|operation| (operation, ""));
        // A few words for each run of the simulation.
        let can = Capabilities::new(can.collect::<Vec<_>>().leak());
        Facade::new().with_provider(Self { inner, id: id.clone(), can })
    }

    fn inner(&self) -> &dyn Provider {
        self.inner.provider(&self.id).unwrap()
    }
}

#[async_trait]
impl Provider for Careless {
    fn id(&self) -> ProviderId {
        self.id.clone()
    }

    fn facts(&self) -> &'static Facts {
        self.inner().facts()
    }

    fn capabilities(&self) -> Capabilities {
        self.can
    }

    fn native(&self) -> &dyn Any {
        self.inner().native()
    }

    async fn charge(&self, request: &ChargeRequest, call: &Call<'_>) -> Result<Payment, Error> {
        self.inner().charge(request, &Call::new(call.record)).await
    }

    async fn schedule(&self, request: &ScheduleRequest, call: &Call<'_>) -> Result<Scheduled, Error> {
        self.inner().schedule(request, &Call::new(call.record)).await
    }

    async fn status(&self, payment: &PaymentRef) -> Result<PaymentStatus, Error> {
        self.inner().status(payment).await
    }

    async fn look_up(&self, lost: &LostCharge) -> Result<Found, Error> {
        self.inner().look_up(lost).await
    }

    fn look_up_needs_payment(&self) -> bool {
        self.inner().look_up_needs_payment()
    }

    async fn cancel_unpaid(&self, lost: &LostCharge) -> Result<Found, Error> {
        let mut payment = Payment::new(self.id.clone(), Outcome::Declined, "canceled");
        payment.payment.clone_from(&lost.payment);
        Ok(Found::Canceled(payment))
    }
}
