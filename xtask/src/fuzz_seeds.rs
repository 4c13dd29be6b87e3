//! What the targets of `cargo xtask fuzz` begin with: the stored examples, and a dictionary of what is in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::workspace::{self, root};

/// The secret that no error may show, as `outside/fuzz/src/check.rs` has it.
const CANARY: &str = "canary-5f0c2a91";

/// The statuses, in the order of `outside/fuzz/src/check.rs`, which the second byte of a reply counts.
const STATUSES: [u16; 16] = [200, 201, 204, 400, 401, 402, 403, 404, 408, 409, 422, 429, 302, 500, 503, 100];

/// The gateways, and how many calls each has: the first byte of a reply counts them.
const CALLS: [(&str, u8); 5] =
    [("omno", 4), ("ngenius", 6), ("tokenpay-signed", 8), ("revio", 17), ("emspay", 9)];

/// The longest text of an example that is a word of the dictionary.
const LONGEST_WORD: usize = 40;

const MONEY: [&str; 7] = [
    "\u{0}40.00",
    "\u{1}4000",
    "\u{2}1.234",
    "\u{0}40.00 EUR",
    "\u{0}0.01",
    "\u{4}123456789.1234",
    "\u{0}{\"amount\":\"40.00\",\"currency\":\"EUR\"}",
];

const WORDS: [&str; 17] = [
    "not_applied:never_sent",
    "unknown",
    "rate_limited",
    "action_required",
    "2024-02-29T23:59:60Z",
    "2017-11-27T12:00:00.5+01:00",
    "1711447198731",
    "Sat, 28 Nov 2026 23:59:59 GMT",
    "120",
    "51",
    "insufficient funds",
    "https://user@pay.example:8443/a/../b?c=d#e",
    "//pay.example/1",
    "http://127.0.0.1:8080/v1/",
    "sqlite:/var/lib/journal.db",
    "postgres://ann:canary-5f0c2a91@host:5432/db?sslmode=disable\n",
    "ann@example.org",
];

const SETTINGS: [&str; 4] = [
    "journal = \"sqlite:/j.db\"\n[emspay]\napi_key = \"canary-5f0c2a91\"\nbase_url = \"http://127.0.0.1:1/v1\"\n",
    "proxy_url = \"http://127.0.0.1:1\"\n[revio]\nsecret_key = \"canary-5f0c2a91\"\nbrand_id = \"b\"\nbase_url = \"https://a.example\"\n",
    "[omno]\nclient_id = \"i\"\nclient_secret = \"canary-5f0c2a91\"\n[ngenius]\napi_key = 7\noutlet = \"o\"\nrealm = \"ni\"\n",
    "[tokenpay_signed]\nmerchant_id = 3\nprivate_key = '''canary-5f0c2a91'''\ncurrency = \"USD\"\n",
];

const CHARGES: [&str; 4] = [
    r#"{"attempt":"a-1","amount":"40.00","currency":"EUR","credential":{"provider":"emspay","vault_token":"canary-5f0c2a91"}}"#,
    r#"{"attempt":"a-2","amount":"4000","currency":"JPY","credential":{"provider":"omno","card_token":"t"},"provider":"omno","reason":"plan"}"#,
    r#"{"attempt":"a-3","amount":"1","currency":"ZAR","credential":{"provider":"revio","recurring_token":"t","client_id":"c"},"notification_url":"https://a.example"}"#,
    r#"{"attempt":"a-4","amount":"1.00","currency":"USD","credential":{"provider":"tokenpay-signed","user_id":"u","token_id":"4","parent_order_id":5}}"#,
];

/// One secret and a text with it: the first letter counts the bytes of the secret.
const SECRETS: [&str; 6] = [
    "\u{e}sk-live/canary no such key: sk-live/canary, c2stbGl2ZS9jYW5hcnk=",
    "\u{10}4012001037141112 4012 0010 3714 1112 and 401200******1112",
    "\u{1c}bWVyY2hhbnQtNzpodW50ZXItMjI=merchant-7 hunter-22 merchant-7%3Ahunter-22",
    "\u{17}Bearer hunter/22+escaped%hunter\\/22+escaped%25 hunter%2F22%2Bescaped%25",
    "\u{d}Ann van Smith Ann%20van%20Smith Ann+van+Smith",
    "\u{6}abcabcabcabcabcabc",
];

/// Makes a private key where there is none yet.
pub(crate) fn write_key(path: &Path) -> Result<(), String> {
    if path.is_file() {
        return Ok(());
    }
    let mut openssl = Command::new("openssl");
    openssl.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"]).arg(path);
    workspace::output(&mut openssl).map(drop)
}

/// Writes the first inputs of a target, in place of those of an earlier run.
pub(crate) fn write(target: &str, folder: &Path, key: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    fs::create_dir_all(folder).map_err(failed)?;
    for (number, seed) in seeds(target, key)?.into_iter().enumerate() {
        fs::write(folder.join(format!("{number:04}")), seed).map_err(failed)?;
    }
    Ok(())
}

fn seeds(target: &str, key: &Path) -> Result<Vec<Vec<u8>>, String> {
    let texts = |texts: &[&str]| Ok(texts.iter().map(|text| text.as_bytes().to_vec()).collect());
    match target {
        "money" => texts(&MONEY),
        "words" => texts(&WORDS),
        "settings" => texts(&SETTINGS),
        "charge-lines" => texts(&CHARGES),
        "secrets" => texts(&SECRETS),
        "keys" => keys(key),
        "notifications" => Ok(prefixed(&notifications(&["omno", "ngenius", "emspay"])?, 5)),
        "signed-notifications" => Ok(prefixed(&notifications(&["revio"])?, 8)),
        gateway => replies(gateway),
    }
}

