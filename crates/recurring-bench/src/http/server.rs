//! A gateway of one answer, over TLS and kept alive: what it costs is not the client's.
#![allow(clippy::expect_used, reason = "a benchmark that goes wrong must stop")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Listens on a port of this machine, which it prints, until it is ended. `GET` answers how many connections were made.
pub(crate) fn serve(certificate: &str, key: &str) {
    let chain = CertificateDer::pem_file_iter(certificate).expect("a file");
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.expect("versions").with_no_client_auth().with_single_cert(chain, key);
    let config = Arc::new(config.expect("a certificate with its key"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address").port());
    let made = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let (stream, config, made) = (stream.expect("a connection"), Arc::clone(&config), Arc::clone(&made));
        made.fetch_add(1, Ordering::Relaxed);
        std::thread::spawn(move || {
            let _ = stream.set_nodelay(true);
            let connection = ServerConnection::new(config).expect("a connection");
            // The client ends it when it is done.
            let _ = answer_all(StreamOwned::new(connection, stream), &made);
        });
    }
}

fn answer_all(stream: StreamOwned<ServerConnection, TcpStream>, made: &AtomicUsize) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        let (mut length, mut is_get, mut is_first) = (0, false, true);
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if std::mem::take(&mut is_first) {
                is_get = text.starts_with("GET ");
            }
            if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        body.resize(length, 0);
        stream.read_exact(&mut body)?;
        let answer = if is_get {
            made.load(Ordering::Relaxed).to_string().into_bytes()
        } else {
            answer!("emspay/create-order/recurring").to_vec()
        };
        let head = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: ";
        let mut whole = format!("{head}{}\r\n\r\n", answer.len()).into_bytes();
        whole.extend_from_slice(&answer);
        stream.get_mut().write_all(&whole)?;
        stream.get_mut().flush()?;
    }
}
