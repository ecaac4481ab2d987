//! Python's `ssl`.

use super::{Client, Session};
use crate::program::{Launch, Program};

/// `peers/client.py`.
pub struct PythonClient;

impl Client for PythonClient {
    fn name(&self) -> &'static str {
        "Python ssl, client"
    }

    fn launch(&self, session: &Session<'_>) -> Launch {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/client.py");
        let case = session.case;
        Launch::new("python3", session.folder())
            .args([script, &session.port(), case.version.pick("TLSv1_2", "TLSv1_3")])
            .args(case.has_client_certificate().then_some("certificate"))
            .args(case.is_resumed().then_some("resume"))
    }

    fn confirm(&self, session: &Session<'_>, client: &Program) {
        let report = |resumed| format!("resumed: {resumed}\nclose_notify went both ways\n");
        let (first, resumed) =
            if session.case.is_resumed() { (report("False"), "True") } else { (String::new(), "False") };
        assert_eq!(client.stderr.text(), first + &report(resumed));
    }
}
