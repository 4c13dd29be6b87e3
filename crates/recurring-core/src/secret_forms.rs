use std::borrow::Cow;

use secrecy::{ExposeSecret as _, SecretString};

use crate::base64_forms as base64;
use crate::secret::Secret;
use crate::secret_starts::{SecretStarts, any_base};

/// Every text by which a gateway could quote secrets back.
///
/// - the secret itself, and what follows `Basic` or `Bearer` in it;
/// - what that is when decoded from base64, if it is text, and its user name and password of 4 characters or more;
/// - each of these in base64 (standard and for URLs, with and without padding), by itself and as a user name without
///   a password;
/// - each of these percent-encoded (hexadecimal digits in either case, a space as `+`), and with the `\/` of JSON;
/// - a card number in groups, divided by spaces or dashes.
///
/// The first six and last four digits of a card number are not a form of it: gateways name cards by them.
#[derive(Debug)]
pub struct SecretForms(Vec<SecretString>);

impl SecretForms {
    /// Derives the forms of these secrets.
    pub fn of(secrets: &[Secret]) -> Self {
        let mut forms = Vec::new();
        for base in secrets.iter().flat_map(|secret| bases(secret.expose())) {
            let user = format!("{base}:");
            let mut plain: Vec<String> = [&base, &user]
                .iter()
                .flat_map(|text| [false, true].map(|for_urls| base64::encode(text.as_bytes(), for_urls)))
                .collect();
            for at in 0..plain.len() {
                let Some(encoded) = plain.get(at) else { continue };
                let padding = encoded.len().wrapping_neg() % 4;
                if padding > 0 {
                    plain.push(format!("{encoded}{}", "=".repeat(padding)));
                }
            }
            plain.extend(card_groups(&base));
            plain.push(base);
            for text in plain {
                forms.extend(percent_encoded(&text));
                forms.push(text.replace('/', "\\/"));
                forms.push(text);
            }
        }
        forms.retain(|form| !form.is_empty());
        forms.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self(forms.into_iter().map(SecretString::from).collect())
    }

    /// Keeps only the forms of at least this many bytes: a shorter one may be part of a text by chance.
    #[must_use]
    pub fn at_least(mut self, bytes: usize) -> Self {
        self.0.retain(|form| form.expose_secret().len() >= bytes);
        self
    }

    /// Returns whether the text holds one of the forms.
    pub fn are_in(&self, text: &str) -> bool {
        self.0.iter().any(|form| text.contains(form.expose_secret()))
    }

    /// Returns the text with each form replaced by `[redacted]`, the longest first.
    pub fn clear<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut shown = Cow::Borrowed(text);
        for form in self.0.iter().map(|form| form.expose_secret()) {
            if shown.contains(form) {
                shown = Cow::Owned(shown.replace(form, "[redacted]"));
            }
        }
        shown
    }

    /// Returns `false` when none of the forms can be in these bytes. Much cheaper than [`of`](Self::of): it looks for
    /// the [beginnings](SecretStarts) that the forms have in common.
    pub fn may_occur(bytes: &[u8], secrets: &[Secret]) -> bool {
        SecretStarts::of(secrets, 0).may_be_in(bytes, &[])
    }
}

impl Secret {
    /// Returns the text without any of these secrets, in every form of [`SecretForms`]: each occurrence becomes
    /// `[redacted]`. For what a gateway quotes back.
    pub fn redact(text: &str, secrets: &[Secret]) -> String {
        if SecretForms::may_occur(text.as_bytes(), secrets) {
            SecretForms::of(secrets).clear(text).into_owned()
        } else {
            text.to_owned()
        }
    }
}

/// The secret, what follows its scheme, and the user name and password in it.
fn bases(secret: &str) -> Vec<String> {
    let mut bases = Vec::new();
    any_base(secret, |base| {
        bases.push(base.to_owned());
        false
    });
    bases
}

/// A card number as it is printed: in groups of four, or of four, six and five.
fn card_groups(text: &str) -> Vec<String> {
    if !(12..=19).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let divided = |ends: &[usize], divider: char| {
        let mut grouped = String::new();
        for (at, digit) in text.chars().enumerate() {
            if ends.contains(&at) {
                grouped.push(divider);
            }
            grouped.push(digit);
        }
        grouped
    };
    [' ', '-']
        .iter()
        .flat_map(|divider| [divided(&[4, 8, 12, 16], *divider), divided(&[4, 10], *divider)])
        .collect()
}

