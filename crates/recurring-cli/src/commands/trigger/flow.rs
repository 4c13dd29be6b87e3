//! Makes an event come about as a merchant would: through the gateway's own calls and its payment page.

use std::time::{SystemTime, UNIX_EPOCH};

use recurring_facade::{
    Agreement, AttemptId, Billing, ChargeRequest, Currency, Customer, EnrolRequest, Enrolment, Facade, Money,
    Operation, Outcome, Payment, PaymentRef, ProviderId, RefundRequest, ScheduleRequest, Secret,
    StoredCredential,
};
use serde_json::json;

use super::events::{Event, Flow};
use crate::commands::customer::{self, Choice};
use crate::error::CliError;

/// Always approved by the sandbox.
const GOOD_CARD: &str = "4111111111111111";
/// Always declined by the sandbox.
const DECLINED_CARD: &str = "4000000000000002";
/// Approved by the sandbox while the customer is present, and declined later.
const FADING_CARD: &str = "4000000000000341";

/// One event that is made to happen.
pub(super) struct Run<'a> {
    pub(super) facade: &'a Facade,
    pub(super) event: &'a Event,
    /// Where the webhooks go, for gateways that must be given an address.
    pub(super) notification_url: Option<&'a str>,
}

impl Run<'_> {
    /// Makes it happen: the payment at the end of it.
    pub(super) async fn happens(&self) -> Result<Payment, CliError> {
        let scheduled = self.facade.require(self.id(), Operation::Schedule).is_ok();
        match (self.event.flow, scheduled) {
            (Flow::Paid, false) => self.enrolled(GOOD_CARD).await.map(|(payment, _)| payment),
            (Flow::Paid, true) => self.scheduled(GOOD_CARD, Outcome::Paid).await,
            (Flow::Declined, false) => self.on_the_page(DECLINED_CARD, Choice::Pay, Outcome::Declined).await,
            (Flow::Declined, true) => self.scheduled(DECLINED_CARD, Outcome::Declined).await,
            (Flow::Canceled, _) => self.on_the_page(GOOD_CARD, Choice::Cancel, Outcome::Canceled).await,
            (Flow::Renewed, _) => self.charged(GOOD_CARD, Outcome::Paid).await,
            (Flow::RenewalDeclined, _) => self.charged(FADING_CARD, Outcome::Declined).await,
            (Flow::Refunded, false) => {
                let (payment, _) = self.enrolled(GOOD_CARD).await?;
                self.refunded(payment).await
            }
            (Flow::Refunded, true) => {
                let payment = self.scheduled(GOOD_CARD, Outcome::Paid).await?;
                self.refunded(payment).await
            }
        }
    }

    fn id(&self) -> &ProviderId {
        &self.event.provider
    }

    /// A first payment up to the page, on which the customer makes a choice; then it must have this outcome.
    async fn on_the_page(&self, card: &str, choice: Choice, outcome: Outcome) -> Result<Payment, CliError> {
        let started = self.facade.enrol(self.id(), self.enrolment()?).await?;
        self.press(started.payment.redirect.as_deref(), card, choice).await?;
        let reference = started.payment.payment.as_ref().ok_or_else(|| unexpected("it names no payment"))?;
        let read = self.facade.status(self.id(), reference).await?.payment;
        // A declined card leaves the page open for another one at some gateways.
        let open = matches!(read.outcome, Outcome::Pending | Outcome::ActionRequired);
        if open && outcome == Outcome::Declined { Ok(read) } else { must_be(read, outcome) }
    }

    /// A first payment that is paid, and its stored credential.
    async fn enrolled(&self, card: &str) -> Result<(Payment, StoredCredential), CliError> {
        let started = self.facade.enrol(self.id(), self.enrolment()?).await?;
        self.press(started.payment.redirect.as_deref(), card, Choice::Pay).await?;
        let Enrolment { payment, agreement, .. } = self.facade.resume(started.pending).await?;
        let payment = must_be(payment, Outcome::Paid)?;
        match agreement {
            Some(Agreement::ChargeOnDemand(credential)) => Ok((payment, credential)),
            _ => Err(unexpected("the gateway shows no stored credential")),
        }
    }

    async fn press(&self, page: Option<&str>, card: &str, choice: Choice) -> Result<(), CliError> {
        let page = page.ok_or_else(|| unexpected("the gateway names no payment page"))?;
        customer::presses(page, card, choice).await.map_err(unexpected)
    }

    /// A stored card is charged.
    async fn charged(&self, card: &str, outcome: Outcome) -> Result<Payment, CliError> {
        let (_, credential) = self.enrolled(card).await?;
        let mut request = ChargeRequest::new(attempt("renewal")?, credential, self.price()?);
        request.reason = Some("Monthly plan, renewal".to_owned());
        request.notification_url = self.notification_url.map(str::to_owned);
        let charged = self.facade.charge(request).await?;
        let reference = charged.payment.clone();
        let readable = self.facade.require(self.id(), Operation::Status).is_ok();
        // A pending charge is read again, where the gateway lets one read.
        match reference.filter(|_| readable && charged.outcome == Outcome::Pending) {
            Some(reference) => must_be(self.facade.status(self.id(), &reference).await?.payment, outcome),
            None => must_be(charged, outcome),
        }
    }

    async fn refunded(&self, payment: Payment) -> Result<Payment, CliError> {
        let reference = payment.payment.ok_or_else(|| unexpected("it names no payment"))?;
        let request = RefundRequest::new(attempt("refund")?, reference.clone());
        let mut refunded = self.facade.refund(self.id(), request).await?;
        // The refund may have a name of its own; the event is about the payment.
        refunded.payment = Some(reference);
        Ok(refunded)
    }

    /// The gateway schedules the payments: one call takes the first payment and starts the schedule.
    async fn scheduled(&self, card: &str, outcome: Outcome) -> Result<Payment, CliError> {
        let card = json!({"pan": card, "expiry": "2030-12", "cvv": "123", "cardholder_name": "Ann Example"});
        let (price, card) = (self.price()?, Secret::new(card.to_string()));
        let request =
            ScheduleRequest::new(attempt("schedule")?, price, "MONTHLY", "customer@example.org", card);
        must_be(self.facade.schedule(self.id(), request).await?.payment, outcome)
    }

    fn enrolment(&self) -> Result<EnrolRequest, CliError> {
        let shop = "https://shop.example";
        let billing = Billing {
            first_name: "Ann".to_owned(),
            last_name: "Example".to_owned(),
            address1: "1 High Street".to_owned(),
            city: "Amsterdam".to_owned(),
            state: "NH".to_owned(),
            country: "NL".to_owned(),
            postal_code: "1011AA".to_owned(),
            phone: "+31200000000".to_owned(),
            email: "customer@example.org".to_owned(),
        };
        let customer =
            Customer::new(attempt("customer")?.as_str(), "customer@example.org").with_billing(billing);
        let mut request = EnrolRequest::new(attempt("first")?, self.price()?, customer)
            .with_description("Monthly plan")
            .with_success_url(format!("{shop}/paid"))
            .with_failure_url(format!("{shop}/failed"));
        request.notification_url = self.notification_url.map(str::to_owned);
        Ok(request)
    }

    /// 40.00 in a currency that the gateway's sandbox account has.
    fn price(&self) -> Result<Money, CliError> {
        let code = match self.id().as_str() {
            "ngenius" => "AED",
            "tokenpay-signed" => "USD",
            "revio" => "ZAR",
            _ => "EUR",
        };
        Ok(Money::parse("40.00", Currency::from_code(code)?)?)
    }
}

/// A name that was not used before.
fn attempt(what: &str) -> Result<AttemptId, CliError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    Ok(AttemptId::new(format!("trigger-{what}-{now}"))?)
}

fn unexpected(problem: impl Into<String>) -> CliError {
    CliError::io(format!(
        "cannot trigger it: {}; a fault may be armed: see `recurring fault list`",
        problem.into()
    ))
}

fn must_be(payment: Payment, expected: Outcome) -> Result<Payment, CliError> {
    if payment.outcome == expected {
        return Ok(payment);
    }
    let payment_ref = payment.payment.as_ref().map(PaymentRef::as_str).unwrap_or_default();
    Err(unexpected(format!("the payment {payment_ref} is {} instead of {expected}", payment.outcome)))
}
