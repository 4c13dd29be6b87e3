//! The cards for which the customer's bank asks for authentication. They stay here, so that no page holds a card number.

use crate::cards::Card;
use std::collections::VecDeque;

/// How many are kept; beyond them the oldest is forgotten.
const CAPACITY: usize = 1_000;

/// Gateway, payment page and card of each.
#[derive(Debug, Default)]
pub(crate) struct Challenges(VecDeque<(String, String, Card)>);

impl Challenges {
    pub(crate) fn keep(&mut self, gateway: &str, id: &str, card: Card) {
        self.take(gateway, id);
        if self.0.len() >= CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back((gateway.to_owned(), id.to_owned(), card));
    }

    pub(crate) fn take(&mut self, gateway: &str, id: &str) -> Option<Card> {
        let place = self.0.iter().position(|(of, page, _)| of == gateway && page == id)?;
        self.0.remove(place).map(|(_, _, card)| card)
    }
}
