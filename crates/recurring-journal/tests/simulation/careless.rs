//! A provider without the time limit and without the cancellation at the gateway: the negative control.

use std::any::Any;

use async_trait::async_trait;
use recurring_facade::{
    Call, CancelUnpaid, Charge, ChargeRequest, Error, Facade, Facts, Found, LookUp, LostCharge, Outcome,
    Payment, Provider, ProviderId, Schedule, ScheduleRequest, Scheduled, Status,
};

/// Sends whenever it gets to it, and claims that every unpaid payment is canceled.
#[derive(Debug)]
pub(crate) struct Careless {
    inner: Facade,
    id: ProviderId,
}

impl Careless {
    /// The facade of one gateway, without its care.
    pub(crate) fn facade(inner: Facade, id: &ProviderId) -> Facade {
        Facade::new().with(Self { inner, id: id.clone() })
    }

    fn inner(&self) -> &dyn Provider {
        self.inner.provider(&self.id).unwrap()
    }
}

impl Provider for Careless {
    fn id(&self) -> ProviderId {
        self.id.clone()
    }

    fn facts(&self) -> &'static Facts {
        self.inner().facts()
    }

    fn native(&self) -> &dyn Any {
        self.inner().native()
    }

    fn as_charge(&self) -> Option<&dyn Charge> {
        self.inner().as_charge().map(|_| -> &dyn Charge { self })
    }

    fn as_schedule(&self) -> Option<&dyn Schedule> {
        self.inner().as_schedule().map(|_| -> &dyn Schedule { self })
    }

    fn as_status(&self) -> Option<&dyn Status> {
        self.inner().as_status()
    }

    fn as_look_up(&self) -> Option<&dyn LookUp> {
        self.inner().as_look_up()
    }

    fn as_cancel_unpaid(&self) -> Option<&dyn CancelUnpaid> {
        self.inner().as_cancel_unpaid().map(|_| -> &dyn CancelUnpaid { self })
    }
}

#[async_trait]
impl Charge for Careless {
    async fn charge(&self, request: &ChargeRequest, call: &Call<'_>) -> Result<Payment, Error> {
        self.inner().as_charge().unwrap().charge(request, &Call::new(call.record)).await
    }
}

#[async_trait]
impl Schedule for Careless {
    async fn schedule(&self, request: &ScheduleRequest, call: &Call<'_>) -> Result<Scheduled, Error> {
        self.inner().as_schedule().unwrap().schedule(request, &Call::new(call.record)).await
    }
}

#[async_trait]
impl CancelUnpaid for Careless {
    async fn cancel_unpaid(&self, lost: &LostCharge) -> Result<Found, Error> {
        let mut payment = Payment::new(self.id.clone(), Outcome::Declined, "canceled");
        payment.payment.clone_from(&lost.payment);
        Ok(Found::Canceled(payment))
    }
}
