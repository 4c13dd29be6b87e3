//! The five gateways, put together here. Each answers under its own prefix as the gateway does; none knows the others.

mod emspay;
mod ngenius;
mod omno;
mod revio;
mod tokenpay;

use crate::gateway::Gateway;
use crate::ids::Ids;
use crate::keys::{self, KeyFolder};
use rsa::RsaPrivateKey;
use std::io;
use std::time::Duration;

/// The gateways with one webhook address for the whole account.
pub(crate) const ACCOUNT_WIDE: &[&str] = &["revio", "ngenius"];

/// The gateways of a new sandbox, in the order in which their clocks move. `emspay_wait` is how long emspay holds back the
/// answer to a recurring payment.
pub(crate) fn all(
    ids: &mut Ids,
    keys: [RsaPrivateKey; keys::COUNT],
    folder: &KeyFolder,
    emspay_wait: Duration,
) -> io::Result<Vec<Box<dyn Gateway>>> {
    let [merchant, tokenpay, revio] = keys;
    let revio = revio::Revio::new(ids, revio, folder)?;
    let ngenius = ngenius::Ngenius::new(ids);
    let emspay = emspay::Emspay::new(ids, emspay_wait);
    let tokenpay = tokenpay::Tokenpay::new(&merchant, tokenpay, folder)?;
    Ok(vec![
        Box::new(emspay),
        Box::new(ngenius),
        Box::<omno::Omno>::default(),
        Box::new(revio),
        Box::new(tokenpay),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::Treatment;

    /// The tables of the members as `SOURCES.md` prints them: gateway, call, member and what is done with it.
    #[test]
    fn sources_name_exactly_the_members() {
        let mut printed = Vec::new();
        let (mut gateway, mut call) = ("", "");
        for line in include_str!("../SOURCES.md").lines() {
            if let Some(name) = line.strip_prefix("## ") {
                gateway = name;
            } else if let Some(name) = line.strip_prefix("#### ") {
                call = name;
            } else if let Some(row) = line.strip_prefix("| `").filter(|_| !call.is_empty()) {
                let (member, rest) = row.split_once("` | ").unwrap();
                printed.push((gateway, call, member, rest.split(" | ").next().unwrap()));
            } else if line.starts_with("### ") {
                call = "";
            }
        }
        let tables = [
            ("emspay", emspay::MEMBERS),
            ("revio", revio::MEMBERS),
            ("ngenius", ngenius::MEMBERS),
            ("omno", omno::MEMBERS),
            ("tokenpay-signed", tokenpay::MEMBERS),
        ];
        let calls = tables.iter().flat_map(|(gateway, calls)| calls.iter().map(move |call| (*gateway, call)));
        let coded: Vec<_> = calls
            .flat_map(|(gateway, (call, members))| {
                members.iter().map(move |(member, treatment)| (gateway, *call, *member, words(*treatment)))
            })
            .collect();
        assert_eq!(printed, coded);
    }

    fn words(treatment: Treatment) -> &'static str {
        match treatment {
            Treatment::Played => "played",
            Treatment::NotPlayed => "not played",
            Treatment::NotPlayedUnlessEmpty => "not played unless empty",
            Treatment::WithoutEffect => "without effect",
        }
    }

    #[test]
    fn webhooks_are_repeated_as_each_gateway_does() {
        for (gateway, rules, attempts, minutes) in [
            ("emspay", &emspay::WEBHOOKS, 11, 20),
            ("revio", &revio::WEBHOOKS, 8, 36 * 60),
            ("tokenpay-signed", &tokenpay::WEBHOOKS, 16, 5 * 60),
            ("omno", &omno::WEBHOOKS, 4, 30),
            ("ngenius", &ngenius::WEBHOOKS, 1, 0),
        ] {
            let waits: Vec<i64> =
                (1..100).map_while(|made| Some(rules.backoff_after(made)?.as_mins())).collect();
            assert_eq!((waits.len() + 1, waits.iter().sum()), (attempts, minutes), "{gateway}");
        }
    }
}
