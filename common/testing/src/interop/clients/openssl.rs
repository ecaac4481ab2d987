//! `openssl s_client`.

use super::{Client, Visit};
use crate::program::{Launch, Program};

/// `openssl s_client`: with `-brief`, only the echo on stdout; without `-ign_eof`, the end of stdin closes.
pub struct SClient;

const TICKET: &str = "ticket.pem";
const MESSAGES: &str = "messages.txt";

impl Client for SClient {
    fn name(&self) -> &'static str {
        "openssl s_client"
    }

    fn launch(&self, visit: &Visit<'_>) -> Launch {
        let launch = s_client(visit).args(["-msg", "-msgfile", MESSAGES]);
        if visit.case.is_resumed() { launch.args(["-sess_in", TICKET]) } else { launch }
    }

    fn fetch_ticket(&self, visit: &Visit<'_>) {
        let mut first = s_client(visit).args(["-sess_out", TICKET]).start();
        first.stdout.wait_for_line("welcome!");
        first.end_stdin();
        first.expect_exit(0);
    }

    /// It keeps no account of how a session ends, but one of all messages.
    fn confirm(&self, visit: &Visit<'_>, client: &Program) {
        client.stderr.wait_for_line("Verification: OK");
        let messages = visit.server.folder.read(MESSAGES);
        let has = |direction: &str, message: &str| {
            messages.lines().any(|line| line.starts_with(direction) && line.contains(message))
        };
        assert!(has(">>>", "close_notify"), "{messages}");
        assert!(visit.closes_first() || has("<<<", "close_notify"), "{messages}");
        // A server that resumes does not present its certificate again.
        assert_eq!(has("<<<", ", Certificate"), !visit.case.is_resumed(), "{messages}");
    }
}

fn s_client(visit: &Visit<'_>) -> Launch {
    let target = format!("127.0.0.1:{}", visit.port());
    let launch = Launch::new("openssl", visit.folder())
        .args(["s_client", visit.case.version.pick("-tls1_2", "-tls1_3"), "-brief", "-nocommands"])
        .args(["-CAfile", "ca.pem", "-verify_return_error", "-verify_hostname", "localhost"])
        .args(["-connect", &target, "-servername", "localhost"]);
    if visit.case.has_client_certificate() {
        return launch.args(["-cert", "client.pem", "-key", "client-key.pem"]);
    }
    launch
}
