//! Gateways to measure against: the sandbox over HTTP, and one that answers at once, to see the journal alone.

use std::any::Any;
use std::time::Duration;

use async_trait::async_trait;
use recurring_facade::{
    Agreement, AttemptId, Call, Capabilities, ChargeRequest, Currency, Customer, EnrolRequest, Error, Facade,
    Facts, Money, Operation, Outcome, Payment, PaymentRef, Provider, ProviderId, Settings, StoredCredential,
};
use recurring_gateway::Transport;
use recurring_sandbox::Sandbox;

pub(crate) fn price() -> Money {
    Money::from_minor(4000, Currency::from_code("EUR").unwrap()).unwrap()
}

pub(crate) fn request(name: &str, credential: &StoredCredential) -> ChargeRequest {
    ChargeRequest::new(AttemptId::new(name).unwrap(), credential.clone(), price())
}

/// The sandbox's EMS Online, that holds its answers to renewals back for so long.
pub(crate) async fn sandbox(wait: Duration) -> (Sandbox, Settings, StoredCredential) {
    let sandbox = Sandbox::builder().with_emspay_wait(wait).start().await.unwrap();
    let settings = Settings::new().set_all(sandbox.settings()).unwrap();
    let facade = settings.facade_of(&ProviderId::EMSPAY).unwrap();
    let first = EnrolRequest::new(AttemptId::new("first").unwrap(), price(), Customer::default());
    let started = facade.enrol(&ProviderId::EMSPAY, first).await.unwrap();
    pay(started.payment.redirect.as_deref().unwrap()).await;
    match facade.resume(started.pending).await.unwrap().agreement {
        Some(Agreement::ChargeOnDemand(credential)) => (sandbox, settings, credential),
        other => panic!("{other:?}"),
    }
}

async fn pay(page: &str) {
    use recurring_core::{Error, HttpOptions, Reply};
    use recurring_gateway::{BaseUrl, Class, Method, PreparedRequest};
    let (origin, path) = page.split_at(page.match_indices('/').nth(2).unwrap().0);
    let form = "card_number=4111111111111111&expiry=12%2F30&cvc=123&cardholder=Ann&action=pay";
    let request = PreparedRequest::new("pay", Class::Write, Method::Post, path.to_owned())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.as_bytes().to_vec());
    let transport = Transport::new(HttpOptions::new()).unwrap();
    let base = BaseUrl::parse("page", origin).unwrap();
    let reply: Result<Reply, Error<String>> = transport.send(&base, &request).await;
    assert!(reply.unwrap().status() < 400);
}

/// Approves everything at once.
#[derive(Debug)]
pub(crate) struct AtOnce;

#[async_trait]
impl Provider for AtOnce {
    fn id(&self) -> ProviderId {
        ProviderId::EMSPAY
    }

    fn facts(&self) -> &'static Facts {
        static ALL: std::sync::LazyLock<Facade> =
            std::sync::LazyLock::new(|| Settings::unreachable().unwrap());
        ALL.provider(&ProviderId::EMSPAY).unwrap().facts()
    }

    fn native(&self) -> &dyn Any {
        self
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&[(Operation::Charge, "")])
    }

    async fn charge(&self, request: &ChargeRequest, _: &Call<'_>) -> Result<Payment, Error> {
        let mut payment = Payment::new(ProviderId::EMSPAY, Outcome::Paid, "completed");
        payment.payment = Some(PaymentRef::new(format!("order-{}", request.attempt)));
        payment.amount = Some(request.amount);
        Ok(payment)
    }
}
