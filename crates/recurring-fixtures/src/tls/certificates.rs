//! Certificates for one run, and what is wrong with each.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificate that a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// One for 127.0.0.1, of the [`root`].
    Good,
    /// One for 127.0.0.1, of another root.
    UnknownRoot,
    /// One for 127.0.0.1 whose time is over.
    Expired,
    /// One for 127.0.0.1 whose time has not begun.
    NotYetValid,
    /// One for another address and name.
    OtherName,
    /// One for a client, not for a server.
    OtherUse,
}

impl Certificate {
    const ALL: [Certificate; 6] = [
        Certificate::Good,
        Certificate::UnknownRoot,
        Certificate::Expired,
        Certificate::NotYetValid,
        Certificate::OtherName,
        Certificate::OtherUse,
    ];

    fn order(self) -> Order {
        let good = Order {
            root: "root",
            from: "20200101000000Z",
            until: "20991231000000Z",
            extensions: "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n",
        };
        match self {
            Certificate::Good => good,
            Certificate::UnknownRoot => Order { root: "stranger", ..good },
            Certificate::Expired => Order { until: "20200201000000Z", ..good },
            Certificate::NotYetValid => Order { from: "20980101000000Z", ..good },
            Certificate::OtherName => Order {
                extensions: "subjectAltName=IP:127.0.0.2,DNS:other.example\nextendedKeyUsage=serverAuth\n",
                ..good
            },
            Certificate::OtherUse => {
                Order { extensions: "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=clientAuth\n", ..good }
            }
        }
    }

    /// The settings of a server that shows it. Sessions are not resumed: a client that resumes one does not look at
    /// the certificate.
    pub(super) fn config(self) -> Arc<ServerConfig> {
        let all = &made().configs;
        let found = all.iter().find(|(certificate, _)| *certificate == self);
        Arc::clone(&found.expect("one for each certificate").1)
    }
}

/// The root that a client must trust, as PEM.
///
/// # Panics
/// When the `openssl` program is not installed, or fails.
#[must_use]
pub fn root() -> Vec<u8> {
    made().root.clone()
}

/// What the `openssl` program is asked for.
struct Order {
    root: &'static str,
    from: &'static str,
    until: &'static str,
    extensions: &'static str,
}

struct Made {
    root: Vec<u8>,
    configs: Vec<(Certificate, Arc<ServerConfig>)>,
}

/// They are made once for each process.
fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(make)
}

const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

const AUTHORITY: &str = "[ca]\ndefault_ca=one\n[one]\ndatabase=index\nrand_serial=yes\ndefault_md=sha256\n\
    policy=any\nunique_subject=no\nnew_certs_dir=.\n[any]\ncommonName=supplied\n";

fn make() -> Made {
    let folder = std::env::temp_dir().join(format!("recurring-fixtures-tls-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder");
    for root in ["root", "stranger"] {
        let (key, pem) = (format!("{root}.key"), format!("{root}.pem"));
        let rest = ["-keyout", &key, "-out", &pem, "-days", "2", "-subj", "/CN=A root for one test"];
        openssl(&folder, &[&["req", "-x509"], KEY.as_slice(), &rest].concat());
    }
    let request = ["-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1"];
    openssl(&folder, &[&["req"], KEY.as_slice(), &request].concat());
    std::fs::write(folder.join("authority"), AUTHORITY).expect("written");
    std::fs::write(folder.join("index"), "").expect("written");
    let configs = Certificate::ALL.map(|certificate| (certificate, config(&folder, &certificate.order())));
    let root = std::fs::read(folder.join("root.pem")).expect("the root");
    std::fs::remove_dir_all(&folder).expect("removed");
    Made { root, configs: configs.to_vec() }
}

fn config(folder: &Path, order: &Order) -> Arc<ServerConfig> {
    std::fs::write(folder.join("extensions"), order.extensions).expect("written");
    let (key, pem) = (format!("{}.key", order.root), format!("{}.pem", order.root));
    let files = ["-in", "server.csr", "-out", "server.pem", "-cert", &pem, "-keyfile", &key];
    let rest = ["-extfile", "extensions", "-startdate", order.from, "-enddate", order.until];
    openssl(
        folder,
        &[&["ca", "-batch", "-notext", "-config", "authority"], files.as_slice(), &rest].concat(),
    );
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).expect("a key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate and its key");
    config.send_tls13_tickets = 0;
    Arc::new(config)
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{} ({error})", crate::openssl::MISSING));
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
