//! Base64 as gateways may quote a secret in it.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{
    GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD, URL_SAFE_NO_PAD,
};

/// Encodes without padding, in the alphabet for URLs or in the standard one.
pub(crate) fn encode(bytes: &[u8], for_urls: bool) -> String {
    if for_urls { URL_SAFE_NO_PAD.encode(bytes) } else { STANDARD_NO_PAD.encode(bytes) }
}

/// Encodes three bytes, which are four letters in either alphabet.
pub(crate) fn encode_three(bytes: [u8; 3], for_urls: bool) -> [u8; 4] {
    let mut letters = [0; 4];
    let engine = if for_urls { &URL_SAFE_NO_PAD } else { &STANDARD_NO_PAD };
    // It always fits.
    let _ = engine.encode_slice(bytes, &mut letters);
    letters
}

/// Takes what gateways and merchants write: with or without padding.
const TOLERANT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Made once: the tables of an engine cost more than what is decoded with them, and each reply is looked at.
static ENGINES: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, TOLERANT), GeneralPurpose::new(&URL_SAFE, TOLERANT)];

/// Decodes either alphabet, with or without padding. `None` when it is not base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let [standard, for_urls] = &ENGINES;
    let engine = if text.contains(['-', '_']) { for_urls } else { standard };
    engine.decode(text).ok()
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
            if let Ok(three) = plain.as_bytes().try_into() {
                assert_eq!(encode_three(three, false), encoded.as_bytes());
            }
        }
        assert_eq!(decode("Zg==").as_deref(), Some(&b"f"[..]));
        assert_eq!(encode(&[0xfb, 0xff], false), "+/8");
        assert_eq!(encode(&[0xfb, 0xff], true), "-_8");
        assert_eq!(decode("-_8"), decode("+/8="));
        assert_eq!(decode("-_8").as_deref(), Some(&[0xfb, 0xff][..]));
        assert_eq!((decode("-/8"), decode("+_8")), (None, None));
        assert_eq!(encode_three([0xfb, 0xff, 0xbf], true), *b"-_-_");
        assert_eq!(encode_three([0xfb, 0xff, 0xbf], false), *b"+/+/");
        for none in ["Z", "Zm9vY", "Zm.v", "Zm=v"] {
            assert_eq!(decode(none), None, "{none}");
        }
    }
}
