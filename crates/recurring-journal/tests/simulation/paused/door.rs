//! A port in front of the sandbox that lets some calls through and then refuses connections, until it is opened again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A connection to a port that is bound and not listened on is refused. The port stays bound, so that no other program
/// gets it.
pub(crate) struct Door {
    address: SocketAddr,
    sandbox: SocketAddr,
    closed: Option<TcpSocket>,
}

impl Door {
    /// Lets `calls` connections through, then refuses every other one.
    pub(crate) fn after(calls: usize, sandbox: &str) -> io::Result<Self> {
        let sandbox = sandbox.trim_start_matches("http://").parse().map_err(io::Error::other)?;
        let closed = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = closed.local_addr()?;
        if calls > 0 {
            let listener = bound(address)?.listen(16)?;
            tokio::spawn(async move {
                for _ in 0..calls {
                    let Ok((client, _)) = listener.accept().await else { return };
                    tokio::spawn(relay(client, sandbox));
                }
            });
        }
        Ok(Self { address, sandbox, closed: Some(closed) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets everything through.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        let Some(closed) = self.closed.take() else { return Ok(()) };
        tokio::spawn(serve(closed.listen(16)?, self.sandbox));
        Ok(())
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Two sockets may share the port while only one of them listens.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn serve(listener: TcpListener, sandbox: SocketAddr) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(relay(client, sandbox));
    }
}

/// Carries one call. Its answer ends the connection, so that the next call has to connect again.
async fn relay(mut client: TcpStream, sandbox: SocketAddr) -> io::Result<()> {
    let mut server = TcpStream::connect(sandbox).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let asking = async {
        copy(&mut from_client, &mut to_server).await?;
        to_server.shutdown().await
    };
    let answering = async {
        let mut head = vec![0; 4096];
        let read = from_server.read(&mut head).await?;
        let head = head.get(..read).unwrap_or_default();
        let status = head.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (status, rest) = head.split_at(status);
        to_client.write_all(status).await?;
        if !status.is_empty() {
            to_client.write_all(b"connection: close\r\n").await?;
        }
        to_client.write_all(rest).await?;
        copy(&mut from_server, &mut to_client).await?;
        to_client.shutdown().await
    };
    tokio::try_join!(asking, answering).map(drop)
}
