//! An example for the help of each command. A test reads each of them as the program would.

pub(super) const DEMO: &str = "\
Example:
  recurring demo";

pub(super) const PROVIDERS: &str = "\
Example:
  recurring providers";

pub(super) const SANDBOX: &str = "\
Example:
  recurring sandbox --state shop.state --env-file shop.env";

pub(super) const ENROL: &str = "\
Example:
  recurring enrol --provider emspay --attempt order-1 --amount 40.00 \\
    --currency EUR --success-url https://shop.example/paid \\
    --pending pending.json";

pub(super) const RESUME: &str = "\
Example:
  recurring resume pending.json --credential credential.json";

pub(super) const CARDS: &str = "\
Example:
  recurring cards --provider revio 8d20f0b5-3a2f-4b51-8a3e-4a4a1f9f6a5e";

pub(super) const CHARGE: &str = "\
Example:
  recurring charge credential.json --attempt sub-42-2026-12 \\
    --amount 40.00 --currency EUR --reason 'December'";

pub(super) const SCHEDULE: &str = "\
Example:
  recurring schedule --provider ngenius --attempt sub-42 --amount 40.00 \\
    --currency AED --frequency MONTHLY --email ann@example.org < card.json";

pub(super) const STATUS: &str = "\
Example:
  recurring status emspay:4c8bc680-6c4a-4a8e-8a5b-2b8b1a6f3f0e";

pub(super) const REFUND: &str = "\
Example:
  recurring refund emspay:4c8bc680-6c4a-4a8e-8a5b-2b8b1a6f3f0e \\
    --attempt refund-42 --amount 10.00";

pub(super) const CAPTURE: &str = "\
Example:
  recurring capture revio:6fee6689-b1b6-4dd4-a15f-d1058923e5b3 \\
    --attempt capture-42";

pub(super) const NOTIFICATION: &str = "\
Example:
  recurring notification --provider emspay < body.json
  recurring notification --provider revio --request webhook.http";

pub(super) const RUN: &str = "\
Example:
  recurring run due.jsonl --rate 20 > results.jsonl

Example, planned in the evening and charged at night:
  recurring run due.jsonl --plan
  recurring run --planned

Example, what is due and what is to be tried again, until nothing is left:
  recurring run --until-empty --subscriptions subscriptions.jsonl \\
    --policy retry.toml";

pub(super) const DUE: &str = "\
Example:
  recurring due --subscriptions subscriptions.jsonl > due.jsonl

Example, the coming charges of one subscription, and the tries if each is
declined:
  recurring due --subscriptions subscriptions.jsonl --preview sub-42";

pub(super) const RETRY: &str = "\
Example:
  recurring retry --subscriptions subscriptions.jsonl --policy retry.toml

Example, the tries that are due now:
  recurring retry --subscriptions subscriptions.jsonl --policy retry.toml \\
    --due > again.jsonl";

pub(super) const COMPLETIONS: &str = "\
Example:
  recurring completions bash \\
    > ~/.local/share/bash-completion/completions/recurring";

pub(super) const MANUAL: &str = "\
Example:
  recurring manual ~/.local/share/man/man1";

pub(super) const JOURNAL: &str = "\
Example:
  recurring journal --journal sqlite:/var/lib/billing/journal.db info";

pub(super) const JOURNAL_CREATE: &str = "\
Example:
  recurring journal create --journal sqlite:/var/lib/billing/journal.db";

pub(super) const JOURNAL_INFO: &str = "\
Example:
  recurring journal info";

pub(super) const JOURNAL_BACKUP: &str = "\
Example:
  recurring journal backup /var/backups/journal-2026-12-01.db";

pub(super) const JOURNAL_ARCHIVE: &str = "\
Example:
  recurring journal archive --before 2026-01-01 --to /var/backups/2025.jsonl";

pub(super) const JOURNAL_LIST: &str = "\
Example:
  recurring journal list --state review";

pub(super) const JOURNAL_SHOW: &str = "\
Example:
  recurring journal show sub-42-2026-12";

#[cfg(feature = "metrics")]
pub(super) const JOURNAL_METRICS: &str = "\
Example:
  recurring journal metrics --listen 127.0.0.1:9464";

pub(super) const JOURNAL_RECONCILE: &str = "\
Example:
  recurring journal reconcile --due

Example, with what the gateway lists for November:
  recurring journal reconcile --statement november.csv --map emspay.toml \\
    --from 2026-11-01 --until 2026-12-01 --lines 1204 --by ann";

pub(super) const JOURNAL_RESOLVE: &str = "\
Example:
  recurring journal resolve sub-42-2026-12 --as paid --by ann \\
    --why 'the gateway shows the payment'";

pub(super) const JOURNAL_ACKNOWLEDGE: &str = "\
Example:
  recurring journal acknowledge-failover --by ann --why 'disk replaced' \\
    --charged charged.jsonl";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use crate::arguments::Arguments;

    /// The words of a line of shell, without what it redirects.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(['<', '>']).next().unwrap_or_default();
        let mut words = Vec::new();
        for (place, part) in line.split('\'').enumerate() {
            if place % 2 == 1 {
                words.push(part.to_owned());
            } else {
                words.extend(part.split_whitespace().map(str::to_owned));
            }
        }
        words
    }

    /// Each command that has no commands of its own, with its path.
    fn commands(command: &clap::Command, path: &str, all: &mut Vec<(String, clap::Command)>) {
        for sub in command.get_subcommands() {
            let path = format!("{path} {}", sub.get_name());
            all.push((path.clone(), sub.clone()));
            commands(sub, &path, all);
        }
    }

    #[test]
    fn help_of_each_command_has_an_example_that_is_read() {
        let mut all = Vec::new();
        commands(&Arguments::command(), "recurring", &mut all);
        assert!(all.len() > 20, "{}", all.len());
        for (path, command) in all {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let joined = after.replace("\\\n", " ");
            let examples: Vec<&str> =
                joined.lines().filter(|line| line.starts_with("  recurring ")).collect();
            assert!(!examples.is_empty(), "{path} has no example");
            for example in examples {
                let words = words(example);
                let own: Vec<&str> = path.split(' ').collect();
                assert!(own.iter().all(|word| words.iter().any(|given| given == word)), "{path}: {example}");
                Arguments::try_parse_from(&words)
                    .unwrap_or_else(|error| panic!("{path}: {example}: {error}"));
            }
            assert!(after.lines().all(|line| line.len() <= 80), "{path}");
        }
    }
}
