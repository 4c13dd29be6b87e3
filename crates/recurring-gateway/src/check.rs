//! Checks of what a caller hands in, made before anything is sent.
//!
//! No message here contains the value that was refused: it may be a secret in the wrong place.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use recurring_core::InvalidInput;
use url::Url;

use crate::base_url::BaseUrl;
use crate::bytes::{are_graphic, are_of_host, are_plain, are_unreserved};
use crate::lenient;

/// The longest identifier that is sent, in bytes.
const LONGEST_ID: usize = 255;

/// Everything but the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Checks an identifier that a gateway or the merchant gave out: 1 to 255 bytes, no white space, no control character,
/// none of `/ \ % ? #`, and not `.` or `..`.
///
/// # Errors
/// Names the field and the rule that was broken.
pub fn id(field: &'static str, value: &str) -> Result<(), InvalidInput> {
    check_id(field, value).map(drop)
}

/// Returns whether the identifier is of unreserved characters only.
fn check_id(field: &'static str, value: &str) -> Result<bool, InvalidInput> {
    let refuse = |rule: &'static str| Err(InvalidInput::new(field, rule));
    if value.is_empty() {
        return refuse("must not be empty");
    }
    if value.len() > LONGEST_ID {
        return refuse("must be at most 255 bytes long");
    }
    let unreserved = are_unreserved(value.as_bytes());
    if !unreserved {
        if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return refuse("must not contain white space or control characters");
        }
        if value.contains(['/', '\\', '%', '?', '#']) {
            return refuse(
                "must not contain any of / \\ % ? #; hand in the identifier as the gateway gave it",
            );
        }
    }
    if value == "." || value == ".." {
        return refuse("must not be `.` or `..`");
    }
    Ok(unreserved)
}

/// Checks an identifier as [`id`] does and percent-encodes it as one segment of a path.
///
/// # Errors
/// Those of [`id`].
pub fn path_segment<'a>(field: &'static str, value: &'a str) -> Result<Cow<'a, str>, InvalidInput> {
    Ok(if check_id(field, value)? { Cow::Borrowed(value) } else { encoded(value) })
}

/// Percent-encodes a value for a query string or a form.
pub fn query_value(value: &str) -> Cow<'_, str> {
    if are_unreserved(value.as_bytes()) { Cow::Borrowed(value) } else { encoded(value) }
}

fn encoded(value: &str) -> Cow<'_, str> {
    utf8_percent_encode(value, SEGMENT).into()
}

/// Checks a free text such as a description or a merchant's reference: 1 to `longest` characters, no control character.
///
/// # Errors
/// Names the field and the rule that was broken.
pub fn text(field: &'static str, value: &str, longest: usize) -> Result<(), InvalidInput> {
    if value.is_empty() {
        return Err(InvalidInput::new(field, "must not be empty"));
    }
    // No text has more characters than bytes.
    if value.len() > longest && value.chars().count() > longest {
        return Err(InvalidInput::new(field, format!("must be at most {longest} characters long")));
    }
    if !are_plain(value.as_bytes()) && value.chars().any(char::is_control) {
        return Err(InvalidInput::new(field, "must not contain control characters"));
    }
    Ok(())
}

/// Checks a secret that goes into a header: not empty, visible ASCII only (a line break pasted along with a key would
/// otherwise end the header).
///
/// # Errors
/// Names the field and the rule that was broken.
pub fn header_secret(field: &'static str, value: &str) -> Result<(), InvalidInput> {
    if value.is_empty() {
        return Err(InvalidInput::new(field, "must not be empty"));
    }
    if !are_graphic(value.as_bytes()) {
        return Err(InvalidInput::new(
            field,
            "must be visible ASCII characters without spaces; check for a line break at its end",
        ));
    }
    Ok(())
}

/// Checks an address that a payer or a notification is sent to: absolute, `https` or `http`, with a host.
///
/// # Errors
/// Names the field and the rule that was broken.
pub fn web_address(field: &'static str, value: &str) -> Result<(), InvalidInput> {
    let usable = || {
        split_scheme(value).is_some()
            && Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
    };
    if is_plain_address(value) || usable() {
        Ok(())
    } else {
        Err(InvalidInput::new(field, "must be an absolute http or https address"))
    }
}

