//! Readers of texts: keys, money, words, settings, lines of a billing run, and the clearing of secrets.

use std::path::PathBuf;
use std::sync::LazyLock;

use recurring_core::{
    AttemptId, Currency, Decimal, DeclineReason, Effect, ErrorKind, GatewayTime, Money, Outcome, Reply,
    Secret, SecretForms, Timestamp,
};
use recurring_facade::Settings;
use recurring_gateway::pem::{PemBlock, plain_key_text};
use recurring_gateway::signature::PublicKey;
use recurring_gateway::{BaseUrl, check};
use tokenpay_signed::RsaSigner;

use crate::address::Address;
use crate::charge_line::charge;
use crate::check::{CANARY, hides};

/// A private or public key, in every form in which keys are pasted.
pub(crate) fn keys(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let plain = plain_key_text(text);
    if let Some(block) = PemBlock::first(plain.expose()) {
        let _ = (block.label(), block.base64());
    }
    match PublicKey::parse(text) {
        Ok(key) => assert!(!key.verifies(b"message", "AAAA"), "anything verifies"),
        Err(error) => hides(&error),
    }
    match RsaSigner::from_key(text) {
        Ok(signer) => {
            let public = signer.public_key_base64();
            assert!(PublicKey::parse(&public).is_ok() || public.len() > 1_000, "no public half: {public}");
        }
        Err(error) => hides(&error),
    }
    let _ = tokenpay_signed::verify_signature(text, b"message", "AAAA");
}

/// An amount, in every form in which one is read, and back.
pub(crate) fn money(bytes: &[u8]) {
    let [code, text @ ..] = bytes else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    const CODES: [&str; 8] = ["EUR", "JPY", "KWD", "AED", "CLF", "ZAR", "USD", "ISK"];
    let currency = Currency::from_code(CODES[usize::from(*code) % CODES.len()]).expect("a currency");
    if let Ok(money) = Money::parse(text, currency) {
        is_read_back(money);
        let same = Decimal::parse("amount", text).and_then(|text| text.to_minor(currency.exponent()));
        assert_eq!(same, Ok(money.minor()));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let written: String = money.to_decimal().chars().filter(char::is_ascii_digit).collect();
        let plain = |digits: &str| digits.trim_matches('0').to_owned();
        assert_eq!(plain(&digits), plain(&written), "another amount than {text}");
    }
    if let Ok(money) = text.parse::<Money>() {
        is_read_back(money);
    }
    if let Ok(money) = serde_json::from_str::<Money>(text) {
        is_read_back(money);
    }
}

fn is_read_back(money: Money) {
    assert!(money.minor() > 0);
    assert_eq!(Money::parse(&money.to_decimal(), money.currency()), Ok(money));
    assert_eq!(money.to_string().parse(), Ok(money));
    let json = serde_json::to_string(&money).expect("JSON");
    assert_eq!(serde_json::from_str::<Money>(&json).expect("read"), money);
    let shortest = Decimal::shortest(money);
    assert_eq!(Money::parse(shortest.as_str(), money.currency()), Ok(money));
}

/// Words, times, identifiers and addresses: what is read is written as it was, and nothing gets into a path or a header.
pub(crate) fn words(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(effect) = text.parse::<Effect>() {
        assert_eq!(effect.to_string(), text);
        assert_eq!(effect.is_not_applied(), text.starts_with("not_applied:"));
    }
    if let Ok(kind) = text.parse::<ErrorKind>() {
        assert_eq!(kind.as_str(), text);
    }
    if let Ok(outcome) = text.parse::<Outcome>() {
        assert_eq!(outcome.as_str(), text);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        assert_eq!(time.to_string().parse(), Ok(time));
    }
    let time = GatewayTime::new(text);
    let _ = (time.instant(), time.earliest());
    let _ = (DeclineReason::from_response_code(text), DeclineReason::from_words(text));
    if let Ok(attempt) = AttemptId::new(text) {
        assert_eq!(attempt.as_str(), text);
    }
    if let Ok(segment) = check::path_segment("id", text) {
        assert!(
            !segment.contains(['/', '?', '#', '\\', ' ']) && segment != "." && segment != "..",
            "{segment}"
        );
    }
    if check::header_secret("key", text).is_ok() {
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    }
    if let Some(page) = check::page_address(text) {
        let url = url::Url::parse(&page).expect("an address");
        assert!(url.username().is_empty() && url.password().is_none(), "{page}");
        let is_here = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        assert!(url.scheme() == "https" && url.has_host() || is_here, "{page}");
    }
    if let Ok(base) = BaseUrl::parse("base_url", text) {
        if let Some(path) = base.relative(text) {
            assert!(path.is_empty() || path.starts_with(['/', '?']), "{path}");
        }
        let _ = base.join("/orders/");
    }
    let _ = Reply::new(429, vec![("Retry-After".to_owned(), text.to_owned())], Vec::new()).retry_after();
    match Address::parse(text) {
        Ok(Address::Sqlite(path)) => assert!(path.is_absolute()),
        Ok(Address::Postgres(address)) => assert!(!address.expose().contains(char::is_whitespace)),
        Err(error) => hides(&error),
    }
}

