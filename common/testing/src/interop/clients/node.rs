//! Node's `tls.connect`.

use super::{Client, Visit};
use crate::program::{Launch, Program};

/// `peers/client.js`.
pub struct NodeClient;

impl Client for NodeClient {
    fn name(&self) -> &'static str {
        "Node tls.connect"
    }

    fn launch(&self, visit: &Visit<'_>) -> Launch {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/client.js");
        let case = visit.case;
        Launch::new("node", visit.folder())
            .args([script, &visit.port(), case.version.pick("TLSv1.2", "TLSv1.3")])
            .args(case.has_client_certificate().then_some("certificate"))
            .args(case.is_resumed().then_some("resume"))
    }

    fn confirm(&self, visit: &Visit<'_>, client: &Program) {
        let session = |resumed| {
            format!(
                "authorized: true\nresumed: {resumed}\nthe server sent close_notify\nclosed, error: false\n"
            )
        };
        let first = if visit.case.is_resumed() { session(false) } else { String::new() };
        assert_eq!(client.stderr.text(), first + &session(visit.case.is_resumed()));
    }
}