/// The text as it is written in an address or a form: hexadecimal digits in either case, a space as `%20` or `+`, and
/// with and without the characters that need no encoding.
fn percent_encoded(text: &str) -> Vec<String> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Vec::new();
    }
    let encode = |kept: &[u8], space: &str, upper: bool| {
        let mut encoded = String::new();
        for byte in text.bytes() {
            match byte {
                b' ' => encoded.push_str(space),
                _ if byte.is_ascii_alphanumeric() || kept.contains(&byte) => encoded.push(char::from(byte)),
                _ if upper => encoded.push_str(&format!("%{byte:02X}")),
                _ => encoded.push_str(&format!("%{byte:02x}")),
            }
        }
        encoded
    };
    let mut forms = Vec::new();
    // RFC 3986, nothing at all, a form (WHATWG), JavaScript's encodeURIComponent, and a path or query that keeps what it may.
    for kept in [&b"-._~"[..], b"", b"*-._", b"-._~!*'()", b"-._~!$&'()*+,;=:@/?"] {
        for space in ["%20", "+"] {
            forms.extend([encode(kept, space, true), encode(kept, space, false)]);
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleared(text: &str, secret: &str) -> String {
        Secret::redact(text, &[Secret::new(secret)])
    }

    #[track_caller]
    fn assert_cleared(secret: &str, forms: &[&str]) {
        for form in forms {
            assert_eq!(cleared(&format!("no: {form}."), secret), "no: [redacted].", "{form} of {secret}");
            assert!(SecretForms::of(&[Secret::new(secret)]).are_in(form), "{form}");
        }
    }

    #[test]
    fn secret_quoted_by_a_gateway_is_cleared() {
        let secrets = [Secret::new("hunter2"), Secret::new("")];
        assert_eq!(Secret::redact("no such key: hunter2.", &secrets), "no such key: [redacted].");
        assert!(!format!("{:?}", SecretForms::of(&secrets)).contains("hunter2"));
    }

    #[test]
    fn secret_with_and_without_scheme_is_cleared() {
        assert_cleared("Bearer sk-live/1", &["Bearer sk-live/1", "sk-live/1"]);
        assert_cleared(
            "basic c2stbGl2ZQ==",
            &["basic c2stbGl2ZQ==", "c2stbGl2ZQ==", "c2stbGl2ZQ", "sk-live"],
        );
        assert_eq!(cleared("for Smith", "Ann Smith"), "for Smith");
    }

    #[test]
    fn decoded_user_and_password_are_cleared() {
        // base64 of "merchant-7:hunter-22" and of "ab:hunter-22"
        assert_cleared(
            "bWVyY2hhbnQtNzpodW50ZXItMjI=",
            &["merchant-7:hunter-22", "merchant-7", "hunter-22", "bWVyY2hhbnQtNzpodW50ZXItMjI"],
        );
        assert_cleared("Basic bWVyY2hhbnQtNzpodW50ZXItMjI=", &["merchant-7", "hunter-22"]);
        assert_eq!(cleared("ab hunter-22", "YWI6aHVudGVyLTIy"), "ab [redacted]");
    }

    #[test]
    fn base64_of_secret_is_cleared() {
        // "k?>~1" has both letters that the alphabets differ in.
        assert_cleared("k?>~1", &["az8+fjE=", "az8+fjE", "az8-fjE=", "az8-fjE", "az8+fjE6", "az8-fjE6"]);
        assert_cleared("key-47", &["a2V5LTQ3", "a2V5LTQ3Og==", "a2V5LTQ3Og"]);
    }

    #[test]
    fn percent_encoded_secret_is_cleared() {
        assert_cleared("a/b+c", &["a%2Fb%2Bc", "a%2fb%2bc", "a/b+c", "a/b%2Bc".replace("%2B", "+").as_str()]);
        assert_cleared("Ann van Smith", &["Ann%20van%20Smith", "Ann+van+Smith"]);
        assert_cleared("k?>~1", &["az8%2BfjE%3D", "az8%2bfjE%3d", "k%3F%3E~1", "k%3F%3E%7E1"]);
        assert_cleared("a-b_c", &["a%2Db%5Fc", "a%2db%5fc"]);
    }

    #[test]
    fn secret_with_escaped_slash_is_cleared() {
        assert_cleared("sk/live/1", &[r"sk\/live\/1", "c2svbGl2ZS8x"]);
    }

    #[test]
    fn card_number_in_groups_is_cleared_but_not_masked() {
        assert_cleared(
            "4012001037141112",
            &["4012 0010 3714 1112", "4012-0010-3714-1112", "4012001037141112"],
        );
        assert_cleared("378282246310005", &["3782 822463 10005", "3782-822463-10005"]);
        assert_eq!(cleared("401200******1112", "4012001037141112"), "401200******1112");
    }

    #[test]
    fn longest_form_goes_first() {
        let secrets = [Secret::new("hunter"), Secret::new("hunter-22")];
        assert_eq!(Secret::redact("hunter-22 hunter", &secrets), "[redacted] [redacted]");
    }

    #[test]
    fn forms_are_never_missed_by_the_quick_look() {
        for secret in [
            "sk/live+1",
            "Basic bWVyY2hhbnQtNzpodW50ZXItMjI=",
            "Basic ab",
            "Basic 12345678901",
            "basic 123456789012",
            "Bearer token-of-22",
            "bearer to en of 22",
            "Bearer ab",
            "BEARER  spaces-4711",
            "4012001037141112",
            "Ann Smith",
            "9876",
            "987",
            "é",
        ] {
            let secrets = [Secret::new(secret)];
            for form in &SecretForms::of(&secrets).0 {
                let form = form.expose_secret();
                let text = format!("xyz {form}");
                assert!(SecretForms::may_occur(text.as_bytes(), &secrets), "{form}");
                for shortest in 0..=form.len() {
                    assert!(SecretStarts::of(&secrets, shortest).may_be_in(text.as_bytes(), &[]), "{form}");
                }
            }
        }
        assert!(!SecretForms::may_occur(b"{\"id\":\"1\"}", &[Secret::new("sk-live-1")]));
        assert!(!SecretForms::may_occur(b"sk", &[]));
    }

    #[test]
    fn short_forms_can_be_left_out() {
        let forms = SecretForms::of(&[Secret::new("9876")]).at_least(8);
        assert!(!forms.are_in("987698769876"));
    }
}