/// A file of settings. No error quotes a value.
pub(crate) fn settings(bytes: &[u8]) {
    /// A file in memory where there is one.
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = PathBuf::from("/dev/shm");
        let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
        folder.join(format!("recurring-fuzz-{}.toml", std::process::id()))
    });
    std::fs::write(&*FILE, bytes).expect("a file");
    let read = Settings::new().with_general(["journal", "journal_key"]).read_file(&FILE);
    std::fs::remove_file(&*FILE).expect("it was there");
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // A name is shown, a value is not.
    let is_value = |line: &str| line.split('=').next().is_none_or(|name| !name.contains("canary"));
    let hides_values = !text.contains("\\u") && !text.contains("\\U") && text.lines().all(is_value);
    match read {
        Ok(settings) => {
            assert!(!format!("{settings:?}").contains(CANARY), "a value is shown");
            if let Err(error) = settings.facade() {
                assert!(!hides_values || !format!("{error} {error:?}").contains(CANARY), "a value is shown");
            }
        }
        Err(error) => {
            assert!(!hides_values || !format!("{error} {error:?}").contains(CANARY), "a value is shown");
        }
    }
}

/// A line of `recurring run`. What is charged is what the line says, and no message quotes a value.
pub(crate) fn charge_line(bytes: &[u8]) {
    // An address or a reference is shown, and so are the name of a member that is not known and the words of an identifier.
    let is_token = || {
        let text = String::from_utf8_lossy(bytes);
        let times = |part: &str| text.matches(part).count();
        let tokens: usize = TOKENS.iter().map(|name| times(&format!(r#""{name}":"{CANARY}""#))).sum();
        !text.contains('\\') && times(CANARY) == tokens
    };
    match charge(bytes) {
        Ok(charge) => {
            let request = charge.request;
            let line: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
            let series = charge.series.map(|(series, ..)| serde_json::Value::from(series));
            assert_eq!(line["series"], series.unwrap_or_default());
            assert_eq!(line["attempt"], request.attempt.as_str());
            assert_eq!(line["currency"], request.amount.currency().code());
            let amount = line["amount"].as_str().expect("a text");
            assert_eq!(Money::parse(amount, request.amount.currency()), Ok(request.amount));
            assert!(!format!("{request:?}").contains(CANARY) || !is_token(), "a token is shown");
        }
        Err(why) => assert!(!why.contains(CANARY) || !is_token(), "{why}"),
    }
}

/// The members of stored credentials that hold a token.
const TOKENS: [&str; 5] = ["vault_token", "recurring_token", "token_id", "card_token", "data"];

/// Clearing a text of a secret in all its forms. The first byte is the length of the secret.
pub(crate) fn secrets(bytes: &[u8]) {
    let [length, rest @ ..] = bytes else { return };
    let Ok(rest) = std::str::from_utf8(rest) else { return };
    let Some((secret, text)) = rest.split_at_checked(usize::from(length % LONGEST_SECRET)) else { return };
    let secrets = vec![Secret::new(secret)];
    let forms = SecretForms::of(&secrets);
    let cleared = forms.clear(text);
    if !forms.are_in(text) {
        assert_eq!(cleared, text);
    } else {
        // A form may be what is put in its place.
        assert!(cleared != text || forms.are_in("[redacted]"), "a form is kept");
        assert!(SecretForms::may_occur(text.as_bytes(), &secrets), "the quick look misses a form");
    }
    // What is put in the place of a secret may hold a short form, and be a part of an odd one.
    if !forms.are_in("[redacted]") && !secret.contains(['[', ']']) {
        assert!(!forms.are_in(&cleared), "a form is left");
        let shown = Reply::new(200, Vec::new(), Vec::new()).hiding(secrets).shown(text);
        assert!(shown.chars().count() <= 500 && !shown.chars().any(char::is_control));
        assert!(!forms.are_in(&shown), "a form is shown");
    }
    let long = forms.at_least(8);
    if !long.are_in("[redacted]") && !secret.contains(['[', ']']) {
        assert!(!long.are_in(&long.clear(text)), "a long form is left");
    }
}

/// More than the longest form of a key that is not text, and short enough to be fast.
const LONGEST_SECRET: u8 = 64;
