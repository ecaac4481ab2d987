//! Our client and other servers.

pub mod gnutls;
pub mod openssl;
pub mod script;

use std::panic::RefUnwindSafe;
use std::path::Path;

use super::case::{Case, Check};
use crate::program::{Launch, Program};

/// Another echo server.
pub trait Server: Sync + RefUnwindSafe {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// Starts it in a folder with its files.
    fn start(&self, case: Case, folder: &Path) -> Listening;

    /// Asserts that the server reports the same about the session as our client.
    fn confirm(&self, case: Case, server: &mut Program);

    /// The text of a cell that has passed. The check expects exactly that.
    fn cell(&self, _check: Check) -> &'static str {
        "yes"
    }

    /// The message of our client.
    fn message(&self, case: Case) -> Vec<u8> {
        case.message()
    }

    /// The answer of the server.
    fn answer(&self, message: &[u8]) -> Vec<u8> {
        message.to_vec()
    }

    /// The message that makes it close first.
    fn close_request(&self) -> &'static str {
        "CLOSE\n"
    }
}

/// A running server.
pub struct Listening {
    program: Program,
    port: String,
}

impl Listening {
    /// Starts a server that prints a line with `announcement` on stdout, which ends with its port.
    fn start(launch: Launch, announcement: &str) -> Self {
        let program = launch.start();
        let line = program.stdout.wait_for_line(announcement);
        let port = line.rsplit(':').next().unwrap().to_owned();
        Self { program, port }
    }
}

/// Checks a cell: runs this server and our client, and compares what both report.
pub(super) fn check(server: &dyn Server, case: Case) {
    let folder = case.key().folder();
    let Listening { mut program, port } = server.start(case, folder.path());
    let mut client = Launch::client(folder.path()).args([&format!("localhost:{port}"), "--ca", "ca.pem"]);
    if case.has_client_certificate() {
        client = client.args(["--cert", "client.pem", "--key", "client-key.pem"]);
    }
    let (connected, end) = match case.check {
        Check::Resumption => resume(client),
        Check::ServerCloses => let_it_close(client, server.close_request()),
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

/// Sends stdin and then close_notify. Status 0 means that the server's close_notify followed the complete echo.
fn pipe(client: Launch, message: &[u8], answer: &[u8]) -> (String, String) {
    let mut client = client.args(["--interactive"]).start();
    client.type_in(message);
    client.end_stdin();
    client.expect_exit(0);
    assert!(client.stdout.bytes() == answer, "another answer than expected:\n{}", client.stdout.text());
    last_session(&client)
}

/// Runs two sessions, the second with the ticket of the first. The message is a palindrome, for a server that
/// reverses it.
fn resume(client: Launch) -> (String, String) {
    let mut client = client.args(["--message", "level\n", "--linger", "0s", "--reconnect", "1"]).start();
    client.expect_exit(0);
    assert_eq!(client.stdout.text(), "level\nlevel\n");
    last_session(&client)
}

/// Sends the message that makes the server close, and does not close first.
fn let_it_close(client: Launch, close_request: &str) -> (String, String) {
    let mut client = client.args(["--message", close_request, "--linger", "off"]).start();
    client.expect_exit(0);
    last_session(&client)
}

/// The lines in our client's log that report how its last session began and ended.
fn last_session(client: &Program) -> (String, String) {
    let last = |part: &str| client.stderr.lines(part).pop().unwrap();
    (last(" connected: "), last(" bytes received, "))
}
