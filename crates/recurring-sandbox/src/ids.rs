//! Ids: unpredictable by default, the same on every run when a seed is given.

use rsa::rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};

#[derive(Debug)]
pub(crate) struct Ids {
    seed: [u8; 32],
    counter: u64,
}

impl Ids {
    pub(crate) fn new(seed: Option<u64>) -> std::io::Result<Ids> {
        let seed = match seed {
            Some(seed) => Sha256::digest(seed.to_be_bytes()).into(),
            None => random_bytes()?,
        };
        Ok(Ids { seed, counter: 0 })
    }

    /// The ids that follow from a seed.
    pub(crate) fn from_seed(seed: [u8; 32]) -> Ids {
        Ids { seed, counter: 0 }
    }

    pub(crate) fn seed(&self) -> [u8; 32] {
        self.seed
    }

    /// How many ids were given out.
    pub(crate) fn counter(&self) -> u64 {
        self.counter
    }

    /// Goes on as if so many ids were given out.
    pub(crate) fn set_counter(&mut self, counter: u64) {
        self.counter = counter;
    }

    /// 16 bytes.
    pub(crate) fn bytes(&mut self) -> [u8; 16] {
        self.next()
    }

    fn next(&mut self) -> [u8; 16] {
        self.counter = self.counter.wrapping_add(1);
        let digest =
            Sha256::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes()).finalize();
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(digest) {
            *to = from;
        }
        bytes
    }

    /// A version 4 UUID in lower case with hyphens.
    pub(crate) fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.next()).into_uuid().hyphenated().to_string()
    }

    /// 32 upper-case hexadecimal digits.
    pub(crate) fn hex(&mut self) -> String {
        self.next().iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// `count` decimal digits.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        self.next().iter().take(count).map(|byte| char::from(b'0' + byte % 10)).collect()
    }
}

/// 32 bytes from the operating system.
pub(crate) fn random_bytes() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}
