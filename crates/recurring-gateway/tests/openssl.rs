//! Keys and signatures that the `openssl` program (3.0) made; the private halves were thrown away.
//!
//! For each size: `openssl genrsa SIZE`, `openssl pkey -pubout`, and `openssl dgst -sha256 -sign` over [`MESSAGE`].
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test stops by panicking")]

use recurring_gateway::signature::PublicKey;

const MESSAGE: &[u8] = b"amount=30.00&orderId=5804&status=SUCCESS";

/// The size, the public key, and the signature.
const VECTORS: [(usize, &str, &str); 3] = [
    (2048, include_str!("vectors/2048.pem"), include_str!("vectors/2048.signature")),
    (3072, include_str!("vectors/3072.pem"), include_str!("vectors/3072.signature")),
    (4096, include_str!("vectors/4096.pem"), include_str!("vectors/4096.signature")),
];

#[test]
fn what_openssl_signed_verifies_for_each_size_and_no_other_key() {
    for (bits, pem, signature) in VECTORS {
        let key = PublicKey::parse(pem).expect("a key");
        assert_eq!(format!("{key:?}"), format!("PublicKey {{ bits: {bits}, .. }}"));
        assert!(key.verifies(MESSAGE, signature.trim_end()), "{bits}");
        for (others, _, other) in VECTORS.into_iter().filter(|(others, ..)| *others != bits) {
            assert!(!key.verifies(MESSAGE, other.trim_end()), "{bits} {others}");
        }
    }
}

#[test]
fn a_key_of_another_size_is_refused() {
    for (pem, says) in [
        (include_str!("vectors/1024.pem"), "1024 bits"),
        (include_str!("vectors/8192.pem"), "2048 to 4096 bits"),
    ] {
        let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        for form in [pem, &bare] {
            let error = PublicKey::parse(form).expect_err(says);
            assert_eq!(error.field(), "public_key");
            assert!(error.to_string().contains(says), "{error}");
            assert!(!error.to_string().contains(&bare[..16]), "{error}");
        }
    }
}

#[test]
fn one_other_bit_of_the_message_or_the_signature_is_refused() {
    let (_, pem, signature) = VECTORS[0];
    let (key, signature) = (PublicKey::parse(pem).expect("a key"), signature.trim_end());
    let mut message = MESSAGE.to_vec();
    for at in 0..message.len() {
        for bit in 0..8 {
            message[at] ^= 1 << bit;
            assert!(!key.verifies(&message, signature), "byte {at}, bit {bit}");
            message[at] ^= 1 << bit;
        }
    }
    let mut changed = signature.as_bytes().to_vec();
    for at in 0..changed.len() {
        for bit in 0..7 {
            changed[at] ^= 1 << bit;
            let text = str::from_utf8(&changed).expect("ASCII");
            assert!(!key.verifies(MESSAGE, text), "character {at}, bit {bit}");
            changed[at] ^= 1 << bit;
        }
    }
    assert!(key.verifies(&message, str::from_utf8(&changed).expect("ASCII")));
}

#[test]
fn a_signature_has_one_form_only() {
    let (_, pem, signature) = VECTORS[0];
    let (key, signature) = (PublicKey::parse(pem).expect("a key"), signature.trim_end());
    for odd in [
        // Longer, shorter, without padding, with white space, in the other alphabet.
        format!("AAAA{signature}"),
        signature[4..].to_owned(),
        signature.trim_end_matches('=').to_owned(),
        format!("{signature}\n"),
        format!(" {signature}"),
        format!("{}\n{}", &signature[..64], &signature[64..]),
        signature.replace('+', "-").replace('/', "_"),
        format!("{signature}{signature}"),
    ] {
        assert!(!key.verifies(MESSAGE, &odd), "{odd}");
    }
}

#[test]
fn a_signature_of_another_kind_is_refused() {
    let key = PublicKey::parse(VECTORS[0].1).expect("a key");
    for other in [include_str!("vectors/2048-sha1.signature"), include_str!("vectors/2048-pss.signature")] {
        assert!(!key.verifies(MESSAGE, other.trim_end()));
    }
}