/// Each text after each number below `kinds`.
fn prefixed(texts: &[Vec<u8>], kinds: u8) -> Vec<Vec<u8>> {
    texts.iter().flat_map(|text| (0..kinds).map(move |kind| [&[kind], text.as_slice()].concat())).collect()
}

/// Every stored answer of a gateway, as the answer to each of its calls.
fn replies(gateway: &str) -> Result<Vec<Vec<u8>>, String> {
    let (_, calls) = CALLS
        .iter()
        .find(|(name, _)| *name == gateway)
        .ok_or_else(|| format!("no seeds for the target {gateway}"))?;
    let mut replies = vec![vec![2]];
    for case in cases(gateway)? {
        let meta = workspace::read(&case.join("meta.toml"))?;
        let meta: toml::Table = meta.parse().map_err(|error| format!("{}: {error}", case.display()))?;
        let status = meta.get("response").and_then(|response| response.get("status")?.as_integer());
        let place = STATUSES.iter().position(|known| Some(i64::from(*known)) == status);
        let status = place.and_then(|place| u8::try_from(place).ok()).unwrap_or(0);
        for name in ["response.json", "request.json"] {
            if let Ok(body) = fs::read(case.join(name)) {
                replies.push([&[status], body.as_slice()].concat());
            }
        }
    }
    Ok(prefixed(&replies, *calls))
}

fn notifications(gateways: &[&str]) -> Result<Vec<Vec<u8>>, String> {
    let mut bodies = Vec::new();
    for gateway in gateways {
        for case in cases(gateway)? {
            if case.parent().is_some_and(|operation| operation.ends_with("notification")) {
                bodies.extend(fs::read(case.join("request.json")).ok());
            }
        }
    }
    bodies.push(br#"{"orderId":"5803","status":"PAID","amount":30.00,"merchantReference":"r"}"#.to_vec());
    Ok(bodies)
}

/// A private key and a public one, in the forms in which they are pasted.
fn keys(key: &Path) -> Result<Vec<Vec<u8>>, String> {
    let private = workspace::read(key)?;
    let public = workspace::read(&root().join("fixtures/tokenpay-signed/documented_example_public_key.pem"))?;
    let mut keys = Vec::new();
    for pem in [private, public] {
        let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        keys.extend([pem.replace('\n', "\\n"), format!("\u{feff}{base64}"), pem].map(String::into_bytes));
    }
    Ok(keys)
}

/// The folders of a gateway's examples.
fn cases(gateway: &str) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for operation in folders(&root().join("fixtures").join(gateway))? {
        found.extend(folders(&operation)?.into_iter().filter(|case| case.join("meta.toml").is_file()));
    }
    Ok(found)
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Writes the names of members and the short texts of all examples, as libFuzzer reads them.
pub(crate) fn write_dictionary(path: &Path) -> Result<(), String> {
    let mut words =
        BTreeSet::from([CANARY.to_owned(), "-----BEGIN PRIVATE KEY-----".to_owned(), "\\u0000".to_owned()]);
    for (gateway, _) in CALLS {
        for case in cases(gateway)? {
            for name in ["response.json", "request.json"] {
                if let Ok(body) = fs::read(case.join(name))
                    && let Ok(body) = serde_json::from_slice(&body)
                {
                    collect(&body, &mut words);
                }
            }
        }
    }
    let lines: Vec<String> = words.iter().map(|word| entry(word)).collect();
    fs::write(path, lines.join("\n") + "\n").map_err(|error| format!("{}: {error}", path.display()))
}

fn collect(value: &Value, words: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                words.insert(format!("\"{name}\":"));
                collect(value, words);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, words)),
        Value::String(text) if (1..=LONGEST_WORD).contains(&text.len()) => {
            words.insert(text.clone());
        }
        Value::Number(number) => {
            words.insert(number.to_string());
        }
        Value::String(_) | Value::Null | Value::Bool(_) => {}
    }
}

/// One entry of a dictionary: in quotes, with everything but plain letters escaped.
fn entry(word: &str) -> String {
    let escaped: String = word
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            0x20..0x7f => char::from(byte).to_string(),
            _ => format!("\\x{byte:02X}"),
        })
        .collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_those_of_the_program() {
        let check = workspace::read(&root().join("outside/fuzz/src/check.rs")).unwrap();
        let listed: Vec<String> = STATUSES.iter().map(u16::to_string).collect();
        assert!(check.contains(&format!("[{}]", listed.join(", "))));
        assert!(check.contains(CANARY));
    }

    #[test]
    fn every_target_has_seeds() {
        let key = std::env::temp_dir().join(format!("recurring-seeds-{}.pem", std::process::id()));
        fs::write(&key, "-----BEGIN PRIVATE KEY-----\n").unwrap();
        for target in crate::fuzz::TARGETS {
            assert!(seeds(target, &key).unwrap().len() > 3, "{target}");
        }
        fs::remove_file(&key).unwrap();
    }

    #[test]
    fn word_of_the_dictionary_is_escaped() {
        assert_eq!(entry("a\"b\\é"), r#""a\"b\\\xC3\xA9""#);
    }
}
