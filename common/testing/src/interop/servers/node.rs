//! Node's `tls.createServer`.

use std::path::Path;

use super::{Listening, Server};
use crate::interop::case::Case;
use crate::program::{Launch, Program};

/// `peers/server.js`.
pub struct NodeServer;

impl Server for NodeServer {
    fn name(&self) -> &'static str {
        "Node tls.createServer"
    }

    fn start(&self, case: Case, folder: &Path) -> Listening {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/server.js");
        let launch = Launch::new("node", folder)
            .args([script, case.version.pick("TLSv1.2", "TLSv1.3")])
            .args(case.has_client_certificate().then_some("certificate"));
        Listening::start(launch, "listening on ")
    }

    fn confirm(&self, case: Case, server: &mut Program) {
        let sessions = if case.is_resumed() { 2 } else { 1 };
        let log = &server.stderr;
        log.wait_for_lines(sessions, "the client sent close_notify");
        log.wait_for_lines(sessions, "closed, error: false");
        assert_eq!(log.lines("resumed: true").len(), sessions - 1, "{}", log.text());
        assert_eq!(
            log.lines("authorized: true").is_empty(),
            !case.has_client_certificate(),
            "{}",
            log.text()
        );
    }
}
