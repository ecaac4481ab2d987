//! The cases of all tables.

use std::any::Any;
use std::time::Instant;

use check::wire::Forge;
use rustls::ContentType;
use testing::certificates::Identity;
use testing::peer::TlsServer;
use testing::program::Program;
use testing::table;
use testing::test_server::TestServer;

use crate::row::{SOON, assert_last_line};

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
    /// Accepts the client and finishes the handshake.
    pub fn session(&self) -> TlsServer {
        self.server.accept()
    }

    /// Sends one forged record in a session.
    pub fn forge(&self, session: &mut TlsServer, kind: ContentType, content: &[u8]) {
        self.forge.next(kind, content);
        session.send(b"instead of this");
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

/// The behaviour of a server. What it returns, a socket for example, is dropped when the client has ended.
type Server = Box<dyn Fn(&mut Stage) -> Box<dyn Any> + Sync>;

/// A hostile server, and the expected result.
pub struct Case {
    name: String,
    flags: Vec<&'static str>,
    server: Server,
    status: i32,
    last_line: &'static str,
}

impl Case {
    /// A server that behaves like this. The client must end with this status, and its last line must contain this
    /// text. A socket that the server returns stays open until then.
    pub fn new<R: 'static>(
        name: impl Into<String>,
        server: impl Fn(&mut Stage) -> R + Sync + 'static,
        status: i32,
        last_line: &'static str,
    ) -> Self {
        let server: Server = Box::new(move |stage| Box::new(server(stage)));
        Self { name: name.into(), flags: Vec::new(), server, status, last_line }
    }

    /// Adds flags for the client.
    pub fn flags(mut self, flags: &[&'static str]) -> Self {
        self.flags.extend(flags);
        self
    }

    fn check(&self) {
        let forge = Forge::default();
        let identity = Identity::localhost();
        let server = TestServer::with_config(&identity, identity.server_config_with(forge.provider()));
        let client = server.start_client(&self.flags);
        let mut stage = Stage { server, forge, client };
        let left_open = (self.server)(&mut stage);

        let start = Instant::now();
        let Stage { mut client, .. } = stage;
        client.expect_exit(self.status);
        assert!(start.elapsed() < SOON, "it ended after {:?}", start.elapsed());
        drop(left_open);
        let log = client.stderr.text();
        assert_last_line(&log, self.status, self.last_line);
    }
}

/// Checks a table.
pub fn check_all(cases: &[Case]) {
    table::check_all(cases, |case| &case.name, Case::check);
}
