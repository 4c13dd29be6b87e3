//! Webhooks as ngenius encrypts them where the merchant's profile asks for it.
//!
//! Source: the gateway's guide on webhook encryption. The body is base64 of an initialization vector of 16 bytes and of
//! the JSON under AES-256-CBC with PKCS#5 padding; the key is the value of the webhook's header, 32 characters.

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockEncryptMut, KeyIvInit};

/// The one header of every notification, as a merchant would set it in the portal. Its value has 32 characters, as it must
/// where it is the key of encrypted webhooks.
pub(super) const WEBHOOK_HEADER: &str = "X-Sandbox-Webhook";
pub(super) const WEBHOOK_SECRET: &str = "sandbox_ngenius_webhook_secret_1";
const BLOCK: usize = 16;

/// The body as it is sent. `None` only if the key were not 32 bytes long.
pub(super) fn encrypt(vector: [u8; BLOCK], text: &str) -> Option<String> {
    let cipher = Encryptor::<Aes256>::new_from_slices(WEBHOOK_SECRET.as_bytes(), &vector).ok()?;
    let mut buffer = text.as_bytes().to_vec();
    buffer.resize(text.len() + BLOCK, 0);
    let sealed = cipher.encrypt_padded_mut::<Pkcs7>(&mut buffer, text.len()).ok()?;
    Some(STANDARD.encode([&vector, sealed].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl enc -aes-256-cbc`, which shares no code with this.
    #[test]
    fn encrypted_body_is_what_openssl_makes() {
        let body = "BwcHBwcHBwcHBwcHBwcHB8qjVY0WtuX6p1FzzHkCcn6XhGyhewXZ3QkHp5ycoTrm";
        assert_eq!(encrypt([7; BLOCK], r#"{"eventName":"CAPTURED"}"#).as_deref(), Some(body));
    }

    #[test]
    fn secret_is_a_key_and_the_body_is_padded() {
        assert_eq!(WEBHOOK_SECRET.len(), 32);
        for (length, blocks) in [(0, 1), (15, 1), (16, 2), (17, 2)] {
            let body = STANDARD.decode(encrypt([7; BLOCK], &"x".repeat(length)).unwrap()).unwrap();
            assert_eq!((body.len(), &body[..BLOCK]), (BLOCK + blocks * BLOCK, &[7; BLOCK][..]));
        }
    }
}
