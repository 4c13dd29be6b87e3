//! A bounded store: items are found by id, listed in the order of creation, and the oldest is forgotten, so that a run of
//! millions of payments holds no more memory than one of thousands.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// How many items a store keeps.
pub(crate) const CAPACITY: usize = 50_000;

#[derive(Debug)]
pub(crate) struct BoundedStore<T> {
    /// In the order of creation; `None` where one was removed.
    items: VecDeque<Option<(Arc<str>, T)>>,
    /// The number of each.
    numbers: HashMap<Arc<str>, u64>,
    /// The number of the first that is kept; numbers count from 0 and never repeat.
    first: u64,
}

impl<T> Default for BoundedStore<T> {
    fn default() -> BoundedStore<T> {
        BoundedStore { items: VecDeque::new(), numbers: HashMap::new(), first: 0 }
    }
}

impl<T> BoundedStore<T> {
    /// Adds the newest. Returns the oldest, with its number, when it is forgotten for it.
    pub(crate) fn push(&mut self, id: &str, item: T) -> Option<(u64, T)> {
        self.push_within(CAPACITY, id, item)
    }

    fn push_within(&mut self, kept: usize, id: &str, item: T) -> Option<(u64, T)> {
        // The same id again replaces the old item.
        self.remove(id);
        let id: Arc<str> = id.into();
        self.numbers.insert(Arc::clone(&id), self.next_number());
        self.items.push_back(Some((id, item)));
        if self.items.len() <= kept {
            return None;
        }
        let oldest = self.items.pop_front().flatten();
        let number = self.first;
        self.first += 1;
        let (id, item) = oldest?;
        self.numbers.remove(&id);
        Some((number, item))
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let number = self.numbers.remove(id)?;
        let place = self.place(number)?;
        self.items.get_mut(place)?.take().map(|(_, item)| item)
    }

    /// The number that the next one gets.
    pub(crate) fn next_number(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.items.len()).unwrap_or(u64::MAX))
    }

    /// The number of the oldest that may still be there.
    pub(crate) fn first_number(&self) -> u64 {
        self.first
    }

    pub(crate) fn number(&self, id: &str) -> Option<u64> {
        self.numbers.get(id).copied()
    }

    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    /// The one with this number.
    pub(crate) fn at(&self, number: u64) -> Option<&T> {
        self.items.get(self.place(number)?)?.as_ref().map(|(_, item)| item)
    }

    pub(crate) fn at_mut(&mut self, number: u64) -> Option<&mut T> {
        let place = self.place(number)?;
        self.items.get_mut(place)?.as_mut().map(|(_, item)| item)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.at(self.number(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.at_mut(self.number(id)?)
    }

    /// The oldest first, with their ids.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> {
        self.items.iter().flatten().map(|(id, item)| (&**id, item))
    }

    /// The newest first, with their numbers.
    pub(crate) fn newest(&self) -> impl Iterator<Item = (u64, &str, &T)> {
        let numbered = self.items.iter().rev().zip((0..self.next_number()).rev());
        numbered.filter_map(|(item, number)| item.as_ref().map(|(id, item)| (number, &**id, item)))
    }

    /// The oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.entries().map(|(_, item)| item)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut().flatten().map(|(_, item)| item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_item_is_forgotten() {
        let mut shelf = BoundedStore::default();
        for (number, id) in ["a", "b", "c", "d"].iter().enumerate() {
            let gone = shelf.push_within(2, id, number);
            assert_eq!(gone, number.checked_sub(2).map(|gone| (u64::try_from(gone).unwrap(), gone)));
        }
        assert_eq!(shelf.iter().copied().collect::<Vec<_>>(), [2, 3]);
        assert_eq!(
            (shelf.get("a"), shelf.get("c"), shelf.at(1), shelf.at(3)),
            (None, Some(&2), None, Some(&3))
        );
        assert_eq!((shelf.first_number(), shelf.next_number(), shelf.number("d")), (2, 4, Some(3)));
        assert_eq!(shelf.numbers.len(), 2);
    }

    #[test]
    fn removed_item_is_gone_and_others_keep_numbers() {
        let mut shelf = BoundedStore::default();
        for id in ["a", "b", "c"] {
            shelf.push_within(3, id, id);
        }
        assert_eq!((shelf.remove("b"), shelf.remove("b")), (Some("b"), None));
        assert_eq!(shelf.entries().collect::<Vec<_>>(), [("a", &"a"), ("c", &"c")]);
        assert_eq!((shelf.number("c"), shelf.get_mut("b")), (Some(2), None));
        assert_eq!(shelf.newest().collect::<Vec<_>>(), [(2, "c", &"c"), (0, "a", &"a")]);
        shelf.push_within(3, "a", "again");
        assert_eq!(shelf.iter().rev().copied().collect::<Vec<_>>(), ["again", "c"]);
        assert_eq!((shelf.get("a"), shelf.at(0)), (Some(&"again"), None));
    }
}
