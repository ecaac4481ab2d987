//! Servers in a scripting language: Node's `tls.createServer`, and Python's `ssl`.

use std::path::Path;

use super::{Listening, Server};
use crate::interop::case::Case;
use crate::program::{Launch, Program};

/// `peers/server.js` and `peers/server.py`.
pub struct Script {
    name: &'static str,
    interpreter: &'static str,
    file: &'static str,
    versions: [&'static str; 2],
    /// What the script reports of every session.
    reports: &'static [&'static str],
    /// What it reports of a resumed session, and of a client certificate.
    resumed: &'static str,
    certificate: &'static str,
}

/// Node.
pub const NODE: Script = Script {
    name: "Node tls.createServer",
    interpreter: "node",
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/peers/server.js"),
    versions: ["TLSv1.2", "TLSv1.3"],
    reports: &["the client sent close_notify", "closed, error: false"],
    resumed: "resumed: true",
    certificate: "authorized: true",
};

/// Python.
pub const PYTHON: Script = Script {
    name: "Python ssl, server",
    interpreter: "python3",
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/peers/server.py"),
    versions: ["TLSv1_2", "TLSv1_3"],
    reports: &["close_notify went both ways"],
    resumed: "resumed: True",
    certificate: "certificate: True",
};

impl Server for Script {
    fn name(&self) -> &'static str {
        self.name
    }

    fn start(&self, case: Case, folder: &Path) -> Listening {
        let [tls12, tls13] = self.versions;
        let launch = Launch::new(self.interpreter, folder)
            .args([self.file, case.version.pick(tls12, tls13)])
            .args(case.has_client_certificate().then_some("certificate"));
        Listening::start(launch, "listening on ")
    }

    fn confirm(&self, case: Case, server: &mut Program) {
        let sessions = if case.is_resumed() { 2 } else { 1 };
        let log = &server.stderr;
        for report in self.reports {
            log.wait_for_lines(sessions, report);
        }
        assert_eq!(log.lines(self.resumed).len(), sessions - 1, "{}", log.text());
        let has_certificate = !log.lines(self.certificate).is_empty();
        assert_eq!(has_certificate, case.has_client_certificate(), "{}", log.text());
    }
}
