//! Keys in every form that occurs, and signatures that the `openssl` program makes and checks.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test stops by panicking")]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{Folder, key, openssl, openssl_text, signer};
use proptest::prelude::*;
#[cfg(feature = "aws-lc-rs")]
use tokenpay_signed::AwsLcSigner;
use tokenpay_signed::{RequestSigner, RsaSigner, verify_signature};

fn sign(signer: &dyn RequestSigner, message: &[u8]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(signer.sign(message)).expect("a signature")
}

/// PKCS#1 of a PKCS#8 key.
fn pkcs1(pem: &str) -> String {
    openssl_text(&["rsa", "-traditional"], pem)
}

/// The base64 of a PEM text, without its lines.
fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

fn wrapped(base64: &str, end_of_line: &str) -> String {
    let lines: Vec<&str> =
        base64.as_bytes().chunks(50).map(|line| str::from_utf8(line).expect("base64")).collect();
    lines.join(end_of_line)
}

fn every_form_of_the_key_is_the_same_key() {
    let (pkcs8, pkcs1) = (key(), pkcs1(key()));
    assert!(pkcs8.contains("BEGIN PRIVATE KEY") && pkcs1.contains("BEGIN RSA PRIVATE KEY"));
    let expected = openssl_text(&["pkey", "-pubout"], pkcs8);
    let one_line = |pem: &str| pem.replace('\n', " ");
    for (name, text) in [
        ("PKCS#8 PEM", pkcs8.to_owned()),
        ("PKCS#1 PEM", pkcs1.clone()),
        ("PKCS#8 PEM, other line ends", pkcs8.replace('\n', "\r\n")),
        ("PKCS#8 PEM on one line", one_line(pkcs8)),
        ("PKCS#1 PEM on one line, with space around", format!("\n\t {} \n", one_line(&pkcs1))),
        ("PKCS#8 PEM after a comment", format!("Key Attributes: <No Attributes>\n{pkcs8}")),
        ("PKCS#8 base64", bare(pkcs8)),
        ("PKCS#1 base64", bare(&pkcs1)),
        ("PKCS#8 base64 in lines", wrapped(&bare(pkcs8), "\r\n")),
        ("PKCS#1 base64 in lines, with space around", format!("  {}\n\n", wrapped(&bare(&pkcs1), "\n"))),
        ("PKCS#8 PEM, line breaks as two characters", pkcs8.replace('\n', "\\n")),
        ("PKCS#1 PEM, line breaks as four characters", pkcs1.replace('\n', "\\r\\n")),
        ("PKCS#8 base64, line breaks as two characters", wrapped(&bare(pkcs8), "\\n")),
        ("PKCS#8 PEM after a byte order mark", format!("\u{feff}{pkcs8}")),
        ("PKCS#8 base64 after a byte order mark", format!("\u{feff}{}", bare(pkcs8))),
        ("base64 of a PEM file", STANDARD.encode(pkcs8)),
        ("base64 of a PEM file in lines", wrapped(&STANDARD.encode(&pkcs1), "\n")),
        ("PKCS#1 base64 without padding", bare(&pkcs1).trim_end_matches('=').to_owned()),
    ] {
        #[cfg(feature = "aws-lc-rs")]
        assert_eq!(
            AwsLcSigner::from_key(text.as_str()).map(|signer| signer.public_key_base64()),
            Ok(bare(&expected)),
            "{name}"
        );
        let signer = RsaSigner::from_key(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(signer.public_key_base64(), bare(&expected), "{name}");
        assert_eq!(format!("{signer:?}"), "RsaSigner { bits: 2048, .. }");
    }
    let larger = RsaSigner::from_key(openssl_text(&["genrsa", "3072"], "")).expect("3072 bits");
    assert_eq!(format!("{larger:?}"), "RsaSigner { bits: 3072, .. }");
    assert_eq!(sign(&larger, b"x").len(), 384);
}

fn unusable_key_is_refused_by_name_and_never_quoted() {
    let folder = Folder::new("refused");
    let file = folder.write("key.pem", key().as_bytes());
    let der = |arguments: &[&str], input: &str| STANDARD.encode(openssl(arguments, input.as_bytes()));
    let encrypt = ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:hunter2"];
    let encrypted = openssl_text(&encrypt, key());
    let encrypted_pkcs1 =
        openssl_text(&["rsa", "-traditional", "-aes128", "-passout", "pass:hunter2"], key());
    let public = openssl_text(&["pkey", "-pubout"], key());
    let public_pkcs1 = openssl_text(&["rsa", "-RSAPublicKey_out"], key());
    let certificate = openssl_text(&["req", "-x509", "-key", &file, "-subj", "/CN=shop", "-days", "1"], "");
    let short = openssl_text(&["genrsa", "1024"], "");
    let curve = openssl_text(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "");
    let curve_sec1 = openssl_text(&["ecparam", "-name", "prime256v1", "-genkey"], "");
    let edwards = openssl_text(&["genpkey", "-algorithm", "ED25519"], "");
    // Another base64 character in the middle: other numbers, which do not fit together.
    let mut damaged = bare(key());
    let middle = damaged.len() / 2;
    damaged.replace_range(
        middle..middle + 4,
        if &damaged[middle..middle + 4] == "AAAA" { "BBBB" } else { "AAAA" },
    );

    for (name, text, says) in [
        ("encrypted PKCS#8", encrypted.clone(), "password"),
        ("encrypted PKCS#1", encrypted_pkcs1, "password"),
        ("encrypted PKCS#8, base64", bare(&encrypted), "password"),
        ("a public key", public.clone(), "public key"),
        ("a PKCS#1 public key", public_pkcs1.clone(), "public key"),
        ("a public key, base64", bare(&public), "public key"),
        ("a PKCS#1 public key, base64", bare(&public_pkcs1), "public key"),
        ("a certificate", certificate.clone(), "certificate"),
        ("a certificate, base64", bare(&certificate), "not an RSA private key"),
        ("1024 bits", short.clone(), "1024 bits"),
        ("1024 bits, PKCS#1", pkcs1(&short), "1024 bits"),
        ("1024 bits, base64", bare(&short), "1024 bits"),
        ("an EC key", curve.clone(), "not an RSA key"),
        ("an EC key, base64", bare(&curve), "not an RSA key"),
        ("an EC key with parameters", curve_sec1.clone(), "elliptic-curve"),
        ("an EC key, SEC1 base64", der(&["ec", "-outform", "DER"], &curve), "not an RSA private key"),
        ("an Edwards key", edwards, "not an RSA key"),
        ("an OpenSSH key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA".to_owned(), "OpenSSH"),
        (
            "another PEM",
            "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----".to_owned(),
            "something else",
        ),
        ("a cut-off PEM", key()[..key().len() - 40].to_owned(), "cut off"),
        ("half a key", bare(key())[..800].to_owned(), "not an RSA private key"),
        ("a damaged key", damaged, "do not fit together"),
        ("a damaged PEM", key().replace('\n', "!\n"), "base64"),
        ("nothing", " \n".to_owned(), "empty"),
        ("garbage", "correct horse battery staple!".to_owned(), "base64"),
        ("garbage in base64", STANDARD.encode("correct horse battery staple"), "not an RSA private key"),
    ] {
        let error = RsaSigner::from_key(text.as_str()).map(drop).expect_err(name);
        #[cfg(feature = "aws-lc-rs")]
        assert_eq!(AwsLcSigner::from_key(text.as_str()).map(drop), Err(error.clone()), "{name}");
        let shown = format!("{error} {error:?}");
        assert!(error.field() == "private_key" && shown.contains(says), "{name}: {shown}");
        let dense: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        for piece in dense.windows(16).filter(|piece| !piece.starts_with(b"-")) {
            assert!(!shown.contains(str::from_utf8(piece).expect("ASCII")), "{name}: {shown}");
        }
        assert!(!shown.contains("hunter2"));
    }
}

fn openssl_and_this_crate_agree_on_every_signature() {
    let folder = Folder::new("agree");
    let private = folder.write("key.pem", key().as_bytes());
    let public_pem = openssl_text(&["pkey", "-pubout"], key());
    let public = folder.write("public.pem", public_pem.as_bytes());
    let signer = signer();
    let text = r#"{"merchantId":3,"userId":"Größe","amount":30}"#;
    for message in [&b""[..], b"a", text.as_bytes(), &[0, 255, 10, 13], &vec![b'x'; 100_000]] {
        let ours = sign(&signer, message);
        let (message_file, ours_file) = (folder.write("message", message), folder.write("ours", &ours));
        let verified =
            openssl(&["dgst", "-sha256", "-verify", &public, "-signature", &ours_file, &message_file], b"");
        assert!(String::from_utf8_lossy(&verified).contains("Verified OK"));

        let theirs = openssl(&["dgst", "-sha256", "-sign", &private, &message_file], b"");
        for key in [&public_pem, &signer.public_key_base64()] {
            verify_signature(key, message, &STANDARD.encode(&theirs)).expect("genuine");
        }
        // This kind of signature has no randomness: blinding must not show.
        assert_eq!(ours, theirs);
    }
}

fn a_signature_of_another_kind_is_refused() {
    let folder = Folder::new("other");
    let private = folder.write("key.pem", key().as_bytes());
    let message = folder.write("message", b"message");
    let public = signer().public_key_base64();
    for arguments in [
        vec!["dgst", "-sha1", "-sign", &private, &message],
        vec!["dgst", "-sha512", "-sign", &private, &message],
        vec!["dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sign", &private, &message],
    ] {
        let signature = STANDARD.encode(openssl(&arguments, b""));
        let error = verify_signature(&public, b"message", &signature).expect_err("another kind");
        assert_eq!(error.field(), "signature");
    }
}

/// The first poll of a signature that is computed in the calling task would have it.
fn signing_leaves_the_runtime_free() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let check = |signer: &dyn RequestSigner| {
        let signature = runtime.block_on(async {
            let mut signing = signer.sign(b"message");
            tokio::select! {
                biased;
                _ = &mut signing => panic!("{signer:?} computes in the calling task"),
                () = tokio::task::yield_now() => {}
            }
            signing.await
        });
        assert_eq!(signature.expect("a signature").len(), 256);
    };
    check(&signer());
    #[cfg(feature = "aws-lc-rs")]
    check(&AwsLcSigner::from_key(key()).expect("a key"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    fn what_is_signed_verifies_and_one_other_bit_does_not(
        message in proptest::collection::vec(any::<u8>(), 1..300),
        bit in any::<proptest::sample::Index>(),
    ) {
        let signer = signer();
        let public = signer.public_key_base64();
        let signature = sign(&signer, &message);
        prop_assert!(verify_signature(&public, &message, &STANDARD.encode(&signature)).is_ok());
        let flipped = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let at = bit.index(bytes.len() * 8);
            bytes[at / 8] ^= 1 << (at % 8);
            bytes
        };
        prop_assert!(verify_signature(&public, &flipped(&message), &STANDARD.encode(&signature)).is_err());
        prop_assert!(verify_signature(&public, &message, &STANDARD.encode(flipped(&signature))).is_err());
    }

    fn no_text_makes_reading_a_key_panic(text in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(RsaSigner::from_key(text.as_str()).is_err());
        prop_assert!(RsaSigner::from_key(STANDARD.encode(&bytes)).is_err());
        prop_assert!(verify_signature(&text, &bytes, &text).is_err());
        prop_assert!(verify_signature(&STANDARD.encode(&bytes), &bytes, &STANDARD.encode(&bytes)).is_err());
    }
}

recurring_fixtures::tests! {
    needs OpenSsl: [
        every_form_of_the_key_is_the_same_key,
        unusable_key_is_refused_by_name_and_never_quoted,
        openssl_and_this_crate_agree_on_every_signature,
        a_signature_of_another_kind_is_refused,
        signing_leaves_the_runtime_free,
        what_is_signed_verifies_and_one_other_bit_does_not,
    ];
    needs Nothing: [
        no_text_makes_reading_a_key_panic,
    ];
}
