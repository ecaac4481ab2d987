//! Our server and other clients.

pub mod curl;
pub mod gnutls;
pub mod openssl;
pub mod script;

use std::panic::RefUnwindSafe;
use std::path::Path;

use super::case::{Case, Check};
use crate::echo_server::EchoServer;
use crate::program::{Launch, Program};

/// Another client. Like telnet, it sends stdin to the server, writes the answer to stdout, and closes at the end of
/// stdin.
pub trait Client: Sync + RefUnwindSafe {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// Prepares the program, which verifies the server's chain and name.
    fn launch(&self, session: &Session<'_>) -> Launch;

    /// Runs a first session for its ticket, if the client needs another process for that.
    fn fetch_ticket(&self, _session: &Session<'_>) {}

    /// Asserts that the program, which has ended, reports the same about the session as our server.
    fn confirm(&self, session: &Session<'_>, client: &Program);

    /// The text of a cell that has passed. The check expects exactly that.
    fn cell(&self, _check: Check) -> &'static str {
        "yes"
    }

    /// The greeting of our server.
    fn greeting(&self, _case: Case) -> String {
        "welcome!\n".to_owned()
    }

    /// What it sends for this stdin.
    fn request(&self, message: &[u8]) -> Vec<u8> {
        message.to_vec()
    }

    /// What it writes to stdout for the greeting and the echo.
    fn output(&self, case: Case) -> Vec<u8> {
        [self.greeting(case).as_bytes(), &self.request(&case.message())].concat()
    }

    /// Whether it connects before the end of stdin.
    fn is_interactive(&self) -> bool {
        true
    }

    /// What our server logs if it has closed first.
    fn end_after_server(&self) -> &'static str {
        "closed cleanly, we first"
    }
}

/// The session of a client.
pub struct Session<'s> {
    /// The cell.
    pub case: Case,
    server: &'s EchoServer,
}

impl Session<'_> {
    fn port(&self) -> String {
        self.server.address.port().to_string()
    }

    fn folder(&self) -> &Path {
        self.server.folder.path()
    }

    fn closes_first(&self) -> bool {
        self.case.check != Check::ServerCloses
    }
}

/// Checks a cell: runs our server and this client, and compares what both report.
pub(super) fn check(client: &dyn Client, case: Case) {
    let folder = case.key().folder();
    let greeting = client.greeting(case);
    let mut arguments =
        vec!["--cert", "server.pem", "--key", "server-key.pem", "--greeting", greeting.as_str()];
    if case.has_client_certificate() {
        arguments.extend(["--client-ca", "ca.pem"]);
    }
    let server = EchoServer::start_in(folder, &arguments);
    let session = Session { case, server: &server };
    if case.is_resumed() {
        client.fetch_ticket(&session);
    }

    let message = case.message();
    let mut program = client.launch(&session).start();
    program.type_in(&message);
    if !client.is_interactive() {
        program.end_stdin();
    }
    program.stdout.wait_for_bytes(&client.output(case));
    if session.closes_first() {
        program.end_stdin();
    } else {
        server.program.interrupt();
    }
    program.expect_exit(0);
    assert!(program.stdout.bytes() == client.output(case), "more than expected");

    client.confirm(&session, &program);
    let end =
        if session.closes_first() { "closed cleanly, the client first" } else { client.end_after_server() };
    let received = client.request(&message).len();
    let sent = received + greeting.len();
    let number = if case.is_resumed() { 2 } else { 1 };
    let log = server.log();
    log.wait_for_line(&format!("{end}; {} bytes received, {} sent", grouped(received), grouped(sent)));
    let connected = &log.lines(" connected: ")[number - 1];
    assert!(connected.contains(&format!(" TLS{} ", case.version)), "{connected}");
    assert_eq!(connected.contains(", resumed, "), case.is_resumed(), "{connected}");
    assert_eq!(
        connected.contains(", client CN=client.test authorized "),
        case.has_client_certificate(),
        "{connected}"
    );
}

/// Groups the digits of a number, as the log does: `1,048,576`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
