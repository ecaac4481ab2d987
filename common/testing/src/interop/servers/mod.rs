//! Our client, and other makers' servers.

pub mod gnutls;
pub mod node;
pub mod openssl;
pub mod python;

use std::panic::RefUnwindSafe;
use std::path::Path;

use super::case::{Case, Check};
use crate::program::{Launch, Program};

/// An echo server of another maker.
pub trait Server: Sync + RefUnwindSafe {
    /// What the table calls it.
    fn name(&self) -> &'static str;

    /// Starts it, in a folder with its files.
    fn start(&self, case: Case, folder: &Path) -> Listening;

    /// Asserts that the server tells the same of the session as our client does.
    fn confirm(&self, case: Case, server: &mut Program);

    /// What a cell says when its check has passed; the check asks for exactly that.
    fn cell(&self, _check: Check) -> &'static str {
        "yes"
    }

    /// What our client is to say.
    fn message(&self, case: Case) -> Vec<u8> {
        case.message()
    }

    /// What comes back.
    fn answer(&self, message: &[u8]) -> Vec<u8> {
        message.to_vec()
    }

    /// What makes it close first.
    fn farewell(&self) -> &'static str {
        "CLOSE\n"
    }
}

/// A server that listens.
pub struct Listening {
    program: Program,
    port: String,
}

impl Listening {
    /// Starts a server that says on stdout where it listens: in the line with `announcement`, which ends with the port.
    fn start(launch: Launch, announcement: &str) -> Self {
        let program = launch.start();
        let line = program.stdout.wait_for_line(announcement);
        let port = line.rsplit(':').next().unwrap().to_owned();
        Self { program, port }
    }
}

/// Measures a cell: starts this server and our client, lets them talk and close, and asks both how it was.
pub(super) fn visit(server: &dyn Server, case: Case) {
    let folder = case.key().folder();
    let Listening { mut program, port } = server.start(case, folder.path());
    let mut client = Launch::client(folder.path()).args([&format!("localhost:{port}"), "--ca", "ca.pem"]);
    if case.has_client_certificate() {
        client = client.args(["--cert", "client.pem", "--key", "client-key.pem"]);
    }
    let (connected, end) = match case.check {
        Check::Resumption => resume(client),
        Check::ServerCloses => let_it_close(client, server.farewell()),
        _ => pipe(client, &server.message(case), &server.answer(&server.message(case))),
    };
    let client_first = case.check != Check::ServerCloses;
    let closed = if client_first { "closed cleanly, we first" } else { "closed cleanly, the server first" };
    assert!(end.contains(closed), "{end}");
    assert!(connected.contains(&format!(" TLS{} ", case.version)), "{connected}");
    assert!(connected.contains(", server localhost authorized "), "{connected}");
    assert_eq!(connected.contains(", resumed, "), case.is_resumed(), "{connected}");
    server.confirm(case, &mut program);
}

/// Sends stdin and then close_notify; status 0 says that the server's close_notify came behind all of the echo.
fn pipe(client: Launch, message: &[u8], answer: &[u8]) -> (String, String) {
    let mut client = client.args(["--interactive"]).start();
    client.type_in(message);
    client.end_stdin();
    client.expect_exit(0);
    assert!(client.stdout.bytes() == answer, "not what was to come back:\n{}", client.stdout.text());
    last_session(&client)
}

/// Two sessions, the second with the ticket of the first. The message is the same to a server that reverses it.
fn resume(client: Launch) -> (String, String) {
    let mut client = client.args(["--message", "level\n", "--linger", "0s", "--reconnect", "1"]).start();
    client.expect_exit(0);
    assert_eq!(client.stdout.text(), "level\nlevel\n");
    last_session(&client)
}

/// Says what makes the server close, and does not close before it does.
fn let_it_close(client: Launch, farewell: &str) -> (String, String) {
    let mut client = client.args(["--message", farewell, "--linger", "off"]).start();
    client.expect_exit(0);
    last_session(&client)
}

/// How our client says that its last session began, and how it ended.
fn last_session(client: &Program) -> (String, String) {
    let last = |part: &str| client.stderr.lines(part).pop().unwrap();
    (last(" connected: "), last(" bytes received, "))
}
