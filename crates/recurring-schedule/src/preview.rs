use crate::attempt::{Amount, Attempt, AttemptState, Initiator};
use crate::decline::Decline;
use crate::error::ScheduleError;
use crate::history::History;
use crate::period::Period;
use crate::policy::RetryPolicy;
use crate::retry::{Decision, NextTry, next};

/// Returns every try of a period if each is declined like `decline`, the first one included, and the decision after the last:
/// what a policy means in practice. No other attempt with the card is thought of.
///
/// # Errors
/// Those of [`next`]; none is known.
pub fn preview(
    period: &Period,
    decline: &Decline,
    policy: &RetryPolicy,
    amount: Amount,
) -> Result<(Vec<NextTry>, Decision), ScheduleError> {
    let mut tries = vec![NextTry { time: period.due(), name: period.name().clone() }];
    let mut attempts = Vec::new();
    loop {
        let Some(last) = tries.last() else { return Err(ScheduleError::new("history", "must hold a try")) };
        let now = last.time;
        attempts.push(Attempt {
            name: last.name.to_string(),
            credential: String::new(),
            at: now,
            amount,
            initiator: Initiator::Merchant,
            state: AttemptState::Declined,
            decline: None,
        });
        match next(&History::new(period, &attempts, now)?, decline, policy)? {
            Decision::At(another) => tries.push(another),
            end => return Ok((tries, end)),
        }
    }
}
