//! What a shop has around its payment client: a browser's part on the payment page, and a receiver of webhooks. Plain HTTP to
//! this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const PATIENCE: Duration = Duration::from_secs(20);

/// A request or an answer: a head and a body.
pub(crate) struct Message {
    head: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.iter().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    fn read(stream: &TcpStream) -> Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            head.push(line.trim_end().to_owned());
        }
        let mut message = Self { head, body: Vec::new() };
        let length = message.header("content-length").unwrap_or("0").parse()?;
        message.body.resize(length, 0);
        reader.read_exact(&mut message.body)?;
        Ok(message)
    }
}

/// Takes webhooks on a free port.
pub(crate) struct Receiver {
    url: String,
    received: mpsc::Receiver<Message>,
}

impl Receiver {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/webhook", listener.local_addr()?);
        let (sender, received) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Ok(webhook) = Message::read(&stream) else { continue };
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                // Handed on once the sandbox has its answer; it notices by itself when there is none.
                if (&stream).write_all(answer).is_ok() && sender.send(webhook).is_err() {
                    return;
                }
            }
        });
        Ok(Self { url, received })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn take(&self) -> Result<Message> {
        self.received.recv_timeout(PATIENCE).map_err(|_| "no webhook came".into())
    }
}

/// Opens a payment page and sends its form as a browser does; returns where the customer is sent to.
pub(crate) fn pay(url: &str) -> Result<String> {
    let (_, page) = exchange("GET", url, &[], "")?;
    let page = String::from_utf8(page.body)?;
    for name in ["card_number", "expiry", "cvc", "cardholder", "action"] {
        if !page.contains(&format!("name=\"{name}\"")) {
            return Err(format!("the page has no field {name}").into());
        }
    }
    let form = "card_number=4111111111111111&expiry=12%2F40&cvc=123&cardholder=Ann+Example&action=pay";
    let headers = ["Content-Type: application/x-www-form-urlencoded".to_owned()];
    let (status, answer) = exchange("POST", url, &headers, form)?;
    match answer.header("location") {
        Some(to) if status == 303 => Ok(to.to_owned()),
        _ => Err(format!("no redirect after the payment, but {status}").into()),
    }
}

/// Sends JSON; a status other than 2xx is an error.
pub(crate) fn post(url: &str, key: Option<&str>, body: &str) -> Result<()> {
    let mut headers = vec!["Content-Type: application/json".to_owned()];
    headers.extend(key.map(|key| format!("Authorization: Bearer {key}")));
    let (status, answer) = exchange("POST", url, &headers, body)?;
    if (200..300).contains(&status) {
        return Ok(());
    }
    Err(format!("{url}: {status} {}", String::from_utf8_lossy(&answer.body)).into())
}

fn exchange(method: &str, url: &str, headers: &[String], body: &str) -> Result<(u16, Message)> {
    let rest = url.strip_prefix("http://").ok_or("not a plain address")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut lines = vec![format!("{method} /{path} HTTP/1.1"), format!("Host: {host}")];
    lines.extend_from_slice(headers);
    lines.extend([format!("Content-Length: {}", body.len()), "Connection: close".to_owned()]);
    let mut stream = TcpStream::connect(host)?;
    stream.write_all(format!("{}\r\n\r\n{body}", lines.join("\r\n")).as_bytes())?;
    let answer = Message::read(&stream)?;
    let status =
        answer.head.first().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    Ok((status.ok_or("no status")?, answer))
}
