//! Faults on command: what goes wrong, where, and how often.
//!
//! This file says what a fault is and which call it hits; [`crate::server`] makes it happen.

mod kind;
mod reply;
mod wire;

pub use kind::{FaultKind, Moment};
pub(crate) use reply::{changed, forge, instead};

use serde::{Deserialize, Serialize};
use std::io;

/// Faults that are kept at a time.
const FAULTS_KEPT: usize = 1000;
/// The longest delay or closed port, in milliseconds: ten minutes.
const LONGEST: u64 = 600_000;
/// The largest body of [`FaultKind::HugeBody`], in bytes.
const LARGEST: usize = 64 * 1024 * 1024;
/// What a fault can be limited to.
const GATEWAYS: [&str; 6] = ["emspay", "revio", "ngenius", "omno", "tokenpay-signed", "page"];

/// One fault: what goes wrong, when, for which calls, and how often. As JSON it is one flat object, see the README.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "wire::Wire", into = "wire::Wire")]
pub struct Fault {
    kind: FaultKind,
    when: Moment,
    gateway: Option<String>,
    operation: Option<String>,
    /// Hits that are left; `None` until it is cleared.
    times: Option<u32>,
    /// In percent.
    probability: Option<u8>,
    seed: u64,
    /// How often chance was asked.
    draws: u64,
}

impl Fault {
    /// Once, for the next call of any gateway. Whether the fault makes sense is checked where it is put in.
    #[must_use]
    pub fn new(kind: FaultKind) -> Fault {
        let when = kind.moments().first().copied().unwrap_or(Moment::BeforeActing);
        Fault {
            kind,
            when,
            gateway: None,
            operation: None,
            times: Some(1),
            probability: None,
            seed: 0,
            draws: 0,
        }
    }

    /// Before or after the money moved.
    #[must_use]
    pub fn when(mut self, when: Moment) -> Fault {
        self.when = when;
        self
    }

    /// Only calls of this gateway, named as in [`crate::LedgerEntry::gateway`], or `page` for the payment pages,
    /// which are spared otherwise.
    #[must_use]
    pub fn gateway(mut self, gateway: &str) -> Fault {
        self.gateway = Some(gateway.to_owned());
        self
    }

    /// Only calls like this: a method (or `*`), a space and a path, in which `*` stands for one part and `**` for any
    /// number of them: `POST /revio/**/charge/`. A last slash does not count.
    #[must_use]
    pub fn operation(mut self, operation: &str) -> Fault {
        self.operation = Some(operation.to_owned());
        self
    }

    /// How many calls are hit; then the fault is gone.
    #[must_use]
    pub fn times(mut self, times: u32) -> Fault {
        self.times = Some(times);
        self
    }

    /// Every call, until the faults are cleared.
    #[must_use]
    pub fn until_cleared(mut self) -> Fault {
        self.times = None;
        self
    }

    /// Each call is hit with this probability, 1 to 100 percent, until the faults are cleared or, where
    /// [`Fault::times`] follows, that many were hit. The same seed hits the same calls.
    #[must_use]
    pub fn probability(mut self, percent: u8, seed: u64) -> Fault {
        (self.probability, self.seed, self.times) = (Some(percent), seed, None);
        self
    }

    /// What goes wrong.
    #[must_use]
    pub fn kind(&self) -> &FaultKind {
        &self.kind
    }

