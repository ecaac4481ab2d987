//! Support for tests with real programs: the programs as children, certificates of every kind, and peers that can
//! misbehave.
//!
//! ```text
//! binaries       the paths of the programs, which are built if necessary
//! program        a child process: its lines, its signals, its exit status
//! folder         a temporary folder
//! echo_server    mio-server as a child, in a folder of its own
//! test_server    a TLS server that the test controls
//! full_listener  a listener with a full backlog
//! peer           a blocking client or server that may misbehave, and whose steps must succeed
//! terminal       a pseudoterminal
//! texts          the help, the version, the lists and the completions of a program
//! certificates   valid and invalid certificates, made for each test
//! configs        configurations of a client and a server that fit together
//! conversation   sessions of rustls in memory, with all their bytes
//! secrets        secrets that no output may contain
//! damage         damaged PEM files
//! table          checks tables of cases, several at the same time
//! usage          the memory and the descriptors of a process
//! cpu, figures   for the benchmarks: cores, CPU time and memory; medians and ratios
//! interop        other TLS programs, and the table in README.md
//! ```
//!
//! A test never sleeps to let something happen. It waits for the event (a line, bytes, an end of file). [`LIMIT`]
//! turns an endless wait into a failure.
//!
//! All functions panic on failure, except those that return a `Result`. The peers, the forged records and hellos are
//! those of the crate `check`, which judges other people's programs with them.

pub mod binaries;
pub mod certificates;
pub mod configs;
pub mod conversation;
pub mod cpu;
pub mod damage;
pub mod echo_server;
pub mod figures;
pub mod folder;
pub mod full_listener;
pub mod interop;
pub mod peer;
pub mod program;
pub mod secrets;
pub mod table;
pub mod terminal;
pub mod test_server;
pub mod texts;
pub mod usage;

use std::time::Duration;

/// The longest wait for an event that must happen: much longer than it takes on the slowest machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Returns the bytes of a text in hexadecimal, with or without spaces.
pub fn from_hex(hex: &str) -> Vec<u8> {
    let digit = |digit: char| digit.to_digit(16).unwrap_or_else(|| panic!("{digit:?} in {hex:?}"));
    let digits: Vec<u32> = hex.chars().filter(|c| *c != ' ').map(digit).collect();
    assert!(digits.len().is_multiple_of(2), "half a byte in {hex:?}");
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}
