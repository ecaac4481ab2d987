//! The text of a Python program, inside a command of the shell.

use std::fmt::Display;

use decode::hex;
use decode::schedule::{HashAlgorithm, Key};
use rustls::Side;

/// The most bytes whose hexadecimal digits are on one line.
const ONE_LINE: usize = 48;
/// The number of bytes of each line of a longer value.
const LINE: usize = 32;

/// A Python program that grows line by line.
#[derive(Default)]
pub(super) struct Program(String);

impl Program {
    /// Begins a program with these imports.
    pub(super) fn new(imports: &'static str) -> Self {
        Self(format!("{imports}\n\n"))
    }

    /// Adds a line.
    pub(super) fn line(mut self, line: impl Display) -> Self {
        self.0.push_str(&format!("{line}\n"));
        self
    }

    /// Assigns bytes to a variable. The program has them in hexadecimal.
    pub(super) fn bytes(self, name: &'static str, bytes: &[u8]) -> Self {
        if bytes.len() <= ONE_LINE {
            return self.line(format_args!("{name} = bytes.fromhex(\"{}\")", hex(bytes)));
        }
        let lines: Vec<String> = bytes.chunks(LINE).map(|line| format!("    {}\n", hex(line))).collect();
        self.line(format_args!("{name} = bytes.fromhex(\"\"\"\n{}\"\"\")", lines.concat()))
    }

    /// Returns the command that runs the program. The quotes around `EOF` keep the shell from changing anything.
    pub(super) fn command(self) -> String {
        format!("python3 - <<'EOF'\n{}EOF", self.0)
    }
}

/// Returns the name of a hash function in `hashlib` and `hmac`.
pub(super) fn hash_name(algorithm: HashAlgorithm) -> &'static str {
    match algorithm {
        HashAlgorithm::Sha256 => "sha256",
        HashAlgorithm::Sha384 => "sha384",
    }
}

/// Returns the name of the variable that has a key.
pub(super) fn variable(key: Key) -> &'static str {
    match key {
        Key::SharedSecret => "shared_secret",
        Key::Psk | Key::TicketPsk(_) => "psk",
        Key::EarlySecret => "early_secret",
        Key::BinderKey => "binder_key",
        Key::BinderFinishedKey | Key::FinishedKey(_) => "finished_key",
        Key::EarlyTraffic => "client_early_traffic_secret",
        Key::HandshakeSecret => "handshake_secret",
        Key::HandshakeTraffic(Side::Client) => "client_handshake_traffic_secret",
        Key::HandshakeTraffic(Side::Server) => "server_handshake_traffic_secret",
        Key::MasterSecret => "master_secret",
        Key::ApplicationTraffic(Side::Client, _) => "client_application_traffic_secret",
        Key::ApplicationTraffic(Side::Server, _) => "server_application_traffic_secret",
        Key::ExporterMaster => "exporter_master_secret",
        Key::ResumptionMaster => "resumption_master_secret",
        Key::Premaster => "pre_master_secret",
        Key::Master => "master_secret",
        Key::KeyBlock => "key_block",
        Key::Record(..) => "write_key",
    }
}
