//! Measures and prints the interoperability table of README.md.
//!
//! It needs openssl, node, python3, gnutls-cli, gnutls-serv and curl:
//! `cargo run --package testing --example interop`.

use std::process::{Command, ExitCode};

use testing::interop::Peer;
use testing::interop::table::{self, Row};

fn main() -> ExitCode {
    let rows = Peer::measure_all();
    println!("Measured with {}.", versions().join(", "));
    print!("{}", table::markdown(&rows));
    if rows.iter().all(Row::passed) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn versions() -> [String; 5] {
    [
        format!("OpenSSL {}", word(1, &["openssl", "version"])),
        format!("Node {}", word(0, &["node", "--version"])),
        format!("Python {}", word(1, &["python3", "--version"])),
        format!("GnuTLS {}", word(1, &["gnutls-cli", "--version"])),
        format!("curl {}", word(1, &["curl", "--version"])),
    ]
}

/// Returns one word of a program's output.
fn word(number: usize, command: &[&str]) -> String {
    let output = Command::new(command[0]).args(&command[1..]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().nth(number).unwrap_or("?").to_owned()
}
