//! Python's `ssl`.

use super::{Client, Visit};
use crate::program::{Launch, Program};

/// `peers/client.py`.
pub struct PythonClient;

impl Client for PythonClient {
    fn name(&self) -> &'static str {
        "Python ssl, client"
    }

    fn launch(&self, visit: &Visit<'_>) -> Launch {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/client.py");
        let case = visit.case;
        Launch::new("python3", visit.folder())
            .args([script, &visit.port(), case.version.pick("TLSv1_2", "TLSv1_3")])
            .args(case.has_client_certificate().then_some("certificate"))
            .args(case.is_resumed().then_some("resume"))
    }

    fn confirm(&self, visit: &Visit<'_>, client: &Program) {
        let session = |resumed| format!("resumed: {resumed}\nclose_notify went both ways\n");
        let (first, resumed) =
            if visit.case.is_resumed() { (session("False"), "True") } else { (String::new(), "False") };
        assert_eq!(client.stderr.text(), first + &session(resumed));
    }
}
