//! What the issuers of stored cards answer: what a test sets, and a record of every question.

use crate::cards::{Card, Decline, decline_of};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// How many authorizations are kept; beyond them the oldest is forgotten.
const CAPACITY: usize = 100_000;

/// One charge of a stored card, as its issuer was asked for it: approved or declined, whatever became of the answer. The first
/// payments of customers, on a page or when a schedule is made, are not among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Authorization {
    /// Its number, from 1 in the order of the questions: a gap before the first one is what was forgotten.
    pub number: u64,
    /// The time by the sandbox's clock: RFC 3339, UTC.
    pub at: String,
    /// The gateway, named as in [`LedgerEntry::gateway`](crate::LedgerEntry::gateway).
    pub gateway: String,
    /// The merchant's own reference, as in [`LedgerEntry::reference`](crate::LedgerEntry::reference).
    pub reference: String,
    /// The name on the card.
    pub cardholder: String,
    /// `visa` or `mastercard`.
    pub brand: String,
    /// The amount in minor units of the currency.
    pub amount_minor: i64,
    /// The currency, ISO 4217, upper case.
    pub currency: String,
    /// The response code that card networks share: `00` for an approval.
    pub response: String,
}

/// A charge of a stored card.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredCharge<'a> {
    pub(crate) gateway: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Issuer {
    /// By the name on the card.
    answers: Answers,
    asked: VecDeque<Authorization>,
    total: u64,
}

/// What a test has set, by the name on the card.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers(BTreeMap<String, Decline>);

impl Answers {
    /// The result of a charge of the stored card at this time.
    pub(crate) fn later(&self, card: &Card, at: Timestamp) -> Result<(), Decline> {
        match self.0.get(&card.holder) {
            Some(decline) if !card.expired(at) => Err(*decline),
            _ => card.later(at),
        }
    }
}

impl Issuer {
    pub(crate) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Sets the response code to later charges; `None` for what the number of the card says. Answers whether the code is known.
    pub(crate) fn set(&mut self, cardholder: &str, response: Option<&str>) -> bool {
        match response.map(decline_of) {
            None => {
                self.answers.0.remove(cardholder);
            }
            Some(None) => return false,
            Some(Some(decline)) => {
                self.answers.0.insert(cardholder.to_owned(), decline);
            }
        }
        true
    }

    /// The result of a charge of the stored card, which is kept.
    pub(crate) fn ask(&mut self, card: &Card, charge: StoredCharge<'_>) -> Result<(), Decline> {
        let result = self.answers.later(card, charge.at);
        if self.asked.len() >= CAPACITY {
            self.asked.pop_front();
        }
        self.total += 1;
        self.asked.push_back(Authorization {
            number: self.total,
            at: charge.at.to_string(),
            gateway: charge.gateway.to_owned(),
            reference: charge.reference.to_owned(),
            cardholder: card.holder.clone(),
            brand: card.brand().to_owned(),
            amount_minor: charge.amount,
            currency: charge.currency.to_owned(),
            response: result.err().map_or("00", |decline| decline.response).to_owned(),
        });
        result
    }

    pub(crate) fn asked(&self) -> Vec<Authorization> {
        self.asked.iter().cloned().collect()
    }
}
