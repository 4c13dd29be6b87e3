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

/// Takes what gateways and merchants write: with or without padding.
const TOLERANT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Made once: the tables of an engine cost more than what is decoded with them, and each reply is looked at.
static ENGINES: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, TOLERANT), GeneralPurpose::new(&URL_SAFE, TOLERANT)];

/// Decodes either alphabet, with or without padding. `None` when it is not base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    ENGINES.iter().find_map(|engine| engine.decode(text).ok())
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
