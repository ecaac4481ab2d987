//! A scanner finds no weak version, suite or curve.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::echo_server::EchoServer;
use testing::program::Launch;

const SUITES: [&str; 9] = [
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-CHACHA20-POLY1305",
];
const GROUPS: [&str; 3] = ["x25519", "secp256r1", "secp384r1"];

/// The output of sslscan, in lines.
fn scan(server: &EchoServer) -> Vec<String> {
    let mut scanner = Launch::new("sslscan", server.folder.path())
        .args(["--no-colour", &format!("localhost:{}", server.address.port())])
        .start();
    scanner.expect_exit(0);
    scanner.stdout.text().lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
#[ignore = "needs sslscan"]
fn a_scanner_finds_two_versions_six_suites_and_no_weakness() {
    let server = EchoServer::start(&["--handshake-timeout", "2s"]);
    let found = scan(&server);
    let assert_line = |line: &str| assert!(found.iter().any(|found| found == line), "{line}: {found:#?}");
    for version in ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"] {
        assert_line(&format!("{version:<10}disabled"));
    }
    for version in ["TLSv1.2", "TLSv1.3"] {
        assert_line(&format!("{version:<10}enabled"));
        assert_line(&format!("{version} not vulnerable to heartbleed"));
    }
    assert_line("Session renegotiation not supported");

    let suites: Vec<&String> =
        found.iter().filter(|line| line.starts_with("Preferred ") || line.starts_with("Accepted ")).collect();
    assert_eq!(suites.len(), 6, "six of the nine suites fit an ECDSA certificate: {suites:#?}");
    assert!(suites.iter().all(|line| line.split(' ').any(|word| SUITES.contains(&word))), "{suites:#?}");

    let groups: Vec<&String> = found
        .iter()
        .filter(|line| line.starts_with("TLSv1.3 ") && line.contains(" bits  ") && !suites.contains(line))
        .collect();
    assert_eq!(groups.len(), 3, "{groups:#?}");
    assert!(groups.iter().all(|line| line.split(' ').any(|word| GROUPS.contains(&word))), "{groups:#?}");
    server.serves_a_client();
}
