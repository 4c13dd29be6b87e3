//! One gateway's part of a run.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use recurring_core::{Effect, ErrorKind, Proof};

use super::pace::{Epoch, Pace};
use super::report::{Refusal, SkipReason};
use crate::attempt::Fence;
use crate::breaker::{Breaker, Health};
use crate::error::JournalError;
use crate::perform::Answer;
use crate::series::ChargeIntent;

/// How many charges a lane holds at most that is slower than the others, so that it does not hold them up.
const MAX_HELD: usize = 4096;

pub(super) struct Lane {
    pub(super) waiting: VecDeque<(ChargeIntent, Option<Fence>)>,
    under_way: usize,
    concurrency: usize,
    rules: Breaker,
    health: Health,
    pace: Pace,
    /// How many charges in a row were refused for a cause that concerns all of them, and the last one's.
    refused: usize,
    refusal: Option<Refusal>,
    /// Whether the gateway has answered one.
    answered: bool,
    /// Why nothing more is sent in this run.
    closed: Option<SkipReason>,
}

/// What a lane does next.
pub(super) enum Next {
    /// A charge may be begun.
    Begin,
    /// As many are under way as may be.
    Full,
    /// Nothing is begun before.
    At(Instant),
    /// Nothing is sent, for this reason.
    Leave(SkipReason),
}

impl Lane {
    pub(super) fn new(concurrency: usize, rate: Option<NonZeroU32>, rules: Breaker) -> Self {
        Self {
            waiting: VecDeque::new(),
            under_way: 0,
            concurrency,
            rules,
            health: Health::new(rules),
            pace: Pace::new(concurrency, rate, Instant::now()),
            refused: 0,
            refusal: None,
            answered: false,
            closed: None,
        }
    }

    /// Whether more may be put into it.
    pub(super) fn has_room(&self) -> bool {
        let most = if self.pace.is_slowed() { MAX_HELD } else { self.concurrency };
        self.waiting.len() < most
    }

    /// Why nothing is sent to the gateway now, if that is so.
    pub(super) fn left(&self, now: Instant) -> Option<SkipReason> {
        self.closed.clone().or_else(|| self.health.paused(now).map(SkipReason::Paused))
    }

    pub(super) fn next(&self, now: Instant) -> Next {
        match self.left(now) {
            Some(why) => Next::Leave(why),
            None if self.under_way >= self.pace.at_a_time() => Next::Full,
            None if self.pace.next() > now => Next::At(self.pace.next()),
            None => Next::Begin,
        }
    }

    /// Records each charge that is begun.
    pub(super) fn begun(&mut self, now: Instant) -> Epoch {
        self.under_way += 1;
        self.health.begun();
        self.pace.begun(now)
    }

    /// Records each charge that ended.
    pub(super) fn ended(&mut self, begun: Epoch, result: &Result<Answer, JournalError>, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        match sign_of(result) {
            Sign::Answered => {
                self.health.record(false, now);
                self.pace.accepted(begun);
                (self.refused, self.answered) = (0, true);
            }
            Sign::Unknown => self.health.record(true, now),
            Sign::Nothing => self.health.undecided(),
            Sign::TooMany(asked) => match self.pace.too_many(begun, asked, &self.rules, now) {
                Ok(true) => self.health.record(true, now),
                Ok(false) => self.health.undecided(),
                Err(why) => {
                    self.closed.get_or_insert(SkipReason::Paused(why));
                }
            },
            Sign::Refusal(refusal) => {
                self.health.undecided();
                self.refused += 1;
                self.refusal = Some(refusal.clone());
                if self.refused >= self.rules.max_refusals.max(1) {
                    self.closed.get_or_insert(SkipReason::Refusing(refusal));
                }
            }
        }
    }

    /// Why the gateway refused every charge, if it did: enough of them in a row, or all that there were.
    pub(super) fn refusal(self) -> Option<Refusal> {
        match self.closed {
            Some(SkipReason::Refusing(refusal)) => Some(refusal),
            _ if self.answered => None,
            _ => self.refusal,
        }
    }
}

/// What the end of a charge says about the gateway.
enum Sign {
    /// It took the charge, and said what became of it.
    Answered,
    /// What became of it is unknown.
    Unknown,
    /// It was called too often, and asks for a wait.
    TooMany(Option<Duration>),
    /// The charge was not applied, for a cause that concerns every other one too.
    Refusal(Refusal),
    /// The gateway was not asked.
    Nothing,
}

fn sign_of(result: &Result<Answer, JournalError>) -> Sign {
    let Ok(answer) = result else { return Sign::Nothing };
    if answer.again {
        return Sign::Nothing;
    }
    let Some(error) = &answer.error else { return Sign::Answered };
    match (error.kind(), error.retry_after()) {
        (ErrorKind::RateLimited, asked) => return Sign::TooMany(asked),
        // 503, with the time at which it is in order again.
        (ErrorKind::Unavailable, Some(asked)) => return Sign::TooMany(Some(asked)),
        _ => {}
    }
    match error.effect() {
        Effect::Unknown => Sign::Unknown,
        Effect::NotApplied(_) if Refusal::may_be(error) => Sign::Refusal(Refusal::of(error)),
        Effect::NotApplied(Proof::Refused) => Sign::Answered,
        Effect::NotApplied(_) => Sign::Nothing,
    }
}
