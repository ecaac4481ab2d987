//! Sessions of many kinds between the two programs, captured at both ends.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // each test uses a part of it

use std::path::PathBuf;

use testing::certificates::Identity;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::TlsClient;
use testing::program::Launch;

type Handshakes = &'static [&'static [u8]];

/// A kind of session: the flags of both programs, and the expected handshakes.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub group: &'static str,
    /// A name. In the group `suite` it is a suite, and in the group `address` it is the server's address.
    pub name: &'static str,
    server: &'static str,
    client: &'static str,
    /// The types of the handshake messages of each session, in the order in which they are sent.
    pub handshakes: Handshakes,
}

/// The two captures of a run.
pub struct Taken {
    pub folder: TempDir,
    pub server: PathBuf,
    pub client: PathBuf,
    pub port: u16,
}

/// Starts a server that captures its sessions.
pub fn capturing_server(arguments: &[&str]) -> EchoServer {
    EchoServer::start(&[&["--capture", "server.pcapng"], arguments].concat())
}

/// Connects a client and receives the greeting.
pub fn greeted(server: &EchoServer) -> TlsClient {
    let mut client = server.connect();
    assert_eq!(client.receive(9), b"welcome!\n");
    client
}

/// Handshake types (RFC 8446, 4; RFC 5246, 7.4).
const FULL_1_3: &[u8] = &[1, 2, 8, 11, 15, 20, 20, 4, 4];
const MUTUAL_1_3: &[u8] = &[1, 2, 8, 13, 11, 15, 20, 11, 15, 20, 4, 4];
const RETRIED_1_3: &[u8] = &[1, 2, 1, 2, 8, 11, 15, 20, 20, 4, 4];
const REFUSED_1_3: &[u8] = &[1, 2, 8, 11, 15, 20];
const FULL_1_2: &[u8] = &[1, 2, 11, 12, 14, 16, 20, 4, 20];
const MUTUAL_1_2: &[u8] = &[1, 2, 11, 12, 13, 14, 11, 16, 15, 20, 4, 20];
const RESUMED_1_3: &[u8] = &[1, 2, 8, 20, 20, 4, 4];
const RESUMED_1_2: &[u8] = &[1, 2, 4, 20, 20];
const REFUSED_1_2: &[u8] = &[1, 2, 11, 12, 14];

/// The group, the name, the flags of the server, those of the client, and the handshakes of each shape.
const SHAPES: [(&str, &str, &str, &str, Handshakes); 20] = [
    ("suite", "TLS_AES_256_GCM_SHA384", "", "--tls 1.3", &[FULL_1_3]),
    ("suite", "TLS_AES_128_GCM_SHA256", "", "--tls 1.3", &[FULL_1_3]),
    ("suite", "TLS_CHACHA20_POLY1305_SHA256", "", "--tls 1.3", &[FULL_1_3]),
    ("suite", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "", "--tls 1.2", &[FULL_1_2]),
    ("suite", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "", "--tls 1.2", &[FULL_1_2]),
    ("suite", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "", "--tls 1.2", &[FULL_1_2]),
    ("suite", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "", "--tls 1.2", &[FULL_1_2]),
    ("suite", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "", "--tls 1.2", &[FULL_1_2]),
    ("suite", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "", "--tls 1.2", &[FULL_1_2]),
    ("handshake", "mutual 1.3", ASKS, "--tls 1.3 --cert me.pem --key me.key", &[MUTUAL_1_3]),
    ("handshake", "mutual 1.2", ASKS, "--tls 1.2 --cert me.pem --key me.key", &[MUTUAL_1_2]),
    ("handshake", "resumed 1.3", "", "--tls 1.3 --reconnect 2", &[FULL_1_3, RESUMED_1_3, RESUMED_1_3]),
    ("handshake", "resumed 1.2", "", "--tls 1.2 --reconnect 2", &[FULL_1_2, RESUMED_1_2, RESUMED_1_2]),
    ("handshake", "retried", "--group secp384r1", "", &[RETRIED_1_3]),
    ("refused", "untrusted 1.3", "", "--tls 1.3 --ca me.pem", &[REFUSED_1_3]),
    ("refused", "untrusted 1.2", "", "--tls 1.2 --ca me.pem", &[REFUSED_1_2]),
    ("address", "[::1]:0", "", "", &[FULL_1_3]),
    ("address", "[::]:0", "", "", &[FULL_1_3]),
    ("large", "large 1.3", "", "-i --tls 1.3", &[FULL_1_3]),
    ("large", "large 1.2", "", "-i --tls 1.2", &[FULL_1_2]),
];

/// The server asks for a certificate.
const ASKS: &str = "--client-ca me.pem";

impl Shape {
    pub fn all() -> impl Iterator<Item = Self> {
        let shape =
            |(group, name, server, client, handshakes)| Self { group, name, server, client, handshakes };
        SHAPES.into_iter().map(shape)
    }

    /// Returns the shapes of a group. In `refused` the client does not trust the server, and sends an alert. In
    /// `large` it sends ten million bytes from stdin.
    pub fn of(group: &str) -> Vec<Self> {
        let shapes: Vec<Self> = Self::all().filter(|shape| shape.group == group).collect();
        assert!(!shapes.is_empty(), "no shape is in the group {group}");
        shapes
    }

    /// Returns the number of bytes that the client sends from stdin.
    pub fn input(&self) -> usize {
        if self.group == "large" { 10_000_000 } else { 0 }
    }

    /// Runs the sessions.
    pub fn take(&self) -> Taken {
        let folder = TempDir::new();
        if self.name.contains("_RSA_") { Identity::rsa() } else { Identity::localhost() }.write(&folder);
        let me = Identity::for_names(&["me"]);
        folder.write("me.pem", &me.certificate);
        folder.write("me.key", &me.key);
        let sessions = self.handshakes.len().to_string();
        let address = if self.group == "address" { self.name } else { "127.0.0.1:0" };
        let launch = Launch::server_at(address, folder.path())
            .args(["--capture", "server.pcapng", "--sessions", &sessions])
            .args(self.server.split_whitespace());
        let mut server = EchoServer::launch(launch, folder);
        let port = server.address.port();
        self.run_client(&server, port);
        server.program.expect_exit(0);
        let EchoServer { folder, .. } = server;
        let path = |name| folder.path().join(name);
        Taken { server: path("server.pcapng"), client: path("client.pcapng"), port, folder }
    }

    fn run_client(&self, server: &EchoServer, port: u16) {
        let host = if self.name == "[::1]:0" { "[::1]" } else { "127.0.0.1" };
        let message: &[&str] =
            if self.group == "large" { &[] } else { &["--message", "hello there", "--linger", "0s"] };
        let mut client = Launch::client(server.folder.path())
            .args([format!("{host}:{port}")])
            .args(["--server-name", "localhost", "--capture", "client.pcapng"])
            .args(message)
            .args(self.client.split_whitespace())
            .args(if self.group == "suite" { vec!["--suite", self.name] } else { vec![] })
            .start();
        client.type_in(vec![b'~'; self.input()]);
        client.end_stdin();
        client.expect_exit(if self.group == "refused" { 3 } else { 0 });
    }
}
