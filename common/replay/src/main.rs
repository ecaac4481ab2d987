//! `mio-show`: shows the TLS sessions of a packet capture.

use std::process::ExitCode;

fn main() -> ExitCode {
    replay::cli::run()
}
