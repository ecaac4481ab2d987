//! The cases of all tables.

use std::io::Write as _;
use std::time::{Duration, Instant};

use check::case::Version;
use check::verdict::Verdict;
use check::wire::{Connection, Forge};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ClientConnection, SupportedProtocolVersion};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::{End, TlsClient, client_config_with};
use testing::table;
use testing::usage::Usage;

/// The longest time until the next client is served. A deadline of the server may pass first.
const SOON: Duration = Duration::from_secs(20);
/// How much the heap may grow after a hostile client, and all memory during one: the buffers of one session, what the
/// allocator keeps of five hundred, and code that had not run before.
const HEAP: usize = 6 * 1024 * 1024;
const PEAK: usize = 12 * 1024 * 1024;

/// Both versions of TLS.
pub const VERSIONS: [(&str, &SupportedProtocolVersion); 2] = [("TLS 1.2", &TLS12), ("TLS 1.3", &TLS13)];

/// The behaviour of a client.
type Client = Box<dyn Fn(&EchoServer) -> Seen + Sync>;

/// What a client has seen.
#[derive(Debug)]
struct Seen {
    /// How the server ended the connection, if the client has waited for that.
    end: Option<End>,
    /// The verdict, if the client is a case of mio-check.
    verdict: Option<Verdict>,
}

impl Seen {
    /// Whether a client has seen this. A value that is noted may have more text, such as a time.
    fn agrees(&self, seen: &Self) -> bool {
        let verdict = match (&self.verdict, &seen.verdict) {
            (Some(Verdict::Noted(expected)), Some(Verdict::Noted(value))) => value.contains(expected),
            (expected, value) => expected == value,
        };
        verdict && self.end == seen.end
    }
}

/// What the behaviour of a client may return: the end, or nothing if the client has not waited for it.
pub trait Waited {
    /// The end that the client has seen.
    fn end(self) -> Option<End>;
}

impl Waited for End {
    fn end(self) -> Option<End> {
        Some(self)
    }
}

impl Waited for () {
    fn end(self) -> Option<End> {
        None
    }
}

/// A hostile client, and the expected result.
pub struct Case {
    name: String,
    flags: Vec<&'static str>,
    files: Vec<(&'static str, String)>,
    client: Client,
    /// The well-behaved client after the hostile one.
    next: Box<dyn Fn(&EchoServer) + Sync>,
    expected: Seen,
    /// Texts of lines that the server logs.
    log: Vec<&'static str>,
}

impl Case {
    /// A client that behaves like this. The server must end its connection like this, and log a line with this text.
    pub fn new<W: Waited>(
        name: impl Into<String>,
        client: impl Fn(&EchoServer) -> W + Sync + 'static,
        end: impl Waited,
        log: &'static str,
    ) -> Self {
        let client: Client = Box::new(move |server| Seen { end: client(server).end(), verdict: None });
        Self::expecting(name.into(), client, Seen { end: end.end(), verdict: None }, log)
    }

    fn expecting(name: String, client: Client, expected: Seen, log: &'static str) -> Self {
        let next = Box::new(EchoServer::serves_a_client);
        Self { name, flags: Vec::new(), files: Vec::new(), client, next, expected, log: vec![log] }
    }

    /// Replaces the verdict *held* by *noted* with a value that contains this text.
    pub fn noted(mut self, value: &str) -> Self {
        self.expected.verdict = Some(Verdict::Noted(value.to_owned()));
        self
    }

