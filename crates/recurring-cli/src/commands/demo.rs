//! Every flow of each gateway, against a built-in sandbox, over real HTTP.

use std::time::Duration;

use recurring_facade::{
    Agreement, AttemptId, Billing, ChargeRequest, Currency, Customer, EnrolRequest, Enrolment, Facade, Money,
    Operation, Outcome, Payment, PaymentRef, ProviderId, ScheduleRequest, Secret, Settings, StoredCredential,
};
use recurring_journal::Intent;
use recurring_sandbox::Sandbox;
use serde_json::json;

use crate::commands::customer::{self, Choice};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::text;

/// Always approved by the sandbox.
const GOOD_CARD: &str = "4111111111111111";
/// Approved by the sandbox while the customer is present, and declined later.
const FADING_CARD: &str = "4000000000000341";

/// The flows of one gateway.
struct Flow<'a> {
    facade: &'a Facade,
    id: &'a ProviderId,
    out: &'a Output,
}

/// Runs the flows of all five gateways; every step must end as expected.
pub(crate) async fn run(timeout: Option<Duration>, out: &Output) -> Result<Exit, CliError> {
    out.note("starting a sandbox of five gateways on this machine ...");
    let sandbox = Sandbox::builder()
        .start()
        .await
        .map_err(|error| CliError::io(format!("cannot start the sandbox: {error}")))?;
    out.note(&format!("listening on {}; every call below goes there over HTTP\n", sandbox.url()));
    let mut settings = Settings::new().set_all(sandbox.settings())?;
    if let Some(timeout) = timeout {
        settings = settings.with_timeout(timeout);
    }
    let facade = settings.facade()?;
    let mut completed = 0;
    let mut failed = false;
    for id in ProviderId::ALL {
        let flow = Flow { facade: &facade, id, out };
        match flow.run().await {
            Ok(()) => completed += 1,
            Err(problem) => {
                out.problem(&problem.at(id).to_string());
                failed = true;
            }
        }
        out.note("");
    }
    let taken = sandbox.ledger();
    for entry in &taken {
        let amount = Currency::from_code(&entry.currency)
            .and_then(|currency| Money::from_minor(entry.amount_minor, currency))?;
        out.note(&format!("taken: {:15} {:>10}  for {}", entry.gateway, amount.to_string(), entry.reference));
    }
    let ok = !failed && completed == ProviderId::ALL.len();
    let end = if ok {
        format!(
            "all {completed} gateways took recurring payments; the sandbox's ledger shows {} charges",
            taken.len()
        )
    } else {
        format!("{completed} of {} gateways took recurring payments", ProviderId::ALL.len())
    };
    out.line(&json!({"providers": completed, "ok": ok}), &end);
    sandbox.shutdown().await;
    Ok(if ok { Exit::Done } else { Exit::Failed })
}

