//! A server that allocates nothing while it answers.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Shared = Arc<Mutex<Arc<Vec<u8>>>>;

/// Gives the same answer to everything but the request for an access token. It ends with the program.
pub(crate) struct Server {
    url: String,
    answer: Shared,
}

impl Server {
    pub(crate) fn start(token: Option<(&'static str, Vec<u8>)>) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let answer = Shared::default();
        let shared = Arc::clone(&answer);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            for stream in listener.incoming().flatten() {
                // An error here is the client going away, which is its right.
                let _ = serve(stream, &mut buffer, token.as_ref(), &shared);
            }
        });
        Server { url, answer }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn answer(&self, bytes: Vec<u8>) {
        *self.answer.lock().expect("not poisoned") = Arc::new(bytes);
    }
}

fn serve(
    mut stream: TcpStream,
    buffer: &mut [u8],
    token: Option<&(&'static str, Vec<u8>)>,
    answer: &Shared,
) -> std::io::Result<()> {
    let mut seen = 0;
    loop {
        seen += stream.read(buffer.get_mut(seen..).unwrap_or_default())?;
        let request = buffer.get(..seen).unwrap_or_default();
        if is_whole(request) {
            let asks_for_token = token.filter(|(path, _)| {
                request.windows(path.len()).take(64).any(|window| window == path.as_bytes())
            });
            let current = Arc::clone(&answer.lock().expect("not poisoned"));
            stream.write_all(asks_for_token.map_or(&current, |(_, granted)| granted))?;
            return stream.shutdown(std::net::Shutdown::Write);
        }
    }
}

/// Whether the request has come with all of its body.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = request.get(..end).unwrap_or_default();
    let lines = head.split(|byte| *byte == b'\n');
    let length = lines
        .filter_map(|line| str::from_utf8(line).ok()?.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    request.len() >= end + 4 + length
}