/// The scheme of an address and what follows its `://`. The full parser also takes `https:host`, `https:/host` and line
/// breaks inside of the scheme, which other readers understand in another way.
fn split_scheme(value: &str) -> Option<(&str, &str)> {
    value.split_once("://").filter(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// Whether an address is of the usual kind, which the full parser accepts too, without its cost: `https`, small
/// ASCII letters, digits and hyphens between the dots of its host, no number at its end and nothing encoded in it.
fn is_plain_address(value: &str) -> bool {
    let Some(rest) = value.as_bytes().strip_prefix(b"https://") else { return false };
    let host = memchr(b'/', rest).and_then(|end| rest.get(..end)).unwrap_or(rest);
    // A label begins with a letter; what does not is left to the parser, and so is `xn--`.
    let begins_label = |at: usize| {
        let label = host.get(at..).unwrap_or_default();
        label.first().is_some_and(u8::is_ascii_lowercase) && !label.starts_with(b"xn--")
    };
    are_of_host(host) && begins_label(0) && memchr_iter(b'.', host).all(|dot| begins_label(dot + 1))
}

/// Returns the page out of a gateway's reply, if a customer may be sent to it: absolute, `https` (on this machine
/// also plain `http`), without a user name, a password, white space or control characters. An address without a scheme
/// (`//host/path`) becomes `https`. `None` for anything else.
pub fn page_address(found: &str) -> Option<String> {
    let found = match found.strip_prefix("//") {
        Some(rest) => Cow::Owned(format!("https://{rest}")),
        None => Cow::Borrowed(found),
    };
    if found.contains(lenient::REDACTED) {
        return None;
    }
    let unsafe_character = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    let (scheme, rest) = split_scheme(&found).filter(|_| !found.contains(unsafe_character))?;
    // The rule is the one for base addresses; only the part before the path matters here.
    let host = rest.split(['/', '?', '#']).next()?;
    BaseUrl::parse("page", &format!("{scheme}://{host}")).ok().map(|_| found.into_owned())
}

/// Checks an e-mail address, only for what certainly cannot be one: it needs a single `@` with text on both
/// sides, no white space, no control character, at most 254 bytes.
///
/// # Errors
/// Names the field and the rule that was broken.
pub fn email(field: &'static str, value: &str) -> Result<(), InvalidInput> {
    let signs = value.bytes().fold(0_usize, |signs, byte| signs.wrapping_add(usize::from(byte == b'@')));
    let shaped = signs == 1 && !value.starts_with('@') && !value.ends_with('@');
    let odd = || value.chars().any(|c| c.is_whitespace() || c.is_control());
    if shaped && value.len() <= 254 && (are_graphic(value.as_bytes()) || !odd()) {
        Ok(())
    } else {
        Err(InvalidInput::new(field, "must be an e-mail address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_identifiers_are_refused_without_being_quoted() {
        let long = "x".repeat(10_000);
        for odd in
            ["", ".", "..", "../", "a/b", "a\\b", "%2F", "a b", "a\0", "a\n", "\u{a0}", "a?b", "a#b", &long]
        {
            let error = id("order_id", odd).expect_err("refused");
            assert_eq!(error.field(), "order_id");
            assert!(odd.len() < 3 || !error.to_string().contains(odd), "{error}");
        }
    }

    #[test]
    fn identifier_of_255_bytes_is_the_longest() {
        assert!(id("order_id", &"x".repeat(255)).is_ok());
        assert!(id("order_id", &"x".repeat(256)).is_err());
    }

    #[test]
    fn a_segment_is_encoded_whole() {
        assert_eq!(path_segment("customerId", "ann@example.org|7").expect("valid"), "ann%40example.org%7C7");
        assert_eq!(path_segment("id", "0a73c8e3-7a2f~_.x").expect("valid"), "0a73c8e3-7a2f~_.x");
        assert_eq!(query_value("2026-01-31T09:00:00+02:00&a"), "2026-01-31T09%3A00%3A00%2B02%3A00%26a");
        assert_eq!(query_value("2026-01-31"), "2026-01-31");
    }

    #[test]
    fn a_plain_address_is_one_that_the_parser_takes() {
        for plain in
            ["https://shop.example/done?a=b#c d", "https://localhost", "https://a-.b--c.x1/\u{a0}\n%zz"]
        {
            assert!(is_plain_address(plain) && Url::parse(plain).is_ok(), "{plain}");
        }
        for other in [
            "https://",
            "https:///a",
            "https://a..b",
            "https://a.1/",
            "https://xn--a/",
            "https://a.xn--b/",
            "https://a.",
            "https://a./",
            "https://.a/",
            "https://-a/",
            "https://a?b",
            "https://a:1",
            "http://a",
            "https://u@a/",
        ] {
            assert!(!is_plain_address(other), "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_taken_as_plain_is_an_address(rest in "[a-z0-9.:@-]{0,12}(/.{0,12})?") {
            let value = format!("https://{rest}");
            let parsed = Url::parse(&value).is_ok_and(|url| url.scheme() == "https" && url.has_host());
            assert!(parsed || !is_plain_address(&value), "{value}");
        }
    }

    #[test]
    fn a_page_is_https_unless_it_is_on_this_machine() {
        for good in ["https://pay.example/1?a=b#c", "http://127.0.0.1:8080/pay/1", "https://pay.example"] {
            assert_eq!(page_address(good).as_deref(), Some(good));
        }
        assert_eq!(
            page_address("//pay.example/1?u=http://x").as_deref(),
            Some("https://pay.example/1?u=http://x")
        );
        for bad in [
            "//",
            "///pay.example/1",
            "////pay.example/1",
            "//user@pay.example/1",
            "http://pay.example/1",
            "pay.example/1",
            "javascript://pay.example/1",
            "javascript:alert(1)",
            "https://user:password@pay.example/1",
            "https://pay.example/1\r\nSet-Cookie: a=b",
            "https://pay.example/a b",
            "https://pay.example/\u{0}",
            "https://pay.example/a\\b",
            "http://evil.example\\@127.0.0.1/",
            "https://",
            "https://pay.example/?key=[redacted]",
            "https:/pay.example://user@shop.example",
            "http:/127.0.0.1/://pay.example",
            "https:pay.example/://pay.example",
            "",
        ] {
            assert_eq!(page_address(bad), None, "{bad}");
        }
    }

    #[test]
    fn texts_addresses_and_headers() {
        assert!(text("description", "Abonnement für März", 255).is_ok());
        assert!(text("description", "", 255).is_err());
        assert!(text("description", "a\u{0}", 255).is_err());
        assert!(text("description", "éé", 2).is_ok());
        assert!(text("description", "ééé", 2).is_err());
        for good in ["https://shop.example/done", "https://shop.example:8443/done", "http://127.0.0.1:8080/"]
        {
            assert!(web_address("return_url", good).is_ok(), "{good}");
        }
        for bad in [
            "shop.example/done",
            "javascript:alert(1)",
            "javascript://shop.example/done",
            "ftp://shop.example/done",
            "",
            "https://",
            "/done",
            "https:shop.example",
            "https:/shop.example/done",
            "https:\\\\shop.example",
            "ht\ntps://shop.example",
            "https:/\n/shop.example",
            " https://shop.example",
        ] {
            assert!(web_address("return_url", bad).is_err(), "{bad}");
        }
        for good in ["ann@example.org", "änn@example.org"] {
            assert!(email("email", good).is_ok(), "{good}");
        }
        for bad in ["", "ann", "@example.org", "ann@", "a@b@c", "a b@example.org"] {
            assert!(email("email", bad).is_err(), "{bad}");
        }
        assert!(header_secret("api_key", "k-1=").is_ok());
        for bad in ["", "k\n", "k k", "ké"] {
            assert!(header_secret("api_key", bad).is_err(), "{bad:?}");
        }
    }
}
