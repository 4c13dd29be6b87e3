use std::error::Error as StdError;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use recurring_core::{Error, ErrorKind, Headers, HttpOptions, InvalidInput, NotAfter, Reply, Secret, Tls};
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use tracing::{Instrument as _, debug};
use url::Url;

use crate::base_url::{BaseUrl, is_loopback};
use crate::error::ErrorExt as _;
use crate::guard;
use crate::limit::{self, CheckLimit, Handover, LimitPassed, LimitedBody};
use crate::observe;
use crate::options::check_options;
use crate::request::{Method, PreparedRequest};
use crate::retry::{self, Decision, Failure};

/// A large body that grew as it came may take twice its size; more than this is given back before it is read.
const SPARE: usize = 64 * 1024;

/// Sends prepared requests and receives whole replies. Cloning is cheap and shares the connections.
#[derive(Clone)]
pub struct Transport {
    client: reqwest::Client,
    /// Keeps no connection; set up when the first request asks for it.
    closing: Arc<OnceLock<reqwest::Client>>,
    options: HttpOptions,
    not_after: Option<NotAfter>,
}

impl Transport {
    /// Sets up the HTTP client.
    ///
    /// # Errors
    /// When the options contradict each other, a root certificate is not PEM or no TLS is built in for it, or the proxy's
    /// address is unusable.
    pub fn new(options: HttpOptions) -> Result<Self, InvalidInput> {
        check_options(&options)?;
        let client = client(&options, options.pool_idle_timeout())?;
        Ok(Self { client, closing: Arc::default(), options, not_after: None })
    }

    /// Returns a transport that sends nothing after `limit`, neither a write nor a read. It shares the connections.
    ///
    /// The limit is checked before each send and each repeat, before each connect, when a connection has been made,
    /// and when the body is handed over. A request that is under way when the limit passes ends with a time-out.
    #[must_use]
    pub fn with_not_after(&self, limit: NotAfter) -> Self {
        Self { not_after: Some(limit), ..self.clone() }
    }

    /// Returns the limit after which nothing is sent, if there is one.
    pub fn not_after(&self) -> Option<&NotAfter> {
        self.not_after.as_ref()
    }

    /// Returns the options that the transport was set up with.
    pub fn options(&self) -> &HttpOptions {
        &self.options
    }

    /// Checks that the transport can send to an address. A client checks its own when it is set up.
    ///
    /// # Errors
    /// When the address needs TLS and the library that the options name is not built in.
    pub fn check(&self, base: &BaseUrl) -> Result<(), InvalidInput> {
        if base.as_str().starts_with("https:") && !is_built(self.options.tls()) {
            return Err(not_built(self.options.tls()));
        }
        Ok(())
    }

    /// Sends a request to a path below `base` and receives the whole reply, whatever its status.
    ///
    /// A write goes out once, and again only when it provably never left. A read is repeated within the bounds
    /// of the options. Nothing is sent after the transport's limit: see [`with_not_after`](Self::with_not_after).
    ///
    /// # Errors
    /// `NotApplied(Local)` when the request cannot be sent as it was prepared; `NotApplied(NeverSent)` when no
    /// connection could be made, or when the limit had passed before anything was sent; `Unknown` for every other
    /// failure.
    pub async fn send<A>(&self, base: &BaseUrl, request: &PreparedRequest) -> Result<Reply, Error<A>> {
        self.check(base).map_err(Error::config)?;
        let mut sends = 0;
        let mut earlier = Err(Broken::limit_passed());
        loop {
            let built = self.build(base, request)?;
            if self.not_after.as_ref().is_some_and(NotAfter::has_passed) {
                // A read that was sent before keeps its result; what never left, did not leave in time.
                if !never_left(&earlier) {
                    return finish(request, earlier);
                }
                return finish(request, Err(Broken::limit_passed()));
            }
            sends += 1;
            let span = observe::span(base, request, sends);
            let started = Instant::now();
            let result = self.send_once(built, request).instrument(span.clone()).await;
            let elapsed = started.elapsed();
            let failure = match &result {
                Ok(reply) => Failure::Answered { status: reply.status(), retry_after: reply.retry_after() },
                Err(_) if never_left(&result) => Failure::NeverSent,
                Err(_) => Failure::ConnectionLost,
            };
            observe::sent(&span, base, request, failure, elapsed);
            span.in_scope(|| {
                debug!(
                    operation = request.operation(),
                    sends,
                    status = result.as_ref().ok().map(Reply::status),
                    failed = result.as_ref().err().map(|broken| broken.what.as_str()),
                    elapsed = elapsed.as_secs_f64(),
                    "sent a request to the gateway"
                );
            });
            match retry::decide(self.options.retry(), request.class(), sends, failure, jitter()) {
                Decision::SendAgain(wait) if self.remaining().is_none_or(|remaining| wait < remaining) => {
                    tokio::time::sleep(wait).await;
                    earlier = result;
                }
                Decision::SendAgain(_) | Decision::Stop | Decision::RenewToken => {
                    return finish(request, result);
                }
            }
        }
    }

