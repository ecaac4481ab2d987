//! The interoperability table in README.md is correct, cell for cell.
//!
//! The tests need other programs: `cargo test -- --include-ignored`. `cargo run --package testing --example interop`
//! prints the current table.

use testing::interop::table::{self, Row};
use testing::interop::{Peer, Version};

/// Measures all cells of this program, and compares them with the cells in README.md.
fn measure(name: &str) {
    let measured = Peer::named(name).measure();
    let in_readme: Vec<Row> = table::in_readme().into_iter().filter(|row| row.peer == name).collect();
    assert!(measured.iter().all(Row::passed), "{measured:#?}");
    assert_eq!(measured, in_readme, "the table in README.md is out of date");
}

#[test]
fn the_table_has_every_program_and_version() {
    let in_readme: Vec<_> = table::in_readme().into_iter().map(|row| (row.peer, row.version)).collect();
    let expected: Vec<_> = Peer::ALL
        .into_iter()
        .flat_map(|peer| Version::ALL.map(|version| (peer.name().to_owned(), version.to_string())))
        .collect();
    assert_eq!(in_readme, expected);
}

#[test]
#[ignore = "needs the program openssl"]
fn openssl_s_client_does_what_the_table_says() {
    measure("openssl s_client");
}

#[test]
#[ignore = "needs the program node"]
fn a_node_client_does_what_the_table_says() {
    measure("Node tls.connect");
}

#[test]
#[ignore = "needs the program python3"]
fn a_python_client_does_what_the_table_says() {
    measure("Python ssl, client");
}

#[test]
#[ignore = "needs the program gnutls-cli"]
fn gnutls_cli_does_what_the_table_says() {
    measure("gnutls-cli");
}

#[test]
#[ignore = "needs the program curl"]
fn curl_does_what_the_table_says() {
    measure("curl");
}

#[test]
#[ignore = "needs the program openssl"]
fn openssl_s_server_does_what_the_table_says() {
    measure("openssl s_server");
}

#[test]
#[ignore = "needs the program node"]
fn a_node_server_does_what_the_table_says() {
    measure("Node tls.createServer");
}

#[test]
#[ignore = "needs the program python3"]
fn a_python_server_does_what_the_table_says() {
    measure("Python ssl, server");
}

#[test]
#[ignore = "needs the program gnutls-serv"]
fn gnutls_serv_does_what_the_table_says() {
    measure("gnutls-serv");
}
