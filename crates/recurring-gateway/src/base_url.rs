use std::fmt;

use url::{Host, Url};

use recurring_core::InvalidInput;

/// The address that a gateway's paths are put behind, such as `https://api.online.emspay.eu/v1`.
///
/// `https` only, except to this machine itself (`localhost`, 127.0.0.0/8, `::1`). No user name, no password, no
/// query, no fragment. A last slash makes no difference.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads an address. `field` names it in the error.
    ///
    /// # Errors
    /// When it breaks one of the rules above. The message does not quote it, since it may hold a password.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, InvalidInput> {
        let refuse = |rule: &'static str| Err(InvalidInput::new(field, rule));
        let Ok(mut url) = Url::parse(text) else {
            return refuse("must be an absolute address such as https://gateway.example/v1");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("must not contain a user name or password; hand in the key as the credential");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("must not have a query or a fragment");
        }
        match url.scheme() {
            "https" if url.has_host() => {}
            "http" if is_loopback(&url) => {}
            "http" => {
                return refuse("must use https; plain http is accepted for this machine (loopback) only");
            }
            _ => return refuse("must use https"),
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Returns the whole address of a path that begins with `/` and may have a query.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }

    /// Returns the address in full, without a last slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Returns the name or the address of the host, without the port.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns what may be shown of an address that a caller handed in: the address itself when it was accepted, else
    /// the rule it breaks, since a refused one may hold a password.
    pub fn shown(parsed: Result<Self, InvalidInput>) -> String {
        match parsed {
            Ok(url) => url.to_string(),
            Err(refused) => refused.to_string(),
        }
    }

    /// Returns the path and query of an address found in a reply, relative to this base, if it has the same scheme,
    /// host and port and lies below this base. Any other address is not followed: it could carry the key elsewhere.
    pub fn relative(&self, found: &str) -> Option<String> {
        let found = Url::parse(found).ok()?;
        let own =
            found.origin() == self.0.origin() && found.username().is_empty() && found.password().is_none();
        let below = found.path().strip_prefix(self.0.path().trim_end_matches('/'))?;
        if !own || !below.starts_with('/') {
            return None;
        }
        Some(match found.query() {
            Some(query) => format!("{below}?{query}"),
            None => below.to_owned(),
        })
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> BaseUrl {
        BaseUrl::parse("base_url", text).expect(text)
    }

    #[test]
    fn a_last_slash_makes_no_difference() {
        for text in ["https://api.example/v1", "https://api.example/v1/"] {
            assert_eq!(base(text).join("/orders/"), "https://api.example/v1/orders/");
        }
        assert_eq!(base("https://api.example").join("/a?b=c"), "https://api.example/a?b=c");
        assert_eq!(base("http://127.0.0.1:8080/").join("/a"), "http://127.0.0.1:8080/a");
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for text in ["http://localhost:1", "http://127.0.0.1", "http://127.9.9.9", "http://[::1]:80"] {
            base(text);
        }
        for text in [
            "http://api.example",
            "http://10.0.0.1",
            "http://192.168.0.1",
            "http://localhost.example",
            "http://0.0.0.0",
            "https://key@api.example",
            "https://user:password@api.example",
            "https://api.example/?a=b",
            "https://api.example/#x",
            "ftp://api.example",
            "file:///etc/hosts",
            "api.example",
            "",
        ] {
            let error = BaseUrl::parse("base_url", text).expect_err(text);
            assert_eq!(error.field(), "base_url");
            assert!(!error.to_string().contains("password@"));
        }
    }

    #[test]
    fn a_refused_address_is_not_shown() {
        let shown = |text| BaseUrl::shown(BaseUrl::parse("base_url", text));
        assert_eq!(shown("https://api.example/v1/"), "https://api.example/v1");
        assert!(!shown("https://user:hunter2@api.example").contains("hunter2"));
    }

    #[test]
    fn links_are_followed_at_home_only() {
        let home = base("https://gate.example/api/v1/");
        assert_eq!(home.relative("https://gate.example/api/v1/a/?page=2").as_deref(), Some("/a/?page=2"));
        assert_eq!(home.relative("https://gate.example:443/api/v1/a/").as_deref(), Some("/a/"));
        for elsewhere in [
            "http://gate.example/api/v1/a/",
            "https://gate.example:8443/api/v1/a/",
            "https://evil.example/api/v1/a/",
            "https://gate.example/api/v10/a/",
            "https://gate.example/other/",
            "https://gate.example/api/v1/../../admin",
            "https://u@gate.example/api/v1/a/",
            "//gate.example/api/v1/a/",
            "/api/v1/a/",
        ] {
            assert_eq!(home.relative(elsewhere), None, "{elsewhere}");
        }
    }
}
