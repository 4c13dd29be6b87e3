//! What both stores make of a row.

use recurring_core::{AttemptId, Currency, Money, Timestamp};
use recurring_facade::{Authenticity, PaymentRef, ProviderId};

use crate::attempt::{AttemptRecord, Ending, Fence, Operation, State};
use crate::error::{OtherTry, StoreError};
use crate::intent::Intent;
use crate::series::SeriesTry;

/// The columns of an attempt, in the order in which [`Row`] names them.
pub(crate) const COLUMNS: &str = "attempt, provider, operation, amount, currency, fingerprint, state, owner, fence, \
    lease_until, payment, ending, created, updated, armed, looks, nothing_found, next_look, decided_by, note, sealed, lapsed, sent, series, \
    period, try, archived";

/// The attempts to which their payment belongs, and to no other: those of the unique index.
pub(crate) const HAS_OWN_PAYMENT: &str = "operation IN ('charge', 'schedule', 'first_payment')";

/// The states in which a try is over and nothing was taken: the period may be tried again.
pub(crate) const CLOSED: &str = "('declined', 'canceled', 'not_applied')";

/// The values of an intent that are stored as they are.
pub(crate) struct IntentColumns<'a> {
    pub(crate) attempt: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) operation: &'static str,
    pub(crate) amount: Option<i64>,
    pub(crate) currency: Option<&'static str>,
    pub(crate) fingerprint: &'a str,
    pub(crate) series: Option<&'a str>,
    pub(crate) period: Option<&'a str>,
    pub(crate) number: Option<i64>,
    pub(crate) credential: Option<&'a str>,
}

impl<'a> IntentColumns<'a> {
    pub(crate) fn of(intent: &'a Intent) -> Self {
        Self {
            attempt: intent.attempt.as_str(),
            provider: intent.provider.as_str(),
            operation: intent.operation.as_str(),
            amount: intent.amount.map(Money::minor),
            currency: intent.amount.map(|amount| amount.currency().code()),
            fingerprint: &intent.fingerprint,
            series: intent.series.as_ref().map(SeriesTry::series),
            period: intent.series.as_ref().map(SeriesTry::period),
            number: intent.series.as_ref().map(|series| i64::from(series.number())),
            credential: intent.credential.as_deref(),
        }
    }
}

/// An attempt as a database has it.
pub(crate) struct Row {
    pub(crate) attempt: String,
    pub(crate) provider: String,
    pub(crate) operation: String,
    pub(crate) amount: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) fingerprint: String,
    pub(crate) state: String,
    pub(crate) owner: Option<String>,
    pub(crate) fence: i64,
    pub(crate) lease_until: Option<i64>,
    pub(crate) payment: Option<String>,
    pub(crate) ending: Option<String>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) armed: Option<i64>,
    pub(crate) looks: i64,
    pub(crate) nothing_found: i64,
    pub(crate) next_look: Option<i64>,
    pub(crate) decided_by: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) lapsed: bool,
    pub(crate) sent: bool,
    pub(crate) series: Option<String>,
    pub(crate) period: Option<String>,
    pub(crate) number: Option<i64>,
    pub(crate) archived: Option<i64>,
}

impl Row {
    /// Reads it. A row that this program did not write is refused, never guessed at.
    pub(crate) fn read(self) -> Result<AttemptRecord, StoreError> {
        let amount = match (self.amount, self.currency.as_deref()) {
            (Some(minor), Some(code)) => {
                let currency = Currency::from_code(code).map_err(|_| invalid("currency"))?;
                Some(Money::from_minor(minor, currency).map_err(|_| invalid("amount"))?)
            }
            (None, None) => None,
            _ => return Err(invalid("amount")),
        };
        let series = match (self.series, self.period, self.number) {
            (Some(series), Some(period), Some(number)) => {
                let number = u32::try_from(number).map_err(|_| invalid("try"))?;
                Some(SeriesTry::new(series, period, number).map_err(|_| invalid("series"))?)
            }
            (None, None, None) => None,
            _ => return Err(invalid("series")),
        };
        Ok(AttemptRecord {
            attempt: AttemptId::new(self.attempt).map_err(|_| invalid("attempt"))?,
            provider: ProviderId::new(self.provider),
            operation: self.operation.parse::<Operation>().map_err(|_| invalid("operation"))?,
            amount,
            series,
            state: state(&self.state)?,
            payment: self.payment.map(PaymentRef::new),
            ending: match self.ending {
                Some(json) => serde_json::from_str::<Ending>(&json).map_err(|_| invalid("ending"))?,
                None => Ending::default(),
            },
            created: instant(self.created)?,
            updated: instant(self.updated)?,
            armed: self.armed.map(instant).transpose()?,
            lease_until: self.lease_until.map(instant).transpose()?,
            looks: u32::try_from(self.looks).map_err(|_| invalid("number"))?,
            nothing_found: u32::try_from(self.nothing_found).map_err(|_| invalid("number"))?,
            next_look: self.next_look.map(instant).transpose()?,
            decided_by: self.decided_by,
            note: self.note,
            lapsed: self.lapsed,
            archived: self.archived.map(instant).transpose()?,
            sent: self.sent,
            owner: self.owner,
            fence: Fence(self.fence),
            fingerprint: self.fingerprint,
            sealed: self.sealed,
        })
    }
}

/// The error for a value that no program of ours wrote.
pub(crate) fn invalid(what: &'static str) -> StoreError {
    StoreError::InvalidRow { what }
}

/// Whether the origin of a notification is proven.
pub(crate) fn authenticity(word: &str) -> Result<Authenticity, StoreError> {
    [Authenticity::Verified, Authenticity::Unsigned]
        .into_iter()
        .find(|known| known.as_str() == word)
        .ok_or_else(|| invalid("authenticity"))
}

/// Milliseconds since 1970.
pub(crate) fn instant(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_unix_millis(millis).map_err(|_| invalid("time"))
}

/// A stored state.
pub(crate) fn state(word: &str) -> Result<State, StoreError> {
    word.parse().map_err(|_| invalid("state"))
}

/// A count.
pub(crate) fn whole(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| invalid("number"))
}

/// A number as it is stored. One that no column holds is larger than any that is there.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What came back, as it is stored.
pub(crate) fn ending_text(ending: Option<&Ending>) -> Result<Option<String>, StoreError> {
    ending
        .map(|ending| serde_json::to_string(ending).map_err(|error| StoreError::Failed(error.to_string())))
        .transpose()
}

/// The tries of one period, of which another one may bar this.
pub(crate) fn other_try(
    intent: &Intent,
    other: String,
    state_word: &str,
    number: i64,
) -> Result<OtherTry, StoreError> {
    Ok(OtherTry {
        attempt: intent.attempt.clone(),
        other: AttemptId::new(other).map_err(|_| invalid("attempt"))?,
        state: state(state_word)?,
        same_number: intent.series.as_ref().is_some_and(|series| i64::from(series.number()) == number),
    })
}

/// Whether an attempt could be taken if no other try of its period barred it.
pub(crate) fn may_be_taken(existing: Option<&AttemptRecord>) -> bool {
    existing.is_none_or(|record| {
        matches!(record.state, State::Planned | State::NotApplied) && record.archived.is_none()
    })
}

/// What no store should ever have to say.
pub(crate) fn neither() -> StoreError {
    StoreError::Failed("an attempt could be neither stored nor found".to_owned())
}
