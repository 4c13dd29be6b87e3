//! Several gateways through the facade, from the first payment to the renewal.

use recurring_facade::{
    Agreement, AttemptId, ChargeRequest, Customer, EnrolRequest, Outcome, PendingEnrolment, ProviderId,
    StoredCredential,
};

use crate::shop::{GOOD_CARD, pay_on_page, price, sandbox};

/// Runs the program.
///
/// # Errors
/// When a call fails.
pub async fn run() -> crate::Outcome {
    let (sandbox, facade) = sandbox().await?;
    for gateway in [ProviderId::REVIO, ProviderId::EMSPAY, ProviderId::TOKENPAY_SIGNED] {
        let first = format!("sub-{gateway}-first");
        let renewal = format!("sub-{gateway}-2026-12");
        let price = price(&gateway)?;

        let mut request = EnrolRequest::new(
            AttemptId::new(first.as_str())?,
            price,
            Customer::new("ann", "ann@example.org"),
        );
        request.success_url = Some("https://shop.example/paid".to_owned());
        request.failure_url = Some("https://shop.example/failed".to_owned());
        request.notification_url = Some(format!("https://shop.example/webhooks/{gateway}"));

        let started = facade.enrol(&gateway, request).await?;
        let page = started.payment.redirect.ok_or("no page")?; // redirect the customer to it
        let pending = serde_json::to_string(&started.pending)?; // store it until the customer is back

        pay_on_page(&page, GOOD_CARD).await?;

        let pending: PendingEnrolment = serde_json::from_str(&pending)?;
        let enrolment = facade.resume(pending).await?;
        let credential = match enrolment.agreement {
            Some(Agreement::ChargeOnDemand(credential)) => credential,
            _ => return Err(format!("not paid: {}", enrolment.payment.outcome).into()),
        };
        let stored = serde_json::to_string(&credential)?; // encrypt this: it can charge the card

        let credential: StoredCredential = serde_json::from_str(&stored)?; // it names its gateway
        let charge = ChargeRequest::new(AttemptId::new(renewal.as_str())?, credential, price);
        match facade.charge(charge).await {
            Ok(payment) if payment.outcome == Outcome::Paid => println!("{gateway}: paid"),
            Ok(payment) => println!("{gateway}: {}", payment.outcome), // pending, declined ...
            Err(error) if error.effect().is_unknown() => println!("{gateway}: look it up: {error}"),
            Err(error) => println!("{gateway}: nothing was charged: {error}"),
        }
        sandbox.assert_charged_once(&first);
        sandbox.assert_charged_once(&renewal);
    }
    Ok(())
}
