//! The text of a key, in each form in which keys come out of files, environment variables and cluster secrets.
//!
//! The reader of the crate `pem-rfc7468` takes the strict form of RFC 7468 only. It refuses a key on one line, indented
//! lines, base64 without its padding and text after the block: forms in which keys are pasted every day.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use recurring_core::Secret;
use rsa::pkcs8::der::zeroize::Zeroizing;

/// What each PEM block begins with.
const BEGIN: &str = "-----BEGIN ";

/// Keys are pasted with and without the `=` at the end; both mean the same bytes.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One PEM block of a text. It does not print itself: it may hold a private key.
#[derive(Clone, Copy)]
pub struct PemBlock<'a> {
    label: &'a str,
    base64: Option<&'a str>,
}

impl<'a> PemBlock<'a> {
    /// Finds the first PEM block of a text; `None` when there is none.
    pub fn first(text: &'a str) -> Option<Self> {
        let (_, after) = text.split_once(BEGIN)?;
        let (label, rest) = after.split_once("-----")?;
        Some(Self { label, base64: rest.split_once("-----END ").map(|(base64, _)| base64) })
    }

    /// Returns what the block says it is, such as `PRIVATE KEY`.
    pub fn label(&self) -> &'a str {
        self.label
    }

    /// Returns the text between the lines of the block; `None` when the block is cut off.
    pub fn base64(&self) -> Option<&'a str> {
        self.base64
    }
}

/// Decodes base64 with white space anywhere, padded or not. The copies made on the way are wiped.
pub fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut dense = Zeroizing::new(Vec::with_capacity(text.len()));
    dense.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    TOLERANT.decode(dense.as_slice()).ok().map(Zeroizing::new)
}

/// Brings the text of a key into the form in which a key file holds it: without a byte order mark, with line breaks for
/// the two characters `\n` that environment variables and JSON files hold, and decoded when it is the base64 of a whole
/// PEM file, as cluster secrets hold it. Any other text stays as it is.
pub fn plain_key_text(text: &str) -> Secret {
    let text = text.trim().trim_start_matches('\u{feff}');
    if text.contains(BEGIN) {
        return unescaped(text);
    }
    let decoded = decode_base64(unescaped(text).expose());
    match decoded.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()).filter(|pem| pem.contains(BEGIN))
    {
        Some(pem) => unescaped(pem.trim_start_matches('\u{feff}')),
        None => unescaped(text),
    }
}

/// A backslash occurs neither in base64 nor in the lines of PEM.
fn unescaped(text: &str) -> Secret {
    let with_breaks = Zeroizing::new(text.replace("\\r\\n", "\n"));
    Secret::new(with_breaks.replace("\\n", "\n"))
}
