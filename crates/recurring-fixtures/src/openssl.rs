//! The `openssl` program, which makes keys and signatures that no crate of this workspace has made.

use std::io::Write;
use std::process::{Command, Stdio};

pub(crate) const MISSING: &str = "keys, signatures and TLS servers of some tests are made by the `openssl` program: install Debian's package openssl";

/// Whether the program is installed.
pub fn is_installed() -> bool {
    let version = Command::new("openssl").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Runs the program with this input and returns what it prints.
///
/// # Panics
/// When it is not installed, or fails.
pub fn run(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let started = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = started.unwrap_or_else(|error| panic!("{MISSING} ({error})"));
    // A program that does not read its input may have ended already.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let output = child.wait_with_output().expect("openssl ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?} failed: {errors}");
    output.stdout
}

/// [`run`] for what is text in and out, such as PEM.
///
/// # Panics
/// Like [`run`], and when the output is not text.
pub fn run_text(arguments: &[&str], input: &str) -> String {
    String::from_utf8(run(arguments, input.as_bytes())).expect("the output is text")
}
