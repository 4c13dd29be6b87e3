//! The next try of a period, by the name of an earlier one.

use recurring_core::{AttemptId, Timestamp};

use crate::attempt::AttemptRecord;
use crate::error::JournalError;
use crate::journal::Journal;
use crate::series::{ChargeIntent, SeriesTry};

impl Journal {
    /// Plans the next try of a period: what was sealed for an earlier try, under another name and with the number after it.
    /// Nothing is sent. For whatever drives the journal by names alone; a caller that has the credential calls
    /// [`plan`](Self::plan).
    ///
    /// A try that has been planned or made before stays as it is.
    ///
    /// # Errors
    /// When `earlier` is not a charge of a series, its credential is not kept or cannot be opened with this journal's key, another
    /// try of the period is open or paid ([`JournalError::OtherTry`]), the name is another payment's, or the store fails.
    pub async fn plan_next_try(
        &self,
        earlier: &AttemptId,
        next: &AttemptId,
    ) -> Result<AttemptRecord, JournalError> {
        let ChargeIntent { mut request, series } = self.planned_charge(earlier).await?;
        let Some(series) = series else {
            let rule = format!("must be a try of a series: {earlier} was planned without one");
            return Err(JournalError::Invalid { field: "attempt", rule });
        };
        let number = series.number().saturating_add(1);
        let series = SeriesTry::new(series.series(), series.period(), number)
            .map_err(|error| JournalError::Invalid { field: "try", rule: error.rule().to_owned() })?;
        request.attempt = next.clone();
        self.plan(ChargeIntent::new(request).with_series(series)).await
    }

    /// The [history](Self::credential_history) of the credential that an attempt was planned with.
    ///
    /// # Errors
    /// When its credential is not kept or cannot be opened with this journal's key, or the store fails.
    pub async fn credential_history_of(
        &self,
        attempt: &AttemptId,
        since: Timestamp,
    ) -> Result<Vec<AttemptRecord>, JournalError> {
        let charge = self.planned_charge(attempt).await?;
        self.credential_history(&charge.request.credential, since).await
    }
}
