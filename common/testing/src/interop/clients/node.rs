//! Node's `tls.connect`.

use super::{Client, Session};
use crate::program::{Launch, Program};

/// `peers/client.js`.
pub struct NodeClient;

impl Client for NodeClient {
    fn name(&self) -> &'static str {
        "Node tls.connect"
    }

    fn launch(&self, session: &Session<'_>) -> Launch {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/client.js");
        let case = session.case;
        Launch::new("node", session.folder())
            .args([script, &session.port(), case.version.pick("TLSv1.2", "TLSv1.3")])
            .args(case.has_client_certificate().then_some("certificate"))
            .args(case.is_resumed().then_some("resume"))
    }

    fn confirm(&self, session: &Session<'_>, client: &Program) {
        let report = |resumed| {
            format!(
                "authorized: true\nresumed: {resumed}\nthe server sent close_notify\nclosed, error: false\n"
            )
        };
        let first = if session.case.is_resumed() { report(false) } else { String::new() };
        assert_eq!(client.stderr.text(), first + &report(session.case.is_resumed()));
    }
}
