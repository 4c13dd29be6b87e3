//! The endpoint that Prometheus reads.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use recurring_journal::{Journal, describe_metrics};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::error::CliError;

/// Connections at a time: one for each Prometheus, and some for an operator.
const CONNECTIONS: usize = 32;

/// How long a client may take to send its request.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often what was counted is folded together when it is not read.
const UPKEEP: Duration = Duration::from_secs(5);

/// Upper bounds of the histograms in seconds: those that OpenTelemetry recommends for HTTP, and longer ones.
const BUCKETS: [f64; 17] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Where metrics can be read.
pub(crate) struct Endpoint {
    listener: TcpListener,
    address: SocketAddr,
    handle: PrometheusHandle,
}

impl Endpoint {
    /// Listens, and begins to count.
    pub(crate) async fn open(listen: SocketAddr) -> Result<Self, CliError> {
        let unusable = |error: std::io::Error| {
            CliError::configuration(format!(
                "cannot serve metrics at {listen}: {error}; give another address"
            ))
        };
        let listener = TcpListener::bind(listen).await.map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?;
        let handle = builder().and_then(PrometheusBuilder::install_recorder);
        let handle = handle.map_err(|error| CliError::io(format!("cannot count: {error}")))?;
        describe_metrics();
        Ok(Self { listener, address, handle })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }

    /// Answers until it is dropped. What is unsettled is read from the journal for each answer.
    pub(crate) async fn serve(self, journal: Journal) {
        let mut upkeep = tokio::time::interval(UPKEEP);
        let free = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    let (Ok((stream, _)), Ok(permit)) = (accepted, Arc::clone(&free).try_acquire_owned()) else {
                        // Without a pause, a system that is out of descriptors would be asked again at once.
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        continue;
                    };
                    let (handle, journal, ip) = (self.handle.clone(), journal.clone(), self.address.ip());
                    tokio::spawn(async move {
                        connection(stream, ip, handle, journal).await;
                        drop(permit);
                    });
                }
                _ = upkeep.tick() => self.handle.run_upkeep(),
            }
        }
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .with_recommended_naming(true)
        .set_buckets_for_metric(Matcher::Suffix("duration".to_owned()), &BUCKETS)
}

async fn connection(stream: TcpStream, ip: IpAddr, handle: PrometheusHandle, journal: Journal) {
    let service = service_fn(|request: Request<Incoming>| {
        let (handle, journal) = (handle.clone(), journal.clone());
        async move { Ok::<_, Infallible>(answer(&request, ip, &handle, &journal).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    // A client may break off.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer<B>(
    request: &Request<B>,
    ip: IpAddr,
    handle: &PrometheusHandle,
    journal: &Journal,
) -> Response<Full<Bytes>> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if ip.is_loopback() && !host.is_some_and(names_this_machine) {
        return text(StatusCode::FORBIDDEN, "only this machine may read it\n".to_owned());
    }
    if request.uri().path() != "/metrics" {
        return text(StatusCode::NOT_FOUND, "metrics are at /metrics\n".to_owned());
    }
    if request.method() != Method::GET {
        return text(StatusCode::METHOD_NOT_ALLOWED, "metrics are read by GET\n".to_owned());
    }
    match journal.update_gauges().await {
        Ok(()) => text(StatusCode::OK, handle.render()),
        // Gauges that are out of date would show that nothing is unsettled.
        Err(error) => {
            tracing::warn!(%error, "cannot read what is unsettled");
            text(StatusCode::SERVICE_UNAVAILABLE, "the journal cannot be read\n".to_owned())
        }
    }
}

/// A page that a browser shows could reach this machine under another name.
fn names_this_machine(host: &str) -> bool {
    let is_ip = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || is_ip(name) || is_ip(host)
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, kind, and name for Prometheus, of the table in the documentation.
    fn documented() -> Vec<(String, String, String)> {
        let page = include_str!("../../../docs/operations/metrics.md");
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| {
            let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            (cells[1].to_owned(), cells[2].to_owned(), cells[4].to_owned())
        })
        .collect()
    }

    #[test]
    fn documented_names_are_those_for_prometheus() {
        let recorder = builder().expect("buckets").build_recorder();
        let documented = documented();
        assert!(documented.len() > 15);
        metrics::with_local_recorder(&recorder, || {
            describe_metrics();
            for (name, kind, _) in documented.clone() {
                match kind.split(' ').next() {
                    Some("counter") => metrics::counter!(name).increment(1),
                    Some("gauge") => metrics::gauge!(name).set(1.0),
                    _ => metrics::histogram!(name).record(0.3),
                }
            }
        });
        let text = recorder.handle().render();
        for (name, kind, shown) in documented {
            let kind = kind.split(' ').next().expect("a kind");
            assert!(text.contains(&format!("# TYPE {shown} {kind}\n")), "{name}: {text}");
            assert!(text.contains(&format!("# HELP {shown} ")), "{name}: {text}");
        }
    }

    #[test]
    fn host_of_this_machine_is_accepted() {
        for host in ["localhost", "localhost:9464", "127.0.0.1:9464", "[::1]:9464", "::1", "10.0.0.1"] {
            assert!(names_this_machine(host), "{host}");
        }
        for host in ["attacker.example", "attacker.example:9464", "localhost.example", ""] {
            assert!(!names_this_machine(host), "{host}");
        }
    }
}
