//! Notifications that the gateway encrypts: `Content-Type: text/plain`, the body is base64 of an initialization
//! vector of 16 bytes and AES-256-CBC with PKCS#5 padding, the key is the value of the header, 32 characters.

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut as _, KeyIvInit as _};
use recurring_core::{
    Secret,
    notification::{NotificationError, RawNotification},
};
use recurring_gateway::lenient::is_object;

/// The length of the initialization vector.
const VECTOR: usize = 16;

/// The notification with its body in the clear. The header with the key has been compared before: what cannot be
/// decrypted is genuine all the same.
pub(super) fn open(raw: RawNotification, key: &Secret) -> Result<RawNotification, NotificationError> {
    if !is_encrypted(&raw) {
        return Ok(raw);
    }
    let body =
        decrypt(raw.body(), key.expose().as_bytes()).map_err(NotificationError::verified_unreadable)?;
    raw.with_body(body).map_err(|_| NotificationError::verified_unreadable("its encrypted body is empty"))
}

/// Whether the body is encrypted. A JSON object begins with a brace, which is not a character of base64.
fn is_encrypted(raw: &RawNotification) -> bool {
    let media_type = raw.header("content-type").and_then(|value| value.split(';').next());
    media_type.is_some_and(|value| value.trim().eq_ignore_ascii_case("text/plain")) && !is_object(raw.body())
}

fn decrypt(body: &[u8], key: &[u8]) -> Result<Vec<u8>, &'static str> {
    let bytes = STANDARD.decode(body.trim_ascii()).map_err(|_| "its encrypted body is not base64")?;
    let (vector, text) = bytes.split_at_checked(VECTOR).ok_or("its encrypted body is too short")?;
    let cipher = Decryptor::<Aes256>::new_from_slices(key, vector)
        .map_err(|_| "its body is encrypted, and the secret of the header is not 32 characters long")?;
    let mut text = text.to_vec();
    let length = cipher
        .decrypt_padded_mut::<Pkcs7>(&mut text)
        .map_err(|_| "its body cannot be decrypted with the secret of the header")?
        .len();
    text.truncate(length);
    Ok(text)
}
