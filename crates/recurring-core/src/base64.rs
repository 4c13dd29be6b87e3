//! Base64 as gateways may quote a secret in it. Written here, so that a user of one gateway does not build a crate more.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Encodes without padding, in the alphabet for URLs or in the standard one.
pub(crate) fn encode(bytes: &[u8], for_urls: bool) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let [a, b, c, d] = four(three, for_urls);
        text.extend([a, b].map(char::from));
        if three.len() > 1 {
            text.push(char::from(c));
        }
        if three.len() > 2 {
            text.push(char::from(d));
        }
    }
    text
}

/// The four characters of three bytes; missing bytes count as zero.
pub(crate) fn four(three: &[u8], for_urls: bool) -> [u8; 4] {
    let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    let alphabet = if for_urls { URL_SAFE } else { STANDARD };
    [18, 12, 6, 0].map(|shift| {
        let index = usize::try_from(bits >> shift & 63).unwrap_or_default();
        alphabet.get(index).copied().unwrap_or(b'=')
    })
}

/// Decodes either alphabet, with or without padding. `None` when it is not base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for four in text.chunks(4) {
        let mut bits: u32 = 0;
        for byte in four {
            bits = bits << 6 | value(*byte)?;
        }
        bits <<= 6 * (4 - four.len());
        let [_, decoded @ ..] = bits.to_be_bytes();
        bytes.extend(decoded.get(..four.len().checked_sub(1).filter(|count| *count > 0)?)?);
    }
    Some(bytes)
}

fn value(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_rfc_4648() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes(), false), encoded);
            assert_eq!(decode(encoded).as_deref(), Some(plain.as_bytes()), "{encoded}");
        }
        assert_eq!(decode("Zg==").as_deref(), Some(&b"f"[..]));
        assert_eq!(encode(&[0xfb, 0xff], false), "+/8");
        assert_eq!(encode(&[0xfb, 0xff], true), "-_8");
        assert_eq!(decode("-_8"), decode("+/8="));
        for none in ["Z", "Zm9vY", "Zm.v", "Zm=v"] {
            assert_eq!(decode(none), None, "{none}");
        }
    }
}
