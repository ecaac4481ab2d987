//! What the tests of both programs have in common: the programs as children, certificates of every kind, and peers
//! that behave as badly as a test wants.
//!
//! ```text
//! binaries       where the programs are, built if they must be
//! program        a child process: its lines, its signals, its exit status
//! echo_server    mio-server on a port of its own, in a folder of its own
//! certificates   made on the spot, good and bad ones
//! peer           a blocking rustls client or server on a std socket
//! end            how the other end ended
//! raw            sockets beneath TLS: resets, alerts as bytes
//! hello          a ClientHello taken apart and put together again
//! forge          records that rustls would never write, sealed with its keys
//! test_server    a listener that does what the test says
//! secrets        what must never be said aloud
//! damage         PEM files that were damaged on their way
//! soak           long runs, in which nothing may grow
//! difference     long lists compared: the first difference is shown, not the lists
//! table          tables of cases, checked several at a time
//! usage          the memory and the descriptors of a process
//! cpu, figures   for the benchmarks: cores, the time and memory of a process; medians and ratios
//! interop        programs of other makers, and the table of README.md
//! ```
//!
//! A test never sleeps to let something happen. It waits for the event itself (a line, bytes, an end of file), and
//! [`LIMIT`] only turns a wait that would last for ever into a failure.
//!
//! Everything here panics when it fails: that is how a test reports.

pub mod binaries;
pub mod certificates;
pub mod configs;
pub mod cpu;
pub mod damage;
pub mod difference;
pub mod echo_server;
pub mod end;
pub mod figures;
pub mod folder;
pub mod forge;
pub mod hello;
pub mod interop;
pub mod peer;
pub mod program;
pub mod raw;
pub mod secrets;
pub mod soak;
pub mod table;
pub mod terminal;
pub mod test_server;
pub mod usage;

use std::time::Duration;

/// How long to wait for what must happen: far longer than it takes on the slowest machine.
pub const LIMIT: Duration = Duration::from_secs(60);
