//! Questions about every byte of a short text, eight at a time: each input is checked and each answer read with them.
//!
//! A byte by itself costs about as many instructions as eight of them in a word. The tests compare each question with the same
//! byte by byte.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);

/// Whether all is visible ASCII or a space: then there is no control character in it.
pub(crate) fn are_plain(text: &[u8]) -> bool {
    none(text, |word| any_below(word, b' ') | any_above(word, b'~'))
}

/// Whether all is visible ASCII.
pub(crate) fn are_graphic(text: &[u8]) -> bool {
    none(text, |word| any_below(word, b'!') | any_above(word, b'~'))
}

/// Whether all are letters, digits and `-._~`, the unreserved characters of RFC 3986.
pub(crate) fn are_unreserved(text: &[u8]) -> bool {
    none(text, |word| {
        let letters = between(word | ONES.wrapping_mul(0x20), b'a', b'z');
        let others = between(word, b'-', b'.') | between(word, b'0', b'9');
        let unreserved = letters | others | between(word, b'_', b'_') | between(word, b'~', b'~');
        (word | !unreserved) & HIGHEST
    })
}

/// Whether all are small letters, digits, hyphens and dots.
pub(crate) fn are_of_host(text: &[u8]) -> bool {
    none(text, |word| {
        let of_host = between(word, b'a', b'z') | between(word, b'-', b'.') | between(word, b'0', b'9');
        (word | !of_host) & HIGHEST
    })
}

/// Whether there is neither an ASCII control character nor a `[`.
pub(crate) fn are_clean(text: &[u8]) -> bool {
    none(text, |word| any_below(word, b' ') | any_is(word, b'\x7f') | any_is(word, b'['))
}

/// Whether there is no backslash.
pub(crate) fn are_unescaped(text: &[u8]) -> bool {
    none(text, |word| any_is(word, b'\\'))
}

/// Whether no word has the highest bit of a byte set by what is asked of it.
fn none(text: &[u8], odd: impl Fn(u64) -> u64) -> bool {
    let (words, _) = text.as_chunks();
    let whole = words.iter().fold(0, |found, word| found | odd(u64::from_ne_bytes(*word)));
    // The last word overlaps the one before it.
    let last = if let Some(word) = text.last_chunk() {
        u64::from_ne_bytes(*word)
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        u64::from(u32::from_ne_bytes(*first)) << 32 | u64::from(u32::from_ne_bytes(*last))
    } else {
        // Filled with a letter, which is never odd.
        let mut word = [b'a'; 8];
        for (place, byte) in word.iter_mut().zip(text) {
            *place = *byte;
        }
        u64::from_ne_bytes(word)
    };
    (whole | odd(last)) & HIGHEST == 0
}

fn any_is(word: u64, byte: u8) -> u64 {
    any_below(word ^ ONES.wrapping_mul(u64::from(byte)), 1)
}

/// Of a limit of at most 128. Right for the lowest byte that is below; a borrow from it may mark others.
fn any_below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES.wrapping_mul(u64::from(limit))) & !word
}

/// Right for the lowest byte that is above; a carry from it may mark others.
fn any_above(word: u64, limit: u8) -> u64 {
    word.wrapping_add(ONES.wrapping_mul(u64::from(0x7f_u8.wrapping_sub(limit)))) | word
}

/// Marks each byte whose lower seven bits are between two.
fn between(word: u64, lowest: u8, highest: u8) -> u64 {
    let at_least = |limit: u8| {
        let room = ONES.wrapping_mul(u64::from(0x80_u8.wrapping_sub(limit)));
        (word & !HIGHEST).wrapping_add(room)
    };
    at_least(lowest) & !at_least(highest.wrapping_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_answer_as_single_bytes_do() {
        let odd_in_id = |byte: u8| byte.is_ascii_control() || byte == b'[';
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let of_host = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=255 {
                    // Neighbors of every kind: a carry or a borrow must not hide a byte.
                    for others in [b'a', b'0', b'~', b'-'] {
                        let mut text = vec![others; length];
                        text[at] = byte;
                        assert_eq!(are_plain(&text), (b' '..=b'~').contains(&byte), "{text:?}");
                        assert_eq!(are_graphic(&text), byte.is_ascii_graphic(), "{text:?}");
                        assert_eq!(are_unreserved(&text), unreserved(byte), "{text:?}");
                        assert_eq!(
                            are_of_host(&text),
                            of_host(byte) && (others != b'~' || length == 1),
                            "{text:?}"
                        );
                        assert_eq!(are_clean(&text), !odd_in_id(byte), "{text:?}");
                        assert_eq!(are_unescaped(&text), byte != b'\\', "{text:?}");
                    }
                }
            }
        }
        assert!(are_plain(b"") && are_unreserved(b"") && are_clean(b""));
    }

    proptest::proptest! {
        #[test]
        fn words_answer_for_any_bytes(text in proptest::collection::vec(proptest::num::u8::ANY, 0..30)) {
            assert_eq!(are_plain(&text), text.iter().all(|byte| (b' '..=b'~').contains(byte)));
            assert_eq!(are_clean(&text), !text.iter().any(|byte| byte.is_ascii_control() || *byte == b'['));
            assert_eq!(are_unescaped(&text), !text.contains(&b'\\'));
        }

        #[test]
        fn words_answer_for_unreserved_bytes(text in "[!-~]{0,30}") {
            let unreserved = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
            assert_eq!(are_unreserved(text.as_bytes()), unreserved);
            assert!(are_graphic(text.as_bytes()));
        }
    }
}
