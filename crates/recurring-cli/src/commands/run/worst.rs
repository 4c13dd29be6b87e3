//! The exit code of many lines.

use crate::error::CliError;
use crate::exit::Exit;
use crate::line::Line;

/// The exit code of both: what must be looked at, then a store that failed, then what must be set right, then what is
/// still to come.
pub(super) fn worse(one: Exit, other: Exit) -> Exit {
    let rank = |exit| match exit {
        Exit::Done => 0,
        Exit::Pending => 1,
        Exit::NotApplied => 3,
        Exit::Usage => 4,
        Exit::Store => 5,
        Exit::Unknown => 6,
        _ => 2,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// The exit code is that of the whole run: a line has none.
pub(super) fn failed(error: &CliError) -> (Line, Exit) {
    (Line { exit: None, ..Line::error(error) }, Exit::from(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_worst_line_decides_the_exit_code() {
        let order = [Exit::Unknown, Exit::Store, Exit::Usage, Exit::NotApplied, Exit::Pending, Exit::Done];
        for (place, exit) in order.into_iter().enumerate() {
            for better in order.into_iter().skip(place) {
                assert_eq!((worse(exit, better), worse(better, exit)), (exit, exit));
            }
        }
    }
}
