//! The cases of all tables.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use testing::certificates::Identity;
use testing::forge::Forge;
use testing::peer::TlsServer;
use testing::program::Program;
use testing::table;
use testing::test_server::TestServer;

/// The longest time until the client ends: longer than all deadlines of a case, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// A server that the test controls, and a client that connects to it.
pub struct Stage {
    /// The server.
    pub server: TestServer,
    /// Forges the server's records.
    pub forge: Forge,
    /// The client.
    pub client: Program,
}

impl Stage {
    /// Accepts the client and reads its ClientHello.
    pub fn hello(&self) -> TcpStream {
        let mut socket = self.server.accept_raw();
        testing::raw::read_record(&mut socket);
        socket
    }

    /// Accepts the client and finishes the handshake.
    pub fn session(&self) -> TlsServer {
        self.server.accept()
    }

    /// Accepts the client, sends a greeting, and reads until the client's close_notify. It follows at once with
    /// `--linger 0s`.
    pub fn closing(&self) -> TlsServer {
        let mut session = self.server.accept();
        session.send(b"first");
        session.receive_to_end();
        session
    }
}

/// The behaviour of a server. It returns a socket to keep open.
type Server = Box<dyn Fn(&mut Stage) -> Option<TcpStream> + Sync>;

/// A hostile server, and the expected result.
pub struct Case {
    name: String,
    flags: Vec<&'static str>,
    config: Option<(Identity, Arc<ServerConfig>)>,
    server: Server,
    status: i32,
    last_line: &'static str,
}

impl Case {
    /// A server that behaves like this. The client must end with this status, and its last line must contain this
    /// text. The socket that the server returns stays open until then.
    pub fn new(
        name: impl Into<String>,
        server: impl Fn(&mut Stage) -> Option<TcpStream> + Sync + 'static,
        status: i32,
        last_line: &'static str,
    ) -> Self {
        let (name, server) = (name.into(), Box::new(server));
        Self { name, flags: Vec::new(), config: None, server, status, last_line }
    }

    /// Adds flags for the client.
    pub fn flags(mut self, flags: &[&'static str]) -> Self {
        self.flags.extend(flags);
        self
    }

    /// Replaces the server's configuration, and the identity that the client trusts.
    pub fn config(mut self, trusted: Identity, config: Arc<ServerConfig>) -> Self {
        self.config = Some((trusted, config));
        self
    }

    fn check(&self) {
        let forge = Forge::default();
        let server = match &self.config {
            Some((trusted, config)) => TestServer::with_config(trusted, Arc::clone(config)),
            None => {
                let identity = Identity::localhost();
                TestServer::with_config(&identity, identity.server_config_with(forge.provider()))
            }
        };
        let client = server.start_client(&self.flags);
        let mut stage = Stage { server, forge, client };
        let left_open = (self.server)(&mut stage);

        let start = Instant::now();
        let Stage { mut client, .. } = stage;
        client.expect_exit(self.status);
        assert!(start.elapsed() < SOON, "it ended after {:?}", start.elapsed());
        drop(left_open);
        let log = client.stderr.text();
        let last = log.lines().last().unwrap_or_default();
        assert!(last.contains(self.last_line), "'{}' is not in the last line of:\n{log}", self.last_line);
        assert_eq!(last.starts_with("mio-client: "), self.status != 0, "{log}");
        assert!(!log.contains("panicked") && !log.contains('\x1b'), "{log}");
    }
}

/// Checks a table.
pub fn check_all(cases: &[Case]) {
    table::check_all(cases, |case| &case.name, Case::check);
}
