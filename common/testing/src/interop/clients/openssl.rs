//! `openssl s_client`.

use super::{Client, Session};
use crate::program::{Launch, Program};

/// `openssl s_client`. With `-brief`, stdout has only the echo. Without `-ign_eof`, it closes at the end of stdin.
pub struct SClient;

const TICKET: &str = "ticket.pem";
const MESSAGES: &str = "messages.txt";

impl Client for SClient {
    fn name(&self) -> &'static str {
        "openssl s_client"
    }

    fn launch(&self, session: &Session<'_>) -> Launch {
        let launch = s_client(session).args(["-msg", "-msgfile", MESSAGES]);
        if session.case.is_resumed() { launch.args(["-sess_in", TICKET]) } else { launch }
    }

    fn fetch_ticket(&self, session: &Session<'_>) {
        let mut first = s_client(session).args(["-sess_out", TICKET]).start();
        first.stdout.wait_for_line("welcome!");
        first.end_stdin();
        first.expect_exit(0);
    }

    /// It does not report how a session ends, but it logs all messages.
    fn confirm(&self, session: &Session<'_>, client: &Program) {
        client.stderr.wait_for_line("Verification: OK");
        let messages = session.server.folder.read(MESSAGES);
        let has = |direction: &str, message: &str| {
            messages.lines().any(|line| line.starts_with(direction) && line.contains(message))
        };
        assert!(has(">>>", "close_notify"), "{messages}");
        assert!(session.closes_first() || has("<<<", "close_notify"), "{messages}");
        // In a resumed session the server does not present its certificate again.
        assert_eq!(has("<<<", ", Certificate"), !session.case.is_resumed(), "{messages}");
    }
}

fn s_client(session: &Session<'_>) -> Launch {
    let target = format!("127.0.0.1:{}", session.port());
    let launch = Launch::new("openssl", session.folder())
        .args(["s_client", session.case.version.pick("-tls1_2", "-tls1_3"), "-brief", "-nocommands"])
        .args(["-CAfile", "ca.pem", "-verify_return_error", "-verify_hostname", "localhost"])
        .args(["-connect", &target, "-servername", "localhost"]);
    if session.case.has_client_certificate() {
        return launch.args(["-cert", "client.pem", "-key", "client-key.pem"]);
    }
    launch
}
