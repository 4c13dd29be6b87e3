//! A server that is reached over TLS, with a private root and a password.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use super::cluster::Cluster;
use super::programs::run;

/// A server on a port of this machine that wants TLS for its database `billing`, and none for `plain`. Its certificate is for `localhost`, and the password of the
/// role `app` in both is [`PASSWORD`](Self::PASSWORD). The certificates are made by `openssl`, which
/// Debian's package of the server brings.
#[derive(Debug)]
pub struct TlsServer {
    cluster: Cluster,
    port: u16,
}

impl TlsServer {
    /// The password of the role.
    pub const PASSWORD: &'static str = "hunter2-secret";

    /// Starts a server.
    ///
    /// # Panics
    /// When PostgreSQL's server programs or `openssl` are not installed, or do not start.
    pub fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let cluster = Cluster::launch(
            &format!(
                r#""$1/initdb" --pgdata="$2/data" --username=postgres --auth=trust --encoding=UTF8 >"$2/log" 2>&1
                cd "$2"
                for name in root other; do
                  openssl req -x509 -newkey rsa:2048 -nodes -keyout $name.key -out $name.pem -days 2 \
                    -subj "/CN=The $name of one test" >>log 2>&1
                done
                openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost >>log 2>&1
                echo "subjectAltName=DNS:localhost" >names
                openssl x509 -req -in server.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile names \
                  -out server.pem >>log 2>&1
                chmod 600 server.key; chmod 644 root.pem other.pem
                echo "local all all trust
                hostnossl plain all 127.0.0.1/32 scram-sha-256
                hostssl all all 127.0.0.1/32 scram-sha-256" >data/pg_hba.conf
                echo "listen_addresses = '127.0.0.1'
                port = {port}
                unix_socket_directories = '$2'
                ssl = on
                ssl_cert_file = '$2/server.pem'
                ssl_key_file = '$2/server.key'" >>data/postgresql.conf"#
            ),
            None,
        );
        let server = Self { cluster, port };
        server.psql(&format!("CREATE ROLE app LOGIN PASSWORD '{}'", Self::PASSWORD));
        server.psql("CREATE DATABASE billing OWNER app");
        server.psql("CREATE DATABASE plain OWNER app");
        server
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The root that its certificate comes from.
    pub fn root(&self) -> PathBuf {
        self.cluster.folder().join("root.pem")
    }

    /// A root that its certificate does not come from.
    pub fn other_root(&self) -> PathBuf {
        self.cluster.folder().join("other.pem")
    }

    fn psql(&self, statement: &str) {
        let mut command = Command::new(self.cluster.programs.join("psql"));
        command.args(["--no-psqlrc", "--quiet", "--username=postgres", "--dbname=postgres"]);
        command
            .arg(format!("--host={}", self.cluster.folder().display()))
            .arg(format!("--port={}", self.port));
        run(command.args(["--command", statement]));
    }
}
