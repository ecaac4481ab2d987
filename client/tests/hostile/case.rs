//! What every table has in common.

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

/// Longer than all the deadlines of a case, and the machine is busy.
const SOON: Duration = Duration::from_secs(20);

/// A server of the test, and a client that connects to it.
pub struct Stage {
    /// The server. Its records can be forged.
    pub server: TestServer,
    /// What its records become.
    pub forge: Forge,
    /// The client.
    pub client: Program,
}

impl Stage {
    /// The client, connected, its hello read.
    pub fn hello(&self) -> TcpStream {
        let mut socket = self.server.accept_raw();
        testing::raw::read_record(&mut socket);
        socket
    }

    /// The client after the handshake.
    pub fn session(&self) -> TlsServer {
        self.server.accept()
    }

    /// The client after the greeting and its close_notify, which comes at once if it does not linger.
    pub fn closing(&self) -> TlsServer {
        let mut session = self.server.accept();
        session.send(b"first");
        session.receive_to_end();
        session
    }
}

/// What a server does; what it leaves open.
type Server = Box<dyn Fn(&mut Stage) -> Option<TcpStream> + Sync>;

/// A hostile server, and what must come of it.
pub struct Case {
    name: String,
    flags: Vec<&'static str>,
    config: Option<(Identity, Arc<ServerConfig>)>,
    server: Server,
    status: i32,
    says: &'static str,
}

impl Case {
    /// A server that does this, and the client ends with this status and these words. What the server returns stays
    /// open until then.
    pub fn new(
        name: impl Into<String>,
        server: impl Fn(&mut Stage) -> Option<TcpStream> + Sync + 'static,
        status: i32,
        says: &'static str,
    ) -> Self {
        let (name, server) = (name.into(), Box::new(server));
        Self { name, flags: Vec::new(), config: None, server, status, says }
    }

    /// With flags for the client.
    pub fn flags(mut self, flags: &[&'static str]) -> Self {
        self.flags.extend(flags);
        self
    }

    /// With a server of this configuration, where the client trusts this identity.
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
        assert!(last.contains(self.says), "'{}' is not in the last line of:\n{log}", self.says);
        assert_eq!(last.starts_with("mio-client: "), self.status != 0, "{log}");
        assert!(!log.contains("panicked") && !log.contains('\x1b'), "{log}");
    }
}

/// Checks a table.
pub fn check_all(cases: &[Case]) {
    table::check_all(cases, |case| &case.name, Case::check);
}
