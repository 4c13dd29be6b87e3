//! Where a run gets what is due.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use recurring_core::AttemptId;
use recurring_facade::{ChargeRequest, Facade, ProviderId};

use crate::attempt::{AttemptRecord, Operation};
use crate::error::{JournalError, StoreError};
use crate::journal::Journal;
use crate::perform::Answer;
use crate::seal::Sealed;
use crate::series::ChargeIntent;
use crate::store::{Claim, Due};

use super::report::{SkipReason, UnreadableLine};

/// Attempts that are claimed at a time.
const CHUNK: usize = 128;

/// A stream of charges, some of which cannot be read.
pub(super) trait Charges: Stream<Item = Result<Self::Charge, UnreadableLine>> {
    type Charge: Into<ChargeIntent>;
}

impl<S: Stream<Item = Result<C, UnreadableLine>>, C: Into<ChargeIntent>> Charges for S {
    type Charge = C;
}

/// Some of what is due, and whether it could be claimed.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) claimed: Vec<(ChargeIntent, Claim)>,
    /// What was not claimed, since nothing is sent to its gateway now, and why.
    pub(super) left: Vec<(ChargeIntent, SkipReason)>,
    pub(super) unreadable: Vec<UnreadableLine>,
}

pub(super) struct Source<'a, S> {
    /// Where it comes from; without one, what was planned in the journal.
    stream: Option<Pin<&'a mut S>>,
    ended: bool,
    waiting: Vec<ChargeIntent>,
    unreadable: Vec<UnreadableLine>,
}

impl<'a, S: Charges> Source<'a, S> {
    pub(super) fn given(stream: Pin<&'a mut S>) -> Self {
        Self { stream: Some(stream), ended: false, waiting: Vec::new(), unreadable: Vec::new() }
    }

    pub(super) fn planned() -> Self {
        Self { stream: None, ended: false, waiting: Vec::new(), unreadable: Vec::new() }
    }

    /// Waits until something has come, or nothing more will. What has come is kept when this future is dropped.
    pub(super) async fn fill(&mut self) {
        poll_fn(|context| self.poll_fill(context)).await;
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(()) };
        while !self.ended && self.waiting.len() + self.unreadable.len() < CHUNK {
            match stream.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(request))) => self.waiting.push(request.into()),
                Poll::Ready(Some(Err(problem))) => self.unreadable.push(problem),
                Poll::Ready(None) => self.ended = true,
                Poll::Pending if self.waiting.is_empty() && self.unreadable.is_empty() => {
                    return Poll::Pending;
                }
                Poll::Pending => break,
            }
        }
        Poll::Ready(())
    }

    /// Whether an attempt that is let go may come again in the same run.
    pub(super) fn comes_again(&self) -> bool {
        self.stream.is_none()
    }

    /// Claims what has come, as far as `left` does not say why nothing is sent to its gateway. `None` when there is
    /// nothing, and nothing more will come.
    pub(super) async fn claim(
        &mut self,
        journal: &Journal,
        left: impl Fn(&ProviderId) -> Option<SkipReason>,
    ) -> Result<Option<Chunk>, JournalError> {
        if self.stream.is_none() {
            return planned(journal).await;
        }
        if self.waiting.is_empty() && self.unreadable.is_empty() {
            return Ok((!self.ended).then(Chunk::default));
        }
        let mut chunk = Chunk { unreadable: std::mem::take(&mut self.unreadable), ..Chunk::default() };
        let mut requests = Vec::new();
        for request in std::mem::take(&mut self.waiting) {
            match left(&request.provider()) {
                Some(why) => chunk.left.push((request, why)),
                None => requests.push(request),
            }
        }
        let intents =
            requests.iter().map(|request| journal.intent_of(request)).collect::<Result<Vec<_>, _>>()?;
        let claims = journal.store().claim(&intents, &journal.lease().await?).await?;
        chunk.claimed = requests.into_iter().zip(claims).collect();
        Ok(Some(chunk))
    }
}

async fn planned(journal: &Journal) -> Result<Option<Chunk>, JournalError> {
    let limit = u32::try_from(CHUNK).unwrap_or(u32::MAX);
    let taken = journal.store().take(&Due::Planned, limit, &journal.lease().await?).await?;
    if taken.is_empty() {
        return Ok(None);
    }
    let mut chunk = Chunk::default();
    for record in taken {
        match planned_request(journal, &record) {
            Ok(request) => chunk.claimed.push((request, Claim::Acquired(record.fence))),
            // It stays claimed until the lease ends, so that no run takes it again at once.
            Err(error) => {
                let why = format!("{}: {error}", record.attempt);
                chunk.unreadable.push(UnreadableLine::new(why));
            }
        }
    }
    Ok(Some(chunk))
}

impl Journal {
    /// **Takes money**: charges one attempt that was [planned](Journal::plan) with a sealed credential, at most once:
    /// see [`charge`](Journal::charge). For an engine of your own that is given no more than the attempt's name.
    ///
    /// # Errors
    /// Those of [`charge`](Journal::charge); when there is no such attempt, it is not a charge, or its credential cannot be
    /// opened with this journal's [`EncryptionKey`](crate::EncryptionKey).
    pub async fn charge_planned(&self, facade: &Facade, attempt: &AttemptId) -> Result<Answer, JournalError> {
        let request = self.planned_charge(attempt).await?;
        self.charge(facade, request).await
    }

    /// The charge that was planned under this name, with its credential.
    pub(crate) async fn planned_charge(&self, attempt: &AttemptId) -> Result<ChargeIntent, JournalError> {
        let record = self.attempt(attempt).await?;
        if record.operation != Operation::Charge {
            return Err(JournalError::OtherPayment { attempt: attempt.clone(), difference: "operation" });
        }
        planned_request(self, &record)
    }
}

/// The charge that was planned, with its credential.
fn planned_request(journal: &Journal, record: &AttemptRecord) -> Result<ChargeIntent, JournalError> {
    let key = journal.key_of_plans()?;
    let broken = || StoreError::Corrupt("a planned charge lacks its amount or its credential".to_owned());
    let sealed: Sealed = key.open(&record.attempt, record.sealed.as_deref().ok_or_else(broken)?)?;
    let amount = record.amount.ok_or_else(broken)?;
    let mut request = ChargeRequest::new(record.attempt.clone(), sealed.credential, amount);
    request.reason = sealed.reason;
    request.notification_url = sealed.notification_url;
    Ok(ChargeIntent { request, series: record.series.clone() })
}

/// The charges that are in memory.
pub(super) struct Given(std::vec::IntoIter<Result<ChargeIntent, UnreadableLine>>);

impl Given {
    /// The charges that were planned under these names. What cannot be charged is an unreadable line.
    pub(super) async fn planned(journal: &Journal, attempts: &[AttemptId]) -> Result<Self, JournalError> {
        let mut charges = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            charges.push(match journal.planned_charge(attempt).await {
                Ok(charge) => Ok(charge),
                Err(JournalError::Store(
                    failed @ (StoreError::Lost(_)
                    | StoreError::Locked(_)
                    | StoreError::FailedOver { .. }
                    | StoreError::Failed(_)),
                )) => return Err(failed.into()),
                Err(error) => Err(UnreadableLine::new(format!("{attempt}: {error}"))),
            });
        }
        Ok(Self(charges.into_iter()))
    }
}

impl Stream for Given {
    type Item = Result<ChargeIntent, UnreadableLine>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next())
    }
}
