//! `curl` speaks HTTP: our server's greeting is the head of a response, and the echo of the request is the body.

use super::{Client, Session};
use crate::interop::case::{Case, Check};
use crate::program::{Launch, Program};

/// `curl`: posts its stdin, and receives its whole request as the response.
pub struct Curl;

impl Client for Curl {
    fn name(&self) -> &'static str {
        "curl"
    }

    fn launch(&self, session: &Session<'_>) -> Launch {
        let version = session.case.version;
        let url = format!("https://localhost:{}/", session.port());
        let sessions = if session.case.is_resumed() { 2 } else { 1 };
        let launch = Launch::new("curl", session.folder())
            .args([
                "--verbose",
                "--silent",
                "--no-buffer",
                "--noproxy",
                "*",
                "--ipv4",
                "--cacert",
                "ca.pem",
                "--http1.1",
            ])
            .args(version.pick("--tlsv1.2 --tls-max 1.2", "--tlsv1.3 --tls-max 1.3").split(' '))
            .args(["--header", "Host: echo", "--header", "User-Agent:", "--header", "Accept:"])
            .args(["--header", "Content-Type:", "--header", "Expect:", "--data-binary", "@-"])
            .args(vec![url; sessions]);
        if session.case.has_client_certificate() {
            return launch.args(["--cert", "client.pem", "--key", "client-key.pem"]);
        }
        launch
    }

    fn confirm(&self, session: &Session<'_>, client: &Program) {
        let log = client.stderr.text();
        // "SSL re-using session ID", and "SSL reusing session" in later versions.
        assert_eq!(log.contains("using session"), session.case.is_resumed(), "{log}");
        let direction = if session.closes_first() { "(OUT)" } else { "(IN)" };
        assert!(log.contains(&format!("{direction}, TLS alert, close notify")), "{log}");
    }

    /// The length of the response tells curl when to close. Without a length, curl waits for the server to close.
    fn greeting(&self, case: Case) -> String {
        if case.check == Check::ServerCloses {
            return "HTTP/1.0 200 OK\r\n\r\n".to_owned();
        }
        let length = self.request(&case.message()).len();
        format!("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n")
    }

    fn request(&self, message: &[u8]) -> Vec<u8> {
        let length = message.len();
        let head = format!("POST / HTTP/1.1\r\nHost: echo\r\nContent-Length: {length}\r\n\r\n");
        [head.as_bytes(), message].concat()
    }

    fn output(&self, case: Case) -> Vec<u8> {
        let answer = self.request(&case.message());
        if case.is_resumed() { answer.repeat(2) } else { answer }
    }

    fn is_interactive(&self) -> bool {
        false
    }
}
