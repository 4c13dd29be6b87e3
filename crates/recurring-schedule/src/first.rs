use crate::attempt::Amount;
use crate::decline::Scheme;
use crate::error::ScheduleError;
use crate::history::History;
use crate::limits;
use crate::retry::{
    CustomerReason, Decision, NextTry, StopReason, dead_card, ended_or_open, forbidden_since_approval,
};

/// Decides whether a card may be charged for a period for the first time: for a period that has no try, or with another card
/// than its declined tries. What was tried with the card for other periods counts, so its history is needed here too.
///
/// The time is that of the history, or later where a limit of the scheme asks for it. Tries of the period with other cards belong
/// into [`History::after_other_cards`].
///
/// # Errors
/// Names `history` when the period has 99 tries: there is no further name.
pub fn first(
    history: &History<'_>,
    scheme: Option<&Scheme>,
    amount: Amount,
) -> Result<Decision, ScheduleError> {
    if let Some(stop) = history.tries.iter().find_map(|one| ended_or_open(one)) {
        return Ok(Decision::Stop(stop));
    }
    let scheme = history.scheme(scheme);
    if let Some(never) = forbidden_since_approval(history, scheme) {
        return Ok(Decision::Stop(StopReason::Never(never)));
    }
    if let Some(dead) = dead_card(history, scheme) {
        return Ok(Decision::NeedsCustomer(dead));
    }
    let number = u8::try_from(history.tries.len() + 1).ok();
    let name = number.and_then(|number| history.period.name().with_number(number));
    let name =
        name.ok_or_else(|| ScheduleError::new("history", "must have fewer than 99 tries of a period"))?;
    let time = limits::earliest(scheme, history.attempts, amount, history.now);
    if history.expires.is_some_and(|expires| time >= expires) {
        return Ok(Decision::NeedsCustomer(CustomerReason::CardExpires));
    }
    if history.series_ends.is_some_and(|ends| time >= ends) {
        return Ok(Decision::NeedsCustomer(CustomerReason::SeriesEnds));
    }
    Ok(Decision::At(NextTry { time, name }))
}
