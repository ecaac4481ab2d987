//! Our server, and other makers' clients.

pub mod curl;
pub mod gnutls;
pub mod node;
pub mod openssl;
pub mod python;

use std::panic::RefUnwindSafe;
use std::path::Path;

use super::case::{Case, Check};
use crate::echo_server::EchoServer;
use crate::program::{Launch, Program};

/// A client of another maker. Like telnet it takes stdin to the server and what comes back to stdout, and closes at
/// the end of stdin.
pub trait Client: Sync + RefUnwindSafe {
    /// What the table calls it.
    fn name(&self) -> &'static str;

    /// The program, ready to start: it verifies the server's chain and its name.
    fn launch(&self, visit: &Visit<'_>) -> Launch;

    /// If it resumes in a process of its own what another process of it began: that other one.
    fn fetch_ticket(&self, _visit: &Visit<'_>) {}

    /// Asserts that the program, which has ended, tells the same of the session as our server does.
    fn confirm(&self, visit: &Visit<'_>, client: &Program);

    /// What a cell says when its check has passed; the check asks for exactly that.
    fn cell(&self, _check: Check) -> &'static str {
        "yes"
    }

    /// What our server greets it with.
    fn greeting(&self, _case: Case) -> String {
        "welcome!\n".to_owned()
    }

    /// What it makes of its stdin.
    fn request(&self, message: &[u8]) -> Vec<u8> {
        message.to_vec()
    }

    /// What it makes of the greeting and the echo.
    fn output(&self, case: Case) -> Vec<u8> {
        [self.greeting(case).as_bytes(), &self.request(&case.message())].concat()
    }

    /// Whether it connects before stdin has ended.
    fn is_interactive(&self) -> bool {
        true
    }

    /// What our server logs when it has closed first, and this client has gone.
    fn end_after_server(&self) -> &'static str {
        "closed cleanly, we first"
    }
}

/// What a client has to know.
pub struct Visit<'s> {
    /// The cell.
    pub case: Case,
    server: &'s EchoServer,
}

impl Visit<'_> {
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

/// Measures a cell: starts our server and this client, lets them talk and close, and asks both how it was.
pub(super) fn visit(client: &dyn Client, case: Case) {
    let folder = case.key().folder();
    let greeting = client.greeting(case);
    let mut arguments =
        vec!["--cert", "server.pem", "--key", "server-key.pem", "--greeting", greeting.as_str()];
    if case.has_client_certificate() {
        arguments.extend(["--client-ca", "ca.pem"]);
    }
    let server = EchoServer::start_in(folder, &arguments);
    let visit = Visit { case, server: &server };
    if case.is_resumed() {
        client.fetch_ticket(&visit);
    }

    let message = case.message();
    let mut program = client.launch(&visit).start();
    program.type_in(&message);
    if !client.is_interactive() {
        program.end_stdin();
    }
    program.stdout.wait_for_bytes(&client.output(case));
    if visit.closes_first() {
        program.end_stdin();
    } else {
        server.program.interrupt();
    }
    program.expect_exit(0);
    assert!(program.stdout.bytes() == client.output(case), "more than was to come");

    client.confirm(&visit, &program);
    let end =
        if visit.closes_first() { "closed cleanly, the client first" } else { client.end_after_server() };
    let received = client.request(&message).len();
    let sent = received + greeting.len();
    let session = if case.is_resumed() { 2 } else { 1 };
    let log = server.log();
    log.wait_for_line(&format!("{end}; {received} bytes received, {sent} sent"));
    let connected = &log.lines(" connected: ")[session - 1];
    assert!(connected.contains(&format!(" TLS{} ", case.version)), "{connected}");
    assert_eq!(connected.contains(", resumed, "), case.is_resumed(), "{connected}");
    assert_eq!(
        connected.contains(", client CN=client.test authorized "),
        case.has_client_certificate(),
        "{connected}"
    );
}
