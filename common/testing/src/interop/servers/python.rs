//! Python's `ssl`.

use std::path::Path;

use super::{Listening, Server};
use crate::interop::case::Case;
use crate::program::{Launch, Program};

/// `peers/server.py`.
pub struct PythonServer;

impl Server for PythonServer {
    fn name(&self) -> &'static str {
        "Python ssl, server"
    }

    fn start(&self, case: Case, folder: &Path) -> Listening {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/server.py");
        let launch = Launch::new("python3", folder)
            .args([script, case.version.pick("TLSv1_2", "TLSv1_3")])
            .args(case.has_client_certificate().then_some("certificate"));
        Listening::start(launch, "listening on ")
    }

    fn confirm(&self, case: Case, server: &mut Program) {
        let sessions = if case.is_resumed() { 2 } else { 1 };
        let log = &server.stderr;
        log.wait_for_lines(sessions, "close_notify went both ways");
        assert_eq!(log.lines("resumed: True").len(), sessions - 1, "{}", log.text());
        assert_eq!(
            log.lines("certificate: True").is_empty(),
            !case.has_client_certificate(),
            "{}",
            log.text()
        );
    }
}
