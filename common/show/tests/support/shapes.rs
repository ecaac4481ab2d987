//! Sessions of many kinds between the two programs, captured at both ends.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // each test uses a part of it

use std::path::PathBuf;

use testing::certificates::Identity;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::TlsClient;
use testing::program::Launch;

/// A kind of session: the flags of both programs, and the expected result.
#[derive(Clone, Debug)]
pub struct Shape {
    pub name: String,
    listen: &'static str,
    server: Vec<&'static str>,
    client: Vec<&'static str>,
    rsa: bool,
    /// The number of bytes that the client sends from stdin, with `-i`.
    pub input: Option<usize>,
    /// The client's exit status.
    status: i32,
    /// The types of the handshake messages of each session, in the order in which they are sent.
    pub handshakes: Vec<Vec<u8>>,
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

impl Shape {
    fn new(name: &str, arguments: &[&'static str], handshake: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            listen: "127.0.0.1:0",
            server: Vec::new(),
            client: [&["--message", "hello there", "--linger", "0s"], arguments].concat(),
            rsa: false,
            input: None,
            status: 0,
            handshakes: vec![handshake.to_vec()],
        }
    }

    /// Returns all shapes.
    pub fn all() -> Vec<Self> {
        let mut shapes = Self::of_every_suite();
        shapes.extend(Self::of_every_handshake());
        shapes.extend(Self::of_every_address());
        shapes.extend(Self::refused());
        shapes.extend(Self::large());
        shapes
    }

    pub fn of_every_suite() -> Vec<Self> {
        let suites = [
            ("TLS_AES_256_GCM_SHA384", false, FULL_1_3),
            ("TLS_AES_128_GCM_SHA256", false, FULL_1_3),
            ("TLS_CHACHA20_POLY1305_SHA256", false, FULL_1_3),
            ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", false, FULL_1_2),
            ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", false, FULL_1_2),
            ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", false, FULL_1_2),
            ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", true, FULL_1_2),
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", true, FULL_1_2),
            ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", true, FULL_1_2),
        ];
        let shape = |(suite, rsa, handshake): (&'static str, _, &[u8])| {
            let version = if suite.contains("_WITH_") { "1.2" } else { "1.3" };
            Self { rsa, ..Self::new(suite, &["--tls", version, "--suite", suite], handshake) }
        };
        suites.into_iter().map(shape).collect()
    }

    pub fn of_every_handshake() -> Vec<Self> {
        let mutual = |name, version, handshake| Self {
            server: vec!["--client-ca", "me.pem"],
            ..Self::new(name, &["--tls", version, "--cert", "me.pem", "--key", "me.key"], handshake)
        };
        let resumed = |name, version, full: &[u8], resumed: &[u8]| Self {
            handshakes: vec![full.to_vec(), resumed.to_vec(), resumed.to_vec()],
            ..Self::new(name, &["--tls", version, "--reconnect", "2"], &[])
        };
        vec![
            mutual("mutual 1.3", "1.3", MUTUAL_1_3),
            mutual("mutual 1.2", "1.2", MUTUAL_1_2),
            resumed("resumed 1.3", "1.3", FULL_1_3, RESUMED_1_3),
            resumed("resumed 1.2", "1.2", FULL_1_2, RESUMED_1_2),
            Self { server: vec!["--group", "secp384r1"], ..Self::new("retried", &[], RETRIED_1_3) },
        ]
    }

    /// The client does not trust the server, and sends an alert.
    pub fn refused() -> Vec<Self> {
        let refused = |name, version, handshake| Self {
            status: 3,
            ..Self::new(name, &["--tls", version, "--ca", "me.pem"], handshake)
        };
        vec![refused("untrusted 1.3", "1.3", REFUSED_1_3), refused("untrusted 1.2", "1.2", REFUSED_1_2)]
    }

    pub fn of_every_address() -> Vec<Self> {
        vec![
            Self { listen: "[::1]:0", ..Self::new("IPv6", &[], FULL_1_3) },
            Self { listen: "[::]:0", ..Self::new("mapped", &[], FULL_1_3) },
        ]
    }

    /// Echoes of ten million bytes.
    pub fn large() -> Vec<Self> {
        let large = |name, version, handshake| Self {
            client: vec!["-i", "--tls", version],
            input: Some(10_000_000),
            ..Self::new(name, &[], handshake)
        };
        vec![large("large 1.3", "1.3", FULL_1_3), large("large 1.2", "1.2", FULL_1_2)]
    }

    /// Runs the sessions.
    pub fn take(&self) -> Taken {
        let folder = TempDir::new();
        if self.rsa { Identity::rsa() } else { Identity::localhost() }.write(&folder);
        let me = Identity::for_names(&["me"]);
        folder.write("me.pem", &me.certificate);
        folder.write("me.key", &me.key);
        let sessions = self.handshakes.len().to_string();
        let launch = Launch::server_at(self.listen, folder.path())
            .args(["--capture", "server.pcapng", "--sessions", &sessions])
            .args(&self.server);
        let mut server = EchoServer::launch(launch, folder);
        let port = server.address.port();
        self.run_client(&server, port);
        server.program.expect_exit(0);
        let EchoServer { folder, .. } = server;
        let path = |name| folder.path().join(name);
        Taken { server: path("server.pcapng"), client: path("client.pcapng"), port, folder }
    }

    fn run_client(&self, server: &EchoServer, port: u16) {
        let host = if self.name == "IPv6" { "[::1]" } else { "127.0.0.1" };
        let mut client = Launch::client(server.folder.path())
            .args([format!("{host}:{port}")])
            .args(["--server-name", "localhost", "--capture", "client.pcapng"])
            .args(&self.client)
            .start();
        if let Some(length) = self.input {
            client.type_in(vec![b'~'; length]);
            client.end_stdin();
        }
        client.expect_exit(self.status);
    }
}
