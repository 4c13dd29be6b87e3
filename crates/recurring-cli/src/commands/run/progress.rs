//! What an operator sees while a billing run goes on.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use recurring_journal::{Report, State};

use crate::output::Output;

/// A bar on standard error, where that is a terminal: how many there are, how they ended, and how fast it goes.
pub(super) struct Progress {
    bar: ProgressBar,
    states: BTreeMap<State, u64>,
    others: BTreeMap<&'static str, u64>,
    /// Whether each line is printed as JSON: asked for, or written where a program reads it.
    json: bool,
}

impl Progress {
    pub(super) fn start(total: Option<u64>, out: &Output) -> Self {
        // Two programs' worth of output on one terminal cannot be read.
        let target = if out.is_json() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = match total {
            Some(_) => "{bar:16} {pos}/{len} {speed:>6} eta {eta:>3} {wide_msg}",
            None => "{spinner} {pos} attempts {speed:>6} {elapsed} {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            let speed = |state: &ProgressState, text: &mut dyn Write| {
                // What cannot be shown is shown the next time.
                let _ = write!(text, "{:.0}/s", state.per_sec());
            };
            bar.set_style(style.with_key("speed", speed).progress_chars("=> "));
        }
        let json = out.is_json() || !io::stdout().is_terminal();
        Self { bar, states: BTreeMap::new(), others: BTreeMap::new(), json }
    }

    pub(super) fn count(&mut self, report: &Report) {
        let counted = match report {
            Report::Made(answer) => self.states.entry(answer.record.state).or_default(),
            Report::Skipped { .. } => self.others.entry("left").or_default(),
            _ => self.others.entry("refused").or_default(),
        };
        *counted += 1;
        self.bar.inc(1);
        self.bar.set_message(counts(&self.states, &self.others));
    }

    /// Prints the line of one attempt: as JSON, or as text where that is worth an operator's look.
    pub(super) fn line(&self, line: &crate::line::Line, notable: Option<String>, out: &Output) {
        if self.json {
            self.bar.suspend(|| out.object(line));
        } else if let Some(text) = notable {
            self.bar.suspend(|| out.text(&text));
        }
    }

    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// In the order of an attempt's life.
fn counts(states: &BTreeMap<State, u64>, others: &BTreeMap<&'static str, u64>) -> String {
    let made = State::ALL.iter().filter_map(|state| Some(format!("{} {state}", states.get(state)?)));
    let others = others.iter().map(|(what, count)| format!("{count} {what}"));
    made.chain(others).collect::<Vec<_>>().join(", ")
}

/// How many lines a file has that are not empty; `None` for what can be read only once.
pub(super) fn lines(path: &Path) -> Option<u64> {
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let file = is_file.then(|| std::fs::File::open(path).ok()).flatten()?;
    let mut count = 0;
    for line in BufReader::new(file).split(b'\n') {
        if !line.ok()?.trim_ascii().is_empty() {
            count += 1;
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_counts_every_state() {
        let states = BTreeMap::from([(State::Paid, 30), (State::Unknown, 1)]);
        let others = BTreeMap::from([("left", 2)]);
        assert_eq!(counts(&states, &others), "30 paid, 1 unknown, 2 left");
        assert_eq!(counts(&BTreeMap::new(), &BTreeMap::new()), "");
    }
}
