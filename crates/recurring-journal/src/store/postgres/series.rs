//! The statements about series and the history of a credential.

use std::sync::LazyLock;

use tokio_postgres::Row as PgRow;

use super::statements::{number, text};
use crate::error::{OtherTry, StoreError};
use crate::intent::Intent;
use crate::store::row::{self, CLOSED, COLUMNS};

/// Another try of the period `$2` of the series `$1` that bars the attempt `$3`, which has the number `$4`.
pub(super) static OTHER_TRY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT attempt, state, try FROM recurring.recurring_attempts
         WHERE series = $1 AND period = $2 AND attempt <> $3 AND (state NOT IN {CLOSED} OR try = $4)
         ORDER BY state IN {CLOSED}, try LIMIT 1"
    )
});

pub(super) static SERIES: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {COLUMNS} FROM recurring.recurring_attempts WHERE series = $1 ORDER BY period, try")
});

pub(super) static CREDENTIAL_HISTORY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS} FROM recurring.recurring_attempts
         WHERE credential = $1 AND coalesce(armed, created) >= $2 ORDER BY coalesce(armed, created), attempt"
    )
});

/// The row of [`OTHER_TRY`].
pub(super) fn other_try(intent: &Intent, row: &PgRow) -> Result<OtherTry, StoreError> {
    row::other_try(intent, text(row, 0)?, &text(row, 1)?, number(row, 2)?)
}

/// Whether two of these are tries of the same period: a statement that takes them together does not see the one when it
/// stores the other.
pub(super) fn share_a_period(intents: &[Intent]) -> bool {
    let mut periods: Vec<_> = intents.iter().filter_map(|intent| intent.series.as_ref()).collect();
    periods.sort_unstable();
    periods.windows(2).any(|two| match two {
        [one, other] => (one.series(), one.period()) == (other.series(), other.period()),
        _ => false,
    })
}
