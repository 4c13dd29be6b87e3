use std::fmt;
use std::time::Duration;

use crate::retry::RetryPolicy;
use crate::secret::Secret;

/// The TLS library of a client. The crates of the gateways have a feature for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Tls {
    /// rustls, with the platform's trusted roots: the feature `rustls`.
    #[default]
    Rustls,
    /// The platform's own library: the feature `native-tls`.
    NativeTls,
}

impl Tls {
    /// Returns the name of the feature that builds it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rustls => "rustls",
            Self::NativeTls => "native-tls",
        }
    }
}

/// How a client talks HTTP: time-outs, limits, proxy, TLS, trusted roots.
///
/// What keeps the money safe is not an option: redirects are never followed, nothing is sent again unasked,
/// and proxies from the environment are not used unless handed in here.
#[derive(Clone)]
pub struct HttpOptions {
    timeout: Duration,
    connect_timeout: Duration,
    pool_idle_timeout: Duration,
    max_response_bytes: usize,
    proxy: Option<Secret>,
    root_certificates: Vec<Vec<u8>>,
    tls: Tls,
    retry: RetryPolicy,
}

impl HttpOptions {
    /// Returns the defaults: 30 s in all, 10 s to connect, connections reused within 5 s, replies up to 1 MiB.
    pub fn new() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            pool_idle_timeout: Duration::from_secs(5),
            max_response_bytes: 1024 * 1024,
            proxy: None,
            root_certificates: Vec::new(),
            tls: Tls::default(),
            retry: RetryPolicy::new(),
        }
    }

    /// Sets the longest that one send may take, from connecting to the last byte of the reply.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the longest that connecting may take (name look-up, TCP and TLS). Must be shorter than the whole: only
    /// then does a time-out here prove that nothing was sent.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long a connection may lie idle and still be used again. The server may be closing an older one, and a
    /// charge sent into that moment has an unknown outcome. Zero opens a new connection each time.
    pub fn with_pool_idle_timeout(mut self, longest: Duration) -> Self {
        self.pool_idle_timeout = longest;
        self
    }

    /// Sets the largest reply that is read, in bytes; 1 MiB, unless it is set. A larger one makes the outcome unknown. A
    /// look that lists, such as at an order with every payment of its schedule, may bring 16 times as much.
    pub fn with_max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Sends everything through this HTTP proxy, but for a gateway on this machine, which only a proxy on this machine is
    /// asked for. The address may hold a user name and password.
    pub fn with_proxy(mut self, address: impl Into<Secret>) -> Self {
        self.proxy = Some(address.into());
        self
    }

    /// Trusts one more root certificate, PEM.
    pub fn with_root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Sets the TLS library. The default is [`Tls::Rustls`], whatever features are switched on: another crate of the
    /// program cannot change the choice. A client whose library is not built into the program is refused when it is
    /// set up, unless its address is plain `http`.
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Sets how often reads, and writes that never left, are repeated.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Returns the longest that one send may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns the longest that connecting may take.
    pub fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// Returns how long a connection may lie idle and still be used again.
    pub fn pool_idle_timeout(&self) -> Duration {
        self.pool_idle_timeout
    }

    /// Returns the largest reply that is read, in bytes.
    pub fn max_response_bytes(&self) -> usize {
        self.max_response_bytes
    }

    /// Returns the proxy.
    pub fn proxy(&self) -> Option<&Secret> {
        self.proxy.as_ref()
    }

    /// Returns the additional trusted roots, PEM.
    pub fn root_certificates(&self) -> &[Vec<u8>] {
        &self.root_certificates
    }

    /// Returns the TLS library.
    pub fn tls(&self) -> Tls {
        self.tls
    }

    /// Returns how often reads, and writes that never left, are repeated.
    pub fn retry(&self) -> &RetryPolicy {
        &self.retry
    }

    /// Returns an upper bound on how long one read may take, with its repeats and the waits between them. Each send may
    /// take the whole time-out.
    pub fn longest_read(&self) -> Duration {
        self.longest(self.timeout)
    }

    /// Returns an upper bound on how long one write may take, with its repeats and the waits between them. A write is
    /// repeated only when no connection was made, so each send but the last one ends with the time-out for connecting.
    pub fn longest_write(&self) -> Duration {
        self.longest(self.connect_timeout)
    }

    fn longest(&self, failed: Duration) -> Duration {
        let repeats = self.retry.max_attempts().saturating_sub(1);
        failed.saturating_add(self.retry.max_backoff()).saturating_mul(repeats).saturating_add(self.timeout)
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions")
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("proxy", &self.proxy)
            .field("root_certificates", &self.root_certificates.len())
            .field("tls", &self.tls)
            .field("retry", &self.retry)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_call_counts_repeats_and_waits() {
        let seconds = Duration::from_secs;
        let options = HttpOptions::new().with_timeout(seconds(60)).with_connect_timeout(seconds(10));
        let with = |max_attempts| {
            options
                .clone()
                .with_retry(RetryPolicy::new().with_max_attempts(max_attempts).with_max_backoff(seconds(5)))
        };
        assert_eq!(with(3).longest_write(), seconds(2 * (10 + 5) + 60));
        assert_eq!(with(3).longest_read(), seconds(3 * 60 + 2 * 5));
        assert_eq!((with(1).longest_read(), with(1).longest_write()), (seconds(60), seconds(60)));
    }

    #[test]
    fn longest_call_of_endless_options_saturates() {
        let retry = RetryPolicy::new().with_max_attempts(u32::MAX).with_max_backoff(Duration::MAX);
        let options = HttpOptions::new().with_timeout(Duration::MAX).with_retry(retry);
        assert_eq!((options.longest_read(), options.longest_write()), (Duration::MAX, Duration::MAX));
    }

    #[test]
    fn tls_default_is_rustls() {
        assert_eq!(HttpOptions::new().tls(), Tls::Rustls);
        assert_eq!(HttpOptions::new().with_tls(Tls::NativeTls).tls(), Tls::NativeTls);
    }
}
