//! `--ech-grease`: handshakes with random bytes in place of an encrypted ClientHello.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::echo_server::EchoServer;

/// The beginnings of the values of `payload` in the trace: random bytes of each ClientHello.
fn payloads(trace: &str) -> Vec<&str> {
    trace.lines().filter_map(|line| line.split_once(" payload: ")).map(|(_, value)| value).collect()
}

/// Runs our server and our client with these arguments. Returns the trace of the client.
fn trace(server: &[&str], client: &[&str]) -> String {
    let server = EchoServer::start(server);
    let arguments = ["--ech-grease", "--linger", "0s", "--trace=fields"];
    let mut client = server.client(&arguments).args(client).start();
    client.expect_exit(0);
    let text = client.stdout.text();
    assert!(text.starts_with("welcome!\n"), "{text}");
    client.stderr.text()
}

#[test]
fn our_server_ignores_the_extension() {
    let trace = trace(&[], &[]);
    assert!(trace.contains("extension_type: encrypted_client_hello (0xfe0d)"), "{trace}");
    assert!(trace.contains("type: outer (0)") && trace.contains("established         TLS1.3"), "{trace}");
    assert_eq!(payloads(&trace).len(), 1, "{trace}");
}

/// RFC 9849, 6.2.1 demands that the client copies the extension into its second ClientHello.
#[test]
fn a_second_client_hello_has_the_same_bytes() {
    let trace = trace(&["--group", "secp256r1"], &[]);
    let payloads = payloads(&trace);
    assert!(trace.contains("after a HelloRetryRequest"), "{trace}");
    assert_eq!(payloads.len(), 2, "{trace}");
    assert_eq!(payloads[0], payloads[1]);
}

#[test]
fn a_resumed_session_has_new_bytes() {
    let trace = trace(&[], &["--reconnect", "1"]);
    let payloads = payloads(&trace);
    assert!(trace.contains(", resumed, "), "{trace}");
    assert_eq!(payloads.len(), 2, "{trace}");
    assert_ne!(payloads[0], payloads[1]);
}
