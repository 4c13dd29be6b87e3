use std::ops::Range;

use memchr::{memchr_iter, memchr2, memmem};

use crate::base64_forms as base64;
use crate::secret::Secret;

/// The shortest user name or password that is looked for by itself.
const SHORTEST_PART: usize = 4;
/// The shortest secret that has a form which is longer than itself and begins like it: a card number in groups.
const SHORTEST_GROUPED: usize = 12;
/// More beginnings than the secrets of a request have. Of still more secrets, a form may be anywhere.
const MOST_STARTS: usize = 48;
/// A longer text is worth the preparations of a search.
const LONGEST_SHORT: usize = 64;

/// The beginnings that the [forms](crate::SecretForms) of secrets have in common. Where none of them is, none of the
/// forms is: to look for them costs much less than to derive all forms.
///
/// `Debug` is missing: they are parts of secrets, and wiped from memory as those are.
pub struct SecretStarts {
    starts: [Start; MOST_STARTS],
    count: usize,
    /// Whether there is nothing to look for.
    is_empty: bool,
    /// Whether a secret is too short to have a beginning, or there are too many.
    is_anywhere: bool,
}

/// At most four bytes; what is beyond the length is zero.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Start {
    bytes: [u8; 4],
    length: u8,
}

impl Start {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Whether one of its places in a text is as is asked.
    fn any_place(&self, text: &[u8], is: impl Fn(usize) -> bool) -> bool {
        let wanted = self.bytes();
        if text.len() <= LONGEST_SHORT {
            let mut windows = text.windows(wanted.len().max(1)).enumerate();
            return windows.any(|(at, found)| found.first() == wanted.first() && found == wanted && is(at));
        }
        // A capital letter is rare in JSON: to look for it alone is a fraction of a search.
        let capital = wanted.iter().zip(0..).find(|(byte, _)| byte.is_ascii_uppercase());
        let Some((capital, before)) = capital else {
            return memmem::find_iter(text, wanted).any(is);
        };
        memchr_iter(*capital, text).any(|at| {
            let begin = at.checked_sub(before);
            begin.is_some_and(|at| text.get(at..).is_some_and(|rest| rest.starts_with(wanted)) && is(at))
        })
    }
}

impl SecretStarts {
    /// Finds the beginnings of all forms of these secrets that have at least `shortest` bytes.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>, shortest: usize) -> Self {
        let mut found =
            Self { starts: [Start::default(); MOST_STARTS], count: 0, is_empty: true, is_anywhere: false };
        for secret in secrets {
            let scheme = scheme_of(secret.expose()).filter(|(_, rest)| rest.len() >= SHORTEST_GROUPED);
            any_base(secret.expose(), |base| {
                match scheme {
                    Some((scheme, _)) if base == secret.expose() => found.add_with_scheme(scheme, base),
                    // It stands for the whole too, whose forms are longer.
                    Some((_, rest)) if base == rest => found.add(base, shortest.min(SHORTEST_GROUPED)),
                    _ => found.add(base, shortest),
                }
                false
            });
        }
        found
    }

    /// Each form of the whole holds one of what follows the scheme, which is looked for anyway: but for base64, unless
    /// the scheme and the space fill whole groups of three bytes, as those of `Basic` do.
    fn add_with_scheme(&mut self, scheme: &str, whole: &str) {
        self.is_empty = false;
        if let Some(three) = whole.as_bytes().first_chunk().filter(|_| !(scheme.len() + 1).is_multiple_of(3))
        {
            self.push(&base64::encode_three(*three, false));
            self.push(&base64::encode_three(*three, true));
        }
    }

    fn add(&mut self, base: &str, shortest: usize) {
        self.is_empty = false;
        // The longest that is not percent-encoded is the base64 of a user name without a password.
        if base.len().saturating_add(1).div_ceil(3).saturating_mul(4) >= shortest {
            match base.as_bytes().first_chunk() {
                Some(three) => {
                    self.push(&base64::encode_three(*three, false));
                    self.push(&base64::encode_three(*three, true));
                }
                None => self.is_anywhere = true,
            }
        }
        if base.len() >= shortest.min(SHORTEST_GROUPED) {
            let start = base.as_bytes().get(..4).unwrap_or(base.as_bytes());
            // A space may be written as `+`.
            self.push(start.split(|byte| *byte == b' ').next().unwrap_or(start));
        }
    }

    fn push(&mut self, start: &[u8]) {
        let mut bytes = [0; 4];
        for (byte, of) in bytes.iter_mut().zip(start) {
            *byte = *of;
        }
        let start = Start { bytes, length: u8::try_from(start.len()).unwrap_or(0) };
        if start.length > 0 && self.found().contains(&start) {
            return;
        }
        match self.starts.get_mut(self.count) {
            Some(free) if start.length > 0 => {
                *free = start;
                self.count += 1;
            }
            _ => self.is_anywhere = true,
        }
    }

    fn found(&self) -> &[Start] {
        self.starts.get(..self.count).unwrap_or(&self.starts)
    }

    /// Returns `false` when none of the forms can be in these bytes, other than in the places that are `known`: those
    /// are not looked at.
    pub fn may_be_in(&self, bytes: &[u8], known: &[Range<usize>]) -> bool {
        if self.is_empty {
            return false;
        }
        let is_known = |at: usize, length: usize| {
            known.iter().any(|place| place.start <= at && at.saturating_add(length) <= place.end)
        };
        // Anything can be written by escapes.
        self.is_anywhere
            || memchr2(b'%', b'\\', bytes).is_some()
            || self
                .found()
                .iter()
                .any(|start| start.any_place(bytes, |at| !is_known(at, usize::from(start.length))))
    }
}

