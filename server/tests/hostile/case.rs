//! What every table has in common.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ClientConnection, SupportedProtocolVersion};
use testing::echo_server::EchoServer;
use testing::end::End;
use testing::folder::TempDir;
use testing::forge::Forge;
use testing::peer::{TlsClient, client_config_with};
use testing::table;
use testing::usage::Usage;

/// How soon the next client is served when a hostile one has left; a deadline of the server may pass first.
const SOON: Duration = Duration::from_secs(20);
/// How much more heap a server may hold after a hostile client, and how much more of all memory during one: the
/// buffers of one session, or what the allocator keeps of five hundred, and code that had not run before.
const HEAP: usize = 6 * 1024 * 1024;
const PEAK: usize = 12 * 1024 * 1024;

/// Both versions.
pub const VERSIONS: [(&str, &SupportedProtocolVersion); 2] = [("TLS 1.2", &TLS12), ("TLS 1.3", &TLS13)];

/// What a client does; how the server ended it, if it stayed to hear that.
type Client = Box<dyn Fn(&EchoServer) -> Option<End> + Sync>;

/// A hostile client, and what must come of it.
pub struct Case {
    name: String,
    flags: Vec<&'static str>,
    files: Vec<(&'static str, String)>,
    client: Client,
    /// A client that means no harm.
    next: Box<dyn Fn(&EchoServer) + Sync>,
    hears: Option<End>,
    log: &'static str,
}

impl Case {
    /// A client that does this, must hear this, and of which the server's log must say this in one line.
    pub fn new(
        name: impl Into<String>,
        client: impl Fn(&EchoServer) -> Option<End> + Sync + 'static,
        hears: impl Into<Option<End>>,
        log: &'static str,
    ) -> Self {
        let (name, client, hears) = (name.into(), Box::new(client), hears.into());
        let next = Box::new(EchoServer::serves_a_client);
        Self { name, flags: Vec::new(), files: Vec::new(), client, next, hears, log }
    }

    /// With flags for the server.
    pub fn flags(mut self, flags: &[&'static str]) -> Self {
        self.flags.extend(flags);
        self
    }

    /// With a file for the server.
    pub fn file(mut self, name: &'static str, content: &str) -> Self {
        self.files.push((name, content.to_owned()));
        self
    }

    /// With another client that means no harm, where the usual one would not do.
    pub fn next(mut self, next: impl Fn(&EchoServer) + Sync + 'static) -> Self {
        self.next = Box::new(next);
        self
    }

    fn check(&self) {
        let folder = TempDir::new();
        for (name, content) in &self.files {
            folder.write(name, content);
        }
        let server = EchoServer::start_in(folder, &self.flags);
        let before = after_one_client(&server, &self.next);
        let said = server.log().length();

        let heard = (self.client)(&server);
        assert_eq!(heard, self.hears, "what it heard; the server said:\n{}", server.log().text());
        server.log().wait_for_line_after(said, self.log);
        let start = Instant::now();
        (self.next)(&server);
        assert!(start.elapsed() < SOON, "the next one was served after {:?}", start.elapsed());
        assert_as_before(&server, before);
    }
}

/// Checks a table.
pub fn check_all(cases: &[Case]) {
    table::check_all(cases, |case| &case.name, Case::check);
}

/// What a server holds that has served somebody, and nobody now.
pub fn after_one_client(server: &EchoServer, client: impl Fn(&EchoServer)) -> Option<Usage> {
    let at_the_start = server.program.usage()?;
    client(server);
    server.program.wait_for_descriptors(at_the_start.descriptors);
    server.program.usage()
}

/// The server holds what it held before.
pub fn assert_as_before(server: &EchoServer, before: Option<Usage>) {
    let Some(before) = before else { return };
    server.program.wait_for_descriptors(before.descriptors);
    let after = server.program.usage().unwrap();
    assert!(after.heap < before.heap + HEAP, "heap: {before:?} became {after:?}");
    assert!(after.peak < before.peak + PEAK, "peak: {before:?} became {after:?}");
    let said = server.log().text();
    assert!(!said.contains("panicked") && !said.contains('\x1b'), "{said:?}");
}

/// An alert to hear.
pub fn alert(description: AlertDescription) -> Option<End> {
    Some(End::Alert(description))
}

/// Says this without TLS, and hears the end.
pub fn say(server: &EchoServer, bytes: &[u8]) -> Option<End> {
    hear(say_more(server.connect_raw(), bytes))
}

/// Says this without TLS. The server may have had enough in the middle.
pub fn say_more(mut socket: TcpStream, bytes: &[u8]) -> TcpStream {
    let _ = socket.write_all(bytes);
    socket
}

/// Hears the end on a connection that was never encrypted.
pub fn hear(mut socket: TcpStream) -> Option<End> {
    Some(End::of_unencrypted(&mut socket))
}

/// A client of one version, before its handshake, and the forge that seals its records.
pub fn forger(server: &EchoServer, version: &'static SupportedProtocolVersion) -> (TlsClient, Forge) {
    let forge = Forge::default();
    let config = client_config_with(&server.certificate(), forge.provider(), &[version]);
    (TlsClient::new(server.connect_raw(), config), forge)
}

/// [`forger`] after its handshake, and greeted.
pub fn greeted(server: &EchoServer, version: &'static SupportedProtocolVersion) -> (TlsClient, Forge) {
    let (mut client, forge) = forger(server, version);
    client.handshake().unwrap();
    assert_eq!(client.receive(9), b"welcome!\n");
    (client, forge)
}

/// The record with the ClientHello that rustls would send.
pub fn client_hello(server: &EchoServer, versions: &[&'static SupportedProtocolVersion]) -> Vec<u8> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = client_config_with(&server.certificate(), provider, versions);
    let mut tls = ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
    let mut hello = Vec::new();
    tls.write_tls(&mut hello).unwrap();
    hello
}
