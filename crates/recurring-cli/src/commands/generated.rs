//! What is made from the command line itself: completions for a shell, and manual pages.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use crate::arguments::Arguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell, out: &Output) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "recurring", &mut script);
    if out.is_json() {
        let script = String::from_utf8_lossy(&script);
        out.object(&json!({"shell": shell.to_string(), "script": script}));
    } else {
        out.print_with(|| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&script).and_then(|()| stdout.flush())
        });
    }
    Exit::Done
}

/// Writes a manual page for the program and for each command. Those of an earlier version are replaced.
pub(crate) fn manual(folder: &Path, out: &Output) -> Result<Exit, CliError> {
    let problem = |path: &Path, error: io::Error| {
        CliError::io(format!("cannot write {}: {error}; check the folder and its rights", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| problem(folder, error))?;
    // `help` has no page of its own.
    let without_help = |command: clap::Command| command.disable_help_subcommand(true);
    let mut command = without_help(Arguments::command()).mut_subcommands(without_help);
    command.build();
    let mut pages = Vec::new();
    collect(&command, &mut pages);
    for (name, page) in &pages {
        let path = folder.join(name);
        fs::write(&path, page).map_err(|error| problem(&path, error))?;
    }
    let human = format!("wrote {} manual pages into {}", pages.len(), folder.display());
    out.line(&json!({"folder": folder.display().to_string(), "pages": pages.len()}), &human);
    Ok(Exit::Done)
}

/// The page of a command and of all commands below it, by the name of the file.
fn collect(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let mut page = Vec::new();
    // The memory does not fail.
    let _ = clap_mangen::Man::new(command.clone()).render(&mut page);
    let name = command.get_display_name().unwrap_or(command.get_name());
    pages.push((format!("{name}.1"), page));
    for sub in command.get_subcommands() {
        collect(sub, pages);
    }
}
