//! Keeps web pages of other sites away from the sandbox, which has no password: a browser on the same machine reaches it.
//!
//! A page can call this machine in two ways. By DNS rebinding, its own name resolves to a loopback address: the browser
//! then takes the sandbox for the page's own server, and only `Host` shows the foreign name. Or it sends forms and requests
//! across sites: then `Sec-Fetch-Site` or `Origin` shows it. Programs such as curl send neither header.

use crate::answer::Answer;
use axum::http::{HeaderMap, Method, Uri, Version, header};
use serde_json::json;
use std::net::IpAddr;

/// The names under which the sandbox may be called.
#[derive(Debug, Default)]
pub(crate) struct AllowedHosts {
    /// Whether it listens for other machines, too.
    pub(crate) other_machines: bool,
    /// Further names, lower case, without a port.
    pub(crate) names: Vec<String>,
}

impl AllowedHosts {
    /// Whether `Host` may have this value. The port is not compared: it protects from nothing, and a tunnel or a proxy that
    /// makes faults has one of its own.
    fn allow(&self, host: &str) -> bool {
        let Some(name) = without_port(host) else { return false };
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            // An address is not a name that resolves to something else tomorrow: rebinding needs a name.
            return ip.is_loopback() || self.other_machines;
        }
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        // Browsers resolve these to the loopback address without asking a name server (RFC 6761).
        let loopback = name == "localhost" || name.ends_with(".localhost");
        // A machine or container of the own network; no site of the internet has such a name.
        let network = self.other_machines && (!name.contains('.') || name.ends_with(".internal"));
        loopback || network || self.names.iter().any(|allowed| allowed == name)
    }
}

/// The host of `host:port`; `None` when it is neither a name nor an address.
fn without_port(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, rest) = host.split_at_checked(end)?;
    let port = rest.is_empty()
        || rest.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let valid = !name.is_empty() && !name.bytes().any(|byte| matches!(byte, b'@' | b'/' | b' '));
    (port && valid).then_some(name)
}

/// What a path belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    /// A gateway's own API: web pages of a merchant may call it, as they may call the gateway.
    Gateway,
    /// The sandbox's own API.
    Control,
    /// The customer's payment page: other sites lead there, or show it in a frame.
    PaymentPage,
    /// The inspector, and paths that do not exist.
    Inspector,
}

/// The answer that refuses a request before anything is done with it; `None` when it may go on.
pub(crate) fn refusal(
    hosts: &AllowedHosts,
    area: Area,
    head: (&Method, &Uri, Version, &HeaderMap),
) -> Option<Answer> {
    let (method, uri, version, headers) = head;
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST.as_str());
    if host.is_none() && version > Version::HTTP_10 {
        return Some(refuse(400, "cannot answer this request: it has no Host header"));
    }
    // A request for a proxy names the host in its first line, too.
    let named = host.into_iter().chain(uri.authority().map(axum::http::uri::Authority::as_str));
    if let Some(other) = named.into_iter().find(|host| !hosts.allow(host)) {
        return Some(refuse(
            421,
            &format!(
                "cannot answer for the host `{other}`: web pages of other sites could reach the sandbox through such a name; \
                 call it as localhost or 127.0.0.1, or start it with --allow-host {}",
                without_port(other).unwrap_or("NAME")
            ),
        ));
    }
    if area == Area::Gateway {
        return None;
    }
    let site = text("sec-fetch-site");
    let own_origin = |origin: &str| {
        host.is_some_and(|host| {
            origin.strip_prefix("http://").is_some_and(|name| name.eq_ignore_ascii_case(host))
        })
    };
    let same_site = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    // Without a referrer, a page's own form has the origin `null`; then the other header decides.
    let same_origin = text(header::ORIGIN.as_str())
        .is_none_or(|origin| own_origin(origin) || (origin == "null" && site == Some("same-origin")));
    let navigates = matches!(*method, Method::GET | Method::HEAD)
        && text(header::ORIGIN.as_str()).is_none()
        && text("sec-fetch-mode") == Some("navigate");
    let shown = match area {
        Area::PaymentPage => navigates,
        Area::Inspector => navigates && text("sec-fetch-dest") == Some("document"),
        Area::Gateway | Area::Control => false,
    };
    ((!same_site || !same_origin) && !shown).then(|| {
        refuse(
            403,
            "cannot answer a web page of another site: the sandbox has no password, so it takes requests of its own pages and of \
             programs only; send the request from a program, without Origin and Sec-Fetch-Site",
        )
    })
}

fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_allowed() {
        let mut hosts = AllowedHosts::default();
        for here in [
            "127.0.0.1",
            "127.0.0.1:4010",
            "127.8.9.10:1",
            "[::1]:4010",
            "[::1]",
            "localhost:4010",
            "LOCALHOST",
            "localhost.:1",
            "shop.localhost:4010",
        ] {
            assert!(hosts.allow(here), "{here}");
        }
        let network =
            ["192.168.0.7:4010", "[fe80::1]:1", "0.0.0.0:1", "sandbox:4010", "host.docker.internal:1"];
        let elsewhere = [
            "",
            ":4010",
            "shop.example:4010",
            "localhost.shop.example",
            "127.0.0.1.shop.example:1",
            "shop.example@127.0.0.1",
            "127.0.0.1:4010:1",
            "127.0.0.1:x",
            "[::1",
            "notlocalhost.example",
            "127.0.0.1, shop.example",
        ];
        for name in network.iter().chain(&elsewhere) {
            assert!(!hosts.allow(name), "{name}");
        }
        hosts.names.push("shop.example".to_owned());
        assert!(hosts.allow("Shop.Example:4010"));
        hosts = AllowedHosts { other_machines: true, names: Vec::new() };
        assert!(network.iter().all(|name| hosts.allow(name)));
        assert!(elsewhere.iter().all(|name| !hosts.allow(name)));
    }
}
