//! The interoperability table in README.md is correct, cell for cell.
//!
//! The test needs other programs: `cargo test -- --include-ignored`. `cargo run --package testing --example interop`
//! prints the current table.

use testing::interop::Peer;
use testing::interop::table::{self, Row};

#[test]
#[ignore = "needs openssl, node, python3, gnutls-cli, gnutls-serv and curl"]
fn every_program_does_what_the_table_says() {
    let measured = Peer::measure_all();
    assert!(measured.iter().all(Row::passed), "{measured:#?}");
    assert_eq!(measured, table::in_readme(), "the table in README.md is out of date");
}
