//! Captures that dumpcap makes of curl, openssl and Node on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::net::TcpListener;
use std::path::Path;
use std::time::Instant;

use testing::LIMIT;
use testing::certificates::Identity;
use testing::folder::TempDir;
use testing::program::{Launch, Program, assert_says};

/// A server that prints `ready`, in a language that Node speaks.
const HTTP2: &str = "const port = process.argv.at(-1); const fs = require('fs');
const server = require('http2').createSecureServer({ key: fs.readFileSync('key.pem'), cert: fs.readFileSync('certificate.pem') });
server.on('request', (_, answer) => answer.end('x'.repeat(100000)));
server.listen(Number(port), '127.0.0.1', () => console.log('ready'));";

/// Returns a port that is free now.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// Captures a port of the loopback interface.
struct Dump {
    program: Program,
    folder: TempDir,
    port: String,
}

impl Dump {
    fn start() -> Self {
        let (folder, port) = (TempDir::new(), free_port());
        let identity = Identity::localhost();
        folder.write("certificate.pem", &identity.certificate);
        folder.write("key.pem", &identity.key);
        let filter = format!("tcp port {port}");
        let arguments = ["-i", "lo", "-f", &filter, "-w", "dump.pcapng", "-q"];
        let program = Launch::new("dumpcap", folder.path()).args(arguments).start();
        program.stderr.wait_for_line("File: ");
        Self { program, folder, port }
    }

    fn server(&self, program: &str, arguments: &[&str], ready: &str) -> Program {
        let server = Launch::new(program, self.folder.path()).args(arguments).start();
        server.stdout.wait_for_line(ready);
        server
    }

    fn curl(&self, arguments: &[&str]) {
        let url = format!("https://localhost:{}/", self.port);
        Launch::new("curl", self.folder.path())
            .args(["--silent", "--output", "answer", "--cacert", "certificate.pem", &url])
            .args(arguments)
            .env("SSLKEYLOGFILE", "keys.log")
            .start()
            .expect_exit(0);
    }

    /// Waits until the file has these ends of sessions. dumpcap writes what it captured twice a second.
    fn shown(&self, arguments: &[&str], sessions: usize) -> String {
        let began = Instant::now();
        loop {
            let shown = show(self.folder.path(), arguments);
            if shown.matches("; server: ").count() == sessions && !shown.contains("the capture ends here") {
                return shown;
            }
            assert!(began.elapsed() < LIMIT, "{shown}\n{}", self.program.stderr.text());
        }
    }
}

fn show(folder: &Path, arguments: &[&str]) -> String {
    let mut program =
        Launch::new(env!("CARGO_BIN_EXE_mio-show"), folder).args(["dump.pcapng"]).args(arguments).start();
    program.stdout.wait_for_end();
    program.stderr.wait_for_end();
    program.end_stdin();
    program.stdout.text()
}

#[test]
#[ignore = "needs dumpcap, and the right to capture"]
fn curl_and_openssl_are_decrypted_with_a_key_log() {
    let dump = Dump::start();
    let address = format!("127.0.0.1:{}", dump.port);
    let arguments = ["s_server", "-accept", &address, "-cert", "certificate.pem", "-key", "key.pem", "-www"];
    let _server = dump.server("openssl", &arguments, "ACCEPT");
    dump.curl(&["--tlsv1.3"]);
    dump.curl(&["--tls-max", "1.2"]);
    let lines = dump.shown(&["--key-log", "keys.log"], 2);
    let [new, old] = lines.lines().collect::<Vec<_>>()[..] else { panic!("{lines}") };
    assert_says(new, &["session 1: ", "TLS 1.3 TLS_", "server name localhost", "decrypted; client: "]);
    assert_says(old, &["session 2: ", "TLS 1.2 TLS_", "server name localhost", "decrypted; client: "]);
    let lines = dump.shown(&[], 2);
    assert_eq!(lines.matches("not decrypted: no secrets").count(), 2, "{lines}");
    let text = show(dump.folder.path(), &["--key-log", "keys.log", "--trace=fields"]);
    assert_says(&text, &["GET / HTTP/1.1"]);
}

#[test]
#[ignore = "needs dumpcap, and the right to capture"]
fn http2_between_curl_and_node_is_drawn() {
    let dump = Dump::start();
    let _server = dump.server("node", &["-e", HTTP2, "--", &dump.port], "ready");
    dump.curl(&["--http2"]);
    let line = dump.shown(&["--key-log", "keys.log", "--illustrate", "drawn"], 1);
    assert_says(&line, &["TLS 1.3 TLS_", "ALPN h2", "decrypted; client: "]);
    let page = dump.folder.read("drawn/capture-1.html");
    assert_says(&page, &["Application data, 16", "EncryptedExtensions", "class=\"ladder capture\""]);
}
