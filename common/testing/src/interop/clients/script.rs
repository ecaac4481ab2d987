//! Clients in a scripting language: Node's `tls.connect`, and Python's `ssl`.

use super::{Client, Session};
use crate::program::{Launch, Program};

/// `peers/client.js` and `peers/client.py`.
pub struct Script {
    name: &'static str,
    interpreter: &'static str,
    file: &'static str,
    versions: [&'static str; 2],
    /// What the script reports of a full session, and of a resumed one.
    reports: [&'static str; 2],
}

/// Node.
pub const NODE: Script = Script {
    name: "Node tls.connect",
    interpreter: "node",
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/peers/client.js"),
    versions: ["TLSv1.2", "TLSv1.3"],
    reports: [
        "authorized: true\nresumed: false\nthe server sent close_notify\nclosed, error: false\n",
        "authorized: true\nresumed: true\nthe server sent close_notify\nclosed, error: false\n",
    ],
};

/// Python.
pub const PYTHON: Script = Script {
    name: "Python ssl, client",
    interpreter: "python3",
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/peers/client.py"),
    versions: ["TLSv1_2", "TLSv1_3"],
    reports: [
        "resumed: False\nclose_notify went both ways\n",
        "resumed: True\nclose_notify went both ways\n",
    ],
};

impl Client for Script {
    fn name(&self) -> &'static str {
        self.name
    }

    fn launch(&self, session: &Session<'_>) -> Launch {
        let case = session.case;
        let [tls12, tls13] = self.versions;
        Launch::new(self.interpreter, session.folder())
            .args([self.file, &session.port(), case.version.pick(tls12, tls13)])
            .args(case.has_client_certificate().then_some("certificate"))
            .args(case.is_resumed().then_some("resume"))
    }

    fn confirm(&self, session: &Session<'_>, client: &Program) {
        let count = if session.case.is_resumed() { 2 } else { 1 };
        assert_eq!(client.stderr.text(), self.reports[..count].concat());
    }
}
