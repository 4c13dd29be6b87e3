use crate::attempt::State;
use crate::error::JournalError;
use crate::intent::Intent;
use crate::journal::Journal;
use crate::series::ChargeIntent;
#[cfg(feature = "postgres")]
use crate::store::plan::PLAN_POSTGRES;
use crate::store::plan::PLAN_SQLITE;

/// A statement that plans a charge, for a transaction of your own: the order and the plan to charge it are stored
/// together or not at all.
///
/// It is plain SQL for the database of the journal (SQLite or PostgreSQL), with the values in the order
/// of their parameters `$1`, `$2` ... Run it with whatever library you use. An attempt that is there already stays as
/// it is. While another try of the same period is open or paid, the statement fails by a unique index
/// (`recurring_attempts_period`), and so does your transaction.
///
/// Planning is all that can be done this way. Arming is always a commit of its own: a charge that is sent inside a
/// transaction that is rolled back would be a charge without a record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanStatement {
    /// The statement.
    pub sql: &'static str,
    /// Its values, in the order of the parameters.
    pub values: Vec<PlanValue>,
}

/// One value of a [`PlanStatement`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanValue {
    /// `TEXT`.
    Text(String),
    /// `INTEGER` in SQLite, `BIGINT` in PostgreSQL.
    Integer(i64),
    /// `BLOB` in SQLite, `BYTEA` in PostgreSQL; `None` is `NULL`.
    Bytes(Option<Vec<u8>>),
    /// `TEXT`; `None` is `NULL`.
    OptionalText(Option<String>),
    /// `INTEGER` in SQLite, `BIGINT` in PostgreSQL; `None` is `NULL`.
    OptionalInteger(Option<i64>),
}

impl Journal {
    /// The statement that plans this charge: see [`PlanStatement`].
    ///
    /// # Errors
    /// When the credential cannot be sealed.
    pub fn plan_statement(&self, charge: impl Into<ChargeIntent>) -> Result<PlanStatement, JournalError> {
        let charge = charge.into();
        let amount = charge.request.amount;
        let Intent { attempt, provider, operation, fingerprint, sealed, series, credential, .. } =
            self.intent_of(&charge)?;
        let now = self.clock().now().unix_millis();
        let text = |text: &str| PlanValue::Text(text.to_owned());
        Ok(PlanStatement {
            sql: match self.store().kind() {
                #[cfg(feature = "postgres")]
                "postgres" => PLAN_POSTGRES,
                _ => PLAN_SQLITE,
            },
            values: vec![
                text(attempt.as_str()),
                text(provider.as_str()),
                text(operation.as_str()),
                PlanValue::Integer(amount.minor()),
                text(amount.currency().code()),
                PlanValue::Text(fingerprint),
                text(State::Planned.as_str()),
                PlanValue::Integer(now),
                PlanValue::Integer(now),
                PlanValue::Bytes(sealed),
                PlanValue::OptionalText(series.as_ref().map(|series| series.series().to_owned())),
                PlanValue::OptionalText(series.as_ref().map(|series| series.period().to_owned())),
                PlanValue::OptionalInteger(series.as_ref().map(|series| i64::from(series.number()))),
                PlanValue::OptionalText(credential),
            ],
        })
    }
}