    fn remaining(&self) -> Option<Duration> {
        self.not_after.as_ref().map(NotAfter::remaining)
    }

    /// The HTTP client that keeps no connection.
    fn closing(&self) -> Result<&reqwest::Client, InvalidInput> {
        if let Some(client) = self.closing.get() {
            return Ok(client);
        }
        let built = client(&self.options, Duration::ZERO)?;
        Ok(self.closing.get_or_init(|| built))
    }

    /// Builds the request for one send. What cannot be built is not sent.
    fn build(&self, base: &BaseUrl, request: &PreparedRequest) -> Result<Built<'_>, InvalidInput> {
        request.check()?;
        let client = if request.has_own_connection() { self.closing()? } else { &self.client };
        let mut builder = client.request(method(request.method()), base.join(request.path()));
        for (name, value) in request.headers() {
            builder = builder.header(*name, &**value);
        }
        for (name, value) in request.secret_headers() {
            let mut value = HeaderValue::from_str(value.expose())
                .map_err(|_| InvalidInput::new(*name, "cannot be sent as the value of a header"))?;
            value.set_sensitive(true);
            builder = builder.header(*name, value);
        }
        let mut handover = None;
        let body = request.body_bytes().filter(|body| !body.is_empty());
        match (body, &self.not_after, request.method()) {
            (Some(body), Some(limit), _) => {
                let (body, taken) = LimitedBody::new(body.to_vec(), limit.clone());
                builder = builder.body(reqwest::Body::wrap(body));
                handover = Some(taken);
            }
            (Some(body), None, _) => builder = builder.body(body.to_vec()),
            // Some servers answer 411 to a POST that does not say how long it is (RFC 9110, 8.6).
            (None, _, Method::Post | Method::Put | Method::Patch) => {
                builder = builder.header(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            (None, _, Method::Get | Method::Delete) => {}
        }
        let timeout = self.remaining().unwrap_or(Duration::MAX).min(self.options.timeout());
        let request = builder.timeout(timeout).build().map_err(|error| {
            InvalidInput::new("request", format!("cannot be sent: {}", innermost(&error.without_url())))
        })?;
        Ok(Built { client, request, handover, timeout })
    }

    async fn send_once(&self, built: Built<'_>, request: &PreparedRequest) -> Result<Reply, Broken> {
        let Built { client, request: built, handover, timeout } = built;
        let sending = limit::scoped(self.not_after.as_ref(), client.execute(built));
        let mut response = sending.await.map_err(|error| self.not_received(error, handover, timeout))?;
        let status = response.status().as_u16();
        let headers = received_headers(response.headers());
        let largest = request.largest_answer(self.options.max_response_bytes());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(error, timeout))? {
            if body.len().saturating_add(chunk.len()) > largest {
                let what = format!("the reply is larger than {largest} bytes");
                return Err(Broken { never_sent: false, kind: ErrorKind::Protocol, what });
            }
            body.extend_from_slice(&chunk);
        }
        if body.capacity().saturating_sub(body.len()) > SPARE {
            body.shrink_to_fit();
        }
        let body = guard::clear(body, request.guarded());
        Ok(Reply::new(status, headers, body).hiding(request.secrets()))
    }

    /// A send that brought no reply.
    fn not_received(&self, error: reqwest::Error, handover: Option<Handover>, timeout: Duration) -> Broken {
        let broken = self.broken(error, timeout);
        // Without its body no request is whole. Here the body was not handed over, and from now on it cannot be.
        let never_sent = broken.never_sent || handover.is_some_and(|handover| handover.take());
        if never_sent && self.not_after.as_ref().is_some_and(NotAfter::has_passed) {
            return Broken::limit_passed();
        }
        Broken { never_sent, ..broken }
    }

