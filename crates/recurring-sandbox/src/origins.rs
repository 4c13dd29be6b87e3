//! What a sandbox starts from: the seed of its ids, its clock and its keys, new or from the state file.

use crate::clock::Clock;
use crate::ids::Ids;
use crate::keys;
use crate::state_file::{Event, Header, StateFile, decode, encode};
use jiff::SignedDuration;
use rsa::RsaPrivateKey;
use std::io;
use std::path::Path;

pub(crate) struct Origins {
    pub(crate) ids: Ids,
    pub(crate) clock: Clock,
    pub(crate) pairs: [RsaPrivateKey; keys::COUNT],
    pub(crate) file: Option<StateFile>,
    pub(crate) events: Vec<Event>,
}

impl Origins {
    /// Those of the state file; of a new file, or without one, new ones.
    pub(crate) async fn of(path: Option<&Path>, seed: Option<u64>, clock: Clock) -> io::Result<Origins> {
        let Some(path) = path else {
            let (ids, pairs) = (Ids::new(seed)?, keys::pairs().await?);
            return Ok(Origins { ids, clock, pairs, file: None, events: Vec::new() });
        };
        let (mut file, kept) = StateFile::open(path)?;
        if let Some((header, events)) = kept {
            let (ids, clock, pairs) = read(&header).ok_or_else(|| {
                let path = path.display();
                io::Error::other(format!(
                    "cannot use the state file {path}: line 1 is broken; delete it to start anew"
                ))
            })?;
            return Ok(Origins { ids, clock, pairs, file: Some(file), events });
        }
        let (ids, pairs) = (Ids::new(seed)?, keys::pairs().await?);
        file.add(&Header {
            recurring_sandbox: env!("CARGO_PKG_VERSION").to_owned(),
            seed: encode(&ids.seed()),
            ahead: clock.offset().as_nanos().to_string(),
            keys: pairs.iter().map(keys::private_pem).collect::<io::Result<Vec<String>>>()?,
        });
        match file.problem() {
            Some(problem) => Err(io::Error::other(problem.to_owned())),
            None => Ok(Origins { ids, clock, pairs, file: Some(file), events: Vec::new() }),
        }
    }
}

fn read(header: &Header) -> Option<(Ids, Clock, [RsaPrivateKey; keys::COUNT])> {
    let seed: [u8; 32] = decode(&header.seed)?.try_into().ok()?;
    let ahead: i128 = header.ahead.parse().ok()?;
    let second = 1_000_000_000;
    let ahead = SignedDuration::new(i64::try_from(ahead / second).ok()?, i32::try_from(ahead % second).ok()?);
    let pairs: Option<Vec<RsaPrivateKey>> = header.keys.iter().map(|pem| keys::from_pem(pem).ok()).collect();
    Some((Ids::from_seed(seed), Clock::ahead_by(ahead), pairs?.try_into().ok()?))
}