    /// Adds texts of more lines that the server logs.
    pub fn also_logs(mut self, texts: &[&'static str]) -> Self {
        self.log.extend(texts);
        self
    }

    /// Replaces the verdict *held* by *noted*: the connection ended without an alert.
    pub fn noted_as_fin(self) -> Self {
        self.noted("no alert: the connection ended with a FIN without close_notify")
    }

    /// Adds flags for the server.
    pub fn flags(mut self, flags: &[&'static str]) -> Self {
        self.flags.extend(flags);
        self
    }

    /// Adds a file for the server.
    pub fn file(mut self, name: &'static str, content: &str) -> Self {
        self.files.push((name, content.to_owned()));
        self
    }

    /// Replaces the well-behaved client.
    pub fn next(mut self, next: impl Fn(&EchoServer) + Sync + 'static) -> Self {
        self.next = Box::new(next);
        self
    }

    /// The name of the case, with its version if it is one of mio-check.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn check(&self) {
        let folder = TempDir::new();
        for (name, content) in &self.files {
            folder.write(name, content);
        }
        let server = EchoServer::start_in(folder, &self.flags);
        let before = after_one_client(&server, &self.next);
        let logged = server.log().length();

        let seen = (self.client)(&server);
        let expected = &self.expected;
        assert!(
            expected.agrees(&seen),
            "{seen:?} instead of {expected:?}; it logged:\n{}",
            server.log().text()
        );
        for text in &self.log {
            server.log().wait_for_line_after(logged, text);
        }
        let start = Instant::now();
        (self.next)(&server);
        assert!(start.elapsed() < SOON, "the next client was served after {:?}", start.elapsed());
        assert_as_before(&server, before);
    }
}

/// Runs a case of mio-check in one version of TLS. Its verdict must be *held*. The server must end the connection like
/// this, if the case waits for that, and log a line with this text.
pub fn row(name: &'static str, version: Version, end: impl Waited, log: &'static str) -> Case {
    let client: Client = Box::new(move |server| {
        let outcome = server.judge(name, version);
        if outcome.verdict.is_failed() {
            println!("{}", outcome.evidence);
        }
        Seen { end: outcome.end, verdict: Some(outcome.verdict) }
    });
    let expected = Seen { end: end.end(), verdict: Some(Verdict::Held) };
    Case::expecting(format!("{name}, {version}"), client, expected, log)
}

/// [`row`] in both versions.
pub fn rows(name: &'static str, end: impl Waited + Clone, log: &'static str) -> [Case; 2] {
    Version::ALL.map(|version| row(name, version, end.clone(), log))
}

/// Checks a table.
pub fn check_all(cases: &[Case]) {
    table::check_all(cases, Case::name, Case::check);
}

/// The memory and descriptors of a server that has served a client and has no session now.
fn after_one_client(server: &EchoServer, client: impl Fn(&EchoServer)) -> Option<Usage> {
    let at_the_start = server.program.usage()?;
    client(server);
    server.program.wait_for_descriptors(at_the_start.descriptors);
    server.program.usage()
}

/// Asserts that the server's memory and descriptors are as before.
fn assert_as_before(server: &EchoServer, before: Option<Usage>) {
    let Some(before) = before else { return };
    server.program.wait_for_descriptors(before.descriptors);
    let after = server.program.usage().unwrap();
    assert!(after.heap < before.heap + HEAP, "the heap grew from {before:?} to {after:?}");
    assert!(after.peak < before.peak + PEAK, "the peak grew from {before:?} to {after:?}");
    let log = server.log().text();
    assert!(!log.contains("panicked") && !log.contains('\x1b'), "{log:?}");
}

/// The end with this alert.
pub fn alert(description: AlertDescription) -> End {
    End::Alert(description)
}

/// Sends bytes without TLS. Ignores an error, because the server may close the connection meanwhile.
pub fn send(mut socket: Connection, bytes: &[u8]) -> Connection {
    let _ = socket.write_all(bytes);
    socket
}

/// Reads until the end of an unencrypted connection.
pub fn read_end(mut socket: Connection) -> End {
    socket.read_to_end().1
}

/// A client of one version, before its handshake, and the forge of its records.
pub fn forger(server: &EchoServer, version: &'static SupportedProtocolVersion) -> (TlsClient, Forge) {
    let forge = Forge::default();
    let config = client_config_with(&server.certificate(), forge.provider(), &[version]);
    (TlsClient::new(server.connect_raw(), config), forge)
}

/// [`forger`] after its handshake and the greeting.
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
