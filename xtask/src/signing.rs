//! `cargo xtask bench signing`: signatures a second against the bare computation in the same run, and what a
//! notification takes besides its signature.

use std::process::Command;

use crate::measure::{Bound, build, head, median, numbers, program, row};
use crate::workspace::output;

pub(crate) fn run(quick: bool) -> Result<Vec<String>, String> {
    build()?;
    let key = program().with_extension("key.pem");
    let key = key.display().to_string();
    output(
        Command::new("openssl")
            .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
            .args(["-out", &key]),
    )?;
    let (rounds, times) = if quick { (3, "300") } else { (9, "1000") };
    let mut measured: [Vec<u64>; 6] = Default::default();
    for _ in 0..rounds {
        let openssl = openssl_speed()?;
        let [aws_lc, rsa, bare] = numbers(&["sign", &key, times])?;
        let [whole, bare_verify] = numbers(&["verify", &key, times])?;
        for (all, one) in measured.iter_mut().zip([aws_lc, openssl, rsa, bare, whole, bare_verify]) {
            all.push(one);
        }
    }
    let [aws_lc, openssl, rsa, bare, whole, bare_verify] = measured.map(median);
    head("a second of processor time, RSA with 2048 bits", "measured", "against");
    let rows = [
        ("signatures: aws-lc-rs signer, `openssl speed`", aws_lc, openssl, Bound::AtLeast(95)),
        ("signatures: rsa signer, rsa bare and blinded", rsa, bare, Bound::AtLeast(97)),
        ("notifications: verify, read, dedupe; verify bare", whole, bare_verify, Bound::AtLeast(50)),
    ];
    Ok(rows.into_iter().filter_map(|(what, one, other, bound)| row(what, one, other, bound)).collect())
}

/// Signatures a second of processor time, as OpenSSL measures itself.
fn openssl_speed() -> Result<u64, String> {
    signatures(&output(Command::new("openssl").args(["speed", "-seconds", "1", "rsa2048"]))?)
}

/// The column `sign/s` of the table that it prints.
fn signatures(printed: &str) -> Result<u64, String> {
    let mut lines = printed.lines();
    let columns = lines.find(|line| line.contains("sign/s")).unwrap_or_default().split_whitespace();
    let from_the_right = columns.rev().position(|column| column == "sign/s");
    let row = lines.find(|line| line.trim_start().starts_with("rsa"));
    let number = from_the_right.and_then(|place| row?.split_whitespace().rev().nth(place));
    let whole = number.and_then(|number| number.split('.').next()?.parse().ok());
    whole.ok_or_else(|| format!("no signatures a second in {printed:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_openssl_is_read() {
        let three = "version: 3.0.17\n                  sign    verify    sign/s verify/s\nrsa 2048 bits 0.000598s 0.000017s   1672.3  57393.0\n";
        assert_eq!(signatures(three), Ok(1672));
        let later = "                   sign    verify    encrypt   decrypt   sign/s verify/s  encr./s  decr./s\nrsa  2048 bits 0.000418s 0.000012s 0.000014s 0.000430s   2390.0  82000.0  70000.0   2323.0\n";
        assert_eq!(signatures(later), Ok(2390));
        assert!(signatures("").is_err());
    }
}
