//! Servers of other makers, and certificates made by OpenSSL.
//!
//! They need programs that not everybody has: `cargo test -- --include-ignored`.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::certificates::Identity;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::{Launch, Program};

/// A server of another maker and its port, in a folder with a certificate.
struct Other {
    server: Program,
    port: String,
    folder: TempDir,
}

impl Other {
    /// Starts it; the line with `announcement` ends with the port.
    fn start(program: &str, arguments: &[&str], announcement: &str) -> Self {
        let folder = TempDir::new();
        Identity::localhost().write(&folder);
        let server = Launch::new(program, folder.path()).args(arguments).start();
        let line = server.stdout.wait_for_line(announcement);
        let port = line.rsplit(':').next().unwrap().to_owned();
        Self { server, port, folder }
    }

    fn openssl(arguments: &[&str]) -> Self {
        let files = ["-cert", "certificates/certificate.pem", "-key", "certificates/key.pem"];
        let accept = ["s_server", "-accept", "127.0.0.1:0"];
        Self::start("openssl", &[&accept[..], &files, arguments].concat(), "ACCEPT ")
    }

    fn client(&self, arguments: &[&str]) -> Program {
        let target = format!("localhost:{}", self.port);
        Launch::client(self.folder.path()).args([&target]).args(arguments).start()
    }
}

#[test]
#[ignore = "needs the program openssl"]
fn openssl_s_server_is_authorized_and_shown() {
    for version in ["-tls1_3", "-tls1_2"] {
        let mut other = Other::openssl(&[version]);
        let mut client = other.client(&["--message", "hello\n", "--linger", "0s"]);
        other.server.stdout.wait_for_line("hello");
        other.server.type_in("welcome!\n");
        client.expect_exit(0);
        assert_eq!(client.stdout.text(), "welcome!\n");
        client.stderr.wait_for_line("server localhost authorized (the very certificate in ");
        client.stderr.wait_for_line("closed cleanly, we first");
    }
}

#[test]
#[ignore = "needs the program openssl"]
fn openssl_s_server_reverses_and_resumes() {
    for version in ["-tls1_3", "-tls1_2"] {
        let other = Other::openssl(&["-rev", version]);
        let mut client = other.client(&["--message", "olleh\n", "--linger", "0s", "--reconnect", "1"]);
        client.expect_exit(0);
        assert_eq!(client.stdout.text(), "hello\nhello\n");
        let lines = client.stderr.lines("connected:");
        assert!(lines[1].contains(", resumed, "), "{lines:#?}");
    }
}

/// Node's answer to the echo server: it greets, and pipes the socket to itself.
const NODE_SERVER: &str = r"
    const read = (name) => require('fs').readFileSync(`certificates/${name}.pem`);
    const server = require('tls').createServer({ cert: read('certificate'), key: read('key') }, (socket) => {
        socket.write('welcome!\n');
        socket.pipe(socket);
        socket.on('error', (error) => console.log(error));
    });
    server.listen(0, '127.0.0.1', () => console.log(`ready:${server.address().port}`));
";

#[test]
#[ignore = "needs the program node"]
fn a_node_server_greets_echoes_and_answers_our_close() {
    let other = Other::start("node", &["-e", NODE_SERVER], "ready:");
    let mut client = other.client(&["--message", "hello\n", "--linger", "off"]);
    client.stdout.wait_for_text("hello\n");
    client.interrupt();
    client.expect_exit(130);
    assert_eq!(client.stdout.text(), "welcome!\nhello\n");
    client.stderr.wait_for_line("server localhost authorized (the very certificate in ");
    client.stderr.wait_for_line("closed cleanly, we first");
    assert_eq!(other.server.stderr.text(), "");
}

#[test]
#[ignore = "needs the program node"]
fn a_node_server_resumes() {
    let other = Other::start("node", &["-e", NODE_SERVER], "ready:");
    let mut client = other.client(&["--linger", "0s", "--reconnect", "2"]);
    client.expect_exit(0);
    assert_eq!(client.stdout.text(), "welcome!\nwelcome!\nwelcome!\n");
    assert_eq!(client.stderr.lines(", resumed, ").len(), 2, "{}", client.stderr.text());
}

#[test]
#[ignore = "needs the program openssl"]
fn the_certificate_of_the_classic_command_serves_both_ends() {
    const COMMAND: &str =
        "openssl req -newkey rsa:2048 -nodes -keyout key.pem -x509 -days 365 -out certificate.pem";
    for common_name in ["localhost", "localhost."] {
        let folder = TempDir::new();
        folder.write("certificates/README", "");
        let command = format!("cd certificates && {COMMAND} -subj /CN={common_name}");
        Launch::new("sh", folder.path()).args(["-c", &command]).start().expect_exit(0);

        let server = EchoServer::start_in(folder, &[]);
        assert!(!server.log().text().contains("made a development certificate"));
        let target = format!("localhost:{}", server.address.port());
        let mut client = Launch::client(server.folder.path()).args([&target, "--linger", "0s"]).start();
        client.expect_exit(0);
        assert_eq!(client.stdout.text(), "welcome!\n");
        let authorized = "server localhost authorized (the very certificate in certificates/certificate.pem)";
        client.stderr.wait_for_line(authorized);
    }
}

#[test]
#[ignore = "needs the program openssl"]
fn keys_of_every_form_serve() {
    const PKCS1: &str = "openssl rsa -in key.pem -traditional -out other.pem && mv other.pem key.pem";
    const SEC1: &str = "openssl ec -in key.pem -out other.pem && mv other.pem key.pem";
    for (identity, convert, label) in [
        (Identity::rsa(), PKCS1, "BEGIN RSA PRIVATE KEY"),
        (Identity::localhost(), SEC1, "BEGIN EC PRIVATE KEY"),
    ] {
        let folder = TempDir::new();
        identity.write(&folder);
        let command = format!("cd certificates && {convert}");
        Launch::new("sh", folder.path()).args(["-c", &command]).start().expect_exit(0);
        assert!(folder.read("certificates/key.pem").contains(label));
        EchoServer::start_in(folder, &[]).serves_a_client();
    }
}
