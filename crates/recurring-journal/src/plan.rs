use recurring_facade::ChargeRequest;

use crate::attempt::State;
use crate::error::JournalError;
use crate::intent::Intent;
use crate::journal::Journal;
#[cfg(feature = "postgres")]
use crate::store::plan::PLAN_POSTGRES;
use crate::store::plan::PLAN_SQLITE;

/// A statement that plans a charge, for a transaction of your own: the order and the plan to charge it are stored
/// together or not at all.
///
/// It is plain SQL for the database of the journal (SQLite or PostgreSQL), with the values in the order
/// of their parameters `$1`, `$2` ... Run it with whatever library you use. An attempt that is there already stays as
/// it is.
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
}

impl Journal {
    /// The statement that plans this charge: see [`PlanStatement`].
    ///
    /// # Errors
    /// When the credential cannot be sealed.
    pub fn plan_statement(&self, request: &ChargeRequest) -> Result<PlanStatement, JournalError> {
        let Intent { attempt, provider, operation, fingerprint, sealed, .. } = self.intent_of(request)?;
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
                PlanValue::Integer(request.amount.minor()),
                text(request.amount.currency().code()),
                PlanValue::Text(fingerprint),
                text(State::Planned.as_str()),
                PlanValue::Integer(now),
                PlanValue::Integer(now),
                PlanValue::Bytes(sealed),
            ],
        })
    }
}
