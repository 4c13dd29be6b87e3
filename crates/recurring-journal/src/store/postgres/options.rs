//! What an address says beside the place, and what the environment says where the address does not: `PGSSLMODE`,
//! `PGSSLROOTCERT`, `PGPASSWORD` and `PGPASSFILE`, as PostgreSQL's own programs read them.

use std::borrow::Cow;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use recurring_core::Secret;
use tokio_postgres::config::SslMode;

use super::passfile;
use crate::error::StoreError;

/// How TLS is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TlsOptions {
    /// The file of the only roots that are trusted; the platform's without it.
    pub(super) root: Option<PathBuf>,
    /// Whether the certificate may have any name: `verify-ca`.
    pub(super) any_name: bool,
}

/// What `sslmode` asks for; `None` when nothing says.
pub(super) fn mode(text: Option<&str>) -> Result<(Option<SslMode>, bool), StoreError> {
    Ok(match text {
        None => (None, false),
        Some("disable") => (Some(SslMode::Disable), false),
        Some("prefer") => (Some(SslMode::Prefer), false),
        // A certificate that is not verified protects nothing: `require` verifies as `verify-full` does.
        Some("require" | "verify-full") => (Some(SslMode::Require), false),
        Some("verify-ca") => (Some(SslMode::Require), true),
        Some(_) => {
            let rule =
                "must have an sslmode (or PGSSLMODE) of disable, prefer, require, verify-ca or verify-full";
            return Err(StoreError::Address(rule.to_owned()));
        }
    })
}

/// An address without the options that the client does not know, and these.
pub(super) struct Split {
    pub(super) address: Secret,
    pub(super) mode: Option<SslMode>,
    /// Whether the password and the journal may go over a network in plain text.
    pub(super) plaintext: bool,
    pub(super) tls: TlsOptions,
}

/// The option of an address that gives up TLS to another machine.
pub(super) const PLAINTEXT: &str = "dangerous_plaintext";

/// Takes `sslmode`, `sslrootcert` and `dangerous_plaintext` out of an address.
pub(super) fn split(address: &Secret) -> Result<Split, StoreError> {
    let (place, query) = address.expose().split_once('?').unwrap_or((address.expose(), ""));
    let (mut sslmode, mut root, mut plaintext, mut others) = (None, None, false, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => sslmode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => root = Some(decoded(value)?),
            Some((PLAINTEXT, value)) => plaintext = is_true(value)?,
            _ => others.push(pair),
        }
    }
    let sslmode = sslmode.or_else(|| variable("PGSSLMODE"));
    let (mode, any_name) = mode(sslmode.as_deref())?;
    // The word that PostgreSQL's own programs have for the platform's roots.
    let root = root.or_else(|| variable("PGSSLROOTCERT")).filter(|root| root != "system").map(PathBuf::from);
    if any_name && root.is_none() {
        let rule =
            "must name the root certificate with sslrootcert=/PATH (or PGSSLROOTCERT) for sslmode=verify-ca";
        return Err(StoreError::Address(rule.to_owned()));
    }
    let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    Ok(Split {
        address: Secret::new(format!("{place}{query}")),
        mode,
        plaintext,
        tls: TlsOptions { root, any_name },
    })
}

fn is_true(value: &str) -> Result<bool, StoreError> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(StoreError::Address(format!("must have true or false for {PLAINTEXT}"))),
    }
}

/// The password of the environment: that of `PGPASSWORD`, or the one that the file of `PGPASSFILE` has for this place.
pub(super) fn password(place: &passfile::Place<'_>) -> Result<Option<Secret>, StoreError> {
    if let Some(password) = variable("PGPASSWORD") {
        return Ok(Some(Secret::new(password)));
    }
    variable("PGPASSFILE").map_or(Ok(None), |path| passfile::password(path.as_ref(), place))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A percent-encoded text.
fn decoded(text: &str) -> Result<String, StoreError> {
    let wrong = || StoreError::Address("has an sslrootcert that is not percent-encoded UTF-8".to_owned());
    // What the library cannot decode it leaves as it is; a path with a stray `%` is another file.
    let is_code = |rest: &str| {
        rest.as_bytes().first_chunk::<2>().is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(is_code) {
        return Err(wrong());
    }
    percent_decode_str(text).decode_utf8().map(Cow::into_owned).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_options_are_taken_out_of_the_address() {
        let read = |text: &str| split(&Secret::new(text)).map_err(|error| error.to_string());
        let all =
            read("postgres://a@h/d?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fetc%2Fmy%20root.pem");
        let all = all.expect("an address");
        assert_eq!(all.address.expose(), "postgres://a@h/d?connect_timeout=3");
        assert_eq!(all.mode, Some(SslMode::Require));
        let root = Some(PathBuf::from("/etc/my root.pem"));
        assert_eq!(all.tls, TlsOptions { root, any_name: false });
        let ca = read("postgres://h/d?sslmode=verify-ca&sslrootcert=/r.pem").expect("an address");
        assert!(ca.tls.any_name && ca.address.expose() == "postgres://h/d");
        for (word, mode) in
            [("disable", SslMode::Disable), ("prefer", SslMode::Prefer), ("require", SslMode::Require)]
        {
            let read = read(&format!("postgres://h/d?sslmode={word}")).expect(word);
            assert_eq!((read.mode, read.tls), (Some(mode), TlsOptions::default()));
        }
        let plain = read("postgres://h/d?sslmode=disable&dangerous_plaintext=true").expect("an address");
        assert!(plain.plaintext && plain.address.expose() == "postgres://h/d" && !all.plaintext);
        assert_eq!(read("postgres://h/d?sslrootcert=system").expect("an address").tls.root, None);
        for (text, says) in [
            ("postgres://h/d?sslmode=hunter2", "verify-full"),
            ("postgres://h/d?sslmode=allow", "verify-full"),
            ("postgres://h/d?sslmode=verify-ca", "sslrootcert"),
            ("postgres://h/d?sslrootcert=%zz", "percent-encoded"),
            ("postgres://h/d?sslrootcert=/r%2", "percent-encoded"),
            ("postgres://h/d?sslrootcert=/r%", "percent-encoded"),
            ("postgres://h/d?sslrootcert=%ff", "percent-encoded"),
            ("postgres://h/d?dangerous_plaintext=1", "true or false"),
            ("postgres://h/d?dangerous_plaintext=", "true or false"),
        ] {
            let error = read(text).err().expect(text);
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
    }
}
