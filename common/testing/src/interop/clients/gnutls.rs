//! `gnutls-cli`.

use super::{Client, Visit};
use crate::interop::case::Check;
use crate::program::{Launch, Program};

/// `gnutls-cli`, whose own words go to a file, so that stdout has the echo alone.
pub struct GnutlsCli;

const LOG: &str = "gnutls-cli.log";

impl Client for GnutlsCli {
    fn name(&self) -> &'static str {
        "gnutls-cli"
    }

    fn launch(&self, visit: &Visit<'_>) -> Launch {
        let version = visit.case.version;
        let priority = version.pick("NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3");
        let mut arguments = vec!["--x509cafile", "ca.pem", "--logfile", LOG, "--priority", priority];
        if visit.case.has_client_certificate() {
            arguments.extend(["--x509certfile", "client.pem", "--x509keyfile", "client-key.pem"]);
        }
        if visit.case.is_resumed() {
            arguments.extend(["--resume", "--waitresumption"]);
        }
        Launch::new("gnutls-cli", visit.folder())
            .args(arguments)
            .args(["--port", &visit.port(), "--sni-hostname", "localhost", "--verify-hostname", "localhost"])
            .args(["127.0.0.1"])
    }

    fn confirm(&self, visit: &Visit<'_>, _client: &Program) {
        let log = visit.server.folder.read(LOG);
        assert!(log.contains("- Status: The certificate is trusted."), "{log}");
        assert!(log.contains("- Peer has closed the GnuTLS connection"), "{log}");
        assert_eq!(log.contains("*** This is a resumed session"), visit.case.is_resumed(), "{log}");
    }

    fn cell(&self, check: Check) -> &'static str {
        if check == Check::ServerCloses { "no: it answers with a bare FIN" } else { "yes" }
    }

    fn end_after_server(&self) -> &'static str {
        "we closed; the client just left, without a close_notify of its own"
    }
}
