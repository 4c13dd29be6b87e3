//! The last requests, with what may be shown of them. Bounded in number and in size.

use crate::ledger::Exchange;
use crate::texts::Texts;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

const EXCHANGES_KEPT: usize = 10_000;
/// What all texts together may take, in bytes: 64 MiB. Beyond it the oldest calls lose theirs.
const TEXTS_KEPT: usize = 64 * 1024 * 1024;

/// One request as the inspector shows it.
#[derive(Debug)]
pub(crate) struct Record {
    /// Counts from 1 and never repeats.
    pub(crate) number: u64,
    /// By the sandbox's clock.
    pub(crate) at: Timestamp,
    pub(crate) exchange: Exchange,
    /// `None` when there was none to keep, or its place was needed.
    pub(crate) texts: Option<Texts>,
    pub(crate) facts: Facts,
}

/// What happened beside the answer.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The fault that hit it.
    pub(crate) fault: Option<String>,
    /// How many entries the ledger had in all, before and after.
    pub(crate) ledger: (u64, u64),
    pub(crate) took: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    records: VecDeque<Record>,
    last: u64,
    /// The bytes of all texts.
    size: usize,
    /// The number of the oldest call that may still have its texts.
    oldest_text: u64,
}

impl RequestLog {
    /// Writes down a call that has no more to show than its line.
    pub(crate) fn push(&mut self, at: Timestamp, exchange: Exchange) {
        self.add(at, exchange, None, Facts::default());
    }

    /// Writes down a call and its answer.
    pub(crate) fn push_with_texts(&mut self, at: Timestamp, exchange: Exchange, texts: Texts, facts: Facts) {
        self.add(at, exchange, Some(texts), facts);
    }

    fn add(&mut self, at: Timestamp, exchange: Exchange, texts: Option<Texts>, facts: Facts) {
        if self.records.len() >= EXCHANGES_KEPT {
            let gone = self.records.pop_front();
            self.forget(gone.and_then(|record| record.texts));
        }
        self.size += texts.as_ref().map_or(0, Texts::size);
        self.last += 1;
        self.records.push_back(Record { number: self.last, at, exchange, texts, facts });
        while self.size > TEXTS_KEPT && self.oldest_text <= self.last {
            let texts =
                self.place(self.oldest_text).and_then(|place| self.records.get_mut(place)?.texts.take());
            self.forget(texts);
            self.oldest_text += 1;
        }
    }

    fn forget(&mut self, texts: Option<Texts>) {
        self.size = self.size.saturating_sub(texts.as_ref().map_or(0, Texts::size));
    }

    fn place(&self, number: u64) -> Option<usize> {
        let first = self.records.front()?.number;
        usize::try_from(number.checked_sub(first)?).ok()
    }

    pub(crate) fn find(&self, number: u64) -> Option<&Record> {
        self.records.get(self.place(number)?)
    }

    /// The newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().rev()
    }

    /// The oldest first.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.records.iter().map(|record| record.exchange.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Kept;

    fn exchange(path: &str) -> Exchange {
        let (gateway, method, path) = (String::new(), "GET".to_owned(), path.to_owned());
        Exchange { gateway, method, path, status: 200 }
    }

    #[test]
    fn number_of_requests_is_bounded() {
        let mut log = RequestLog::default();
        for number in 0..EXCHANGES_KEPT + 5 {
            log.push(Timestamp::UNIX_EPOCH, exchange(&format!("/{number}")));
        }
        assert_eq!(log.exchanges().len(), EXCHANGES_KEPT);
        assert_eq!(log.exchanges()[0].path, "/5");
        assert!(log.find(5).is_none() && log.find(0).is_none() && log.find(10_006).is_none());
        assert_eq!(log.find(6).unwrap().exchange.path, "/5");
        assert_eq!(log.newest().next().unwrap().number, 10_005);
    }

    #[test]
    fn size_of_texts_is_bounded() {
        let mut log = RequestLog::default();
        let kept = |bytes| Kept::Whole("x".repeat(bytes));
        for _ in 0..6 {
            let texts = Texts { request: kept(TEXTS_KEPT / 4), reply: kept(0) };
            log.add(Timestamp::UNIX_EPOCH, exchange("/"), Some(texts), Facts::default());
        }
        let kept: Vec<bool> = (1..=6).map(|number| log.find(number).unwrap().texts.is_some()).collect();
        assert_eq!((kept, log.size), (vec![false, false, true, true, true, true], TEXTS_KEPT));
        for _ in 0..EXCHANGES_KEPT {
            log.push(Timestamp::UNIX_EPOCH, exchange("/"));
        }
        assert_eq!(log.size, 0);
    }
}
