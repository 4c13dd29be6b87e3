//! The payments and cards of all gateways as one list each, and what belongs to a payment.

use crate::gateway::{PAGE, PaymentRow, StoredCard};
use crate::log::Record;
use crate::state::State;
use jiff::Timestamp;
use std::collections::HashSet;

/// The list of one gateway, the newest first.
type List<'a, T> = (&'static str, Box<dyn Iterator<Item = T> + 'a>);

/// The payments of all gateways, the newest first.
pub(super) fn payments(state: &State) -> impl Iterator<Item = (&'static str, PaymentRow<'_>)> {
    let now = state.common.now();
    let lists = state.gateways.iter().map(|gateway| (gateway.name(), gateway.payments(now)));
    merged(lists.collect(), |row| row.created)
}

/// The stored cards of all gateways, the newest first.
pub(super) fn cards(state: &State) -> impl Iterator<Item = (&'static str, StoredCard<'_>)> {
    let lists = state.gateways.iter().map(|gateway| (gateway.name(), gateway.stored_cards()));
    merged(lists.collect(), |card| card.created)
}

/// Takes the newest of all lists, again and again: a page needs only the first of many.
fn merged<'a, T: 'a>(
    lists: Vec<List<'a, T>>,
    at: fn(&T) -> Timestamp,
) -> impl Iterator<Item = (&'static str, T)> + 'a {
    let mut lists: Vec<_> = lists.into_iter().map(|(name, list)| (name, list.peekable())).collect();
    std::iter::from_fn(move || {
        let heads = lists.iter_mut().filter_map(|(name, list)| Some((at(list.peek()?), *name, list)));
        let (_, name, list) = heads.max_by_key(|(at, ..)| *at)?;
        Some((name, list.next()?))
    })
}

/// A payment by the gateway's id of it.
pub(super) fn payment<'a>(
    state: &'a State,
    gateway: &str,
    id: &str,
) -> Option<(&'static str, PaymentRow<'a>)> {
    let known = state.gateways.iter().find(|known| known.name() == gateway)?;
    let row = known.payments(state.common.now()).find(|row| row.id == id)?;
    Some((known.name(), row))
}

/// A stored card by its key.
pub(super) fn card<'a>(state: &'a State, gateway: &str, key: &str) -> Option<(&'static str, StoredCard<'a>)> {
    let known = state.gateways.iter().find(|known| known.name() == gateway)?;
    Some((known.name(), known.stored_cards().find(|card| card.key == key)?))
}

/// The words by which messages name a payment. A short number could be anything: then it is the reference.
fn names<'a>(row: &'a PaymentRow<'_>) -> impl Iterator<Item = &'a str> {
    let id = if row.id.len() < 12 { row.reference } else { &row.id };
    [id, row.order].into_iter().filter(|name| !name.is_empty())
}

/// All texts of a request.
fn texts(record: &Record) -> impl Iterator<Item = &str> {
    let texts = record.texts.as_ref().map(|texts| [texts.request.text(), texts.reply.text()]);
    std::iter::once(record.exchange.path.as_str()).chain(texts.into_iter().flatten())
}

/// The requests that name a payment, the newest first.
pub(super) fn requests_of<'a>(state: &'a State, row: &'a PaymentRow<'_>) -> impl Iterator<Item = &'a Record> {
    state.log.newest().filter(|record| texts(record).any(|text| names(row).any(|name| mentions(text, name))))
}

/// The payments that a request names, the newest first.
pub(super) fn payments_in<'a>(
    state: &'a State,
    record: &'a Record,
) -> impl Iterator<Item = (&'static str, PaymentRow<'a>)> {
    let words: HashSet<&str> = texts(record).flat_map(|text| text.split(|one| !is_part(one))).collect();
    let gateway = &record.exchange.gateway;
    payments(state).filter(move |(name, row)| {
        (gateway == PAGE || name == gateway) && names(row).any(|known| words.contains(known))
    })
}

/// Whether a text has a name as a whole word.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn is_part(one: char) -> bool {
    one.is_alphanumeric() || matches!(one, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_found_as_a_whole_word() {
        for text in ["order-1", "{\"reference\":\"order-1\"}", "/orders/order-1/", "order-10, order-1"] {
            assert!(mentions(text, "order-1"), "{text}");
        }
        for text in ["order-10", "reorder-1", "order-1.5", "", "x-order-1"] {
            assert!(!mentions(text, "order-1"), "{text}");
        }
    }

    #[test]
    fn lists_are_merged_the_newest_first() {
        let list =
            |seconds: &'static [i64]| -> Box<dyn Iterator<Item = i64>> { Box::new(seconds.iter().copied()) };
        let lists = vec![("a", list(&[9, 4])), ("b", list(&[])), ("c", list(&[7, 5, 1]))];
        let merged = merged(lists, |second| Timestamp::from_second(*second).unwrap());
        assert_eq!(merged.collect::<Vec<_>>(), [("a", 9), ("c", 7), ("c", 5), ("a", 4), ("c", 1)]);
    }
}
