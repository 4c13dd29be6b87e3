//! The statement that plans an attempt, for the stores and for a transaction of a caller.

/// The statement for both databases; only the place of the table differs.
macro_rules! plan {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (attempt, provider, operation, amount, currency, fingerprint, state, created, updated, sealed, series, \
             period, try, credential, holds_period) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
             CAST($11 AS TEXT) IS NOT NULL) ON CONFLICT (attempt) DO NOTHING"
        )
    };
}
pub(crate) const PLAN_SQLITE: &str = plan!("recurring_attempts");
#[cfg(feature = "postgres")]
pub(crate) const PLAN_POSTGRES: &str = plan!("recurring.recurring_attempts");
