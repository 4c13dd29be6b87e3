//! The addresses to which webhooks are sent: those of this machine only.
//!
//! The sandbox sends whatever address it is given: an address of another machine must never get a made-up payment,
//! so it is not called, and names are not looked up either.

use axum::http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Why this address is not called; `None` when it is on this machine.
pub(crate) fn refusal(url: &str) -> Option<&'static str> {
    target(url).err()
}

pub(crate) struct Target {
    /// The host as it goes into the `Host` header.
    pub(crate) host: String,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) path: String,
}

pub(crate) fn target(url: &str) -> Result<Target, &'static str> {
    const ELSEWHERE: &str = "not on this machine";
    let uri: Uri = url.parse().map_err(|_| "not an address")?;
    let authority = uri.authority().ok_or("not an address")?;
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let ips: Vec<IpAddr> = match bare.parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() => vec![ip],
        // The name is not looked up: its addresses are fixed here.
        Err(_) if bare.eq_ignore_ascii_case("localhost") => {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        }
        _ => return Err(ELSEWHERE),
    };
    if authority.as_str().contains('@') {
        return Err("an address with a user name");
    }
    if uri.scheme_str() != Some("http") {
        return Err("only plain http is supported");
    }
    let port = authority.port_u16().unwrap_or(80);
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let addresses = ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    Ok(Target { host: authority.as_str().to_owned(), addresses, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_targets() {
        for here in [
            "http://127.0.0.1:8080/hook",
            "http://127.8.9.10/",
            "http://[::1]:8080/hook?a=1",
            "http://localhost:1",
            "http://LOCALHOST:1/x#y",
        ] {
            assert_eq!(refusal(here), None, "{here}");
        }
        for elsewhere in [
            "https://merchant.example/hook",
            "http://merchant.example/hook",
            "http://[::ffff:127.0.0.1]/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://127.0.0.1.example/",
            "http://127.1/",
            "http://2130706433/",
            "http://localhost.example/",
            "http://localhost./",
            "http://127.0.0.1@merchant.example/",
            "http://192.168.0.1/",
            "http://169.254.169.254/",
        ] {
            assert_eq!(refusal(elsewhere), Some("not on this machine"), "{elsewhere}");
        }
        for odd in ["", "/hook", "http://", "http://user@127.0.0.1/", "https://127.0.0.1/", "ftp://[::1]/"] {
            assert!(refusal(odd).is_some(), "{odd}");
        }
    }
}
