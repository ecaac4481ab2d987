//! `gnutls-serv`.

use std::net::TcpListener;
use std::path::Path;

use super::{Listening, Server};
use crate::interop::case::{self, Case, Check};
use crate::program::{Launch, Program};

/// `gnutls-serv --echo`. It echoes only text, which ends with a newline and contains no byte 0. It closes first only
/// in its HTTP mode.
pub struct GnutlsServ;

impl Server for GnutlsServ {
    fn name(&self) -> &'static str {
        "gnutls-serv"
    }

    fn start(&self, case: Case, folder: &Path) -> Listening {
        loop {
            // It accepts port 0, but does not report the port. Another program may take this free port meanwhile.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
            let program = self.launch(case, folder).args(["--port", &port]).start();
            if program.stderr.wait_for_line("listening on IPv4").ends_with("done") {
                return Listening { program, port };
            }
        }
    }

    fn confirm(&self, case: Case, server: &mut Program) {
        if case.is_resumed() {
            server.stdout.wait_for_line("*** This is a resumed session");
        }
        if case.has_client_certificate() {
            server.stdout.wait_for_line("- Status: The certificate is trusted.");
        }
    }

    fn cell(&self, check: Check) -> &'static str {
        match check {
            Check::Megabyte => "yes, as text",
            Check::ServerCloses => "yes, in its HTTP mode",
            _ => "yes",
        }
    }

    fn message(&self, case: Case) -> Vec<u8> {
        if case.check == Check::Megabyte { case::lines() } else { case.message() }
    }

    fn close_request(&self) -> &'static str {
        "GET / HTTP/1.0\r\n\r\n"
    }
}

impl GnutlsServ {
    fn launch(&self, case: Case, folder: &Path) -> Launch {
        let mode = if case.check == Check::ServerCloses { "--http" } else { "--echo" };
        let priority = case.version.pick("NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3");
        let launch = Launch::new("gnutls-serv", folder)
            .args([mode, "--x509certfile", "server.pem", "--x509keyfile", "server-key.pem"])
            .args(["--priority", priority]);
        if case.has_client_certificate() {
            return launch.args(["--x509cafile", "ca.pem", "--require-client-cert", "--verify-client-cert"]);
        }
        launch.args(["--disable-client-cert"])
    }
}
