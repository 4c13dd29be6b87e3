//! One fault: what it does, and which requests it hits.

use super::kind::{FaultKind, Moment};
use std::io;

/// The longest delay or closed port, in milliseconds: ten minutes.
pub(super) const LONGEST: u64 = 600_000;
/// The largest body of [`FaultKind::HugeBody`], in bytes.
pub(super) const LARGEST: usize = 64 * 1024 * 1024;
/// What a fault can be limited to.
const GATEWAYS: [&str; 6] = ["emspay", "revio", "ngenius", "omno", "tokenpay-signed", "page"];

/// One fault: what goes wrong, when, for which requests, and how often. As JSON it is one flat object, see the README.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub(super) kind: FaultKind,
    pub(super) moment: Moment,
    pub(super) gateway: Option<String>,
    pub(super) operation: Option<String>,
    /// Hits that are left; `None` until it is cleared.
    pub(super) times: Option<u32>,
    /// In percent.
    pub(super) probability: Option<u8>,
    pub(super) seed: u64,
    /// How often it was drawn.
    draws: u64,
}

impl Fault {
    /// A fault that hits the next request to any gateway, once. It is validated when it is armed
    /// ([`Sandbox::inject`](crate::Sandbox::inject)).
    #[must_use]
    pub fn new(kind: FaultKind) -> Fault {
        let moment = kind.moments().first().copied().unwrap_or(Moment::BeforeActing);
        Fault {
            kind,
            moment,
            gateway: None,
            operation: None,
            times: Some(1),
            probability: None,
            seed: 0,
            draws: 0,
        }
    }

    /// Sets when it happens: before or after the money moved.
    #[must_use]
    pub fn with_moment(mut self, moment: Moment) -> Fault {
        self.moment = moment;
        self
    }

    /// Limits it to requests to this gateway, named as in [`crate::LedgerEntry::gateway`], or to `page`: the payment
    /// pages, which are spared otherwise.
    #[must_use]
    pub fn with_gateway(mut self, gateway: &str) -> Fault {
        self.gateway = Some(gateway.to_owned());
        self
    }

    /// Limits it to requests that match: a method (or `*`), a space and a path, in which `*` matches one part and `**` any
    /// number of them: `POST /revio/**/charge/`. A last slash does not count.
    #[must_use]
    pub fn with_operation(mut self, operation: &str) -> Fault {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Sets how many requests are hit; then the fault is gone.
    #[must_use]
    pub fn with_times(mut self, times: u32) -> Fault {
        self.times = Some(times);
        self
    }

    /// Makes it hit every request, until the faults are cleared.
    #[must_use]
    pub fn until_cleared(mut self) -> Fault {
        self.times = None;
        self
    }

    /// Makes it hit each request with this probability, 1 to 100 percent, until the faults are cleared or, where
    /// [`Fault::with_times`] follows, that many were hit. The same seed hits the same requests.
    #[must_use]
    pub fn with_probability(mut self, percent: u8, seed: u64) -> Fault {
        (self.probability, self.seed, self.times) = (Some(percent), seed, None);
        self
    }

    /// What goes wrong.
    #[must_use]
    pub fn kind(&self) -> &FaultKind {
        &self.kind
    }

    /// When it happens.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// The gateway to which it is limited, or `page`.
    #[must_use]
    pub fn gateway(&self) -> Option<&str> {
        self.gateway.as_deref()
    }

    /// The pattern of the requests to which it is limited.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.operation.as_deref()
    }

    /// How many requests are still to be hit; `None` for every request until the faults are cleared.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        self.times
    }

    /// The same fault, validated.
    pub(crate) fn checked(self) -> io::Result<Fault> {
        self.check().map_err(invalid)?;
        Ok(self)
    }

    /// Why this fault is not valid.
    pub(super) fn check(&self) -> Result<(), String> {
        let refuse = |wrong: bool, message: &str| if wrong { Err(message.to_owned()) } else { Ok(()) };
        refuse(!self.kind.moments().contains(&self.moment), "when: not for this kind")?;
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
        refuse(self.operation.is_some() && self.kind.of_notification(), "operation: not for notifications")?;
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

    /// Whether it is meant for this request; its probability is not asked.
    pub(super) fn fits(&self, seen: Seen<'_>) -> bool {
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

    /// Draws by its probability.
    pub(super) fn strikes(&mut self) -> bool {
        let Some(percent) = self.probability else { return true };
        self.draws = self.draws.wrapping_add(1);
        mix(self.seed.wrapping_add(mix(self.draws))) % 100 < u64::from(percent)
    }
}

pub(super) fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// What is known of a request when its head was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) gateway: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Whether it carries an access token.
    pub(crate) bearer: bool,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_pattern_matches() {
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
}