impl Flow<'_> {
    async fn run(&self) -> Result<(), CliError> {
        let can = self.facade.capabilities(self.id)?;
        if can.has(Operation::Schedule) {
            return self.scheduled().await;
        }
        let credential = self.enrolled("good", GOOD_CARD, true).await?;
        let charged = self.charge("renewal", credential).await?;
        self.step("charge", charged.outcome.as_str(), charged.payment.as_ref());
        self.settled(charged, true).await?.must_be(Outcome::Paid, "the renewal")?;

        let fading = self.enrolled("fading", FADING_CARD, false).await?;
        let refused = self.charge("refused", fading).await?;
        let refused = self.settled(refused, false).await?;
        self.step("decline", refused.outcome.as_str(), refused.payment.as_ref());
        refused.must_be(Outcome::Declined, "the renewal on a card that is refused")
    }

    /// A first payment: begun, paid by the customer on the gateway's page, and turned into a stored credential.
    async fn enrolled(&self, name: &str, card: &str, show: bool) -> Result<StoredCredential, CliError> {
        let step = |step, outcome: &str, payment: Option<&PaymentRef>| {
            if show {
                self.step(step, outcome, payment);
            }
        };
        let shop = "https://shop.example";
        let mut customer = Customer::new(format!("customer-{name}"), "customer@example.org");
        customer.billing = Some(Billing {
            first_name: "Ann".to_owned(),
            last_name: "Example".to_owned(),
            address1: "1 High Street".to_owned(),
            city: "Amsterdam".to_owned(),
            state: "NH".to_owned(),
            country: "NL".to_owned(),
            postal_code: "1011AA".to_owned(),
            phone: "+31200000000".to_owned(),
            email: "customer@example.org".to_owned(),
        });
        let mut request = EnrolRequest::new(self.attempt(&format!("{name}-first"))?, self.price()?, customer);
        request.description = Some("Monthly plan".to_owned());
        request.success_url = Some(format!("{shop}/paid"));
        request.failure_url = Some(format!("{shop}/failed"));
        request.notification_url = Some(format!("{shop}/notify"));
        let started = self.facade.enrol(self.id, request).await?;
        step("enrol", started.payment.outcome.as_str(), started.payment.payment.as_ref());
        let page = started
            .payment
            .redirect
            .as_deref()
            .ok_or_else(|| unexpected("the gateway names no payment page"))?;
        customer::presses(page, card, Choice::Pay).await.map_err(unexpected)?;
        // Where a card alone was stored, `resume` takes the first payment.
        let first =
            if Intent::first_payment(&started.pending).is_some() { Outcome::Pending } else { Outcome::Paid };
        step("customer", first.as_str(), started.payment.payment.as_ref());
        let Enrolment { payment, agreement, .. } = self.facade.resume(started.pending).await?;
        step("credential", payment.outcome.as_str(), payment.payment.as_ref());
        payment.must_be(Outcome::Paid, "the first payment")?;
        match agreement {
            Some(Agreement::ChargeOnDemand(credential)) => Ok(credential),
            _ => Err(unexpected("the gateway shows no stored credential")),
        }
    }

    async fn charge(&self, name: &str, credential: StoredCredential) -> Result<Payment, CliError> {
        let mut request = ChargeRequest::new(self.attempt(name)?, credential, self.price()?);
        request.reason = Some("Monthly plan, renewal".to_owned());
        Ok(self.facade.charge(request).await?)
    }

    /// A pending payment is read again, where the gateway lets one read.
    async fn settled(&self, payment: Payment, show: bool) -> Result<Payment, CliError> {
        let can_read = self.facade.require(self.id, Operation::Status).is_ok();
        let Some(reference) = payment.payment.as_ref().filter(|_| can_read) else { return Ok(payment) };
        let status = self.facade.status(self.id, reference).await?;
        if show {
            self.step("status", status.payment.outcome.as_str(), Some(reference));
        }
        Ok(status.payment)
    }

    /// The gateway schedules the payments: one call takes the first payment and starts the schedule.
    async fn scheduled(&self) -> Result<(), CliError> {
        let card =
            json!({"pan": GOOD_CARD, "expiry": "2030-12", "cvv": "123", "cardholder_name": "Ann Example"});
        let request = ScheduleRequest::new(
            self.attempt("schedule")?,
            self.price()?,
            "MONTHLY",
            "customer@example.org",
            Secret::new(card.to_string()),
        );
        let scheduled = self.facade.schedule(self.id, request).await?;
        self.step("schedule", scheduled.payment.outcome.as_str(), scheduled.payment.payment.as_ref());
        scheduled.payment.must_be(Outcome::Paid, "the first payment of the schedule")?;
        self.settled(scheduled.payment, true).await?.must_be(Outcome::Paid, "the schedule's payment")
    }

    fn attempt(&self, name: &str) -> Result<AttemptId, CliError> {
        Ok(AttemptId::new(format!("demo-{}-{name}", self.id))?)
    }

    /// 40.00 in a currency that the gateway's sandbox account has.
    fn price(&self) -> Result<Money, CliError> {
        let code = match self.id.as_str() {
            "ngenius" => "AED",
            "tokenpay-signed" => "USD",
            "revio" => "ZAR",
            _ => "EUR",
        };
        let currency = Currency::from_code(code)?;
        Ok(Money::parse("40.00", currency)?)
    }

    fn step(&self, step: &str, outcome: &str, payment: Option<&PaymentRef>) {
        let mut object = json!({"provider": self.id.as_str(), "step": step, "outcome": outcome});
        if let (Some(payment), Some(members)) = (payment, object.as_object_mut()) {
            members.insert("payment".to_owned(), payment.as_str().into());
        }
        let shown = payment.map(PaymentRef::as_str).unwrap_or_default();
        let padding = " ".repeat(15_usize.saturating_sub(outcome.len()));
        let outcome = outcome.parse().map_or(outcome.to_owned(), text::outcome);
        self.out.line(&object, format!("{:15} {step:10} {outcome}{padding} {shown}", self.id).trim_end());
    }
}

/// A step that did not end as expected.
fn unexpected(problem: impl Into<String>) -> CliError {
    CliError::io(problem)
}

/// Whether a step ended as expected.
trait MustBe {
    fn must_be(&self, expected: Outcome, what: &str) -> Result<(), CliError>;
}

impl MustBe for Payment {
    fn must_be(&self, expected: Outcome, what: &str) -> Result<(), CliError> {
        if self.outcome == expected {
            Ok(())
        } else {
            Err(unexpected(format!(
                "{what} should be {expected} and is {} (`{}`)",
                self.outcome, self.status
            )))
        }
    }
}
