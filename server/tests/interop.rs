//! Clients of other makers: OpenSSL's, and Node's, which is the client that people have at hand.
//!
//! They need programs that not everybody has: `cargo test -- --include-ignored`.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::echo_server::EchoServer;
use testing::program::Launch;

#[test]
#[ignore = "needs the program openssl"]
fn openssl_s_client_is_greeted_echoed_and_answered() {
    for version in ["-tls1_3", "-tls1_2"] {
        let server = EchoServer::start(&[]);
        let mut client = Launch::new("openssl", server.folder.path())
            .args(["s_client", "-connect", &server.address.to_string(), version])
            .args(["-CAfile", "certificates/certificate.pem", "-verify_return_error"])
            .args(["-servername", "localhost", "-verify_hostname", "localhost"])
            .start();
        client.stdout.wait_for_line("welcome!");
        client.type_in("hello\n");
        client.stdout.wait_for_line("hello");
        client.end_stdin();
        client.expect_exit(0);
        client.stdout.wait_for_line("Verification: OK");
        server.log().wait_for_line("closed cleanly, the client first; 6 bytes received, 15 sent");
    }
}

#[test]
#[ignore = "needs the program openssl"]
fn openssl_s_client_resumes_its_session() {
    for version in ["-tls1_3", "-tls1_2"] {
        let server = EchoServer::start(&[]);
        for (file, report) in [("-sess_out", "connected:"), ("-sess_in", ", resumed, ")] {
            let mut client = Launch::new("openssl", server.folder.path())
                .args(["s_client", "-connect", &server.address.to_string(), version, file, "session.pem"])
                .start();
            client.stdout.wait_for_line("welcome!");
            client.end_stdin();
            client.expect_exit(0);
            server.log().wait_for_line(report);
        }
    }
}

#[test]
#[ignore = "needs the program node"]
fn a_node_client_authorizes_the_server_and_ends_gracefully() {
    const CLIENT: &str = r"
        const ca = require('fs').readFileSync('certificates/certificate.pem');
        const socket = require('tls').connect({ host: 'localhost', port: process.argv[1], ca }, () => {
            console.log('authorized:', socket.authorized);
        });
        let text = '';
        socket.setEncoding('utf8');
        socket.on('data', (data) => {
            text += data;
            if (text === 'welcome!\n') socket.write('hello\n');
            if (text === 'welcome!\nhello\n') socket.end();
        });
        socket.on('end', () => console.log('the server has ended'));
        socket.on('close', (hadError) => console.log('error:', hadError, JSON.stringify(text)));
    ";
    let server = EchoServer::start(&[]);
    let port = server.address.port().to_string();
    let mut client = Launch::new("node", server.folder.path()).args(["-e", CLIENT, &port]).start();
    client.expect_exit(0);
    let expected = "authorized: true\nthe server has ended\nerror: false \"welcome!\\nhello\\n\"\n";
    assert_eq!(client.stdout.text(), expected);
    assert_eq!(client.stderr.text(), "");
    server.log().wait_for_line("closed cleanly, the client first; 6 bytes received, 15 sent");
}
