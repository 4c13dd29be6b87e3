//! The programs that follow every event of the sandbox, such as `recurring listen`.

use crate::loopback::refusal;

/// A program that ends without a word leaves its entry behind: the oldest one goes.
const LISTENERS_KEPT: usize = 100;

#[derive(Debug)]
struct Listener {
    number: u64,
    forward_to: Option<String>,
}

/// The listeners, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    last: u64,
    known: Vec<Listener>,
}

impl Listeners {
    /// Adds a listener, to which every event is forwarded where it names an address. It replaces an earlier one with the
    /// same address: an event is sent there once.
    pub(crate) fn add(&mut self, forward_to: Option<String>) -> Result<u64, String> {
        if let Some(why) = forward_to.as_deref().and_then(refusal) {
            return Err(format!("forward_to: {why}"));
        }
        self.known.retain(|known| forward_to.is_none() || known.forward_to != forward_to);
        if self.known.len() >= LISTENERS_KEPT {
            self.known.remove(0);
        }
        self.last += 1;
        self.known.push(Listener { number: self.last, forward_to });
        Ok(self.last)
    }

    /// Removes a listener, if it is there.
    pub(crate) fn remove(&mut self, number: u64) {
        self.known.retain(|known| known.number != number);
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The numbers of those that forward every event, and the addresses.
    pub(crate) fn forwarding(&self) -> impl Iterator<Item = (u64, &str)> {
        self.known.iter().filter_map(|known| Some((known.number, known.forward_to.as_deref()?)))
    }

    /// The addresses to which every event is forwarded.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.forwarding().map(|(_, url)| url.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listener_with_the_same_address_replaces() {
        let mut listeners = Listeners::default();
        let here = |path: &str| Some(format!("http://127.0.0.1:1/{path}"));
        assert_eq!(listeners.add(here("a")), Ok(1));
        assert_eq!(listeners.add(None), Ok(2));
        assert_eq!(listeners.add(here("a")), Ok(3));
        assert_eq!(listeners.add(here("b")), Ok(4));
        assert_eq!(listeners.targets(), ["http://127.0.0.1:1/a", "http://127.0.0.1:1/b"]);
        listeners.remove(1);
        listeners.remove(3);
        assert_eq!(listeners.targets(), ["http://127.0.0.1:1/b"]);
        listeners.remove(2);
        listeners.remove(4);
        assert!(listeners.is_empty());
        let elsewhere = listeners.add(Some("http://shop.example/".to_owned()));
        assert_eq!(elsewhere, Err("forward_to: not on this machine".to_owned()));
        for _ in 0..2 * LISTENERS_KEPT {
            listeners.add(None).unwrap();
        }
        assert_eq!(listeners.known.len(), LISTENERS_KEPT);
    }
}
