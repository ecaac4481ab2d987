//! `gnutls-cli`.

use super::{Client, Session};
use crate::interop::case::Check;
use crate::program::{Launch, Program};

/// `gnutls-cli`. Its messages go to a file, so that stdout has only the echo.
pub struct GnutlsCli;

const LOG: &str = "gnutls-cli.log";

impl Client for GnutlsCli {
    fn name(&self) -> &'static str {
        "gnutls-cli"
    }

    fn launch(&self, session: &Session<'_>) -> Launch {
        let version = session.case.version;
        let priority = version.pick("NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3");
        let mut arguments = vec!["--x509cafile", "ca.pem", "--logfile", LOG, "--priority", priority];
        if session.case.has_client_certificate() {
            arguments.extend(["--x509certfile", "client.pem", "--x509keyfile", "client-key.pem"]);
        }
        if session.case.is_resumed() {
            arguments.extend(["--resume", "--waitresumption"]);
        }
        Launch::new("gnutls-cli", session.folder())
            .args(arguments)
            .args([
                "--port",
                &session.port(),
                "--sni-hostname",
                "localhost",
                "--verify-hostname",
                "localhost",
            ])
            .args(["127.0.0.1"])
    }

    fn confirm(&self, session: &Session<'_>, _client: &Program) {
        let log = session.server.folder.read(LOG);
        assert!(log.contains("- Status: The certificate is trusted."), "{log}");
        assert!(log.contains("- Peer has closed the GnuTLS connection"), "{log}");
        assert_eq!(log.contains("*** This is a resumed session"), session.case.is_resumed(), "{log}");
    }

    fn cell(&self, check: Check) -> &'static str {
        if check == Check::ServerCloses { "no: it answers with a bare FIN" } else { "yes" }
    }

    fn end_after_server(&self) -> &'static str {
        "we closed; the client just left, without a close_notify of its own"
    }
}
