//! `openssl s_server`.

use std::path::Path;

use super::{Listening, Server};
use crate::interop::case::{self, Case, Check};
use crate::program::{Launch, Program};

/// `openssl s_server -rev`, which sends each line back, reversed. It has no echo mode.
pub struct SServer;

impl Server for SServer {
    fn name(&self) -> &'static str {
        "openssl s_server"
    }

    fn start(&self, case: Case, folder: &Path) -> Listening {
        let sessions = if case.is_resumed() { "2" } else { "1" };
        let launch = Launch::new("openssl", folder)
            .args(["s_server", "-rev", "-accept", "127.0.0.1:0", "-naccept", sessions])
            .args([case.version.pick("-tls1_2", "-tls1_3"), "-cert", "server.pem", "-key", "server-key.pem"]);
        let launch = if case.has_client_certificate() {
            launch.args(["-CAfile", "ca.pem", "-Verify", "1", "-verify_return_error"])
        } else {
            launch
        };
        Listening::start(launch, "ACCEPT ")
    }

    /// It prints `CONNECTION CLOSED` for a close_notify, and `ERROR` for a FIN without one.
    fn confirm(&self, case: Case, server: &mut Program) {
        server.expect_exit(0);
        let sessions = if case.is_resumed() { 2 } else { 1 };
        assert_eq!(server.stderr.lines("CONNECTION CLOSED").len(), sessions, "{}", server.stderr.text());
        let subject = if case.has_client_certificate() { "client.test" } else { "No peer certificate" };
        server.stderr.wait_for_line(subject);
        let hits = if case.is_resumed() { "   1 session cache hits" } else { "   0 session cache hits" };
        server.stdout.wait_for_line(hits);
    }

    fn cell(&self, check: Check) -> &'static str {
        if check == Check::Megabyte { "yes, each line reversed" } else { "yes" }
    }

    fn message(&self, case: Case) -> Vec<u8> {
        if case.check == Check::Megabyte { case::lines() } else { case.message() }
    }

    fn answer(&self, message: &[u8]) -> Vec<u8> {
        let reversed = |line: &[u8]| line.iter().rev().copied().chain([b'\n']).collect::<Vec<u8>>();
        message.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').flat_map(reversed).collect()
    }
}
