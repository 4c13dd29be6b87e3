//! From scripts to the journal: tokens that scripts have stored become credentials.

use recurring_facade::{AttemptId, ChargeRequest, Currency, Money, StoredCredential};
use recurring_journal::{Journal, State};
use serde_json::{Value, json};

use crate::shop::{GOOD_CARD, enrolled, sandbox};

/// Builds a credential from what a script stored for a customer of EMS Online.
///
/// # Errors
/// When it lacks something.
fn credential_of(
    token: &str,
    first_amount_minor: i64,
    first_created: &str,
) -> serde_json::Result<StoredCredential> {
    serde_json::from_value(json!({
        "provider": "emspay",
        "vault_token": token,
        "first_amount_minor": first_amount_minor,
        "currency": "EUR",
        "first_created": first_created,
    }))
}

/// Runs the program.
///
/// # Errors
/// When a call fails.
pub async fn run() -> crate::Outcome {
    let (sandbox, facade) = sandbox().await?;
    let folder = tempfile::tempdir()?;
    let journal = Journal::create(&format!("sqlite:{}/journal.db", folder.path().display())).await?;
    let stored = enrolled(&facade, &recurring_facade::ProviderId::EMSPAY, "ann-first", GOOD_CARD).await?;
    let stored = serde_json::to_value(&stored)?;
    let column = |name: &str| stored.get(name).and_then(Value::as_str).unwrap_or_default();
    let (token, created) = (column("vault_token"), column("first_created"));

    let credential = credential_of(token, 4000, created)?;
    let name = AttemptId::new("invoice-2026-12-0042")?; // the name that your script sends
    let price = Money::parse("40.00", Currency::from_code("EUR")?)?;
    let answer = journal.charge(&facade, ChargeRequest::new(name, credential, price)).await?;
    assert!(matches!(answer.record.state, State::Paid | State::Pending));

    sandbox.assert_charged_once("invoice-2026-12-0042");
    Ok(())
}