    fn broken(&self, error: reqwest::Error, timeout: Duration) -> Broken {
        // `is_connect` is the only predicate that proves that nothing was sent, and only since connecting has a
        // shorter time-out than the whole. `is_request` proves nothing.
        let never_sent = error.is_connect();
        let what = match (never_sent, error.is_timeout()) {
            (true, true) => format!("no connection within {:?}", self.options.connect_timeout()),
            (true, false) => format!("no connection: {}", innermost(&error.without_url())),
            (false, true) => format!("no complete answer within {timeout:?}"),
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

/// Sets up the HTTP client.
fn client(options: &HttpOptions, pool_idle_timeout: Duration) -> Result<reqwest::Client, InvalidInput> {
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
        .timeout(options.timeout())
        .connect_timeout(options.connect_timeout())
        .connector_layer(CheckLimit)
        .pool_idle_timeout(pool_idle_timeout);
    if pool_idle_timeout.is_zero() {
        builder = builder.pool_max_idle_per_host(0);
    }
    if let Some(proxy) = options.proxy() {
        builder = builder.proxy(through(proxy)?);
    }
    if !is_built(options.tls()) && !options.root_certificates().is_empty() {
        return Err(not_built(options.tls()));
    }
    builder = with_roots(with_backend(builder, options.tls()), options.root_certificates())?;
    builder.build().map_err(|error| {
        InvalidInput::new("http options", format!("cannot be used: {}", innermost(&error.without_url())))
    })
}

struct Broken {
    never_sent: bool,
    kind: ErrorKind,
    what: String,
}

impl Broken {
    /// Nothing was sent before the limit passed.
    fn limit_passed() -> Self {
        Self { never_sent: true, kind: ErrorKind::Unavailable, what: LimitPassed.to_string() }
    }
}

/// A request for one send, with the means to know whether its body was handed over.
struct Built<'a> {
    client: &'a reqwest::Client,
    request: reqwest::Request,
    handover: Option<Handover>,
    timeout: Duration,
}

fn never_left(result: &Result<Reply, Broken>) -> bool {
    matches!(result, Err(Broken { never_sent: true, .. }))
}

/// The result of a call, in the words of its operation.
fn finish<A>(request: &PreparedRequest, result: Result<Reply, Broken>) -> Result<Reply, Error<A>> {
    result.map_err(|broken| {
        let what = format!("{}: {}", request.operation(), broken.what);
        if broken.never_sent {
            Error::never_sent(broken.kind, what)
        } else {
            Error::unknown(broken.kind, what)
        }
    })
}

/// The headers as text. What is not UTF-8 is replaced.
fn received_headers(received: &HeaderMap) -> Headers {
    let bytes = received.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len())).sum();
    let mut headers = Headers::with_capacity(received.len(), bytes);
    for (name, value) in received {
        headers.add(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
    }
    headers
}

/// The cause at the bottom: "connection refused" says more than "error sending request".
fn innermost(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

/// The way through a proxy. A gateway on this machine is called in plain text: that never leaves the machine, so a proxy
/// elsewhere is not asked for it.
fn through(address: &Secret) -> Result<reqwest::Proxy, InvalidInput> {
    let unusable =
        || InvalidInput::new("proxy", "must be the address of an HTTP proxy: http://USER:PASSWORD@HOST:PORT");
    let address = match address.expose().contains("://") {
        true => address.clone(),
        false => Secret::new(format!("http://{}", address.expose())),
    };
    let url = Url::parse(address.expose()).map_err(|_| unusable())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(unusable());
    }
    let proxy = reqwest::Proxy::all(address.expose()).map_err(|_| unusable())?;
    let this_machine = reqwest::NoProxy::from_string("localhost,127.0.0.0/8,::1");
    Ok(if is_loopback(&url) { proxy } else { proxy.no_proxy(this_machine) })
}

/// 0 to 1000, at random: how far this client's wait lies between half and the whole.
fn jitter() -> u32 {
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

fn is_built(tls: Tls) -> bool {
    let rustls = cfg!(feature = "rustls") && tls == Tls::Rustls;
    rustls || (cfg!(feature = "native-tls") && tls == Tls::NativeTls)
}

fn not_built(tls: Tls) -> InvalidInput {
    let name = tls.as_str();
    InvalidInput::new(
        "tls",
        format!(
            "cannot be {name}: it is not built in; switch on the feature `{name}`, or choose another one"
        ),
    )
}

/// Chooses the library by name: with both features on, the choice must not depend on which other crates are in the
/// program.
fn with_backend(builder: reqwest::ClientBuilder, tls: Tls) -> reqwest::ClientBuilder {
    match tls {
        #[cfg(feature = "rustls")]
        Tls::Rustls => builder.tls_backend_rustls(),
        #[cfg(feature = "native-tls")]
        Tls::NativeTls => builder.tls_backend_native(),
        _ => builder,
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn with_roots(
    mut builder: reqwest::ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder, InvalidInput> {
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
fn with_roots(
    builder: reqwest::ClientBuilder,
    _: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder, InvalidInput> {
    Ok(builder)
}