    /// How many calls are still to be hit; `None` for every call until the faults are cleared.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        self.times
    }

    /// The same fault, or why it makes no sense.
    pub(crate) fn checked(self) -> io::Result<Fault> {
        self.check().map_err(invalid)?;
        Ok(self)
    }

    /// Why this fault makes no sense.
    fn check(&self) -> Result<(), String> {
        let refuse = |wrong: bool, message: &str| if wrong { Err(message.to_owned()) } else { Ok(()) };
        refuse(!self.kind.moments().contains(&self.when), "when: not for this kind")?;
        refuse(self.times == Some(0), "times: at least 1")?;
        refuse(
            self.probability.is_some_and(|percent| !(1..=100).contains(&percent)),
            "probability: 1 to 100",
        )?;
        let known = self.gateway.as_deref().is_none_or(|gateway| GATEWAYS.contains(&gateway));
        refuse(!known, &format!("gateway: one of {}", GATEWAYS.join(", ")))?;
        let pattern = self.operation.as_deref().is_none_or(|operation| {
            operation
                .split_once(' ')
                .is_some_and(|(method, path)| !method.is_empty() && path.starts_with('/'))
        });
        refuse(!pattern, "operation: a method, a space and a path, such as POST /revio/**/charge/")?;
        let limited = self.gateway.is_some() || self.operation.is_some();
        refuse(limited && self.kind.of_connection(), "gateway, operation: not known before a byte is read")?;
        refuse(self.operation.is_some() && self.kind.of_notification(), "operation: no call is meant here")?;
        match &self.kind {
            FaultKind::ClosePort { millis } | FaultKind::Delay { millis } => {
                refuse(*millis == 0 || *millis > LONGEST, "millis: 1 to 600000")
            }
            FaultKind::HugeBody { bytes } => refuse(*bytes > LARGEST, "bytes: at most 67108864"),
            FaultKind::Redirect { status, to } => {
                let code = matches!(status, 301 | 302 | 303 | 307 | 308);
                refuse(!code, "status: 301, 302, 303, 307 or 308")?;
                refuse(!crate::json::is_url(to), "to: an http or https URL")
            }
            FaultKind::Status { status, .. } => refuse(!(400..=599).contains(status), "status: 400 to 599"),
            FaultKind::TokenExpired => {
                let bearer =
                    self.gateway.as_deref().is_none_or(|gateway| matches!(gateway, "omno" | "ngenius"));
                refuse(!bearer, "gateway: only omno and ngenius have access tokens")
            }
            _ => Ok(()),
        }
    }

    /// Whether it is meant for a call; not whether chance wants it.
    fn fits(&self, seen: Seen<'_>) -> bool {
        let gateway = match self.gateway.as_deref() {
            Some(gateway) => gateway == seen.gateway,
            None => !matches!(seen.gateway, "page" | ""),
        };
        let token =
            self.kind != FaultKind::TokenExpired || seen.bearer && matches!(seen.gateway, "omno" | "ngenius");
        let operation = self.operation.as_deref().is_none_or(|operation| {
            let (method, pattern) = operation.split_once(' ').unwrap_or_default();
            (method == "*" || method.eq_ignore_ascii_case(seen.method)) && path_fits(pattern, seen.path)
        });
        gateway && token && operation
    }

    /// Asks chance.
    fn strikes(&mut self) -> bool {
        let Some(percent) = self.probability else { return true };
        self.draws = self.draws.wrapping_add(1);
        mix(self.seed.wrapping_add(mix(self.draws))) % 100 < u64::from(percent)
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// A number that looks random and is the same for the same input.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

fn path_fits(pattern: &str, path: &str) -> bool {
    fn fits(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern, path) {
            ([], []) => true,
            (["**", rest @ ..], _) => {
                (0..=path.len()).any(|skip| fits(rest, path.get(skip..).unwrap_or(&[])))
            }
            ([want, pattern @ ..], [part, path @ ..]) => {
                (*want == "*" || want == part) && fits(pattern, path)
            }
            _ => false,
        }
    }
    fn parts(text: &str) -> Vec<&str> {
        text.split('/').filter(|part| !part.is_empty()).collect()
    }
    fits(&parts(pattern), &parts(path))
}

/// What is known of a call when its head was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) gateway: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Whether it carries an access token.
    pub(crate) bearer: bool,
}

/// The fault that hits a call.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) kind: FaultKind,
    pub(crate) when: Moment,
}

/// The faults that wait, in the order they were put in. A call is hit by the first one that fits.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Vec<Fault>,
}

impl Faults {
    /// Puts a fault in, behind the others.
    pub(crate) fn add(&mut self, fault: Fault) -> io::Result<()> {
        let fault = fault.checked()?;
        if self.waiting.len() >= FAULTS_KEPT {
            return Err(invalid(format!("more than {FAULTS_KEPT} faults")));
        }
        self.waiting.push(fault);
        Ok(())
    }