impl Drop for SecretStarts {
    fn drop(&mut self) {
        self.starts = [Start::default(); MOST_STARTS];
        zeroize::optimization_barrier(&self.starts);
    }
}

/// Whether one of these is as is asked: the secret, what follows its scheme, what that is when decoded from base64, and
/// the user name and password in it.
pub(crate) fn any_base(secret: &str, mut is: impl FnMut(&str) -> bool) -> bool {
    let mut is = |base: &str| !base.is_empty() && is(base);
    let rest = scheme_of(secret).map(|(_, rest)| rest);
    if is(secret) || rest.is_some_and(&mut is) {
        return true;
    }
    let Some(text) = decoded(rest.unwrap_or(secret)) else {
        return false;
    };
    if is(&text) {
        return true;
    }
    let (user, password) = text.split_once(':').unwrap_or_default();
    [user, password].into_iter().any(|part| part.len() >= SHORTEST_PART && is(part))
}

/// The scheme of an `Authorization` header, and what follows it.
fn scheme_of(secret: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = secret.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("basic") || scheme.eq_ignore_ascii_case("bearer");
    known.then_some((scheme, rest))
}

/// What is in base64, if it is visible text.
fn decoded(text: &str) -> Option<String> {
    // Four letters carry three bytes.
    if text.len() < SHORTEST_PART * 4 / 3 {
        return None;
    }
    let text = String::from_utf8(base64::decode(text)?).ok()?;
    (text.len() >= SHORTEST_PART && !text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(secret: &str, shortest: usize) -> SecretStarts {
        SecretStarts::of(&[Secret::new(secret)], shortest)
    }

    #[test]
    fn start_in_a_known_place_is_passed_over() {
        let starts = starts("token-4711", 0);
        let text = b"id=token-4711";
        let known = 3..13;
        assert!(starts.may_be_in(text, &[]));
        assert!(starts.may_be_in(text, &[0..3, 4..13, 3..6]));
        assert!(!starts.may_be_in(text, std::slice::from_ref(&known)));
        assert!(starts.may_be_in(b"id=token-4711 token", std::slice::from_ref(&known)));
        assert!(starts.may_be_in(b"id=token-4711 %", std::slice::from_ref(&known)));
    }

    #[test]
    fn start_of_short_forms_only_is_left_out() {
        assert!(starts("9876", 0).may_be_in(b"9876", &[]));
        assert!(!starts("9876", 8).may_be_in(b"9876", &[]));
        // base64 of "9876:"
        assert!(starts("9876", 8).may_be_in(b"OTg3NjoK", &[]));
        assert!(starts("98", 0).may_be_in(b"x", &[]));
        assert!(!starts("98", 8).may_be_in(b"98", &[]));
        assert!(starts("98", 8).may_be_in(b"%39%38", &[]));
        for none in [starts("", 0), SecretStarts::of(&[], 0)] {
            assert!(!none.may_be_in(b"%", &[]));
        }
    }
}
