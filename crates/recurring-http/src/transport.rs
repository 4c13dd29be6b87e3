use std::error::Error as StdError;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Instant;

use recurring_core::retry::{self, Decision, Failure};
use recurring_core::{BaseUrl, Error, ErrorKind, HttpOptions, InvalidInput, Method, Prepared, Reply};
use reqwest::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use tracing::debug;

/// Sends prepared requests and receives whole replies. Cloning is cheap and shares the connections.
#[derive(Clone)]
pub struct Transport {
    client: reqwest::Client,
    options: HttpOptions,
}

impl Transport {
    /// Sets up the HTTP client.
    ///
    /// # Errors
    /// When the options contradict each other, a root certificate is not PEM, or the proxy's address is unusable.
    pub fn new(options: HttpOptions) -> Result<Self, InvalidInput> {
        options.check()?;
        // Whatever could send a request twice, somewhere else, or changed is switched off by name: another crate
        // of the same program may have switched the feature on.
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("recurring-payments/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_hickory_dns()
            .no_proxy()
            .timeout(options.get_timeout())
            .connect_timeout(options.get_connect_timeout())
            .pool_idle_timeout(options.get_idle_reuse());
        if options.get_idle_reuse().is_zero() {
            builder = builder.pool_max_idle_per_host(0);
        }
        if let Some(proxy) = options.get_proxy() {
            let proxy = reqwest::Proxy::all(proxy.expose())
                .map_err(|_| InvalidInput::new("proxy", "must be the address of an HTTP proxy"))?;
            builder = builder.proxy(proxy);
        }
        builder = with_tls(builder, options.get_root_certificates())?;
        let client = builder.build().map_err(|error| {
            InvalidInput::new("http options", format!("cannot be used: {}", innermost(&error.without_url())))
        })?;
        Ok(Self { client, options })
    }

    /// Sends a request to a path below `base` and receives the whole reply, whatever its status.
    ///
    /// A write goes out once, and again only when it provably never left. A read is repeated within the bounds
    /// of the options.
    ///
    /// # Errors
    /// `NotApplied(NeverSent)` when no connection could be made; `Unknown` for every other failure.
    pub async fn send<A>(&self, base: &BaseUrl, request: &Prepared) -> Result<Reply, Error<A>> {
        if cfg!(not(any(feature = "rustls", feature = "native-tls"))) && base.as_str().starts_with("https:") {
            let rule = "needs TLS: switch on the feature `rustls` or `native-tls`";
            return Err(Error::config(InvalidInput::new("base_url", rule)));
        }
        let mut sends = 0;
        loop {
            sends += 1;
            let started = Instant::now();
            let result = self.send_once(base, request).await;
            let failure = match &result {
                Ok(reply) => Failure::Answered { status: reply.status(), retry_after: reply.retry_after() },
                Err(Broken { never_sent: true, .. }) => Failure::NeverSent,
                Err(Broken { never_sent: false, .. }) => Failure::Broken,
            };
            debug!(
                operation = request.operation(),
                sends,
                status = result.as_ref().ok().map(Reply::status),
                failed = result.as_ref().err().map(|broken| broken.what.as_str()),
                elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                "sent a request to the gateway"
            );
            match retry::decide(self.options.get_retry(), request.class(), sends, failure, spread()) {
                Decision::SendAgain(wait) => tokio::time::sleep(wait).await,
                Decision::Stop | Decision::RenewToken => {
                    return result.map_err(|broken| {
                        let what = format!("{}: {}", request.operation(), broken.what);
                        if broken.never_sent {
                            Error::never_sent(ErrorKind::Transport, what)
                        } else {
                            Error::unknown(broken.kind, what)
                        }
                    });
                }
            }
        }
    }

    async fn send_once(&self, base: &BaseUrl, request: &Prepared) -> Result<Reply, Broken> {
        let mut builder = self.client.request(method(request.method()), base.join(request.path()));
        for (name, value) in request.headers() {
            builder = builder.header(*name, value);
        }
        for (name, value) in request.secret_headers() {
            let mut value = HeaderValue::from_str(value.expose())
                .map_err(|_| Broken::unsendable(format!("the value of the header {name} cannot be sent")))?;
            value.set_sensitive(true);
            builder = builder.header(HeaderName::from_static(name), value);
        }
        match (request.body_bytes(), request.method()) {
            (Some(body), _) => builder = builder.body(body.to_vec()),
            // Some servers answer 411 to a POST that does not say how long it is (RFC 9110, 8.6).
            (None, Method::Post | Method::Put | Method::Patch) => {
                builder = builder.header(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            (None, Method::Get | Method::Delete) => {}
        }
        // What cannot be built has not been sent.
        let built = builder.build().map_err(|error| Broken::unsendable(innermost(&error.without_url())))?;
        let mut response = self.client.execute(built).await.map_err(|error| self.broken(error))?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(error))? {
            if body.len().saturating_add(chunk.len()) > self.options.get_reply_limit() {
                let what = format!("the reply is larger than {} bytes", self.options.get_reply_limit());
                return Err(Broken { never_sent: false, kind: ErrorKind::Protocol, what });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply::new(status, headers, body).hiding(request.secrets()))
    }

    fn broken(&self, error: reqwest::Error) -> Broken {
        // `is_connect` is the only predicate that proves that nothing was sent, and only since connecting has a
        // shorter time-out than the whole. `is_request` proves nothing.
        let never_sent = error.is_connect();
        let what = match (never_sent, error.is_timeout()) {
            (true, true) => format!("no connection within {:?}", self.options.get_connect_timeout()),
            (true, false) => format!("no connection: {}", innermost(&error.without_url())),
            (false, true) => format!("no complete answer within {:?}", self.options.get_timeout()),
            (false, false) => format!("the connection broke: {}", innermost(&error.without_url())),
        };
        Broken { never_sent, kind: ErrorKind::Transport, what }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("options", &self.options).finish_non_exhaustive()
    }
}

struct Broken {
    never_sent: bool,
    kind: ErrorKind,
    what: String,
}

impl Broken {
    fn unsendable(what: String) -> Self {
        Self { never_sent: true, kind: ErrorKind::InvalidRequest, what }
    }
}

/// The cause at the bottom: "connection refused" says more than "error sending request".
fn innermost(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

/// 0 to 1000, at random: how far this client's wait lies between half and the whole.
fn spread() -> u32 {
    u32::try_from(RandomState::new().build_hasher().finish() % 1_001).unwrap_or(0)
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn with_tls(
    mut builder: reqwest::ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder, InvalidInput> {
    // With both features on, the choice must not depend on which other crates are in the program.
    #[cfg(feature = "rustls")]
    {
        builder = builder.tls_backend_rustls();
    }
    #[cfg(not(feature = "rustls"))]
    {
        builder = builder.tls_backend_native();
    }
    let unusable = || InvalidInput::new("root_certificate", "must be a certificate in PEM");
    for pem in roots {
        let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| unusable())?;
        if certificates.is_empty() {
            return Err(unusable());
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn with_tls(
    builder: reqwest::ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder, InvalidInput> {
    if roots.is_empty() {
        Ok(builder)
    } else {
        Err(InvalidInput::new(
            "root_certificate",
            "needs TLS: switch on the feature `rustls` or `native-tls`",
        ))
    }
}