    /// What still waits.
    pub(crate) fn list(&self) -> &[Fault] {
        &self.waiting
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// The fault that hits this call.
    pub(crate) fn for_call(&mut self, seen: Seen<'_>) -> Option<Hit> {
        self.take(|fault| !fault.kind.of_connection() && !fault.kind.of_notification() && fault.fits(seen))
    }

    /// The fault that hits a new connection.
    pub(crate) fn for_connection(&mut self) -> Option<Hit> {
        self.take(|fault| fault.kind == FaultKind::RefuseConnection)
    }

    /// The fault that hits a notification of this gateway.
    pub(crate) fn for_notification(&mut self, gateway: &str) -> Option<Hit> {
        self.take(|fault| {
            fault.kind.of_notification() && fault.gateway.as_deref().is_none_or(|wanted| wanted == gateway)
        })
    }

    fn take(&mut self, fits: impl Fn(&Fault) -> bool) -> Option<Hit> {
        let place = self.waiting.iter_mut().position(|fault| fits(fault) && fault.strikes())?;
        let fault = self.waiting.get_mut(place)?;
        let hit = Hit { kind: fault.kind.clone(), when: fault.when };
        match &mut fault.times {
            Some(left) if *left > 1 => *left -= 1,
            Some(_) => drop(self.waiting.remove(place)),
            None => {}
        }
        Some(hit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen<'a>(gateway: &'a str, method: &'a str, path: &'a str) -> Seen<'a> {
        Seen { gateway, method, path, bearer: false }
    }

    #[test]
    fn which_paths_fit() {
        for (pattern, path, fits) in [
            ("/a/*/c", "/a/b/c/", true),
            ("/a/*/c", "/a/b/b/c", false),
            ("/**/charge/", "/revio/api/v1/purchases/1/charge/", true),
            ("/**", "/", true),
            ("/a/**/b/**", "/a/x/b", true),
            ("/a", "/a/b", false),
            ("/a/b", "/a", false),
        ] {
            assert_eq!(path_fits(pattern, path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn how_often_and_for_whom() {
        let mut faults = Faults::default();
        faults
            .add(Fault::new(FaultKind::Reset).gateway("revio").operation("post /revio/**/charge").times(2))
            .unwrap();
        let charge = seen("revio", "POST", "/revio/api/v1/purchases/1/charge/");
        assert!(faults.for_call(seen("revio", "GET", charge.path)).is_none());
        assert!(faults.for_call(seen("omno", "POST", charge.path)).is_none());
        assert!(faults.for_connection().is_none() && faults.for_notification("revio").is_none());
        assert_eq!(faults.for_call(charge).unwrap().when, Moment::BeforeActing);
        assert_eq!(faults.list()[0].left(), Some(1));
        assert!(faults.for_call(charge).is_some() && faults.list().is_empty());

        faults.add(Fault::new(FaultKind::Silent)).unwrap();
        assert!(faults.for_call(seen("page", "GET", "/pay/revio/1")).is_none());
        assert!(faults.for_call(seen("", "GET", "/_sandbox/ledger")).is_none());
        faults.clear();
        assert!(faults.for_call(charge).is_none());
    }

    #[test]
    fn a_seed_hits_the_same_calls_again() {
        let run = |seed| -> Vec<bool> {
            let mut faults = Faults::default();
            faults.add(Fault::new(FaultKind::Close).probability(30, seed)).unwrap();
            (0..1000).map(|_| faults.for_call(seen("omno", "GET", "/omno/x")).is_some()).collect()
        };
        let hits = run(1).into_iter().filter(|hit| *hit).count();
        assert!((250..350).contains(&hits), "{hits}");
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for fault in [
            Fault::new(FaultKind::Reset).times(0),
            Fault::new(FaultKind::Reset).gateway("paypal"),
            Fault::new(FaultKind::Reset).operation("charge"),
            Fault::new(FaultKind::Reset).probability(0, 1),
            Fault::new(FaultKind::Reset).probability(101, 1),
            Fault::new(FaultKind::Cut { at: 1 }).when(Moment::BeforeActing),
            Fault::new(FaultKind::RefuseConnection).gateway("revio"),
            Fault::new(FaultKind::NotificationDropped).operation("POST /x"),
            Fault::new(FaultKind::Delay { millis: LONGEST + 1 }),
            Fault::new(FaultKind::Status { status: 200, retry_after: None }),
            Fault::new(FaultKind::Redirect { status: 307, to: "x".to_owned() }),
            Fault::new(FaultKind::Redirect { status: 304, to: "http://x".to_owned() }),
            Fault::new(FaultKind::HugeBody { bytes: LARGEST + 1 }),
            Fault::new(FaultKind::TokenExpired).gateway("revio"),
        ] {
            assert!(Faults::default().add(fault.clone()).is_err(), "{fault:?}");
        }
        let mut full = Faults::default();
        let added = (0..=FAULTS_KEPT).filter(|_| full.add(Fault::new(FaultKind::Reset)).is_ok()).count();
        assert_eq!(added, FAULTS_KEPT);
    }
}
